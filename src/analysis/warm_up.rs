//! Where the start of a run ends: MSER-5, for a scenario with `warm_up: auto`.
//!
//! The values of a series of seconds are gathered into means of five; of all points at which the
//! start could be cut off, the one is taken that makes the standard error of what is left the
//! smallest: the least of `sum (z - mean)^2 / n^2` over the n means that are left. A point in the
//! second half says that the series has not settled. (K. P. White, M. J. Cobb, S. C. Spratt: A
//! Comparison of Five Steady-State Truncation Heuristics for Simulation, WSC 2000.)

use crate::metrics::{Observation, StreamStep};
use crate::scenario::Scenario;
use crate::time::Span;

/// Values of a batch.
const BATCH: usize = 5;
/// Batches of which a point can be told.
const BATCHES_LEAST: usize = 4;

/// What MSER-5 says of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUp {
    /// After so long the run has settled.
    Until(Span),
    /// It has not settled in the first half, or is too short to tell.
    Unsettled,
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
    let points: Option<Vec<usize>> = all.iter().map(|series| mser_5(series)).collect();
    let step = pilot.series.step().nanoseconds();
    match points {
        Some(points) => {
            let longest = points.into_iter().max().unwrap_or(0) as u64;
            WarmUp::Until(Span::from_nanoseconds(longest * step))
        }
        None => WarmUp::Unsettled,
    }
}

/// How many values to cut off at the start, a multiple of five; none where the series has not
/// settled in its first half, or is too short.
#[must_use]
pub fn mser_5(series: &[f64]) -> Option<usize> {
    let means: Vec<f64> =
        series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    if means.len() < BATCHES_LEAST {
        return None;
    }
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
    let (_, point) = best?;
    (point <= means.len() / 2).then_some(point * BATCH)
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

    #[test]
    fn a_step_is_cut_off_where_it_ends() {
        let mut series = vec![100.0; 35];
        series.extend((0..200).map(|second| [1.0, 2.0, 3.0, 2.0, 1.0][second % 5]));
        assert_eq!(mser_5(&series), Some(35));
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
        assert_eq!(mser_5(&series), Some(least * BATCH));
        assert!((20..70).contains(&least), "{least}");
    }

    #[test]
    fn a_series_that_is_settled_loses_nothing() {
        assert_eq!(mser_5(&[0.0; 60]), Some(0));
        assert_eq!(mser_5(&[7.5; 61]), Some(0));
    }

    #[test]
    fn a_series_that_grows_has_not_settled() {
        let series: Vec<f64> = (0..300).map(f64::from).collect();
        assert_eq!(mser_5(&series), None);
        assert_eq!(mser_5(&[1.0; 19]), None, "too short");
    }
}
