//! Partition keys as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::hash_key::HashKey;
use crate::scenario::quantity::{KeyText, Written};
use crate::units::Bytes;

/// Which partition key a record gets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum PartitionKey {
    /// Generated keys, all equally likely.
    Uniform(Uniform),
    /// Generated keys of which a few are much likelier than the others.
    Zipf(Zipf),
    /// Keys by name, each with a weight.
    Weighted(Vec<WeightedKey>),
    /// The same key for every record.
    Single(Written<KeyText>),
    /// A fresh key for every record, such as a UUID.
    Random(Random),
    /// Real keys with their counts, from a file.
    File(KeyFile),
}

/// Generated keys, all equally likely.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Uniform {
    /// Number of distinct keys, at most 100,000,000.
    #[schemars(range(min = 1, max = 100_000_000))]
    #[schemars(extend("x-reason" = "every key is hashed and held in memory; above this many keys, \
        `random: {}` spreads the same"))]
    pub(in crate::scenario) keys: u64,
    /// Names of the keys, with `{n}` for the index from 0; default `key-{n}`.
    pub(in crate::scenario) format: Option<String>,
}

/// Generated keys: the n-th, from zero, has the weight `(n + 1)^-exponent`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Zipf {
    /// Number of distinct keys, at most 100,000,000.
    #[schemars(range(min = 1, max = 100_000_000))]
    #[schemars(extend("x-reason" = "every key is hashed and held in memory; the hottest keys \
        of a million are those of a billion"))]
    pub(in crate::scenario) keys: u64,
    /// How uneven: 0 is uniform, about 1 is common, at most 10.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub(in crate::scenario) exponent: f64,
    /// Names of the keys, with `{n}` for the index from 0; default `key-{n}`.
    pub(in crate::scenario) format: Option<String>,
}

/// One key of a weighted list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct WeightedKey {
    /// The partition key, 1 to 256 characters.
    pub(in crate::scenario) key: Written<KeyText>,
    /// Relative weight, more than zero.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1e15))]
    pub(in crate::scenario) weight: f64,
    /// Hash key in place of the MD5 of the key.
    pub(in crate::scenario) explicit_hash_key: Option<Written<HashKey>>,
}

/// A fresh key for every record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Random {
    /// Length of a key, 1 B to 256 B; default `36 B`, that of a UUID.
    pub(in crate::scenario) bytes: Option<Written<Bytes>>,
}

/// Real keys with their counts, from a CSV file, or a TSV file by its name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct KeyFile {
    /// The file, relative to the scenario.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) path: String,
    /// Header of the column of keys; default the first column.
    pub(in crate::scenario) key_column: Option<String>,
    /// Header of the column of counts; default the second column, or 1 when there is none.
    pub(in crate::scenario) count_column: Option<String>,
    /// What stands between two fields, one ASCII character; default a tab for `.tsv` and `.txt`,
    /// else a comma.
    #[schemars(length(min = 1, max = 1))]
    pub(in crate::scenario) delimiter: Option<String>,
}
