//! Attempts that a shard without room refuses, many at a time: what is counted of them.

use crate::engine::key_order::KeyOrder;
use crate::engine::lane::Context;
use crate::engine::retry::Waiting;
use crate::engine::tally::Tally;
use crate::model::backoff::Waits;

/// Attempts of a time in which a shard has no room, while they are counted.
pub(super) struct Refusals<'plan> {
    context: Context<'plan>,
    /// The producer of the attempts counted so far that are not booked yet.
    producer: usize,
    waits: &'plan Waits,
    counted: u64,
    given_up: u64,
    /// Attempts of all producers, and those of them that count.
    all_attempts: u64,
    all_counted: u64,
}

impl<'plan> Refusals<'plan> {
    #[inline(always)]
    pub(super) fn new(context: Context<'plan>) -> Self {
        Self {
            context,
            producer: 0,
            waits: &context.replication.waits[0],
            counted: 0,
            given_up: 0,
            all_attempts: 0,
            all_counted: 0,
        }
    }

    /// Refuses `record` at `now`; gives when its next attempt is due, if it has one.
    #[inline(always)]
    pub(super) fn refuse(
        &mut self,
        now: u64,
        record: &Waiting,
        order: &mut KeyOrder,
        tally: &mut Tally,
    ) -> Option<u64> {
        let producer = record.producer();
        if producer != self.producer {
            self.book_producer(tally);
            self.producer = producer;
            self.waits = &self.context.replication.waits[producer];
        }
        let counted = u64::from(record.created() >= self.context.plan.warm_up);
        self.all_attempts += 1;
        self.counted += counted;
        let attempts = record.attempts() + 1;
        if self.waits.batched() && attempts > 1 && counted == 1 {
            tally.repeat_call(record.call(), attempts);
        }
        if attempts < self.waits.attempts() {
            Some(now + self.waits.after(record.number(), attempts))
        } else {
            if record.is_copy() {
                return None;
            }
            self.given_up += counted;
            if attempts > 1 {
                order.leave(producer, record.key);
            }
            None
        }
    }

    #[inline]
    fn book_producer(&mut self, tally: &mut Tally) {
        let tally = &mut tally.producers[self.producer];
        tally.attempts += self.counted;
        tally.throttled += self.counted;
        tally.given_up += self.given_up;
        self.all_counted += self.counted;
        self.counted = 0;
        self.given_up = 0;
    }

    /// Books what is left; gives the attempts, and those of them that count.
    #[inline]
    pub(super) fn book(mut self, tally: &mut Tally) -> (u64, u64) {
        self.book_producer(tally);
        (self.all_attempts, self.all_counted)
    }
}
