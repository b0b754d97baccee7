//! A Firehose stream at one shard: one GetRecords call a second, and the calls of a function that
//! changes the records before they are gathered.
//!
//! Sources: Firehose developer guide, Kinesis as a source and data transformation, 2023. Assumed:
//! nothing is read while objects wait for a destination that throttles.

use std::collections::VecDeque;

use crate::engine::fetch::{drifting, get_records};
use crate::engine::joint::Fleet;
use crate::engine::lane::Context;
use crate::engine::log::Log;
use crate::engine::mapping::{Held, count_left};
use crate::engine::position::Position;
use crate::engine::tally::{ConsumerTally, Tally};
use crate::model::read_limit::ReadLimits;
use crate::scenario::{Firehose, Reading, Transform};

/// Calls of the function that run at the same time for one shard.
const CALLS_AT_ONCE: usize = 5;

/// A Firehose stream at one shard.
#[derive(Debug, Default)]
pub(super) struct Tap {
    /// Records that wait for the function, their bytes, and when it is called for them.
    waiting: Vec<Held>,
    bytes: u64,
    call_at: Option<u64>,
    /// Calls that run, and when they end, the first first.
    calls: VecDeque<(u64, Vec<Held>)>,
    /// Calls among others that are refused, for draws.
    drawn: u64,
}

impl Tap {
    /// When something happens next, if the next call is free at `next`.
    pub(super) fn due(&self, position: &Position, next: u64) -> u64 {
        let ends = self.calls.front().map_or(u64::MAX, |(end, _)| *end);
        let calls = self.call_at.unwrap_or(u64::MAX);
        let read = if position.has_stopped() { u64::MAX } else { next };
        read.min(ends).min(calls).min(position.stop_at)
    }

    /// Whether nothing is in hand.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.calls.is_empty()
    }

    /// Plays what happens at `now` besides reading and stopping; false when nothing does.
    pub(super) fn act(
        &mut self,
        position: &Position,
        (now, firehose): (u64, &Firehose),
        context: Context<'_>,
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) -> bool {
        if self.calls.front().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, mut records)) = self.calls.pop_front() {
                fleet.gather(position.consumer, &mut records, now, context, tally);
            }
            return true;
        }
        if self.call_at.is_some_and(|at| at <= now) {
            if let Some(transform) = &firehose.transform {
                self.call(transform, now, context, &mut tally.consumers[position.consumer]);
            }
            return true;
        }
        false
    }

    /// One GetRecords call at `now`; gives when the next one is made.
    pub(super) fn fetch(
        &mut self,
        position: &mut Position,
        (now, firehose): (u64, &Firehose),
        limits: &mut ReadLimits,
        (log, context): (&Log, Context<'_>),
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) -> u64 {
        let consumer = position.consumer;
        let Reading::Polling { interval, max_records, round_trip } =
            context.plan.consumers[consumer].reading
        else {
            return u64::MAX;
        };
        let blocked_until = fleet.blocked_until(consumer);
        if blocked_until > now {
            // So that calls stay as far apart as they were.
            return now + (blocked_until - now).next_multiple_of(interval.nanoseconds());
        }
        let mut scratch = std::mem::take(&mut position.scratch);
        let call = (now, max_records.0);
        let answer = get_records(position, call, limits, (log, &mut scratch), context, tally);
        let records = answer
            .map(|answer| position.take(answer.records, context, &mut tally.consumers[consumer]));
        position.scratch = scratch;
        let mut records = records.unwrap_or_default();
        position.place = position.place.max(position.fetched);
        position.checkpoint = position.place;
        let comes = now + round_trip.nanoseconds();
        match &firehose.transform {
            None => fleet.gather(consumer, &mut records, comes, context, tally),
            Some(transform) => {
                for held in records {
                    if self.waiting.is_empty() {
                        self.call_at = Some(comes + transform.buffer_interval.nanoseconds());
                    }
                    self.bytes += u64::from(held.record.size());
                    self.waiting.push(held);
                    if self.bytes >= transform.buffer_size.0 {
                        self.call(transform, comes, context, &mut tally.consumers[consumer]);
                    }
                }
            }
        }
        if limits.are_contended(now) {
            self.drawn += 1;
            return drifting(now, interval, (consumer, position.shard as u64, self.drawn), context);
        }
        now + interval.nanoseconds()
    }

    /// Hands what waits to the function.
    fn call(
        &mut self,
        transform: &Transform,
        now: u64,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        self.call_at = None;
        self.bytes = 0;
        let records = std::mem::take(&mut self.waiting);
        let users: u64 = records.iter().map(|held| u64::from(held.record.user_records())).sum();
        let per_record = transform.per_record.nanoseconds() * users;
        let takes = transform.per_batch.nanoseconds() + per_record;
        let running = self.calls.len();
        let free = match running.checked_sub(CALLS_AT_ONCE) {
            Some(first) => self.calls[first].0.max(now),
            None => now,
        };
        if now >= context.plan.warm_up {
            tally.function.invocations += 1;
            tally.function.handed_records += records.len() as u64;
            tally.function.billed_nanoseconds += takes.max(1).next_multiple_of(1_000_000);
        }
        let end = free + takes;
        let place = self.calls.partition_point(|(other, _)| *other <= end);
        self.calls.insert(place, (end, records));
    }

    /// Counts what is in hand when the run ends.
    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut ConsumerTally) {
        let calls = self.calls.drain(..).flat_map(|(_, records)| records);
        for held in calls.chain(self.waiting.drain(..)) {
            count_left(&held, context, tally);
        }
    }
}
