//! What a run was made from, so that it can be made again to the byte.

use serde::Serialize;

use crate::analysis::ResultDocument;

/// The origin of a result.
#[derive(Clone, Debug, Serialize)]
pub struct Lock {
    /// Version of shardplan.
    pub tool_version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// MD5 in hexadecimal of the resolved scenario, overrides and named files included.
    pub scenario_digest: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Independent repetitions.
    pub replications: u32,
    /// Settings of the command line that replaced those of the file, as `path=value`.
    pub overrides: Vec<String>,
    /// Width of one row of the series in seconds.
    pub series_bin_seconds: f64,
}

/// The origin of `document`.
#[must_use]
pub fn lock(document: &ResultDocument) -> Lock {
    Lock {
        tool_version: document.tool_version.clone(),
        scenario: document.scenario.name.clone(),
        scenario_digest: document.scenario.digest.clone(),
        seed: document.seed,
        replications: document.replications,
        overrides: document.scenario.overrides.clone(),
        series_bin_seconds: document.series_bin_seconds,
    }
}
