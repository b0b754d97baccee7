//! A producer at work: draws its records in blocks and deals them, call by call, to the lanes.
//!
//! Times, keys and sizes come from three streams of their own, in the order of the records, so the
//! same records reach the stream whatever its shards, its consumers and the length of a window.

mod arrival;

use std::borrow::Cow;
use std::collections::VecDeque;

use rand::Rng;

use crate::engine::lane::Context;
use crate::engine::plan::{ProducerPlan, RecordedPlan};
use crate::engine::replay::{Replay, Replayed};
use crate::engine::sender::{Sender, UserRecord};
use crate::hash_key::{HashKey, HashKeyRange, Router};
use crate::model::partition_key::{KeyDraws, Move, Routes};
use crate::model::traffic::ArrivalClock;
use crate::random::{Generator, IdentityDraws, Purpose, Randomness};
use crate::scenario::{PutCalls, TraceError};
use crate::time::NANOSECONDS_PER_SECOND;

pub(super) use arrival::{Arrival, InCall, number_of, producer_of};

/// Records drawn at a time.
pub(super) const BLOCK: usize = 1_024;
/// Keys of highest weight that are counted one by one, so that the counts stay in the cache; at
/// least these, and more where there are many shards.
const COUNTED_KEYS: usize = 1 << 15;
/// The same, by shard.
const COUNTED_KEYS_PER_SHARD: usize = 64;
/// What a producer came up with in one second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GeneratedSecond {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// What a producer came up with after the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Generated {
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// Records larger than the stream allows.
    pub(super) rejected: u64,
    /// First calls of PutRecords that reach the service within the run.
    pub(super) calls: u64,
}

/// One producer in one replication.
#[derive(Debug)]
pub(super) struct Source<'plan> {
    plan: &'plan ProducerPlan,
    /// Those of the plan, or its own once shards have split or merged.
    pub(super) routes: Cow<'plan, Routes>,
    reroute_draws: IdentityDraws,
    /// Moves so far.
    moves: u64,
    /// Where the hash keys belong since they have moved, where a trace tells them.
    router: Option<Router>,
    /// Counts of keys when they last changed shards; empty before any has.
    key_counts_before: Vec<u64>,
    warm_up: u64,
    horizon: u64,
    max_record_size: u32,
    /// One when the bytes of the partition key count, zero when not.
    key_bytes_count: u32,
    /// In place of all draws but those of what the trace does not tell.
    replay: Option<Replay<'plan>>,
    clock: ArrivalClock,
    time_draws: Generator,
    key_draws: Generator,
    /// For keys of several parts.
    part_draws: KeyDraws,
    size_draws: Generator,
    block: Block,
    /// Number of the next record, with the producer in the upper bits.
    next: u64,
    batch: Batch,
    /// The client, where it needs to hear of every answer.
    pub(super) sender: Option<Sender<'plan>>,
    pub(super) generated: Generated,
    /// Seconds not yet taken for the series of the stream, earliest first.
    seconds: VecDeque<GeneratedSecond>,
    /// The first of them.
    first_second: u64,
    /// Records after the warm-up by key, for the keys of highest weight, and together for all
    /// others; modulo 2^32, because a narrow table stays in the cache.
    key_counts: Vec<u32>,
    /// Keys whose count has passed 2^32, once for each time.
    key_carries: Vec<u32>,
}

#[derive(Debug)]
struct Block {
    times: Box<[u64; BLOCK]>,
    keys: Box<[u32; BLOCK]>,
    /// Bytes as the stream counts them.
    sizes: Box<[u32; BLOCK]>,
    /// Index of the shard that each record goes to.
    shards: Box<[u16; BLOCK]>,
    /// Bytes of the partition key of each record, where someone asks for them.
    key_bytes: Option<Box<[u16; BLOCK]>>,
    cursor: usize,
}

impl Block {
    /// Takes the times of `records`, and their sizes where they have any.
    fn take(&mut self, records: &[Replayed], has_sizes: bool) {
        for (time, record) in self.times.iter_mut().zip(records) {
            *time = record.time;
        }
        self.times[records.len()..].fill(u64::MAX);
        if has_sizes {
            for (size, record) in self.sizes.iter_mut().zip(records) {
                *size = record.size;
            }
        }
    }

    /// Takes the keys of `records` and finds their shards.
    fn place(
        &mut self,
        records: &[Replayed],
        recorded: &RecordedPlan,
        (routes, router): (&Routes, Option<&Router>),
        key_bytes_count: u32,
        draws: &mut Generator,
    ) {
        for (index, record) in records.iter().enumerate() {
            self.keys[index] = record.key;
            if let Some(column) = &mut self.key_bytes {
                column[index] = record.key_bytes;
            }
            self.sizes[index] += u32::from(record.key_bytes) * key_bytes_count;
            self.shards[index] = match (routes, record.hash_key) {
                (Routes::ByKey(routes), None) => routes[record.key as usize].shard,
                (Routes::ByKey(_), Some(hash_key)) => recorded.shard_of(hash_key, router) as u16,
                (Routes::Fresh { router, .. }, _) => {
                    router.shard_of(HashKey(u128::from(draws.next_u64()) << 64)) as u16
                }
                (Routes::Composed(_), _) => unreachable!("recorded keys have one part"),
            };
        }
    }
}

/// A PutRecords call that waits for company.
#[derive(Debug, Default)]
struct Batch {
    /// Shard and arrival of each record; the time at the service is set when the call is sent.
    records: Vec<(u16, Arrival)>,
    bytes: u64,
    /// When the call is sent at the latest.
    deadline: u64,
}

impl<'plan> Source<'plan> {
    pub(super) fn new(context: Context<'plan>, index: usize, randomness: Randomness) -> Self {
        let plan = context.plan;
        let producer = &plan.producers[index];
        let waits = &context.replication.waits[index];
        let sender = producer.sending.as_ref().map(|how| Sender::new(plan, index, how, waits));
        let stream = |purpose| randomness.stream(&producer.name, purpose);
        let hottest = COUNTED_KEYS.max(COUNTED_KEYS_PER_SHARD * plan.shards);
        let counted_keys = if producer.keys.falls() { hottest } else { usize::MAX };
        Self {
            warm_up: plan.warm_up,
            horizon: plan.horizon,
            max_record_size: plan.max_record_size.0 as u32,
            key_bytes_count: u32::from(plan.quotas.partition_key_bytes_count),
            replay: producer
                .recorded
                .as_ref()
                .map(|recorded| Replay::new(recorded, plan.horizon, stream(Purpose::TraceCopy))),
            clock: ArrivalClock::new(
                producer.profile.clone(),
                producer.arrivals,
                stream(Purpose::Burst),
            ),
            time_draws: stream(Purpose::ArrivalTime),
            key_draws: stream(Purpose::PartitionKey),
            part_draws: producer.keys.draws(randomness, &producer.name),
            size_draws: stream(Purpose::RecordSize),
            block: Block {
                times: Box::new([0; BLOCK]),
                keys: Box::new([0; BLOCK]),
                sizes: Box::new([0; BLOCK]),
                shards: Box::new([0; BLOCK]),
                key_bytes: sender.is_some().then(|| Box::new([0; BLOCK])),
                cursor: BLOCK,
            },
            next: (index as u64) << arrival::CALL_BITS,
            batch: Batch::default(),
            sender,
            generated: Generated::default(),
            seconds: VecDeque::new(),
            first_second: 0,
            key_counts: vec![0; counted_keys.min(producer.keys.len()) + 1],
            key_carries: Vec::new(),
            routes: Cow::Borrowed(&producer.routes),
            reroute_draws: randomness.identity_draws(&producer.name, Purpose::Reroute),
            moves: 0,
            router: None,
            key_counts_before: Vec::new(),
            plan: producer,
        }
    }

    /// Deals every record created before `until` to the lanes' inboxes.
    pub(super) fn deal(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) {
        loop {
            if self.block.cursor == BLOCK {
                self.draw_block();
            }
            let from = self.block.cursor;
            let first = self.block.times[from];
            if first >= until {
                break;
            }
            // A stretch lies within one second and on one side of the warm-up's end.
            let second = first / NANOSECONDS_PER_SECOND;
            let mut end = until.min((second + 1) * NANOSECONDS_PER_SECOND);
            if first < self.warm_up {
                end = end.min(self.warm_up);
            }
            let to = from + self.block.times[from..].partition_point(|time| *time < end);
            self.deal_stretch(from, to, inboxes);
            self.block.cursor = to;
        }
        if !self.batch.records.is_empty() && self.batch.deadline < until {
            self.send(self.batch.deadline, inboxes);
        }
    }

    /// What the next second brought, once all that is created in it has been dealt.
    pub(super) fn take_second(&mut self) -> GeneratedSecond {
        self.first_second += 1;
        self.seconds.pop_front().unwrap_or_default()
    }

    /// The shards of the records after the warm-up that wait in a batch.
    pub(super) fn waiting(&self) -> impl Iterator<Item = usize> + '_ {
        let counted = |record: &&(u16, Arrival)| record.1.created() >= self.warm_up;
        self.batch.records.iter().filter(counted).map(|(shard, _)| usize::from(*shard))
    }

    /// Records after the warm-up by key, for the keys of highest weight.
    pub(super) fn all_key_counts(&self) -> Vec<u64> {
        let mut counts: Vec<u64> = self.key_counts.iter().map(|count| u64::from(*count)).collect();
        counts.pop();
        for key in &self.key_carries {
            if let Some(count) = counts.get_mut(*key as usize) {
                *count += 1 << 32;
            }
        }
        counts
    }

    /// The same, since each key came to its shard.
    pub(super) fn key_counts(&self) -> Vec<u64> {
        let mut counts = self.all_key_counts();
        for (count, before) in counts.iter_mut().zip(&self.key_counts_before) {
            *count -= before;
        }
        counts
    }

    /// Why the producer cannot come up with all of its records.
    pub(super) fn failure(&self) -> Option<&TraceError> {
        self.replay.as_ref().and_then(Replay::failure)
    }

    /// Follows a move of hash keys to another shard: what has been drawn and not been dealt goes
    /// there too. `router` is that of all open shards after it.
    /// `at` says when, and below what the names of shards are.
    pub(super) fn follow(
        &mut self,
        (moved, is_split): (&Move, bool),
        router: &Router,
        at: (u64, usize),
    ) {
        let Some(index) = &self.plan.key_index else { return };
        self.routes.to_mut().follow(&self.plan.keys, index, moved, router);
        self.moves += 1;
        self.router = self.replay.is_some().then(|| router.clone());
        for record in self.block.cursor..BLOCK {
            if self.block.shards[record] == moved.from {
                let (time, key) = (self.block.times[record], self.block.keys[record]);
                self.block.shards[record] = self.again(moved, key, time, record as u64);
            }
        }
        let mut batch = std::mem::take(&mut self.batch.records);
        for (shard, arrival) in &mut batch {
            if *shard == moved.from {
                *shard = self.again(moved, arrival.key(), arrival.created(), arrival.call());
            }
        }
        self.batch.records = batch;
        if let Some(mut sender) = self.sender.take() {
            let again = |key, created, number| self.again(moved, key, created, number);
            sender.follow((moved, is_split), at, again);
            self.sender = Some(sender);
        }
    }

    /// Where a record goes that was on its way to the shard that the last move is from: one with
    /// this key, made at `created`, and `number` to tell it from others of that time.
    pub(super) fn again(&self, moved: &Move, key: u32, created: u64, number: u64) -> u16 {
        if let Some(hash_key) = self.replay.as_ref().and_then(|replay| replay.hash_key(key)) {
            return if moved.range.contains(hash_key) { moved.to } else { moved.from };
        }
        let draw = || self.reroute_draws.bits(created, (number & 0xff) | self.moves << 8);
        self.routes.again(key, moved, draw)
    }

    /// The counted keys of a range of hash keys with their records since they came there, and
    /// begins to count anew.
    pub(super) fn take_key_counts(&mut self, range: HashKeyRange) -> Vec<(usize, u64)> {
        let Some(index) = &self.plan.key_index else { return Vec::new() };
        let counted = self.key_counts.len() - 1;
        if self.key_counts_before.is_empty() {
            self.key_counts_before = vec![0; counted];
        }
        let mut taken = Vec::new();
        for key in self.plan.keys.keys_within(index, range) {
            let number = key as usize;
            if number < counted {
                let carries = self.key_carries.iter().filter(|carry| **carry == key).count() as u64;
                let count = u64::from(self.key_counts[number]) + (carries << 32);
                taken.push((number, count - self.key_counts_before[number]));
                self.key_counts_before[number] = count;
            }
        }
        taken
    }

    fn draw_block(&mut self) {
        let block = &mut self.block;
        block.cursor = 0;
        self.plan.sizes.fill(&mut self.size_draws, block.sizes.as_mut_slice());
        if let Some(replay) = &mut self.replay {
            let (recorded, records) = replay.next_block();
            block.take(records, recorded.trace.has_sizes());
            if recorded.trace.has_keys() {
                let key_bytes_count = self.key_bytes_count;
                return block.place(
                    records,
                    recorded,
                    (&self.routes, self.router.as_ref()),
                    key_bytes_count,
                    &mut self.key_draws,
                );
            }
        } else {
            self.clock.fill(&mut self.time_draws, block.times.as_mut_slice());
        }
        self.plan.keys.fill(&mut self.key_draws, block.keys.as_mut_slice());
        match &*self.routes {
            Routes::ByKey(routes) => {
                for index in 0..BLOCK {
                    let route = routes[block.keys[index] as usize];
                    block.shards[index] = route.shard;
                    block.sizes[index] += u32::from(route.key_bytes) * self.key_bytes_count;
                }
                if let Some(key_bytes) = &mut block.key_bytes {
                    for (bytes, key) in key_bytes.iter_mut().zip(block.keys.iter()) {
                        *bytes = routes[*key as usize].key_bytes;
                    }
                }
            }
            Routes::Fresh { router, key_bytes } => {
                for index in 0..BLOCK {
                    let hash_key = HashKey(u128::from(self.key_draws.next_u64()) << 64);
                    block.shards[index] = router.shard_of(hash_key) as u16;
                    let key_bytes = u32::from(key_bytes[block.keys[index] as usize]);
                    block.sizes[index] += key_bytes * self.key_bytes_count;
                    if let Some(column) = &mut block.key_bytes {
                        column[index] = key_bytes as u16;
                    }
                }
            }
            Routes::Composed(routes) => {
                let Block { times, keys, sizes, shards, key_bytes, .. } = block;
                let (times, keys) = (times.as_slice(), keys.as_mut_slice());
                let draws = &mut self.part_draws;
                self.plan.keys.place(routes, draws, times, keys, |record, route| {
                    shards[record] = route.shard;
                    sizes[record] += u32::from(route.key_bytes) * self.key_bytes_count;
                    if let Some(column) = key_bytes {
                        column[record] = route.key_bytes;
                    }
                });
            }
        }
    }

    /// Deals the records of the block from `from` to `to`, which lie within one second and on one
    /// side of the warm-up's end.
    fn deal_stretch(&mut self, from: usize, to: usize, inboxes: &mut [Vec<Arrival>]) {
        let first = self.block.times[from];
        let counted = u64::from(first >= self.warm_up);
        let records = (to - from) as u64;
        let sizes = &self.block.sizes[from..to];
        let bytes: u64 = sizes.iter().map(|size| u64::from(*size)).sum();
        let too_large = sizes.iter().filter(|size| **size > self.max_record_size).count() as u64;
        self.generated.records += records * counted;
        self.generated.bytes += bytes * counted;
        self.generated.rejected += too_large * counted;
        let second = (first / NANOSECONDS_PER_SECOND - self.first_second) as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, GeneratedSecond::default());
        }
        self.seconds[second].records += records;
        self.seconds[second].bytes += bytes;
        if counted == 1 {
            self.count_keys(from, to, too_large > 0);
        }
        if self.sender.is_some() {
            self.hand_to_sender(from, to);
        } else if self.plan.calls == PutCalls::PutRecord {
            self.send_each(from, to, inboxes);
        } else {
            for index in from..to {
                self.collect(index, inboxes);
            }
        }
    }

    /// Counts the records of the block from `from` to `to` by key, but for those that are too large
    /// to be sent, if there are any.
    fn count_keys(&mut self, from: usize, to: usize, any_too_large: bool) {
        let counts = self.key_counts.as_mut_slice();
        let last = counts.len() - 1;
        let keys = &self.block.keys[from..to];
        let sizes = &self.block.sizes[from..to];
        for (key, size) in keys.iter().zip(sizes) {
            if any_too_large && *size > self.max_record_size {
                continue;
            }
            // No branch could guess which keys are counted; the last count is for the others.
            let count = &mut counts[(*key as usize).min(last)];
            *count = count.wrapping_add(1);
            if *count == 0 {
                self.key_carries.push(*key);
            }
        }
    }

    /// Gives the records of the block from `from` to `to` to the client.
    fn hand_to_sender(&mut self, from: usize, to: usize) {
        let (Some(sender), block) = (&mut self.sender, &self.block) else { return };
        for index in from..to {
            let key_bytes = block.key_bytes.as_ref().map_or(0, |bytes| bytes[index]);
            let counted_key_bytes = u32::from(key_bytes) * self.key_bytes_count;
            let (size, key) = (block.sizes[index], block.keys[index]);
            if size <= self.max_record_size {
                sender.coming.push_back(UserRecord::new(
                    block.times[index],
                    self.next as u32,
                    key,
                    size - counted_key_bytes,
                    block.shards[index],
                    key_bytes,
                ));
            }
            self.next += 1;
        }
    }

    /// Sends each record of the block from `from` to `to` in a call of its own.
    fn send_each(&mut self, from: usize, to: usize, inboxes: &mut [Vec<Arrival>]) {
        let times = &self.block.times[from..to];
        let keys = &self.block.keys[from..to];
        let sizes = &self.block.sizes[from..to];
        let shards = &self.block.shards[from..to];
        let (waited, largest) = (self.plan.one_way, self.max_record_size);
        let mut call = self.next;
        for (index, created) in times.iter().enumerate() {
            let (size, key) = (sizes[index], keys[index]);
            if size <= largest {
                let arrival = Arrival::new(created + waited, call, waited, size, key);
                inboxes[usize::from(shards[index])].push(arrival);
            }
            call += 1;
        }
        self.next = call;
    }

    /// Puts a record of the block into the open PutRecords call, and sends that when it is due or
    /// full.
    fn collect(&mut self, index: usize, inboxes: &mut [Vec<Arrival>]) {
        let PutCalls::PutRecords { batch_size, batch_bytes, linger } = self.plan.calls else {
            return;
        };
        let (now, size) = (self.block.times[index], self.block.sizes[index]);
        let shard = self.block.shards[index];
        let number = self.next;
        self.next += 1;
        if size > self.max_record_size {
            return;
        }
        let key = self.block.keys[index];
        let size_bytes = u64::from(size);
        if !self.batch.records.is_empty() {
            if self.batch.deadline <= now {
                self.send(self.batch.deadline, inboxes);
            } else if self.batch.bytes + size_bytes > batch_bytes.0 {
                self.send(now, inboxes);
            }
        }
        let call = match self.batch.records.first() {
            Some((_, first)) => first.call(),
            None => {
                self.batch.deadline = now + linger.nanoseconds();
                number
            }
        };
        self.batch.records.push((shard, Arrival::new(now, call, 0, size, key)));
        self.batch.bytes += size_bytes;
        if self.batch.records.len() as u64 == batch_size.0 {
            self.send(now, inboxes);
        }
    }

    /// Sends the open call at `now`.
    fn send(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let service = now + self.plan.one_way;
        let counted = |record: &(u16, Arrival)| record.1.created() >= self.warm_up;
        if service < self.horizon && self.batch.records.last().is_some_and(counted) {
            self.generated.calls += 1;
        }
        for (shard, arrival) in self.batch.records.drain(..) {
            inboxes[usize::from(shard)].push(arrival.sent(service));
        }
        self.batch.bytes = 0;
    }
}
