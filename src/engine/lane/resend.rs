//! What a lane does with records that were refused: whether, when and how they are sent again.

use super::{CallAtShard, Context, Lane};
use crate::engine::plan::ProducerPlan;
use crate::engine::retry::Waiting;
use crate::engine::source::{number_of, producer_of};
use crate::engine::tally::{ProducerTally, Tally};
use crate::model::backoff::Waits;

impl Lane {
    /// Plays the retry that is due now: a record, or all that is left here of a PutRecords call.
    pub(super) fn retry(&mut self, context: Context<'_>, tally: &mut Tally) {
        self.reach(self.now, tally);
        let producer = self.retries.first().producer();
        if context.replication.waits[producer].batched() {
            self.retry_call(self.now, context, tally);
        } else {
            self.retry_record(self.now, context, tally);
        }
    }

    /// Whether the foreseen attempt that is due comes before the retry that is due at the same time.
    pub(super) fn is_foreseen_first(&self) -> bool {
        self.foreseen.first_call().is_some_and(|call| call < self.retries.first().call())
    }

    /// Plays the foreseen attempt that is due now.
    pub(super) fn retry_foreseen(&mut self, context: Context<'_>, tally: &mut Tally) {
        self.reach(self.now, tally);
        let Some(producer) = self.foreseen.producer() else { return };
        let waits = &context.replication.waits[producer];
        let Some(turn) = self.foreseen.pop(waits) else { return };
        tally.work += 1;
        let mut record = turn.record;
        record.attempt();
        let mut call = CallAtShard::new(self.now, false);
        let (plan, tally) = (&context.plan.producers[producer], &mut tally.producers[producer]);
        if self.attempt(&mut call, &record, plan, 1, tally) {
            self.foreseen.take_back(&turn, waits);
        }
    }

    /// Plays the retry of a PutRecord call.
    fn retry_record(&mut self, now: u64, context: Context<'_>, tally: &mut Tally) {
        tally.work += 1;
        let mut record = self.retries.pop();
        let producer = record.producer();
        let waits = &context.replication.waits[producer];
        let counted = u64::from(record.created() >= context.plan.warm_up);
        let plan = &context.plan.producers[producer];
        let tally = &mut tally.producers[producer];
        record.attempt();
        let mut call = CallAtShard::new(now, waits.is_lost(record.number(), record.attempts()));
        let accepted = self.attempt(&mut call, &record, plan, counted, tally);
        self.go_on(record, accepted, counted, plan, waits, tally);
        self.send_again(now, record.call(), record.attempts(), waits);
    }

    /// Plays the PutRecords call, or the part of it that failed here, which is due at `now`.
    fn retry_call(&mut self, now: u64, context: Context<'_>, tally: &mut Tally) {
        let number = self.retries.first().call();
        let attempts = self.retries.first().attempts() + 1;
        let producer = &context.plan.producers[producer_of(number)];
        let waits = &context.replication.waits[producer_of(number)];
        let producer_tally = &mut tally.producers[producer_of(number)];
        let mut call = CallAtShard::new(now, waits.is_lost(number_of(number), attempts));
        let mut any_counted = 0;
        while self.retries.next_due(now + 1) == now && self.retries.first().call() == number {
            let mut record = self.retries.pop();
            tally.work += 1;
            let counted = u64::from(record.created() >= context.plan.warm_up);
            any_counted |= counted;
            record.attempt();
            let accepted = self.attempt(&mut call, &record, producer, counted, producer_tally);
            self.go_on(record, accepted, counted, producer, waits, producer_tally);
        }
        if any_counted != 0 {
            tally.repeat_call(number, attempts);
        }
        self.send_again(now, number, attempts, waits);
    }

    /// What becomes of a record after an attempt: whether it is sent again, with its call.
    pub(super) fn go_on(
        &mut self,
        mut record: Waiting,
        accepted: bool,
        counted: u64,
        producer: &ProducerPlan,
        waits: &Waits,
        tally: &mut ProducerTally,
    ) {
        let attempts = record.attempts();
        let is_last = attempts >= waits.attempts();
        if accepted {
            if !is_last && waits.is_lost(record.number(), attempts) {
                record.make_copy();
                self.failed.push(record);
            }
        } else if !is_last {
            // At once: the next record of the call can overtake it.
            if attempts == 1 && producer.is_ordered {
                self.order.wait(record.producer(), record.key);
            }
            self.failed.push(record);
        } else if !record.is_copy() {
            tally.given_up += counted;
            if attempts > 1 {
                self.order.leave(record.producer(), record.key);
            }
        }
    }

    /// Lets the failed records of a call wait together for their next attempt.
    pub(super) fn send_again(&mut self, now: u64, call: u64, attempts: u32, waits: &Waits) {
        if self.failed.is_empty() {
            return;
        }
        let due = now + waits.after(number_of(call), attempts);
        for record in self.failed.drain(..) {
            self.retries.push(&record, now, due);
        }
    }
}
