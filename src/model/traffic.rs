//! When a producer comes up with its records.
//!
//! A rate over time is a sequence of segments of constant rate; a daily wave is cut into steps of
//! ten seconds. Within a segment records are paced or a Poisson process. A Poisson process of
//! changing rate is a unit-rate process seen through the inverse of its cumulative rate, so a
//! segment border costs nothing and loses nothing (Cinlar 1975).

use rand_distr::{Distribution, Exp1};

use crate::random::Generator;
use crate::scenario::{Arrivals, Traffic};
use crate::time::Span;

/// Poisson times are added up in 1/256 ns, so that rounding shifts no mean.
const SUBDIVISION: f64 = 256.0;
const SUBDIVISION_BITS: u32 = 8;
/// Length of the steps that a daily wave is cut into.
const WAVE_STEP: u64 = 10_000_000_000;
const DAY: u64 = 86_400_000_000_000;

/// A stretch of constant rate.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    /// End in nanoseconds, not included.
    end: u64,
    /// Records a nanosecond.
    rate: f64,
}

/// Above it, an `f64` has no fractional part.
const MANTISSA: f64 = (1u64 << 52) as f64;

/// `value`, which is not negative, rounded to a whole number; nonsense from 2^52 on. Adding 2^52
/// leaves the whole number in the mantissa, which is much quicker than a checked conversion.
#[inline(always)]
fn whole(value: f64) -> u64 {
    (value + MANTISSA).to_bits() & ((1 << 52) - 1)
}

/// The rate of a producer over time.
#[derive(Clone, Debug)]
pub struct RateProfile {
    shape: Shape,
    /// End of the run in nanoseconds.
    horizon: u64,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Segments up to the horizon.
    Segments(Vec<Segment>),
    /// Rates of the steps of one day, which repeats.
    Daily(Vec<f64>),
}

impl RateProfile {
    /// The profile that `traffic` describes, up to `duration`.
    #[must_use]
    pub fn new(traffic: &Traffic, duration: Span) -> Self {
        let horizon = duration.nanoseconds();
        let shape = match traffic {
            Traffic::Constant(rate) => {
                Shape::Segments(vec![Segment { end: horizon, rate: per_nanosecond(*rate) }])
            }
            Traffic::Steps(steps) => Shape::Segments(
                steps
                    .iter()
                    .enumerate()
                    .map(|(index, (_, rate))| Segment {
                        end: steps.get(index + 1).map_or(horizon, |(at, _)| at.nanoseconds()),
                        rate: per_nanosecond(*rate),
                    })
                    .collect(),
            ),
            Traffic::Diurnal { mean, peak_to_mean, peak_at } => {
                let wave = daily_wave(*peak_to_mean, *peak_at);
                let mean = per_nanosecond(*mean);
                Shape::Daily(wave.into_iter().map(|relative| relative * mean).collect())
            }
        };
        Self { shape, horizon }
    }

    fn segment(&self, index: usize) -> Option<Segment> {
        let segment = match &self.shape {
            Shape::Segments(segments) => segments.get(index).copied()?,
            Shape::Daily(rates) => Segment {
                end: (index as u64 + 1).saturating_mul(WAVE_STEP),
                rate: rates[index % rates.len()],
            },
        };
        let start = self.start(index);
        (start < self.horizon)
            .then_some(Segment { end: segment.end.min(self.horizon), rate: segment.rate })
    }

    fn start(&self, index: usize) -> u64 {
        match &self.shape {
            Shape::Segments(_) if index == 0 => 0,
            Shape::Segments(segments) => segments[index - 1].end,
            Shape::Daily(_) => (index as u64).saturating_mul(WAVE_STEP),
        }
    }

    /// Records to expect up to the horizon.
    #[must_use]
    pub fn expected_records(&self) -> f64 {
        (0..)
            .map_while(|index| self.segment(index).map(|segment| (self.start(index), segment)))
            .map(|(start, segment)| (segment.end - start) as f64 * segment.rate)
            .sum()
    }
}

impl RateProfile {
    /// Records to expect between each two neighbours of `bounds`, which ascend, in nanoseconds.
    #[must_use]
    pub fn expected_between(&self, bounds: &[u64]) -> Vec<f64> {
        let mut expected = vec![0.0; bounds.len().saturating_sub(1)];
        let mut first = 0;
        for index in 0.. {
            let Some(segment) = self.segment(index) else { break };
            let start = self.start(index);
            while first < expected.len() && bounds[first + 1] <= start {
                first += 1;
            }
            for bin in first..expected.len() {
                if bounds[bin] >= segment.end {
                    break;
                }
                let span = segment.end.min(bounds[bin + 1]) - start.max(bounds[bin]);
                expected[bin] += span as f64 * segment.rate;
            }
        }
        expected
    }
}

fn per_nanosecond(rate: crate::units::RecordRate) -> f64 {
    rate.0.amount() as f64 / rate.0.per_nanoseconds() as f64
}

/// A day in steps, relative to its mean: `exp(k cos(t - peak))`, with k such that the highest step
/// over the mean is `peak_to_mean`. Always positive, whatever the peak.
fn daily_wave(peak_to_mean: f64, peak_at: Span) -> Vec<f64> {
    let steps = (DAY / WAVE_STEP) as usize;
    let cosines: Vec<f64> = (0..steps)
        .map(|step| {
            let middle = step as f64 * WAVE_STEP as f64 + WAVE_STEP as f64 / 2.0;
            let angle = (middle - peak_at.nanoseconds() as f64) / DAY as f64;
            libm::cos(angle * std::f64::consts::TAU)
        })
        .collect();
    let highest = cosines.iter().copied().fold(f64::MIN, f64::max);
    // Relative to the highest step, so that no power overflows.
    let relative = |k: f64| cosines.iter().map(move |cosine| libm::exp(k * (cosine - highest)));
    let ratio = |k: f64| steps as f64 / relative(k).sum::<f64>();
    let (mut low, mut high) = (0.0, 1.0);
    while ratio(high) < peak_to_mean && high < 1e6 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if ratio(middle) < peak_to_mean {
            low = middle;
        } else {
            high = middle;
        }
    }
    let peak = ratio(high);
    relative(high).map(|value| value * peak).collect()
}

/// Draws the times of a producer's records, in order.
#[derive(Clone, Debug)]
pub struct ArrivalClock {
    profile: RateProfile,
    arrivals: Arrivals,
    /// Index of the segment that `now` lies in.
    index: usize,
    segment: Option<Segment>,
    /// Poisson: the last time drawn, in 1/256 ns.
    now: u64,
    /// Paced: records before the start of the segment, as a real number.
    before: f64,
    /// Paced: records so far.
    count: u64,
}

impl ArrivalClock {
    /// A clock at the start of `profile`.
    #[must_use]
    pub fn new(profile: RateProfile, arrivals: Arrivals) -> Self {
        let segment = profile.segment(0);
        Self { profile, arrivals, index: 0, segment, now: 0, before: 0.0, count: 0 }
    }

    /// Fills `times` with the next arrivals in nanoseconds; `u64::MAX` after the last one.
    pub fn fill(&mut self, generator: &mut Generator, times: &mut [u64]) {
        match self.arrivals {
            Arrivals::Poisson => self.poisson(generator, times),
            Arrivals::Paced => times.iter_mut().for_each(|time| *time = self.paced()),
        }
    }

    fn poisson(&mut self, generator: &mut Generator, times: &mut [u64]) {
        let mut filled = 0;
        while let Some(segment) = self.segment {
            let end = segment.end << SUBDIVISION_BITS;
            let gap = SUBDIVISION / segment.rate;
            // Copies stay in registers.
            let (mut draws, mut now) = (generator.clone(), self.now);
            let mut beyond = None;
            for time in &mut times[filled..] {
                let unit: f64 = Exp1.sample(&mut draws);
                let step = unit * gap;
                let next = now + whole(step);
                if step >= MANTISSA || next >= end {
                    beyond = Some(unit);
                    break;
                }
                now = next;
                *time = now >> SUBDIVISION_BITS;
                filled += 1;
            }
            (*generator, self.now) = (draws, now);
            match beyond {
                Some(unit) => filled += self.cross(unit, &mut times[filled..]),
                None => return,
            }
        }
        times[filled..].fill(u64::MAX);
    }

    /// Draws the first arrival after the end of the segment, `unit` of the unit-rate process away
    /// from now; gives how many arrivals that were.
    #[cold]
    fn cross(&mut self, mut unit: f64, times: &mut [u64]) -> usize {
        while let Some(segment) = self.segment {
            let room = ((segment.end << SUBDIVISION_BITS) - self.now) as f64;
            let step = unit * (SUBDIVISION / segment.rate);
            if step < room {
                self.now += step as u64;
                times[0] = self.now >> SUBDIVISION_BITS;
                return 1;
            }
            unit -= room / SUBDIVISION * segment.rate;
            self.now = segment.end << SUBDIVISION_BITS;
            self.next_segment();
        }
        0
    }

    /// The n-th record (from zero) comes when the cumulative rate reaches n + 1/2.
    fn paced(&mut self) -> u64 {
        while let Some(segment) = self.segment {
            let start = self.profile.start(self.index);
            let offset = (self.count as f64 + 0.5 - self.before) / segment.rate;
            if offset < (segment.end - start) as f64 {
                self.count += 1;
                return start + offset as u64;
            }
            self.before += (segment.end - start) as f64 * segment.rate;
            self.next_segment();
        }
        u64::MAX
    }

    fn next_segment(&mut self) {
        self.index += 1;
        self.segment = self.profile.segment(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};
    use crate::time::Instant;
    use crate::units::{Rate, RecordRate};

    fn rate(per_second: u64) -> RecordRate {
        RecordRate(Rate::per_second(per_second))
    }

    fn times(traffic: &Traffic, seconds: u64, arrivals: Arrivals) -> Vec<u64> {
        let profile = RateProfile::new(traffic, Span::from_seconds(seconds));
        let mut clock = ArrivalClock::new(profile, arrivals);
        let mut generator = Randomness::new(1, 0).stream("test", Purpose::ArrivalTime);
        let mut all = Vec::new();
        loop {
            let mut block = [0; 64];
            clock.fill(&mut generator, &mut block);
            all.extend(block.into_iter().filter(|time| *time != u64::MAX));
            if block[63] == u64::MAX {
                return all;
            }
        }
    }

    #[test]
    fn paced_arrivals_are_exact_and_even() {
        let times = times(&Traffic::Constant(rate(1_000)), 60, Arrivals::Paced);
        assert_eq!(times.len(), 60_000);
        assert_eq!((times[0], times[1]), (500_000, 1_500_000));
        let gap = |pair: &[u64]| pair[1] - pair[0];
        assert!(times.windows(2).all(|pair| gap(pair).abs_diff(1_000_000) <= 1));
    }

    #[test]
    fn steps_change_the_rate_where_they_say() {
        let steps = Traffic::Steps(vec![
            (Instant::START, rate(100)),
            (Instant::from_nanoseconds(10_000_000_000), rate(0)),
            (Instant::from_nanoseconds(20_000_000_000), rate(1_000)),
        ]);
        let times = times(&steps, 30, Arrivals::Paced);
        let in_second = |from: u64, to: u64| {
            times.iter().filter(|time| (from..to).contains(&(**time / 1_000_000_000))).count()
        };
        assert_eq!((in_second(0, 10), in_second(10, 20), in_second(20, 30)), (1_000, 0, 10_000));
    }

    /// count ~ Poisson(rate * time): mean and variance agree within five standard deviations.
    #[test]
    fn poisson_counts_have_the_mean_and_the_variance_of_theory() {
        let times = times(&Traffic::Constant(rate(200)), 1_000, Arrivals::Poisson);
        let mut counts = vec![0.0; 1_000];
        for time in &times {
            counts[(time / 1_000_000_000) as usize] += 1.0;
        }
        let mean = counts.iter().sum::<f64>() / 1_000.0;
        let variance =
            counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 999.0;
        assert!((mean - 200.0).abs() < 5.0 * (200.0f64 / 1_000.0).sqrt(), "{mean}");
        assert!((variance / 200.0 - 1.0).abs() < 5.0 * (2.0f64 / 1_000.0).sqrt(), "{variance}");
    }

    #[test]
    fn a_daily_wave_has_its_mean_and_its_peak() {
        for peak_to_mean in [1.0, 1.5, 2.2, 8.0] {
            let wave = daily_wave(peak_to_mean, Span::from_seconds(20 * 3_600));
            let mean = wave.iter().sum::<f64>() / wave.len() as f64;
            let (step, peak) = wave
                .iter()
                .copied()
                .enumerate()
                .fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best });
            assert!((mean - 1.0).abs() < 1e-9, "{mean}");
            assert!((peak - peak_to_mean).abs() < 1e-6, "{peak}");
            assert!(wave.iter().all(|value| *value > 0.0));
            if peak_to_mean > 1.0 {
                assert_eq!(step as u64 * 10 / 3_600, 19, "the last step before 20 h");
            }
        }
    }

    #[test]
    fn expected_records_are_the_integral_of_the_rate() {
        let profile = |traffic: &Traffic| RateProfile::new(traffic, Span::from_seconds(172_800));
        let constant = profile(&Traffic::Constant(rate(3))).expected_records();
        assert!((constant - 518_400.0).abs() < 1e-3);
        let wave = Traffic::Diurnal { mean: rate(10), peak_to_mean: 3.0, peak_at: Span::ZERO };
        assert!((profile(&wave).expected_records() / 1_728_000.0 - 1.0).abs() < 1e-9);
    }
}
