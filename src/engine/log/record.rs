//! A record as the log of a shard keeps it.

/// Set where a record holds more than one of the application, whose number then stands in place of
/// the key; sizes stay below 2^24.
const AGGREGATED: u32 = 1 << 31;

/// A record in the log of a shard. Packed into three words, because writing and reading them is much
/// of the work of a run in which nothing is scarce.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct LogRecord {
    /// When the shard took it, in nanoseconds.
    pub(in crate::engine) accepted: u64,
    /// When the producer came up with it, in nanoseconds.
    pub(in crate::engine) created: u64,
    size_and_kind: u32,
    key_or_users: u32,
}

impl LogRecord {
    /// One that was accepted and created at `times` and holds one record of the application; `key` is
    /// a number that records of the same partition key share.
    #[inline(always)]
    pub(in crate::engine) const fn new(times: (u64, u64), size: u32, key: u32) -> Self {
        Self { accepted: times.0, created: times.1, size_and_kind: size, key_or_users: key }
    }

    /// The same with so many records of the application; where those are several, producers give
    /// them all the same key.
    #[inline]
    pub(in crate::engine) const fn holding(self, user_records: u32) -> Self {
        if user_records <= 1 {
            return self;
        }
        let size_and_kind = self.size_and_kind | AGGREGATED;
        Self { size_and_kind, key_or_users: user_records, ..self }
    }

    /// Bytes as the stream counts them.
    #[inline(always)]
    pub(in crate::engine) const fn size(&self) -> u32 {
        self.size_and_kind & !AGGREGATED
    }

    /// Records of the application in it: more than one where the producer aggregates.
    #[inline]
    pub(in crate::engine) const fn user_records(&self) -> u32 {
        if self.size_and_kind & AGGREGATED == 0 { 1 } else { self.key_or_users }
    }

    /// A number that records of the same partition key share.
    #[inline]
    pub(in crate::engine) const fn key(&self) -> u32 {
        if self.size_and_kind & AGGREGATED == 0 { self.key_or_users } else { 0 }
    }
}
