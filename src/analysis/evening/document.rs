//! The answer of `reshard`, as data.

use serde::Serialize;

use super::EveningOptions;
use super::planner::{Plan, Step};
use crate::scenario::Scenario;

/// The answer of `reshard`.
#[derive(Clone, Debug, Serialize)]
pub struct EveningDocument {
    /// Version of the program.
    pub tool_version: &'static str,
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of its values.
    pub digest: String,
    /// Seed of the simulations.
    pub seed: u64,
    /// Utilization that the plan aims at, as a ratio; nothing where it is to be as even as possible.
    pub utilization_wanted: Option<f64>,
    /// Lowest utilization of the hottest shard that so many shards with any borders have.
    pub evenest_utilization: f64,
    /// How the plan ends.
    pub outcome: Outcome,
    /// Shard that cannot be split further, where one keeps the plan from its aim.
    pub stuck_shard_id: Option<String>,
    /// Splits and merges, in the order in which to make them.
    pub steps: Vec<EveningStep>,
    /// Most open shards on the way.
    pub open_shards_max: u64,
    /// How long the steps take one after another, in seconds, by the quotas `reshard_start`
    /// and `reshard_operation`.
    pub steps_seconds: f64,
    /// The stream as it is.
    pub before: StreamShape,
    /// The stream after the steps.
    pub after: StreamShape,
    /// A stream of as many even shards, as UpdateShardCount makes them.
    pub uniform: StreamShape,
    /// How many even shards are as cool as the plan.
    pub uniform_as_even: UniformCount,
    /// Open shards after the steps.
    pub shards: Vec<PlannedShard>,
}

/// How a plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The stream is as even as wanted already.
    NothingToDo,
    /// The steps lead there.
    Reached,
    /// One hash key has more load than wanted; no border can divide it.
    OneKey,
    /// So many shards are too few.
    TooFewShards,
}

/// What a stream is like at the busiest moment of the run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StreamShape {
    /// Open shards.
    pub shards: u64,
    /// Utilization of the hottest shard, as a ratio of the write limit that binds.
    pub hottest_utilization: f64,
    /// Mean of all shards.
    pub mean_utilization: f64,
    /// Share of all attempts that are throttled, simulated.
    pub throttled_ratio: f64,
}

/// How many even shards are as cool as the plan.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct UniformCount {
    /// The least count among those looked at; nothing where none is.
    pub shards: Option<u32>,
    /// Largest count that was looked at.
    pub looked_at: u32,
}

/// Which call a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// SplitShard.
    Split,
    /// MergeShards.
    Merge,
}

/// One split or merge.
#[derive(Clone, Debug, Serialize)]
pub struct EveningStep {
    /// Which call.
    pub kind: StepKind,
    /// `ShardToSplit`, or `ShardToMerge`.
    pub shard_id: String,
    /// `AdjacentShardToMerge`.
    pub adjacent_shard_id: Option<String>,
    /// `NewStartingHashKey`.
    pub new_starting_hash_key: Option<String>,
    /// Utilization of the parents.
    pub parents_utilization: Vec<f64>,
    /// Shards that come of it.
    pub children: Vec<String>,
    /// Utilization of the children.
    pub children_utilization: Vec<f64>,
}

/// A shard after the steps.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedShard {
    /// Its identifier.
    pub shard_id: String,
    /// First hash key.
    pub starting_hash_key: String,
    /// Last hash key.
    pub ending_hash_key: String,
    /// Utilization at the busiest moment.
    pub utilization: f64,
}

impl EveningStep {
    fn of(step: &Step) -> Self {
        match step {
            Step::Split { shard, at, load, children } => Self {
                kind: StepKind::Split,
                shard_id: shard.clone(),
                adjacent_shard_id: None,
                new_starting_hash_key: Some(at.0.to_string()),
                parents_utilization: vec![*load],
                children: children.iter().map(|child| child.0.clone()).collect(),
                children_utilization: children.iter().map(|child| child.1).collect(),
            },
            Step::Merge { shards, child, load } => Self {
                kind: StepKind::Merge,
                shard_id: shards[0].0.clone(),
                adjacent_shard_id: Some(shards[1].0.clone()),
                new_starting_hash_key: None,
                parents_utilization: shards.iter().map(|shard| shard.1).collect(),
                children: vec![child.clone()],
                children_utilization: vec![*load],
            },
        }
    }
}

impl EveningDocument {
    pub(super) fn new(
        scenario: &Scenario,
        options: &EveningOptions,
        evenest_utilization: f64,
        plan: &Plan,
        [before, after, uniform]: [StreamShape; 3],
        uniform_as_even: UniformCount,
    ) -> Self {
        let wanted = options.utilization.unwrap_or(evenest_utilization * super::SLACK);
        let is_reached = after.hottest_utilization <= wanted * 1.001;
        let outcome = match (&plan.stuck, is_reached) {
            (_, true) if plan.steps.is_empty() => Outcome::NothingToDo,
            (_, true) => Outcome::Reached,
            (Some(_), false) => Outcome::OneKey,
            (None, false) => Outcome::TooFewShards,
        };
        let quotas = &scenario.quotas;
        let each = quotas.reshard_start.as_seconds() + quotas.reshard_operation.as_seconds();
        Self {
            tool_version: env!("CARGO_PKG_VERSION"),
            scenario: scenario.name.clone(),
            digest: scenario.digest.clone(),
            seed: scenario.seed,
            utilization_wanted: options.utilization,
            evenest_utilization,
            outcome,
            stuck_shard_id: plan.stuck.as_ref().map(|stuck| stuck.0.clone()),
            steps: plan.steps.iter().map(EveningStep::of).collect(),
            open_shards_max: plan.open_max as u64,
            steps_seconds: plan.steps.len() as f64 * each,
            before,
            after,
            uniform,
            uniform_as_even,
            shards: plan
                .shards
                .iter()
                .map(|(shard_id, range, load)| PlannedShard {
                    shard_id: shard_id.clone(),
                    starting_hash_key: range.start.0.to_string(),
                    ending_hash_key: range.end.0.to_string(),
                    utilization: *load,
                })
                .collect(),
        }
    }
}
