//! The stream, its producers, shards and consumers as one replication saw them.

use super::binding;
use super::figures::{
    MICROSECONDS, MILLISECONDS, Totals, counted_seconds, highest, hottest_shard, open_seconds,
    open_shards, quantiles, ratio,
};
use super::result::{
    BatchResult, CloudWatchView, ConsumerResult, DeliveryResult, FunctionResult, HottestKey,
    IncidentResult, ObjectBytes, OrderingKept, ProducerResult, ShardResult, SlowestShard,
    StreamResult, TraceResult, TruthView, Utilization,
};
use crate::metrics::{
    BatchObservation, ConsumerObservation, DeliveryObservation, FunctionObservation, HotKey,
    Observation, ShardObservation,
};
use crate::scenario::{Consumer, RecordOrdering, Scenario, Work};
use crate::time::Span;
use crate::units::MIB;

/// The stream as a whole.
pub(super) fn stream(scenario: &Scenario, observation: &Observation) -> StreamResult {
    let totals = Totals::of(observation);
    let incoming_records = observation.shards.iter().map(|shard| shard.incoming_records).sum();
    let seconds = counted_seconds(scenario, observation);
    let per_second = |sum: u64| {
        if seconds > 0.0 { sum as f64 / seconds } else { 0.0 }
    };
    let hottest = hottest_shard(scenario, observation);
    StreamResult {
        mode: scenario.stream.mode.as_str().to_owned(),
        shards_start: scenario.stream.shards.len() as u64,
        shards_end: open_shards(observation),
        shard_hours: shard_hours(scenario, observation),
        generated_records: totals.generated_records,
        generated_bytes: totals.generated_bytes,
        incoming_records,
        incoming_bytes: observation.shards.iter().map(|shard| shard.incoming_bytes).sum(),
        generated_records_per_second: per_second(totals.generated_records),
        generated_bytes_per_second: per_second(totals.generated_bytes),
        incoming_records_per_second: per_second(incoming_records),
        attempts: totals.attempts,
        write_throttled_records: totals.throttled,
        write_throttled_ratio: totals.throttled_ratio(),
        given_up_records: totals.given_up,
        given_up_ratio: totals.given_up_ratio(),
        rejected_records: totals.rejected,
        hottest_shard_id: hottest.map(|(index, _)| observation.shards[index].shard_id.clone()),
        hottest_shard_over_mean: hottest.map(|(_, over_mean)| over_mean),
        hottest_shard_utilization_mean: highest(
            observation.shards.iter().map(|shard| shard.utilization_mean),
        ),
        cloudwatch: cloudwatch(observation),
        truth: truth(observation),
    }
}

/// Shards, each for as long as it was open after the warm-up.
fn shard_hours(scenario: &Scenario, observation: &Observation) -> f64 {
    let seconds = |shard| open_seconds(scenario, observation, shard);
    observation.shards.iter().map(seconds).sum::<f64>() / 3_600.0
}

/// What the minute metrics would show; a minute belongs here from the end of the warm-up on.
fn cloudwatch(observation: &Observation) -> CloudWatchView {
    let counted = &observation.counted;
    CloudWatchView {
        write_provisioned_throughput_exceeded_sum: counted.write_throttled_records,
        minutes_with_throttling: counted.minutes_with_throttling,
        minutes_with_throttling_ratio: ratio(
            counted.minutes_with_throttling,
            counted.seconds.div_ceil(60),
        ),
        incoming_records_max_per_minute: counted.incoming_records_1min_max,
        incoming_bytes_max_per_minute: counted.incoming_bytes_1min_max,
        hottest_shard_utilization_peak_1min: highest(
            observation.shards.iter().map(|shard| shard.utilization_peak_1min),
        ),
    }
}

fn truth(observation: &Observation) -> TruthView {
    let counted = &observation.counted;
    TruthView {
        seconds_with_throttling: counted.seconds_with_throttling,
        seconds_with_throttling_ratio: ratio(counted.seconds_with_throttling, counted.seconds),
        generated_records_max_per_second: counted.generated_records_1s_max,
        incoming_records_max_per_second: counted.incoming_records_1s_max,
        incoming_bytes_max_per_second: counted.incoming_bytes_1s_max,
        hottest_shard_utilization_peak_1s: highest(
            observation.shards.iter().map(|shard| shard.utilization_peak_1s),
        ),
    }
}

/// The producers in the order of the scenario.
pub(super) fn producers(scenario: &Scenario, observation: &Observation) -> Vec<ProducerResult> {
    let pairs = scenario.producers.iter().zip(&observation.producers);
    pairs
        .map(|(producer, seen)| ProducerResult {
            name: producer.name.clone(),
            ordering: match producer.ordering(&scenario.stream) {
                RecordOrdering::PerKey => OrderingKept::PerKey,
                RecordOrdering::PerKeyAndBucket => OrderingKept::PerKeyAndBucket,
                RecordOrdering::None => OrderingKept::None,
            },
            trace: producer.traffic.trace().map(|trace| TraceResult {
                path: trace.path.clone(),
                file_records: trace.records,
                malformed_lines: trace.malformed_lines,
                malformed_line_first: trace.malformed_line_first,
                damaged_line: trace.damaged_line,
                moved_records: trace.moved_records,
                earlier_records: trace.earlier_records,
                last_record_seconds: trace.last_at.as_seconds(),
                beyond_line: trace.beyond.map(|beyond| beyond.line),
            }),
            generated_records: seen.generated_records,
            generated_bytes: seen.generated_bytes,
            attempts: seen.attempts,
            accepted: seen.accepted,
            accepted_bytes: seen.accepted_bytes,
            throttled: seen.throttled,
            throttled_ratio: ratio(seen.throttled, seen.attempts),
            given_up: seen.given_up,
            rejected: seen.rejected,
            dropped: seen.dropped,
            wrong_shard_records: seen.wrong_shard_records,
            waiting: seen.waiting,
            put_records: seen.put_records,
            incoming_records: seen.incoming_records,
            duplicate_records: seen.duplicate_records,
            out_of_order_records: seen.out_of_order_records,
            put_payload_units: seen.billed.put_payload_units,
            billed_bytes: seen.billed.data_in_bytes,
            put_calls: seen.put_calls,
            put_latency_ms: quantiles(&seen.put_latency_us, MICROSECONDS),
        })
        .collect()
}

/// `OPEN`, `CLOSED` (readable), or `EXPIRED` once the last record of a closed shard has expired.
fn state(scenario: &Scenario, observation: &Observation, shard: &ShardObservation) -> &'static str {
    match shard.closed {
        None => "OPEN",
        Some(closed) if closed + scenario.stream.retention <= observation.simulated => "EXPIRED",
        Some(_) => "CLOSED",
    }
}

/// The shards in the order in which they opened.
pub(super) fn shards(scenario: &Scenario, observation: &Observation) -> Vec<ShardResult> {
    let total: u64 = observation.shards.iter().map(|shard| shard.generated_records).sum();
    let shards = observation.shards.iter();
    shards
        .map(|seen| ShardResult {
            shard_id: seen.shard_id.clone(),
            starting_hash_key: seen.range.start.to_string(),
            ending_hash_key: seen.range.end.to_string(),
            state: state(scenario, observation, seen).to_owned(),
            parent_shard_ids: seen.parents.clone(),
            opened_seconds: seen.opened.as_seconds(),
            closed_seconds: seen.closed.map(Span::as_seconds),
            expected_share: seen.expected_share,
            generated_share: ratio(seen.generated_records, total),
            generated_records: seen.generated_records,
            incoming_records: seen.incoming_records,
            incoming_bytes: seen.incoming_bytes,
            write_throttled_records: seen.write_throttled_records,
            throttled_by_records: seen.throttled_by_records,
            throttled_by_bytes: seen.throttled_by_bytes,
            utilization: Utilization {
                mean: seen.utilization_mean,
                peak_1s: seen.utilization_peak_1s,
                peak_1min: seen.utilization_peak_1min,
            },
            hottest_keys: seen
                .hottest_keys
                .iter()
                .map(|key| hottest_key(scenario, seen, key, total))
                .collect(),
        })
        .collect()
}

fn hottest_key(
    scenario: &Scenario,
    shard: &ShardObservation,
    key: &HotKey,
    total: u64,
) -> HottestKey {
    HottestKey {
        key: key.key.clone(),
        share: ratio(key.generated_records, shard.generated_records),
        stream_share: ratio(key.generated_records, total),
        generated_records: key.generated_records,
        producer: scenario
            .producers
            .get(key.producer)
            .map(|producer| producer.name.clone())
            .unwrap_or_default(),
    }
}

/// The consumers in the order of the scenario.
pub(super) fn consumers(scenario: &Scenario, observation: &Observation) -> Vec<ConsumerResult> {
    let pairs = scenario.consumers.iter().zip(&observation.consumers).enumerate();
    pairs
        .map(|(index, (consumer, seen))| ConsumerResult {
            name: consumer.name.clone(),
            kind: consumer.kind().to_owned(),
            read_records: seen.read_records,
            read_bytes: seen.read_bytes,
            processed_records: seen.processed_records,
            expired_records: seen.expired_records,
            skipped_records: seen.skipped_records,
            duplicate_records: seen.duplicate_records,
            discarded_records: seen.discarded_records,
            out_of_order_records: seen.out_of_order_records,
            backlog_records: seen.backlog_records,
            backlog_bytes: seen.backlog_bytes,
            read_calls: seen.read_calls,
            read_throttled_calls: seen.read_throttled_calls,
            throttled_by_calls: seen.throttled_by_calls,
            iterator_age_ms: quantiles(&seen.iterator_age_ms, MILLISECONDS),
            iterator_age_cloudwatch_ms: quantiles(&seen.iterator_age_cloudwatch_ms, MILLISECONDS),
            end_to_end_latency_ms: quantiles(&seen.end_to_end_latency_us, MICROSECONDS),
            retention_left_ms: retention_left_ms(scenario, seen.iterator_age_ms.max()),
            binding_resource: binding::resource(scenario, observation, index).map(str::to_owned),
            function: seen.function.map(|seen| function(consumer, seen)),
            delivery: seen
                .delivery
                .as_ref()
                .map(|seen| delivery(seen, counted_seconds(scenario, observation))),
            slowest_shards: slowest_shards(seen, observation),
            batches: seen.batches.map(batches),
        })
        .collect()
}

fn function(consumer: &Consumer, seen: FunctionObservation) -> FunctionResult {
    let (memory, on_failure) = match &consumer.work {
        Work::Lambda(lambda) => (lambda.memory.0, lambda.on_failure),
        _ => (super::cost::TRANSFORM_MEMORY.0, None),
    };
    let gigabytes = memory as f64 / (1024 * MIB) as f64;
    FunctionResult {
        invocations: seen.invocations,
        failed_invocations: seen.failed_invocations,
        throttled_invocations: seen.throttled_invocations,
        cold_starts: seen.cold_starts,
        given_up_batches: seen.given_up_batches,
        on_failure: on_failure.map(|to| to.as_str().to_owned()),
        concurrent_max: seen.concurrent_max,
        records_per_invocation: (seen.invocations > 0)
            .then(|| seen.handed_records as f64 / seen.invocations as f64),
        billed_gb_seconds: gigabytes * seen.billed.as_seconds(),
    }
}

fn slowest_shards(seen: &ConsumerObservation, observation: &Observation) -> Vec<SlowestShard> {
    let named = |(shard, age_ms): &(usize, u64)| {
        Some(SlowestShard {
            shard_id: observation.shards.get(*shard)?.shard_id.clone(),
            iterator_age_ms_max: *age_ms,
        })
    };
    seen.slowest_shards.iter().filter_map(named).collect()
}

fn batches(seen: BatchObservation) -> BatchResult {
    let each = |total: f64| (seen.batches > 0).then(|| total / seen.batches as f64);
    BatchResult {
        batches: seen.batches,
        late_batches: seen.late_batches,
        records_per_batch: each(seen.handed_records as f64),
        duration_ms_mean: each(seen.lasting_total.as_seconds() * 1e3),
        duration_ms_max: seen.lasting_max.as_seconds() * 1e3,
    }
}

fn delivery(seen: &DeliveryObservation, seconds: f64) -> DeliveryResult {
    let bytes = &seen.object_bytes;
    DeliveryResult {
        objects: seen.objects,
        objects_per_hour: if seconds > 0.0 { seen.objects as f64 * 3_600.0 / seconds } else { 0.0 },
        object_bytes: (seen.objects > 0).then(|| ObjectBytes {
            min: bytes.min(),
            p50: bytes.value_at_quantile(0.5),
            max: bytes.max(),
        }),
        written_bytes: seen.written_bytes,
        billed_bytes: seen.billed_bytes,
        retried_objects: seen.retried_objects,
    }
}

/// What is left of the retention of a record of this age.
fn retention_left_ms(scenario: &Scenario, age_ms: u64) -> u64 {
    let retention_ms = scenario.stream.retention.nanoseconds() / 1_000_000;
    retention_ms.saturating_sub(age_ms)
}

/// The incidents in the order of the scenario.
pub(super) fn incidents(scenario: &Scenario, observation: &Observation) -> Vec<IncidentResult> {
    let pairs = scenario.incidents.iter().zip(&observation.incidents);
    pairs
        .map(|(incident, seen)| IncidentResult {
            kind: incident.kind.as_str().to_owned(),
            consumer: scenario.consumers[incident.consumer].name.clone(),
            at_seconds: incident.at.as_seconds(),
            for_seconds: incident.lasts.as_seconds(),
            iterator_age_ms_max: seen.iterator_age_ms_max,
            backlog_records_max: seen.backlog_records_max,
            drained_after_seconds: seen.drained_after.map(Span::as_seconds),
            retention_left_ms: retention_left_ms(scenario, seen.iterator_age_ms_max),
        })
        .collect()
}
