//! When a producer comes up with its records.
//!
//! `profile` turns a traffic into segments of constant rate, of which a day has the shape that
//! `wave` gives; `bursts` cuts them where a burst begins or ends. Within a segment records are
//! paced or a Poisson process. A Poisson process of changing rate is a unit-rate process seen
//! through the inverse of its cumulative rate, so a segment border costs nothing and loses nothing
//! (Cinlar 1975).

mod bursts;
mod profile;
mod wave;

use rand_distr::{Distribution, Exp1};

use crate::random::Generator;
use crate::scenario::Arrivals;
use bursts::BurstSwitch;
pub use profile::RateProfile;
use profile::Segment;

/// Poisson times are added up in 1/256 ns, so that rounding shifts no mean.
const SUBDIVISION: f64 = 256.0;
const SUBDIVISION_BITS: u32 = 8;

/// Above it, an `f64` has no fractional part.
const MANTISSA: f64 = (1u64 << 52) as f64;
/// Draws of a Poisson process that are added up at a time.
const STEP: usize = 64;
/// Below it, no mean gap in 1/256 ns makes [`STEP`] gaps that do not fit: a draw of the unit-rate
/// process is the logarithm of an `f64`, and never a thousand.
const GAP_MAX: f64 = MANTISSA / 1_000.0;

/// `value`, which is not negative, rounded to a whole number; nonsense from 2^52 on. Adding 2^52
/// leaves the whole number in the mantissa, which is much quicker than a checked conversion.
#[inline(always)]
fn whole(value: f64) -> u64 {
    (value + MANTISSA).to_bits() & ((1 << 52) - 1)
}

/// Draws from the unit-rate process.
#[inline(never)]
fn draw_units(generator: &mut Generator, units: &mut [f64]) {
    // A copy stays in registers.
    let mut draws = generator.clone();
    for unit in units {
        *unit = Exp1.sample(&mut draws);
    }
    *generator = draws;
}

/// Draws the times of a producer's records, in order.
#[derive(Clone, Debug)]
pub struct ArrivalClock {
    profile: RateProfile,
    is_paced: bool,
    bursts: Option<BurstSwitch>,
    /// The segment that `now` lies in; nothing after the last one.
    segment: Option<Segment>,
    /// Poisson: the last time drawn, in 1/256 ns.
    now: u64,
    /// Paced: records before the start of the segment, as a real number.
    before: f64,
    /// Paced: records so far.
    count: u64,
}

impl ArrivalClock {
    /// A clock at the start of `profile`; `burst_draws` say when bursts begin and end, if there
    /// are any.
    #[must_use]
    pub fn new(profile: RateProfile, arrivals: Arrivals, burst_draws: Generator) -> Self {
        let bursts = match arrivals {
            Arrivals::Bursty(bursts) => Some(BurstSwitch::new(&bursts, burst_draws)),
            Arrivals::Paced | Arrivals::Poisson | Arrivals::Recorded => None,
        };
        let is_paced = arrivals == Arrivals::Paced;
        let mut clock =
            Self { profile, is_paced, bursts, segment: None, now: 0, before: 0.0, count: 0 };
        clock.segment = clock.segment_from(0);
        clock
    }

    /// Fills `times` with the next arrivals in nanoseconds; `u64::MAX` after the last one.
    pub fn fill(&mut self, generator: &mut Generator, times: &mut [u64]) {
        if self.is_paced {
            times.iter_mut().for_each(|time| *time = self.paced());
        } else {
            self.poisson(generator, times);
        }
    }

    fn poisson(&mut self, generator: &mut Generator, times: &mut [u64]) {
        // Every record takes one draw, so the draws can be made apart from the sums.
        for times in times.chunks_mut(STEP) {
            let mut units = [0.0; STEP];
            let units = &mut units[..times.len()];
            draw_units(generator, units);
            if !self.add_up_within_segment(units, times) {
                self.add_up(units, times);
            }
        }
    }

    /// Turns draws of the unit-rate process into times, if all of them plainly lie within the
    /// segment; else nothing happens.
    #[inline]
    fn add_up_within_segment(&mut self, units: &[f64], times: &mut [u64]) -> bool {
        let Some(segment) = self.segment else { return false };
        let gap = SUBDIVISION / segment.rate;
        if gap >= GAP_MAX {
            return false;
        }
        let mut now = self.now;
        for (time, unit) in times.iter_mut().zip(units) {
            now += whole(unit * gap);
            *time = now >> SUBDIVISION_BITS;
        }
        let lies_within = now < segment.end << SUBDIVISION_BITS;
        if lies_within {
            self.now = now;
        }
        lies_within
    }

    /// Turns draws of the unit-rate process into times.
    fn add_up(&mut self, units: &[f64], times: &mut [u64]) {
        let mut filled = 0;
        while let (Some(segment), Some(unit)) = (self.segment, units.get(filled)) {
            let end = segment.end << SUBDIVISION_BITS;
            let step = unit * (SUBDIVISION / segment.rate);
            let next = self.now + whole(step);
            if step >= MANTISSA || next >= end {
                filled += self.cross(*unit, &mut times[filled..]);
            } else {
                self.now = next;
                times[filled] = next >> SUBDIVISION_BITS;
                filled += 1;
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
            let length = (segment.end - segment.start) as f64;
            let offset = (self.count as f64 + 0.5 - self.before) / segment.rate;
            if offset < length {
                self.count += 1;
                return segment.start + offset as u64;
            }
            self.before += length * segment.rate;
            self.next_segment();
        }
        u64::MAX
    }

    fn next_segment(&mut self) {
        self.segment = self.segment.and_then(|segment| self.segment_from(segment.end));
    }

    /// The segment that starts at `start`, in the burst or quiet that holds then.
    fn segment_from(&mut self, start: u64) -> Option<Segment> {
        let Some(bursts) = &mut self.bursts else {
            return self.profile.segment(start, u64::MAX);
        };
        let (factor, until) = bursts.at(start);
        let segment = self.profile.segment(start, until)?;
        Some(Segment { rate: segment.rate * factor, ..segment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};
    use crate::scenario::Traffic;
    use crate::time::{Instant, Span};
    use crate::units::{Rate, RecordRate};

    fn rate(per_second: u64) -> RecordRate {
        RecordRate(Rate::per_second(per_second))
    }

    fn times(traffic: &Traffic, seconds: u64, arrivals: Arrivals) -> Vec<u64> {
        let profile = RateProfile::new(traffic, Span::from_seconds(seconds));
        let stream = |purpose| Randomness::new(1, 0).stream("test", purpose);
        let mut clock = ArrivalClock::new(profile, arrivals, stream(Purpose::Burst));
        let mut generator = stream(Purpose::ArrivalTime);
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
}
