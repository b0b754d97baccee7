//! Where the start of a run ends: MSER-5, for a scenario that asks for it (`warm_up: auto`), and for
//! one that says nothing where a run is judged in which nothing changes by plan.
//!
//! The values of a series of seconds are gathered into means of five; of all points at which the
//! start could be cut off, the one is taken that makes the standard error of what is left the
//! smallest: the least of `sum (z - mean)^2 / n^2` over the n means that are left. A point in the
//! second half says that the series has not settled. (K. P. White, M. J. Cobb, S. C. Spratt: A
//! Comparison of Five Steady-State Truncation Heuristics for Simulation, WSC 2000.)
//!
//! The least of many errors is seldom at the very start, even where nothing happens there. Of a
//! scenario that does not ask, only what plainly differs from the rest is cut off.

use crate::metrics::{Observation, StreamStep};
use crate::scenario::{PartitionKey, Scenario, WarmUpSearch};
use crate::time::Span;

/// Values of a batch.
const BATCH: usize = 5;
/// Batches of which a point can be told.
const BATCHES_LEAST: usize = 4;

/// Standard errors by which a start differs plainly from the rest.
const PLAINLY: f64 = 3.0;

/// What MSER-5 says of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUp {
    /// After so long the run has settled.
    Until(Span),
    /// It has not settled in the first half, or is too short to tell.
    Unsettled,
}

/// Whether the end of the start is to be found before the scenario is judged.
#[must_use]
pub fn is_sought(scenario: &Scenario) -> bool {
    match scenario.warm_up_search {
        WarmUpSearch::Given => false,
        WarmUpSearch::Asked => true,
        WarmUpSearch::Open => !scenario.objectives.is_empty() && is_steady(scenario),
    }
}

/// Whether nothing changes by plan: neither traffic nor keys nor shards nor consumers. Where it
/// does, the change may be what is asked about, and is no start to be cut off.
fn is_steady(scenario: &Scenario) -> bool {
    let is_steady_key = |key: &PartitionKey| match key {
        PartitionKey::Composed(composition) => composition.time_unit().is_none(),
        _ => true,
    };
    scenario.incidents.is_empty()
        && !scenario.stream.reshards()
        && scenario.consumers.iter().all(|consumer| consumer.joins_at == Span::ZERO)
        && scenario.producers.iter().all(|producer| {
            producer.traffic.is_constant() && is_steady_key(&producer.partition_key)
        })
}

/// The warm-up of a run that was simulated without one: the longest that the share of throttled
/// attempts, or the backlog of a consumer, takes to settle.
#[must_use]
pub fn warm_up(scenario: &Scenario, pilot: &Observation) -> WarmUp {
    let rows: Vec<StreamStep> = pilot.series.rows().collect();
    let throttled = |row: &StreamStep| {
        let attempts = row.incoming_records + row.write_throttled_records;
        super::figures::ratio(row.write_throttled_records, attempts)
    };
    let mut all = vec![rows.iter().map(throttled).collect::<Vec<f64>>()];
    for index in 0..scenario.consumers.len() {
        let backlog = |row: &StreamStep| {
            row.consumers.get(index).map_or(0.0, |consumer| consumer.backlog_records as f64)
        };
        all.push(rows.iter().map(backlog).collect());
    }
    let step = pilot.series.step().nanoseconds();
    let is_asked = scenario.warm_up_search == WarmUpSearch::Asked;
    let mut longest = 0;
    for series in all {
        let means = means(&series);
        let point = least_error(&means);
        if !is_asked && point.is_none_or(|point| !differs(&means, point)) {
            continue;
        }
        match point {
            Some(point) if point <= means.len() / 2 => longest = longest.max(point * BATCH),
            _ => return WarmUp::Unsettled,
        }
    }
    WarmUp::Until(Span::from_nanoseconds(longest as u64 * step))
}

/// The means of five values each; what is left over at the end is left out.
fn means(series: &[f64]) -> Vec<f64> {
    series.chunks_exact(BATCH).map(mean).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The point at which the standard error of the means that are left is the smallest; none where
/// there are too few.
fn least_error(means: &[f64]) -> Option<usize> {
    // From the end, so that each point costs one step. Welford's sums do not cancel.
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut best: Option<(f64, usize)> = None;
    for (point, value) in means.iter().enumerate().rev() {
        count += 1.0;
        let before = value - mean;
        mean += before / count;
        squares += before * (value - mean);
        let error = squares / (count * count);
        // The last batches alone are alike by chance.
        if means.len() - point >= BATCHES_LEAST && best.is_none_or(|(least, _)| error <= least) {
            best = Some((error, point));
        }
    }
    best.map(|(_, point)| point)
}

/// Whether the means before the point are plainly others than those after it.
fn differs(means: &[f64], point: usize) -> bool {
    let (start, rest) = means.split_at(point);
    if start.is_empty() || rest.len() < 2 {
        return false;
    }
    let level = mean(rest);
    let squares: f64 = rest.iter().map(|value| (value - level) * (value - level)).sum();
    let error = (squares / (rest.len() - 1) as f64 / start.len() as f64).sqrt();
    (mean(start) - level).abs() > PLAINLY * error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level with a deterministic ripple, after a start that decays by a tenth a batch.
    fn decaying(start: f64, batches: usize) -> Vec<f64> {
        let level = |second: usize| {
            let ripple = [0.3, -0.2, 0.1, -0.4, 0.2, 0.5, -0.5][second % 7];
            let decay = start * 0.9_f64.powi((second / BATCH) as i32);
            10.0 + ripple + if decay > 0.05 { decay } else { 0.0 }
        };
        (0..batches * BATCH).map(level).collect()
    }

    /// The point of a series, in means.
    fn point(series: &[f64]) -> Option<usize> {
        least_error(&means(series))
    }

    #[test]
    fn a_step_is_cut_off_where_it_ends() {
        let mut series = vec![100.0; 35];
        series.extend((0..200).map(|second| [1.0, 2.0, 3.0, 2.0, 1.0][second % 5]));
        assert_eq!(point(&series), Some(7));
        assert!(differs(&means(&series), 7));
    }

    #[test]
    fn the_point_is_the_least_of_the_definition() {
        let series = decaying(50.0, 200);
        let means: Vec<f64> =
            series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / 5.0).collect();
        let error = |point: usize| {
            let left = &means[point..];
            let mean = left.iter().sum::<f64>() / left.len() as f64;
            let squares: f64 = left.iter().map(|value| (value - mean) * (value - mean)).sum();
            squares / (left.len() * left.len()) as f64
        };
        let candidates = 0..means.len() - BATCHES_LEAST;
        let least = candidates.min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap();
        assert_eq!(point(&series), Some(least));
        assert!((20..70).contains(&least), "{least}");
    }

    #[test]
    fn a_series_that_is_settled_loses_nothing() {
        assert_eq!(point(&[0.0; 60]), Some(0));
        assert_eq!(point(&[7.5; 61]), Some(0));
    }

    #[test]
    fn a_series_that_grows_has_not_settled() {
        let series: Vec<f64> = (0..300).map(f64::from).collect();
        assert_eq!(point(&series), Some(60 - BATCHES_LEAST));
        assert!(differs(&means(&series), 60 - BATCHES_LEAST));
        assert_eq!(point(&[1.0; 19]), None, "too short");
    }

    /// A ripple has a point of least error, too, which says nothing.
    #[test]
    fn a_start_like_the_rest_is_no_start() {
        let series: Vec<f64> = (0..400).map(|at| f64::from(at * at % 97)).collect();
        let found = point(&series).unwrap();
        assert!(found > 0 && !differs(&means(&series), found), "{found}");
    }
}
