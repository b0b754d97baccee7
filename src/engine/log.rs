//! The records of a shard that some consumer has yet to read, in the order of acceptance.

use std::collections::VecDeque;

/// A record in the log of a shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogRecord {
    /// When the shard took it, in nanoseconds.
    pub(super) accepted: u64,
    /// When the producer came up with it, in nanoseconds.
    pub(super) created: u64,
    /// Bytes as the stream counts them.
    pub(super) size: u32,
}

/// The log of one shard. Places are counted from the start of the run, so they stay valid when
/// the log forgets what everyone has read.
#[derive(Debug, Default)]
pub(super) struct Log {
    records: Vec<LogRecord>,
    /// Place of the first record that is kept.
    first: u64,
    /// Place after the last record before the end of each second not yet sampled.
    marks: VecDeque<u64>,
    /// Producer and key of each record, where the order of keys over shards is watched.
    keys: Option<Vec<u64>>,
}

impl Log {
    /// An empty log that keeps the key of each record, or does not.
    pub(super) fn new(keeps_keys: bool) -> Self {
        Self { keys: keeps_keys.then(Vec::new), ..Self::default() }
    }

    /// Whether the key of each record is kept.
    #[inline]
    pub(super) const fn keeps_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// Notes the keys of records that are appended at the same time.
    #[inline]
    pub(super) fn extend_keys(&mut self, keys: impl Iterator<Item = u64>) {
        if let Some(own) = &mut self.keys {
            own.extend(keys);
        }
    }

    /// The keys of the records from `place` on.
    pub(super) fn keys_from(&self, place: u64) -> &[u64] {
        self.keys.as_ref().map_or(&[], |keys| &keys[(place - self.first) as usize..])
    }

    #[inline]
    pub(super) fn push(&mut self, record: LogRecord) {
        self.records.push(record);
    }

    /// Appends several records.
    #[inline]
    pub(super) fn extend(&mut self, records: impl Iterator<Item = LogRecord>) {
        self.records.extend(records);
    }

    /// Place after the last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    /// The records from `place` on.
    #[inline]
    pub(super) fn from(&self, place: u64) -> &[LogRecord] {
        &self.records[(place - self.first) as usize..]
    }

    /// Marks the end of a second.
    pub(super) fn mark(&mut self) {
        self.marks.push_back(self.end());
    }

    /// The ends of the seconds not yet sampled, earliest first.
    pub(super) fn marks(&self) -> &VecDeque<u64> {
        &self.marks
    }

    /// Forgets marks, which every reader has sampled, and the records before `place`.
    pub(super) fn forget_before(&mut self, place: u64) {
        self.marks.clear();
        let read = (place - self.first) as usize;
        // Moving the rest costs its length, so it must be worth it.
        if read == self.records.len() {
            self.records.clear();
            self.keys.iter_mut().for_each(Vec::clear);
            self.first = place;
        } else if read > self.records.len() / 2 {
            self.records.drain(..read);
            self.keys.iter_mut().for_each(|keys| drop(keys.drain(..read)));
            self.first = place;
        }
    }
}
