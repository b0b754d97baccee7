//! How the capacity of a stream is set, and what changes it while the stream runs.

use super::Policy;
use crate::hash_key::HashKey;
use crate::time::Span;
use crate::units::ByteRate;

/// The capacity mode of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapacityMode {
    /// The owner sets the number of shards.
    Provisioned,
    /// On-demand standard: the service splits shards as they fill.
    OnDemand,
    /// On-demand advantage: the same, and shards for `warm_throughput` are there beforehand.
    OnDemandAdvantage {
        /// Bytes a second that the stream is warm for.
        warm_throughput: Option<ByteRate>,
    },
}

impl CapacityMode {
    /// The word for it in a scenario and in a result.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::OnDemand => "on_demand",
            Self::OnDemandAdvantage { .. } => "on_demand_advantage",
        }
    }

    /// Whether the service decides on the shards.
    #[must_use]
    pub const fn is_on_demand(self) -> bool {
        !matches!(self, Self::Provisioned)
    }
}

/// What changes the shards of a stream while it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scaling {
    /// Calls at known times, earliest first.
    pub schedule: Vec<ScheduledAction>,
    /// What calls by itself.
    pub policy: Option<Policy>,
}

impl Scaling {
    /// Whether nothing changes the shards of a provisioned stream.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.schedule.is_empty() && self.policy.is_none()
    }
}

/// A call to the service at a known time.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledAction {
    /// When it is made, from the start of the run.
    pub at: Span,
    /// The call.
    pub action: ScalingAction,
}

/// A call that changes the capacity of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalingAction {
    /// UpdateShardCount with uniform scaling.
    UpdateShardCount(u32),
    /// SplitShard.
    Split {
        /// Identifier of the shard.
        shard_id: String,
        /// First hash key of the upper child; the middle of the range when not given.
        at: Option<HashKey>,
    },
    /// MergeShards.
    Merge {
        /// Identifier of one shard.
        shard_id: String,
        /// Identifier of the shard next to it; the one above when not given.
        adjacent_shard_id: Option<String>,
    },
    /// UpdateStreamMode.
    Mode(CapacityMode),
    /// UpdateStreamWarmThroughput.
    WarmThroughput(ByteRate),
}

/// In which order a consumer reads shards that came of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildShards {
    /// Whether it finishes the parents first, which keeps the order of each key.
    pub parents_first: bool,
    /// How often it looks for shards that it may begin with.
    pub found_every: Span,
}

impl Default for ChildShards {
    /// Those of the KCL: parents first, looked for every 10 s (`parentShardPollIntervalMillis`).
    fn default() -> Self {
        Self { parents_first: true, found_every: Span::from_seconds(10) }
    }
}
