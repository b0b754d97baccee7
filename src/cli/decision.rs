//! `--out` of `size`, `compare` and `sweep`: the answer as a report pack.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;

use super::failure::Failure;
use super::pack::{POINTS, Pack};
use super::run::{chart_files, unwritable};
use super::terminal::Terminal;
use crate::report::{self, Chart, Decision, DecisionLock, TextOptions};
use crate::scenario::{Override, Scenario};

/// Where a pack goes.
#[derive(Debug, Args)]
pub(super) struct OutArguments {
    /// Write a report pack to this folder; an earlier pack there is replaced as a whole.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What a decision is made from.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// Options of the command beside those that replace values of the scenario.
    pub(super) options: Vec<String>,
    /// Settings that replaced values of the scenario.
    pub(super) overrides: Vec<String>,
    /// Name and digest of each scenario that was simulated or changed.
    pub(super) scenarios: Vec<(String, String)>,
    /// The files as they were written.
    pub(super) texts: Vec<String>,
}

impl Origin {
    /// Of a file and the scenario in it.
    pub(super) fn of(scenario: &Scenario, text: &str, overrides: &[Override]) -> Self {
        Self {
            options: Vec::new(),
            overrides: overrides.iter().map(|set| format!("{}={}", set.path, set.value)).collect(),
            scenarios: vec![(scenario.name.clone(), scenario.digest.clone())],
            texts: vec![text.to_owned()],
        }
    }
}

impl OutArguments {
    /// The pack, if one is wanted; made before the work, so that a wrong path fails early.
    pub(super) fn prepare(&self) -> Result<Option<Pack>, Failure> {
        self.out.as_deref().map(Pack::prepare).transpose()
    }

    /// Writes the pack, prints `printed`, and says where the pack is.
    pub(super) fn finish(
        &self,
        pack: Option<Pack>,
        (decision, origin): (&Decision<'_>, &Origin),
        printed: &[u8],
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        if let Some(pack) = pack {
            pack.write(&files(decision, origin)?)?;
        }
        let result = terminal.print(printed);
        if let Some(folder) = &self.out {
            terminal.complain(&format!("report pack written to {}", folder.display()));
        }
        result
    }
}

/// What a terminal or a program is to read of a decision.
pub(super) fn printed(
    decision: &Decision<'_>,
    as_json: bool,
    terminal: &Terminal,
) -> Result<String, Failure> {
    if as_json {
        return decision.json().map_err(unwritable);
    }
    let (width, color) = (terminal.columns(), terminal.color_of_output());
    Ok(decision.text(TextOptions { width, color }))
}

/// The files of the pack, then the charts.
fn files(decision: &Decision<'_>, origin: &Origin) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let charts: Vec<Chart> = report::decision_charts(decision).map_err(unwritable)?;
    let lock = DecisionLock {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: decision.command().to_owned(),
        options: origin.options.clone(),
        scenarios: origin.scenarios.iter().map(|each| each.0.clone()).collect(),
        scenario_digests: origin.scenarios.iter().map(|each| each.1.clone()).collect(),
        overrides: origin.overrides.clone(),
        seed: decision.seed(),
    };
    let file = |name: &str, text: String| (name.to_owned(), text.into_bytes());
    let mut files = vec![
        file("result.json", decision.json().map_err(unwritable)?),
        file("report.html", decision.html(&charts).map_err(unwritable)?),
        file("summary.md", decision.markdown().map_err(unwritable)?),
        file("summary.txt", decision.text(TextOptions::default())),
        file("lock.json", report::json(&lock).map_err(unwritable)?),
    ];
    if let Some(points) = decision.csv().map_err(unwritable)? {
        files.push((POINTS.to_owned(), points));
    }
    for (index, text) in origin.texts.iter().enumerate() {
        let name = match index {
            0 => "scenario.yaml".to_owned(),
            _ => format!("scenario-{}.yaml", index + 1),
        };
        files.push(file(&name, text.clone()));
    }
    let drawn: Result<Vec<_>, Failure> = charts.par_iter().map(chart_files).collect();
    files.extend(drawn?.into_iter().flatten());
    Ok(files)
}
