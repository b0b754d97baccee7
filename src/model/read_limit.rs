//! The read limits of a shard that all its polling consumers share.
//!
//! Five calls a second, empty ones included, and 2 MiB a second. An answer may be larger than the
//! credit; the shard is then in debt and refuses calls until the debt is paid. After an answer of
//! the most bytes (10 MiB) it refuses calls for five seconds. Source: Kinesis API reference
//! GetRecords, 2026; the credit of one second is an assumption (`quotas.shard_read_bytes_burst`).

use crate::model::token_bucket::TokenBucket;
use crate::quotas::{Quotas, RECORD_SIZE_LIMIT};

/// Bytes of the largest record with the longest key in UTF-8.
const LARGEST_RECORD: u64 =
    RECORD_SIZE_LIMIT.0 + 4 * crate::quotas::PARTITION_KEY_CHARACTERS as u64;

/// What a shard said to one GetRecords call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAdmission {
    /// The call is answered.
    Answered,
    /// Too many calls.
    CallLimit,
    /// Too many bytes before.
    ByteLimit,
}

/// The shared read limits of one shard.
#[derive(Clone, Debug)]
pub struct ReadLimits {
    /// The last time the limits were asked, in nanoseconds.
    last: u64,
    calls: TokenBucket,
    bytes: TokenBucket,
    /// Until when every call is refused, in nanoseconds.
    refused_until: u64,
    penalty: u64,
    /// When a call was refused last, in nanoseconds; nothing before the first.
    refused_last: Option<u64>,
}

/// So long after a call was refused others are likely to be, in nanoseconds.
const CONTENTION: u64 = 10_000_000_000;

impl ReadLimits {
    /// The limits of a rested shard.
    #[must_use]
    pub fn new(quotas: &Quotas) -> Self {
        Self {
            last: 0,
            calls: TokenBucket::new(
                quotas.get_records_calls.0,
                quotas.get_records_calls_burst.0,
                1,
            ),
            bytes: TokenBucket::new(
                quotas.shard_read_bytes.0,
                quotas.shard_read_bytes_burst.0,
                // An answer holds at least one record, however large.
                quotas.get_records_max_bytes.0.max(LARGEST_RECORD),
            ),
            refused_until: 0,
            penalty: quotas.get_records_penalty.nanoseconds(),
            refused_last: None,
        }
    }

    /// Decides on a call at `now` (nanoseconds).
    pub fn admit(&mut self, now: u64) -> ReadAdmission {
        let elapsed = now - self.last;
        self.last = now;
        self.calls.refill(elapsed);
        self.bytes.refill(elapsed);
        if !self.calls.has(1) {
            self.refused_last = Some(now);
            return ReadAdmission::CallLimit;
        }
        self.calls.take(1);
        if now < self.refused_until || !self.bytes.has_credit() {
            self.refused_last = Some(now);
            return ReadAdmission::ByteLimit;
        }
        ReadAdmission::Answered
    }

    /// Whether a call was refused at `now` (nanoseconds) or in the ten seconds before.
    #[inline]
    #[must_use]
    pub fn are_contended(&self, now: u64) -> bool {
        self.refused_last.is_some_and(|last| now - last < CONTENTION)
    }

    /// Books the answer to the call just admitted; `full` when it held the most bytes of a call.
    pub fn book(&mut self, bytes: u64, full: bool) {
        self.bytes.take(bytes);
        if full {
            self.refused_until = self.last + self.penalty;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MIB;

    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn a_sixth_call_a_second_is_throttled() {
        let mut limits = ReadLimits::new(&Quotas::default());
        let refused = (0..600u64)
            .filter(|call| limits.admit(call * 1_000 * MILLISECOND / 6) != ReadAdmission::Answered)
            .count();
        assert!((94..=100).contains(&refused), "one of six in 100 s, less the burst: {refused}");
    }

    #[test]
    fn five_calls_a_second_are_not() {
        let mut limits = ReadLimits::new(&Quotas::default());
        for call in 0..1_000u64 {
            assert_eq!(limits.admit(call * 200 * MILLISECOND), ReadAdmission::Answered);
        }
    }

    #[test]
    fn an_answer_of_ten_mebibytes_blocks_the_shard_for_five_seconds() {
        let mut limits = ReadLimits::new(&Quotas::default());
        assert_eq!(limits.admit(0), ReadAdmission::Answered);
        limits.book(10 * MIB, true);
        assert_eq!(limits.admit(4_999 * MILLISECOND), ReadAdmission::ByteLimit);
        assert_eq!(limits.admit(5_000 * MILLISECOND), ReadAdmission::Answered);
    }

    #[test]
    fn a_large_answer_is_a_debt_at_two_mebibytes_a_second() {
        let mut limits = ReadLimits::new(&Quotas::default());
        assert_eq!(limits.admit(0), ReadAdmission::Answered);
        limits.book(4 * MIB, false);
        assert_eq!(limits.admit(1_000 * MILLISECOND), ReadAdmission::ByteLimit);
        assert_eq!(limits.admit(1_001 * MILLISECOND), ReadAdmission::Answered);
    }
}
