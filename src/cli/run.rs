//! `run`: simulate a scenario, print the answer, keep it as a report pack.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::advice::{AsRead, rank_assumptions, try_advice};
use super::failure::{Failure, Outcome};
use super::files;
use super::interrupt::Interrupt;
use super::pack::{CHARTS, FILES, INFRACOST, Pack};
use super::prices;
use super::progress::ProgressLine;
use super::span;
use super::terminal::Terminal;
use super::warm_up;
use crate::analysis::advice::Shown;
use crate::analysis::cost::usage_of;
use crate::analysis::number::{count, of};
use crate::analysis::price_book::PriceBook;
use crate::analysis::{self, Picture, ResultDocument, Verdict, analyse, effective_bin};
use crate::engine::{self, Control};
use crate::metrics::{Observation, series_step};
use crate::report::{self, Chart, TextOptions};
use crate::scenario::{Override, Scenario};
use crate::time::Span;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The scenario; `-` is standard input.
    scenario: PathBuf,
    /// Replace a value of the scenario, such as `stream.capacity.provisioned.shards=8`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Write a report pack to this folder; an earlier pack there is replaced as a whole.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Add repetitions while an objective is inconclusive, up to so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    max_replications: Option<u32>,
    /// Run again with what each finding advises, and show what comes of it.
    #[arg(long)]
    try_advice: bool,
    /// Run again with each assumption halved and doubled, and rank them by what they change.
    #[arg(long)]
    sensitivity: bool,
    /// Write the objectives to this file as JUnit XML, one test case each.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Seed of the random streams, in place of the scenario's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Independent repetitions, in place of the scenario's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    replications: Option<u32>,
    /// A price book (CSV) to lay over the built-in one; see `shardplan prices import`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Width of one row of the series, whole seconds, in runs of more than two days a multiple of
    /// 10 s or 1 min; chosen to give at most 300 rows by default.
    #[arg(long, value_name = "SPAN", value_parser = span::bin)]
    bin: Option<Span>,
    /// Simulated time between two barriers of the engine; changes no figure.
    #[arg(long, value_name = "SPAN", value_parser = span::window)]
    window: Option<Span>,
    /// How many of the hottest keys of each shard to name.
    #[arg(long, value_name = "N", default_value_t = 10)]
    hottest_keys: usize,
}

/// What `run` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a reader.
    Text,
    /// The result document, and nothing else.
    Json,
}

/// Most rows of a pack's `shards.csv`; more would fill the memory before the disk.
const SHARD_ROWS_MAX: u64 = 30_000_000;

/// Refuses a width that is not in whole steps of the series, and so would become another one.
fn check_steps(wish: Option<Span>, bin: Span, step: Span) -> Result<(), Failure> {
    match wish {
        Some(wish) if wish != bin => Err(Failure::Usage(format!(
            "a run this long keeps its series in steps of {step}; give a `--bin` that is a \
             multiple of it, such as {bin} instead of {wish}"
        ))),
        _ => Ok(()),
    }
}

/// Refuses a width of which a pack would have no end, before the run.
fn check_rows(scenario: &Scenario, bin: Span) -> Result<(), Failure> {
    let rows = scenario.duration.nanoseconds().div_ceil(bin.nanoseconds().max(1));
    let rows = rows.saturating_mul(scenario.stream.shards.len() as u64);
    if rows <= SHARD_ROWS_MAX {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "a row every {bin} makes {} of shards.csv, more than the {} that a pack may have; give a \
         wider `--bin`",
        of(rows, "row"),
        count(SHARD_ROWS_MAX),
    )))
}

pub(super) fn execute(arguments: &RunArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let overrides = overrides(arguments)?;
    let source = files::source(&arguments.scenario)?;
    let scenario = files::scenario(&arguments.scenario, &source, &overrides)?;
    let book = prices::book(arguments.prices.as_deref())?;
    prices::check_asked(&scenario, &book, arguments.prices.is_some())?;
    let step = series_step(scenario.duration, scenario.stream.shards.len());
    let bin = effective_bin(arguments.bin, scenario.duration, step);
    check_steps(arguments.bin, bin, step)?;
    if arguments.out.is_some() {
        check_rows(&scenario, bin)?;
    }
    let pack = arguments.out.as_deref().map(Pack::prepare).transpose()?;
    check_figures(&scenario)?;
    let mut scenario = scenario;
    let settled = warm_up::settle(&mut scenario, arguments.hottest_keys)?;
    let first = settled.first.into_iter().collect();
    let observations = conclusive(arguments, &mut scenario, &book, first)?;
    let options = analysis::Options {
        bin: arguments.bin,
        prices: book,
        overrides: overrides.iter().map(|set| format!("{}={}", set.path, set.value)).collect(),
        warm_up_note: settled.note,
    };
    let mut document = analyse(&scenario, &observations, &options);
    let read = AsRead { path: &arguments.scenario, source: &source, overrides: &overrides };
    if arguments.sensitivity {
        let answer = rank_assumptions(read, &scenario, &observations, &options.prices)?;
        document.sensitivity = Some(answer);
    }
    if arguments.try_advice {
        let before = Shown { scenario: &scenario, seen: &observations[0] };
        try_advice(read, before, &options.prices, &mut document)?;
    }
    let picture = analysis::picture(&scenario, &observations[0]);
    if let Some(pack) = pack {
        let run = FinishedRun { scenario: &scenario, first: &observations[0], picture: &picture };
        pack.write(&pack_files(run, &document, bin, &source.text)?)?;
    }
    let printed = print(arguments, &document, &picture, terminal);
    if let Some(cost) = &document.cost {
        prices::warn_of_age(&cost.price_date, terminal);
    }
    if let Some(path) = &arguments.junit {
        std::fs::write(path, report::junit(&document))
            .map_err(|error| Failure::write(path, &error))?;
    }
    // At the end, where it is seen, and whether or not there was a reader for the rest.
    if let Some(folder) = &arguments.out {
        terminal.complain(&format!("report pack written to {}", folder.display()));
    }
    printed.map(|()| Outcome::of_verdict(document.verdict))
}

fn print(
    arguments: &RunArguments,
    document: &ResultDocument,
    picture: &Picture,
    terminal: &Terminal,
) -> Result<(), Failure> {
    match arguments.format {
        Format::Json => terminal.print(json(document)?.as_bytes()),
        Format::Text => {
            let color = terminal.color_of_output();
            let options = TextOptions { width: terminal.columns(), color };
            let text = report::text_with_bars(document, picture, options);
            terminal.print(text.as_bytes())
        }
    }
}

/// What the command line replaces; a flag is the same as `--set` of its path.
fn overrides(arguments: &RunArguments) -> Result<Vec<Override>, Failure> {
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

/// Refuses objectives on figures that the result does not have, before the run.
fn check_figures(scenario: &Scenario) -> Result<(), Failure> {
    let wrong = analysis::unknown_figures(scenario);
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Usage(wrong.join("\n  "))) }
}

/// Fewest replications of which an interval can be drawn that says anything.
const REPLICATIONS_LEAST: u32 = 3;

/// Runs the replications of the scenario and, where the arguments allow, as many again while an
/// objective is open; the scenario then has as many as were run. Those in `observations` were run
/// before.
fn conclusive(
    arguments: &RunArguments,
    scenario: &mut Scenario,
    prices: &PriceBook,
    mut observations: Vec<Observation>,
) -> Result<Vec<Observation>, Failure> {
    let mut wanted = match arguments.max_replications {
        Some(most) => scenario.replications.max(REPLICATIONS_LEAST).min(most),
        None => scenario.replications,
    };
    loop {
        let done = observations.len() as u32;
        if done < wanted {
            scenario.replications = wanted - done;
            observations.extend(simulate(arguments, scenario, done)?);
        }
        scenario.replications = wanted;
        match arguments.max_replications {
            Some(most)
                if wanted < most
                    && analysis::verdict(scenario, &observations, prices)
                        == Verdict::Inconclusive =>
            {
                wanted = most.min(2 * wanted);
            }
            _ => return Ok(observations),
        }
    }
}

/// Runs the engine with a progress line until it is done or interrupted.
fn simulate(
    arguments: &RunArguments,
    scenario: &Scenario,
    first_replication: u32,
) -> Result<Vec<Observation>, Failure> {
    let options = engine::Options {
        window: arguments.window,
        hottest_keys: arguments.hottest_keys,
        first_replication,
        ..engine::Options::default()
    };
    let interrupt = Interrupt::listen();
    let line = ProgressLine::start();
    let observations = engine::simulate(scenario, &options, &|progress| {
        line.show(progress);
        if interrupt.pressed() { Control::Stop } else { Control::Continue }
    });
    line.finish();
    match observations {
        Ok(observations) if !interrupt.pressed() => Ok(observations),
        Err(engine::Unfinished::Trace(error)) => Err(Failure::Trace(error)),
        _ => {
            let replications = u64::from(scenario.replications);
            let total = scenario.duration.nanoseconds().saturating_mul(replications);
            let total = Span::from_nanoseconds(total);
            Err(Failure::Interrupted { simulated: line.simulated(), total })
        }
    }
}

/// What a pack is made from beside the result.
#[derive(Clone, Copy)]
struct FinishedRun<'run> {
    scenario: &'run Scenario,
    first: &'run Observation,
    picture: &'run Picture,
}

/// The files of a pack, in the order of their names there, then the charts.
fn pack_files(
    run: FinishedRun<'_>,
    document: &ResultDocument,
    bin: Span,
    scenario_text: &str,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let FinishedRun { scenario, first, picture } = run;
    let charts = report::charts(document, picture).map_err(unwritable)?;
    let [result, html, markdown, summary, series, parquet, shards, as_written, lock] =
        FILES.map(str::to_owned);
    let mut files = vec![
        (result, json(document)?.into_bytes()),
        (html, report::html(document, &charts).map_err(unwritable)?.into_bytes()),
        (markdown, report::markdown(document).map_err(unwritable)?.into_bytes()),
        (summary, report::text_with_bars(document, picture, TextOptions::default()).into_bytes()),
        (series, report::series_csv(document).map_err(unwritable)?),
        (parquet, report::series_parquet(document).map_err(unwritable)?),
        (shards, report::shards_csv(scenario, first, bin).map_err(unwritable)?),
        (as_written, scenario_text.as_bytes().to_vec()),
        (lock, report::json(&report::lock(document)).map_err(unwritable)?.into_bytes()),
    ];
    let drawn: Result<Vec<_>, Failure> = charts.par_iter().map(chart_files).collect();
    files.extend(drawn?.into_iter().flatten());
    if document.cost.is_some() {
        files.push((INFRACOST.to_owned(), usage(scenario, first).into_bytes()));
    }
    Ok(files)
}

/// The usage of the stream for infracost, under the address that `cost` takes by default.
fn usage(scenario: &Scenario, first: &Observation) -> String {
    let about = format!("scenario {} {}", scenario.name, scenario.digest);
    report::infracost(&usage_of(scenario, first), &about, super::cost::STREAM_ADDRESS)
}

/// A chart as a drawing and as pixels.
pub(super) fn chart_files(chart: &Chart) -> Result<[(String, Vec<u8>); 2], Failure> {
    let name = |end: &str| format!("{CHARTS}/{}.{end}", chart.id);
    let pixels = report::png(&chart.svg).map_err(unwritable)?;
    Ok([(name("svg"), report::standalone(&chart.svg).into_bytes()), (name("png"), pixels)])
}

fn json(document: &ResultDocument) -> Result<String, Failure> {
    report::json(document).map_err(unwritable)
}

/// A format that cannot say what the result holds.
pub(super) fn unwritable(error: impl std::fmt::Display) -> Failure {
    Failure::Write { path: PathBuf::from("the report"), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;

    #[test]
    fn a_pack_without_end_is_refused() {
        let mut scenario = testing::scenario();
        assert!(check_rows(&scenario, Span::SECOND).is_ok());
        scenario.duration = Span::from_seconds(366 * 86_400);
        let message = check_rows(&scenario, Span::SECOND).unwrap_err().render(false);
        assert!(message.contains("126,489,600 rows of shards.csv"), "{message}");
        assert!(check_rows(&scenario, Span::from_seconds(3_600)).is_ok());
    }

    #[test]
    fn a_width_below_the_step_names_the_step_and_one_that_would_do() {
        let minute = Span::from_seconds(60);
        let check = |wish| check_steps(wish, effective_bin(wish, minute, minute), minute);
        assert!(check(None).is_ok());
        assert!(check(Some(Span::from_seconds(120))).is_ok());
        let message = check(Some(Span::from_seconds(90))).unwrap_err().render(false);
        assert!(message.contains("in steps of 1 min;"), "{message}");
        assert!(message.ends_with("such as 2 min instead of 90 s"), "{message}");
    }

    #[test]
    fn the_same_run_gives_a_pack_of_the_same_bytes() {
        let scenario = testing::scenario();
        let pack = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let observations = pool.install(|| {
                let options = engine::Options::default();
                engine::simulate(&scenario, &options, &|_| Control::Continue).unwrap()
            });
            let document = analyse(&scenario, &observations, &analysis::Options::default());
            assert!(document.accounting.iter().all(|row| row.holds));
            let bin = effective_bin(None, scenario.duration, Span::SECOND);
            let picture = analysis::picture(&scenario, &observations[0]);
            let run =
                FinishedRun { scenario: &scenario, first: &observations[0], picture: &picture };
            pack_files(run, &document, bin, "name: orders").unwrap()
        };
        let first = pack(1);
        assert_eq!(first, pack(2));
        let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..FILES.len()], FILES);
        assert_eq!(names[FILES.len()..].len(), 2 * report::CHART_IDS.len() + 1);
        assert_eq!(names.last(), Some(&INFRACOST));
        assert!(first.iter().all(|(_, bytes)| !bytes.is_empty()));
    }
}
