//! A grid of scenarios: what each point comes to, and where the objectives are met.
//!
//! Every point meets common random numbers, so neighbours differ by their values and not by luck.

use rayon::prelude::*;
use serde::Serialize;

use super::cost::mean_monthly_usd;
use super::figures::{Totals, highest};
use super::interval::mean;
use super::objective::{judge, overall};
use super::replication::figures;
use super::result::{Unit, Verdict};
use super::sizing::Observer;
use crate::analysis::price_book::PriceBook;
use crate::engine::{self, Unfinished};
use crate::metrics::Observation;
use crate::scenario::{Scenario, Sweep};
use crate::time::Span;

/// The points of a grid.
#[derive(Clone, Debug, Serialize)]
pub struct SweepDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Its question.
    pub question: Option<String>,
    /// Seed of the random streams of all points.
    pub seed: u64,
    /// Replications of each point.
    pub replications: u32,
    /// The paths that change.
    pub paths: Vec<String>,
    /// The values of each path, in the order of the file.
    pub values: Vec<Vec<String>>,
    /// Names and units of the figures of each point.
    pub figures: Vec<SweepFigure>,
    /// Every combination; the last path changes quickest.
    pub points: Vec<SweepPointResult>,
}

/// A figure that every point has.
#[derive(Clone, Debug, Serialize)]
pub struct SweepFigure {
    /// Path of the figure in the result, or the name of an objective.
    pub name: String,
    /// Unit of its values.
    pub unit: Unit,
}

/// One point of the grid.
#[derive(Clone, Debug, Serialize)]
pub struct SweepPointResult {
    /// The values of the paths, as they are written.
    pub values: Vec<String>,
    /// Open shards.
    pub shards: u64,
    /// Records generated in a second, on average after the warm-up.
    pub generated_records_per_second: f64,
    /// Whether all objectives are met.
    pub verdict: Verdict,
    /// Mean utilization of the busiest shard; one is the limit.
    pub hottest_shard_utilization_mean: f64,
    /// The figures, means over the replications; absent where one was not observed.
    pub figures: Vec<Option<f64>>,
    /// Cost of a month in dollars, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_usd: Option<f64>,
}

/// Simulates every point of a grid; `scenario` is the one that the grid changes.
///
/// # Errors
/// [`Unfinished`] when the observer said so.
pub fn sweep(
    scenario: &Scenario,
    grid: &Sweep,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<SweepDocument, Unfinished> {
    let simulated: Vec<(SweepPointResult, Vec<SweepFigure>)> = grid
        .points
        .par_iter()
        .map(|point| simulate(&point.scenario, &point.values, prices, observer))
        .collect::<Result<_, _>>()?;
    let names = simulated.first().map(|(_, names)| names.clone()).unwrap_or_default();
    let points: Vec<SweepPointResult> = simulated.into_iter().map(|(point, _)| point).collect();
    let values = (0..grid.paths.len()).map(|path| distinct(&points, path)).collect();
    Ok(SweepDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        seed: scenario.seed,
        replications: scenario.replications,
        paths: grid.paths.clone(),
        values,
        figures: names,
        points,
    })
}

/// The values of a path in the order in which they first come.
fn distinct(points: &[SweepPointResult], path: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for point in points {
        if !values.contains(&point.values[path]) {
            values.push(point.values[path].clone());
        }
    }
    values
}

fn simulate(
    scenario: &Scenario,
    values: &[String],
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<(SweepPointResult, Vec<SweepFigure>), Unfinished> {
    let options = engine::Options {
        hottest_keys: 1,
        series_step: Some(Span::from_seconds(60)),
        ..engine::Options::default()
    };
    let observations = engine::simulate(scenario, &options, observer)?;
    let objectives = judge(scenario, &observations, prices);
    let figures = figures(scenario, &observations);
    let seconds = (scenario.duration - scenario.warm_up).as_seconds();
    let mean_of = |figure: &dyn Fn(&Observation) -> f64| {
        mean(&observations.iter().map(figure).collect::<Vec<f64>>()).unwrap_or(0.0)
    };
    let names = figures
        .iter()
        .map(|figure| SweepFigure { name: figure.name.clone(), unit: figure.unit })
        .collect();
    let result = SweepPointResult {
        values: values.to_vec(),
        shards: scenario.stream.shards.len() as u64,
        generated_records_per_second: mean_of(&|seen| {
            Totals::of(seen).generated_records as f64 / seconds
        }),
        verdict: overall(&objectives),
        hottest_shard_utilization_mean: mean_of(&|seen| {
            highest(seen.shards.iter().map(|shard| shard.utilization_mean))
        }),
        figures: figures
            .iter()
            .map(|figure| mean(&figure.values.iter().copied().flatten().collect::<Vec<f64>>()))
            .collect(),
        monthly_usd: mean_monthly_usd(scenario, &observations, prices),
    };
    Ok((result, names))
}
