//! Real keys: where they land for several shard counts, which are hot, and what would help.
//!
//! No simulation: a share is a sum over the keys, exact for the keys that are given. Behind this
//! door: `rows` reads a line, `counter` hashes and counts, `table` gives the load of any range,
//! `salt` divides keys, `document` is the answer as data.

mod counter;
mod document;
mod rows;
mod salt;
mod table;

pub use counter::KeyCounter;
pub use document::{
    BestCount, Concentration, HotKeyPlace, KeyShard, KeySpread, KeysDocument, KeysTarget,
    SaltResult,
};
pub use rows::KeyColumns;
pub use table::KeyTable;

use rayon::prelude::*;

use self::table::ShardLoad;
use crate::hash_key::{HashKey, HashKeyRange, Router, shard_id};
use crate::quotas::{Quotas, SHARDS_LIMIT};
use crate::scenario::ShardDefinition;
use crate::units::{Bytes, RecordRate};

/// What is asked about the keys.
#[derive(Clone, Debug)]
pub struct KeysQuestion {
    /// Numbers of shards of a new stream.
    pub shards: Vec<u32>,
    /// The open shards of a real stream.
    pub imported: Option<Vec<ShardDefinition>>,
    /// The load of all keys together, at its peak.
    pub traffic: Option<RecordRate>,
    /// Bytes of data in a record; where not given, only records are counted.
    pub record_size: Option<Bytes>,
    /// Without a load: the hottest shard may get this many times the mean.
    pub hottest_over_mean_at_most: f64,
    /// Heaviest keys to name.
    pub hottest_keys: usize,
}

/// Keys whose share is worked out one by one.
const TOP: usize = 1_000;

/// A stream to spread the keys over.
struct Candidate {
    ids: Vec<String>,
    ranges: Vec<HashKeyRange>,
    source: &'static str,
    loads: Vec<ShardLoad>,
}

/// Answers the question for the given keys; `source` is the name of their file.
#[must_use]
pub fn spread(table: &KeyTable, source: &str, question: &KeysQuestion) -> KeysDocument {
    let target = target(table, question);
    let candidates = candidates(table, question);
    let top = table.heaviest(0..table.keys(), TOP.max(question.hottest_keys));
    let salts = salts(table, &candidates, &target);
    let spreads: Vec<KeySpread> = candidates
        .iter()
        .zip(salts)
        .map(|(candidate, salt)| key_spread(table, candidate, &target, salt))
        .collect();
    let hottest_share = top.first().map_or(0.0, |key| table.entry(*key).weight / table.weight());
    KeysDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        source: source.to_owned(),
        rows: table.rows(),
        keys: table.keys() as u64,
        records: table.weight(),
        concentration: concentration(table, &top),
        best: best(table, &spreads, &target, hottest_share),
        hottest_keys: top
            .iter()
            .take(question.hottest_keys)
            .map(|key| place(table, *key, &candidates, &target))
            .collect(),
        target,
        spreads,
    }
}

fn target(table: &KeyTable, question: &KeysQuestion) -> KeysTarget {
    let quotas = Quotas::default();
    let record_bytes = question.record_size.map(|size| size.0 as f64 + table.mean_key_bytes());
    let by_records = quotas.shard_write_records.0.as_per_second();
    let by_bytes = record_bytes
        .map_or(f64::INFINITY, |bytes| quotas.shard_write_bytes.0.as_per_second() / bytes);
    KeysTarget {
        traffic_records_per_second: question.traffic.map(|rate| rate.0.as_per_second()),
        record_bytes,
        shard_records_per_second: by_records.min(by_bytes),
        hottest_over_mean_at_most: question.hottest_over_mean_at_most,
    }
}

impl KeysTarget {
    /// What a share of all records fills of a shard; none without a load.
    fn utilization(&self, share: f64) -> Option<f64> {
        Some(share * self.traffic_records_per_second? / self.shard_records_per_second)
    }

    /// The share of all records that the hottest of so many shards may get.
    fn share_most(&self, shards: usize) -> f64 {
        match self.traffic_records_per_second {
            Some(load) => self.shard_records_per_second / load,
            None => self.hottest_over_mean_at_most / shards as f64,
        }
    }
}

fn candidates(table: &KeyTable, question: &KeysQuestion) -> Vec<Candidate> {
    let new = |ids: Vec<String>, ranges: Vec<HashKeyRange>, source| {
        let loads = table.loads(&ranges);
        Candidate { ids, ranges, source, loads }
    };
    let created = question.shards.iter().map(|count| {
        let ids = (0..u64::from(*count)).map(shard_id).collect();
        new(ids, HashKeyRange::created(*count), "created")
    });
    let imported = question.imported.iter().map(|shards| {
        let ids = shards.iter().map(|shard| shard.shard_id.clone()).collect();
        new(ids, shards.iter().map(|shard| shard.range).collect(), "list-shards")
    });
    created.chain(imported).collect()
}

/// Index and share of the shard that gets most; the first of equals.
fn hottest(loads: &[ShardLoad], total: f64) -> (usize, f64) {
    let mut best = 0;
    for (index, load) in loads.iter().enumerate() {
        if load.weight > loads[best].weight {
            best = index;
        }
    }
    (best, loads[best].weight / total)
}

/// The smallest salt for each candidate that needs one.
fn salts(
    table: &KeyTable,
    candidates: &[Candidate],
    target: &KeysTarget,
) -> Vec<Option<SaltResult>> {
    let misses = |candidate: &Candidate| {
        let (_, share) = hottest(&candidate.loads, table.weight());
        // Even a perfect spread has a share of one over the count.
        let most = target.share_most(candidate.ranges.len());
        share > most && most * candidate.ranges.len() as f64 > 1.0
    };
    let needed: Vec<bool> = candidates.iter().map(misses).collect();
    let targets: Vec<salt::Target<'_>> = candidates
        .iter()
        .zip(&needed)
        .filter(|(_, needed)| **needed)
        .map(|(candidate, _)| salt::Target {
            ranges: &candidate.ranges,
            share_most: target.share_most(candidate.ranges.len()),
        })
        .collect();
    if targets.is_empty() {
        return vec![None; candidates.len()];
    }
    let mut found = salt::smallest(table, &targets).into_iter();
    let every_key_hashed = table.keys() <= salt::KEYS_EXACT;
    candidates
        .iter()
        .zip(needed)
        .map(|(candidate, needed)| {
            let salt = if needed { found.next().flatten() } else { None }?;
            Some(SaltResult {
                buckets: u64::from(salt.buckets),
                hottest_share: salt.hottest_share,
                hottest_over_mean: salt.hottest_share * candidate.ranges.len() as f64,
                every_key_hashed,
            })
        })
        .collect()
}

fn key_spread(
    table: &KeyTable,
    candidate: &Candidate,
    target: &KeysTarget,
    smallest_salt: Option<SaltResult>,
) -> KeySpread {
    let total = table.weight();
    let (index, hottest_share) = hottest(&candidate.loads, total);
    let shards = candidate.ranges.len();
    KeySpread {
        shards: shards as u64,
        ranges: candidate.source.to_owned(),
        hottest_shard_id: candidate.ids[index].clone(),
        hottest_share,
        hottest_over_mean: hottest_share * shards as f64,
        idle_shards: candidate.loads.iter().filter(|load| load.keys == 0).count() as u64,
        carries_records_per_second: target.shard_records_per_second / hottest_share,
        hottest_utilization: target.utilization(hottest_share),
        meets_target: hottest_share <= target.share_most(shards),
        smallest_salt,
        shard_loads: (0..shards)
            .into_par_iter()
            .map(|shard| key_shard(table, candidate, shard, target))
            .collect(),
    }
}

fn key_shard(
    table: &KeyTable,
    candidate: &Candidate,
    shard: usize,
    target: &KeysTarget,
) -> KeyShard {
    let load = candidate.loads[shard];
    let share = load.weight / table.weight();
    let keys = table.within(candidate.ranges[shard]);
    let hottest = table.heaviest(keys, 1).first().copied();
    KeyShard {
        shard_id: candidate.ids[shard].clone(),
        keys: load.keys,
        records: load.weight,
        share,
        over_mean: share * candidate.ranges.len() as f64,
        utilization: target.utilization(share),
        hottest_key: hottest.map(|key| name(table, key)),
        hottest_key_share: hottest.map(|key| table.entry(key).weight / load.weight),
    }
}

fn name(table: &KeyTable, key: usize) -> String {
    String::from_utf8_lossy(table.name(key)).into_owned()
}

fn concentration(table: &KeyTable, top: &[usize]) -> Concentration {
    let total = table.weight();
    let share_of = |most: usize| {
        top.iter().take(most).map(|key| table.entry(*key).weight).sum::<f64>() / total
    };
    let weights = table.falling_weights();
    let percent = weights.len().div_ceil(100);
    let (mut sum, mut keys_for_half) = (0.0, 0);
    for weight in &weights {
        if sum >= total / 2.0 {
            break;
        }
        sum += weight;
        keys_for_half += 1;
    }
    let squares: f64 = weights.iter().map(|weight| (weight / total) * (weight / total)).sum();
    Concentration {
        top_1_share: share_of(1),
        top_10_share: share_of(10),
        top_100_share: share_of(100),
        top_percent_share: weights[..percent].iter().sum::<f64>() / total,
        keys_for_half,
        effective_keys: 1.0 / squares,
    }
}

fn place(
    table: &KeyTable,
    key: usize,
    candidates: &[Candidate],
    target: &KeysTarget,
) -> HotKeyPlace {
    let entry = table.entry(key);
    let share = entry.weight / table.weight();
    let hash_key = HashKey(entry.hash);
    HotKeyPlace {
        key: name(table, key),
        records: entry.weight,
        share,
        utilization: target.utilization(share),
        hash_key: hash_key.to_string(),
        shard_ids: candidates
            .iter()
            .map(|each| each.ids[Router::new(&each.ranges).shard_of(hash_key)].clone())
            .collect(),
    }
}

fn best(
    table: &KeyTable,
    spreads: &[KeySpread],
    target: &KeysTarget,
    hottest_key_share: f64,
) -> BestCount {
    let none = |reason| BestCount { shards: None, reason, larger_counts_that_fail: Vec::new() };
    let Some(load) = target.traffic_records_per_second else {
        return most_even(spreads).unwrap_or_else(|| none("no shard count was asked about".into()));
    };
    let most = target.share_most(1);
    if hottest_key_share > most {
        return none(format!(
            "no shard count will help: the heaviest key alone has {:.3} times what a shard takes",
            hottest_key_share / most
        ));
    }
    let fits = |count: u32| {
        let loads = table.loads(&HashKeyRange::created(count));
        hottest(&loads, table.weight()).1 <= most
    };
    let first = (load / target.shard_records_per_second).ceil().max(1.0);
    if first > f64::from(SHARDS_LIMIT) {
        return none(format!("more than {SHARDS_LIMIT} shards would be needed"));
    }
    let first = first as u32;
    let last = first.saturating_mul(COUNTS_TRIED_FACTOR).clamp(64, SHARDS_LIMIT);
    let Some(least) = (first..=last).find(|count| fits(*count)) else {
        return none(format!("no count from {first} to {last} will do: salt the keys"));
    };
    let above: Vec<u32> = (least + 1..=(2 * least).min(SHARDS_LIMIT)).collect();
    let failing = above.into_par_iter().filter(|count| !fits(*count));
    BestCount {
        shards: Some(u64::from(least)),
        reason: format!(
            "the least count whose hottest shard stays within {:.0} records/s at {load:.0} in all",
            target.shard_records_per_second
        ),
        larger_counts_that_fail: failing.map(u64::from).collect(),
    }
}

/// Counts are tried up to so many times the one that an even spread would need.
const COUNTS_TRIED_FACTOR: u32 = 64;

/// Of the counts that were asked about, the one that makes most of its shards.
fn most_even(spreads: &[KeySpread]) -> Option<BestCount> {
    let best = spreads.iter().reduce(|best, next| {
        if next.hottest_over_mean < best.hottest_over_mean { next } else { best }
    })?;
    Some(BestCount {
        shards: Some(best.shards),
        reason: "of those asked about, the one that makes most of each shard".to_owned(),
        larger_counts_that_fail: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
