//! The consumers of one shard: polling ones, which share its read limits, and subscribed ones.
//!
//! Each consumer works on one batch at a time on each shard. At the end of every second the lane
//! asks how far each is behind; that moment comes before anything that happens at the same time,
//! and a stop comes before a call. `position` says what becomes of the records.

use crate::engine::fetch::{get_records, next_event, take_event};
use crate::engine::lane::Context;
use crate::engine::log::Log;
use crate::engine::position::Position;
use crate::engine::tally::Tally;
use crate::model::read_limit::ReadLimits;
use crate::scenario::Reading;

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
            let position = Position::new(consumer, plan);
            Reader { position, shard: shard as u64, next, offset, drawn: 0 }
        });
        Self { limits: ReadLimits::new(&context.plan.quotas), readers: readers.collect() }
    }

    /// Plays all reads before `until`; gives the place before which everyone has read, and the
    /// time before which nobody reads again.
    pub(super) fn advance(
        &mut self,
        until: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) -> (u64, u64) {
        self.poll_before(until, log, context, tally);
        let mut needed = (log.end(), u64::MAX);
        for reader in &mut self.readers {
            let plan = &context.plan.consumers[reader.position.consumer];
            if let Reading::EnhancedFanOut { .. } = plan.reading {
                while reader.receive(until, log, context, tally) {}
            }
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
                matches!(plan.reading, Reading::Polling { .. }) && reader.due() < until
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
        let is_killed = self.position.killed_at(plan) == now;
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
