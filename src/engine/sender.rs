//! A client that hears of every answer before it goes on: bounded calls under way, a bounded
//! buffer, the Kinesis Producer Library.
//!
//! What such a client sends depends on what came of its earlier calls, on any shard. So it is
//! played between short barriers, no longer than a round trip: what it sends in one is decided by
//! answers that left the shards before. `record` is what it holds; `arrivals`, `aggregator`,
//! `limiter` and `collector` are what a record passes through, `answers` what becomes of it; `order`
//! watches the keys. A shard only says which records it refused; everything else that is counted of
//! user records is counted here.
//!
//! At the same time answers come before deadlines and deadlines before new records. That order is
//! behaviour: changing it changes results.

mod agent;
mod aggregator;
mod answers;
mod arrivals;
mod calls;
mod collector;
mod container;
mod filling;
mod limiter;
mod log_batches;
mod moves;
mod order;
mod places;
mod record;
mod shard_map;
mod sink;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::engine::distribution::Distribution;
use crate::engine::plan::{Plan, ProducerPlan};
use crate::engine::source::{Arrival, InCall};
use crate::model::backoff::Waits;
use crate::model::billing::BilledRecords;
use crate::scenario::{Method, PutCalls, Sending};

use agent::Flow;
pub(super) use aggregator::Keys;
use aggregator::{Aggregator, Rules};
use calls::Calls;
use collector::Collector;
use limiter::{Limiter, POLL};
use log_batches::Batcher;
use order::Latest;
pub(super) use record::Coming;
use record::{Held, Put, Turn, UserRecord};
use shard_map::ShardMap;
use sink::Sink;

/// The shortest time for which the KPL keeps a record in its collector is a fifth of the longest
/// time in its buffers, and at most this. Source: `aws/kinesis/core/pipeline.h`.
const COLLECTION_MAX: u64 = 50_000_000;

/// Something that a client waits for; in the order in which it happens at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The answer to a call comes, or would.
    Answer(u32),
    /// A call has waited for its answer for too long.
    TimeOut(u32),
    /// A call is sent again.
    Resend(u32),
    /// The aggregated record of a shard is due, if it still is the given one.
    Aggregate(u16, u32),
    /// The limiter looks at what waits.
    Poll,
    /// A call is due, if it still is the given one.
    Collect(u32),
    /// A batch of log events is due, the flow of an agent opens, or a sink looks at its buffer.
    Wake,
    /// A record that is made, whose turn is given, fills the aggregated record of a shard, if that still
    /// is the given one. Records that are made come after all that else happens.
    Full(Turn, u16, u32),
}

/// A moment in the order in which things happen to a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    /// In nanoseconds.
    at: u64,
    /// The last record made then that has come, if any has.
    record: Option<Turn>,
}

impl Moment {
    /// Whether a record that is made has come.
    fn has_come(&self, record: &Coming) -> bool {
        (record.created, Some(record.turn())) <= (self.at, self.record)
    }
}

/// What a client counted of the user records made after the warm-up.
#[derive(Debug, Default)]
pub(super) struct SenderTally {
    pub(super) attempts: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) throttled: u64,
    pub(super) given_up: u64,
    pub(super) dropped: u64,
    /// User records that came to another shard than their own in an aggregated record.
    pub(super) astray: u64,
    pub(super) waiting: u64,
    pub(super) out_of_order: u64,
    /// Kinesis records sent, each time that they were made anew.
    pub(super) put_records: u64,
    pub(super) put_calls: u64,
    pub(super) put_latency: Distribution,
    /// Of the Kinesis records that the stream took once more.
    pub(super) billed_duplicates: BilledRecords,
}

/// One client in one replication.
#[derive(Debug)]
pub(super) struct Sender<'plan> {
    producer: &'plan ProducerPlan,
    sending: &'plan Sending,
    waits: &'plan Waits,
    /// Index of the producer, where arrivals have it.
    index: u64,
    warm_up: u64,
    horizon: u64,
    /// Whether the bytes of partition keys count.
    key_bytes_count: bool,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    /// What has happened.
    moment: Moment,
    /// Records that the application makes before `until`, in order of time, where they do not come by
    /// shard, and how many of them it has made.
    coming: Vec<Coming>,
    came: usize,
    until: u64,
    is_by_shard: bool,
    /// Records that wait for room in the client.
    blocked: VecDeque<UserRecord>,
    /// What it holds, where that is bounded.
    held: Option<Held>,
    /// Where it predicts shards.
    map: Option<ShardMap>,
    aggregator: Option<Aggregator>,
    limiter: Option<Limiter>,
    batcher: Option<Batcher>,
    flow: Option<Flow>,
    sink: Option<Sink>,
    is_polling: bool,
    collector: Collector,
    calls: Calls,
    latest: Option<Latest>,
    /// Shards that calls were sent to since the last barrier.
    pub(super) touched: Vec<u16>,
    /// User records made for each shard after the warm-up.
    pub(super) generated: Vec<u64>,
    pub(super) tally: SenderTally,
    made: Vec<Put>,
    passed: Vec<Put>,
    expired: Vec<Put>,
}

impl<'plan> Sender<'plan> {
    pub(super) fn new(
        plan: &'plan Plan,
        index: usize,
        sending: &'plan Sending,
        waits: &'plan Waits,
    ) -> Self {
        let producer = &plan.producers[index];
        let (max_records, max_bytes) = match producer.calls {
            PutCalls::PutRecord => (1, u64::MAX),
            PutCalls::PutRecords { batch_size, batch_bytes, .. } => (batch_size.0, batch_bytes.0),
        };
        let (mut map, mut aggregator, mut limiter, mut shard_bytes) = (None, None, None, u64::MAX);
        let (mut batcher, mut flow, mut sink) = (None, None, None);
        match &sending.method {
            Method::Resend | Method::Kpl(_) => {}
            Method::Agent(backoff) => flow = Some(Flow::new(*backoff)),
            Method::FlinkSink(limits) => sink = Some(Sink::new(*limits, max_records, max_bytes)),
            Method::LogBatches(limits) => {
                batcher = Some(Batcher::new(*limits, producer.packed_keys.are_fresh));
            }
        }
        if let Method::Kpl(kpl) = &sending.method {
            let keys = producer.packed_keys;
            let rules = kpl.aggregation.map(|limits| Rules::new(limits, kpl, keys));
            aggregator = rules.map(|rules| Aggregator::new(rules, plan.shards));
            limiter = kpl.rate_limit.as_ref().map(|limit| Limiter::new(limit, plan.shards));
            shard_bytes = kpl.shard_bytes.0;
            map = Some(ShardMap::new(producer.round_trip));
        }
        Self {
            producer,
            sending,
            waits,
            index: index as u64,
            warm_up: plan.warm_up,
            horizon: plan.horizon,
            key_bytes_count: plan.quotas.partition_key_bytes_count,
            events: BinaryHeap::new(),
            moment: Moment::default(),
            coming: Vec::new(),
            came: 0,
            until: 0,
            is_by_shard: false,
            blocked: VecDeque::new(),
            held: sending.buffer.map(|_| Held::default()),
            map,
            aggregator,
            limiter,
            batcher,
            flow,
            sink,
            is_polling: false,
            collector: Collector::new(max_records, max_bytes, shard_bytes, plan.shards),
            calls: Calls::new(sending.in_flight),
            latest: producer.orders_keys.then(|| Latest::new(producer.keys.len())),
            touched: Vec::new(),
            generated: vec![0; plan.shards],
            tally: SenderTally::default(),
            made: Vec::new(),
            passed: Vec::new(),
            expired: Vec::new(),
        }
    }

    /// Hears that a shard refused a record of a call.
    #[inline]
    pub(super) fn refuse(&mut self, call: u32, record: u32) {
        self.calls.refuse(call, record);
    }

    /// Plays everything before `until`; all answers that come before are known.
    pub(super) fn play(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) {
        loop {
            let event = self.events.peek().map_or(u64::MAX, |event| event.0.0);
            let record = self.coming.get(self.came).map_or(u64::MAX, |record| record.created);
            if event.min(record) >= until {
                return;
            }
            if event <= record {
                if let Some(Reverse((now, event))) = self.events.pop() {
                    self.happen(event, now, inboxes);
                    self.unblock(now, inboxes);
                    self.fill();
                }
            } else if let Some(record) = self.coming.get(self.came).copied() {
                self.came += 1;
                self.arrive(record.into(), inboxes);
            }
        }
    }

    /// Before when it sends what reaches the service before `until`.
    pub(super) const fn sent_before(&self, until: u64) -> u64 {
        self.producer.sent_before(until)
    }

    /// Before when nothing of this client can reach the service.
    pub(super) fn earliest(&self) -> u64 {
        let event = self.events.peek().map_or(u64::MAX, |event| event.0.0);
        let record = self.coming.get(self.came).map_or(u64::MAX, |record| record.created);
        event.min(record).saturating_add(self.producer.one_way)
    }

    /// Plays up to the end of the run and counts what stands where; all refusals are known.
    pub(super) fn finish(&mut self, inboxes: &mut [Vec<Arrival>]) {
        self.play(self.horizon, inboxes);
        for slot in self.calls.by_service() {
            let Some(call) = self.calls.get(slot) else { continue };
            if call.service < self.horizon {
                self.hear(slot);
            }
            let Some(call) = self.calls.take(slot) else { continue };
            let is_last = self.sending.method.resends()
                && call.service < self.horizon
                && call.attempt >= self.waits.attempts();
            let is_refused = |put: &Put| !call.is_answered || put.is_refused;
            let users = call
                .puts
                .iter()
                .flat_map(|put| put.users.iter().filter(|user| is_refused(put) || user.is_astray));
            for user in users {
                let counted = u64::from(user.created >= self.warm_up && !user.is_copy);
                if is_last {
                    self.tally.given_up += counted;
                } else {
                    self.tally.waiting += counted;
                }
            }
        }
        let puts = self.collector.puts().iter().chain(self.calls.ready.iter().flatten());
        let limited = self.limiter.iter().flat_map(Limiter::puts);
        let buffered = self.sink.iter().flat_map(Sink::puts);
        let users = puts.chain(limited).chain(buffered).flat_map(|put| &put.users);
        let aggregated = self.aggregator.iter().flat_map(Aggregator::users);
        let batched = self.batcher.iter().flat_map(Batcher::users);
        let waiting = users.chain(aggregated).chain(batched).chain(&self.blocked);
        let warm_up = self.warm_up;
        self.tally.waiting +=
            waiting.filter(|user| user.created >= warm_up && !user.is_copy).count() as u64;
    }

    fn happen(&mut self, event: Event, now: u64, inboxes: &mut [Vec<Arrival>]) {
        if self.moment.at < now {
            self.moment = Moment { at: now, record: None };
        }
        match event {
            Event::Answer(slot) => self.answer(slot, now, inboxes),
            Event::TimeOut(slot) => self.time_out(slot, now, inboxes),
            Event::Resend(slot) => self.dispatch(slot, now, inboxes),
            Event::Aggregate(shard, number) => {
                let due = match &mut self.aggregator {
                    Some(aggregator) => aggregator.close(shard, number, now, &mut self.made),
                    None => None,
                };
                self.expect(due);
                self.pass_on(now, inboxes);
            }
            Event::Full(record, shard, number) => {
                self.moment.record = Some(record);
                if let Some(aggregator) = &mut self.aggregator {
                    aggregator.close_full(shard, number, &mut self.made);
                }
                self.pass_on(now, inboxes);
            }
            Event::Poll => {
                self.is_polling = false;
                if let Some(limiter) = &mut self.limiter {
                    limiter.poll(now, &mut self.passed, &mut self.expired);
                }
                self.collect(now, inboxes);
            }
            Event::Collect(number) => {
                self.collector.close(number, now, &mut self.calls.ready);
                self.send(now, inboxes);
            }
            Event::Wake => self.wake(now, inboxes),
        }
    }

    /// A batch of log events is due, the flow of an agent opens, or a sink looks at its buffer.
    fn wake(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        if let Some(batcher) = &mut self.batcher {
            batcher.close(now, &mut self.made);
            self.pass_on(now, inboxes);
            return;
        }
        if let Some(flow) = &mut self.flow {
            flow.wakes_at = None;
        }
        if let Some(sink) = &mut self.sink {
            sink.wakes_at = None;
        }
        self.send(now, inboxes);
    }

    /// A container is due, if it is not filled beforehand: then it is known when it is to be closed.
    #[inline]
    fn expect(&mut self, due: Option<(u64, Event)>) {
        if !self.is_by_shard {
            self.events.extend(due.map(Reverse));
        }
    }

    /// Hands what was made to the limiter, and what that lets through to the collector.
    fn pass_on(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        match &mut self.limiter {
            Some(limiter) => {
                for put in self.made.drain(..) {
                    limiter.put(put, now, &mut self.passed, &mut self.expired);
                }
            }
            None => self.passed.append(&mut self.made),
        }
        self.collect(now, inboxes);
    }

    /// Puts what the limiter let through into calls; what expired before it is tried anew or given
    /// up, each user record by its own age.
    fn collect(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let stays = match &self.sending.method {
            Method::Kpl(kpl) if kpl.aggregation.is_some() => {
                (kpl.max_buffered_time.nanoseconds() / 5).min(COLLECTION_MAX)
            }
            _ => 0,
        };
        for mut put in self.passed.drain(..) {
            if let Some(sink) = &mut self.sink {
                sink.add(put);
                continue;
            }
            if self.batcher.is_some() {
                // A batch of events is a call of its own.
                self.calls.ready.push_back(vec![put]);
                continue;
            }
            put.deadline = put.deadline.max(now + stays);
            if let Some((number, due)) = self.collector.add(put, &mut self.calls.ready) {
                self.events.push(Reverse((due.max(now), Event::Collect(number))));
            }
        }
        self.send(now, inboxes);
        if !self.is_polling && self.limiter.as_ref().is_some_and(Limiter::is_active) {
            self.is_polling = true;
            self.events.push(Reverse(((now / POLL + 1) * POLL, Event::Poll)));
        }
        if !self.expired.is_empty() {
            let expired = std::mem::take(&mut self.expired);
            for put in expired {
                self.try_anew(put, now, inboxes);
            }
        }
    }

    /// Sends as many of the calls that are ready as may be under way.
    fn send(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let by_record = self.sending.method.resends();
        loop {
            if let Some(sink) = self.sink.as_mut().filter(|_| self.calls.room() > 0) {
                self.calls.ready.extend(sink.next_request(now));
            }
            if self.calls.may_start()
                && let Some(flow) = self.flow.as_mut().filter(|flow| flow.open_at > now)
            {
                if flow.wakes_at.is_none_or(|at| at > flow.open_at) {
                    flow.wakes_at = Some(flow.open_at);
                    self.events.push(Reverse((flow.open_at, Event::Wake)));
                }
                return;
            }
            let Some(slot) = self.calls.start(by_record) else { break };
            self.dispatch(slot, now, inboxes);
            if let Some(flow) = &mut self.flow {
                flow.sent(now, self.waits);
            }
        }
        if let Some(sink) = &mut self.sink
            && let Some(due) = sink.due().filter(|due| *due > now)
            && sink.wakes_at.is_none_or(|at| at > due)
        {
            sink.wakes_at = Some(due);
            self.events.push(Reverse((due, Event::Wake)));
        }
    }

    /// Sends a call, for the first time or again.
    fn dispatch(&mut self, slot: u32, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let Some(call) = self.calls.get(slot) else { return };
        let service = now + self.producer.one_way;
        call.send(service, self.waits);
        let is_new = call.attempt == 1;
        self.events.push(Reverse((now + self.producer.round_trip, Event::Answer(slot))));
        if service >= self.horizon {
            return;
        }
        let number = self.index << 56 | u64::from(slot);
        let (mut users_counted, mut is_last_counted) = (0, false);
        for (place, put) in call.puts.iter().enumerate() {
            let key_bytes = if self.key_bytes_count { u32::from(put.key_bytes) } else { 0 };
            let users = put.users.len() as u32;
            let key = put.users.first().map_or(0, |user| user.key);
            let place = InCall { place: place as u32, users, key };
            inboxes[usize::from(put.home)].push(Arrival::reported(
                (service, put.created),
                number,
                put.data + key_bytes,
                place,
            ));
            self.touched.push(put.home);
            let counted = put.counted(self.warm_up);
            is_last_counted = counted > 0;
            users_counted += counted;
            self.tally.put_records += u64::from(is_new && is_last_counted);
        }
        self.tally.attempts += users_counted;
        self.tally.put_calls += u64::from(if is_new { is_last_counted } else { users_counted > 0 });
    }
}
