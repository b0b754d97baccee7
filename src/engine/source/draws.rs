//! What a producer draws: the time, the key, the size and the shard of each record, in blocks.
//!
//! Times, keys and sizes come from streams of their own, so a long block can be drawn by several
//! threads at once. Everything is drawn in steps of [`BLOCK`] records, however long the block is,
//! so the same records come out.

use std::borrow::Cow;

use rand::Rng;
use rayon::prelude::*;

use crate::engine::lane::Context;
use crate::engine::plan::{ProducerPlan, RecordedPlan};
use crate::engine::replay::{Replay, Replayed};
use crate::hash_key::{HashKey, Router};
use crate::model::partition_key::{KeyDraws, Move, Routes};
use crate::model::traffic::ArrivalClock;
use crate::random::{Generator, IdentityDraws, Purpose, Randomness};
use crate::scenario::TraceError;

/// Records drawn at a time.
pub(in crate::engine) const BLOCK: usize = 1_024;

/// Records in the order of their creation; as many of each column.
#[derive(Debug, Default)]
pub(in crate::engine) struct Block {
    pub(super) times: Vec<u64>,
    pub(super) keys: Vec<u32>,
    /// Bytes as the stream counts them.
    pub(super) sizes: Vec<u32>,
    /// Index of the shard that each record goes to.
    pub(super) shards: Vec<u16>,
    /// Bytes of the partition key of each record; empty where nobody asks for them.
    pub(super) key_bytes: Vec<u16>,
    /// Records that have been dealt.
    pub(super) cursor: usize,
}

impl Block {
    /// Records that have not been dealt.
    pub(super) fn left(&self) -> usize {
        self.times.len() - self.cursor
    }

    fn resize(&mut self, records: usize, has_key_bytes: bool) {
        self.cursor = 0;
        self.times.resize(records, 0);
        self.keys.resize(records, 0);
        self.sizes.resize(records, 0);
        self.shards.resize(records, 0);
        self.key_bytes.resize(if has_key_bytes { records } else { 0 }, 0);
    }

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
}

/// The draws of one producer.
#[derive(Debug)]
pub(in crate::engine) struct Draws<'plan> {
    plan: &'plan ProducerPlan,
    /// Those of the plan, or its own once shards have split or merged.
    pub(in crate::engine) routes: Cow<'plan, Routes>,
    reroute_draws: IdentityDraws,
    /// Moves so far.
    moves: u64,
    /// Where the hash keys belong since they have moved, where a trace tells them.
    router: Option<Router>,
    /// One when the bytes of the partition key count, zero when not.
    key_bytes_count: u32,
    has_key_bytes: bool,
    /// Whether shards split or merge.
    follows_moves: bool,
    /// In place of all draws but those of what the trace does not tell.
    replay: Option<Replay<'plan>>,
    clock: ArrivalClock,
    time_draws: Generator,
    key_draws: Generator,
    /// For keys of several parts.
    part_draws: KeyDraws,
    size_draws: Generator,
}

impl<'plan> Draws<'plan> {
    pub(super) fn new(context: Context<'plan>, index: usize, randomness: Randomness) -> Self {
        let plan = context.plan;
        let producer = &plan.producers[index];
        let stream = |purpose| randomness.stream(&producer.name, purpose);
        Self {
            routes: Cow::Borrowed(&producer.routes),
            reroute_draws: randomness.identity_draws(&producer.name, Purpose::Reroute),
            moves: 0,
            router: None,
            key_bytes_count: u32::from(plan.quotas.partition_key_bytes_count),
            has_key_bytes: producer.sending.is_some(),
            follows_moves: plan.reshards.is_some(),
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
            plan: producer,
        }
    }

    /// Why the records cannot all be drawn.
    pub(super) fn failure(&self) -> Option<&TraceError> {
        self.replay.as_ref().and_then(Replay::failure)
    }

    /// Whether it makes no difference how long before they are dealt records are drawn. A file is read
    /// as they are needed, and where shards split or merge, the shard of a record is drawn anew if
    /// that was drawn before.
    pub(super) const fn may_be_ahead(&self) -> bool {
        self.replay.is_none() && !self.follows_moves
    }

    /// Follows a move of hash keys to another shard; `router` is that of all open shards after it.
    pub(super) fn follow(&mut self, moved: &Move, router: &Router) {
        let Some(index) = &self.plan.key_index else { return };
        self.routes.to_mut().follow(&self.plan.keys, index, moved, router);
        self.moves += 1;
        self.router = self.replay.is_some().then(|| router.clone());
    }

    /// Where a record goes that was on its way to the shard that the last move is from: one with
    /// this key, made at `created`, and `number` to tell it from others of that time.
    pub(in crate::engine) fn again(
        &self,
        moved: &Move,
        key: u32,
        created: u64,
        number: u64,
    ) -> u16 {
        if let Some(hash_key) = self.replay.as_ref().and_then(|replay| replay.hash_key(key)) {
            return if moved.range.contains(hash_key) { moved.to } else { moved.from };
        }
        let draw = || self.reroute_draws.bits(created, (number & 0xff) | self.moves << 8);
        self.routes.again(key, moved, draw)
    }

    /// Fills `block` with the next records: [`BLOCK`] of them, in the order in which they come.
    pub(super) fn fill(&mut self, block: &mut Block) {
        block.resize(BLOCK, self.has_key_bytes);
        self.plan.sizes.fill(&mut self.size_draws, &mut block.sizes);
        if let Some(replay) = &mut self.replay {
            let (recorded, records) = replay.next_block();
            block.take(records, recorded.trace.has_sizes());
            if recorded.trace.has_keys() {
                return place_recorded(
                    block,
                    records,
                    recorded,
                    (&self.routes, self.router.as_ref()),
                    self.key_bytes_count,
                    &mut self.key_draws,
                );
            }
        } else {
            self.clock.fill(&mut self.time_draws, &mut block.times);
        }
        fill_keys(self.plan, &self.routes, &mut self.key_draws, &mut block.keys, &mut block.shards);
        self.place(block);
    }

    /// Fills `block` with the records of so many blocks, by as many threads as have time.
    pub(super) fn fill_jointly(&mut self, blocks: usize, block: &mut Block) {
        block.resize(blocks * BLOCK, self.has_key_bytes);
        let Block { times, keys, sizes, shards, .. } = &mut *block;
        let Self { plan, routes, clock, time_draws, key_draws, size_draws, .. } = self;
        let draw_times = || times.chunks_mut(BLOCK).for_each(|times| clock.fill(time_draws, times));
        let draw_sizes =
            || sizes.chunks_mut(BLOCK).for_each(|sizes| plan.sizes.fill(size_draws, sizes));
        let draw_keys = || {
            for (keys, shards) in keys.chunks_mut(BLOCK).zip(shards.chunks_mut(BLOCK)) {
                fill_keys(plan, routes, key_draws, keys, shards);
            }
        };
        rayon::join(draw_keys, || rayon::join(draw_times, draw_sizes));
        self.place(block);
    }

    /// Finds the shards of the records of `block`, and adds the bytes of their keys.
    fn place(&mut self, block: &mut Block) {
        let Block { times, keys, sizes, shards, key_bytes, .. } = block;
        let count = self.key_bytes_count;
        match &*self.routes {
            Routes::ByKey(routes) => {
                let steps = sizes.par_chunks_mut(BLOCK).zip(shards.par_chunks_mut(BLOCK));
                let steps = steps.zip(keys.par_chunks(BLOCK));
                let place = |((size, shard), key): ((&mut u32, &mut u16), &u32)| {
                    let route = routes[*key as usize];
                    *shard = route.shard;
                    *size += u32::from(route.key_bytes) * count;
                    route.key_bytes
                };
                if key_bytes.is_empty() {
                    steps.for_each(|((sizes, shards), keys)| {
                        for record in sizes.iter_mut().zip(shards).zip(keys) {
                            place(record);
                        }
                    });
                } else {
                    let steps = steps.zip(key_bytes.par_chunks_mut(BLOCK));
                    steps.for_each(|(((sizes, shards), keys), key_bytes)| {
                        let records = sizes.iter_mut().zip(shards).zip(keys);
                        for (record, bytes) in records.zip(key_bytes) {
                            *bytes = place(record);
                        }
                    });
                }
            }
            Routes::Fresh { key_bytes: lengths, .. } => {
                for (size, key) in sizes.iter_mut().zip(&*keys) {
                    *size += u32::from(lengths[*key as usize]) * count;
                }
                for (bytes, key) in key_bytes.iter_mut().zip(keys) {
                    *bytes = lengths[*key as usize];
                }
            }
            Routes::Composed(routes) => {
                let draws = &mut self.part_draws;
                let steps = times.chunks(BLOCK).zip(keys.chunks_mut(BLOCK));
                for (first, (times, keys)) in (0..).step_by(BLOCK).zip(steps) {
                    self.plan.keys.place(routes, draws, times, keys, |record, route| {
                        let record = first + record;
                        shards[record] = route.shard;
                        sizes[record] += u32::from(route.key_bytes) * count;
                        if let Some(bytes) = key_bytes.get_mut(record) {
                            *bytes = route.key_bytes;
                        }
                    });
                }
            }
        }
    }
}

/// Draws the keys of one step and, where those are fresh, their shards.
fn fill_keys(
    plan: &ProducerPlan,
    routes: &Routes,
    draws: &mut Generator,
    keys: &mut [u32],
    shards: &mut [u16],
) {
    plan.keys.fill(draws, keys);
    if let Routes::Fresh { router, .. } = routes {
        for shard in shards {
            *shard = router.shard_of(HashKey(u128::from(draws.next_u64()) << 64)) as u16;
        }
    }
}

/// Takes the keys of recorded `records` and finds their shards.
fn place_recorded(
    block: &mut Block,
    records: &[Replayed],
    recorded: &RecordedPlan,
    (routes, router): (&Routes, Option<&Router>),
    key_bytes_count: u32,
    draws: &mut Generator,
) {
    for (index, record) in records.iter().enumerate() {
        block.keys[index] = record.key;
        if let Some(bytes) = block.key_bytes.get_mut(index) {
            *bytes = record.key_bytes;
        }
        block.sizes[index] += u32::from(record.key_bytes) * key_bytes_count;
        block.shards[index] = match (routes, record.hash_key) {
            (Routes::ByKey(routes), None) => routes[record.key as usize].shard,
            (Routes::ByKey(_), Some(hash_key)) => recorded.shard_of(hash_key, router) as u16,
            (Routes::Fresh { router, .. }, _) => {
                router.shard_of(HashKey(u128::from(draws.next_u64()) << 64)) as u16
            }
            (Routes::Composed(_), _) => unreachable!("recorded keys have one part"),
        };
    }
}
