//! Findings on the spread: hot shards, hot keys, idle shards.

use super::{byte_limit, finding, record_limit};
use crate::analysis::figures::{
    busiest_minute_over_mean, counted_seconds, hottest_shard, open_shards, ratio,
};
use crate::analysis::number::{bytes, count, of, percent, plain};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::{HotKey, Observation, ShardObservation};
use crate::scenario::{
    ExplicitHashKey, PartitionKey, Producer, RecordDistribution, Scenario, TimeUnit,
};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// From this multiple of the mean on, a shard is hot.
const HOT: f64 = 1.5;
/// From this utilization of its busiest second on, a hot shard is a danger.
const NEAR_LIMIT: f64 = 0.8;

pub(super) fn find(scenario: &Scenario, seen: &Observation, findings: &mut Vec<Finding>) {
    findings.extend(hot_key(scenario, seen));
    findings.extend(hot_shard(scenario, seen));
    findings.extend(idle_shards(scenario, seen));
}

/// A partition key in quotes, shortened, without characters that would disturb a terminal.
fn quoted(key: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let mut text: String = key.chars().take(CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if key.chars().nth(CHARACTERS_MAX).is_some() {
        text.push_str("...");
    }
    format!("\"{text}\"")
}

fn hot_shard(scenario: &Scenario, seen: &Observation) -> Option<Finding> {
    let shards = seen.shards.len() as u64;
    let (index, over_mean) =
        hottest_shard(scenario, seen).filter(|(_, over_mean)| shards > 1 && *over_mean >= HOT)?;
    let shard = &seen.shards[index];
    let shard_id = &seen.shards[index].shard_id;
    let total: u64 = seen.shards.iter().map(|shard| shard.generated_records).sum();
    let share = ratio(shard.generated_records, total);
    let (cause, advice) = match shard.hottest_keys.first() {
        Some(key) => {
            let of_shard = ratio(key.generated_records, shard.generated_records);
            let name = quoted(&key.key);
            let advice = if of_shard >= 0.5 {
                format!("One key makes the shard hot: salt {name}, or choose a finer key.")
            } else {
                "Many keys share the shard by chance of their hash: a finer key or a salt evens \
                 them out; splitting this shard relieves it."
                    .to_owned()
            };
            (format!("; its hottest key {name} is {} of it", percent(of_shard)), advice)
        }
        None => (String::new(), "Choose a finer partition key, or salt it.".to_owned()),
    };
    Some(finding(
        "hot-shard",
        if shard.utilization_peak_1s >= NEAR_LIMIT { Severity::Warning } else { Severity::Info },
        shard_id,
        format!(
            "{shard_id} is offered {} of all records, {over_mean:.2} times the mean of {shards} \
             shards{cause}.",
            percent(share),
        ),
        &[
            ("hottest_shard_over_mean", over_mean),
            ("share", share),
            ("even_share", 1.0 / shards as f64),
            ("expected_share", shard.expected_share),
            ("utilization_mean", shard.utilization_mean),
            ("utilization_peak_1s", shard.utilization_peak_1s),
        ],
        advice,
    ))
}

/// What one key offers to its shard.
#[derive(Clone, Copy)]
struct KeyLoad<'a> {
    key: &'a HotKey,
    records_per_second: f64,
    bytes_per_second: f64,
    /// Load over the scarcer write limit of one shard.
    utilization: f64,
}

/// A key that alone asks for more than one shard can carry.
fn hot_key(scenario: &Scenario, seen: &Observation) -> Option<Finding> {
    let keys = seen.shards.iter().flat_map(|shard| &shard.hottest_keys);
    let hottest = keys
        .filter_map(|key| key_load(scenario, seen, key))
        .reduce(|best, next| if next.utilization > best.utilization { next } else { best })?;
    let peak = peak_over_mean(scenario, seen);
    let (severity, when, factor) = if hottest.utilization > 1.0 {
        (Severity::Critical, "on average", 1.0)
    } else if hottest.utilization * peak > 1.0 {
        (Severity::Warning, "in the busiest minute", peak)
    } else {
        return None;
    };
    let own = &scenario.producers[hottest.key.producer];
    let producer = &own.name;
    let name = quoted(&hottest.key.key);
    let salt = (hottest.utilization * peak).ceil().max(2.0);
    Some(finding(
        "hot-key",
        severity,
        &hottest.key.key,
        format!(
            "Partition key {name} of {producer} alone offers {} records/s and {}/s {when}, {} \
             times what one shard carries ({}, {}): no shard count will help.",
            plain(hottest.records_per_second * factor),
            bytes(hottest.bytes_per_second * factor),
            plain(hottest.utilization * factor),
            record_limit(scenario),
            byte_limit(scenario),
        ),
        &[
            ("offered_records_per_second", hottest.records_per_second),
            ("offered_bytes_per_second", hottest.bytes_per_second),
            ("shard_limits_filled", hottest.utilization),
            ("busiest_minute_over_mean", peak),
        ],
        match time_unit(own) {
            Some(unit) => format!(
                "All records of {} that share the rest of the key go to one shard: use a key that \
                 says what a record is about, not when it was made.",
                match unit {
                    TimeUnit::Date => "a day",
                    TimeUnit::Hour => "an hour",
                    TimeUnit::Minute => "a minute",
                },
            ),
            None => format!(
                "Divide the key: a salt of at least {} buckets, or a composite key. Order then \
                 holds within each bucket only.",
                count(salt as u64),
            ),
        },
    ))
}

/// The load of a key on its shard; none when the producer's records do not go by key.
fn key_load<'a>(scenario: &Scenario, seen: &Observation, key: &'a HotKey) -> Option<KeyLoad<'a>> {
    let producer = scenario.producers.get(key.producer)?;
    if producer.explicit_hash_key == Some(ExplicitHashKey::Random) {
        return None;
    }
    let of_producer = seen.producers.get(key.producer)?;
    let seconds = counted_seconds(scenario, seen);
    if seconds <= 0.0 {
        return None;
    }
    let records_per_second = match &producer.partition_key {
        // A key that is nothing but a time has all records while it lasts.
        PartitionKey::Composed(keys) if keys.parts.is_empty() => {
            of_producer.generated_records as f64 / seconds
        }
        _ => {
            let lasts = time_unit(producer).map_or(seconds, |unit| unit.seconds() as f64);
            key.generated_records as f64 / seconds.min(lasts)
        }
    };
    // The bytes of one key are not counted apart: its records are as large as the producer's mean.
    let mean_bytes = ratio(of_producer.generated_bytes, of_producer.generated_records);
    let bytes_per_second = records_per_second * mean_bytes;
    let quotas = &scenario.quotas;
    let utilization = (records_per_second / quotas.shard_write_records.0.as_per_second())
        .max(bytes_per_second / quotas.shard_write_bytes.0.as_per_second());
    Some(KeyLoad { key, records_per_second, bytes_per_second, utilization })
}

/// Generated records of the busiest whole minute over the mean.
///
/// One where several producers are, since their peaks need not fall together.
fn peak_over_mean(scenario: &Scenario, seen: &Observation) -> f64 {
    if scenario.producers.len() != 1 {
        return 1.0;
    }
    busiest_minute_over_mean(seen, seen.counted.generated).unwrap_or(1.0)
}

fn idle_shards(scenario: &Scenario, seen: &Observation) -> Option<Finding> {
    let shards = open_shards(seen);
    let is_idle = |shard: &&ShardObservation| {
        shard.generated_records == 0 && shard.closed.is_none() && shard.opened == Span::ZERO
    };
    let idle = seen.shards.iter().filter(is_idle).count() as u64;
    let total: u64 = seen.shards.iter().map(|shard| shard.generated_records).sum();
    if idle == 0 || total == 0 {
        return None;
    }
    let keys: Option<u64> = scenario.producers.iter().map(|each| keys_of(scenario, each)).sum();
    let cause = match keys {
        Some(keys) if keys < shards => {
            format!(": {} cannot fill {}", of(keys, "partition key"), of(shards, "shard"))
        }
        Some(keys) => format!(" of {}", of(keys, "partition key")),
        None => String::new(),
    };
    Some(finding(
        "idle-shards",
        Severity::Warning,
        "stream",
        format!("{} of {} got no record{cause}.", count(idle), of(shards, "shard")),
        &[("idle_shards", idle as f64), ("shards", shards as f64)],
        "Idle shards cost as much as busy ones: use a key with many more values than shards, or \
         merge them away."
            .to_owned(),
    ))
}

/// Distinct places in the hash space that a producer uses; none when there is no end to them.
pub(in crate::analysis) fn keys_of(scenario: &Scenario, producer: &Producer) -> Option<u64> {
    match producer.explicit_hash_key {
        _ if scenario.stream.record_distribution == RecordDistribution::Auto => None,
        Some(ExplicitHashKey::Fixed(_)) => Some(1),
        Some(ExplicitHashKey::Random) => None,
        None => distinct(scenario, &producer.partition_key),
    }
}

/// Distinct keys; none when there is no end to them.
fn distinct(scenario: &Scenario, keys: &PartitionKey) -> Option<u64> {
    match keys {
        PartitionKey::Random { .. } | PartitionKey::Absent => None,
        PartitionKey::Uniform { keys, .. }
        | PartitionKey::Zipf { keys, .. }
        | PartitionKey::HotSet { keys, .. } => Some(*keys),
        PartitionKey::Weighted { keys, .. } => Some(keys.len() as u64),
        PartitionKey::Composed(composition) => {
            let times = composition.time_unit().map_or(1, |unit| {
                let start = scenario.starts_at.unix_seconds();
                let end = start + scenario.duration.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
                end.div_ceil(unit.seconds()) - start / unit.seconds()
            });
            let mut parts = composition.parts.iter();
            parts.try_fold(times, |product, part| {
                Some(product.saturating_mul(distinct(scenario, &part.values)?))
            })
        }
    }
}

/// The finest unit of time in the keys of a producer.
fn time_unit(producer: &Producer) -> Option<TimeUnit> {
    match &producer.partition_key {
        PartitionKey::Composed(composition) => composition.time_unit(),
        _ => None,
    }
}
