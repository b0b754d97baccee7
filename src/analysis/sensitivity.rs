//! Which assumption would change the verdict: one at a time is halved and doubled, or taken the
//! other way round, and the run repeated with the same random numbers.
//!
//! `vary` writes the other values of the constants of the service, `doubts` lists what is to doubt
//! in a scenario. The margin of an objective is what is left to its target over the target; that of
//! a run is the least of all objectives, and an assumption matters by how far it moves it.

mod doubts;
mod vary;

pub use doubts::{Alternative, Change, Doubt, doubts};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::objective::{judge, overall};
use super::price_book::PriceBook;
use super::result::{ObjectiveResult, Verdict};
use super::sizing::{Observer, with_objectives};
use crate::engine::{self, Unfinished};
use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::time::Span;

/// How the verdict depends on what is assumed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SensitivityResult {
    /// Whether the objectives are those of `size`, since the scenario has none.
    pub objectives_are_default: bool,
    /// The verdict as the scenario is.
    pub verdict: Verdict,
    /// The objective that is closest to its target, or furthest beyond.
    pub worst_objective: Option<String>,
    /// What is left to its target over the target; negative where it is missed, and less the value
    /// itself where the target is zero.
    pub margin: Option<f64>,
    /// The assumptions, those that change the verdict first, then by how far they move the margin.
    pub assumptions: Vec<AssumptionEffect>,
}

/// What one assumption changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AssumptionEffect {
    /// Its path in a scenario.
    pub name: String,
    /// `documented`, `inferred`, `assumed` or `scenario`.
    pub provenance: String,
    /// The value in force.
    pub value: String,
    /// Whether any of the alternatives has another verdict.
    pub changes_verdict: bool,
    /// The furthest that an alternative moves the margin; absent where one of both is not known.
    pub margin_change: Option<f64>,
    /// What was tried.
    pub alternatives: Vec<AlternativeEffect>,
}

/// A run with another value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AlternativeEffect {
    /// The other value.
    pub value: String,
    /// Whether all objectives are met with it.
    pub verdict: Verdict,
    /// The objective that is then closest to its target, or furthest beyond.
    pub worst_objective: Option<String>,
    /// Its margin.
    pub margin: Option<f64>,
    /// Why there is none: the value is not allowed. Absent where it was simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An assumption with the scenarios of its alternatives, or why one is not allowed.
#[derive(Clone, Debug)]
pub struct ResolvedDoubt {
    /// The assumption.
    pub doubt: Doubt,
    /// One for each of its alternatives.
    pub scenarios: Vec<Result<Scenario, String>>,
}

/// Judges every alternative with the replications of `scenario`, under the same random numbers.
///
/// # Errors
/// [`Unfinished`] when the observer said so.
pub fn sensitivity(
    scenario: &Scenario,
    observations: &[Observation],
    doubts: &[ResolvedDoubt],
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<SensitivityResult, Unfinished> {
    let (asked, objectives_are_default) = with_objectives(scenario);
    let objectives = judge(&asked, observations, prices);
    let base = Judged::of(&objectives);
    let effects: Result<Vec<AssumptionEffect>, Unfinished> = doubts
        .par_iter()
        .map(|each| effect(each, &base, observations.len() as u32, prices, observer))
        .collect();
    let mut assumptions = effects?;
    assumptions.sort_by(|a, b| {
        let change = |effect: &AssumptionEffect| effect.margin_change.unwrap_or(f64::INFINITY);
        b.changes_verdict.cmp(&a.changes_verdict).then(change(b).total_cmp(&change(a)))
    });
    Ok(SensitivityResult {
        objectives_are_default,
        verdict: base.verdict,
        worst_objective: base.worst,
        margin: base.margin,
        assumptions,
    })
}

/// A verdict and how close it is.
#[derive(Clone, Debug)]
struct Judged {
    verdict: Verdict,
    worst: Option<String>,
    margin: Option<f64>,
}

impl Judged {
    fn of(objectives: &[ObjectiveResult]) -> Self {
        let margins = objectives.iter().filter_map(|each| Some((each, margin(each)?)));
        let worst = margins.reduce(|worst, next| if next.1 < worst.1 { next } else { worst });
        Self {
            verdict: overall(objectives),
            worst: worst.map(|(objective, _)| objective.name.clone()),
            margin: worst.map(|(_, margin)| margin),
        }
    }
}

/// What is left to the target over the target.
fn margin(objective: &ObjectiveResult) -> Option<f64> {
    let (value, target) = (objective.value?, objective.target);
    Some(if target > 0.0 { (target - value) / target } else { -value })
}

fn effect(
    doubt: &ResolvedDoubt,
    base: &Judged,
    replications: u32,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<AssumptionEffect, Unfinished> {
    let mut alternatives = Vec::new();
    for (alternative, scenario) in doubt.doubt.alternatives.iter().zip(&doubt.scenarios) {
        let value = alternative.value.clone();
        let (judged, refused) = match scenario {
            Ok(scenario) => (simulated(scenario, replications, prices, observer)?, None),
            Err(why) => {
                let none = Judged { verdict: Verdict::None, worst: None, margin: None };
                (none, Some(why.clone()))
            }
        };
        let Judged { verdict, worst, margin } = judged;
        let worst_objective = worst;
        alternatives.push(AlternativeEffect { value, verdict, worst_objective, margin, refused });
    }
    let tried = || alternatives.iter().filter(|each| each.refused.is_none());
    let changes: Option<Vec<f64>> =
        tried().map(|each| Some((each.margin? - base.margin?).abs())).collect();
    Ok(AssumptionEffect {
        name: doubt.doubt.name.clone(),
        provenance: doubt.doubt.provenance.clone(),
        value: doubt.doubt.value.clone(),
        changes_verdict: tried().any(|each| each.verdict != base.verdict),
        margin_change: changes.map(|changes| changes.into_iter().fold(0.0, f64::max)),
        alternatives,
    })
}

fn simulated(
    scenario: &Scenario,
    replications: u32,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<Judged, Unfinished> {
    let (mut asked, _) = with_objectives(scenario);
    asked.replications = replications;
    let options = engine::Options {
        hottest_keys: 1,
        series_step: Some(Span::from_seconds(60)),
        ..engine::Options::default()
    };
    let observations = engine::simulate(&asked, &options, observer)?;
    Ok(Judged::of(&judge(&asked, &observations, prices)))
}

#[cfg(test)]
mod tests;
