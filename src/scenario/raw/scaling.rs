//! What changes the capacity of a stream, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Policy;
use crate::hash_key::HashKey;
use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::ByteRate;

/// On-demand capacity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct OnDemand {
    /// Open shards at the start; default the quota `on_demand_shards` (4), or those of
    /// `hash_ranges`.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) shards: Option<u32>,
}

/// On-demand advantage capacity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct OnDemandAdvantage {
    /// Open shards at the start, if the warm throughput does not ask for more; default the quota
    /// `on_demand_shards` (4), or those of `hash_ranges`.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) shards: Option<u32>,
    /// Bytes a second that the stream is warm for, at most 10 GiB/s; default none.
    pub(in crate::scenario) warm_throughput: Option<Written<ByteRate>>,
}

/// What changes the shards of a stream while it runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Scaling {
    /// Calls at known times, in any order.
    #[schemars(length(min = 1, max = 10_000))]
    pub(in crate::scenario) schedule: Option<Vec<ScheduledAction>>,
    /// What scales a provisioned stream by the metrics of CloudWatch.
    pub(in crate::scenario) policy: Option<Policy>,
}

/// One call at a known time: `at` and exactly one of the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["update_shard_count"] },
    { "required": ["split"] },
    { "required": ["merge"] },
    { "required": ["mode"] },
    { "required": ["warm_throughput"] },
]))]
pub(in crate::scenario) struct ScheduledAction {
    /// When the call is made, from the start of the run.
    pub(in crate::scenario) at: Written<Span>,
    /// UpdateShardCount with uniform scaling: open shards wanted.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) update_shard_count: Option<u32>,
    /// SplitShard.
    pub(in crate::scenario) split: Option<Split>,
    /// MergeShards.
    pub(in crate::scenario) merge: Option<Merge>,
    /// UpdateStreamMode.
    pub(in crate::scenario) mode: Option<Mode>,
    /// UpdateStreamWarmThroughput, on an on-demand advantage stream.
    pub(in crate::scenario) warm_throughput: Option<Written<ByteRate>>,
}

/// SplitShard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Split {
    /// Identifier of an open shard, such as `shardId-000000000003`.
    #[schemars(length(min = 1, max = 128))]
    pub(in crate::scenario) shard: String,
    /// First hash key of the upper child; default the middle, `floor((start + end) / 2)`.
    pub(in crate::scenario) at_hash_key: Option<Written<HashKey>>,
}

/// MergeShards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Merge {
    /// Identifier of an open shard.
    #[schemars(length(min = 1, max = 128))]
    pub(in crate::scenario) shard: String,
    /// Identifier of the open shard next to it; default the one above.
    #[schemars(length(min = 1, max = 128))]
    pub(in crate::scenario) adjacent_shard: Option<String>,
}

/// The capacity mode to change to.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Mode {
    /// The owner sets the number of shards.
    Provisioned,
    /// The service splits shards as they fill.
    OnDemand,
    /// The same, with warm throughput and the prices of the commitment.
    OnDemandAdvantage,
}

/// In which order a consumer reads shards that came of others.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum ChildShards {
    /// A shard is read once its parents are finished, which keeps the order of each key.
    ParentsFirst,
    /// A shard is read as soon as it is found.
    AtOnce,
}
