//! The two write limits of a shard: records and bytes a second, of which both must have room.
//!
//! Source: Kinesis Data Streams quotas, 2026. AWS does not say whether the limits are token
//! buckets or fixed seconds; both are here and the scenario chooses (`quotas.shard_write_limiter`).

use crate::model::token_bucket::TokenBucket;
use crate::quotas::{Quotas, WriteLimiter};
use crate::time::NANOSECONDS_PER_SECOND;
use crate::units::Bytes;

/// What a shard said to one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The shard takes it.
    Accepted,
    /// The record limit had no room.
    RecordLimit,
    /// The record limit had room, the byte limit had none.
    ByteLimit,
}

/// The write limits of one shard.
#[derive(Clone, Copy, Debug)]
pub struct WriteLimits {
    limiter: WriteLimiter,
    /// The last refill, in nanoseconds.
    last: u64,
    /// Nanoseconds since the last refill up to which the next one needs no thought.
    plain_until: u64,
    records: TokenBucket,
    bytes: TokenBucket,
    /// The record limit has no room before this time, in nanoseconds.
    no_record_before: u64,
}

/// The write limits of a shard that has plenty: quick to ask, because whatever needs thought is
/// refused. A copy, so that it stays in registers.
#[derive(Clone, Copy, Debug)]
pub struct PlainLimits {
    /// From this time on, in nanoseconds, a refill needs thought.
    pub before: u64,
    last: u64,
    records: TokenBucket,
    bytes: TokenBucket,
}

impl PlainLimits {
    /// Takes one record at `now` (nanoseconds, less than `before`) that counts for `charged_bytes`,
    /// if there is room for it and for one more; else nothing happens.
    #[inline(always)]
    pub fn admit(&mut self, now: u64, charged_bytes: u64) -> bool {
        let (mut records, mut bytes) = (self.records, self.bytes);
        let elapsed = now - self.last;
        records.refill_within(elapsed);
        bytes.refill_within(elapsed);
        // With one more the record limit does not run dry.
        let has_room = records.has(2) && bytes.has(charged_bytes);
        if has_room {
            records.take(1);
            bytes.take(charged_bytes);
            *self = Self { last: now, records, bytes, ..*self };
        }
        has_room
    }
}

impl WriteLimits {
    /// The limits of a rested shard whose stream takes records of up to `max_record_size`.
    #[must_use]
    pub fn new(quotas: &Quotas, max_record_size: Bytes) -> Self {
        let large = max_record_size > crate::quotas::RECORD_SIZE_DEFAULT;
        let (records, bytes) = match quotas.shard_write_limiter {
            WriteLimiter::TokenBucket => (
                quotas.shard_write_records_burst.0,
                if large {
                    quotas.shard_write_bytes_burst_large_records.0
                } else {
                    quotas.shard_write_bytes_burst.0
                },
            ),
            // One second of the limit, rounded down to whole records and bytes.
            WriteLimiter::FixedWindow => (
                quotas.shard_write_records.0.as_per_second() as u64,
                quotas.shard_write_bytes.0.as_per_second() as u64,
            ),
        };
        let rounding = quotas.put_record_rounding.0.max(quotas.put_records_rounding.0);
        let largest_charge = max_record_size.0 + rounding;
        let records = TokenBucket::new(quotas.shard_write_records.0, records, 1);
        let bytes = TokenBucket::new(quotas.shard_write_bytes.0, bytes, largest_charge);
        Self {
            limiter: quotas.shard_write_limiter,
            last: 0,
            plain_until: match quotas.shard_write_limiter {
                WriteLimiter::TokenBucket => records.full_after().min(bytes.full_after()),
                WriteLimiter::FixedWindow => 0,
            },
            records,
            bytes,
            no_record_before: 0,
        }
    }

    /// The time in nanoseconds before which the record limit is known to have no room.
    #[must_use]
    #[inline(always)]
    pub const fn no_record_before(&self) -> u64 {
        self.no_record_before
    }

    /// Decides on one record at `now` (nanoseconds) that counts for `charged_bytes`.
    #[inline(always)]
    pub fn admit(&mut self, now: u64, charged_bytes: u64) -> Admission {
        if now < self.no_record_before {
            // Nothing is booked: the next refill makes up for the time.
            return Admission::RecordLimit;
        }
        let elapsed = now - self.last;
        if elapsed > self.plain_until {
            self.refill(elapsed, now);
        } else {
            self.records.refill_within(elapsed);
            self.bytes.refill_within(elapsed);
        }
        self.last = now;
        if !self.records.has(1) {
            self.run_dry(now);
            return Admission::RecordLimit;
        }
        if !self.bytes.has(charged_bytes) {
            return Admission::ByteLimit;
        }
        self.records.take(1);
        self.bytes.take(charged_bytes);
        if !self.records.has(1) {
            self.run_dry(now);
        }
        Admission::Accepted
    }

    /// The same limits, as long as they plainly have room.
    #[inline(always)]
    pub const fn plainly(&self) -> PlainLimits {
        PlainLimits {
            before: self.last.saturating_add(self.plain_until),
            last: self.last,
            records: self.records,
            bytes: self.bytes,
        }
    }

    /// Takes back what `plainly` gave.
    #[inline(always)]
    pub const fn settle(&mut self, plain: &PlainLimits) {
        self.last = plain.last;
        self.records = plain.records;
        self.bytes = plain.bytes;
    }

    /// Lets the time up to `now` pass, however long and by whatever rule.
    #[inline(never)]
    fn refill(&mut self, elapsed: u64, now: u64) {
        let elapsed = match self.limiter {
            WriteLimiter::TokenBucket => elapsed,
            WriteLimiter::FixedWindow => whole_seconds_passed(self.last, now),
        };
        self.records.refill(elapsed);
        self.bytes.refill(elapsed);
    }

    /// Notes when the record limit, which has no room at `now`, has some again.
    fn run_dry(&mut self, now: u64) {
        self.no_record_before = match self.limiter {
            WriteLimiter::TokenBucket => now.saturating_add(self.records.wait_for_one()),
            WriteLimiter::FixedWindow => {
                (now / NANOSECONDS_PER_SECOND + 1) * NANOSECONDS_PER_SECOND
            }
        };
    }
}

/// Everything comes back at once when a whole second begins, nothing before.
const fn whole_seconds_passed(last: u64, now: u64) -> u64 {
    if now / NANOSECONDS_PER_SECOND > last / NANOSECONDS_PER_SECOND { u64::MAX } else { 0 }
}

/// `bytes` rounded up to whole steps of `step`, a power of two.
#[must_use]
#[inline]
pub const fn round_up(bytes: u64, step: u64) -> u64 {
    (bytes + (step - 1)) & !(step - 1)
}

/// What a record of `size` bytes adds to the charge of a call of which `before` bytes were taken:
/// only the sum over the call is rounded up to steps of `step`.
#[must_use]
#[inline(always)]
pub const fn added_charge(before: u64, size: u64, step: u64) -> u64 {
    round_up(before + size, step) - round_up(before, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(limiter: WriteLimiter) -> WriteLimits {
        let quotas = Quotas { shard_write_limiter: limiter, ..Quotas::default() };
        WriteLimits::new(&quotas, Bytes(1 << 20))
    }

    /// Accepted records when `offered` of `charged_bytes` come evenly over each of `seconds`.
    fn accepted(limits: &mut WriteLimits, offered: u64, charged_bytes: u64, seconds: u64) -> u64 {
        let gap = NANOSECONDS_PER_SECOND / offered;
        (0..offered * seconds)
            .filter(|index| limits.admit(index * gap, charged_bytes) == Admission::Accepted)
            .count() as u64
    }

    #[test]
    fn a_shard_takes_1000_records_a_second() {
        let taken = accepted(&mut limits(WriteLimiter::TokenBucket), 2_000, 100, 10);
        assert!((10_999..=11_000).contains(&taken), "ten seconds and the burst: {taken}");
        assert_eq!(accepted(&mut limits(WriteLimiter::FixedWindow), 2_000, 100, 10), 10_000);
    }

    #[test]
    fn a_shard_takes_one_mebibyte_a_second() {
        // 512 records of 2 KiB are exactly 1 MiB.
        assert_eq!(accepted(&mut limits(WriteLimiter::FixedWindow), 800, 2_048, 10), 5_120);
        let taken = accepted(&mut limits(WriteLimiter::TokenBucket), 800, 2_048, 10);
        assert!((5_630..=5_632).contains(&taken), "{taken}");
    }

    #[test]
    fn the_limit_that_is_short_is_named() {
        let mut limits = limits(WriteLimiter::TokenBucket);
        assert_eq!(limits.admit(0, 1 << 20), Admission::Accepted);
        assert_eq!(limits.admit(0, 1), Admission::ByteLimit);
        for _ in 0..999 {
            assert_eq!(limits.admit(0, 0), Admission::Accepted);
        }
        assert_eq!(limits.admit(0, 1), Admission::RecordLimit);
        assert_eq!(limits.admit(999_999, 1), Admission::RecordLimit);
        assert_eq!(limits.admit(1_000_000, 1), Admission::Accepted);
    }

    #[test]
    fn rounding_goes_up_to_whole_steps() {
        assert_eq!(round_up(0, 1_024), 0);
        assert_eq!(round_up(1, 1_024), 1_024);
        assert_eq!(round_up(1_024, 1_024), 1_024);
        assert_eq!(round_up(1_100, 1_024), 2_048);
        assert_eq!(round_up(1_100, 1), 1_100);
    }
}
