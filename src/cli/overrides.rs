//! Values of the command line that replace those of a scenario.

use clap::Args;

use super::failure::Failure;
use crate::scenario::Override;

/// Arguments that replace values of a scenario.
#[derive(Debug, Args)]
pub(super) struct OverrideArguments {
    /// Replace a value of the scenario, such as `stream.capacity.provisioned.shards=8`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Seed of the random streams, in place of the scenario's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Independent repetitions, in place of the scenario's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    replications: Option<u32>,
}

impl OverrideArguments {
    /// All of them in order; a flag is the same as `--set` of its path.
    pub(super) fn parse(&self) -> Result<Vec<Override>, Failure> {
        let mut overrides = Vec::new();
        for text in &self.set {
            overrides.push(Override::parse(text)?);
        }
        let mut flag = |path: &str, value: Option<String>| {
            overrides.extend(value.map(|value| Override { path: path.to_owned(), value }));
        };
        flag("seed", self.seed.map(|seed| seed.to_string()));
        flag("replications", self.replications.map(|count| count.to_string()));
        Ok(overrides)
    }
}
