//! `size`: the least capacity that meets the objectives, or the most load that one carries.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::decision::{Origin, OutArguments, printed};
use super::failure::{Failure, Outcome};
use super::files;
use super::interrupt::Interrupt;
use super::overrides::OverrideArguments;
use super::prices;
use super::progress::ProgressLine;
use super::terminal::Terminal;
use super::warm_up;
use crate::analysis::number::percent;
use crate::analysis::sizing::{Observer, SizingOptions, reverse, size};
use crate::engine::{Control, Unfinished};
use crate::quotas::SHARDS_LIMIT;
use crate::report::Decision;
use crate::scenario;

/// Arguments of `size`.
#[derive(Debug, Args)]
pub(super) struct SizeArguments {
    /// The scenario; `-` is standard input.
    scenario: PathBuf,
    #[command(flatten)]
    overrides: OverrideArguments,
    /// Find the most load that the scenario's own stream carries instead.
    #[arg(long)]
    reverse: bool,
    /// Growth of the load in a month of 730 h, such as `5 %`: says when the capacity runs out.
    #[arg(long, value_name = "SHARE", value_parser = scenario::parse_ratio)]
    growth: Option<f64>,
    /// Largest number of shards to look at.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(SHARDS_LIMIT))
    )]
    max_shards: u32,
    #[command(flatten)]
    out: OutArguments,
    /// A price book (CSV) to lay over the built-in one; see `shardplan prices import`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What `size` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a reader.
    Text,
    /// One JSON document, and nothing else.
    Json,
}

pub(super) fn execute(arguments: &SizeArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let overrides = arguments.overrides.parse()?;
    let source = files::source(&arguments.scenario)?;
    let mut scenario = files::scenario(&arguments.scenario, &source, &overrides)?;
    warm_up::settle(&mut scenario, 1)?;
    let book = prices::book(arguments.prices.as_deref())?;
    prices::check_asked(&scenario, &book, arguments.prices.is_some())?;
    let options =
        SizingOptions { shards_max: arguments.max_shards, growth_per_month: arguments.growth };
    let pack = arguments.out.prepare()?;
    let mut origin = Origin::of(&scenario, &source.text, &overrides);
    origin.options = lock_options(arguments);
    let as_json = arguments.format == Format::Json;
    let show = |decision: &Decision<'_>| {
        let text = printed(decision, as_json, terminal)?;
        arguments.out.finish(pack, (decision, &origin), text.as_bytes(), terminal)
    };
    if arguments.reverse {
        let document = watched(|observer| reverse(&scenario, &options, &book, observer))?;
        show(&Decision::Reverse(&document))?;
        return Ok(Outcome::Done);
    }
    let document = watched(|observer| size(&scenario, &options, &book, observer))?;
    show(&Decision::Size(&document))?;
    Ok(if document.plan.is_some() { Outcome::Done } else { Outcome::Missed })
}

/// What it takes to ask the same again.
fn lock_options(arguments: &SizeArguments) -> Vec<String> {
    let mut options = vec![format!("--max-shards={}", arguments.max_shards)];
    options.extend(arguments.reverse.then(|| "--reverse".to_owned()));
    options.extend(arguments.growth.map(|growth| format!("--growth={}", percent(growth))));
    options
}

/// Does work of many simulations, which Ctrl-C ends.
pub(super) fn watched<T>(
    work: impl FnOnce(&Observer<'_>) -> Result<T, Unfinished>,
) -> Result<T, Failure> {
    let interrupt = Interrupt::listen();
    let line = ProgressLine::start();
    let done = work(&|progress| {
        line.show(progress);
        if interrupt.pressed() { Control::Stop } else { Control::Continue }
    });
    line.finish();
    match done {
        Ok(answer) if !interrupt.pressed() => Ok(answer),
        Err(Unfinished::Trace(error)) => Err(Failure::Trace(error)),
        _ => Err(Failure::Interrupted { simulated: line.simulated(), total: line.simulated() }),
    }
}
