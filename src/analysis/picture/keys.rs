//! How much of the records the hottest partition keys are.

use crate::analysis::figures::{Totals, ratio};
use crate::metrics::Observation;
use crate::scenario::Scenario;

/// Keys that are named.
const KEYS_NAMED: usize = 10;
/// Points of the curve to each power of ten.
const POINTS_PER_DECADE: f64 = 24.0;

/// The curve of Lorenz from its steep end, and the hottest keys by name.
#[derive(Clone, Debug, Default)]
pub struct KeyConcentration {
    /// Generated records of the hottest keys together, from the first key on; empty where no key
    /// has a count of its own.
    pub curve: Vec<KeyPoint>,
    /// Keys that were counted one by one.
    pub counted_keys: u64,
    /// Share of the records whose keys were not, because they are drawn afresh or are too many.
    pub uncounted_share: f64,
    /// The hottest keys with their share of the stream's records, hottest first.
    pub hottest: Vec<(String, f64)>,
    /// Records that one shard takes over those that the stream is offered on average: a key with
    /// a larger share overloads any shard. None where nothing is offered.
    pub shard_share: Option<f64>,
}

/// The hottest keys and what they have together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyPoint {
    /// So many keys.
    pub keys: u64,
    /// Their share of all generated records.
    pub share: f64,
}

pub(super) fn concentration(scenario: &Scenario, first: &Observation) -> KeyConcentration {
    let totals = Totals::of(first);
    let total = totals.generated_records;
    let counted = &first.key_counts;
    let mut keys: Vec<(&str, u64)> = Vec::new();
    for shard in &first.shards {
        keys.extend(shard.hottest_keys.iter().map(|key| (key.key.as_str(), key.generated_records)));
    }
    // A key that is salted or stands in two producers has a row on each shard.
    keys.sort_unstable();
    keys.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        kept.1 += if same { later.1 } else { 0 };
        same
    });
    keys.sort_by_key(|(key, records)| (std::cmp::Reverse(*records), *key));
    let seconds = super::super::figures::counted_seconds(scenario, first);
    KeyConcentration {
        curve: curve(first, total),
        counted_keys: counted.keys(),
        uncounted_share: 1.0 - ratio(counted.records().min(total), total.max(1)),
        hottest: keys
            .into_iter()
            .take(KEYS_NAMED)
            .map(|(key, records)| (key.to_owned(), ratio(records, total)))
            .collect(),
        shard_share: (total > 0).then(|| shard_share(scenario, totals, seconds)),
    }
}

/// What one shard takes by the scarcer limit, over what is offered by it.
fn shard_share(scenario: &Scenario, totals: Totals, seconds: f64) -> f64 {
    let quotas = &scenario.quotas;
    let by_records = quotas.shard_write_records.0.as_per_second() * seconds
        / totals.generated_records.max(1) as f64;
    let by_bytes =
        quotas.shard_write_bytes.0.as_per_second() * seconds / totals.generated_bytes.max(1) as f64;
    by_records.min(by_bytes)
}

/// Points evenly spaced on a logarithmic axis of keys, the first and the last key included.
fn curve(first: &Observation, total: u64) -> Vec<KeyPoint> {
    let mut points = Vec::new();
    let (mut keys, mut records) = (0u64, 0u64);
    let mut next = 1.0f64;
    let last = first.key_counts.keys();
    for (each, alike) in first.key_counts.hottest_first() {
        let end = keys + alike;
        // Within a row the curve is straight.
        while next <= end as f64 {
            let at = next.round() as u64;
            points.push(KeyPoint { keys: at, share: ratio(records + (at - keys) * each, total) });
            next = (next * 10f64.powf(1.0 / POINTS_PER_DECADE)).max(next + 1.0);
        }
        records += alike * each;
        keys = end;
    }
    if points.last().is_some_and(|point| point.keys < last) {
        points.push(KeyPoint { keys: last, share: ratio(records, total) });
    }
    points
}
