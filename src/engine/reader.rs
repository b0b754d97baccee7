//! The consumers of one shard: polling ones, which share its read limits, and subscribed ones.
//!
//! Each consumer works on one batch at a time on each shard. At the end of every second the lane
//! asks how far each is behind; that moment comes before anything that happens at the same time,
//! and a stop comes before a call. `position` says what becomes of the records.

mod batch;
mod coupled;

use crate::engine::child_order::{Handled, NO_ORDER};
use crate::engine::fetch::{drifting, get_records, next_event, take_event};
use crate::engine::joint::{Fleet, Threads};
use crate::engine::lane::Context;
use crate::engine::log::{Log, LogRecord};
use crate::engine::mapping::{Mapping, Place};
use crate::engine::position::Position;
use crate::engine::prefetch::Prefetch;
use crate::engine::tally::Tally;
use crate::engine::tap::Tap;
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
    /// When the shard closed, in nanoseconds; `u64::MAX` while it is open.
    closed: u64,
    /// Records whose order over shards is watched, since the last barrier.
    pub(super) handled: Vec<Handled>,
    /// Whether that is so: the shard is closed, or a shard that it came of is not read to its end.
    pub(super) is_watched: bool,
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
    /// Polling: when the work on the last answer is done, in nanoseconds.
    busy: u64,
    /// It begins when the parents of the shard are finished, and they are not.
    waits: bool,
    /// What it works on beyond the end of the window, where that is watched.
    in_hand: Vec<Handled>,
    /// See `joint`.
    is_joint: bool,
    state: State,
}

/// Where a reader notes what is watched, and who works on what it has read.
struct Watch<'a> {
    /// End of the window in nanoseconds.
    until: u64,
    /// Whether all that is handled is noted.
    is_on: bool,
    handled: &'a mut Vec<Handled>,
    /// The threads that shards share, where they are bounded.
    threads: Option<&'a mut Threads>,
}

/// When a consumer finds a shard that it may begin with from `from` on: at its next look.
fn found_at(from: u64, shard: u64, consumer: usize, context: Context<'_>) -> u64 {
    let every = context.plan.consumers[consumer].child_shards.found_every.nanoseconds();
    from.saturating_add(context.replication.finds[consumer].below(shard, 0, every))
}

/// What works on the records.
#[derive(Debug)]
enum State {
    Loop,
    Mapping(Mapping),
    Tap(Tap),
    Prefetch(Prefetch),
}

impl State {
    /// Whether all that was read has been dealt with.
    fn has_nothing_in_hand(&self) -> bool {
        match self {
            Self::Loop => true,
            Self::Mapping(mapping) => mapping.is_idle(),
            Self::Tap(tap) => tap.is_idle(),
            Self::Prefetch(prefetch) => prefetch.is_idle(),
        }
    }
}

impl Readers {
    /// The readers of a shard that opens at `opened`. Of a child, each looks for it in its own time,
    /// or waits for the parents.
    pub(super) fn new(shard: usize, opened: u64, is_child: bool, context: Context<'_>) -> Self {
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
            let position = Position::new(consumer, shard, opened, context);
            let state = match &plan.work {
                Work::Loop | Work::Kcl(_) | Work::Flink => State::Loop,
                Work::Lambda(lambda) => State::Mapping(Mapping::new(lambda)),
                Work::Firehose(_) => State::Tap(Tap::default()),
                Work::MicroBatch(_) => State::Prefetch(Prefetch::default()),
            };
            let shard = shard as u64;
            let waits = is_child && plan.child_shards.parents_first;
            let next = match is_child {
                true if waits => u64::MAX,
                true => found_at(opened, shard, consumer, context),
                false => next,
            };
            Reader {
                position,
                shard,
                next,
                offset,
                drawn: 0,
                busy: 0,
                waits,
                in_hand: Vec::new(),
                is_joint: plan.is_joint,
                state,
            }
        });
        Self {
            limits: ReadLimits::new(&context.plan.quotas),
            readers: readers.collect(),
            closed: u64::MAX,
            handled: Vec::new(),
            is_watched: is_child,
        }
    }

    /// The shard closes at `now`, up to which everything has been read.
    pub(super) fn close_shard(&mut self, now: u64) {
        self.closed = now;
        let was_watched = std::mem::replace(&mut self.is_watched, true);
        for reader in &mut self.readers {
            let in_hand = std::mem::take(&mut reader.in_hand);
            if !was_watched {
                self.handled.extend(in_hand.into_iter().filter(|handled| handled.done > now));
            }
        }
    }

    /// Whether a reader that does not couple shards waits for the parents of the shard.
    pub(super) fn wait_for_parents(&self) -> bool {
        self.readers.iter().any(|reader| reader.waits && !reader.is_joint)
    }

    /// When each consumer finished the shard, in nanoseconds; `u64::MAX` where it has not.
    pub(super) fn finished(&self) -> impl Iterator<Item = u64> + '_ {
        self.readers.iter().map(|reader| reader.position.finished)
    }

    /// Whether everyone has read everything of a closed shard before `now`.
    pub(super) fn are_finished(&self, now: u64) -> bool {
        self.closed != u64::MAX && self.finished().all(|finished| finished <= now)
    }

    /// When a consumer finished the shard, in nanoseconds; `u64::MAX` where it has not.
    pub(super) fn finished_by(&self, consumer: usize) -> u64 {
        self.readers[consumer].position.finished
    }

    /// Lets those readers begin whose consumer has finished the parents: `parents` gives when.
    /// Those that couple shards begin while they are played.
    pub(super) fn begin_after(&mut self, parents: impl Fn(usize) -> u64, context: Context<'_>) {
        for consumer in 0..self.readers.len() {
            if !self.readers[consumer].is_joint {
                self.begin(consumer, &parents, context);
            }
        }
    }

    /// Lets a reader begin that waits, if its consumer has finished the parents.
    pub(super) fn begin(
        &mut self,
        consumer: usize,
        parents: impl Fn(usize) -> u64,
        context: Context<'_>,
    ) {
        let reader = &mut self.readers[consumer];
        if reader.waits && parents(consumer) != u64::MAX {
            reader.waits = false;
            reader.next = found_at(parents(consumer), reader.shard, consumer, context);
        }
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
        let is_on = self.is_watched;
        let mut watch = Watch { until, is_on, handled: &mut self.handled, threads: None };
        for reader in self.readers.iter_mut().filter(|reader| !reader.is_joint) {
            let plan = &context.plan.consumers[reader.position.consumer];
            if let Reading::EnhancedFanOut { .. } = plan.reading {
                let closed = if self.closed < until { self.closed } else { u64::MAX };
                while !reader.hears_of_end(closed, log, context)
                    && reader.receive(until, log, context, tally, &mut watch)
                {}
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
                continue;
            }
            let is_on = self.is_watched;
            let mut watch = Watch { until, is_on, handled: &mut self.handled, threads: None };
            let now = reader.next;
            if reader.poll(&mut self.limits, log, context, tally, &mut watch) && now >= self.closed
            {
                // The answer has no next iterator where the shard is at its end.
                reader.finish_at(now.max(reader.busy), log);
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
                State::Prefetch(prefetch) => prefetch.finish(context, tally),
            }
        }
    }

    /// When a consumer that couples shards does something next, in nanoseconds.
    pub(super) fn due(&self, consumer: usize, log: &Log, context: Context<'_>) -> u64 {
        let reader = &self.readers[consumer];
        let position = &reader.position;
        if reader.waits {
            return position.stop_at;
        }
        match (&reader.state, &context.plan.consumers[consumer].work) {
            (State::Mapping(mapping), Work::Lambda(lambda)) => {
                let free = (reader.next, reader.offset);
                let due = mapping.due(position, free, lambda, (log, context));
                due.min(reader.told_at(self.closed, log, context))
            }
            (State::Tap(tap), _) => tap.due(position, reader.next),
            (State::Prefetch(prefetch), Work::MicroBatch(job)) => {
                let free = (reader.next, reader.offset);
                let due = prefetch.due(position, free, job, (log, context));
                due.min(reader.told_at(self.closed, log, context))
            }
            _ => reader.due_jointly(self.closed, log, context),
        }
    }

    /// Lets such a consumer do at `now` what is due.
    pub(super) fn act(
        &mut self,
        (consumer, now, until): (usize, u64, u64),
        log: &Log,
        context: Context<'_>,
        (tally, fleet): (&mut Tally, &mut Fleet),
    ) {
        let reader = &mut self.readers[consumer];
        if reader.position.stop_at <= now {
            return reader.turn_joint(log, context, (tally, fleet));
        }
        if reader.told_at(self.closed, log, context) <= now {
            return reader.finish_at(now, log);
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
            (State::Prefetch(prefetch), Work::MicroBatch(job)) => {
                let joint = (tally, fleet);
                let call = (now, shard, job);
                reader.next = prefetch.fetch(position, call, limits, (log, context), joint);
            }
            _ => {
                let threads = fleet.threads(consumer);
                let is_on = self.is_watched;
                let mut watch = Watch { until, is_on, handled: &mut self.handled, threads };
                if let Reading::EnhancedFanOut { .. } = context.plan.consumers[consumer].reading {
                    reader.receive(now + 1, log, context, tally, &mut watch);
                } else if reader.poll(limits, log, context, tally, &mut watch) && now >= self.closed
                {
                    reader.finish_at(now.max(reader.busy), log);
                }
                return;
            }
        }
        let polls = matches!(context.plan.consumers[consumer].reading, Reading::Polling { .. });
        if polls && now >= self.closed && reader.state.has_nothing_in_hand() {
            reader.finish_at(now, log);
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

    /// Stops, or works again.
    fn turn(&mut self, log: &Log, context: Context<'_>, tally: &mut Tally) {
        let now = self.position.stop_at;
        let plan = &context.plan.consumers[self.position.consumer];
        let is_killed = self.position.killed_at() == now;
        if !self.position.turn(log, context, tally) {
            // What is in hand when it stops in good order is finished first.
            self.next = if is_killed && !self.waits { 0 } else { self.next };
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

    /// One GetRecords call; whether it was answered.
    fn poll(
        &mut self,
        limits: &mut ReadLimits,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
        watch: &mut Watch<'_>,
    ) -> bool {
        let now = self.next;
        let consumer = self.position.consumer;
        let Reading::Polling { interval, max_records, round_trip } =
            context.plan.consumers[consumer].reading
        else {
            return false;
        };
        self.next = now + interval.nanoseconds();
        let mut scratch = std::mem::take(&mut self.position.scratch);
        let position = &mut self.position;
        let call = (now, max_records.0);
        let answer = get_records(position, call, limits, (log, &mut scratch), context, tally);
        let is_answered = answer.is_some();
        if limits.are_contended(now) {
            self.drawn += 1;
            let call = (consumer, self.shard, self.drawn);
            self.next = drifting(now, interval, call, context);
        }
        if let Some(answer) = answer {
            let start = now + round_trip.nanoseconds();
            self.busy = self.work(answer.records, start, (log, context), tally, watch);
            self.next = self.next.max(self.busy);
        }
        self.position.scratch = scratch;
        is_answered
    }

    /// Notes records of which the order over shards is watched, or may be when the shard closes.
    fn note(
        &mut self,
        records: &[LogRecord],
        start: u64,
        log: &Log,
        context: Context<'_>,
        watch: &mut Watch<'_>,
    ) {
        if !log.watches_order() {
            return;
        }
        let (mut done, per_record) = self.position.pace(start, context);
        let (shard, consumer) = (self.shard as usize, self.position.consumer);
        self.in_hand.clear();
        let user_records: u64 = records.iter().map(|record| u64::from(record.user_records())).sum();
        if !watch.is_on && done + per_record * user_records <= watch.until {
            return;
        }
        let killed_at = self.position.killed_at();
        for (record, key) in records.iter().zip(log.keys_from(self.position.place)) {
            done += per_record * u64::from(record.user_records());
            if *key == NO_ORDER || done >= killed_at || (!watch.is_on && done <= watch.until) {
                continue;
            }
            let handled = Handled { shard, consumer, key: *key, done, created: record.created };
            if watch.is_on { watch.handled.push(handled) } else { self.in_hand.push(handled) }
        }
    }

    /// It has worked on everything of a closed shard at `now`, unless it stops before.
    fn finish_at(&mut self, now: u64, log: &Log) {
        if self.position.place == log.end() && now < self.position.killed_at() {
            self.position.finish_shard(now);
            self.next = u64::MAX;
        }
    }

    /// When the last event of a subscription tells that the shard, which closed at `closed`, is at
    /// its end, and nothing is left to do; `u64::MAX` if it does not.
    fn told_at(&self, closed: u64, log: &Log, context: Context<'_>) -> u64 {
        let position = &self.position;
        let is_read = position.place == log.end() && !position.has_stopped() && !self.waits;
        let subscribes = matches!(
            context.plan.consumers[position.consumer].reading,
            Reading::EnhancedFanOut { .. }
        );
        if closed == u64::MAX || !is_read || !subscribes || position.finished != u64::MAX {
            return u64::MAX;
        }
        let told = context.plan.quotas.enhanced_fan_out_propagation.nanoseconds();
        self.next.max(closed + told)
    }

    /// Whether a subscription is over, because the shard, which closed at `closed`, is at its end.
    fn hears_of_end(&mut self, closed: u64, log: &Log, context: Context<'_>) -> bool {
        let told_at = self.told_at(closed, log, context);
        if told_at < self.position.stop_at {
            self.finish_at(told_at, log);
        }
        self.position.finished != u64::MAX
    }

    /// Takes the next event of a subscription, or stops, if that comes before `until`; false if
    /// nothing does.
    fn receive(
        &mut self,
        until: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
        watch: &mut Watch<'_>,
    ) -> bool {
        let consumer = self.position.consumer;
        let Reading::EnhancedFanOut { round_trip } = context.plan.consumers[consumer].reading
        else {
            return false;
        };
        let stop_at = self.position.stop_at;
        let subscription = (self.next, self.offset, round_trip.nanoseconds());
        let event = match self.position.has_stopped() || self.waits {
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
        let done = self.work(records, now, (log, context), tally, watch);
        self.next = done.max(free);
        self.position.scratch = scratch;
        true
    }
}
