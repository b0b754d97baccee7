//! A consumer as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::ChildShards;
use super::{Firehose, Flink, Kcl, Lambda, MicroBatch, StartPosition};
use crate::scenario::quantity::{Name, Written};
use crate::time::Span;
use crate::units::Records;

/// One consumer: a name, and exactly one kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["polling"] },
    { "required": ["enhanced_fan_out"] },
    { "required": ["lambda"] },
    { "required": ["firehose"] },
    { "required": ["kcl"] },
    { "required": ["flink"] },
    { "required": ["micro_batch"] },
]))]
pub(in crate::scenario) struct Consumer {
    /// Unique among producers and consumers.
    pub(in crate::scenario) name: Written<Name>,
    /// When it begins to read, since the start of the run; default `0 s`.
    pub(in crate::scenario) joins_at: Option<Written<Span>>,
    /// Where it begins to read when it joins: `trim_horizon`, `latest` or `at: 2 h`, a time since
    /// the start of the run; default `trim_horizon`.
    pub(in crate::scenario) start: Option<StartPosition>,
    /// GetRecords in a loop, sharing the read limits of a shard with all other polling consumers.
    pub(in crate::scenario) polling: Option<Polling>,
    /// SubscribeToShard: records are pushed, with a limit of its own.
    pub(in crate::scenario) enhanced_fan_out: Option<EnhancedFanOut>,
    /// A function of AWS Lambda behind an event source mapping.
    pub(in crate::scenario) lambda: Option<Lambda>,
    /// A Firehose stream, which writes objects.
    pub(in crate::scenario) firehose: Option<Firehose>,
    /// An application of the Kinesis Client Library.
    pub(in crate::scenario) kcl: Option<Kcl>,
    /// A job of Apache Flink.
    pub(in crate::scenario) flink: Option<Flink>,
    /// A job of Spark Structured Streaming, which works in micro-batches.
    pub(in crate::scenario) micro_batch: Option<MicroBatch>,
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
    /// A checkpoint is written after the first batch that ends so long after the last one; default
    /// `0 s`, after every batch.
    pub(in crate::scenario) checkpoint_interval: Option<Written<Span>>,
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
    /// A checkpoint is written after the first batch that ends so long after the last one; default
    /// `0 s`, after every batch.
    pub(in crate::scenario) checkpoint_interval: Option<Written<Span>>,
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
