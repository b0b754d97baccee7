//! From what was observed to what it means: the result document of a run.
//!
//! Behind this door:
//!
//! - `result` is the document, one plain type a part; its field names are a promise;
//! - `summary` is the stream, its producers, shards and consumers as the first replication saw
//!   them, `series` the same over time;
//! - `objective` gives verdicts, `interval` Student's t, `replication` the spread of key figures;
//! - `finding` says in sentences what a reviewer should know, `assumption` what it rests on;
//! - `advice` is what findings advise, as changes that can be tried;
//! - `price_book` is what things cost, `cost` the bill;
//! - `sensitivity` says which assumption would change the verdict;
//! - `compare` holds variants against each other, `sweep` the points of a grid;
//! - `keys` says where real keys land, without a run;
//! - `warm_up` finds where the start of a run ends;
//! - `sizing` looks for the least capacity that meets the objectives;
//! - `picture` is what charts draw beside the document;
//! - `lint` says what is likely not meant before a run, `figure_path` finds any figure of the result;
//! - `binding` says what keeps a consumer from being faster;
//! - `number` writes numbers as people read them, here and in reports.
//!
//! Nothing here simulates, reads a file or knows of a terminal.

pub mod advice;
mod assumption;
mod binding;
pub mod compare;
pub mod cost;
pub mod evening;
mod figure_path;
mod figures;
mod finding;
mod interval;
pub mod keys;
mod lint;
pub mod number;
mod objective;
mod picture;
pub mod price_book;
mod replication;
mod result;
mod scaling;
pub mod sensitivity;
mod series;
pub mod sizing;
mod summary;
pub mod sweep;
pub mod warm_up;

#[cfg(test)]
pub(crate) mod testing;

pub use lint::{Lint, lint};
pub use picture::{
    Binding, BindingRow, HeatMap, HeatRow, KeyConcentration, KeyPoint, LatencyCurve, LatencyPoint,
    Measured, Picture, ShardsFrom, TimeObjective, picture,
};
pub use result::{
    AccountingResult, Assumption, BatchResult, CloudWatchView, ConsumerResult, DeliveryResult,
    Evidence, Finding, FunctionResult, HottestKey, IncidentResult, ObjectBytes, ObjectiveResult,
    OrderingKept, ProducerResult, Quantiles, ReplicationInterval, ResultDocument,
    ScalingActionResult, ScalingOutcome, ScalingResult, ScenarioSummary, Severity, ShardResult,
    SlowestShard, StreamResult, TruthView, Unit, Utilization, Verdict,
};
pub use series::{
    ConsumerRow, SeriesRow, ShardRow, default_bin, effective_bin, shard_series, stream_series,
};

use self::price_book::PriceBook;
use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::time::Span;

/// What the reader of a result chooses; no figure but the rows of the series depends on it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Width of one row of the series, rounded up to whole steps of it; chosen to give at most 300
    /// rows when not given.
    pub bin: Option<Span>,
    /// Prices of the bill.
    pub prices: PriceBook,
    /// Settings that replaced those of the file, as `path=value`, to be named in the result.
    pub overrides: Vec<String>,
    /// How the warm-up was found, where the scenario left that open.
    pub warm_up_note: Option<String>,
}

/// The result of a run from its observations, one a replication.
///
/// # Panics
/// When there is no observation: a run has at least one replication.
#[must_use]
pub fn analyse(
    scenario: &Scenario,
    observations: &[Observation],
    options: &Options,
) -> ResultDocument {
    assert!(!observations.is_empty(), "a run has at least one replication");
    let first = &observations[0];
    let objectives = objective::judge(scenario, observations, &options.prices);
    let cost = cost::cost_of_replications(scenario, observations, &options.prices);
    let step = first.series.step();
    let bin = effective_bin(options.bin, first.simulated, step);
    let mut findings = finding::find(scenario, first);
    advice::attach(scenario, first, &mut findings);
    ResultDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: ScenarioSummary {
            name: scenario.name.clone(),
            digest: scenario.digest.clone(),
            question: scenario.question.clone(),
            region: scenario.region.clone(),
            overrides: options.overrides.clone(),
        },
        seed: scenario.seed,
        replications: scenario.replications,
        simulated_seconds: first.simulated.as_seconds(),
        warm_up_seconds: scenario.warm_up.as_seconds(),
        warm_up_note: options.warm_up_note.clone(),
        verdict: objective::overall(&objectives),
        objectives,
        stream: summary::stream(scenario, first),
        producers: summary::producers(scenario, first),
        shards: summary::shards(scenario, first),
        consumers: summary::consumers(scenario, first),
        cost_note: cost.as_ref().err().cloned(),
        cost: cost.ok(),
        incidents: summary::incidents(scenario, first),
        scaling: scaling::scaling(scenario, first),
        findings,
        accounting: accounting(scenario, observations),
        replication_intervals: replication::intervals(scenario, observations, &options.prices),
        assumptions: assumption::list(scenario),
        sensitivity: None,
        series_bin_seconds: bin.as_seconds(),
        series_step_seconds: (step > Span::SECOND).then(|| step.as_seconds()),
        series: stream_series(scenario, first, bin),
    }
}

/// Whether all objectives are met by what was observed so far, at the given prices.
#[must_use]
pub fn verdict(scenario: &Scenario, observations: &[Observation], prices: &PriceBook) -> Verdict {
    objective::overall(&objective::judge(scenario, observations, prices))
}

/// What is wrong with the figures that the objectives of `scenario` name, before any run.
#[must_use]
pub fn unknown_figures(scenario: &Scenario) -> Vec<String> {
    let wrong = |path: &String| {
        figure_path::check(scenario, path).err().map(|why| format!("figure `{path}`: {why}"))
    };
    scenario.objective_figures.iter().filter_map(wrong).collect()
}

/// The JSON Schema of the result document.
#[must_use]
pub fn result_schema() -> serde_json::Value {
    schemars::schema_for!(ResultDocument).to_value()
}

/// The JSON Schema of what `cost` prints.
#[must_use]
pub fn cost_schema() -> serde_json::Value {
    schemars::schema_for!(cost::ModesDocument).to_value()
}

/// The identities of the first replication, and those of the others that do not hold.
fn accounting(scenario: &Scenario, observations: &[Observation]) -> Vec<AccountingResult> {
    let producers: Vec<&str> =
        scenario.producers.iter().map(|producer| producer.name.as_str()).collect();
    let consumers: Vec<&str> =
        scenario.consumers.iter().map(|consumer| consumer.name.as_str()).collect();
    let mut rows = Vec::new();
    for (index, observation) in observations.iter().enumerate() {
        for identity in observation.identities(&producers, &consumers) {
            let holds = identity.holds();
            if index > 0 && holds {
                continue;
            }
            let subject = match index {
                0 => identity.subject,
                _ => format!("{} (replication {})", identity.subject, observation.replication),
            };
            rows.push(AccountingResult {
                subject,
                statement: identity.statement.to_owned(),
                left: identity.left,
                right: identity.right,
                holds,
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests;
