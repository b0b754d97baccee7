//! From what lanes and producers counted to an [`Observation`].

use crate::engine::joint::Fleet;
use crate::engine::lane::{Context, LaneCounts};
use crate::engine::plan::{ConsumerPlan, Plan, ProducerPlan};
use crate::engine::replication::{Group, StreamRecord, Tallies};
use crate::engine::reshard::{Resharding, Retired};
use crate::engine::seconds::SecondRow;
use crate::engine::sender::SenderTally;
use crate::engine::source::Source;
use crate::engine::tally::{ConsumerTally, ProducerTally, Tally};
use crate::hash_key::HashKeyRange;
use crate::metrics::{
    ConsumerObservation, DeliveryObservation, FunctionObservation, HotKey, KeyCounts, Observation,
    ObservedChange, ProducerObservation, ScalingObservation, ShardObservation, ShardSeries,
};
use crate::scenario::{PutCalls, Work};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;

/// Hottest keys that are named of each shard, unless `Options` says otherwise.
pub(super) const HOTTEST_KEYS: usize = 10;
/// Shards that are named of each consumer.
const SLOWEST_SHARDS: usize = 5;

/// Adds everything up.
pub(super) fn observe(
    context: Context<'_>,
    sources: &[Source<'_>],
    groups: Vec<Group>,
    resharding: Option<&Resharding>,
    mut tallies: Tallies,
    (stream, fleet): (StreamRecord, &Fleet),
    hottest_keys: usize,
) -> Observation {
    let Context { plan, replication } = context;
    let mut total = Tally::new(plan.producers.len(), plan.consumers.len());
    for tally in tallies.all() {
        total.add(tally);
    }
    let lineage = Family::new(plan, resharding);
    let slots = sources.iter().flat_map(|source| source.dealer.waiting());
    let mut waiting = vec![0u64; lineage.slots];
    slots.for_each(|slot| waiting[slot] += 1);
    for sender in sources.iter().filter_map(|source| source.sender.as_ref()) {
        for (waiting, records) in waiting.iter_mut().zip(&sender.generated) {
            *waiting += records;
        }
    }
    let mut hottest = hottest_keys_by_slot(plan, sources, lineage.slots, hottest_keys);
    let mut shards: Vec<(usize, ShardObservation)> = Vec::with_capacity(plan.shards);
    let out_of_order = resharding.map(|these| these.order.out_of_order());
    let scaling = resharding.map(scaling);
    for lane in groups.into_iter().flat_map(|group| group.lanes) {
        let (number, slot) = (lane.number, usize::from(lane.slot));
        let is_open = lane.closed == u64::MAX;
        let (mut counts, totals, series) = lane.into_parts();
        if is_open {
            counts.generated_records += waiting[slot];
        }
        let keys = is_open.then(|| std::mem::take(&mut hottest[slot]));
        shards.push((number, lineage.shard(number, counts, &totals, series, keys)));
    }
    for Retired { number, counts, totals, series } in
        resharding.into_iter().flat_map(|these| these.retired.clone())
    {
        shards.push((number, lineage.shard(number, counts, &totals, series, None)));
    }
    shards.sort_by_key(|(number, _)| *number);
    let shards = shards.into_iter().map(|(_, shard)| shard).collect();
    let producers = total
        .producers
        .into_iter()
        .zip(&plan.producers)
        .zip(sources)
        .zip(&stream.repeated_calls)
        .map(|(((tally, plan), source), repeated)| producer(tally, plan, source, *repeated));
    Observation {
        replication: replication.replication,
        simulated: Span::from_nanoseconds(plan.horizon),
        producers: producers.collect(),
        shards,
        consumers: total
            .consumers
            .iter()
            .enumerate()
            .map(|(index, tally)| {
                let order = out_of_order.as_ref().and_then(|all| all.get(index)).copied();
                let mut seen =
                    consumer(tally, &plan.consumers[index], fleet.concurrency_max(index), order);
                seen.batches = fleet.batches(index);
                seen
            })
            .collect(),
        incidents: stream.incidents.into_observations(),
        counted: stream.counted,
        series: stream.series,
        key_counts: if replication.replication == 0 {
            key_counts(sources)
        } else {
            KeyCounts::default()
        },
        scaling,
    }
}

/// What is known of shards beside what their lanes counted.
struct Family<'a> {
    plan: &'a Plan,
    resharding: Option<&'a Resharding>,
    /// Most names that routes have for shards.
    slots: usize,
}

impl<'a> Family<'a> {
    fn new(plan: &'a Plan, resharding: Option<&'a Resharding>) -> Self {
        let slots = resharding.map_or(plan.shards, |these| {
            (0..these.shards().len()).map(|number| these.slot(number) + 1).max().unwrap_or(0)
        });
        Self { plan, resharding, slots }
    }

    /// One shard; the keys of one that is closed were looked up when it closed.
    fn shard(
        &self,
        number: usize,
        counts: LaneCounts,
        totals: &SecondRow,
        series: ShardSeries,
        keys: Option<Vec<HotKey>>,
    ) -> ShardObservation {
        let plan = self.plan;
        let (mut opened, mut closed, mut parents) = (0, None, Vec::new());
        let (shard_id, range) = match self.resharding {
            None => {
                let shard = &plan.shards_at_start[number];
                (shard.shard_id.clone(), shard.range)
            }
            Some(these) => {
                let shard = &these.shards()[number];
                (opened, closed) = (shard.opened, shard.closed);
                let of = |parent: &usize| these.shards()[*parent].shard_id.clone();
                parents = [shard.parent, shard.adjacent_parent].iter().flatten().map(of).collect();
                (shard.shard_id.clone(), shard.range)
            }
        };
        let of_closed = || self.resharding.map(|these| these.hottest[number].clone());
        let mut hottest_keys = keys.or_else(of_closed).unwrap_or_default();
        if self.resharding.is_some() {
            // Records are counted when they are made, and may reach the shards that came after.
            for key in &mut hottest_keys {
                key.generated_records = key.generated_records.min(counts.generated_records);
            }
        }
        ShardObservation {
            shard_id,
            range,
            parents,
            opened: Span::from_nanoseconds(opened),
            closed: closed.map(Span::from_nanoseconds),
            expected_share: match self.resharding {
                Some(these) => these.expected_shares[number],
                None => plan.expected_shares[number],
            },
            generated_records: counts.generated_records,
            incoming_records: counts.incoming_records,
            incoming_bytes: counts.incoming_bytes,
            write_throttled_records: counts.throttled_by_records + counts.throttled_by_bytes,
            throttled_by_records: counts.throttled_by_records,
            throttled_by_bytes: counts.throttled_by_bytes,
            hottest_keys,
            utilization_mean: mean_utilization(totals, opened, closed, plan),
            utilization_peak_1s: totals.peak_1s,
            utilization_peak_1min: totals.peak_1min,
            series,
        }
    }
}

fn scaling(resharding: &Resharding) -> ScalingObservation {
    let changes = resharding.plane.changes().iter().zip(&resharding.throttled);
    ScalingObservation {
        mode_end: resharding.plane.mode(),
        changes: changes
            .map(|(change, (before, after))| ObservedChange {
                change: change.clone(),
                throttled_before_done: after.map_or(0, |after| after - before),
            })
            .collect(),
        mode_marks: resharding.mode_marks.clone(),
    }
}

fn key_counts(sources: &[Source<'_>]) -> KeyCounts {
    let mut counts = KeyCounts::default();
    let records = sources.iter().flat_map(|source| source.dealer.all_key_counts());
    records.for_each(|records| counts.add(records));
    counts
}

/// Mean over the time after the warm-up in which the shard was open.
fn mean_utilization(totals: &SecondRow, opened: u64, closed: Option<u64>, plan: &Plan) -> f64 {
    // The last second may be a part of one, so it is time that counts, not rows.
    let warm_up = plan.warm_up.div_ceil(NANOSECONDS_PER_SECOND) * NANOSECONDS_PER_SECOND;
    let end = closed.unwrap_or(plan.horizon);
    let seconds = Span::from_nanoseconds(end.saturating_sub(warm_up.max(opened))).as_seconds();
    let records = plan.quotas.shard_write_records.0.as_per_second();
    let bytes = plan.quotas.shard_write_bytes.0.as_per_second();
    let used = (totals.records as f64 / records).max(totals.charged_bytes as f64 / bytes);
    if totals.seconds == 0 || seconds <= 0.0 { 0.0 } else { used / seconds }
}

fn producer(
    mut tally: ProducerTally,
    plan: &ProducerPlan,
    source: &Source<'_>,
    repeated_calls: u64,
) -> ProducerObservation {
    if let Some(sender) = &source.sender {
        return reported(&tally, plan, source, &sender.tally);
    }
    tally.put_latency.record_many(plan.round_trip, tally.prompt);
    let generated = source.dealer.generated;
    ProducerObservation {
        generated_records: generated.records,
        generated_bytes: generated.bytes,
        attempts: tally.attempts,
        accepted: tally.accepted,
        accepted_bytes: tally.accepted_bytes,
        throttled: tally.throttled,
        given_up: tally.given_up,
        rejected: generated.rejected,
        dropped: 0,
        wrong_shard_records: 0,
        waiting: tally.waiting + source.dealer.waiting().count() as u64,
        out_of_order_records: plan.is_ordered.then_some(tally.out_of_order),
        duplicate_records: tally.duplicates,
        billed: tally.billed,
        billed_duplicates: tally.billed_duplicates,
        put_records: generated.records - generated.rejected,
        incoming_records: tally.accepted + tally.duplicates,
        put_calls: match plan.calls {
            PutCalls::PutRecord => tally.attempts,
            PutCalls::PutRecords { .. } => generated.calls + repeated_calls,
        },
        put_latency_us: tally.put_latency.histogram(MICROSECOND),
    }
}

/// What became of the records of a client that hears of every answer and counts user records; the
/// shards counted Kinesis records.
fn reported(
    shards: &ProducerTally,
    plan: &ProducerPlan,
    source: &Source<'_>,
    client: &SenderTally,
) -> ProducerObservation {
    let generated = source.dealer.generated;
    ProducerObservation {
        generated_records: generated.records,
        generated_bytes: generated.bytes,
        attempts: client.attempts,
        accepted: client.accepted,
        accepted_bytes: shards.accepted_bytes,
        throttled: client.throttled,
        given_up: client.given_up,
        rejected: generated.rejected,
        dropped: client.dropped,
        wrong_shard_records: client.astray,
        waiting: client.waiting,
        out_of_order_records: plan.orders_keys.then_some(client.out_of_order),
        duplicate_records: client.duplicates,
        put_records: if plan.aggregates() {
            client.put_records
        } else {
            generated.records - generated.rejected - client.dropped
        },
        incoming_records: shards.accepted,
        billed: shards.billed,
        billed_duplicates: client.billed_duplicates,
        put_calls: client.put_calls,
        put_latency_us: client.put_latency.histogram(MICROSECOND),
    }
}

fn consumer(
    tally: &ConsumerTally,
    plan: &ConsumerPlan,
    concurrent_max: u64,
    out_of_order_records: Option<u64>,
) -> ConsumerObservation {
    ConsumerObservation {
        read_records: tally.read_records,
        read_bytes: tally.read_bytes,
        data_out_bytes: tally.data_out_bytes,
        long_term_read_bytes: tally.long_term_read_bytes,
        processed_records: tally.processed_records,
        expired_records: tally.expired_records,
        skipped_records: tally.skipped_records - tally.unskipped_records,
        duplicate_records: tally.duplicate_records,
        discarded_records: tally.discarded_records,
        function: function(tally, plan, concurrent_max),
        delivery: delivery(tally, plan),
        batches: None,
        out_of_order_records,
        backlog_records: tally.backlog_records,
        backlog_bytes: tally.backlog_bytes,
        read_calls: tally.read_calls,
        read_throttled_calls: tally.read_throttled_calls,
        throttled_by_calls: tally.throttled_by_calls,
        iterator_age_ms: tally.iterator_age.histogram(MILLISECOND),
        iterator_age_cloudwatch_ms: tally.iterator_age_cloudwatch.histogram(MILLISECOND),
        end_to_end_latency_us: tally.end_to_end_latency.histogram(MICROSECOND),
        slowest_shards: slowest_shards(tally),
    }
}

/// The shards with the oldest unread records, the worst first; of equal ones the first shard.
fn slowest_shards(tally: &ConsumerTally) -> Vec<(usize, u64)> {
    let mut all = tally.oldest.clone();
    all.sort_unstable_by_key(|(oldest, shard)| (std::cmp::Reverse(*oldest), *shard));
    all.truncate(SLOWEST_SHARDS);
    all.into_iter().map(|(oldest, shard)| (shard, oldest / MILLISECOND)).collect()
}

fn function(
    tally: &ConsumerTally,
    plan: &ConsumerPlan,
    concurrent_max: u64,
) -> Option<FunctionObservation> {
    let has_one = match &plan.work {
        Work::Lambda(_) => true,
        Work::Firehose(firehose) => firehose.transform.is_some(),
        Work::Loop | Work::Kcl(_) | Work::Flink | Work::MicroBatch(_) => false,
    };
    let seen = &tally.function;
    has_one.then(|| FunctionObservation {
        invocations: seen.invocations,
        failed_invocations: seen.failed_invocations,
        throttled_invocations: seen.throttled_invocations,
        cold_starts: seen.cold_starts,
        given_up_batches: seen.given_up_batches,
        handed_records: seen.handed_records,
        concurrent_max,
        billed: Span::from_nanoseconds(seen.billed_nanoseconds),
    })
}

fn delivery(tally: &ConsumerTally, plan: &ConsumerPlan) -> Option<DeliveryObservation> {
    let seen = &tally.delivery;
    matches!(plan.work, Work::Firehose(_)).then(|| DeliveryObservation {
        objects: seen.objects,
        object_bytes: seen.object_bytes.histogram(1),
        written_bytes: seen.written_bytes,
        billed_bytes: seen.billed_bytes,
        retried_objects: seen.retried_objects,
    })
}

/// The keys with most records on each open shard, most first; ties go to the producer, then the
/// key, that comes first.
fn hottest_keys_by_slot(
    plan: &Plan,
    sources: &[Source<'_>],
    slots: usize,
    most: usize,
) -> Vec<Vec<HotKey>> {
    let mut kept = vec![Hottest::default(); slots];
    for (producer, source) in sources.iter().enumerate() {
        let routes = source.draws.routes.counted();
        for (key, (records, route)) in
            source.dealer.key_counts().into_iter().zip(routes).enumerate()
        {
            kept[usize::from(route.shard)].add(records, producer, key, most);
        }
    }
    kept.into_iter().map(|list| list.named(plan)).collect()
}

/// The keys of a range with most records since they came to the shard that closes.
pub(super) fn hottest_of_range(
    plan: &Plan,
    sources: &mut [Source<'_>],
    range: HashKeyRange,
) -> Vec<HotKey> {
    let mut kept = Hottest::default();
    for (producer, source) in sources.iter_mut().enumerate() {
        let mut counts = source.dealer.take_key_counts(range);
        counts.sort_unstable();
        for (key, records) in counts {
            kept.add(records, producer, key, HOTTEST_KEYS);
        }
    }
    kept.named(plan)
}

/// Records, producer and key of the hottest keys; the smallest of them is at the end.
#[derive(Clone, Debug, Default)]
struct Hottest(Vec<(u64, usize, usize)>);

impl Hottest {
    #[inline]
    fn add(&mut self, records: u64, producer: usize, key: usize, most: usize) {
        let list = &mut self.0;
        let beaten = list.last().is_none_or(|last| last.0 < records) || list.len() < most;
        if records == 0 || !beaten {
            return;
        }
        let place = list.partition_point(|other| other.0 >= records);
        list.insert(place, (records, producer, key));
        list.truncate(most);
    }

    fn named(self, plan: &Plan) -> Vec<HotKey> {
        let name = |(generated_records, producer, key): (u64, usize, usize)| HotKey {
            key: plan.producers[producer].keys.name(key),
            producer,
            generated_records,
        };
        self.0.into_iter().map(name).collect()
    }
}
