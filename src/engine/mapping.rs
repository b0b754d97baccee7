//! An event source mapping of AWS Lambda on one shard: reads ahead, divides what it has read by
//! partition key, and hands batches to the function until each is done or given up.
//!
//! What is documented: base rate of one poll a second, batch size, window and payload, up to ten
//! batches of a shard at once of which each keeps its keys, retries that block, halving, record
//! age (Lambda developer guide, Kinesis event source mappings, 2022). What is assumed: reading
//! pauses while a full batch waits for each lane, or as many records as an answer holds; an
//! invocation that finds no room waits its turn.

mod lane;

use crate::engine::fetch::{get_records, next_event, take_event};
use crate::engine::joint::Fleet;
use crate::engine::lane::Context;
use crate::engine::log::{Log, LogRecord};
use crate::engine::position::Position;
use crate::engine::tally::{ConsumerTally, Tally};
use crate::engine::timetable::StopKind;
use crate::model::read_limit::ReadLimits;
use crate::scenario::{Lambda, Reading};

use lane::{MappingLane, State};

/// A record in the hands of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) place: u64,
    pub(super) record: LogRecord,
    /// It has been processed before.
    pub(super) again: bool,
}

/// Where a mapping finds its shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) consumer: usize,
    pub(super) shard: usize,
}

/// An event source mapping on one shard.
#[derive(Debug)]
pub(super) struct Mapping {
    lanes: Vec<MappingLane>,
    /// Records on their way from the shard, and when they come.
    arriving: Vec<Held>,
    arrives: u64,
    /// Calls and invocations, for draws.
    drawn: u64,
    /// Records on which the function fails that have come, of those that the timetable names.
    poisoned: usize,
}

impl Mapping {
    pub(super) fn new(lambda: &Lambda) -> Self {
        let lanes = (0..lambda.parallelization_factor).map(|_| MappingLane::default());
        Self {
            lanes: lanes.collect(),
            arriving: Vec::new(),
            arrives: u64::MAX,
            drawn: 0,
            poisoned: 0,
        }
    }

    /// When something happens next, if calls and events are free from `next` on.
    pub(super) fn due(
        &self,
        position: &Position,
        (next, offset): (u64, u64),
        lambda: &Lambda,
        (log, context): (&Log, Context<'_>),
    ) -> u64 {
        let has_stopped = position.has_stopped();
        let lanes = self.lanes.iter().map(|lane| lane.due(has_stopped)).min().unwrap_or(u64::MAX);
        let due = lanes.min(position.stop_at);
        if has_stopped {
            return due;
        }
        due.min(self.arrives).min(self.fetch_due(position, (next, offset), lambda, (log, context)))
    }

    /// Whether nothing is in hand.
    pub(super) fn is_idle(&self) -> bool {
        self.arriving.is_empty() && self.lanes.iter().all(|lane| lane.first_place().is_none())
    }

    fn fetch_due(
        &self,
        position: &Position,
        (next, offset): (u64, u64),
        lambda: &Lambda,
        (log, context): (&Log, Context<'_>),
    ) -> u64 {
        let waiting: usize = self.lanes.iter().map(|lane| lane.queue.len()).sum();
        let is_short = |lane: &MappingLane| (lane.queue.len() as u64) < lambda.batch_size.0;
        let most = context.plan.quotas.get_records_max_records.0;
        let has_room = waiting as u64 <= most && self.lanes.iter().any(is_short);
        if self.arrives != u64::MAX || !has_room {
            return u64::MAX;
        }
        match context.plan.consumers[position.consumer].reading {
            Reading::Polling { .. } => next,
            Reading::EnhancedFanOut { round_trip } => {
                let subscription = (next, offset, round_trip.nanoseconds());
                next_event(position.next_place(), subscription, log, context).unwrap_or(u64::MAX)
            }
        }
    }

    /// Reads at `now`; gives when it may read again.
    pub(super) fn fetch(
        &mut self,
        position: &mut Position,
        (now, shard): (u64, u64),
        limits: &mut ReadLimits,
        (log, context): (&Log, Context<'_>),
        tally: &mut Tally,
    ) -> u64 {
        let consumer = position.consumer;
        let mut scratch = std::mem::take(&mut position.scratch);
        let next = match context.plan.consumers[consumer].reading {
            Reading::Polling { interval, max_records, round_trip } => {
                let call = (now, max_records.0);
                let view = (log, &mut scratch);
                let least = context.plan.quotas.lambda_poll_least.nanoseconds();
                match get_records(position, call, limits, view, context, tally) {
                    Some(answer) => {
                        let tally = &mut tally.consumers[consumer];
                        self.arriving = position.take(answer.records, context, tally);
                        self.arrives = now + round_trip.nanoseconds();
                        let wait = if answer.at_tip { interval.nanoseconds() } else { least };
                        now + wait.max(round_trip.nanoseconds())
                    }
                    None => {
                        self.drawn += 1;
                        let draws = context.replication.phases[consumer];
                        now + least + draws.below(shard, self.drawn, least)
                    }
                }
            }
            Reading::EnhancedFanOut { .. } => {
                let view = (log, &mut scratch);
                let (records, free) = take_event(position, now, view, context, tally);
                let tally = &mut tally.consumers[consumer];
                self.arriving = position.take(records, context, tally);
                self.arrives = now;
                free
            }
        };
        position.scratch = scratch;
        if self.arriving.is_empty() {
            self.arrives = u64::MAX;
        }
        next
    }

    /// Plays what happens at `now` besides reading and stopping: records come, an invocation ends,
    /// a batch is ready. False when nothing does.
    pub(super) fn act(
        &mut self,
        position: &mut Position,
        (now, at): (u64, Place),
        lambda: &Lambda,
        (log, context): (&Log, Context<'_>),
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) -> bool {
        if self.arrives <= now && !position.has_stopped() {
            self.arrives = u64::MAX;
            let factor = u64::from(lambda.parallelization_factor);
            for held in std::mem::take(&mut self.arriving) {
                let lane = lane_of(held.record.key(), factor);
                self.poison((&held, lane), at, context);
                self.lanes[lane].receive(held, now, lambda, context);
            }
            return true;
        }
        let has_stopped = position.has_stopped();
        let Some(index) = self.lanes.iter().position(|lane| lane.due(has_stopped) <= now) else {
            return false;
        };
        let lane = &mut self.lanes[index];
        if let State::Running { .. } = lane.state {
            position.look_back(now, log, context, tally);
            let age = lane.complete(now, lambda, context, &mut tally.consumers[at.consumer]);
            fleet.release(at.consumer, now);
            if let Some(age) = age {
                position.report_age(age, now, context, tally);
            }
            lane.schedule(now, lambda, context);
            self.settle(position);
            return true;
        }
        lane.prepare(now, lambda, context, &mut tally.consumers[at.consumer]);
        if lane.batches.is_empty() {
            lane.schedule(now, lambda, context);
            self.settle(position);
            return true;
        }
        if lane.has_slot || fleet.acquire((at, index)) {
            self.drawn += 1;
            let draw = (self.drawn, fleet.is_cold(at.consumer, now, lambda));
            self.lanes[index].start(
                (now, at),
                draw,
                lambda,
                context,
                &mut tally.consumers[at.consumer],
            );
        } else {
            lane.state = State::Queued;
            let counted = u64::from(now >= context.plan.warm_up);
            tally.consumers[at.consumer].function.throttled_invocations += counted;
        }
        true
    }

    /// Notes that a record which comes to a lane is one on which the function fails.
    fn poison(&mut self, (held, lane): (&Held, usize), at: Place, context: Context<'_>) {
        let all = &context.plan.consumers[at.consumer].timetable.poisons;
        let own = all.iter().filter(|poison| poison.shard == at.shard);
        for poison in own.skip(self.poisoned) {
            if held.record.accepted < poison.from {
                return;
            }
            self.poisoned += 1;
            self.lanes[lane].poisoned.push((held.place, poison.until));
        }
    }

    /// There is room for the batch of a lane that waited for it.
    pub(super) fn grant(&mut self, lane: usize, now: u64) {
        self.lanes[lane].has_slot = true;
        self.lanes[lane].state = State::Pausing { until: now };
    }

    /// The place before which everything is done.
    fn settle(&self, position: &mut Position) {
        let held = self.lanes.iter().filter_map(MappingLane::first_place);
        let first = held.chain(self.arriving.first().map(|held| held.place)).min();
        position.place = position.place.max(first.unwrap_or(position.fetched));
    }

    /// The consumer stops in the given way at `now`.
    pub(super) fn stop(
        &mut self,
        position: &mut Position,
        (now, at): (u64, Place),
        kind: StopKind,
        context: Context<'_>,
        (tally, fleet): (&mut ConsumerTally, &mut Fleet),
    ) {
        fleet.forget(at);
        for lane in &mut self.lanes {
            if matches!(lane.state, State::Queued) {
                lane.state = State::Pausing { until: now };
            }
            if lane.has_slot {
                lane.has_slot = false;
                fleet.release(at.consumer, now);
            }
            if kind != StopKind::InOrder && lane.break_off(now, context, tally) {
                fleet.release(at.consumer, now);
            }
        }
        if let StopKind::Moved(_) = kind {
            let held = std::mem::take(&mut self.arriving);
            self.arrives = u64::MAX;
            let all = self.lanes.iter_mut().flat_map(MappingLane::drain);
            position.skip(all.chain(held), context, tally);
            position.fetched = position.settled;
            position.place = position.place.max(position.settled);
        }
        position.checkpoint = position.place;
    }

    /// The consumer works again from `now` on.
    pub(super) fn resume(&mut self, now: u64) {
        for lane in &mut self.lanes {
            lane.not_before(now);
        }
        self.arrives = if self.arrives == u64::MAX { u64::MAX } else { self.arrives.max(now) };
    }

    /// Counts what is in hand when the run ends.
    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut ConsumerTally) {
        let held = std::mem::take(&mut self.arriving);
        let all = self.lanes.iter_mut().flat_map(MappingLane::drain);
        for held in all.chain(held) {
            count_left(&held, context, tally);
        }
    }
}

/// The lane of a partition key: AWS says that there is one, not which.
fn lane_of(key: u32, factor: u64) -> usize {
    let mixed = u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    ((mixed * factor) >> 32) as usize
}

/// Counts a record that is in hand when the run ends.
pub(super) fn count_left(held: &Held, context: Context<'_>, tally: &mut ConsumerTally) {
    let record = &held.record;
    if held.again || record.created < context.plan.warm_up {
        return;
    }
    if record.accepted.saturating_add(context.plan.retention) <= context.plan.horizon {
        tally.expired_records += 1;
    } else {
        tally.backlog_records += 1;
        tally.backlog_bytes += u64::from(record.size());
    }
}
