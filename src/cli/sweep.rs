//! `sweep`: every combination of the values that a scenario's `sweep` names.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::failure::{Failure, Outcome};
use super::files;
use super::overrides::OverrideArguments;
use super::prices;
use super::size::{json, watched};
use super::terminal::Terminal;
use crate::analysis::sweep::sweep;
use crate::report::{self, TextOptions};

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub(super) struct SweepArguments {
    /// The scenario, with a `sweep`; `-` is standard input.
    scenario: PathBuf,
    #[command(flatten)]
    overrides: OverrideArguments,
    /// A price book (CSV) to lay over the built-in one; see `shardplan prices import`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What `sweep` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a reader.
    Text,
    /// One JSON document, and nothing else.
    Json,
    /// One row a point.
    Csv,
}

pub(super) fn execute(arguments: &SweepArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let overrides = arguments.overrides.parse()?;
    let source = files::source(&arguments.scenario)?;
    let scenario = files::scenario(&arguments.scenario, &source, &overrides)?;
    let Some(grid) = files::sweep(&arguments.scenario, &source, &overrides)? else {
        return Err(Failure::Usage(
            "the scenario has no `sweep`, such as `sweep: { stream.capacity.provisioned.shards: \
             [4, 8] }`"
                .to_owned(),
        ));
    };
    let book = prices::book(arguments.prices.as_deref())?;
    for point in &grid.points {
        prices::check_asked(&point.scenario, &book, arguments.prices.is_some())?;
    }
    let document = watched(|observer| sweep(&scenario, &grid, &book, observer))?;
    let bytes = match arguments.format {
        Format::Json => json(&document)?.into_bytes(),
        Format::Csv => report::sweep_csv(&document).map_err(|error| Failure::Write {
            path: PathBuf::from("the report"),
            reason: error.to_string(),
        })?,
        Format::Text => {
            let (width, color) = (terminal.columns(), terminal.color_of_output());
            report::sweep_text(&document, TextOptions { width, color }).into_bytes()
        }
    };
    terminal.print(&bytes)?;
    Ok(Outcome::Done)
}
