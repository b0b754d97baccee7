//! A token bucket in whole numbers.
//!
//! Tokens flow back at an exact rate of `amount` in `per_nanoseconds`. The bucket counts in units
//! of which one nanosecond returns `amount` and one token is `per_nanoseconds`, so neither time nor
//! tokens are ever rounded. It keeps what is *used* rather than what is left: a full bucket is zero.

use crate::units::Rate;

/// What one limit of a shard has given out and not yet got back.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    /// Units out, as of the last refill.
    used: u64,
    /// Units in a full bucket.
    capacity: u64,
    /// Units that come back in a nanosecond.
    units_per_nanosecond: u64,
    /// Units of one token.
    units_per_token: u64,
}

impl TokenBucket {
    /// A full bucket of `capacity` tokens that flow back at `rate`.
    #[must_use]
    pub fn new(rate: Rate, capacity: u64) -> Self {
        Self {
            used: 0,
            capacity: capacity.saturating_mul(rate.per_nanoseconds()),
            units_per_nanosecond: rate.amount(),
            units_per_token: rate.per_nanoseconds(),
        }
    }

    /// Lets `elapsed_nanoseconds` since the last refill pass.
    #[inline]
    pub fn refill(&mut self, elapsed_nanoseconds: u64) {
        let back = elapsed_nanoseconds.saturating_mul(self.units_per_nanosecond);
        self.used = self.used.saturating_sub(back);
    }

    /// Whether `tokens` are there now.
    #[must_use]
    #[inline]
    pub fn has(&self, tokens: u64) -> bool {
        self.used
            .saturating_add(tokens.saturating_mul(self.units_per_token))
            <= self.capacity
    }

    /// Whether more than nothing is there now.
    #[must_use]
    #[inline]
    pub fn has_credit(&self) -> bool {
        self.used < self.capacity
    }

    /// Takes `tokens`, into debt when they are not there.
    #[inline]
    pub fn take(&mut self, tokens: u64) {
        self.used = self
            .used
            .saturating_add(tokens.saturating_mul(self.units_per_token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MIB;

    #[test]
    fn a_full_bucket_gives_its_capacity_and_then_the_rate() {
        let mut bucket = TokenBucket::new(Rate::per_second(1_000), 1_000);
        let mut given = 0;
        for _ in 0..1_500 {
            if bucket.has(1) {
                bucket.take(1);
                given += 1;
            }
        }
        assert_eq!(given, 1_000);
        bucket.refill(999_999);
        assert!(!bucket.has(1), "one nanosecond short of one token");
        bucket.refill(1);
        assert!(bucket.has(1) && !bucket.has(2));
    }

    #[test]
    fn a_rate_that_is_no_whole_number_of_nanoseconds_loses_nothing() {
        let mut bucket = TokenBucket::new(Rate::per_second(MIB), MIB);
        bucket.take(MIB);
        for _ in 0..1_000_000_000 / 7 {
            bucket.refill(7);
        }
        bucket.refill(1_000_000_000 % 7);
        assert!(bucket.has(MIB));
        bucket.take(MIB);
        bucket.refill(999_999_999);
        assert!(!bucket.has(MIB));
    }

    #[test]
    fn debt_is_paid_back_before_credit_returns() {
        let mut bucket = TokenBucket::new(Rate::per_second(2 * MIB), 2 * MIB);
        bucket.take(10 * MIB);
        bucket.refill(4_000_000_000);
        assert!(!bucket.has_credit());
        bucket.refill(1);
        assert!(bucket.has_credit());
    }
}
