//! A job of micro-batches at one shard: it reads all the time, and what has been read waits until a
//! batch takes it. `joint::batches` decides when that is.
//!
//! Source: Databricks, Amazon Kinesis connector options, 2026: the source fetches in the
//! background, gathers what it has for a while, and a batch takes what is there when it is triggered. A batch
//! that is killed is done again as a whole from the offsets that the one before has committed.

use std::collections::VecDeque;

use crate::engine::fetch::{drifting, get_records, next_event, take_event};
use crate::engine::joint::Fleet;
use crate::engine::lane::Context;
use crate::engine::log::Log;
use crate::engine::mapping::{Held, count_left};
use crate::engine::position::Position;
use crate::engine::tally::{ConsumerTally, Tally};
use crate::model::read_limit::ReadLimits;
use crate::scenario::{MicroBatch, Reading};

/// What is in hand at one shard.
#[derive(Debug, Default)]
pub(super) struct Prefetch {
    /// What no batch has taken, the first first.
    blocks: VecDeque<Block>,
    /// Records in them.
    waiting: u64,
    running: Option<Running>,
    /// Calls that were refused, for draws.
    drawn: u64,
}

/// Records that become available together.
#[derive(Debug)]
struct Block {
    available: u64,
    records: Vec<Held>,
}

/// The shard's part of the batch that runs.
#[derive(Debug)]
struct Running {
    /// When the work on its first record begins, and how long each user record takes.
    from: u64,
    per_record: u64,
    records: Vec<Held>,
}

impl Running {
    /// How many of its records are done before `end`.
    fn done_before(&self, end: u64) -> usize {
        let mut done = self.from;
        let is_done = |held: &&Held| {
            done += self.per_record * u64::from(held.record.user_records());
            done < end
        };
        self.records.iter().take_while(is_done).count()
    }
}

impl Prefetch {
    /// Whether nothing is in hand.
    pub(super) fn is_idle(&self) -> bool {
        self.blocks.is_empty() && self.running.is_none()
    }

    /// When it reads next, if calls and events are free from `next` on.
    pub(super) fn due(
        &self,
        position: &Position,
        (next, offset): (u64, u64),
        job: &MicroBatch,
        (log, context): (&Log, Context<'_>),
    ) -> u64 {
        if position.has_stopped() || self.waiting >= job.max_records_per_batch.0 {
            return position.stop_at;
        }
        let read = match context.plan.consumers[position.consumer].reading {
            Reading::Polling { .. } => next,
            Reading::EnhancedFanOut { round_trip } => {
                let subscription = (next, offset, round_trip.nanoseconds());
                next_event(position.next_place(), subscription, log, context).unwrap_or(u64::MAX)
            }
        };
        read.min(position.stop_at)
    }

    /// Reads at `now`; gives when it may read again.
    pub(super) fn fetch(
        &mut self,
        position: &mut Position,
        (now, shard, job): (u64, u64, &MicroBatch),
        limits: &mut ReadLimits,
        (log, context): (&Log, Context<'_>),
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) -> u64 {
        let consumer = position.consumer;
        let mut scratch = std::mem::take(&mut position.scratch);
        let (records, comes, next) = match context.plan.consumers[consumer].reading {
            Reading::Polling { interval, max_records, round_trip } => {
                let room = job.max_records_per_batch.0 - self.waiting;
                let call = (now, max_records.0.min(room));
                let view = (log, &mut scratch);
                let answer = get_records(position, call, limits, view, context, tally);
                let mut next = now + interval.nanoseconds();
                if limits.are_contended(now) {
                    self.drawn += 1;
                    next = drifting(now, interval, (consumer, shard, self.drawn), context);
                }
                match answer {
                    Some(answer) => {
                        let bytes: u64 =
                            answer.records.iter().map(|record| u64::from(record.size())).sum();
                        let tally = &mut tally.consumers[consumer];
                        let records = position.take(answer.records, context, tally);
                        let least = round_trip.nanoseconds().max(paced(bytes, job));
                        let next = next.max(now + least);
                        (records, now + round_trip.nanoseconds(), next)
                    }
                    None => (Vec::new(), now, next),
                }
            }
            Reading::EnhancedFanOut { .. } => {
                let view = (log, &mut scratch);
                let (records, free) = take_event(position, now, view, context, tally);
                (position.take(records, context, &mut tally.consumers[consumer]), now, free)
            }
        };
        position.scratch = scratch;
        if !records.is_empty() {
            let available = self.gather(records, comes, job);
            fleet.has_fetched(consumer, available);
        }
        next
    }

    /// Takes records that come at `now`; gives when a batch can have them.
    fn gather(&mut self, mut records: Vec<Held>, now: u64, job: &MicroBatch) -> u64 {
        self.waiting += records.len() as u64;
        if let Some(last) = self.blocks.back_mut().filter(|last| last.available > now) {
            last.records.append(&mut records);
            return last.available;
        }
        let available = now + job.fetch_duration.nanoseconds();
        self.blocks.push_back(Block { available, records });
        available
    }

    /// User records that a batch which starts at `now` would take.
    pub(super) fn user_records(&self, now: u64) -> u64 {
        let blocks = self.blocks.iter().take_while(|block| block.available <= now);
        let records = blocks.flat_map(|block| &block.records);
        records.map(|held| u64::from(held.record.user_records())).sum()
    }

    /// When a batch can have the first records that none has taken.
    pub(super) fn available(&self) -> u64 {
        self.blocks.front().map_or(u64::MAX, |block| block.available)
    }

    /// A batch starts at `now` and works on the shard's records as `pace` says: from when on, and
    /// how long on each user record. What it does not have room for stays.
    pub(super) fn start(&mut self, now: u64, (from, per_record): (u64, u64)) {
        let count = self.blocks.iter().take_while(|block| block.available <= now).count();
        let taken = self.blocks.drain(..count).flat_map(|block| block.records);
        let records: Vec<Held> = taken.collect();
        self.waiting -= records.len() as u64;
        if !records.is_empty() {
            self.running = Some(Running { from, per_record, records });
        }
    }

    /// The batch ends.
    pub(super) fn end(
        &mut self,
        position: &mut Position,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        let Some(running) = self.running.take() else {
            return;
        };
        process(&running, running.records.len(), context, tally);
        let after = running.records.last().map_or(0, |held| held.place + 1);
        position.place = position.place.max(after);
        position.checkpoint = position.place;
    }

    /// The job stops at `now`: what no batch has taken is read again. When it is killed so is the
    /// batch in hand, of which what has been done will be done again.
    pub(super) fn stop(
        &mut self,
        position: &mut Position,
        (now, is_killed): (u64, bool),
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        let mut rest = Vec::new();
        if is_killed && let Some(mut running) = self.running.take() {
            let done = running.done_before(now);
            process(&running, done, context, tally);
            rest = running.records.split_off(done);
        }
        rest.extend(self.blocks.drain(..).flat_map(|block| block.records));
        self.waiting = 0;
        position.give_back(&rest, context, tally);
        if is_killed {
            position.fetched = position.place;
        }
    }

    /// Counts what is in hand when the run ends.
    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut ConsumerTally) {
        let mut rest = Vec::new();
        if let Some(mut running) = self.running.take() {
            let done = running.done_before(context.plan.horizon);
            process(&running, done, context, tally);
            rest = running.records.split_off(done);
        }
        rest.extend(self.blocks.drain(..).flat_map(|block| block.records));
        for held in rest {
            count_left(&held, context, tally);
        }
    }
}

/// How long the job waits after it has read so many bytes of a shard, in nanoseconds.
fn paced(bytes: u64, job: &MicroBatch) -> u64 {
    let Some(rate) = job.fetch_rate.filter(|rate| rate.amount() > 0) else {
        return 0;
    };
    let paced = u128::from(bytes) * u128::from(rate.per_nanoseconds());
    paced.div_ceil(u128::from(rate.amount())) as u64
}

/// Counts the first `count` records of a batch as processed, or as processed once more.
fn process(running: &Running, count: usize, context: Context<'_>, tally: &mut ConsumerTally) {
    let mut done = running.from;
    for held in &running.records[..count] {
        done += running.per_record * u64::from(held.record.user_records());
        if held.record.created < context.plan.warm_up {
            continue;
        }
        if held.again {
            tally.duplicate_records += 1;
        } else {
            tally.processed_records += 1;
            tally.end_to_end_latency.record(done - held.record.created);
        }
    }
}
