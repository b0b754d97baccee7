//! The stream, its producers, shards and consumers as one replication saw them.

use super::figures::{
    MICROSECONDS, MILLISECONDS, Totals, counted_seconds, highest, hottest_shard, open_seconds,
    open_shards, quantiles, ratio,
};
use super::result::{
    CloudWatchView, ConsumerResult, HottestKey, OrderingKept, ProducerResult, ShardResult,
    StreamResult, TruthView, Utilization,
};
use crate::metrics::{HotKey, Observation, ShardObservation};
use crate::scenario::{Reading, RecordOrdering, Scenario};
use crate::time::Span;

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
            generated_records: seen.generated_records,
            generated_bytes: seen.generated_bytes,
            attempts: seen.attempts,
            accepted: seen.accepted,
            accepted_bytes: seen.accepted_bytes,
            throttled: seen.throttled,
            throttled_ratio: ratio(seen.throttled, seen.attempts),
            given_up: seen.given_up,
            rejected: seen.rejected,
            waiting: seen.waiting,
            put_records: seen.put_records,
            duplicate_records: seen.duplicate_records,
            out_of_order_records: seen.out_of_order_records,
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
    let pairs = scenario.consumers.iter().zip(&observation.consumers);
    pairs
        .map(|(consumer, seen)| ConsumerResult {
            name: consumer.name.clone(),
            kind: match consumer.reading {
                Reading::Polling { .. } => "polling",
                Reading::EnhancedFanOut { .. } => "enhanced_fan_out",
            }
            .to_owned(),
            read_records: seen.read_records,
            read_bytes: seen.read_bytes,
            processed_records: seen.processed_records,
            expired_records: seen.expired_records,
            out_of_order_records: seen.out_of_order_records,
            backlog_records: seen.backlog_records,
            backlog_bytes: seen.backlog_bytes,
            read_calls: seen.read_calls,
            read_throttled_calls: seen.read_throttled_calls,
            throttled_by_calls: seen.throttled_by_calls,
            iterator_age_ms: quantiles(&seen.iterator_age_ms, MILLISECONDS),
            iterator_age_cloudwatch_ms: quantiles(&seen.iterator_age_cloudwatch_ms, MILLISECONDS),
            end_to_end_latency_ms: quantiles(&seen.end_to_end_latency_us, MICROSECONDS),
        })
        .collect()
}
