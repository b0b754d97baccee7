//! `schema`: the JSON Schema of a scenario, of a result or of a comparison of modes, for editors and for programs.

use std::path::Path;

use clap::Args;

use super::failure::{Failure, Outcome};
use super::terminal::Terminal;
use crate::{analysis, report, scenario};

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// The schema of what `run --format json` prints.
    #[arg(long)]
    result: bool,
    /// The schema of what `cost --format json` prints.
    #[arg(long, conflicts_with = "result")]
    cost: bool,
}

pub(super) fn execute(
    arguments: &SchemaArguments,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let schema = match (arguments.result, arguments.cost) {
        (true, _) => analysis::result_schema(),
        (_, true) => analysis::cost_schema(),
        _ => scenario::schema(),
    };
    let text = report::json(&schema).map_err(|error| Failure::Write {
        path: Path::new("the schema").to_owned(),
        reason: error.to_string(),
    })?;
    terminal.print(text.as_bytes())?;
    Ok(Outcome::Done)
}
