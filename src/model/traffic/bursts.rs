//! When bursts begin and end: the switch of a two-state Markov-modulated Poisson process.
//!
//! Bursts and the quiet between them have exponentially distributed lengths, drawn from a stream of
//! their own, so the switch depends on nothing but the seed. It starts in the stationary
//! distribution: in a burst with the share of time that bursts take, and because the exponential
//! distribution has no memory, what is left of the first stretch is as long as any other.
//! Source: W. Fischer, K. Meier-Hellstern, "The Markov-modulated Poisson process (MMPP) cookbook",
//! Performance Evaluation 18, 1993.

use rand::Rng;
use rand_distr::{Distribution, Exp1};

use crate::random::Generator;
use crate::scenario::Bursts;

/// One of the two states.
#[derive(Clone, Copy, Debug)]
struct State {
    /// Rate over the rate of the traffic.
    factor: f64,
    /// Nanoseconds.
    mean_length: f64,
}

/// Bursts and quiet, one after the other.
#[derive(Clone, Debug)]
pub(super) struct BurstSwitch {
    draws: Generator,
    now: State,
    next: State,
    /// End of the present state in nanoseconds.
    until: u64,
}

impl BurstSwitch {
    /// A switch at the start of a run.
    pub(super) fn new(bursts: &Bursts, mut draws: Generator) -> Self {
        let mean_length = bursts.mean_length.nanoseconds() as f64;
        let burst = State { factor: bursts.factor, mean_length };
        let quiet =
            State { factor: bursts.quiet_factor(), mean_length: bursts.mean_quiet_nanoseconds() };
        let unit = (draws.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let in_burst = unit < bursts.share_of_time.0;
        let (now, next) = if in_burst { (burst, quiet) } else { (quiet, burst) };
        let until = length(&mut draws, now);
        Self { draws, now, next, until }
    }

    /// The factor at `instant`, which must not be earlier than in the last call, and until when it
    /// holds.
    pub(super) fn at(&mut self, instant: u64) -> (f64, u64) {
        while self.until <= instant {
            std::mem::swap(&mut self.now, &mut self.next);
            self.until = self.until.saturating_add(length(&mut self.draws, self.now));
        }
        (self.now.factor, self.until)
    }
}

/// How long a state lasts, in nanoseconds.
fn length(draws: &mut Generator, state: State) -> u64 {
    let unit: f64 = Exp1.sample(draws);
    (unit * state.mean_length) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::traffic::{ArrivalClock, RateProfile};
    use crate::random::{Purpose, Randomness};
    use crate::scenario::{Arrivals, Traffic};
    use crate::time::Span;
    use crate::units::{Rate, Ratio, RecordRate};

    /// Independent stretches, and seconds in each.
    const BATCHES: u32 = 20;
    const SECONDS: usize = 10_000;

    fn bursts(factor: f64, share: f64) -> Bursts {
        let mean_length = Span::from_seconds(2);
        Bursts { factor, mean_length, share_of_time: Ratio(share) }
    }

    /// Records in each second of a batch.
    fn counts(arrivals: Arrivals, per_second: u64, component: &str, batch: u32) -> Vec<f64> {
        let traffic = Traffic::Constant(RecordRate(Rate::per_second(per_second)));
        let profile = RateProfile::new(&traffic, Span::from_seconds(SECONDS as u64));
        let stream = |purpose| Randomness::new(1, batch).stream(component, purpose);
        let mut clock = ArrivalClock::new(profile, arrivals, stream(Purpose::Burst));
        let mut generator = stream(Purpose::ArrivalTime);
        let mut counts = vec![0.0; SECONDS];
        let mut block = [0; 1_024];
        while block[1_023] != u64::MAX {
            clock.fill(&mut generator, &mut block);
            for time in block.iter().filter(|time| **time != u64::MAX) {
                counts[(time / 1_000_000_000) as usize] += 1.0;
            }
        }
        counts
    }

    /// Mean and standard error of what `figure` gives for each batch.
    fn estimate(figure: impl Fn(u32) -> f64) -> (f64, f64) {
        let figures: Vec<f64> = (0..BATCHES).map(figure).collect();
        let count = f64::from(BATCHES);
        let mean = figures.iter().sum::<f64>() / count;
        let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
        (mean, (squares / (count - 1.0) / count).sqrt())
    }

    fn check(what: &str, (mean, error): (f64, f64), expected: f64, precision: f64) {
        assert!(error < precision * expected, "{what}: an error of {error} tells nothing");
        assert!((mean - expected).abs() < 5.0 * error, "{what}: {mean} +- {error} {expected}");
    }

    /// Variance over mean of the records in `seconds`, about the mean of theory.
    fn dispersion(counts: &[f64], per_second: f64, seconds: usize) -> f64 {
        let mean = per_second * seconds as f64;
        let windows = counts.chunks_exact(seconds);
        let length = windows.len() as f64;
        let squares = windows.map(|window| (window.iter().sum::<f64>() - mean).powi(2));
        squares.sum::<f64>() / length / mean
    }

    /// The index of dispersion of the counts of an MMPP with two states, after Fischer and
    /// Meier-Hellstern: with rates l1, l2 and switching rates r1 (from 1 to 2), r2, r = r1 + r2
    /// and A = 2 (l1 - l2)^2 r1 r2 / (r^2 (l1 r2 + l2 r1)),
    ///
    /// ```text
    /// I(t) = 1 + A (1 - (1 - e^(-r t)) / (r t)),   I(infinity) = 1 + A.
    /// ```
    fn dispersion_of_theory(bursts: &Bursts, per_second: f64, seconds: f64) -> f64 {
        let (l1, l2) = (per_second * bursts.factor, per_second * bursts.quiet_factor());
        let (r1, r2) =
            (1.0 / bursts.mean_length.as_seconds(), 1e9 / bursts.mean_quiet_nanoseconds());
        let r = r1 + r2;
        let limit = 2.0 * (l1 - l2).powi(2) * r1 * r2 / (r * r * (l1 * r2 + l2 * r1));
        1.0 + limit * (1.0 + (-r * seconds).exp_m1() / (r * seconds))
    }

    #[test]
    fn the_formula_is_that_of_a_poisson_process_where_nothing_differs() {
        let even = bursts(1.0 + 1e-9, 0.1);
        assert!((dispersion_of_theory(&even, 200.0, 1e9) - 1.0).abs() < 1e-9);
        // On and off: A = 2 l1 r1 / (r (r1 + r2)) with l2 = 0, by hand for l1 = 1000, share 0.2.
        let on_off = bursts(5.0, 0.2);
        assert!((dispersion_of_theory(&on_off, 200.0, 1e15) - 2_561.0).abs() < 1e-6);
    }

    #[test]
    fn bursty_counts_have_the_mean_and_the_dispersion_of_theory() {
        for bursts in [bursts(5.0, 0.1), bursts(5.0, 0.2)] {
            let batches: Vec<Vec<f64>> = (0..BATCHES)
                .map(|batch| counts(Arrivals::Bursty(bursts), 200, "web", batch))
                .collect();
            let of = |batch: u32| &batches[batch as usize];
            let mean = estimate(|batch| of(batch).iter().sum::<f64>() / SECONDS as f64);
            check("mean", mean, 200.0, 0.02);
            for seconds in [1, 10, 100] {
                let expected = dispersion_of_theory(&bursts, 200.0, seconds as f64);
                let found = estimate(|batch| dispersion(of(batch), 200.0, seconds));
                check(&format!("dispersion in {seconds} s"), found, expected, 0.06);
            }
            let limit = dispersion_of_theory(&bursts, 200.0, 1e15);
            let found = estimate(|batch| dispersion(of(batch), 200.0, 500));
            check("the limit", found, limit, 0.15);
        }
    }

    /// Half of the records come in bursts when nothing else is asked for.
    #[test]
    fn a_burst_is_as_high_and_as_long_as_it_should_be() {
        let bursts = bursts(5.0, 0.1);
        let draws = Randomness::new(3, 0).stream("web", Purpose::Burst);
        let mut switch = BurstSwitch::new(&bursts, draws);
        let (mut at, mut in_bursts, mut number) = (0, 0.0, 0.0);
        for _ in 0..100_000 {
            let (factor, until) = switch.at(at);
            if factor > 1.0 {
                in_bursts += (until - at) as f64;
                number += 1.0;
            }
            at = until;
        }
        // 50,000 lengths: the mean is within 5 / sqrt(50,000) of theory, the share a little more.
        assert!((in_bursts / number / 2e9 - 1.0).abs() < 0.023, "{in_bursts}");
        assert!((in_bursts / at as f64 / 0.1 - 1.0).abs() < 0.03);
    }

    /// The start is stationary: over many replications the first second is like any other.
    #[test]
    fn a_run_starts_in_a_burst_as_often_as_bursts_take_time() {
        let bursts = bursts(5.0, 0.1);
        let started = (0..20_000)
            .filter(|replication| {
                let draws = Randomness::new(3, *replication).stream("web", Purpose::Burst);
                BurstSwitch::new(&bursts, draws).at(0).0 > 1.0
            })
            .count();
        // Standard deviation 42.
        assert!(started.abs_diff(2_000) < 215, "{started}");
    }

    /// correlation(a, b) = 0 +- 5 / sqrt(n) for n cycles of bursts.
    #[test]
    fn two_producers_burst_on_their_own() {
        let arrivals = Arrivals::Bursty(bursts(5.0, 0.1));
        let one = counts(arrivals, 200, "web", 0);
        let other = counts(arrivals, 200, "app", 0);
        let product = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).map(|(a, b)| (a - 200.0) * (b - 200.0)).sum::<f64>()
        };
        let correlation =
            product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt();
        // Neighbouring seconds are alike over 1.8 s, so 10,000 of them tell as much as 2,700.
        assert!(correlation.abs() < 5.0 / 2_700f64.sqrt(), "{correlation}");
        assert!(product(&one, &one) > 0.0);
    }
}
