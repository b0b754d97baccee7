//! What `compare` answers, as plain data. Field names are a promise, as those of the result are.

use serde::Serialize;

use crate::analysis::result::{ObjectiveResult, OrderingKept, Unit, Verdict};

/// Variants side by side.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// Name of the first scenario, which is the baseline.
    pub scenario: String,
    /// Its question.
    pub question: Option<String>,
    /// Seed of the random streams of all variants.
    pub seed: u64,
    /// Replications of each variant.
    pub replications: u32,
    /// The baseline first.
    pub variants: Vec<VariantResult>,
    /// Key figures of each variant, and their differences from the baseline, replication by
    /// replication.
    pub figures: Vec<FigureComparison>,
    /// The variant to choose; absent where nothing tells them apart.
    pub winner: Option<Winner>,
}

/// One variant.
#[derive(Clone, Debug, Serialize)]
pub struct VariantResult {
    /// Its name; `baseline`, or the name of a file, for a scenario itself.
    pub name: String,
    /// What it changes, as `path=value`.
    pub changes: Vec<String>,
    /// MD5 of the resolved scenario.
    pub digest: String,
    /// Whether all objectives are met.
    pub verdict: Verdict,
    /// What it had to meet.
    pub objectives: Vec<ObjectiveResult>,
    /// Open shards.
    pub shards: u64,
    /// Records of the hottest shard over the mean, on average over the replications.
    pub hottest_over_mean: Option<f64>,
    /// Throttled attempts over all attempts, on average over the replications.
    pub throttled_ratio: f64,
    /// The least shard count that the forecast of `size` lets pass; absent where none will do.
    pub shards_needed: Option<u64>,
    /// The weakest order that any of its producers keeps.
    pub ordering: OrderingKept,
    /// Cost of a month in dollars, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_usd: Option<f64>,
}

/// One figure of all variants.
#[derive(Clone, Debug, Serialize)]
pub struct FigureComparison {
    /// Path of the figure in the result.
    pub name: String,
    /// Unit of every value.
    pub unit: Unit,
    /// One a variant, in their order.
    pub variants: Vec<FigureOfVariant>,
}

/// A figure of one variant.
#[derive(Clone, Debug, Serialize)]
pub struct FigureOfVariant {
    /// Mean over the replications; absent where it was not observed.
    pub mean: Option<f64>,
    /// 95 % confidence interval of the mean.
    pub ci95: Option<[f64; 2]>,
    /// The difference from the baseline; absent for the baseline itself.
    pub difference: Option<PairedDifference>,
}

/// Variant less baseline, over pairs of replications that met the same records.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PairedDifference {
    /// Mean of the differences.
    pub mean: f64,
    /// 95 % confidence interval of that mean by Student's t; absent with fewer than two pairs.
    pub ci95: Option<[f64; 2]>,
    /// Replications that the same width needs with common random numbers, over those that it needs
    /// with independent ones: the variance of the differences over the sum of both variances;
    /// absent where neither figure varies.
    pub replications_needed_ratio: Option<f64>,
}

/// The variant to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Winner {
    /// Its name.
    pub name: String,
    /// Why, in one sentence.
    pub reason: String,
}
