//! Records that wait for company in a PutRecords call.

use std::collections::VecDeque;

use crate::engine::sender::record::Put;
use crate::engine::source::InCall;

/// The call that is being filled.
#[derive(Debug)]
pub(super) struct Collector {
    max_records: usize,
    max_bytes: u64,
    /// Bytes for one shard at which the call is sent.
    max_shard_bytes: u64,
    puts: Vec<Put>,
    bytes: u64,
    shard_bytes: Vec<u64>,
    /// When the call is sent at the latest.
    deadline: u64,
    is_sorted: bool,
    /// Number of the call that is being filled.
    number: u32,
}

impl Collector {
    /// `max_shard_bytes` is `u64::MAX` where the shards do not matter.
    pub(super) fn new(
        max_records: u64,
        max_bytes: u64,
        max_shard_bytes: u64,
        shards: usize,
    ) -> Self {
        let counted = if max_shard_bytes == u64::MAX { 0 } else { shards };
        Self {
            max_records: max_records.min(u64::from(InCall::PLACES)) as usize,
            max_bytes,
            max_shard_bytes,
            puts: Vec::new(),
            bytes: 0,
            shard_bytes: vec![0; counted],
            deadline: u64::MAX,
            is_sorted: true,
            number: 0,
        }
    }

    /// Adds a record; calls that are full go to `ready`. Gives when the open call is due, if that is
    /// new: its number and the time.
    pub(super) fn add(&mut self, put: Put, ready: &mut VecDeque<Vec<Put>>) -> Option<(u32, u64)> {
        if !self.puts.is_empty() && self.bytes + put.bytes() > self.max_bytes {
            self.send(ready);
        }
        let before = (self.number, self.deadline);
        self.bytes += put.bytes();
        self.is_sorted &= self.puts.last().is_none_or(|last| last.deadline <= put.deadline);
        self.deadline = self.deadline.min(put.deadline);
        let mut is_full = self.puts.len() + 1 >= self.max_records;
        if let Some(bytes) = self.shard_bytes.get_mut(usize::from(put.shard)) {
            *bytes += put.bytes();
            is_full |= *bytes >= self.max_shard_bytes;
        }
        self.puts.push(put);
        if is_full {
            self.send(ready);
        }
        let due = (self.number, self.deadline);
        (due != before && !self.puts.is_empty()).then_some(due)
    }

    /// Sends the open call if it still is the one that was due.
    pub(super) fn close(&mut self, number: u32, now: u64, ready: &mut VecDeque<Vec<Put>>) {
        if number == self.number && !self.puts.is_empty() && self.deadline <= now {
            self.send(ready);
        }
    }

    /// Takes out the record that has waited for longest.
    pub(super) fn drop_oldest(&mut self) -> Option<Put> {
        if self.puts.is_empty() {
            return None;
        }
        let put = self.puts.remove(0);
        self.bytes -= put.bytes();
        if let Some(bytes) = self.shard_bytes.get_mut(usize::from(put.shard)) {
            *bytes -= put.bytes();
        }
        if self.puts.is_empty() {
            self.begin();
        }
        Some(put)
    }

    /// Makes room for shards with names below `slots`.
    pub(super) fn reach(&mut self, slots: usize) {
        if self.max_shard_bytes != u64::MAX && self.shard_bytes.len() < slots {
            self.shard_bytes.resize(slots, 0);
        }
    }

    /// The records that wait, to be told of another shard.
    pub(super) fn puts_mut(&mut self) -> &mut [Put] {
        &mut self.puts
    }

    /// The records that wait.
    pub(super) fn puts(&self) -> &[Put] {
        &self.puts
    }

    fn send(&mut self, ready: &mut VecDeque<Vec<Put>>) {
        let mut puts = std::mem::take(&mut self.puts);
        if !self.is_sorted {
            puts.sort_by_key(|put| put.deadline);
        }
        for put in &puts {
            if let Some(bytes) = self.shard_bytes.get_mut(usize::from(put.shard)) {
                *bytes = 0;
            }
        }
        ready.push_back(puts);
        self.begin();
    }

    fn begin(&mut self) {
        self.bytes = 0;
        self.deadline = u64::MAX;
        self.is_sorted = true;
        self.number = self.number.wrapping_add(1);
    }
}
