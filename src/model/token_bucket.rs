//! A token bucket in whole numbers.
//!
//! Tokens flow back at an exact rate of `amount` in `per_nanoseconds`. The bucket counts in units
//! of which one nanosecond returns `amount` and one token is `per_nanoseconds`, so neither time nor
//! tokens are ever rounded. It keeps what is *used* rather than what is left: a full bucket is zero.

use crate::units::Rate;

/// What one limit of a shard has given out and not yet got back.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    /// Units out, as of the last refill.
    used: u64,
    /// Units in a full bucket.
    capacity: u64,
    /// Units that come back in a nanosecond.
    units_per_nanosecond: u64,
    /// Units of one token.
    units_per_token: u64,
    /// Nanoseconds after which everything that can be out is back.
    full_after: u64,
}

impl TokenBucket {
    /// A full bucket of `capacity` tokens that flow back at `rate`; nobody takes more than
    /// `largest_take` at once, nor anything while a debt stands.
    ///
    /// Where a rate is so fine that a bucket would not fit 63 bits (a byte an hour, say), the
    /// units are made coarser.
    #[must_use]
    pub fn new(rate: Rate, capacity: u64, largest_take: u64) -> Self {
        let mut units_per_nanosecond = rate.amount();
        let mut units_per_token = rate.per_nanoseconds();
        let most_tokens = u128::from(capacity) + u128::from(largest_take);
        while most_tokens * u128::from(units_per_token) > i64::MAX as u128 {
            units_per_nanosecond = units_per_nanosecond.div_ceil(2);
            units_per_token = units_per_token.div_ceil(2);
        }
        let capacity = capacity * units_per_token;
        let longest = capacity + largest_take * units_per_token;
        Self {
            used: 0,
            capacity,
            units_per_nanosecond,
            units_per_token,
            full_after: match units_per_nanosecond {
                0 => u64::MAX,
                units => longest.div_ceil(units),
            },
        }
    }

    /// Lets `elapsed_nanoseconds` since the last refill pass.
    #[inline(always)]
    pub fn refill(&mut self, elapsed_nanoseconds: u64) {
        // No more than it takes to be full also keeps the product from overflowing.
        self.refill_within(elapsed_nanoseconds.min(self.full_after));
    }

    /// As `refill`, where `elapsed_nanoseconds` is no more than `full_after`.
    #[inline(always)]
    pub fn refill_within(&mut self, elapsed_nanoseconds: u64) {
        let back = elapsed_nanoseconds * self.units_per_nanosecond;
        let (left, is_full) = self.used.overflowing_sub(back);
        // No branch could guess this.
        self.used = std::hint::select_unpredictable(is_full, 0, left);
    }

    /// Nanoseconds after which everything that can be out is back.
    #[must_use]
    pub const fn full_after(&self) -> u64 {
        self.full_after
    }

    /// Whether `tokens` are there now.
    #[must_use]
    #[inline(always)]
    pub const fn has(&self, tokens: u64) -> bool {
        self.used + tokens * self.units_per_token <= self.capacity
    }

    /// Whether more than nothing is there now.
    #[must_use]
    #[inline]
    pub const fn has_credit(&self) -> bool {
        self.used < self.capacity
    }

    /// Takes `tokens`, into debt when they are not there.
    #[inline(always)]
    pub const fn take(&mut self, tokens: u64) {
        self.used += tokens * self.units_per_token;
    }

    /// Nanoseconds from the last refill until one token is there.
    #[must_use]
    pub const fn wait_for_one(&self) -> u64 {
        let missing = (self.used + self.units_per_token).saturating_sub(self.capacity);
        match self.units_per_nanosecond {
            0 => u64::MAX,
            units => missing.div_ceil(units),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MIB;

    #[test]
    fn a_full_bucket_gives_its_capacity_and_then_the_rate() {
        let mut bucket = TokenBucket::new(Rate::per_second(1_000), 1_000, 1);
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
        bucket.take(1);
        bucket.refill(400_000);
        assert_eq!(bucket.wait_for_one(), 600_000);
    }

    #[test]
    fn a_rate_that_is_no_whole_number_of_nanoseconds_loses_nothing() {
        let mut bucket = TokenBucket::new(Rate::per_second(MIB), MIB, MIB);
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
        let mut bucket = TokenBucket::new(Rate::per_second(2 * MIB), 2 * MIB, 10 * MIB);
        bucket.take(10 * MIB);
        bucket.refill(4_000_000_000);
        assert!(!bucket.has_credit());
        bucket.refill(1);
        assert!(bucket.has_credit());
    }
}
