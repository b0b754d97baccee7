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

/// Most arrivals of a stretch.
const STRETCH: usize = 64;
/// Fewer are admitted one by one.
const STRETCH_MIN: usize = 8;

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
    pub(super) call: u64,
    pub(super) bytes: u64,
}

impl LastCall {
    /// Takes a record; gives the bytes of its call that were taken before.
    #[inline(always)]
    fn take(&mut self, arrival: &Arrival) -> u64 {
        let before = if arrival.call() == self.call { self.bytes } else { 0 };
        *self = Self { call: arrival.call(), bytes: before + u64::from(arrival.size()) };
        before
    }
}

/// Arrivals of one producer that come before a limit, looked at before they are admitted.
struct Stretch {
    records: usize,
    bytes: u64,
    charged_bytes: u64,
    /// What each is charged.
    charges: [u64; STRETCH],
    last_call: LastCall,
}

impl Stretch {
    /// The start of `arrivals`, after what `run` holds.
    #[inline(always)]
    fn of<const BATCHED: bool>(
        arrivals: &[Arrival],
        limit: (usize, u64),
        run: &Run,
        rounding: u64,
    ) -> Self {
        let (charges, last_call) = ([0; STRETCH], run.last_call);
        let mut stretch = Self { records: 0, bytes: 0, charged_bytes: 0, charges, last_call };
        for (arrival, charge) in arrivals.iter().zip(&mut stretch.charges) {
            if !arrival.comes_before(limit) {
                break;
            }
            let size = u64::from(arrival.size());
            let before = if BATCHED { stretch.last_call.take(arrival) } else { 0 };
            *charge = added_charge(before, size, rounding);
            stretch.records += 1;
            stretch.bytes += size;
            stretch.charged_bytes += *charge;
        }
        stretch
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
        let limit = (arrivals[0].producer(), limit);
        let mut run = Run::default();
        while !run.throttled {
            let rest = &arrivals[run.accepted..];
            let stretch = Stretch::of::<BATCHED>(rest, limit, &run, rounding);
            if stretch.records == 0 {
                break;
            }
            let stretched = &rest[..stretch.records];
            if stretch.records < STRETCH_MIN || !self.admit_stretch(stretched, &stretch) {
                self.admit_each::<BATCHED>(stretched, &stretch.charges, billing, &mut run);
                continue;
            }
            run.accepted += stretch.records;
            run.bytes += stretch.bytes;
            run.charged_bytes += stretch.charged_bytes;
            run.last_call = stretch.last_call;
            for arrival in stretched {
                billing.add(u64::from(arrival.size()), &mut run.billed);
            }
        }
        run
    }

    /// Admits all of a stretch, if it is plain that the shard has room for it.
    #[inline(always)]
    fn admit_stretch(&mut self, arrivals: &[Arrival], stretch: &Stretch) -> bool {
        let last = arrivals[arrivals.len() - 1].service();
        let records = arrivals.iter().zip(&stretch.charges);
        let charged = records.map(|(arrival, charge)| (arrival.service(), *charge));
        self.limits.admit_all(last, stretch.charged_bytes, charged)
    }

    /// Admits arrivals, each for its charge, one by one, until one is throttled.
    #[inline(always)]
    fn admit_each<const BATCHED: bool>(
        &mut self,
        arrivals: &[Arrival],
        charges: &[u64],
        billing: BillingSteps,
        run: &mut Run,
    ) {
        let limits = &mut self.limits;
        for (arrival, charge) in arrivals.iter().zip(charges) {
            let size = u64::from(arrival.size());
            if limits.admit(arrival.service(), *charge) != Admission::Accepted {
                run.throttled = true;
                return;
            }
            if BATCHED {
                run.last_call.take(arrival);
            }
            run.accepted += 1;
            run.bytes += size;
            run.charged_bytes += charge;
            billing.add(size, &mut run.billed);
        }
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
            self.log.extend(taken.iter().map(|arrival| LogRecord {
                accepted: arrival.service(),
                created: arrival.created(),
                size: arrival.size(),
                user_records: 1,
                key: (arrival.key() & own) | (arrival.created() as u32 & fresh),
            }));
        }
    }
}
