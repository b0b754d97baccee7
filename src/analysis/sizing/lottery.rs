//! The key lottery: where keys fall is chance, and names that are made up could be others.
//!
//! Each draw renames the generated keys and works out the shares of the shards anew; the draw at
//! the 95th percentile of the busiest shard stands for what other names may do.

use rayon::prelude::*;

use super::forecast::Forecast;
use super::load::{Load, shares};
use crate::scenario::{PartitionKey, Scenario};

/// Hashes for all draws of one count.
const HASHES: u64 = 4_000_000;
/// Most draws.
const DRAWS_MAX: u64 = 200;
/// Fewest draws: the 95th percentile of 20 is the second highest.
const DRAWS_LEAST: u64 = 20;
/// Beyond so many keys one draw takes too long, and chance evens out.
const KEYS_MAX: u64 = 4_000_000;

/// How many draws a count is tried with; none where names are real or too many.
pub(super) fn draws(scenario: &Scenario) -> u32 {
    if !scenario.has_generated_names() {
        return 0;
    }
    let keys: u64 = scenario.producers.iter().map(|each| keys_of(&each.partition_key)).sum();
    if keys > KEYS_MAX {
        return 0;
    }
    (HASHES / keys.max(1)).clamp(DRAWS_LEAST, DRAWS_MAX) as u32
}

/// Keys that are hashed for one draw.
pub(super) fn keys_of(keys: &PartitionKey) -> u64 {
    match keys {
        PartitionKey::Uniform { keys, .. }
        | PartitionKey::Zipf { keys, .. }
        | PartitionKey::HotSet { keys, .. } => *keys,
        PartitionKey::Weighted { keys, .. } => keys.len() as u64,
        PartitionKey::Random { .. } | PartitionKey::Absent => 0,
        PartitionKey::Composed(composition) => composition
            .parts
            .iter()
            .map(|part| keys_of(&part.values).max(1))
            .fold(1, u64::saturating_mul),
    }
}

/// A fall of the lottery that only one in twenty exceeds.
pub(super) struct Fall {
    /// The scenario with those names.
    pub(super) scenario: Scenario,
    pub(super) forecast: Forecast,
}

/// The 95th percentile of the busiest shard of `scenario` over other names; none where names are
/// real.
pub(super) fn p95(scenario: &Scenario, load: &Load, draws: u32) -> Option<Fall> {
    if draws == 0 {
        return None;
    }
    let weights: Vec<f64> = load.producers.iter().map(|_| 1.0).collect();
    let busiest = load.busiest(&weights);
    let mut falls: Vec<(f64, u32)> = (0..draws)
        .into_par_iter()
        .map(|draw| {
            let shares = shares(&scenario.with_names_redrawn(draw));
            let of = |shard: usize| -> f64 {
                let loads = load.producers.iter().zip(&shares);
                loads.map(|(load, shares)| load.records_per_second[busiest] * shares[shard]).sum()
            };
            let hottest = (0..scenario.stream.shards.len()).map(of).fold(0.0, f64::max);
            (hottest, draw)
        })
        .collect();
    falls.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let rank = (falls.len() * 95).div_ceil(100) - 1;
    let redrawn = scenario.with_names_redrawn(falls[rank].1);
    let forecast = Forecast::of(&redrawn, load, &shares(&redrawn));
    Some(Fall { scenario: redrawn, forecast })
}
