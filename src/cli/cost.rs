//! `cost`: the bill of a scenario, and the modes of a stream side by side.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::failure::{Failure, Outcome};
use super::files;
use super::interrupt::Interrupt;
use super::overrides::OverrideArguments;
use super::prices;
use super::progress::ProgressLine;
use super::size::watched;
use super::terminal::Terminal;
use super::warm_up;
use crate::analysis::cost::{
    Alternatives, ModesDocument, Simulated, compare_modes, mode_of, most_shards_to_try, usage_of,
    without_cost,
};
use crate::analysis::price_book::{PriceBook, PricingMode};
use crate::analysis::sizing::fewest_shards;
use crate::engine::{self, Control};
use crate::metrics::Observation;
use crate::report::{self, TextOptions};
use crate::scenario::{Diagnostics, Override, Scenario, Source};
use crate::time::Span;

/// Address of the stream in Terraform unless it is given.
pub(super) const STREAM_ADDRESS: &str = "aws_kinesis_stream.stream";

/// Arguments of `cost`.
#[derive(Debug, Args)]
pub(super) struct CostArguments {
    /// The scenario; `-` is standard input.
    scenario: PathBuf,
    #[command(flatten)]
    overrides: OverrideArguments,
    /// A price book (CSV) to lay over the built-in one; see `shardplan prices import`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Address of the stream in Terraform, for `--format infracost`.
    #[arg(long, value_name = "ADDRESS", default_value = STREAM_ADDRESS)]
    resource: String,
    /// Open shards with which the on-demand modes start; those of the stream as it is by default,
    /// as after a change of its mode. A new on-demand stream has 4.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    on_demand_shards: Option<u32>,
    /// What the stream is warm for in the mode Advantage, such as `20 MiB/s`.
    #[arg(long, value_name = "RATE")]
    warm_throughput: Option<String>,
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

fn simulated(run: &Result<Run, String>) -> Result<Simulated<'_>, String> {
    run.as_ref().map(Run::simulated).map_err(Clone::clone)
}

/// Runs one scenario after another under the same progress line.
struct Runner<'a> {
    arguments: &'a CostArguments,
    source: Source,
    overrides: Vec<Override>,
    /// Of every run, once it is known of the scenario as it is.
    warm_up: Option<Span>,
    interrupt: Interrupt,
}

pub(super) fn execute(arguments: &CostArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let book = prices::book(arguments.prices.as_deref())?;
    let mut runner = Runner {
        arguments,
        source: files::source(&arguments.scenario)?,
        overrides: arguments.overrides.parse()?,
        warm_up: None,
        interrupt: Interrupt::listen(),
    };
    let mut scenario = runner.scenario(None)?;
    warm_up::settle(&mut scenario, 1)?;
    runner.warm_up = Some(scenario.warm_up);
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
    let safe = runner.fewest_safe(&as_is, &book)?;
    let mut on_demand = Vec::new();
    for mode in [PricingMode::OnDemandStandard, PricingMode::OnDemandAdvantage] {
        if mode != mode_of(&as_is.scenario) {
            on_demand.push((mode, runner.on_demand(mode, &as_is)?));
        }
    }
    let others = Alternatives {
        safe: simulated(&safe),
        on_demand: on_demand.iter().map(|(mode, run)| (*mode, simulated(run))).collect(),
    };
    let sets: Vec<String> =
        runner.overrides.iter().map(|set| format!("{}={}", set.path, set.value)).collect();
    let document =
        compare_modes(as_is.simulated(), &others, &book, &sets).map_err(Failure::Usage)?;
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

fn set(path: &str, value: &str) -> Override {
    Override { path: path.to_owned(), value: value.to_owned() }
}

impl Runner<'_> {
    /// The scenario as it is written, but for `more` replaced values.
    fn scenario(&self, more: Option<Vec<Override>>) -> Result<Scenario, Failure> {
        let mut overrides = self.overrides.clone();
        overrides.extend(more.into_iter().flatten());
        let read = files::scenario(&self.arguments.scenario, &self.source, &overrides);
        read.map(|mut scenario| {
            scenario.warm_up = self.warm_up.unwrap_or(scenario.warm_up);
            scenario
        })
    }

    /// The scenario on a number of freshly created shards that nothing changes.
    fn provisioned(&self, shards: u32) -> Result<Scenario, Failure> {
        self.scenario(Some(vec![
            set("stream.hash_ranges", "null"),
            set("stream.scaling", "null"),
            set("stream.record_distribution", "user_partition_key"),
            set("stream.capacity", &format!("{{ provisioned: {{ shards: {shards} }} }}")),
        ]))
    }

    /// The run in an on-demand mode, from the shards of the stream as it is or as many as are
    /// asked for; or why it is not simulated.
    fn on_demand(&self, mode: PricingMode, as_is: &Run) -> Result<Result<Run, String>, Failure> {
        let stream = &as_is.scenario.stream;
        let mut more = vec![set("stream.scaling", "null")];
        let shards = match self.arguments.on_demand_shards {
            None if stream.imported => String::new(),
            None => format!("shards: {}", stream.shards.len()),
            Some(shards) => {
                more.push(set("stream.hash_ranges", "null"));
                format!("shards: {shards}")
            }
        };
        let capacity = match (mode, &self.arguments.warm_throughput) {
            (PricingMode::OnDemandAdvantage, Some(warm)) => {
                let comma = if shards.is_empty() { "" } else { ", " };
                format!("on_demand_advantage: {{ {shards}{comma}warm_throughput: {warm} }}")
            }
            (PricingMode::OnDemandAdvantage, None) => {
                format!("on_demand_advantage: {{ {shards} }}")
            }
            _ => format!("on_demand: {{ {shards} }}"),
        };
        more.push(set("stream.capacity", &format!("{{ {capacity} }}")));
        match self.scenario(Some(more)) {
            Ok(scenario) => self.run(scenario).map(Ok),
            Err(Failure::Scenario(problems)) if not_modelled(&problems).is_some() => {
                Ok(Err(not_modelled(&problems).unwrap_or_default()))
            }
            Err(failure) => Err(failure),
        }
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

    /// The run on the fewest safe shards, or why there are none.
    fn fewest_safe(&self, as_is: &Run, book: &PriceBook) -> Result<Result<Run, String>, Failure> {
        let most = most_shards_to_try(as_is.simulated());
        let wanted = without_cost(&self.provisioned(1)?);
        match watched(|observer| fewest_shards(&wanted, most, book, observer))? {
            Ok(shards) => self.run(self.provisioned(shards)?).map(Ok),
            Err(why) => Ok(Err(why)),
        }
    }
}

/// What is not simulated, where nothing else is wrong.
fn not_modelled(problems: &Diagnostics) -> Option<String> {
    let problems = problems.all();
    let is_limit = problems.iter().all(|problem| problem.code() == "not-modelled");
    let first = problems.first().filter(|_| is_limit)?;
    Some(format!("{} is not modelled", first.message()))
}
