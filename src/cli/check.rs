//! `check`: every problem of every file, and a line about each that has none.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{Failure, Outcome};
use super::files;
use super::terminal::Terminal;
use crate::analysis::{self, number::of};
use crate::scenario::{Override, Scenario, Source};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The scenarios; `-` is standard input.
    #[arg(required = true)]
    scenario: Vec<PathBuf>,
    /// Replace a value in each of them, such as `stream.capacity.provisioned.shards=8`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// Says what is likely not meant; the scenario is good all the same.
fn warn(path: &Path, scenario: &Scenario, terminal: &Terminal) {
    let word = if terminal.color_of_errors() { "\u{1b}[1;33mwarning\u{1b}[0m" } else { "warning" };
    for figure in analysis::unknown_figures(scenario) {
        terminal.complain(&format!("{word}[unknown-figure]: {}: {figure}", path.display()));
    }
    for lint in analysis::lint(scenario) {
        let (code, message, help) = (lint.code, &lint.message, &lint.help);
        let text = format!("{word}[{code}]: {}: {message}\n  = help: {help}", path.display());
        terminal.complain(&text);
    }
}

/// The scenario, its variants and its grid.
fn everything(path: &Path, source: &Source, overrides: &[Override]) -> Result<Scenario, Failure> {
    let mut variants = files::variants(path, source, overrides)?;
    files::sweep(path, source, overrides)?;
    Ok(variants.swap_remove(0).scenario)
}

pub(super) fn execute(arguments: &CheckArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let overrides: Vec<Override> =
        arguments.set.iter().map(|text| Override::parse(text)).collect::<Result<_, _>>()?;
    let mut bad: u64 = 0;
    for path in &arguments.scenario {
        let read = files::source(path).and_then(|source| everything(path, &source, &overrides));
        match read {
            Ok(scenario) => {
                let line = format!("{}: ok, {}\n", path.display(), describe(&scenario));
                terminal.print(line.as_bytes())?;
                warn(path, &scenario, terminal);
            }
            Err(failure) => {
                bad += 1;
                terminal.complain(&failure.render(terminal.color_of_errors()));
            }
        }
    }
    let summary = summary(arguments.scenario.len() as u64, bad);
    if bad == 0 {
        terminal.print(summary.as_bytes())?;
        return Ok(Outcome::Done);
    }
    terminal.complain(&summary);
    Ok(Outcome::BadInput)
}

/// What the file describes, to see at a glance that it is the one that was meant.
fn describe(scenario: &Scenario) -> String {
    let times = match scenario.replications {
        1 => String::new(),
        replications => format!(" x {replications}"),
    };
    format!(
        "{}: {}, {}, {}, {}{times}",
        scenario.name,
        of(scenario.stream.shards.len() as u64, "shard"),
        of(scenario.producers.len() as u64, "producer"),
        of(scenario.consumers.len() as u64, "consumer"),
        scenario.duration,
    )
}

fn summary(files: u64, bad: u64) -> String {
    let files = of(files, "file");
    match bad {
        0 => format!("{files} checked, no problems\n"),
        bad => format!("{files} checked, {bad} with problems\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;

    #[test]
    fn a_good_file_is_told_by_what_is_in_it() {
        let mut scenario = testing::scenario();
        scenario.replications = 8;
        assert_eq!(describe(&scenario), "orders: 4 shards, 1 producer, 2 consumers, 5 min x 8");
    }

    #[test]
    fn the_summary_counts_files() {
        assert_eq!(summary(1, 0), "1 file checked, no problems\n");
        assert_eq!(summary(3, 2), "3 files checked, 2 with problems\n");
    }
}
