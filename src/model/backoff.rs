//! When a producer tries again: exponential back-off with jitter.
//!
//! After the n-th attempt the wait is bounded by `base * factor^(n-1)`, at most `max`; what is
//! drawn below the bound is the jitter. Source of the names: "Exponential Backoff And Jitter",
//! AWS Architecture Blog, 2015.

use crate::random::{IdentityDraws, IndexedDraws};
use crate::scenario::{Client, Jitter, PutCalls};

/// Attempts after which a wait grows no more, whatever its bound.
const DISTINCT_WAITS: usize = 64;

/// The waits of one producer.
#[derive(Clone, Debug)]
pub struct Waits {
    /// Attempts in all.
    attempts: u32,
    /// Whether records are sent in calls of many.
    batched: bool,
    /// Those after the first, second, ... attempt; the last one stays.
    waits: Vec<Wait>,
    draws: IdentityDraws,
    lost: LostAnswers,
}

/// The wait after one attempt.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// The shortest, in nanoseconds, round trip included.
    least: u64,
    /// Width of what is drawn beyond.
    width: u64,
    draws: IndexedDraws,
}

/// Which answers of one producer are lost.
#[derive(Clone, Copy, Debug)]
struct LostAnswers {
    /// Share of the calls, in fractions of 2^64.
    threshold: u64,
    /// Nanoseconds by which the wait for an answer is longer than a round trip.
    longer: u64,
    draws: IdentityDraws,
}

impl Waits {
    /// The waits of `client`, drawn from `draws`; `lost` draws the calls whose answers are lost.
    #[must_use]
    pub fn new(client: &Client, draws: IdentityDraws, lost: IdentityDraws) -> Self {
        let retries = &client.retries;
        let max = retries.backoff.max.nanoseconds();
        let round_trip = client.round_trip.nanoseconds();
        let mut waits = Vec::new();
        let mut next = retries.backoff.base.nanoseconds() as f64;
        while waits.len() < DISTINCT_WAITS {
            let bound = (next as u64).min(max);
            let (least, width) = match retries.backoff.jitter {
                Jitter::Full => (round_trip, bound),
                Jitter::Equal => (round_trip + bound / 2, bound - bound / 2),
                Jitter::None => (round_trip + bound, 0),
            };
            waits.push(Wait { least, width, draws: draws.of_index(waits.len() as u64 + 1) });
            next *= retries.backoff.factor;
        }
        Self {
            attempts: retries.attempts,
            batched: client.calls != PutCalls::PutRecord,
            waits,
            draws,
            lost: LostAnswers {
                threshold: (client.timeouts.share * 2f64.powi(64)) as u64,
                longer: client.timeouts.after.nanoseconds().saturating_sub(round_trip),
                draws: lost,
            },
        }
    }

    /// Whether any answer is lost.
    #[must_use]
    #[inline(always)]
    pub const fn loses_answers(&self) -> bool {
        self.lost.threshold > 0
    }

    /// Whether the answer to the `attempt`-th attempt of `call` is lost.
    #[must_use]
    #[inline(always)]
    pub const fn is_lost(&self, call: u64, attempt: u32) -> bool {
        self.loses_answers() && self.lost.draws.bits(call, attempt as u64) < self.lost.threshold
    }

    /// Whether records are sent in calls of many, which are retried together.
    #[must_use]
    #[inline]
    pub const fn batched(&self) -> bool {
        self.batched
    }

    /// Attempts in all, the first one included.
    #[must_use]
    #[inline]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Longest time in nanoseconds between two attempts.
    #[must_use]
    pub fn longest(&self) -> u64 {
        let longer = if self.loses_answers() { self.lost.longer } else { 0 };
        self.waits.iter().map(|wait| wait.least + wait.width).max().unwrap_or(0) + longer
    }

    /// A whole number below `bound` for the `number`-th draw of another back-off of this producer.
    #[must_use]
    pub fn draw(&self, number: u64, bound: u64) -> u64 {
        self.draws.below(number, 0, bound)
    }

    /// Nanoseconds from the `attempt`-th attempt of `call` (from one) to the next: the way of the
    /// answer, or the time after which none is awaited, the back-off and the way of the new call.
    #[must_use]
    #[inline]
    pub fn after(&self, call: u64, attempt: u32) -> u64 {
        let Some(wait) = self.waits.get(attempt as usize - 1) else {
            return self.after_many(call, attempt);
        };
        let longer = if self.is_lost(call, attempt) { self.lost.longer } else { 0 };
        wait.least + longer + wait.draws.below(call, wait.width)
    }

    /// The same, where waits grow no more.
    #[cold]
    fn after_many(&self, call: u64, attempt: u32) -> u64 {
        let wait = self.waits[DISTINCT_WAITS - 1];
        let longer = if self.is_lost(call, attempt) { self.lost.longer } else { 0 };
        wait.least + longer + self.draws.below(call, u64::from(attempt), wait.width)
    }

    /// How many attempts of a record follow when it has made `made`, if none of them is taken; none
    /// where that depends on more than the record: where it is sent with others or answers are lost,
    /// or where they are very many.
    #[must_use]
    #[inline]
    pub const fn attempts_ahead(&self, made: u32) -> Option<u32> {
        let depends = self.batched || self.loses_answers();
        if depends || self.attempts as usize > DISTINCT_WAITS {
            return None;
        }
        self.attempts.checked_sub(made)
    }

    /// Fills `dues` with the times, in nanoseconds, of attempts of `call`, of which `made` come before
    /// and the first is at `due`; there are no more than `attempts_ahead` says. False where two are at
    /// the same time.
    #[inline]
    pub fn look_ahead(&self, call: u64, made: u32, due: u64, dues: &mut [u64]) -> bool {
        let mut due = due;
        let mut are_apart = true;
        let (first, later) = dues.split_at_mut(1);
        first.fill(due);
        for (wait, later) in self.waits[made as usize..].iter().zip(later) {
            let nanoseconds = wait.least + wait.draws.below(call, wait.width);
            are_apart &= nanoseconds > 0;
            due += nanoseconds;
            *later = due;
        }
        are_apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};
    use crate::scenario::{Backoff, Retries, Timeouts};
    use crate::time::Span;

    fn waits(jitter: Jitter, share: f64) -> Waits {
        let backoff = Backoff {
            base: Span::from_milliseconds(100),
            factor: 2.0,
            max: Span::from_seconds(5),
            jitter,
        };
        let draws = Randomness::new(1, 0).identity_draws("web", Purpose::RetryJitter);
        let client = Client {
            calls: PutCalls::PutRecord,
            round_trip: Span::ZERO,
            retries: Retries { attempts: 8, backoff },
            timeouts: Timeouts { share, after: Span::from_seconds(6) },
            sending: None,
        };
        let lost = Randomness::new(1, 0).identity_draws("web", Purpose::LostAnswer);
        Waits::new(&client, draws, lost)
    }

    /// times looked ahead = sums of the waits, one after another.
    #[test]
    fn looking_ahead_gives_the_waits_that_come_one_by_one() {
        for jitter in [Jitter::Full, Jitter::Equal] {
            let waits = waits(jitter, 0.0);
            for made in 1..8 {
                let mut dues = vec![0; waits.attempts_ahead(made).unwrap() as usize];
                assert!(waits.look_ahead(77, made, 1_000, &mut dues));
                let mut due = 1_000;
                for (attempt, ahead) in (made..).zip(&dues) {
                    assert_eq!(*ahead, due);
                    due += waits.after(77, attempt + 1);
                }
                assert_eq!(dues.len(), 8 - made as usize);
            }
        }
    }

    #[test]
    fn nothing_is_looked_ahead_where_it_depends_on_more_than_the_record() {
        assert_eq!(waits(Jitter::Full, 0.25).attempts_ahead(1), None, "answers are lost");
        assert_eq!(waits(Jitter::Full, 0.0).attempts_ahead(8), Some(0));
    }

    #[test]
    fn bounds_double_up_to_the_cap() {
        let waits = waits(Jitter::None, 0.0);
        let milliseconds: Vec<u64> =
            (1..=9).map(|attempt| waits.after(5, attempt) / 1_000_000).collect();
        assert_eq!(milliseconds, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    }

    #[test]
    fn a_lost_answer_is_awaited_until_the_time_out() {
        let (some, none) = (waits(Jitter::None, 0.25), waits(Jitter::None, 0.0));
        let lost = (0..100_000).filter(|call| some.is_lost(*call, 3)).count();
        // Standard deviation 137.
        assert!(lost.abs_diff(25_000) < 700, "{lost}");
        for call in 0..1_000 {
            let longer = if some.is_lost(call, 2) { 6_000_000_000 } else { 0 };
            assert_eq!(some.after(call, 2), none.after(call, 2) + longer);
        }
        assert!(!none.is_lost(7, 1));
        assert_eq!(some.longest(), 11_000_000_000);
    }

    #[test]
    fn waits_that_grow_no_more_are_still_drawn_anew() {
        let waits = waits(Jitter::Full, 0.0);
        let last = DISTINCT_WAITS as u32;
        let drawn: Vec<u64> =
            (last - 3..last + 300).map(|attempt| waits.after(5, attempt)).collect();
        let mut distinct = drawn.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), drawn.len());
        // Uniform below five seconds: a standard deviation of the mean is 83 ms.
        let mean = drawn.iter().sum::<u64>() as f64 / drawn.len() as f64 / 1e9;
        assert!((mean - 2.5).abs() < 0.42, "{mean}");
    }

    /// mean of full jitter = bound / 2; mean of equal jitter = 3/4 bound.
    #[test]
    fn jitter_is_uniform_below_the_bound() {
        let mean = |waits: &Waits| {
            (0..10_000).map(|call| waits.after(call, 2) as f64).sum::<f64>() / 10_000.0 / 1e6
        };
        assert!((mean(&waits(Jitter::Full, 0.0)) - 100.0).abs() < 3.0);
        assert!((mean(&waits(Jitter::Equal, 0.0)) - 150.0).abs() < 1.5);
    }
}
