//! "No shard count will help": one key that is more than a shard takes, and what then does.

use super::forecast::Forecast;
use super::load::{Load, shares};
use crate::scenario::{
    ExplicitHashKey, KeyPiece, Objective, PartitionKey, RecordDistribution, RecordOrdering,
    Scenario,
};

/// The key of a producer that has most of its records at any moment.
#[derive(Clone, Debug)]
pub(super) struct HottestKey {
    /// Index of the producer.
    pub(super) producer: usize,
    /// Its name; a word in braces stands for what changes with the time.
    pub(super) key: String,
    /// Its share of the producer's records.
    pub(super) share: f64,
}

/// A key that no shard count carries.
#[derive(Clone, Debug)]
pub(super) struct TooHot {
    pub(super) key: HottestKey,
    /// What is missed with this key alone on a shard, and the value at least.
    pub(super) objective: Objective,
    pub(super) value: f64,
    /// Kinesis records and bytes a second of the key at its peak.
    pub(super) records_per_second: f64,
    pub(super) bytes_per_second: f64,
    /// Most records a second of it that a shard takes.
    pub(super) shard_records_per_second: f64,
    /// What it offers over what a shard takes, at the peak.
    pub(super) utilization: f64,
    /// Whether bytes are the scarcer limit.
    pub(super) by_bytes: bool,
    /// The order that its producer's records have without a salt.
    pub(super) ordering: RecordOrdering,
}

/// The hottest key of each producer whose keys place its records.
pub(super) fn hottest_keys(scenario: &Scenario) -> Vec<HottestKey> {
    if scenario.stream.record_distribution == RecordDistribution::Auto {
        return Vec::new();
    }
    let producers = scenario.producers.iter().enumerate();
    producers
        .filter_map(|(producer, each)| {
            let (key, share) = match each.explicit_hash_key {
                Some(ExplicitHashKey::Random) => return None,
                Some(ExplicitHashKey::Fixed(hash_key)) => (format!("hash key {hash_key}"), 1.0),
                None => hottest(&each.partition_key)?,
            };
            Some(HottestKey { producer, key, share })
        })
        .collect()
}

/// The key with most records and its share; none where keys are fresh.
fn hottest(keys: &PartitionKey) -> Option<(String, f64)> {
    match keys {
        PartitionKey::Uniform { keys, format } => Some((format.key(0), 1.0 / *keys as f64)),
        PartitionKey::Zipf { keys, exponent, format } => {
            Some((format.key(0), 1.0 / generalized_harmonic(*keys, *exponent)))
        }
        PartitionKey::HotSet { hot, share, format, .. } => {
            Some((format.key(0), share.0 / *hot as f64))
        }
        PartitionKey::Weighted { keys, .. } => {
            let total: f64 = keys.iter().map(|key| key.weight).sum();
            let first = keys.iter().reduce(|a, b| if b.weight > a.weight { b } else { a })?;
            Some((first.key.clone(), first.weight / total))
        }
        PartitionKey::Random { .. } | PartitionKey::Absent => None,
        PartitionKey::Composed(composition) => {
            let parts: Option<Vec<(String, f64)>> =
                composition.parts.iter().map(|part| hottest(&part.values)).collect();
            let parts = parts?;
            let pieces = composition.pieces.iter().map(|piece| match piece {
                KeyPiece::Text(text) => text.clone(),
                KeyPiece::Part(part) => parts[*part].0.clone(),
                KeyPiece::Time(unit) => format!("{{{}}}", unit.word()),
            });
            Some((pieces.collect(), parts.iter().map(|part| part.1).product()))
        }
    }
}

/// The sum of `n^-exponent`: exact for the first million, then by Euler and Maclaurin.
pub(super) fn generalized_harmonic(keys: u64, exponent: f64) -> f64 {
    const EXACT: u64 = 1_000_000;
    let term = |n: f64| libm::pow(n, -exponent);
    let exact = keys.min(EXACT);
    let sum: f64 = (1..=exact).rev().map(|n| term(n as f64)).sum();
    if keys <= EXACT {
        return sum;
    }
    let (from, to) = (exact as f64, keys as f64);
    let area = if (exponent - 1.0).abs() < 1e-12 {
        libm::log(to / from)
    } else {
        (libm::pow(to, 1.0 - exponent) - libm::pow(from, 1.0 - exponent)) / (1.0 - exponent)
    };
    sum + area + (term(to) - term(from)) / 2.0
}

/// The load of the scenario with nothing but one key.
pub(super) fn load_of_key(load: &Load, key: &HottestKey) -> Load {
    let mut own = load.clone();
    for (index, producer) in own.producers.iter_mut().enumerate() {
        let factor = if index == key.producer { key.share } else { 0.0 };
        producer.records_per_second.iter_mut().for_each(|rate| *rate *= factor);
    }
    own
}

/// The key that fails an objective on writes although it has a shard of its own.
pub(super) fn too_hot(scenario: &Scenario, load: &Load) -> Option<TooHot> {
    let all = load.counted_put_records();
    let found = hottest_keys(scenario).into_iter().filter_map(|key| {
        let own = load_of_key(load, &key);
        let one_shard = scenario.with_shards(1);
        let even: Vec<Vec<f64>> = scenario.producers.iter().map(|_| vec![1.0]).collect();
        let alone = own.counted_put_records();
        // The others' records count, but need not be throttled.
        let mut forecast = Forecast::of(&one_shard, &own, &even).with_ratios(|ratio| {
            let excess = ratio * alone / (1.0 - ratio).max(f64::MIN_POSITIVE);
            excess / (all + excess).max(1.0)
        });
        forecast.consumers.clear();
        let (objective, value) = forecast.missed(&scenario.objectives)?;
        let utilization = forecast.peak_utilization;
        Some(TooHot {
            ordering: scenario.producers[key.producer].ordering(&scenario.stream),
            key,
            objective,
            value,
            records_per_second: forecast.peak_records_per_second,
            bytes_per_second: forecast.peak_bytes_per_second,
            shard_records_per_second: forecast.peak_records_per_second / utilization,
            utilization,
            by_bytes: forecast.by_bytes,
        })
    });
    found.reduce(|worst, next| if next.utilization > worst.utilization { next } else { worst })
}

/// A salt that works, and on how many shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WorkingSalt {
    pub(super) buckets: u32,
    pub(super) shards: u32,
}

/// Salts beyond the least that are tried.
const SALTS_TRIED: u32 = 64;

/// The smallest salt for which the forecast misses no objective on some shard count up to
/// `shards_max`, and that count.
pub(super) fn smallest_salt(
    scenario: &Scenario,
    load: &Load,
    too_hot: &TooHot,
    shards_max: u32,
) -> Option<WorkingSalt> {
    let producer = too_hot.key.producer;
    // A salt that is there is replaced by a larger one.
    let now = match &scenario.producers[producer].partition_key {
        PartitionKey::Composed(keys) if keys.salted => {
            keys.parts.last().map_or(1.0, |part| match part.values {
                PartitionKey::Uniform { keys, .. } => keys as f64,
                _ => 1.0,
            })
        }
        _ => 1.0,
    };
    // What chance allows is a little less than the objective: one bucket fewer may do.
    let least = (too_hot.utilization * now).floor().max(2.0) as u32;
    (least..least + SALTS_TRIED).find_map(|buckets| {
        let salted = scenario.with_salt(producer, buckets);
        if self::too_hot(&salted, load).is_some() {
            return None;
        }
        let shards = (1..=shards_max).find(|shards| {
            let candidate = salted.with_shards(*shards);
            let forecast = Forecast::of(&candidate, load, &shares(&candidate));
            forecast.missed(&candidate.objectives).is_none()
        })?;
        Some(WorkingSalt { buckets, shards })
    })
}
