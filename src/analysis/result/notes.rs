//! The parts of the result document that explain its figures.

use schemars::JsonSchema;
use serde::Serialize;

use super::Unit;
use crate::analysis::advice::AdviceEffect;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Records are lost or a part of the system cannot keep up.
    Critical,
    /// Something is slower or closer to a limit than the averages show.
    Warning,
    /// Good to know.
    Info,
}

/// Something that a reviewer should know.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable name of the kind of finding.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// The shard, key, producer or consumer that it is about, or `stream`.
    pub subject: String,
    /// The finding in one sentence.
    pub message: String,
    /// The numbers that it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub advice: String,
    /// The same as changes of the scenario, `path=value` as `--set` takes them, where it is simple:
    /// with all of them the finding is gone. Empty where there is none.
    pub set: Vec<String>,
    /// What trying them has shown; absent where they were not tried (`--try-advice`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried: Option<AdviceEffect>,
}

/// One number that a finding rests on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Evidence {
    /// What it is, unit last.
    pub name: String,
    /// How much it is.
    pub value: f64,
}

/// One of the sums that must come out even.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountingResult {
    /// Who it is about.
    pub subject: String,
    /// The sum in words.
    pub statement: String,
    /// Left side.
    pub left: u64,
    /// Right side.
    pub right: u64,
    /// Whether both sides are equal.
    pub holds: bool,
}

/// A key figure over all replications.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReplicationInterval {
    /// The path of the figure in this document.
    pub name: String,
    /// Unit of the figures.
    pub unit: Unit,
    /// Mean over the replications that observed it.
    pub mean: f64,
    /// 95 % confidence interval of the mean by Student's t.
    pub ci95: Option<[f64; 2]>,
    /// Smallest of all replications.
    pub min: f64,
    /// Largest of all replications.
    pub max: f64,
    /// Replications that observed it.
    pub replications: u64,
}

/// A constant of the service that the run used.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Assumption {
    /// Name, as a scenario writes it under `quotas`.
    pub name: String,
    /// The value in force.
    pub value: String,
    /// `documented`, `inferred`, `assumed`, `scenario` or `imported`.
    pub provenance: String,
    /// Where it is from.
    pub source: String,
    /// What it means.
    pub description: String,
}
