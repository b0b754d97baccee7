//! The KPL's limiter: for each shard two token buckets, before which records wait by deadline.
//!
//! It takes what fits in the order of the deadlines, and stops at the first that does not. Source:
//! `aws/kinesis/core/limiter.h` of awslabs/amazon-kinesis-producer.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::sender::record::Put;
use crate::model::token_bucket::TokenBucket;
use crate::scenario::RateLimit;

/// Nanoseconds between two looks at records that wait.
pub(super) const POLL: u64 = 25_000_000;
/// Most bytes of one record.
const RECORD_BYTES_MAX: u64 = 1 << 24;

#[derive(Debug)]
pub(super) struct Limiter {
    limit: RateLimit,
    shards: Vec<ShardLimiter>,
    /// Shards with records that wait.
    active: BTreeSet<u16>,
    /// Number of the next record that waits.
    next: u64,
}

#[derive(Debug)]
struct ShardLimiter {
    records: TokenBucket,
    bytes: TokenBucket,
    /// When the buckets were last filled.
    now: u64,
    /// By deadline, then in the order in which they came.
    waiting: BTreeMap<(u64, u64), Put>,
    /// The same by expiry.
    expiring: BTreeSet<(u64, u64, u64)>,
}

impl Limiter {
    pub(super) fn new(limit: &RateLimit, shards: usize) -> Self {
        let shards = (0..shards).map(|_| ShardLimiter::new(limit, 0));
        Self { limit: *limit, shards: shards.collect(), active: BTreeSet::new(), next: 0 }
    }

    /// Makes room for shards with names below `slots`.
    pub(super) fn reach(&mut self, slots: usize, now: u64) {
        while self.shards.len() < slots {
            self.shards.push(ShardLimiter::new(&self.limit, now));
        }
    }

    /// A name stands for a shard that the client has just heard of: its buckets are new.
    pub(super) fn renew(&mut self, slot: u16, now: u64) {
        if let Some(shard) = self.shards.get_mut(usize::from(slot)) {
            let new = ShardLimiter::new(&self.limit, now);
            (shard.records, shard.bytes, shard.now) = (new.records, new.bytes, now);
        }
    }

    /// The records that wait, to be told of another shard.
    pub(super) fn puts_mut(&mut self) -> impl Iterator<Item = &mut Put> {
        self.shards.iter_mut().flat_map(|shard| shard.waiting.values_mut())
    }

    /// Whether any record waits.
    pub(super) fn is_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Takes a record; what may go on is added to `out`, what has expired to `expired`.
    pub(super) fn put(&mut self, put: Put, now: u64, out: &mut Vec<Put>, expired: &mut Vec<Put>) {
        let shard = &mut self.shards[usize::from(put.shard)];
        if shard.waiting.is_empty() && now < put.expires && shard.admits(&put, now) {
            out.push(put);
            return;
        }
        let index = put.shard;
        shard.wait(put, self.next);
        self.next += 1;
        shard.drain(now, out, expired);
        if shard.waiting.is_empty() {
            self.active.remove(&index);
        } else {
            self.active.insert(index);
        }
    }

    /// Lets through what fits by now.
    pub(super) fn poll(&mut self, now: u64, out: &mut Vec<Put>, expired: &mut Vec<Put>) {
        let shards = &mut self.shards;
        self.active.retain(|index| {
            let shard = &mut shards[usize::from(*index)];
            shard.drain(now, out, expired);
            !shard.waiting.is_empty()
        });
    }

    /// The records that wait.
    pub(super) fn puts(&self) -> impl Iterator<Item = &Put> {
        self.shards.iter().flat_map(|shard| shard.waiting.values())
    }
}

impl ShardLimiter {
    fn new(limit: &RateLimit, now: u64) -> Self {
        let mut records = TokenBucket::new(limit.records, limit.records_max.0, 1);
        let mut bytes = TokenBucket::new(limit.bytes, limit.bytes_max.0, RECORD_BYTES_MAX);
        if !limit.starts_full {
            records.take(limit.records_max.0);
            bytes.take(limit.bytes_max.0);
        }
        Self { records, bytes, now, waiting: BTreeMap::new(), expiring: BTreeSet::new() }
    }

    fn admits(&mut self, put: &Put, now: u64) -> bool {
        self.records.refill(now - self.now);
        self.bytes.refill(now - self.now);
        self.now = now;
        let data = u64::from(put.data);
        let fits = self.records.has(1) && self.bytes.has(data);
        if fits {
            self.records.take(1);
            self.bytes.take(data);
        }
        fits
    }

    fn wait(&mut self, put: Put, number: u64) {
        self.expiring.insert((put.expires, put.deadline, number));
        self.waiting.insert((put.deadline, number), put);
    }

    fn drain(&mut self, now: u64, out: &mut Vec<Put>, expired: &mut Vec<Put>) {
        while let Some((expires, deadline, number)) = self.expiring.first().copied() {
            if expires > now {
                break;
            }
            self.expiring.pop_first();
            expired.extend(self.waiting.remove(&(deadline, number)));
        }
        while let Some(((deadline, number), put)) = self.waiting.pop_first() {
            if !self.admits(&put, now) {
                self.waiting.insert((deadline, number), put);
                break;
            }
            self.expiring.remove(&(put.expires, deadline, number));
            out.push(put);
        }
    }
}
