//! The consumers of one shard: polling ones, which share its read limits, and subscribed ones.
//!
//! Each consumer works on one batch at a time on each shard. At the end of every second the lane
//! asks how far each is behind; that moment comes before anything that happens at the same time,
//! and a stop comes before a call. `position` says what becomes of the records.

use crate::engine::fetch::{get_records, next_event, take_event};
use crate::engine::joint::Fleet;
use crate::engine::lane::Context;
use crate::engine::log::Log;
use crate::engine::mapping::{Mapping, Place};
use crate::engine::position::Position;
use crate::engine::tally::Tally;
use crate::engine::tap::Tap;
use crate::engine::timetable::StopKind;
use crate::model::read_limit::ReadLimits;
use crate::scenario::{Reading, Work};

/// Readers' draws on one shard; a stop draws the phase after it with the next index.
const FIRST_PHASE: u64 = 0;

/// All readers of one shard.
#[derive(Debug)]
pub(super) struct Readers {
    /// Shared by the polling ones.
    limits: ReadLimits,
    readers: Vec<Reader>,
}

/// One consumer on one shard.
#[derive(Debug)]
struct Reader {
    position: Position,
    /// Index of the shard.
    shard: u64,
    /// When it calls next (polling), or can take the next event (subscribed), in nanoseconds.
    next: u64,
    /// Subscribed: added to the time to find the place within a subscription.
    offset: u64,
    /// Polling: calls that were refused, and stops.
    drawn: u64,
    /// See `joint`.
    is_joint: bool,
    state: State,
}

/// What works on the records.
#[derive(Debug)]
enum State {
    Loop,
    Mapping(Mapping),
    Tap(Tap),
}

impl Readers {
    pub(super) fn new(shard: usize, context: Context<'_>) -> Self {
        let readers = context.plan.consumers.iter().enumerate().map(|(consumer, plan)| {
            let draws = context.replication.phases[consumer];
            let (next, offset) = match plan.reading {
                Reading::Polling { interval, .. } => {
                    (draws.below(shard as u64, FIRST_PHASE, interval.nanoseconds()), 0)
                }
                Reading::EnhancedFanOut { round_trip } => {
                    let lasts = context.plan.quotas.subscription_duration.nanoseconds();
                    let gap = round_trip.nanoseconds().min(lasts);
                    (0, gap + draws.below(shard as u64, FIRST_PHASE, lasts - gap))
                }
            };
            let position = Position::new(consumer, shard, context);
            let state = match &plan.work {
                Work::Loop | Work::Kcl(_) | Work::Flink => State::Loop,
                Work::Lambda(lambda) => State::Mapping(Mapping::new(lambda)),
                Work::Firehose(_) => State::Tap(Tap::default()),
            };
            let is_joint = plan.is_joint;
            Reader { position, shard: shard as u64, next, offset, drawn: 0, is_joint, state }
        });
        Self { limits: ReadLimits::new(&context.plan.quotas), readers: readers.collect() }
    }

    /// Plays all reads before `until` of consumers that do not couple shards.
    pub(super) fn advance(
        &mut self,
        until: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        self.poll_before(until, log, context, tally);
        for reader in self.readers.iter_mut().filter(|reader| !reader.is_joint) {
            let plan = &context.plan.consumers[reader.position.consumer];
            if let Reading::EnhancedFanOut { .. } = plan.reading {
                while reader.receive(until, log, context, tally) {}
            }
        }
    }

    /// All reads before `until` have been played; gives the place before which everyone has read,
    /// and the time before which nobody reads again.
    pub(super) fn end_window(
        &mut self,
        until: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) -> (u64, u64) {
        let mut needed = (log.end(), u64::MAX);
        for reader in &mut self.readers {
            reader.position.look_back(until, log, context, tally);
            let (place, time) = reader.position.needs(context);
            needed = (needed.0.min(place), needed.1.min(time));
        }
        needed
    }

    /// Lets the polling consumers call in the order of time, the first in the scenario first.
    fn poll_before(&mut self, until: u64, log: &Log, context: Context<'_>, tally: &mut Tally) {
        loop {
            let polls = |reader: &&mut Reader| {
                let plan = &context.plan.consumers[reader.position.consumer];
                matches!(plan.reading, Reading::Polling { .. })
                    && !reader.is_joint
                    && reader.due() < until
            };
            let due = |reader: &&mut Reader| (reader.due(), reader.position.consumer);
            let next = self.readers.iter_mut().filter(polls).min_by_key(due);
            let Some(reader) = next else {
                return;
            };
            if reader.position.stop_at <= reader.next || reader.position.has_stopped() {
                reader.turn(log, context, tally);
            } else {
                reader.poll(&mut self.limits, log, context, tally);
            }
        }
    }

    /// Counts what each consumer has left when the run ends.
    pub(super) fn finish(&mut self, log: &Log, context: Context<'_>, tally: &mut Tally) {
        for reader in &mut self.readers {
            reader.position.finish(log, context, tally);
            let tally = &mut tally.consumers[reader.position.consumer];
            match &mut reader.state {
                State::Loop => {}
                State::Mapping(mapping) => mapping.finish(context, tally),
                State::Tap(tap) => tap.finish(context, tally),
            }
        }
    }

    /// When a consumer that couples shards does something next, in nanoseconds.
    pub(super) fn due(&self, consumer: usize, log: &Log, context: Context<'_>) -> u64 {
        let reader = &self.readers[consumer];
        let position = &reader.position;
        match (&reader.state, &context.plan.consumers[consumer].work) {
            (State::Mapping(mapping), Work::Lambda(lambda)) => {
                mapping.due(position, (reader.next, reader.offset), lambda, (log, context))
            }
            (State::Tap(tap), _) => tap.due(position, reader.next),
            _ => reader.due(),
        }
    }

    /// Lets such a consumer do at `now` what is due.
    pub(super) fn act(
        &mut self,
        (consumer, now): (usize, u64),
        log: &Log,
        context: Context<'_>,
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) {
        let reader = &mut self.readers[consumer];
        if reader.position.stop_at <= now {
            return reader.turn_joint(log, context, (tally, fleet));
        }
        let shard = reader.shard;
        let at = Place { consumer, shard: shard as usize };
        let position = &mut reader.position;
        let limits = &mut self.limits;
        match (&mut reader.state, &context.plan.consumers[consumer].work) {
            (State::Mapping(mapping), Work::Lambda(lambda)) => {
                let joint = (&mut *tally, fleet);
                if !mapping.act(position, (now, at), lambda, (log, context), joint) {
                    reader.next =
                        mapping.fetch(position, (now, shard), limits, (log, context), tally);
                }
                reader.next = reader.next.max(now);
            }
            (State::Tap(tap), Work::Firehose(firehose)) => {
                if !tap.act(position, (now, firehose), context, (&mut *tally, &mut *fleet)) {
                    let joint = (tally, fleet);
                    reader.next =
                        tap.fetch(position, (now, firehose), limits, (log, context), joint);
                }
            }
            _ => reader.poll(limits, log, context, tally),
        }
    }

    /// There is room for an invocation of a lane of a mapping.
    pub(super) fn grant(&mut self, consumer: usize, lane: usize, now: u64) {
        if let State::Mapping(mapping) = &mut self.readers[consumer].state {
            mapping.grant(lane, now);
        }
    }
}

impl Reader {
    /// When something happens next to a polling consumer.
    #[inline]
    const fn due(&self) -> u64 {
        if self.position.has_stopped() || self.position.stop_at < self.next {
            self.position.stop_at
        } else {
            self.next
        }
    }

    /// Stops, or works again, where shards are coupled.
    fn turn_joint(
        &mut self,
        log: &Log,
        context: Context<'_>,
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) {
        let consumer = self.position.consumer;
        let now = self.position.stop_at;
        let kind = self.position.stop_kind();
        let stops = !self.position.has_stopped();
        if let (State::Mapping(mapping), Some(kind), true) = (&mut self.state, kind, stops) {
            let at = Place { consumer, shard: self.shard as usize };
            self.position.look_back(now, log, context, tally);
            let joint = (&mut tally.consumers[consumer], fleet);
            mapping.stop(&mut self.position, (now, at), kind, context, joint);
        }
        self.turn(log, context, tally);
        if self.position.has_stopped() || matches!(self.state, State::Loop) {
            return;
        }
        if matches!(kind, Some(StopKind::Moved(_) | StopKind::Absent(_))) {
            self.position.fetched = self.position.place;
        }
        if let State::Mapping(mapping) = &mut self.state {
            mapping.resume(now);
        }
    }

    /// Stops, or works again.
    fn turn(&mut self, log: &Log, context: Context<'_>, tally: &mut Tally) {
        let now = self.position.stop_at;
        let plan = &context.plan.consumers[self.position.consumer];
        let is_killed = self.position.killed_at() == now;
        if !self.position.turn(log, context, tally) {
            // What is in hand when it stops in good order is finished first.
            self.next = if is_killed { 0 } else { self.next };
            return;
        }
        let after = match plan.reading {
            Reading::Polling { interval, .. } => {
                self.drawn += 1;
                let draws = context.replication.phases[self.position.consumer];
                draws.below(self.shard, self.drawn, interval.nanoseconds())
            }
            Reading::EnhancedFanOut { round_trip } => round_trip.nanoseconds(),
        };
        self.next = self.next.max(now + after);
    }

    /// One GetRecords call.
    fn poll(
        &mut self,
        limits: &mut ReadLimits,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        let now = self.next;
        let consumer = self.position.consumer;
        let Reading::Polling { interval, max_records, round_trip } =
            context.plan.consumers[consumer].reading
        else {
            return;
        };
        self.next = now + interval.nanoseconds();
        let mut scratch = std::mem::take(&mut self.position.scratch);
        let position = &mut self.position;
        let call = (now, max_records.0);
        match get_records(position, call, limits, (log, &mut scratch), context, tally) {
            Some(answer) => {
                let start = now + round_trip.nanoseconds();
                let tally = &mut tally.consumers[consumer];
                let done = position.work(answer.records, start, context, tally);
                self.next = self.next.max(done);
            }
            None => {
                // Clients whose calls come at the same even distance would otherwise keep their
                // order for ever, and the same one would be refused each time. In truth they
                // drift: here by up to a twentieth either way, so that the mean stays.
                self.drawn += 1;
                let draws = context.replication.phases[consumer];
                let tenth = interval.nanoseconds() / 10;
                self.next += draws.below(self.shard, self.drawn, tenth);
                self.next -= tenth / 2;
            }
        }
        self.position.scratch = scratch;
    }

    /// Takes the next event of a subscription, or stops, if that comes before `until`; false if
    /// nothing does.
    fn receive(&mut self, until: u64, log: &Log, context: Context<'_>, tally: &mut Tally) -> bool {
        let consumer = self.position.consumer;
        let Reading::EnhancedFanOut { round_trip } = context.plan.consumers[consumer].reading
        else {
            return false;
        };
        let stop_at = self.position.stop_at;
        let subscription = (self.next, self.offset, round_trip.nanoseconds());
        let event = match self.position.has_stopped() {
            true => None,
            false => next_event(self.position.place, subscription, log, context),
        };
        let Some(now) = event.filter(|now| *now < stop_at) else {
            if stop_at < until {
                self.turn(log, context, tally);
            }
            return stop_at < until;
        };
        if now >= until {
            return false;
        }
        let mut scratch = std::mem::take(&mut self.position.scratch);
        let view = (log, &mut scratch);
        let (records, free) = take_event(&mut self.position, now, view, context, tally);
        let done = self.position.work(records, now, context, &mut tally.consumers[consumer]);
        self.next = done.max(free);
        self.position.scratch = scratch;
        true
    }
}
