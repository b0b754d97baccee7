//! `sweep`: every combination of the values that a scenario's `sweep` names.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::decision::{Origin, OutArguments, printed};
use super::failure::{Failure, Outcome};
use super::files;
use super::overrides::OverrideArguments;
use super::prices;
use super::run::unwritable;
use super::size::watched;
use super::terminal::Terminal;
use super::warm_up;
use crate::analysis::sweep::sweep;
use crate::report::{self, Decision};

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub(super) struct SweepArguments {
    /// The scenario, with a `sweep`; `-` is standard input.
    scenario: PathBuf,
    #[command(flatten)]
    overrides: OverrideArguments,
    #[command(flatten)]
    out: OutArguments,
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
    let Some(mut grid) = files::sweep(&arguments.scenario, &source, &overrides)? else {
        return Err(Failure::Usage(
            "the scenario has no `sweep`, such as `sweep: { stream.capacity.provisioned.shards: \
             [4, 8] }`"
                .to_owned(),
        ));
    };
    // Every point leaves out the same start, found in the scenario as it is.
    let mut scenario = scenario;
    let points = grid.points.iter_mut().map(|point| &mut point.scenario);
    warm_up::settle_all(&mut scenario, points)?;
    let book = prices::book(arguments.prices.as_deref())?;
    for point in &grid.points {
        prices::check_asked(&point.scenario, &book, arguments.prices.is_some())?;
    }
    let pack = arguments.out.prepare()?;
    let origin = Origin::of(&scenario, &source.text, &overrides);
    let document = watched(|observer| sweep(&scenario, &grid, &book, observer))?;
    let decision = Decision::Sweep(&document);
    let bytes = match arguments.format {
        Format::Csv => report::sweep_csv(&document).map_err(unwritable)?,
        format => printed(&decision, format == Format::Json, terminal)?.into_bytes(),
    };
    arguments.out.finish(pack, (&decision, &origin), &bytes, terminal)?;
    Ok(Outcome::Done)
}
