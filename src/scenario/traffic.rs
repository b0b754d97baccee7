//! How many records a producer generates over time, and how they are spaced.
//!
//! Every kind is a rate over time; `model::traffic` turns it into instants.

use std::sync::Arc;

use super::trace::Trace;
use crate::time::{Instant, MONTH, Span};
use crate::units::{Ratio, RecordRate};

/// How the rate of a producer develops. Instants count from the start of the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Traffic {
    /// The same rate throughout.
    Constant(RecordRate),
    /// Piecewise constant; ascending instants, the first one zero.
    Steps(Vec<(Instant, RecordRate)>),
    /// A straight line from one rate to another, constant before and after.
    Ramp {
        /// Rate up to `start`.
        from: RecordRate,
        /// Rate from `end` on.
        to: RecordRate,
        /// Where the line begins.
        start: Instant,
        /// Where it ends; later than `start`.
        end: Instant,
    },
    /// A base rate with one peak.
    Spike(Spike),
    /// A daily wave whose logarithm is a cosine: always positive, with the given mean and peak.
    Diurnal {
        /// Mean over a day.
        mean: RecordRate,
        /// Highest rate over the mean; at least one.
        peak_to_mean: f64,
        /// From the start of the run to the first peak; less than a day.
        peak_at: Span,
    },
    /// A daily wave whose mean differs from day to day and repeats every seven days.
    Weekly {
        /// Mean over a week.
        mean: RecordRate,
        /// Highest rate of a day over the mean of that day; at least one.
        peak_to_mean: f64,
        /// Time of day of the peak.
        peak_at: Span,
        /// Mean of a day over the mean of the week, monday first; none is negative and their mean
        /// is one.
        days: [f64; 7],
        /// From monday, midnight, to the start of the run; less than a week.
        starts_at: Span,
    },
    /// Another traffic that grows by a share every month, compounding all the time.
    Growth {
        /// Growth in 730 hours.
        per_month: Ratio,
        /// What grows; at the start of the run it is as written.
        of: Box<Traffic>,
    },
    /// Several traffics at once.
    Sum(Vec<Traffic>),
    /// Recorded traffic, which no other traffic is put together from.
    Trace(Arc<Trace>),
}

/// A base rate with one peak: up along a straight line, along the top, and down again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// Rate before and after.
    pub base: RecordRate,
    /// Rate at the top; not below the base.
    pub peak: RecordRate,
    /// Where the rate leaves the base.
    pub at: Instant,
    /// From the base to the peak.
    pub rise: Span,
    /// At the peak.
    pub lasts: Span,
    /// From the peak to the base.
    pub fall: Span,
}

impl Traffic {
    /// A bound that the rate never exceeds up to `duration`, in records a second (of a trace, its
    /// busiest second, or longer stretch in a long run); zero only when there is never a record.
    #[must_use]
    pub fn highest_per_second(&self, duration: Span) -> f64 {
        let per_second = |rate: &RecordRate| rate.0.as_per_second();
        match self {
            Self::Constant(rate) => per_second(rate),
            Self::Steps(steps) => steps.iter().map(|step| per_second(&step.1)).fold(0.0, f64::max),
            Self::Ramp { from, to, .. } => per_second(from).max(per_second(to)),
            Self::Spike(spike) => per_second(&spike.base).max(per_second(&spike.peak)),
            Self::Diurnal { mean, peak_to_mean, .. } => per_second(mean) * peak_to_mean,
            Self::Weekly { mean, peak_to_mean, days, .. } => {
                per_second(mean) * peak_to_mean * days.iter().copied().fold(0.0, f64::max)
            }
            Self::Growth { per_month, of } => {
                let months = duration.as_seconds() / MONTH.as_seconds();
                of.highest_per_second(duration) * libm::pow(1.0 + per_month.0, months)
            }
            Self::Sum(parts) => parts.iter().map(|part| part.highest_per_second(duration)).sum(),
            Self::Trace(trace) => trace.highest_per_second(),
        }
    }

    /// Whether the rate is the same throughout.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Sum(parts) => parts.iter().all(Self::is_constant),
            _ => false,
        }
    }

    /// The trace, where that is what it is.
    #[must_use]
    pub fn trace(&self) -> Option<&Trace> {
        match self {
            Self::Trace(trace) => Some(trace),
            _ => None,
        }
    }

    /// The number of traffics that this one is put together from.
    #[must_use]
    pub fn parts(&self) -> usize {
        match self {
            Self::Growth { of, .. } => of.parts(),
            Self::Sum(parts) => parts.iter().map(Self::parts).sum(),
            _ => 1,
        }
    }
}

/// How records of a given rate are spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// Even distances.
    Paced,
    /// A Poisson process.
    Poisson,
    /// A Poisson process whose rate alternates between bursts and quiet.
    Bursty(Bursts),
    /// As they were recorded.
    Recorded,
}

/// Bursts of exponentially distributed length, and exponentially distributed quiet between them.
///
/// The rate that the traffic gives is the mean of both, so it is `quiet_factor` times that rate
/// outside of bursts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// Rate in a burst over the rate of the traffic; more than one.
    pub factor: f64,
    /// Mean length of a burst; more than zero.
    pub mean_length: Span,
    /// Share of time that lies in bursts: above zero, and at most `1 / factor`.
    pub share_of_time: Ratio,
}

impl Bursts {
    /// Rate between bursts over the rate of the traffic: what keeps the mean.
    #[must_use]
    pub fn quiet_factor(&self) -> f64 {
        let share = self.share_of_time.0;
        ((1.0 - self.factor * share) / (1.0 - share)).max(0.0)
    }

    /// Mean time from the end of a burst to the start of the next one, in nanoseconds.
    #[must_use]
    pub fn mean_quiet_nanoseconds(&self) -> f64 {
        let share = self.share_of_time.0;
        self.mean_length.nanoseconds() as f64 * (1.0 - share) / share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Rate;

    fn constant(per_second: u64) -> Traffic {
        Traffic::Constant(RecordRate(Rate::per_second(per_second)))
    }

    #[test]
    fn growth_compounds_to_the_end_of_the_run() {
        let growth = Traffic::Growth { per_month: Ratio(0.1), of: Box::new(constant(100)) };
        let two_months = Span::from_seconds(2 * 730 * 3_600);
        assert!((growth.highest_per_second(two_months) - 121.0).abs() < 1e-9);
        let sum = Traffic::Sum(vec![growth, constant(1), constant(0)]);
        assert!((sum.highest_per_second(two_months) - 122.0).abs() < 1e-9);
        assert_eq!(sum.parts(), 3);
    }

    /// share * factor + (1 - share) * quiet_factor = 1, and bursts take `share` of a cycle.
    #[test]
    fn bursts_keep_the_mean() {
        for (factor, share) in [(5.0, 0.1), (5.0, 0.2), (1.5, 0.5), (100.0, 0.001)] {
            let mean_length = Span::from_seconds(2);
            let bursts = Bursts { factor, mean_length, share_of_time: Ratio(share) };
            let mean = share * factor + (1.0 - share) * bursts.quiet_factor();
            assert!((mean - 1.0).abs() < 1e-12, "{mean}");
            let length = mean_length.nanoseconds() as f64;
            let cycle = length + bursts.mean_quiet_nanoseconds();
            assert!((length / cycle - share).abs() < 1e-12);
        }
    }
}
