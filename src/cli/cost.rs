//! `cost`: the bill of a scenario, and the modes of a stream side by side.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::failure::{Failure, Outcome};
use super::files;
use super::interrupt::Interrupt;
use super::prices;
use super::progress::ProgressLine;
use super::terminal::Terminal;
use crate::analysis::cost::{
    ModesDocument, Simulated, compare_modes, is_safe, shards_to_try, smallest_safe, usage_of,
};
use crate::analysis::price_book::PriceBook;
use crate::engine::{self, Control};
use crate::metrics::Observation;
use crate::report::{self, TextOptions};
use crate::scenario::{Override, Scenario, Source};
use crate::time::Span;

/// Arguments of `cost`.
#[derive(Debug, Args)]
pub(super) struct CostArguments {
    /// The scenario; `-` is standard input.
    scenario: PathBuf,
    /// Replace a value of the scenario, such as `region=us-east-2`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// A price book (CSV) to lay over the built-in one; see `shardplan prices import`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Address of the stream in Terraform, for `--format infracost`.
    #[arg(long, value_name = "ADDRESS", default_value = "aws_kinesis_stream.stream")]
    resource: String,
    /// Seed of the random streams, in place of the scenario's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Independent repetitions, in place of the scenario's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    replications: Option<u32>,
}

/// What `cost` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The bill, the modes and the break-even points, for a reader.
    Text,
    /// The same as one JSON document.
    Json,
    /// The same as Markdown.
    Markdown,
    /// The usage of the stream as an `infracost-usage.yml`.
    Infracost,
}

/// A scenario and what it came to.
struct Run {
    scenario: Scenario,
    observations: Vec<Observation>,
}

impl Run {
    fn simulated(&self) -> Simulated<'_> {
        Simulated { scenario: &self.scenario, observations: &self.observations }
    }
}

/// Runs one scenario after another under the same progress line.
struct Runner<'a> {
    arguments: &'a CostArguments,
    source: Source,
    overrides: Vec<Override>,
    interrupt: Interrupt,
}

pub(super) fn execute(arguments: &CostArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let book = prices::book(arguments.prices.as_deref())?;
    let runner = Runner {
        arguments,
        source: files::source(&arguments.scenario)?,
        overrides: overrides(arguments)?,
        interrupt: Interrupt::listen(),
    };
    let scenario = runner.scenario(None)?;
    if arguments.format == Format::Infracost {
        return runner.infracost(scenario, terminal);
    }
    let Some(region) = &scenario.region else {
        return Err(Failure::Usage(
            "the scenario names no region, and prices differ between them; write for example \
             `region: us-east-1`, or give `--set region=us-east-1`"
                .to_owned(),
        ));
    };
    prices::check_prices(&scenario, region, &book)?;
    let as_is = runner.run(scenario)?;
    let (safe, tried) = runner.smallest_safe(&as_is, &book)?;
    let sets: Vec<String> =
        runner.overrides.iter().map(|set| format!("{}={}", set.path, set.value)).collect();
    let safe = safe.as_ref().map(Run::simulated);
    let document =
        compare_modes(as_is.simulated(), safe, tried, &book, &sets).map_err(Failure::Usage)?;
    print(arguments, &document, terminal)?;
    prices::warn_of_age(&document.cost.price_date, terminal);
    Ok(Outcome::Done)
}

fn print(
    arguments: &CostArguments,
    document: &ModesDocument,
    terminal: &Terminal,
) -> Result<(), Failure> {
    match arguments.format {
        Format::Json => {
            let json = report::json(document).map_err(|error| Failure::Write {
                path: PathBuf::from("the report"),
                reason: error.to_string(),
            })?;
            terminal.print(json.as_bytes())
        }
        Format::Markdown => terminal.print(report::modes_markdown(document).as_bytes()),
        Format::Text | Format::Infracost => {
            let color = terminal.color_of_output();
            let options = TextOptions { width: terminal.columns(), color };
            terminal.print(report::modes_text(document, options).as_bytes())
        }
    }
}

fn overrides(arguments: &CostArguments) -> Result<Vec<Override>, Failure> {
    let mut overrides = Vec::new();
    for text in &arguments.set {
        overrides.push(Override::parse(text)?);
    }
    let mut flag = |path: &str, value: Option<String>| {
        overrides.extend(value.map(|value| Override { path: path.to_owned(), value }));
    };
    flag("seed", arguments.seed.map(|seed| seed.to_string()));
    flag("replications", arguments.replications.map(|count| count.to_string()));
    Ok(overrides)
}

impl Runner<'_> {
    /// The scenario as it is written, or on a number of freshly created shards.
    fn scenario(&self, shards: Option<u64>) -> Result<Scenario, Failure> {
        let mut overrides = self.overrides.clone();
        if let Some(shards) = shards {
            let set = |path: &str, value: String| Override { path: path.to_owned(), value };
            overrides.push(set("stream.hash_ranges", "null".to_owned()));
            overrides.push(set("stream.record_distribution", "user_partition_key".to_owned()));
            let provisioned = format!("{{ provisioned: {{ shards: {shards} }} }}");
            overrides.push(set("stream.capacity", provisioned));
        }
        files::scenario(&self.arguments.scenario, &self.source, &overrides)
    }

    /// The usage of the stream for infracost, which has prices of its own.
    fn infracost(&self, scenario: Scenario, terminal: &Terminal) -> Result<Outcome, Failure> {
        let run = self.run(scenario)?;
        let usage = usage_of(&run.scenario, &run.observations[0]);
        let about = format!("scenario {} {}", run.scenario.name, run.scenario.digest);
        let text = report::infracost(&usage, &about, &self.arguments.resource);
        terminal.print(text.as_bytes())?;
        Ok(Outcome::Done)
    }

    fn run(&self, scenario: Scenario) -> Result<Run, Failure> {
        let line = ProgressLine::start();
        let observations = engine::simulate(&scenario, &engine::Options::default(), &|progress| {
            line.show(progress);
            if self.interrupt.pressed() { Control::Stop } else { Control::Continue }
        });
        line.finish();
        match observations {
            Ok(observations) if !self.interrupt.pressed() => Ok(Run { scenario, observations }),
            Err(engine::Unfinished::Trace(error)) => Err(Failure::Trace(error)),
            _ => {
                let replications = u64::from(scenario.replications);
                let total = scenario.duration.nanoseconds().saturating_mul(replications);
                let total = Span::from_nanoseconds(total);
                Err(Failure::Interrupted { simulated: line.simulated(), total })
            }
        }
    }

    /// The run on the fewest safe shards, where there is one, and the most that were tried.
    fn smallest_safe(&self, as_is: &Run, book: &PriceBook) -> Result<(Option<Run>, u64), Failure> {
        let bounds = shards_to_try(as_is.simulated());
        let mut kept: Option<(u64, Run)> = None;
        let found = smallest_safe(bounds, |shards| {
            let run = self.run(self.scenario(Some(shards))?)?;
            let safe = is_safe(run.simulated(), book);
            if safe {
                kept = Some((shards, run));
            }
            Ok::<bool, Failure>(safe)
        })?;
        // The last safe one is the smallest.
        Ok((kept.filter(|(shards, _)| Some(*shards) == found).map(|(_, run)| run), bounds.1))
    }
}
