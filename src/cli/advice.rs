//! What `run` does with changed scenarios: `--try-advice` runs again with what each finding advises
//! and notes what came of it, `--sensitivity` with other values of what is assumed.

use std::path::Path;

use super::failure::Failure;
use super::files;
use super::size::watched;
use crate::analysis::ResultDocument;
use crate::analysis::advice::{Shown, advised, note_effect};
use crate::analysis::price_book::PriceBook;
use crate::analysis::sensitivity::{Change, ResolvedDoubt, SensitivityResult, doubts, sensitivity};
use crate::engine;
use crate::metrics::Observation;
use crate::scenario::{Override, Scenario, Source};

/// The scenario as it was read.
#[derive(Clone, Copy)]
pub(super) struct AsRead<'a> {
    pub(super) path: &'a Path,
    pub(super) source: &'a Source,
    pub(super) overrides: &'a [Override],
}

impl AsRead<'_> {
    /// The same with more overrides, `path=value`, after those of the command line.
    pub(super) fn with(self, set: &[String]) -> Result<Scenario, Failure> {
        let mut overrides = self.overrides.to_vec();
        for text in set {
            overrides.push(Override::parse(text)?);
        }
        files::scenario(self.path, self.source, &overrides)
    }
}

/// Tries every change that a finding of `document` advises, for one replication: the first, whose
/// findings they are.
pub(super) fn try_advice(
    read: AsRead<'_>,
    before: Shown<'_>,
    prices: &PriceBook,
    document: &mut ResultDocument,
) -> Result<(), Failure> {
    for set in advised(document) {
        let mut changed = read.with(&set)?;
        changed.replications = 1;
        changed.warm_up = before.scenario.warm_up;
        let options = engine::Options::default();
        let seen = watched(|observer| engine::simulate(&changed, &options, observer))?;
        let after = Shown { scenario: &changed, seen: &seen[0] };
        note_effect(document, &set, before, after, prices);
    }
    Ok(())
}

/// Ranks the assumptions of a run by what other values of them would change.
pub(super) fn rank_assumptions(
    read: AsRead<'_>,
    scenario: &Scenario,
    observations: &[Observation],
    prices: &PriceBook,
) -> Result<SensitivityResult, Failure> {
    let resolve = |change: &Change| match change {
        Change::Made(changed) => Ok(Scenario::clone(changed)),
        Change::Set(text) => {
            let read = read.with(std::slice::from_ref(text)).map(|mut changed| {
                changed.warm_up = scenario.warm_up;
                changed
            });
            read.map_err(|_| "the scenario does not allow it".to_owned())
        }
    };
    let resolved: Vec<ResolvedDoubt> = doubts(scenario)
        .into_iter()
        .map(|doubt| {
            let changes = doubt.alternatives.iter().map(|each| resolve(&each.change));
            let scenarios = changes.collect();
            ResolvedDoubt { doubt, scenarios }
        })
        .collect();
    watched(|observer| sensitivity(scenario, observations, &resolved, prices, observer))
}
