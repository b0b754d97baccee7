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
pub struct Admission {
    /// The record limit had no room.
    pub records_short: bool,
    /// The byte limit had no room.
    pub bytes_short: bool,
}

impl Admission {
    /// Whether the record was taken.
    #[must_use]
    #[inline]
    pub const fn accepted(self) -> bool {
        !(self.records_short | self.bytes_short)
    }
}

/// The write limits of one shard.
#[derive(Clone, Debug)]
pub struct WriteLimits {
    limiter: WriteLimiter,
    /// The last time the limits were asked, in nanoseconds.
    last: u64,
    records: TokenBucket,
    bytes: TokenBucket,
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
        Self {
            limiter: quotas.shard_write_limiter,
            last: 0,
            records: TokenBucket::new(quotas.shard_write_records.0, records),
            bytes: TokenBucket::new(quotas.shard_write_bytes.0, bytes),
        }
    }

    /// Decides on one record at `now` (nanoseconds) that counts for `charged_bytes`.
    #[inline]
    pub fn admit(&mut self, now: u64, charged_bytes: u64) -> Admission {
        let elapsed = match self.limiter {
            WriteLimiter::TokenBucket => now - self.last,
            WriteLimiter::FixedWindow => {
                if now / NANOSECONDS_PER_SECOND > self.last / NANOSECONDS_PER_SECOND {
                    // A new second gives everything back at once.
                    u64::MAX
                } else {
                    0
                }
            }
        };
        self.last = now;
        self.records.refill(elapsed);
        self.bytes.refill(elapsed);
        let admission = Admission {
            records_short: !self.records.has(1),
            bytes_short: !self.bytes.has(charged_bytes),
        };
        if admission.accepted() {
            self.records.take(1);
            self.bytes.take(charged_bytes);
        }
        admission
    }
}

/// `bytes` rounded up to whole steps of `step`, a power of two.
#[must_use]
#[inline]
pub const fn round_up(bytes: u64, step: u64) -> u64 {
    (bytes + (step - 1)) & !(step - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(limiter: WriteLimiter) -> WriteLimits {
        let quotas = Quotas {
            shard_write_limiter: limiter,
            ..Quotas::default()
        };
        WriteLimits::new(&quotas, Bytes(1 << 20))
    }

    /// Accepted records when `offered` of `charged_bytes` come evenly over each of `seconds`.
    fn accepted(limits: &mut WriteLimits, offered: u64, charged_bytes: u64, seconds: u64) -> u64 {
        let gap = NANOSECONDS_PER_SECOND / offered;
        (0..offered * seconds)
            .filter(|index| limits.admit(index * gap, charged_bytes).accepted())
            .count() as u64
    }

    #[test]
    fn a_shard_takes_1000_records_a_second() {
        let taken = accepted(&mut limits(WriteLimiter::TokenBucket), 2_000, 100, 10);
        assert!(
            (10_999..=11_000).contains(&taken),
            "ten seconds and the burst: {taken}"
        );
        assert_eq!(
            accepted(&mut limits(WriteLimiter::FixedWindow), 2_000, 100, 10),
            10_000
        );
    }

    #[test]
    fn a_shard_takes_one_mebibyte_a_second() {
        // 512 records of 2 KiB are exactly 1 MiB.
        assert_eq!(
            accepted(&mut limits(WriteLimiter::FixedWindow), 800, 2_048, 10),
            5_120
        );
        let taken = accepted(&mut limits(WriteLimiter::TokenBucket), 800, 2_048, 10);
        assert!((5_630..=5_632).contains(&taken), "{taken}");
    }

    #[test]
    fn the_limit_that_is_short_is_named() {
        let mut limits = limits(WriteLimiter::TokenBucket);
        assert!(limits.admit(0, 1 << 20).accepted());
        let second = limits.admit(0, 1);
        assert!(second.bytes_short && !second.records_short);
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
