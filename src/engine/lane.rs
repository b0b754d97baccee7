//! A lane: one shard, the records dealt to it, their retries, its log and its readers.
//!
//! Writing never depends on reading, so a lane first plays all attempts up to the barrier and then
//! all reads. Attempts are ordered by time; at the same time retries come before first attempts,
//! earlier calls before later ones. That order is behaviour: changing it changes results.

mod batch;
mod handover;
mod resend;
mod run;

use crate::engine::child_order::key_over_shards;
use crate::engine::foreseen::Foreseen;
use crate::engine::joint::Fleet;
use crate::engine::key_order::KeyOrder;
use crate::engine::log::{Log, LogRecord};
use crate::engine::plan::{Plan, ProducerPlan, ReplicationPlan};
use crate::engine::reader::Readers;
use crate::engine::refusals::Refusals;
use crate::engine::retry::{Retries, Waiting};
use crate::engine::seconds::{SecondRow, Seconds};
use crate::engine::source::{Arrival, number_of, producer_of};
use crate::engine::tally::{ProducerTally, Tally};
use crate::model::backoff::Waits;
use crate::model::billing::BilledRecords;
use crate::model::capacity::MinuteLoad;
use crate::model::write_limit::{Admission, WriteLimits, added_charge};
use crate::scenario::PutCalls;

pub(super) use handover::LeftOver;

/// What all lanes of a replication share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'plan> {
    pub(super) plan: &'plan Plan,
    pub(super) replication: &'plan ReplicationPlan,
}

/// One shard at work.
#[derive(Debug)]
pub(super) struct Lane {
    /// Place in the order in which the shards opened.
    pub(super) number: usize,
    /// What routes name it by; another shard may have it later.
    pub(super) slot: u16,
    /// When it closed, in nanoseconds; `u64::MAX` while it is open.
    pub(super) closed: u64,
    /// What producers sent here since the last whole minute, where that is asked for.
    pub(super) demand: MinuteLoad,
    /// First attempts in order of time, dealt and not yet made.
    pub(super) inbox: Vec<Arrival>,
    /// All attempts before this time have been played, in nanoseconds.
    now: u64,
    limits: WriteLimits,
    retries: Retries,
    foreseen: Foreseen,
    /// Records of one call that failed and will be sent again together.
    failed: Vec<Waiting>,
    order: KeyOrder,
    log: Log,
    /// Whether anyone reads the log.
    has_readers: bool,
    pub(super) readers: Readers,
    pub(super) seconds: Seconds,
    pub(super) counts: LaneCounts,
}

/// What one shard met after the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneCounts {
    /// Records whose first attempt was due here.
    pub(super) generated_records: u64,
    pub(super) incoming_records: u64,
    pub(super) incoming_bytes: u64,
    pub(super) throttled_by_records: u64,
    pub(super) throttled_by_bytes: u64,
}

/// One call, or the part of it that meets this shard, while it is decided on.
struct CallAtShard {
    now: u64,
    /// Bytes of its records accepted so far.
    accepted_bytes: u64,
    /// The producer will not hear what becomes of it.
    is_answer_lost: bool,
}

impl CallAtShard {
    const fn new(now: u64, is_answer_lost: bool) -> Self {
        Self { now, accepted_bytes: 0, is_answer_lost }
    }
}

impl Lane {
    /// The lane of a shard that opens at `opened`; its readers begin at once, or wait for those of
    /// its parents.
    pub(super) fn new(
        number: usize,
        slot: u16,
        opened: u64,
        is_child: bool,
        context: Context<'_>,
    ) -> Self {
        let plan = context.plan;
        let longest_wait = context.replication.waits.iter().map(Waits::longest).max().unwrap_or(0);
        Self {
            number,
            slot,
            closed: u64::MAX,
            demand: MinuteLoad::default(),
            inbox: Vec::new(),
            now: opened,
            limits: WriteLimits::new(&plan.quotas, plan.max_record_size),
            retries: Retries::new(longest_wait),
            foreseen: Foreseen::new(context),
            failed: Vec::new(),
            order: KeyOrder::default(),
            log: Log::new(
                (plan.warm_up, opened),
                plan.keeps_keys,
                plan.reshards.is_some() && !plan.consumers.is_empty(),
            ),
            has_readers: !plan.consumers.is_empty(),
            readers: Readers::new(number, opened, is_child, context),
            seconds: Seconds::new(opened, context),
            counts: LaneCounts::default(),
        }
    }

    /// Plays everything before `until`, for which all arrivals have been dealt.
    pub(super) fn advance(&mut self, until: u64, context: Context<'_>, tally: &mut Tally) {
        self.write(until, context, tally);
        self.reach(until, tally);
        if !self.readers.wait_for_parents() {
            self.read(until, context, tally);
        }
    }

    /// Plays the reads before `until`, up to which everything has been written.
    pub(super) fn read(&mut self, until: u64, context: Context<'_>, tally: &mut Tally) {
        self.readers.advance(until, &self.log, context, tally);
        if !context.plan.has_joint_reads {
            self.end_window(until, context, tally);
        }
    }

    /// When a consumer that couples shards does something here next, in nanoseconds.
    pub(super) fn read_due(&self, consumer: usize, context: Context<'_>) -> u64 {
        self.readers.due(consumer, &self.log, context)
    }

    /// Lets such a consumer do at `now` what is due.
    pub(super) fn read_jointly(
        &mut self,
        (consumer, now, until): (usize, u64, u64),
        context: Context<'_>,
        joint: (&mut Tally, &mut Fleet),
    ) {
        self.readers.act((consumer, now, until), &self.log, context, joint);
    }

    /// There is room for an invocation of a lane of a mapping.
    pub(super) fn grant(&mut self, consumer: usize, lane: usize, now: u64) {
        self.readers.grant(consumer, lane, now);
    }

    /// All reads before `until` have been played: what nobody needs is forgotten.
    pub(super) fn end_window(&mut self, until: u64, context: Context<'_>, tally: &mut Tally) {
        let (read, time) = self.readers.end_window(until, &self.log, context, tally);
        self.log.forget_before(read, time, until);
    }

    /// Ends the run at the horizon: what is left is counted where it stands.
    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut Tally) {
        let warm_up = context.plan.warm_up;
        self.count_foreseen(tally);
        self.seconds.close_last(&mut self.log, &mut tally.rows);
        self.readers.finish(&self.log, context, tally);
        for arrival in &self.inbox {
            let counted = u64::from(arrival.created() >= warm_up);
            self.counts.generated_records += counted;
            tally.producers[arrival.producer()].waiting += counted;
        }
        if let Some(producer) = self.foreseen.producer() {
            let (given_up, waiting) = self.foreseen.finish(&context.replication.waits);
            tally.producers[producer].given_up += given_up;
            tally.producers[producer].waiting += waiting;
        }
        for record in self.retries.drain() {
            tally.producers[record.producer()].waiting +=
                u64::from(record.created() >= warm_up && !record.is_copy());
        }
    }

    /// Lets time come to `now`, closing every second that ends before or at it.
    #[inline(always)]
    fn reach(&mut self, now: u64, tally: &mut Tally) {
        while now >= self.seconds.end() {
            self.count_foreseen(tally);
            self.seconds.close(&mut self.log, &mut tally.rows);
        }
    }

    /// Counts what was foreseen of the second that is open, as it ends.
    fn count_foreseen(&mut self, tally: &mut Tally) {
        let second = (self.seconds.start(), self.seconds.throttled());
        let refused = self.foreseen.count(second, &mut self.order, &mut tally.producers);
        tally.work += refused;
        self.seconds.throttle(refused);
        self.counts.throttled_by_records += refused;
    }

    fn write(&mut self, until: u64, context: Context<'_>, tally: &mut Tally) {
        let inbox = std::mem::take(&mut self.inbox);
        let mut next = 0;
        while self.now < until {
            let full_until = self.limits.no_record_before().min(until);
            if self.now < full_until {
                next += self.refuse_before(full_until, &inbox[next..], context, tally);
                continue;
            }
            let arrival = inbox.get(next).map_or(u64::MAX, Arrival::service);
            let retry = self.retries.next_due(until.min(arrival.saturating_add(1)));
            let first = until.min(arrival.saturating_add(1)).min(retry.saturating_add(1));
            let foreseen = self.foreseen.next_due(self.now, first);
            if foreseen < first && (foreseen < retry || self.is_foreseen_first()) {
                self.now = foreseen;
                self.retry_foreseen(context, tally);
            } else if retry < until && retry <= arrival {
                self.now = retry;
                self.retry(context, tally);
            } else if arrival < until {
                next += self.first_attempts(&inbox[next..], until, context, tally);
            } else {
                self.now = until;
            }
        }
        self.inbox = inbox;
        tally.work += next as u64;
        self.inbox.drain(..next);
    }

    /// Plays first attempts from the start of `arrivals`: a run that the shard takes and, where one
    /// is throttled, the rest of its call. Gives how many.
    fn first_attempts(
        &mut self,
        arrivals: &[Arrival],
        until: u64,
        context: Context<'_>,
        tally: &mut Tally,
    ) -> usize {
        self.reach(arrivals[0].service(), tally);
        // The first arrival is known to come before any retry.
        let no_retry_before = self.retries.none_due_before().min(self.foreseen.none_due_before());
        let no_retry_before = no_retry_before.max(arrivals[0].service() + 1);
        let limit = until.min(self.seconds.end()).min(no_retry_before);
        let index = arrivals[0].producer();
        let producer = &context.plan.producers[index];
        let waits = &context.replication.waits[index];
        if producer.sending.is_some() {
            return self.reported_call(arrivals, context, tally);
        }
        if waits.loses_answers() {
            self.now = arrivals[0].service();
            let is_lost = waits.is_lost(number_of(arrivals[0].call()), 1);
            return self.rest_of_call(
                arrivals,
                CallAtShard::new(self.now, is_lost),
                context,
                tally,
            );
        }
        let run = if producer.calls == PutCalls::PutRecord {
            self.accept_run::<false>(arrivals, limit, producer.rounding, producer.billing)
        } else {
            self.accept_run::<true>(arrivals, limit, producer.rounding, producer.billing)
        };
        let (taken, rest) = arrivals.split_at(run.accepted);
        let last = arrivals[(run.accepted + usize::from(run.throttled)).max(1) - 1];
        self.now = last.service();
        self.book_run(taken, &run, producer, context, &mut tally.producers[index]);
        match rest.first() {
            Some(arrival) if run.throttled => {
                let mut call = CallAtShard::new(arrival.service(), false);
                call.accepted_bytes = run.last_call.bytes_of(arrival);
                run.accepted + self.rest_of_call(rest, call, context, tally)
            }
            _ => run.accepted,
        }
    }

    /// Plays the records at the start of `arrivals` that belong to the call of the first one, one by
    /// one; gives how many.
    fn rest_of_call(
        &mut self,
        arrivals: &[Arrival],
        mut call: CallAtShard,
        context: Context<'_>,
        tally: &mut Tally,
    ) -> usize {
        let number = arrivals[0].call();
        let index = producer_of(number);
        let producer = &context.plan.producers[index];
        let waits = &context.replication.waits[index];
        let tally = &mut tally.producers[index];
        let mut played = 0;
        for arrival in arrivals.iter().take_while(|arrival| arrival.call() == number) {
            played += 1;
            let record = Waiting::new(arrival, 1);
            let counted = u64::from(record.created() >= context.plan.warm_up);
            self.counts.generated_records += counted;
            let accepted = self.attempt(&mut call, &record, producer, counted, tally);
            self.go_on(record, accepted, counted, producer, waits, tally);
        }
        self.send_again(call.now, number, 1, waits);
        played
    }

    /// Decides on the call at the start of `arrivals`, whose producer hears what becomes of it; gives
    /// how many records that were.
    fn reported_call(
        &mut self,
        arrivals: &[Arrival],
        context: Context<'_>,
        tally: &mut Tally,
    ) -> usize {
        let number = arrivals[0].call();
        let producer = &context.plan.producers[producer_of(number)];
        self.now = arrivals[0].service();
        let mut call_bytes = 0;
        let mut played = 0;
        for arrival in arrivals.iter().take_while(|arrival| arrival.call() == number) {
            played += 1;
            let size = u64::from(arrival.size());
            let charge = added_charge(call_bytes, size, producer.rounding);
            let admission = self.limits.admit(self.now, charge);
            let created = arrival.reported_created();
            let counted = u64::from(created >= context.plan.warm_up);
            if admission != Admission::Accepted {
                match admission {
                    Admission::RecordLimit => self.counts.throttled_by_records += counted,
                    _ => self.counts.throttled_by_bytes += counted,
                }
                self.report(arrival, tally);
                continue;
            }
            call_bytes += size;
            self.seconds.accept(1, size, charge);
            self.counts.incoming_records += counted;
            self.counts.incoming_bytes += size * counted;
            let tally = &mut tally.producers[producer_of(number)];
            tally.accepted += counted;
            tally.accepted_bytes += size * counted;
            if counted == 1 {
                producer.billing.add(size, &mut tally.billed);
            }
            if self.has_readers {
                let record = arrival.in_call();
                let (own, fresh) = producer.key_masks();
                let key = key_over_shards(producer, arrival.producer(), record.key);
                self.log.extend_keys(std::iter::once(key));
                let key = (record.key & own) | (created as u32 & fresh);
                let logged = LogRecord::new((self.now, created), arrival.size(), key);
                self.log.push(logged.holding(record.users));
            }
        }
        played
    }

    /// Tells the producer of a record that it was refused.
    fn report(&mut self, arrival: &Arrival, tally: &mut Tally) {
        self.seconds.throttle(1);
        tally.refused.push((arrival.call(), arrival.in_call().place));
    }

    /// The shard has no room for a record before `full_until`: it refuses all attempts before, in
    /// whatever order. Gives how many of `arrivals` were played.
    fn refuse_before(
        &mut self,
        full_until: u64,
        arrivals: &[Arrival],
        context: Context<'_>,
        tally: &mut Tally,
    ) -> usize {
        let mut played = 0;
        while self.now < full_until {
            let limit = full_until.min(self.seconds.end()).min(self.retries.turn_to(self.now));
            self.foreseen.turn_to(self.now);
            let mut refusals = Refusals::new(context);
            // First attempts first: a retry of theirs can be due before the limit.
            for arrival in arrivals[played..].iter().take_while(|next| next.service() < limit) {
                played += 1;
                let producer = arrival.producer();
                if context.plan.producers[producer].sending.is_some() {
                    let created = arrival.reported_created();
                    self.counts.throttled_by_records += u64::from(created >= context.plan.warm_up);
                    self.report(arrival, tally);
                    continue;
                }
                let record = Waiting::new(arrival, 0);
                let counted = u64::from(arrival.created() >= context.plan.warm_up);
                self.counts.generated_records += counted;
                let order = &mut self.order;
                if let Some(due) = refusals.refuse(arrival.service(), &record, order, tally) {
                    if context.plan.producers[producer].is_ordered {
                        order.wait(producer, arrival.key());
                    }
                    let waits = &context.replication.waits[producer];
                    if !self.foreseen.foresee(&record, due, waits) {
                        self.retries.push_first(record, arrival.service(), due);
                    }
                }
            }
            let Self { order, foreseen, retries, .. } = self;
            retries.refuse_before(limit, |now, record| {
                let due = refusals.refuse(now, record, order, tally)?;
                let waits = &context.replication.waits[record.producer()];
                (!foreseen.foresee(record, due, waits)).then_some(due)
            });
            let (attempts, counted) = refusals.book(tally);
            tally.work += attempts;
            self.seconds.throttle(attempts);
            self.counts.throttled_by_records += counted;
            self.now = limit;
            self.reach(limit, tally);
        }
        played
    }

    /// Decides on one record of `call`; true when the shard takes it.
    #[inline]
    fn attempt(
        &mut self,
        call: &mut CallAtShard,
        record: &Waiting,
        producer: &ProducerPlan,
        counted: u64,
        tally: &mut ProducerTally,
    ) -> bool {
        let size = u64::from(record.size());
        let charge = added_charge(call.accepted_bytes, size, producer.rounding);
        let admission = self.limits.admit(call.now, charge);
        tally.attempts += counted;
        if admission != Admission::Accepted {
            self.seconds.throttle(1);
            tally.throttled += counted;
            match admission {
                Admission::RecordLimit => self.counts.throttled_by_records += counted,
                _ => self.counts.throttled_by_bytes += counted,
            }
            return false;
        }
        call.accepted_bytes += size;
        self.seconds.accept(1, size, charge);
        let created = record.created();
        tally.accepted_bytes += size * counted;
        let mut billed = BilledRecords::default();
        if counted == 1 {
            producer.billing.add(size, &mut billed);
        }
        tally.billed.add(billed);
        if record.is_copy() {
            tally.duplicates += counted;
            tally.billed_duplicates.add(billed);
        } else {
            tally.accepted += counted;
            if record.attempts() == 1 {
                self.order.take_first(record.producer(), record.key, created);
            } else if self.order.take_waiting(record.producer(), record.key, created) {
                tally.out_of_order += counted;
            }
        }
        self.counts.incoming_records += counted;
        self.counts.incoming_bytes += size * counted;
        if counted == 1 && !call.is_answer_lost {
            tally.put_latency.record(call.now - created + producer.answer());
        }
        if self.has_readers {
            let key = key_over_shards(producer, record.producer(), record.key);
            self.log.extend_keys(std::iter::once(key));
            let (own, fresh) = producer.key_masks();
            let key = (record.key & own) | (created as u32 & fresh);
            self.log.push(LogRecord::new((call.now, created), record.size(), key));
        }
        true
    }

    /// What the lane counted, the totals of its seconds, and its series.
    pub(super) fn into_parts(self) -> (LaneCounts, SecondRow, crate::metrics::ShardSeries) {
        let (totals, series) = self.seconds.into_parts();
        (self.counts, totals, series)
    }
}
