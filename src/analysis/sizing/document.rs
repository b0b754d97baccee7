//! What `size` answers, as plain data. Field names are a promise, as those of the result are.

use serde::Serialize;

use crate::analysis::result::{ObjectiveResult, Verdict};

/// The least capacity that meets the objectives.
#[derive(Clone, Debug, Serialize)]
pub struct SizingDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Its digest.
    pub digest: String,
    /// Its question.
    pub question: Option<String>,
    /// Seed of every random stream.
    pub seed: u64,
    /// What must be met, in words.
    pub objectives: Vec<String>,
    /// Whether those are the default ones, since the scenario has none.
    pub objectives_are_default: bool,
    /// The bound among them on the throttled share of attempts; absent where there is none.
    pub throttled_target: Option<f64>,
    /// The answer; absent where no shard count will do.
    pub plan: Option<SizingPlan>,
    /// Why no shard count will help, where that is so.
    pub no_shard_count: Option<NoShardCount>,
    /// The least count that the keys' names as they are written need; `plan` may be larger where
    /// names are made up.
    pub shards_as_written: Option<u64>,
    /// How the names of keys were treated.
    pub key_names: KeyNames,
    /// Every count that was looked at, in ascending order: a plan or a rejection.
    pub candidates: Vec<SizingCandidate>,
    /// Larger counts, up to twice the plan, that miss an objective again.
    pub larger_counts_that_fail: Vec<u64>,
    /// How long the plan lasts.
    pub headroom: Option<Headroom>,
    /// The plan beside the modes in which the service decides on the shards.
    pub modes: Vec<ModePlan>,
}

/// A capacity mode, simulated once.
#[derive(Clone, Debug, Serialize)]
pub struct ModePlan {
    /// `provisioned`, `on_demand` or `on_demand_advantage`.
    pub mode: String,
    /// Open shards at the start: the plan, or those that the stream has now.
    pub shards_start: u64,
    /// Open shards at the end.
    pub shards_end: u64,
    /// Whether it meets every objective.
    pub verdict: Verdict,
    /// Throttled attempts over all attempts.
    pub throttled_ratio: f64,
    /// Cost of a month in dollars; `null` where there is no bill.
    pub monthly_usd: Option<f64>,
    /// Why it is refused; `null` where it meets every objective.
    pub rejection: Option<Rejection>,
}

/// A number of shards that meets every objective.
#[derive(Clone, Debug, Serialize)]
pub struct SizingPlan {
    /// `provisioned`.
    pub mode: String,
    /// Shards.
    pub shards: u64,
    /// What the scenario has now.
    pub shards_now: u64,
    /// What a simulation of it said.
    pub objectives: Vec<ObjectiveResult>,
    /// Cost of a month in dollars, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_usd: Option<f64>,
}

/// One key that is more than a shard takes.
#[derive(Clone, Debug, Serialize)]
pub struct NoShardCount {
    /// The key.
    pub key: String,
    /// Its producer.
    pub producer: String,
    /// Its share of the producer's records.
    pub share_of_producer: f64,
    /// What it offers at its peak.
    pub offered_records_per_second: f64,
    /// The same in bytes, as the limit counts them.
    pub offered_bytes_per_second: f64,
    /// The most of it that one shard takes.
    pub shard_takes_records_per_second: f64,
    /// `records` or `bytes`, whichever is scarcer.
    pub limit: String,
    /// The objective that it misses alone on a shard.
    pub objective: String,
    /// The value that the objective would have at least.
    pub value_at_least: f64,
    /// The smallest salt that works; absent where none that was tried does.
    pub smallest_salt: Option<SaltPlan>,
    /// What a salt costs.
    pub ordering_given_up: String,
}

/// A salt that works.
#[derive(Clone, Debug, Serialize)]
pub struct SaltPlan {
    /// Buckets of every key of the producer.
    pub buckets: u64,
    /// The least number of shards with it.
    pub shards: u64,
    /// What a simulation of both said.
    pub verdict: Verdict,
}

/// How the names of keys were treated.
#[derive(Clone, Debug, Serialize)]
pub struct KeyNames {
    /// `real`, or `generated` where the names are made up, so that they must be drawn again.
    pub kind: String,
    /// Draws of other names that a count was tried with.
    pub draws: u64,
}

/// A number of shards that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct SizingCandidate {
    /// Shards.
    pub shards: u64,
    /// Whether it meets every objective.
    pub verdict: Verdict,
    /// `forecast`, which is a bound without chance, or `simulation`.
    pub method: String,
    /// Throttled attempts over all attempts: simulated, or at least as forecast.
    pub throttled_ratio: f64,
    /// Records of the hottest shard over the mean.
    pub hottest_over_mean: f64,
    /// The same for the p95 of other names; absent where names are real.
    pub hottest_over_mean_p95: Option<f64>,
    /// Load of the busiest shard over its scarcer limit in its busiest stretch, forecast.
    pub peak_utilization: f64,
    /// Why it is refused; absent for a plan.
    pub rejection: Option<Rejection>,
    /// Cost of a month in dollars, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_usd: Option<f64>,
}

/// Why a count is refused.
#[derive(Clone, Debug, Serialize)]
pub struct Rejection {
    /// What binds: `write-records`, `write-bytes`, `key-lottery`, `processing`, `polling`,
    /// `read-calls`, `shared-read-bytes`, `enhanced-fan-out-bytes` or `objective`.
    pub bottleneck: String,
    /// In one sentence with its numbers.
    pub reason: String,
}

/// How long a plan lasts.
#[derive(Clone, Debug, Serialize)]
pub struct Headroom {
    /// So many times the load of the scenario is the most that the plan carries.
    pub load_factor: f64,
    /// `forecast`, or `simulation` where every load was simulated.
    pub method: String,
    /// The shard that is full first.
    pub first_shard_id: String,
    /// What binds there.
    pub bottleneck: String,
    /// Growth of the load in a month of 730 h, as a ratio; absent where none is given.
    pub growth_per_month: Option<f64>,
    /// Months until then.
    pub months: Option<f64>,
    /// When that is, by the start of the scenario: `2027-08`.
    pub runs_out: Option<String>,
}

/// The most load that a given capacity carries.
#[derive(Clone, Debug, Serialize)]
pub struct ReverseDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Its digest.
    pub digest: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Shards of its stream.
    pub shards: u64,
    /// What must be met, in words.
    pub objectives: Vec<String>,
    /// Whether those are the default ones, since the scenario has none.
    pub objectives_are_default: bool,
    /// The bound among them on the throttled share of attempts; absent where there is none.
    pub throttled_target: Option<f64>,
    /// So many times the load of the scenario is the most that was found to meet every objective.
    pub load_factor: f64,
    /// Records a second of that on average over the time that counts.
    pub mean_records_per_second: f64,
    /// Records a second of that at its peak.
    pub peak_records_per_second: f64,
    /// The next load that was tried, which misses an objective.
    pub next_factor: f64,
    /// Why that one is refused.
    pub rejection: Option<Rejection>,
    /// How long the capacity lasts under growth.
    pub headroom: Option<Headroom>,
    /// Every load that was simulated, in ascending order.
    pub tried: Vec<ReverseTried>,
}

/// A load that was simulated.
#[derive(Clone, Debug, Serialize)]
pub struct ReverseTried {
    /// Times the load of the scenario.
    pub load_factor: f64,
    /// Throttled attempts over all attempts.
    pub throttled_ratio: f64,
    /// Whether every objective is met.
    pub verdict: Verdict,
}
