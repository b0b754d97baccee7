//! Partition keys as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::hash_key::HashKey;
use crate::scenario::quantity::{KeyText, Written};
use crate::units::{Bytes, Ratio};

/// Which partition key a record gets: exactly one kind, and `salt` beside it where wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["uniform"] },
    { "required": ["zipf"] },
    { "required": ["hot_set"] },
    { "required": ["weighted"] },
    { "required": ["single"] },
    { "required": ["random"] },
    { "required": ["file"] },
    { "required": ["template"] },
    { "required": ["time"] },
    { "required": ["none"] },
]))]
pub(in crate::scenario) struct PartitionKey {
    /// Generated keys, all equally likely.
    pub(in crate::scenario) uniform: Option<Uniform>,
    /// Generated keys of which a few are much likelier than the others.
    pub(in crate::scenario) zipf: Option<Zipf>,
    /// Generated keys of which a few, all alike, have most of the records.
    pub(in crate::scenario) hot_set: Option<HotSet>,
    /// Keys by name, each with a weight.
    pub(in crate::scenario) weighted: Option<Vec<WeightedKey>>,
    /// The same key for every record.
    pub(in crate::scenario) single: Option<Written<KeyText>>,
    /// A fresh key for every record, such as a UUID.
    pub(in crate::scenario) random: Option<Random>,
    /// Real keys with their counts, from a file.
    pub(in crate::scenario) file: Option<KeyFile>,
    /// Keys composed of parts, each drawn on its own, such as `{tenant}-{device}`.
    pub(in crate::scenario) template: Option<Template>,
    /// The time at which a record is generated, such as its date.
    pub(in crate::scenario) time: Option<TimeKey>,
    /// No partition key at all; only where the stream distributes its records itself.
    #[serde(rename = "none")]
    pub(in crate::scenario) _none: Option<NoKey>,
    /// Buckets that every key is divided into, 2 to 10,000: the bucket of each record is drawn
    /// evenly and appended, `key#0` to `key#15`.
    #[schemars(range(min = 2, max = 10_000))]
    #[schemars(extend("x-reason" = "one bucket divides nothing, and whoever reads a key has to \
        collect all of its buckets"))]
    pub(in crate::scenario) salt: Option<u32>,
    /// How a salted key is written, with `{key}` and `{bucket}`; default `{key}#{bucket}`.
    pub(in crate::scenario) salt_format: Option<String>,
}

/// How one part of a template is drawn.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum KeyPart {
    /// Generated values, all equally likely.
    Uniform(Uniform),
    /// Generated values of which a few are much likelier than the others.
    Zipf(Zipf),
    /// Generated values of which a few, all alike, have most of the records.
    HotSet(HotSet),
    /// Values by name, each with a weight.
    Weighted(Vec<WeightedKey>),
    /// The same value for every record.
    Single(Written<KeyText>),
    /// A fresh value for every record, such as a UUID.
    Random(Random),
    /// Real values with their counts, from a file.
    File(KeyFile),
}

/// Keys composed of parts, each drawn on its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Template {
    /// The key, with `{part}` for each part and `{date}`, `{hour}` or `{minute}` for the time.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) format: String,
    /// How each part is drawn; default no part.
    pub(in crate::scenario) parts: Option<BTreeMap<String, KeyPart>>,
}

/// A key that is the time of the record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct TimeKey {
    /// The key, with `{date}`, `{hour}` or `{minute}` in UTC, such as `2026-01-01T00:00`; the run
    /// starts at `starts_at`.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) format: String,
}

/// No partition key at all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("properties" = {}))]
pub(in crate::scenario) struct NoKey {}

/// Generated keys of which `hot` share `share` of the records evenly, and the others the rest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct HotSet {
    /// Number of distinct keys, at most 100,000,000.
    #[schemars(range(min = 2, max = 100_000_000))]
    #[schemars(extend("x-reason" = "a hot set has at least one other key beside it, and every key \
        is hashed and held in memory"))]
    pub(in crate::scenario) keys: u64,
    /// Number of hot keys among them, the first ones; fewer than `keys`.
    #[schemars(range(min = 1, max = 99_999_999))]
    #[schemars(extend("x-reason" = "a hot set has at least one key, and fewer than there are"))]
    pub(in crate::scenario) hot: u64,
    /// Share of the records that the hot keys have together, such as `80 %`.
    pub(in crate::scenario) share: Written<Ratio>,
    /// Names of the keys, with `{n}` for the index from 0; default `key-{n}`, in a template `{n}`.
    pub(in crate::scenario) format: Option<String>,
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
    /// Names of the keys, with `{n}` for the index from 0; default `key-{n}`, in a template `{n}`.
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
    /// Names of the keys, with `{n}` for the index from 0; default `key-{n}`, in a template `{n}`.
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
