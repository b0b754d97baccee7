//! `reshard`: the splits and merges that even the load of a stream.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::failure::{Failure, Outcome};
use super::files;
use super::overrides::OverrideArguments;
use super::run::unwritable;
use super::size::watched;
use super::terminal::Terminal;
use crate::analysis::evening::{self, EveningDocument, EveningOptions, StepKind, even_out};
use crate::quotas::SHARDS_LIMIT;
use crate::report::{self, TextOptions};
use crate::scenario;

/// Arguments of `reshard`.
#[derive(Debug, Args)]
pub(super) struct ReshardArguments {
    /// The scenario; `-` is standard input.
    scenario: PathBuf,
    #[command(flatten)]
    overrides: OverrideArguments,
    /// Open shards at the end; those that the scenario has when not given.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(SHARDS_LIMIT))
    )]
    shards: Option<u32>,
    /// Highest utilization of a shard to aim at, such as `70 %`; as even as possible when not given.
    #[arg(long, value_name = "SHARE", value_parser = scenario::parse_ratio)]
    utilization: Option<f64>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What `reshard` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a reader.
    Text,
    /// One JSON document, and nothing else.
    Json,
    /// Commands of the AWS command line interface, which need the name of the stream in `STREAM`.
    Aws,
    /// A timetable for `stream.scaling` of a scenario.
    Schedule,
}

pub(super) fn execute(
    arguments: &ReshardArguments,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let overrides = arguments.overrides.parse()?;
    let source = files::source(&arguments.scenario)?;
    let scenario = files::scenario(&arguments.scenario, &source, &overrides)?;
    if scenario.stream.mode.is_on_demand() {
        return Err(Failure::Usage(
            "an on-demand stream takes neither SplitShard nor MergeShards; \
             `--set 'stream.capacity={ provisioned: { shards: N } }'` plans for a provisioned one"
                .to_owned(),
        ));
    }
    let options = EveningOptions { shards: arguments.shards, utilization: arguments.utilization };
    let document = watched(|observer| even_out(&scenario, &options, observer))?;
    let text = match arguments.format {
        Format::Json => report::json(&document).map_err(unwritable)?,
        Format::Aws => commands(&document),
        Format::Schedule => schedule(&document),
        Format::Text => {
            let (width, color) = (terminal.columns(), terminal.color_of_output());
            report::evening_text(&document, TextOptions { width, color })
        }
    };
    terminal.print(text.as_bytes())?;
    Ok(match document.outcome {
        evening::Outcome::NothingToDo | evening::Outcome::Reached => Outcome::Done,
        evening::Outcome::OneKey | evening::Outcome::TooFewShards => Outcome::Missed,
    })
}

/// One command a step; each waits until the stream is active again.
fn commands(document: &EveningDocument) -> String {
    let mut text = String::from("set -e\n");
    for step in &document.steps {
        let call = match step.kind {
            StepKind::Split => format!(
                "split-shard --stream-name \"$STREAM\" --shard-to-split {} --new-starting-hash-key {}",
                step.shard_id,
                step.new_starting_hash_key.as_deref().unwrap_or_default(),
            ),
            StepKind::Merge => format!(
                "merge-shards --stream-name \"$STREAM\" --shard-to-merge {} \
                 --adjacent-shard-to-merge {}",
                step.shard_id,
                step.adjacent_shard_id.as_deref().unwrap_or_default(),
            ),
        };
        text.push_str(&format!(
            "aws kinesis {call}\naws kinesis wait stream-exists --stream-name \"$STREAM\"\n"
        ));
    }
    text
}

/// The steps as a timetable, as far apart as they take.
fn schedule(document: &EveningDocument) -> String {
    let mut text = String::from("schedule:\n");
    let each = document.steps_seconds / document.steps.len().max(1) as f64;
    for (number, step) in (0_u32..).zip(&document.steps) {
        let at = (f64::from(number) * (each + 1.0)).ceil();
        let call = match step.kind {
            StepKind::Split => format!(
                "split: {{ shard: {}, at_hash_key: \"{}\" }}",
                step.shard_id,
                step.new_starting_hash_key.as_deref().unwrap_or_default(),
            ),
            StepKind::Merge => format!(
                "merge: {{ shard: {}, adjacent_shard: {} }}",
                step.shard_id,
                step.adjacent_shard_id.as_deref().unwrap_or_default(),
            ),
        };
        text.push_str(&format!("  - {{ at: {at} s, {call} }}\n"));
    }
    text
}
