//! Log events on their way through a subscription filter of CloudWatch Logs: events of one log
//! stream share a record, which is compressed, and go where the record goes.
//!
//! Sources: CloudWatch Logs user guide, real-time processing of log data with subscriptions, 2026:
//! batches of events, gzip, by log stream. How large batches grow and how long they wait is not
//! published; both are parameters of the client.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::engine::sender::record::{Put, UserRecord};
use crate::engine::source::InCall;
use crate::scenario::LogBatches;

/// The batches of one subscription.
#[derive(Debug)]
pub(super) struct Batcher {
    limits: LogBatches,
    max_records: usize,
    open: FxHashMap<u32, Batch>,
    /// Log stream and number of each batch in the order in which they are due.
    due: VecDeque<(u64, u32, u32)>,
    next: u32,
}

#[derive(Debug)]
struct Batch {
    number: u32,
    users: SmallVec<[UserRecord; 1]>,
    bytes: u64,
}

impl Batcher {
    /// With fresh keys each event is of a log stream of its own, and goes alone.
    pub(super) fn new(limits: LogBatches, has_fresh_keys: bool) -> Self {
        let most = limits.max_events.0.min(u64::from(InCall::USERS_MAX)) as usize;
        Self {
            limits,
            max_records: if has_fresh_keys { 1 } else { most },
            open: FxHashMap::default(),
            due: VecDeque::new(),
            next: 0,
        }
    }

    /// Puts an event into the batch of its log stream; what that makes full goes to `made`. Gives
    /// when the batch is due, if it is new.
    pub(super) fn add(&mut self, user: UserRecord, made: &mut Vec<Put>) -> Option<u64> {
        let data = u64::from(user.data);
        let key = user.key;
        let is_full = |batch: &Batch| batch.bytes + data > self.limits.max_bytes.0;
        if self.open.get(&key).is_some_and(is_full) {
            self.flush(key, made);
        }
        let mut due = None;
        let next = self.next;
        let batch = self.open.entry(key).or_insert_with(|| {
            due = Some(user.deadline);
            Batch { number: next, users: SmallVec::new(), bytes: 0 }
        });
        batch.users.push(user);
        batch.bytes += data;
        let is_full = batch.users.len() >= self.max_records;
        if let Some(due) = due {
            self.due.push_back((due, key, next));
            self.next = next.wrapping_add(1);
        }
        if is_full {
            self.flush(key, made);
        }
        due
    }

    /// Closes the batches that are due by `now`.
    pub(super) fn close(&mut self, now: u64, made: &mut Vec<Put>) {
        while let Some((due, key, number)) = self.due.front().copied() {
            if due > now {
                return;
            }
            self.due.pop_front();
            if self.open.get(&key).is_some_and(|batch| batch.number == number) {
                self.flush(key, made);
            }
        }
    }

    /// The events that wait.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserRecord> {
        self.open.values().flat_map(|batch| &batch.users)
    }

    /// The same, to be told of another shard.
    pub(super) fn users_mut(&mut self) -> impl Iterator<Item = &mut UserRecord> {
        self.open.values_mut().flat_map(|batch| &mut batch.users)
    }

    fn flush(&mut self, key: u32, made: &mut Vec<Put>) {
        let Some(mut batch) = self.open.remove(&key) else { return };
        let Some(first) = batch.users.first().copied() else { return };
        // The record has one hash key, whatever hash key each of its events was drawn.
        for user in &mut batch.users {
            (user.shard, user.home) = (first.shard, first.home);
        }
        let compressed = (batch.bytes as f64 / self.limits.compression).ceil() as u64;
        let data = (compressed + self.limits.envelope.0) as u32;
        made.push(Put::together(batch.users, (data, first.key_bytes)));
    }
}
