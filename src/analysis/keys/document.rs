//! What `keys` answers, as plain data. Field names are a promise, as those of the result are.

use serde::Serialize;

/// Where real keys land.
#[derive(Clone, Debug, Serialize)]
pub struct KeysDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// The file, or `<stdin>`.
    pub source: String,
    /// Rows that were read.
    pub rows: u64,
    /// Distinct keys.
    pub keys: u64,
    /// Sum of all counts.
    pub records: f64,
    /// How much of the records few keys have.
    pub concentration: Concentration,
    /// What a shard may carry.
    pub target: KeysTarget,
    /// One a shard count, in the order in which they were asked for.
    pub spreads: Vec<KeySpread>,
    /// The shard count to choose.
    pub best: BestCount,
    /// The keys with most records, heaviest first.
    pub hottest_keys: Vec<HotKeyPlace>,
}

/// How much of the records few keys have.
#[derive(Clone, Debug, Serialize)]
pub struct Concentration {
    /// Share of the heaviest key.
    pub top_1_share: f64,
    /// Share of the ten heaviest.
    pub top_10_share: f64,
    /// Share of the hundred heaviest.
    pub top_100_share: f64,
    /// Share of the heaviest hundredth of the keys.
    pub top_percent_share: f64,
    /// Heaviest keys that have half of the records.
    pub keys_for_half: u64,
    /// As many equal keys would be as concentrated: one over the sum of the squared shares.
    pub effective_keys: f64,
}

/// What a shard may carry, and at what load.
#[derive(Clone, Debug, Serialize)]
pub struct KeysTarget {
    /// The load that is asked about; absent where only the spread is.
    pub traffic_records_per_second: Option<f64>,
    /// Bytes of a record, key included; absent where only records are counted.
    pub record_bytes: Option<f64>,
    /// Records a second that one shard takes, by the scarcer of its limits.
    pub shard_records_per_second: f64,
    /// Without a load: the hottest shard may get this many times the mean.
    pub hottest_over_mean_at_most: f64,
}

/// How the keys spread over one number of shards.
#[derive(Clone, Debug, Serialize)]
pub struct KeySpread {
    /// Number of shards.
    pub shards: u64,
    /// `created`, the even ranges of a new stream, or `list-shards`, those of a real one.
    pub ranges: String,
    /// The shard that gets most.
    pub hottest_shard_id: String,
    /// Its share of all records.
    pub hottest_share: f64,
    /// Its records over the mean of all shards.
    pub hottest_over_mean: f64,
    /// Shards without any key.
    pub idle_shards: u64,
    /// Most records a second, over all keys, before the hottest shard is full.
    pub carries_records_per_second: f64,
    /// What the load fills of the hottest shard; absent without a load.
    pub hottest_utilization: Option<f64>,
    /// Whether the hottest shard is within the target.
    pub meets_target: bool,
    /// The smallest number of buckets that brings it there; absent where none is needed or none
    /// that was tried does.
    pub smallest_salt: Option<SaltResult>,
    /// Every shard in the order of its range.
    pub shard_loads: Vec<KeyShard>,
}

/// A salt and what it does.
#[derive(Clone, Debug, Serialize)]
pub struct SaltResult {
    /// Buckets: each key becomes `key#0`, `key#1` and so on.
    pub buckets: u64,
    /// Share of the hottest shard with it.
    pub hottest_share: f64,
    /// Its records over the mean.
    pub hottest_over_mean: f64,
    /// Whether every key was hashed for it; of many keys the lightest are taken to spread evenly.
    pub every_key_hashed: bool,
}

/// What one shard gets.
#[derive(Clone, Debug, Serialize)]
pub struct KeyShard {
    /// Identifier.
    pub shard_id: String,
    /// Distinct keys.
    pub keys: u64,
    /// Their records.
    pub records: f64,
    /// Share of all records.
    pub share: f64,
    /// Records over the mean of all shards.
    pub over_mean: f64,
    /// What the load fills of the shard; absent without a load.
    pub utilization: Option<f64>,
    /// Its heaviest key.
    pub hottest_key: Option<String>,
    /// The part of the shard's records that this key has.
    pub hottest_key_share: Option<f64>,
}

/// The shard count to choose.
#[derive(Clone, Debug, Serialize)]
pub struct BestCount {
    /// The count; absent where no shard count will do.
    pub shards: Option<u64>,
    /// Why this one.
    pub reason: String,
    /// With a load: larger counts up to twice this one whose hottest shard is too hot again.
    pub larger_counts_that_fail: Vec<u64>,
}

/// One of the heaviest keys.
#[derive(Clone, Debug, Serialize)]
pub struct HotKeyPlace {
    /// The key.
    pub key: String,
    /// Its records.
    pub records: f64,
    /// Its share of all records.
    pub share: f64,
    /// What the load of this key alone fills of a shard; absent without a load.
    pub utilization: Option<f64>,
    /// Its MD5 as a decimal number.
    pub hash_key: String,
    /// The shard it lands on, by the order of `spreads`.
    pub shard_ids: Vec<String>,
}
