//! A consumer as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::ChildShards;
use crate::scenario::quantity::{Name, Written};
use crate::time::Span;
use crate::units::Records;

/// One consumer: a name, and exactly one of `polling` and `enhanced_fan_out`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["polling"] },
    { "required": ["enhanced_fan_out"] },
]))]
pub(in crate::scenario) struct Consumer {
    /// Unique among producers and consumers.
    pub(in crate::scenario) name: Written<Name>,
    /// GetRecords in a loop, sharing the read limits of a shard with all other polling consumers.
    pub(in crate::scenario) polling: Option<Polling>,
    /// SubscribeToShard: records are pushed, with a limit of its own.
    pub(in crate::scenario) enhanced_fan_out: Option<EnhancedFanOut>,
}

/// GetRecords in a loop.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Polling {
    /// From one call to the next, longer when processing takes longer; at least 1 ms, default
    /// `1 s`.
    pub(in crate::scenario) interval: Option<Written<Span>>,
    /// Most records that a call asks for; default 10000.
    pub(in crate::scenario) max_records: Option<Written<Records>>,
    /// From sending a call to having its answer; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// How long its work takes; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
    /// Whether shards that came of others are read when their parents are finished; default
    /// `parents_first`.
    pub(in crate::scenario) child_shards: Option<ChildShards>,
    /// How often it looks for shards that it may begin with; default `10 s`, as the KCL.
    pub(in crate::scenario) child_shards_found_every: Option<Written<Span>>,
}

/// SubscribeToShard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct EnhancedFanOut {
    /// From asking for a new subscription to having it; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// How long its work takes; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
    /// Whether shards that came of others are read when their parents are finished; default
    /// `parents_first`.
    pub(in crate::scenario) child_shards: Option<ChildShards>,
    /// How often it looks for shards that it may begin with; default `10 s`, as the KCL.
    pub(in crate::scenario) child_shards_found_every: Option<Written<Span>>,
}

/// How long a consumer works on what it has read; one batch at a time on each shard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Processing {
    /// Before the first record of a batch is done; default `0 s`.
    pub(in crate::scenario) per_batch: Option<Written<Span>>,
    /// For each record, one after another; default `0 s`.
    pub(in crate::scenario) per_record: Option<Written<Span>>,
}
