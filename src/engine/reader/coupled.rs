//! What a consumer does at one shard where shards are coupled: threads that they share, and stops
//! that the whole fleet hears of.

use super::{Reader, State, Watch};
use crate::engine::fetch::next_event;
use crate::engine::joint::Fleet;
use crate::engine::lane::Context;
use crate::engine::log::{Log, LogRecord};
use crate::engine::mapping::Place;
use crate::engine::tally::Tally;
use crate::engine::timetable::StopKind;
use crate::scenario::Reading;

impl Reader {
    /// When something happens next to a consumer that loops, where shards are coupled.
    pub(super) fn due_jointly(&self, closed: u64, log: &Log, context: Context<'_>) -> u64 {
        let position = &self.position;
        let Reading::EnhancedFanOut { round_trip } =
            context.plan.consumers[position.consumer].reading
        else {
            return self.due();
        };
        if position.has_stopped() {
            return position.stop_at;
        }
        let subscription = (self.next, self.offset, round_trip.nanoseconds());
        let event = next_event(position.place, subscription, log, context).unwrap_or(u64::MAX);
        event.min(self.told_at(closed, log, context)).min(position.stop_at)
    }

    /// Works on records that are read by `now`, once a thread is free where shards share them; gives
    /// when that is done.
    pub(super) fn work(
        &mut self,
        records: &[LogRecord],
        now: u64,
        (log, context): (&Log, Context<'_>),
        tally: &mut Tally,
        watch: &mut Watch<'_>,
    ) -> u64 {
        let consumer = self.position.consumer;
        let at = (consumer, self.shard);
        let turn = match &watch.threads {
            Some(threads) if !records.is_empty() => Some(threads.next(at, now, context)),
            _ => None,
        };
        let start = turn.map_or(now, |(_, start)| start);
        self.note(records, start, log, context, watch);
        let killed_at = self.position.killed_at();
        let tally = &mut tally.consumers[consumer];
        let done = self.position.work(records, start, (log, context), tally);
        if let (Some((thread, _)), Some(threads)) = (turn, &mut watch.threads) {
            threads.work_until(thread, done.min(killed_at));
        }
        done
    }

    /// Stops, or works again, where shards are coupled.
    pub(super) fn turn_joint(
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
        } else if let (State::Prefetch(prefetch), Some(kind), true) = (&mut self.state, kind, stops)
        {
            self.position.look_back(now, log, context, tally);
            let is_killed = kind != StopKind::InOrder;
            if is_killed {
                fleet.kill_batch(consumer, now);
            }
            let tally = &mut tally.consumers[consumer];
            prefetch.stop(&mut self.position, (now, is_killed), context, tally);
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
}
