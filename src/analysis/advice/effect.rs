//! What trying the advice of a finding has shown: the finding again or not, and figures before and
//! after, of the same records at the same nanoseconds.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::cost::monthly_total;
use crate::analysis::finding;
use crate::analysis::price_book::PriceBook;
use crate::analysis::replication::figures;
use crate::analysis::result::{Finding, ResultDocument, Unit};
use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::units::Usd;

/// A figure that changes by less is as it was.
const CHANGED: f64 = 0.01;

/// What came of trying the advice of a finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AdviceEffect {
    /// Whether the finding is gone.
    pub finding_gone: bool,
    /// Figures that changed by a hundredth and more.
    pub figures: Vec<FigureEffect>,
}

/// A figure before and after.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FigureEffect {
    /// The path of the figure in the result, `cost.monthly_total`, or `stream.shards_start`.
    pub name: String,
    /// Unit of both.
    pub unit: Unit,
    /// As the scenario is; `null` where it was not observed.
    pub before: Option<f64>,
    /// With the change.
    pub after: Option<f64>,
}

/// A scenario and what its first replication has shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What was simulated.
    pub scenario: &'a Scenario,
    /// What its first replication has shown.
    pub seen: &'a Observation,
}

/// The different changes that the findings of a result advise, in their order.
#[must_use]
pub fn advised(document: &ResultDocument) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for finding in &document.findings {
        if !finding.set.is_empty() && !all.contains(&finding.set) {
            all.push(finding.set.clone());
        }
    }
    all
}

/// Notes with every finding that advises `set` what came of it.
pub fn note_effect(
    document: &mut ResultDocument,
    set: &[String],
    before: Shown<'_>,
    after: Shown<'_>,
    prices: &PriceBook,
) {
    let found = finding::find(after.scenario, after.seen);
    let changed = changed(before, after, prices);
    for finding in document.findings.iter_mut().filter(|finding| finding.set == set) {
        finding.tried = Some(AdviceEffect {
            finding_gone: !found.iter().any(|other| is_same(finding, other)),
            figures: changed.clone(),
        });
    }
}

/// Whether two findings are one: of one kind and, for a producer or consumer, about the same.
fn is_same(one: &Finding, other: &Finding) -> bool {
    // Another shard or key in its place is no better.
    let moves = matches!(one.code.as_str(), "hot-key" | "hot-shard" | "minute-metric-hides-it");
    one.code == other.code && (moves || one.subject == other.subject)
}

fn changed(before: Shown<'_>, after: Shown<'_>, prices: &PriceBook) -> Vec<FigureEffect> {
    let all = |shown: Shown<'_>| -> Vec<(String, Unit, Option<f64>)> {
        let shards = shown.scenario.stream.shards.len() as f64;
        let cost = monthly_total(shown.scenario, shown.seen, prices).map(Usd::as_f64);
        let mut all = vec![
            ("stream.shards_start".to_owned(), Unit::Records, Some(shards)),
            ("cost.monthly_total".to_owned(), Unit::Usd, cost),
        ];
        let seen = std::slice::from_ref(shown.seen);
        let figures = figures(shown.scenario, seen).into_iter();
        all.extend(figures.map(|each| (each.name, each.unit, each.values[0])));
        all
    };
    let after = all(after);
    let pairs = all(before).into_iter().filter_map(|(name, unit, before)| {
        let after = after.iter().find(|each| each.0 == name)?.2;
        let is_as_before = match (before, after) {
            (Some(before), Some(after)) => {
                (after - before).abs() <= CHANGED * before.abs().max(after.abs())
            }
            (None, None) => true,
            _ => false,
        };
        (!is_as_before).then_some(FigureEffect { name, unit, before, after })
    });
    pairs.collect()
}
