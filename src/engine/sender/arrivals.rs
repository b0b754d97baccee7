//! How a client takes what its application makes: at once, after it has made room, or not at all.

use std::cmp::Reverse;

use super::record::{Put, UserRecord};
use super::{Event, Sender, ShardMap};
use crate::engine::source::Arrival;
use crate::scenario::{Method, PutCalls, WhenFull};

impl Sender<'_> {
    /// Whether the client puts a record that is made into the container of its shard, whatever came
    /// before.
    pub(super) fn takes_at_once(&self) -> bool {
        self.aggregator.is_some()
            && self.map.as_ref().is_none_or(ShardMap::is_current)
            && self.sending.buffer.is_none()
    }

    /// The application makes records before `until`, up to the first that fills a container; nothing
    /// else happens meanwhile.
    pub(super) fn arrive_together(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) {
        let (Method::Kpl(kpl), Some(aggregator)) = (&self.sending.method, &mut self.aggregator)
        else {
            return;
        };
        let (buffered, lives) =
            (kpl.max_buffered_time.nanoseconds(), kpl.time_to_live.nanoseconds());
        let (mut until, mut held, mut now) = (until, self.held, 0);
        let (coming, _) = self.coming.as_slices();
        let mut taken = 0;
        for record in coming {
            if record.created >= until {
                break;
            }
            now = record.created;
            taken += 1;
            self.generated[usize::from(record.home)] += u64::from(now >= self.warm_up);
            held.take(u64::from(record.data) + u64::from(record.key_bytes));
            // Made in each case anew, it is written to where it stays and nowhere before.
            let user = || {
                let (deadline, expires) = (now + buffered, now + lives);
                UserRecord { deadline, expires, ..UserRecord::from(*record) }
            };
            let turn = if aggregator.is_empty(record.home) {
                let user = user();
                aggregator.put(&user, (user.shard, user.deadline))
            } else {
                // Others are due at the latest so long after they were taken, or taken anew.
                aggregator.put_last(user())
            };
            let Some(was_due) = turn else { continue };
            if let Some(due) = aggregator.see_to(record.home, was_due, &mut self.made) {
                self.events.push(Reverse(due.event()));
                until = until.min(due.deadline);
            }
            if !self.made.is_empty() {
                break;
            }
        }
        self.held = held;
        self.coming.drain(..taken);
        if !self.made.is_empty() {
            self.pass_on(now, inboxes);
        }
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
        self.sending.buffer.is_none_or(|buffer| {
            self.held.records == 0
                || self.held.records < buffer.records.0
                    && self.held.bytes + record.bytes() <= buffer.bytes.0
        })
    }

    /// Drops the record that has waited for longest, if one is not under way.
    fn drop_oldest(&mut self) -> bool {
        let Some(put) = self.calls.drop_oldest().or_else(|| self.collector.drop_oldest()) else {
            return false;
        };
        for user in &put.users {
            self.tally.dropped += u64::from(user.created >= self.warm_up);
        }
        self.held.release(put.held());
        true
    }

    /// The client takes a record.
    #[inline]
    fn take(&mut self, mut record: UserRecord, now: u64, inboxes: &mut [Vec<Arrival>]) {
        self.held.take(record.bytes());
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
        self.enter(&record, record.deadline, now, inboxes);
    }

    /// A record, which is to be handed on by `deadline`, begins its way through the client.
    #[inline]
    pub(super) fn enter(
        &mut self,
        record: &UserRecord,
        deadline: u64,
        now: u64,
        inboxes: &mut [Vec<Arrival>],
    ) {
        let mut shard = record.home;
        if let Some(map) = &mut self.map {
            let limiter = &mut self.limiter;
            let is_known = map.is_known(now, |shard| {
                if let Some(limiter) = limiter {
                    limiter.renew(shard, now);
                }
            });
            if !is_known {
                // Without a prediction a record goes alone, and past the limiter.
                self.passed.push(Put::alone(record.to_go(shard, deadline)));
                self.collect(now, inboxes);
                return;
            }
            shard = map.predict(record.home);
        }
        if let Some(aggregator) = &mut self.aggregator {
            let due = aggregator
                .put(record, (shard, deadline))
                .and_then(|was_due| aggregator.see_to(shard, was_due, &mut self.made));
            self.expect(due);
        } else if let Some(batcher) = &mut self.batcher {
            let due = batcher.add(record.to_go(shard, deadline), &mut self.made);
            self.events.extend(due.map(|due| Reverse((due, Event::Wake))));
        } else {
            self.made.push(Put::alone(record.to_go(shard, deadline)));
        }
        if self.made.is_empty() {
            return;
        }
        self.pass_on(now, inboxes);
    }
}
