//! A lane: one shard, the records dealt to it, their retries, its log and its readers.
//!
//! Writing never depends on reading, so a lane first plays all attempts up to the barrier and then
//! all reads. Attempts are ordered by time; at the same time retries come before first attempts,
//! earlier calls before later ones. That order is behaviour: changing it changes results.

use crate::engine::log::{Log, LogRecord};
use crate::engine::plan::{Plan, ProducerPlan, ReplicationPlan};
use crate::engine::reader::Readers;
use crate::engine::retry::{Chain, NONE, Retries, Waiting};
use crate::engine::seconds::{SecondRow, Seconds};
use crate::engine::source::{Arrival, number_of, producer_of};
use crate::engine::tally::{ProducerTally, Tally};
use crate::model::write_limit::{WriteLimits, round_up};
use crate::scenario::PutCalls;

/// What all lanes of a replication share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'plan> {
    pub(super) plan: &'plan Plan,
    pub(super) replication: &'plan ReplicationPlan,
}

/// One shard at work.
#[derive(Debug)]
pub(super) struct Lane {
    /// First attempts in order of time, dealt and not yet made.
    pub(super) inbox: Vec<Arrival>,
    limits: WriteLimits,
    retries: Retries,
    log: Log,
    /// Whether anyone reads the log.
    has_readers: bool,
    readers: Readers,
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
    pub(super) write_throttled_records: u64,
    pub(super) throttled_by_records: u64,
    pub(super) throttled_by_bytes: u64,
}

/// One call, or the part of it that meets this shard, while it is decided on.
struct CallAtShard {
    now: u64,
    /// Bytes of its records accepted so far.
    accepted_bytes: u64,
    /// Its records that failed and will be sent again.
    failed: Chain,
}

impl Lane {
    pub(super) fn new(index: usize, context: Context<'_>) -> Self {
        let plan = context.plan;
        let longest_wait = plan
            .producers
            .iter()
            .zip(&context.replication.waits)
            .map(|(producer, waits)| producer.round_trip + waits.longest())
            .max()
            .unwrap_or(0);
        Self {
            inbox: Vec::new(),
            limits: WriteLimits::new(&plan.quotas, plan.max_record_size),
            retries: Retries::new(longest_wait),
            log: Log::default(),
            has_readers: !plan.consumers.is_empty(),
            readers: Readers::new(index, context),
            seconds: Seconds::new(plan),
            counts: LaneCounts::default(),
        }
    }

    /// Plays everything before `until`, for which all arrivals have been dealt.
    pub(super) fn advance(&mut self, until: u64, context: Context<'_>, tally: &mut Tally) {
        self.write(until, context, tally);
        self.seconds
            .close_before(until, &mut self.log, &mut tally.rows);
        let read = self.readers.advance(until, &self.log, context, tally);
        self.log.forget_before(read);
    }

    /// Ends the run at the horizon: what is left is counted where it stands.
    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut Tally) {
        let warm_up = context.plan.warm_up;
        self.seconds.close_last(&mut self.log, &mut tally.rows);
        self.readers.finish(&self.log, context, tally);
        for arrival in &self.inbox {
            let counted = u64::from(arrival.created >= warm_up);
            self.counts.generated_records += counted;
            tally.producers[producer_of(arrival.call)].waiting += counted;
        }
        for record in self.retries.waiting() {
            tally.producers[producer_of(record.call)].waiting +=
                u64::from(record.created >= warm_up);
        }
    }

    fn write(&mut self, until: u64, context: Context<'_>, tally: &mut Tally) {
        let inbox = std::mem::take(&mut self.inbox);
        let mut next = 0;
        loop {
            let first_attempt = inbox.get(next).map_or(u64::MAX, |arrival| arrival.service);
            // The next retry matters only if it comes before the next first attempt.
            let retry = if self.retries.is_empty() {
                u64::MAX
            } else {
                self.retries
                    .next_due(until.min(first_attempt.saturating_add(1)))
            };
            if retry <= first_attempt {
                if retry >= until {
                    break;
                }
                self.retry_call(retry, context, tally);
            } else {
                if first_attempt >= until {
                    break;
                }
                next = self.first_attempts(&inbox, next, context, tally);
            }
        }
        self.inbox = inbox;
        tally.work += next as u64;
        self.inbox.drain(..next);
    }

    /// Plays the call that begins at `inbox[from]`; gives the place after it.
    #[inline]
    fn first_attempts(
        &mut self,
        inbox: &[Arrival],
        from: usize,
        context: Context<'_>,
        tally: &mut Tally,
    ) -> usize {
        let Arrival {
            service: now,
            call: number,
            ..
        } = inbox[from];
        let index = producer_of(number);
        let producer = &context.plan.producers[index];
        let producer_tally = &mut tally.producers[index];
        self.seconds.reach(now, &mut self.log, &mut tally.rows);
        let mut call = CallAtShard {
            now,
            accepted_bytes: 0,
            failed: Chain::EMPTY,
        };
        let mut next = from;
        while let Some(arrival) = inbox.get(next) {
            if arrival.call != number {
                break;
            }
            next += 1;
            let record = Waiting {
                created: arrival.created,
                call: number,
                size: arrival.size,
                key: arrival.key,
                attempts: 1,
                next: NONE,
            };
            let counted = u64::from(record.created >= context.plan.warm_up);
            self.counts.generated_records += counted;
            if self.attempt(&mut call, &record, producer, counted, producer_tally) {
                continue;
            }
            if context.replication.waits[index].attempts() == 1 {
                producer_tally.given_up += counted;
            } else {
                self.retries.add(&mut call.failed, record);
            }
        }
        if call.failed.head != NONE {
            self.send_again(&call, number, 1, context);
        }
        next
    }

    /// Plays the call that is due at `now`.
    fn retry_call(&mut self, now: u64, context: Context<'_>, tally: &mut Tally) {
        let mut index = self.retries.pop();
        let head = self.retries.record(index);
        let producer_index = producer_of(head.call);
        let producer = &context.plan.producers[producer_index];
        let producer_tally = &mut tally.producers[producer_index];
        self.seconds.reach(now, &mut self.log, &mut tally.rows);
        tally.work += 1;
        let attempts = head.attempts + 1;
        let last = attempts >= context.replication.waits[producer_index].attempts();
        let mut call = CallAtShard {
            now,
            accepted_bytes: 0,
            failed: Chain::EMPTY,
        };
        let mut any_counted = 0;
        while index != NONE {
            let record = self.retries.record(index);
            let counted = u64::from(record.created >= context.plan.warm_up);
            any_counted |= counted;
            if self.attempt(&mut call, &record, producer, counted, producer_tally) {
                self.retries.release(index);
            } else if last {
                producer_tally.given_up += counted;
                self.retries.release(index);
            } else {
                self.retries.keep(&mut call.failed, index);
            }
            index = record.next;
        }
        if producer.calls != PutCalls::PutRecord && any_counted != 0 {
            tally.repeated_calls.push((head.call, attempts));
        }
        if call.failed.head != NONE {
            self.send_again(&call, head.call, attempts, context);
        }
    }

    /// Decides on one record of `call`; true when the shard takes it.
    #[inline(always)]
    fn attempt(
        &mut self,
        call: &mut CallAtShard,
        record: &Waiting,
        producer: &ProducerPlan,
        counted: u64,
        tally: &mut ProducerTally,
    ) -> bool {
        let size = u64::from(record.size);
        // Only the sum over the call is rounded, so a record is charged what it adds to that.
        let charge = round_up(call.accepted_bytes + size, producer.rounding)
            - round_up(call.accepted_bytes, producer.rounding);
        let admission = self.limits.admit(call.now, charge);
        tally.attempts += counted;
        if admission.accepted() {
            call.accepted_bytes += size;
            self.seconds.accept(size, charge);
            tally.accepted += counted;
            tally.accepted_bytes += size * counted;
            self.counts.incoming_records += counted;
            self.counts.incoming_bytes += size * counted;
            let waited = call.now - record.created;
            if waited == producer.one_way {
                tally.prompt += counted;
            } else if counted == 1 {
                // From the service it is half a round trip back to the producer.
                tally
                    .put_latency
                    .record(waited + producer.round_trip - producer.one_way);
            }
            if self.has_readers {
                self.log.push(LogRecord {
                    accepted: call.now,
                    created: record.created,
                    size: record.size,
                });
            }
            return true;
        }
        self.seconds.throttle();
        tally.throttled += counted;
        self.counts.write_throttled_records += counted;
        self.counts.throttled_by_records += counted & u64::from(admission.records_short);
        self.counts.throttled_by_bytes += counted & u64::from(admission.bytes_short);
        false
    }

    /// Lets the failed records of `call` wait for their next attempt.
    #[inline]
    fn send_again(&mut self, call: &CallAtShard, number: u64, attempts: u32, context: Context<'_>) {
        let index = producer_of(number);
        let wait = context.replication.waits[index].after(number_of(number), attempts);
        let due = call.now + context.plan.producers[index].round_trip + wait;
        self.retries.schedule(call.failed, due);
    }

    /// What the lane counted, the totals of its seconds, and its series.
    pub(super) fn into_parts(self) -> (LaneCounts, SecondRow, crate::metrics::ShardSeries) {
        let (totals, series) = self.seconds.into_parts();
        (self.counts, totals, series)
    }
}
