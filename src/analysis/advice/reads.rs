//! Changes of consumers: who reads through a subscription of its own, how often the others poll.

use super::element;
use crate::analysis::binding::FullBatches;
use crate::analysis::figures::{busiest_minute_over_mean, counted_seconds, ratio};
use crate::metrics::Observation;
use crate::scenario::{Consumer, Reading, Scenario, Work};
use crate::time::Span;

/// What is left of a limit for chance.
const ROOM: f64 = 0.85;
/// Intervals are whole multiples of this.
const INTERVAL_STEP_MS: u64 = 50;
/// A consumer that has more of its calls refused is behind for that reason.
const REFUSED_MUCH: f64 = 0.05;
/// Most batches of a shard that Lambda works on at once.
const FACTOR_MAX: f64 = 10.0;
/// Attempts after which a batch that keeps failing is given up.
const RETRY_ATTEMPTS: u32 = 3;
/// Longest retention, in hours.
const RETENTION_HOURS_MAX: u64 = 8_760;

/// The busiest shard in the busiest minute.
#[derive(Clone, Copy)]
struct Peak {
    records_per_second: f64,
    bytes_per_second: f64,
}

fn peak(scenario: &Scenario, seen: &Observation) -> Peak {
    let factor = busiest_minute_over_mean(seen, seen.counted.incoming).unwrap_or(1.0).max(1.0);
    let seconds = counted_seconds(scenario, seen).max(f64::MIN_POSITIVE);
    let records = seen.shards.iter().map(|shard| shard.incoming_records).max().unwrap_or(0);
    let bytes = seen.shards.iter().map(|shard| shard.incoming_bytes).max().unwrap_or(0);
    Peak {
        records_per_second: records as f64 / seconds * factor,
        bytes_per_second: bytes as f64 / seconds * factor,
    }
}

/// Ends throttled reads: longer intervals where calls are too many, subscriptions of their own for
/// as few consumers as will do where bytes are.
pub(super) fn throttled(scenario: &Scenario, seen: &Observation) -> Option<Vec<String>> {
    let calls_limit = scenario.quotas.get_records_calls.0.as_per_second() * ROOM;
    let bytes_limit = scenario.quotas.shard_read_bytes.0.as_per_second() * ROOM;
    let mut pollers: Vec<(usize, f64)> = scenario
        .consumers
        .iter()
        .enumerate()
        .filter_map(|(index, consumer)| Some((index, calls_of(consumer)?)))
        .collect();
    let bytes = peak(scenario, seen).bytes_per_second;
    let calls = |pollers: &[(usize, f64)]| pollers.iter().map(|each| each.1).sum::<f64>();
    let too_many_bytes = |pollers: &[(usize, f64)]| bytes * pollers.len() as f64 > bytes_limit;
    if !too_many_bytes(&pollers)
        && calls(&pollers) > calls_limit
        && let Some(set) = longer_intervals(scenario, &pollers, calls_limit)
    {
        return Some(set);
    }
    let mut set = Vec::new();
    for index in (0..scenario.consumers.len()).rev() {
        if !too_many_bytes(&pollers) && calls(&pollers) <= calls_limit {
            break;
        }
        if let Some(change) = to_subscription(scenario, index) {
            set.push(change);
            pollers.retain(|(other, _)| *other != index);
        }
    }
    let ends = !too_many_bytes(&pollers) && calls(&pollers) <= calls_limit;
    (ends && !set.is_empty()).then_some(set)
}

/// GetRecords calls a second on each shard; none for who does not poll.
fn calls_of(consumer: &Consumer) -> Option<f64> {
    match consumer.reading {
        Reading::Polling { interval, round_trip, .. } => {
            Some(1.0 / interval.max(round_trip).as_seconds().max(1e-9))
        }
        Reading::EnhancedFanOut { .. } => None,
    }
}

/// The same interval for all who can choose one.
fn longer_intervals(
    scenario: &Scenario,
    pollers: &[(usize, f64)],
    calls_limit: f64,
) -> Option<Vec<String>> {
    let path = |index: usize| match scenario.consumers[index].work {
        Work::Loop => Some("polling.interval"),
        Work::Kcl(_) => Some("kcl.idle_time"),
        Work::Flink => Some("flink.idle_time"),
        Work::MicroBatch(_) => Some("micro_batch.fetch_interval"),
        Work::Lambda(_) | Work::Firehose(_) => None,
    };
    let fixed: f64 =
        pollers.iter().filter(|(at, _)| path(*at).is_none()).map(|(_, calls)| calls).sum();
    let free: Vec<(usize, &str)> =
        pollers.iter().filter_map(|(at, _)| Some((*at, path(*at)?))).collect();
    let each = (calls_limit - fixed) / free.len().max(1) as f64;
    if each <= 0.0 || free.is_empty() {
        return None;
    }
    let interval = ((1_000.0 / each) as u64).div_ceil(INTERVAL_STEP_MS) * INTERVAL_STEP_MS;
    let interval = Span::from_milliseconds(interval);
    let set = free.into_iter().map(|(index, path)| {
        let name = element(&scenario.consumers[index].name, index);
        format!("consumers.{name}.{path}={interval}")
    });
    Some(set.collect())
}

/// A consumer with an enhanced fan-out subscription in place of polling.
fn to_subscription(scenario: &Scenario, index: usize) -> Option<String> {
    let consumer = &scenario.consumers[index];
    let Reading::Polling { round_trip, .. } = consumer.reading else {
        return None;
    };
    let name = element(&consumer.name, index);
    match consumer.work {
        Work::Loop => {
            let work = consumer.processing;
            let in_order = consumer.child_shards.parents_first;
            let order = if in_order { "" } else { ", child_shards: at_once" };
            Some(format!(
                "consumers.{name}.enhanced_fan_out={{ round_trip: {round_trip}, \
                 checkpoint_interval: {}, processing: {{ per_batch: {}, per_record: {} }}{order} }}",
                consumer.checkpoint_interval, work.per_batch, work.per_record,
            ))
        }
        Work::Kcl(_) => Some(format!("consumers.{name}.kcl.fan_out=enhanced")),
        Work::Flink => Some(format!("consumers.{name}.flink.fan_out=enhanced")),
        Work::MicroBatch(_) => Some(format!("consumers.{name}.micro_batch.fan_out=enhanced")),
        Work::Lambda(_) => Some(format!("consumers.{name}.lambda.fan_out=enhanced")),
        Work::Firehose(_) => None,
    }
}

/// Whether a function of Lambda works for a consumer.
pub(super) const fn is_function(consumer: &Consumer) -> bool {
    matches!(consumer.work, Work::Lambda(_) | Work::Firehose(_))
}

/// What lets a consumer keep up, other than more shards.
pub(super) fn behind(scenario: &Scenario, seen: &Observation, index: usize) -> Option<Vec<String>> {
    let of_consumer = &seen.consumers[index];
    if ratio(of_consumer.read_throttled_calls, of_consumer.read_calls) > REFUSED_MUCH {
        return throttled(scenario, seen);
    }
    let consumer = &scenario.consumers[index];
    let Work::Lambda(lambda) = &consumer.work else {
        return None;
    };
    let name = element(&consumer.name, index);
    let calls = of_consumer.function?;
    let has_limit = lambda.retry_attempts.is_some() || lambda.maximum_record_age.is_some();
    if calls.failed_invocations > 0 && !has_limit {
        return Some(vec![
            format!("consumers.{name}.lambda.retry_attempts={RETRY_ATTEMPTS}"),
            format!("consumers.{name}.lambda.bisect_on_error=true"),
        ]);
    }
    if ratio(calls.throttled_invocations, calls.invocations) > REFUSED_MUCH {
        return None;
    }
    let peak = peak(scenario, seen);
    let bytes = peak.bytes_per_second / peak.records_per_second.max(f64::MIN_POSITIVE);
    let most = FullBatches::of(scenario, consumer, lambda, bytes).records_per_second?;
    let each = most / f64::from(lambda.parallelization_factor);
    let factor = (peak.records_per_second / (ROOM * each)).ceil();
    let helps = factor > f64::from(lambda.parallelization_factor) && factor <= FACTOR_MAX;
    helps.then(|| vec![format!("consumers.{name}.lambda.parallelization_factor={factor}")])
}

/// A retention that outlasts the run.
pub(super) fn retention(scenario: &Scenario) -> Option<Span> {
    let hours = scenario.duration.nanoseconds().div_ceil(3_600_000_000_000) + 1;
    let retention = Span::from_seconds(hours.max(24) * 3_600);
    (hours <= RETENTION_HOURS_MAX && retention > scenario.stream.retention).then_some(retention)
}

/// Parents before their children.
pub(super) fn parents_first(scenario: &Scenario, name: &str) -> Option<Vec<String>> {
    let index = scenario.consumers.iter().position(|consumer| consumer.name == name)?;
    let consumer = &scenario.consumers[index];
    let kind = match (&consumer.work, &consumer.reading) {
        (Work::Loop, Reading::Polling { .. }) => "polling",
        (Work::Loop, Reading::EnhancedFanOut { .. }) => "enhanced_fan_out",
        _ => return None,
    };
    let name = element(name, index);
    Some(vec![format!("consumers.{name}.{kind}.child_shards=parents_first")])
}
