//! How a client takes what its application makes: at once, after it has made room, or not at all.

use std::cmp::Reverse;

use super::record::{Coming, Held, Put, UserRecord};
use super::{Aggregator, Event, Sender, ShardMap};
use crate::engine::source::{Arrival, Outbox};
use crate::scenario::{Method, PutCalls, WhenFull};

impl Sender<'_> {
    /// For how many shards records are to come, each for itself; `None` where they are to come in order
    /// of time. A container takes in what is made for its shard, whatever came before, while the client
    /// knows the shards and has room for all.
    pub(in crate::engine) fn takes_by_shard(&self) -> Option<usize> {
        let is_current = self.map.as_ref().is_none_or(ShardMap::is_current);
        let aggregates = self.aggregator.as_ref().is_some_and(Aggregator::takes_by_shard);
        (aggregates && is_current && self.sending.buffer.is_none()).then_some(self.generated.len())
    }

    /// A window begins: takes what is made before `until`.
    pub(in crate::engine) fn begin_window(&mut self, outbox: &mut Outbox, until: u64) {
        self.until = until;
        self.is_by_shard = outbox.is_by_shard;
        self.coming.clear();
        self.came = 0;
        let Some(aggregator) = self.aggregator.as_mut().filter(|_| outbox.is_by_shard) else {
            return std::mem::swap(&mut self.coming, &mut outbox.lists[0]);
        };
        aggregator.begin_window(&mut outbox.lists);
        for (generated, coming) in self.generated.iter_mut().zip(aggregator.coming()) {
            *generated += counted(coming, self.warm_up);
        }
        self.fill();
    }

    /// Fills the containers that have changed, where records come by shard.
    pub(super) fn fill(&mut self) {
        if let Some(aggregator) = self.aggregator.as_mut().filter(|_| self.is_by_shard) {
            self.events.extend(aggregator.fill(self.until).map(Reverse));
        }
    }

    /// From now on records come in order of time.
    pub(super) fn leave_shards(&mut self) {
        let Some(aggregator) = self.aggregator.as_mut().filter(|_| self.is_by_shard) else {
            return;
        };
        self.is_by_shard = false;
        self.coming = aggregator.leave(self.moment);
        self.coming.sort_by_key(|record| (record.created, record.turn()));
        for record in &self.coming {
            self.generated[usize::from(record.home)] -= u64::from(record.created >= self.warm_up);
        }
        self.events.extend(aggregator.dues().map(Reverse));
    }

    /// The application makes a record.
    #[inline]
    pub(super) fn arrive(&mut self, record: UserRecord, inboxes: &mut [Vec<Arrival>]) {
        let counted = u64::from(record.created >= self.warm_up);
        self.generated[usize::from(record.shard)] += counted;
        let now = record.created;
        if self.has_room(&record) && self.blocked.is_empty() {
            self.take(record, now, inboxes);
            return;
        }
        match self.sending.buffer.map(|buffer| buffer.when_full) {
            Some(WhenFull::DropNewest) => self.tally.dropped += counted,
            Some(WhenFull::DropOldest) => {
                while !self.has_room(&record) && self.drop_oldest() {}
                if self.has_room(&record) {
                    self.take(record, now, inboxes);
                } else {
                    self.tally.dropped += counted;
                }
            }
            _ => self.blocked.push_back(record),
        }
    }

    /// Takes records that waited for room.
    pub(super) fn unblock(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        while let Some(record) = self.blocked.front().copied() {
            if !self.has_room(&record) {
                return;
            }
            self.blocked.pop_front();
            self.take(record, now, inboxes);
        }
    }

    fn has_room(&self, record: &UserRecord) -> bool {
        if let Some(sink) = &self.sink {
            return sink.has_room();
        }
        // One record fits into an empty buffer, however large it is.
        self.sending.buffer.zip(self.held).is_none_or(|(buffer, held)| {
            held.records == 0
                || held.records < buffer.records.0 && held.bytes + record.bytes() <= buffer.bytes.0
        })
    }

    /// The client has done with records.
    #[inline]
    pub(super) fn release(&mut self, done: Held) {
        if let Some(held) = &mut self.held {
            held.release(done);
        }
    }

    /// Drops the record that has waited for longest, if one is not under way.
    fn drop_oldest(&mut self) -> bool {
        let Some(put) = self.calls.drop_oldest().or_else(|| self.collector.drop_oldest()) else {
            return false;
        };
        for user in &put.users {
            self.tally.dropped += u64::from(user.created >= self.warm_up);
        }
        self.release(put.held());
        true
    }

    /// The client takes a record.
    #[inline]
    fn take(&mut self, mut record: UserRecord, now: u64, inboxes: &mut [Vec<Arrival>]) {
        if let Some(held) = &mut self.held {
            held.add(record.held());
        }
        match (&self.sending.method, self.producer.calls) {
            (Method::Kpl(kpl), _) => {
                record.deadline = now + kpl.max_buffered_time.nanoseconds();
                record.expires = now + kpl.time_to_live.nanoseconds();
            }
            (_, PutCalls::PutRecords { linger, .. }) => {
                record.deadline = now + linger.nanoseconds();
            }
            (_, PutCalls::PutRecord) => record.deadline = now,
        }
        self.enter(std::slice::from_ref(&record), record.deadline, now, inboxes);
    }

    /// Records, which are to be handed on by `deadline`, begin their way through the client.
    #[inline]
    pub(super) fn enter(
        &mut self,
        mut users: &[UserRecord],
        deadline: u64,
        now: u64,
        inboxes: &mut [Vec<Arrival>],
    ) {
        while let Some(user) = users.first() {
            let mut count = 1;
            let Some(shard) = self.predict(user.home, now) else {
                // Without a prediction a record goes alone, and past the limiter.
                self.passed.push(Put::alone(user.to_go(user.home, deadline)));
                self.collect(now, inboxes);
                users = &users[1..];
                continue;
            };
            if let Some(aggregator) = &mut self.aggregator {
                if self.is_by_shard {
                    aggregator.settle(shard, self.moment);
                }
                let together = users.iter().take_while(|other| other.home == user.home).count();
                let due;
                (count, due) =
                    aggregator.put(&users[..together], (shard, deadline), &mut self.made);
                self.expect(due);
            } else if let Some(batcher) = &mut self.batcher {
                let due = batcher.add(user.to_go(shard, deadline), &mut self.made);
                self.events.extend(due.map(|due| Reverse((due, Event::Wake))));
            } else {
                self.made.push(Put::alone(user.to_go(shard, deadline)));
            }
            if !self.made.is_empty() {
                self.pass_on(now, inboxes);
            }
            users = &users[count..];
        }
    }

    /// The shard that the client takes a record to go to that belongs to `home`; `None` while it does
    /// not know the shards.
    fn predict(&mut self, home: u16, now: u64) -> Option<u16> {
        let Some(map) = &mut self.map else { return Some(home) };
        let limiter = &mut self.limiter;
        let is_known = map.is_known(now, |shard| {
            if let Some(limiter) = limiter {
                limiter.renew(shard, now);
            }
        });
        is_known.then(|| map.predict(home))
    }
}

/// How many of these records, which are in order of time, were made at `warm_up` or later.
fn counted(coming: &[Coming], warm_up: u64) -> u64 {
    (coming.len() - coming.partition_point(|record| record.created < warm_up)) as u64
}
