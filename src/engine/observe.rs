//! From what lanes and producers counted to an [`Observation`].

use crate::engine::joint::Fleet;
use crate::engine::plan::{ConsumerPlan, Plan, ProducerPlan};
use crate::engine::replication::{Group, StreamRecord, Tallies};
use crate::engine::seconds::SecondRow;
use crate::engine::sender::SenderTally;
use crate::engine::source::Source;
use crate::engine::tally::{ConsumerTally, ProducerTally, Tally};
use crate::metrics::{
    ConsumerObservation, DeliveryObservation, FunctionObservation, HotKey, KeyCounts, Observation,
    ProducerObservation, ShardObservation,
};
use crate::scenario::{PutCalls, Work};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;

/// Hottest keys that are named of each shard, unless `Options` says otherwise.
pub(super) const HOTTEST_KEYS: usize = 10;

/// Adds everything up.
pub(super) fn observe(
    replication: u32,
    plan: &Plan,
    sources: &[Source<'_>],
    groups: Vec<Group>,
    mut tallies: Tallies,
    (stream, fleet): (StreamRecord, &Fleet),
    hottest_keys: usize,
) -> Observation {
    let mut total = Tally::new(plan.producers.len(), plan.consumers.len());
    let mut shards = Vec::with_capacity(plan.shards);
    let mut hottest = hottest_keys_by_shard(plan, sources, hottest_keys).into_iter();
    for tally in tallies.all() {
        total.add(tally);
    }
    for group in groups {
        for lane in group.lanes {
            let (counts, totals, series) = lane.into_parts();
            shards.push(ShardObservation {
                expected_share: plan.expected_shares[shards.len()],
                generated_records: counts.generated_records,
                incoming_records: counts.incoming_records,
                incoming_bytes: counts.incoming_bytes,
                write_throttled_records: counts.throttled_by_records + counts.throttled_by_bytes,
                throttled_by_records: counts.throttled_by_records,
                throttled_by_bytes: counts.throttled_by_bytes,
                hottest_keys: hottest.next().unwrap_or_default(),
                utilization_mean: mean_utilization(&totals, plan),
                utilization_peak_1s: totals.peak_1s,
                utilization_peak_1min: totals.peak_1min,
                series,
            });
        }
    }
    for source in sources {
        for shard in source.waiting() {
            shards[shard].generated_records += 1;
        }
        if let Some(sender) = &source.sender {
            for (shard, records) in shards.iter_mut().zip(&sender.generated) {
                shard.generated_records += records;
            }
        }
    }
    let producers = total
        .producers
        .into_iter()
        .zip(&plan.producers)
        .zip(sources)
        .zip(&stream.repeated_calls)
        .map(|(((tally, plan), source), repeated)| producer(tally, plan, source, *repeated));
    Observation {
        replication,
        simulated: Span::from_nanoseconds(plan.horizon),
        producers: producers.collect(),
        shards,
        consumers: total
            .consumers
            .iter()
            .enumerate()
            .map(|(index, tally)| {
                consumer(tally, &plan.consumers[index], fleet.concurrency_max(index))
            })
            .collect(),
        incidents: stream.incidents.into_observations(),
        counted: stream.counted,
        series: stream.series,
        key_counts: if replication == 0 { key_counts(sources) } else { KeyCounts::default() },
    }
}

fn key_counts(sources: &[Source<'_>]) -> KeyCounts {
    let mut counts = KeyCounts::default();
    let records = sources.iter().flat_map(Source::key_counts);
    records.for_each(|records| counts.add(records));
    counts
}

fn mean_utilization(totals: &SecondRow, plan: &Plan) -> f64 {
    // The last second may be a part of one, so it is time that counts, not rows.
    let warm_up = plan.warm_up.div_ceil(NANOSECONDS_PER_SECOND) * NANOSECONDS_PER_SECOND;
    let seconds = Span::from_nanoseconds(plan.horizon.saturating_sub(warm_up)).as_seconds();
    let records = plan.quotas.shard_write_records.0.as_per_second();
    let bytes = plan.quotas.shard_write_bytes.0.as_per_second();
    let used = (totals.records as f64 / records).max(totals.charged_bytes as f64 / bytes);
    if totals.seconds == 0 { 0.0 } else { used / seconds }
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
    let generated = source.generated;
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
        waiting: tally.waiting + source.waiting().count() as u64,
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
    let generated = source.generated;
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
        backlog_records: tally.backlog_records,
        backlog_bytes: tally.backlog_bytes,
        read_calls: tally.read_calls,
        read_throttled_calls: tally.read_throttled_calls,
        throttled_by_calls: tally.throttled_by_calls,
        iterator_age_ms: tally.iterator_age.histogram(MILLISECOND),
        iterator_age_cloudwatch_ms: tally.iterator_age_cloudwatch.histogram(MILLISECOND),
        end_to_end_latency_us: tally.end_to_end_latency.histogram(MICROSECOND),
    }
}

fn function(
    tally: &ConsumerTally,
    plan: &ConsumerPlan,
    concurrent_max: u64,
) -> Option<FunctionObservation> {
    let has_one = match &plan.work {
        Work::Lambda(_) => true,
        Work::Firehose(firehose) => firehose.transform.is_some(),
        Work::Loop | Work::Kcl(_) | Work::Flink => false,
    };
    let seen = &tally.function;
    has_one.then(|| FunctionObservation {
        invocations: seen.invocations,
        failed_invocations: seen.failed_invocations,
        throttled_invocations: seen.throttled_invocations,
        cold_starts: seen.cold_starts,
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

/// The keys with most records on each shard, most first; ties go to the producer, then the key,
/// that comes first.
fn hottest_keys_by_shard(plan: &Plan, sources: &[Source<'_>], most: usize) -> Vec<Vec<HotKey>> {
    // (records, producer, key) by shard; the smallest of the kept ones is at the end.
    let mut kept: Vec<Vec<(u64, usize, usize)>> = vec![Vec::new(); plan.shards];
    for (producer, (producer_plan, source)) in plan.producers.iter().zip(sources).enumerate() {
        let routes = producer_plan.routes.counted();
        for (key, (records, route)) in source.key_counts().into_iter().zip(routes).enumerate() {
            let list = &mut kept[usize::from(route.shard)];
            let beaten = list.last().is_none_or(|last| last.0 < records) || list.len() < most;
            if records == 0 || !beaten {
                continue;
            }
            let place = list.partition_point(|other| other.0 >= records);
            list.insert(place, (records, producer, key));
            list.truncate(most);
        }
    }
    kept.into_iter()
        .map(|list| {
            list.into_iter()
                .map(|(generated_records, producer, key)| HotKey {
                    key: plan.producers[producer].keys.name(key),
                    producer,
                    generated_records,
                })
                .collect()
        })
        .collect()
}
