//! First attempts that a shard takes one after another: most of what happens where nothing is scarce.

use super::{Context, Lane};
use crate::engine::child_order::key_over_shards;
use crate::engine::log::LogRecord;
use crate::engine::plan::ProducerPlan;
use crate::engine::source::Arrival;
use crate::engine::tally::ProducerTally;
use crate::model::billing::{BilledRecords, BillingSteps};
use crate::model::write_limit::{Admission, added_charge};
use crate::scenario::PutCalls;

/// Where a shard no longer plainly has room, so many arrivals are admitted one by one before it is
/// looked at again.
const ONE_BY_ONE: usize = 16;

/// First attempts that a shard took one after another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    pub(super) accepted: usize,
    bytes: u64,
    charged_bytes: u64,
    billed: BilledRecords,
    /// The next arrival was tried and throttled.
    pub(super) throttled: bool,
    pub(super) last_call: LastCall,
}

/// The last call that was met, and the bytes of it that were taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastCall {
    call: u64,
    bytes: u64,
}

impl LastCall {
    /// Bytes of the call of `arrival` that were taken.
    #[inline(always)]
    pub(super) const fn bytes_of(&self, arrival: &Arrival) -> u64 {
        if arrival.call() == self.call { self.bytes } else { 0 }
    }

    /// Takes a record.
    #[inline(always)]
    fn take(&mut self, arrival: &Arrival) {
        let bytes = self.bytes_of(arrival) + u64::from(arrival.size());
        *self = Self { call: arrival.call(), bytes };
    }
}

impl Run {
    /// What a record of `arrival` is charged.
    #[inline(always)]
    const fn charge<const BATCHED: bool>(&self, arrival: &Arrival, rounding: u64) -> u64 {
        let before = if BATCHED { self.last_call.bytes_of(arrival) } else { 0 };
        added_charge(before, arrival.size() as u64, rounding)
    }

    /// Takes a record.
    #[inline(always)]
    fn take<const BATCHED: bool>(&mut self, arrival: &Arrival, charge: u64, billing: BillingSteps) {
        let size = u64::from(arrival.size());
        if BATCHED {
            self.last_call.take(arrival);
        }
        self.accepted += 1;
        self.bytes += size;
        self.charged_bytes += charge;
        billing.add(size, &mut self.billed);
    }
}

impl Lane {
    /// Admits arrivals of one producer before `limit` for as long as the shard takes them. Calls
    /// hold many records if `BATCHED`.
    #[inline]
    pub(super) fn accept_run<const BATCHED: bool>(
        &mut self,
        arrivals: &[Arrival],
        limit: u64,
        rounding: u64,
        billing: BillingSteps,
    ) -> Run {
        let producer = arrivals[0].producer();
        let mut run = Run::default();
        loop {
            let steps = (rounding, billing);
            self.accept_plainly::<BATCHED>(arrivals, (producer, limit), steps, &mut run);
            for _ in 0..ONE_BY_ONE {
                let next = arrivals.get(run.accepted);
                let Some(arrival) = next.filter(|arrival| arrival.service_of(producer) < limit)
                else {
                    return run;
                };
                let charge = run.charge::<BATCHED>(arrival, rounding);
                if self.limits.admit(arrival.service(), charge) != Admission::Accepted {
                    run.throttled = true;
                    return run;
                }
                run.take::<BATCHED>(arrival, charge, billing);
            }
        }
    }

    /// Admits what comes after `run`, for as long as the shard plainly has room.
    #[inline(never)]
    fn accept_plainly<const BATCHED: bool>(
        &mut self,
        arrivals: &[Arrival],
        (producer, limit): (usize, u64),
        (rounding, billing): (u64, BillingSteps),
        run: &mut Run,
    ) {
        // Copies stay in registers.
        let (mut limits, mut own) = (self.limits.plainly(), *run);
        let limit = limit.min(limits.before);
        for arrival in &arrivals[run.accepted..] {
            let now = arrival.service_of(producer);
            let charge = own.charge::<BATCHED>(arrival, rounding);
            if now >= limit || !limits.admit(now, charge) {
                break;
            }
            own.take::<BATCHED>(arrival, charge, billing);
        }
        self.limits.settle(&limits);
        *run = own;
    }

    /// Books what `accept_run` let through.
    #[inline]
    pub(super) fn book_run(
        &mut self,
        taken: &[Arrival],
        run: &Run,
        producer: &ProducerPlan,
        context: Context<'_>,
        tally: &mut ProducerTally,
    ) {
        self.seconds.accept(run.accepted as u64, run.bytes, run.charged_bytes);
        // A producer's records come in the order of their creation.
        let first = taken.partition_point(|arrival| arrival.created() < context.plan.warm_up);
        let counted = &taken[first..];
        let records = counted.len() as u64;
        let (mut bytes, mut billed) = (run.bytes, run.billed);
        if first > 0 {
            (bytes, billed) = (0, BilledRecords::default());
            for size in counted.iter().map(|arrival| u64::from(arrival.size())) {
                bytes += size;
                producer.billing.add(size, &mut billed);
            }
        }
        self.counts.generated_records += records;
        self.counts.incoming_records += records;
        self.counts.incoming_bytes += bytes;
        tally.attempts += records;
        tally.accepted += records;
        tally.accepted_bytes += bytes;
        tally.billed.add(billed);
        if producer.calls == PutCalls::PutRecord {
            tally.prompt += records;
        } else {
            for arrival in counted {
                tally.put_latency.record(arrival.waited() + producer.answer());
            }
        }
        if !self.order.is_empty() {
            for arrival in taken {
                self.order.take_first(arrival.producer(), arrival.key(), arrival.created());
            }
        }
        if self.has_readers {
            let (own, fresh) = producer.key_masks();
            self.log.extend_keys(
                taken
                    .iter()
                    .map(|arrival| key_over_shards(producer, arrival.producer(), arrival.key())),
            );
            let logged = taken.iter().map(|arrival| {
                let (accepted, created) = (arrival.service(), arrival.created());
                let key = (arrival.key() & own) | (created as u32 & fresh);
                LogRecord::new((accepted, created), arrival.size(), key)
            });
            self.log.extend(logged, first);
        }
    }
}
