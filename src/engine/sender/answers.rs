//! What a client makes of answers: what was taken, what goes its way again, what is given up.

use std::cmp::Reverse;

use super::record::{Held, Put, UserRecord};
use super::{Event, Sender};
use crate::engine::source::Arrival;
use crate::scenario::Method;

impl Sender<'_> {
    /// The user records of a failed Kinesis record go their way again, each on its own, or expire.
    pub(super) fn try_anew(&mut self, put: Put, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let Method::Kpl(kpl) = &self.sending.method else { return };
        if kpl.fail_if_throttled && put.is_refused {
            put.users.iter().for_each(|user| self.give_up_one(user));
        } else {
            self.retry(&put.users, now, inboxes);
        }
        if let Some(aggregator) = &mut self.aggregator {
            aggregator.give_back(put.shard, put.users);
        }
    }

    /// User records of the KPL go their way again, or have expired.
    fn retry(&mut self, mut users: &[UserRecord], now: u64, inboxes: &mut [Vec<Arrival>]) {
        let Method::Kpl(kpl) = &self.sending.method else { return };
        let again = now + kpl.max_buffered_time.nanoseconds() / 2;
        while let Some(first) = users.first() {
            let mut count = 1;
            if now >= first.expires {
                self.give_up_one(first);
            } else {
                // Those that live long enough have the same time.
                let lives = |user: &&UserRecord| user.expires >= again.max(now + 1);
                count = count.max(users.iter().take_while(lives).count());
                self.enter(&users[..count], again.min(first.expires), now, inboxes);
            }
            users = &users[count..];
        }
    }

    fn give_up_one(&mut self, user: &UserRecord) {
        self.tally.given_up += u64::from(user.created >= self.warm_up && !user.is_copy);
        self.release(user.held());
    }

    fn give_up(&mut self, puts: &[Put]) {
        for user in puts.iter().flat_map(|put| &put.users) {
            self.give_up_one(user);
        }
    }

    /// The answer to a call comes, or would.
    pub(super) fn answer(&mut self, slot: u32, now: u64, inboxes: &mut [Vec<Arrival>]) {
        self.hear(slot);
        let Some(call) = self.calls.get(slot) else { return };
        let is_last = call.attempt >= self.waits.attempts();
        let next = call.service + self.waits.after(call.identity, call.attempt);
        let next = next - self.producer.one_way;
        let resends = self.sending.method.resends();
        if call.is_lost {
            let sent = call.service - self.producer.one_way;
            self.events.push(Reverse(if resends && !is_last {
                (next, Event::Resend(slot))
            } else {
                (sent + self.producer.time_out, Event::TimeOut(slot))
            }));
            return;
        }
        let records = call.puts.len();
        let mut astray: Vec<UserRecord> = Vec::new();
        let mut done = Held::default();
        for put in call.puts.iter().filter(|put| !put.is_refused) {
            if put.is_plain {
                done.add(put.held());
                continue;
            }
            for user in &put.users {
                if user.is_astray {
                    astray.push(*user);
                } else {
                    done.add(user.held());
                }
            }
        }
        let map = self.map.as_mut().filter(|_| call.is_surprising);
        let asks = map.map(|map| map.ask(now)).is_some();
        call.puts.retain_mut(|put| {
            if let Some(aggregator) = self.aggregator.as_mut().filter(|_| !put.is_refused) {
                aggregator.give_back(put.shard, std::mem::take(&mut put.users));
            }
            put.is_refused
        });
        let goes_on = resends && !is_last && !call.puts.is_empty();
        self.release(done);
        if goes_on {
            self.events.push(Reverse((next, Event::Resend(slot))));
            return;
        }
        if asks {
            self.leave_shards();
        }
        self.end(slot, records, now, inboxes);
        self.retry(&astray, now, inboxes);
    }

    /// No answer came for too long: the client takes the call to have failed as a whole.
    pub(super) fn time_out(&mut self, slot: u32, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let mut records = 0;
        if let Some(call) = self.calls.get(slot) {
            records = call.puts.len();
            for put in &mut call.puts {
                put.is_refused = false;
            }
        }
        self.end(slot, records, now, inboxes);
    }

    /// Frees the slot of a call of so many `records`; what is left of it failed.
    fn end(&mut self, slot: u32, records: usize, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let Some(call) = self.calls.take(slot) else { return };
        match &self.sending.method {
            Method::Resend | Method::LogBatches(_) => self.give_up(&call.puts),
            Method::Kpl(_) => {
                for put in call.puts {
                    self.try_anew(put, now, inboxes);
                }
            }
            Method::Agent(_) => {
                if let Some(flow) = &mut self.flow {
                    flow.answered(call.puts.len() as f64 / records as f64, now);
                }
                if !call.puts.is_empty() {
                    self.calls.push_again(call.puts);
                }
            }
            Method::FlinkSink(_) => {
                if let Some(sink) = &mut self.sink {
                    sink.answered(records as u64, call.puts, now);
                }
            }
        }
        self.send(now, inboxes);
    }

    /// Counts what came of a call, once. What the stream took of one whose answer is lost will come
    /// again as a copy; what came to a shard of others, whose consumers pass over it, will come again.
    pub(super) fn hear(&mut self, slot: u32) {
        let Some(call) = self.calls.get(slot).filter(|call| !call.is_answered) else { return };
        call.is_answered = true;
        let answer = call.service + self.producer.answer();
        let tally = &mut self.tally;
        for put in &mut call.puts {
            if put.is_refused {
                tally.throttled += put.counted(self.warm_up);
                continue;
            }
            if let Some(map) = &self.map {
                call.is_surprising |= map.is_surprised(put.shard, put.home, call.service);
            }
            if put.is_plain && !call.is_lost && put.created >= self.warm_up {
                tally.accepted += put.users.len() as u64;
                if let Some(latest) = &mut self.latest {
                    tally.out_of_order += latest.take_all(&put.users);
                }
                tally.put_latency.record_all(put.users.iter().map(|user| answer - user.created));
                continue;
            }
            let is_known = |user: &UserRecord| user.is_copy && user.created >= self.warm_up;
            if put.users.iter().all(is_known) {
                let key_bytes = if self.key_bytes_count { u64::from(put.key_bytes) } else { 0 };
                let size = u64::from(put.data) + key_bytes;
                self.producer.billing.add(size, &mut tally.billed_duplicates);
            }
            put.is_plain &= !call.is_lost;
            for user in &mut put.users {
                let counted = u64::from(user.created >= self.warm_up);
                if user.home != put.home {
                    tally.astray += counted;
                    user.is_astray = true;
                    continue;
                }
                if user.is_copy {
                    tally.duplicates += counted;
                } else {
                    tally.accepted += counted;
                    if let Some(latest) = &mut self.latest
                        && latest.take(user)
                    {
                        tally.out_of_order += counted;
                    }
                }
                if !call.is_lost {
                    tally.put_latency.record_many(answer - user.created, counted);
                }
                user.is_copy |= call.is_lost;
            }
        }
    }
}
