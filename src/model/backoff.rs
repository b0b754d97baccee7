//! When a producer tries again: exponential back-off with jitter.
//!
//! After the n-th attempt the wait is bounded by `base * factor^(n-1)`, at most `max`; what is
//! drawn below the bound is the jitter. Source of the names: "Exponential Backoff And Jitter",
//! AWS Architecture Blog, 2015.

use crate::random::IdentityDraws;
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
    /// Shortest wait in nanoseconds after the first, second, ... attempt, round trip included,
    /// and the width of what is drawn beyond; the last one stays.
    waits: Vec<(u64, u64)>,
    draws: IdentityDraws,
}

impl Waits {
    /// The waits of `client`, drawn from `draws`.
    #[must_use]
    pub fn new(client: &Client, draws: IdentityDraws) -> Self {
        let retries = &client.retries;
        let max = retries.backoff.max.nanoseconds();
        let round_trip = client.round_trip.nanoseconds();
        let mut waits = Vec::new();
        let mut next = retries.backoff.base.nanoseconds() as f64;
        while waits.len() < DISTINCT_WAITS {
            let bound = (next as u64).min(max);
            waits.push(match retries.backoff.jitter {
                Jitter::Full => (round_trip, bound),
                Jitter::Equal => (round_trip + bound / 2, bound - bound / 2),
                Jitter::None => (round_trip + bound, 0),
            });
            next *= retries.backoff.factor;
        }
        Self {
            attempts: retries.attempts,
            batched: client.calls != PutCalls::PutRecord,
            waits,
            draws,
        }
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
        self.waits.iter().map(|(least, width)| least + width).max().unwrap_or(0)
    }

    /// Nanoseconds from the `attempt`-th attempt of `call` (from one) to the next: the way of the
    /// answer and of the new call, and the back-off between.
    #[must_use]
    #[inline]
    pub fn after(&self, call: u64, attempt: u32) -> u64 {
        let (least, width) = self.waits[(attempt as usize - 1).min(DISTINCT_WAITS - 1)];
        least + self.draws.below(call, u64::from(attempt), width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};
    use crate::scenario::{Backoff, Retries};
    use crate::time::Span;

    fn waits(jitter: Jitter) -> Waits {
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
        };
        Waits::new(&client, draws)
    }

    #[test]
    fn bounds_double_up_to_the_cap() {
        let waits = waits(Jitter::None);
        let milliseconds: Vec<u64> =
            (1..=9).map(|attempt| waits.after(5, attempt) / 1_000_000).collect();
        assert_eq!(milliseconds, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    }

    /// mean of full jitter = bound / 2; mean of equal jitter = 3/4 bound.
    #[test]
    fn jitter_is_uniform_below_the_bound() {
        let mean = |waits: &Waits| {
            (0..10_000).map(|call| waits.after(call, 2) as f64).sum::<f64>() / 10_000.0 / 1e6
        };
        assert!((mean(&waits(Jitter::Full)) - 100.0).abs() < 3.0);
        assert!((mean(&waits(Jitter::Equal)) - 150.0).abs() < 1.5);
    }
}
