//! How a client follows shards that split and merge: what it holds belongs to other shards, which
//! it may not know.

use super::record::UserRecord;
use super::sink::Sink;
use super::{Moment, Sender};
use crate::engine::source::Arrival;
use crate::model::partition_key::Move;

impl Sender<'_> {
    /// Follows a move of hash keys to another shard at `now`, where routes have names below `slots`:
    /// `again` gives where a record of this key, time and number goes that was on its way to the
    /// shard that the move is from. What was decided before is heard of first.
    pub(in crate::engine) fn follow(
        &mut self,
        (moved, is_split): (&Move, bool),
        (now, slots): (u64, usize),
        again: impl Fn(u32, u64, u64) -> u16,
    ) {
        for slot in self.calls.by_service() {
            if self.calls.get(slot).is_some_and(|call| call.service < now) {
                self.hear(slot);
            }
        }
        self.moment = self.moment.max(Moment { at: self.until, record: None });
        self.leave_shards();
        if let Some(map) = &mut self.map {
            map.change(moved, is_split, now);
        }
        self.generated.resize(slots.max(self.generated.len()), 0);
        self.collector.reach(slots);
        let home = |user: &mut UserRecord| {
            if user.home == moved.from {
                user.home = again(user.key, user.created, u64::from(user.number));
            }
        };
        for user in &mut self.blocked {
            home(user);
            user.shard = user.home;
        }
        let mut limited = None;
        if let Some(aggregator) = &mut self.aggregator {
            aggregator.reach(slots);
            aggregator.users_mut().for_each(home);
        }
        if let Some(limiter) = &mut self.limiter {
            limiter.reach(slots, now);
            limited = Some(limiter.puts_mut());
        }
        if let Some(batcher) = &mut self.batcher {
            batcher.users_mut().for_each(home);
        }
        let buffered = self.sink.iter_mut().flat_map(Sink::puts_mut);
        let waiting = limited.into_iter().flatten().chain(buffered);
        let puts = waiting.chain(self.collector.puts_mut());
        for put in puts.chain(self.calls.puts_mut()) {
            put.users.iter_mut().for_each(home);
            if let [first, others @ ..] = &mut put.users[..]
                && self.batcher.is_some()
            {
                // A batch has one hash key, that of its first event.
                others.iter_mut().for_each(|user| user.home = first.home);
            }
            put.look_at_users();
        }
    }

    /// The shard that a record of a call under way goes to.
    pub(in crate::engine) fn home_of(&mut self, arrival: &Arrival) -> Option<u16> {
        let call = self.calls.get(arrival.call() as u32)?;
        Some(call.puts.get(arrival.in_call().place as usize)?.home)
    }
}
