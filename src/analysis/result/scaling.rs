//! What changed the shards of the stream.

use schemars::JsonSchema;
use serde::Serialize;

/// What changed the shards of the stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScalingResult {
    /// The capacity mode at the end.
    pub mode_end: String,
    /// Most open shards at any time.
    pub shards_max: u64,
    /// Changes that were done.
    pub done: u64,
    /// Changes that the service refused.
    pub refused: u64,
    /// Times that shards were taken away after they had been added, or the other way round, within
    /// an hour.
    pub reversals: u64,
    /// Most shards that a policy added beyond what it aims at; `null` where none added any.
    pub overshoot_shards_max: Option<u64>,
    /// Everything that was asked for, in the order of time.
    pub actions: Vec<ScalingActionResult>,
}

/// One change that was asked for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScalingActionResult {
    /// When it was asked for, from the start of the run.
    pub at_seconds: f64,
    /// Who asked, and why.
    pub cause: String,
    /// What was asked for.
    pub action: String,
    /// Open shards at that time.
    pub shards_before: u64,
    /// Open shards when it is done.
    pub shards_after: u64,
    /// What became of it.
    pub outcome: ScalingOutcome,
    /// Why the service refused it.
    pub reason: Option<String>,
    /// When it was done.
    pub landed_at_seconds: Option<f64>,
    /// Attempts that shard limits refused between the call and its end.
    pub throttled_before_landing: u64,
    /// Of a policy's change that added shards: how many more there are than the busiest minute of the
    /// hour from the call needs at the utilization that the policy aims at.
    pub overshoot_shards: Option<u64>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScalingOutcome {
    /// Done.
    Done,
    /// Refused by the service.
    Refused,
    /// Not done when the run ended.
    UnderWay,
}
