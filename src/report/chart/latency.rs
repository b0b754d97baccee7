//! Distributions of latency over their quantiles, the slowest ones spread out.

use super::axis::Axis;
use super::frame::{Across, Frame, Margins, Mark, legend, line, lines_across, nothing, plot};
use super::palette::{OBJECTIVE, SERIES};
use super::{Chart, ChartError, LINES_MAX, highest};
use crate::analysis::number::milliseconds;
use crate::analysis::{LatencyCurve, Measured, Picture, ResultDocument};

/// Quantiles with a tick.
const TICKS: [(f64, &str); 6] = [
    (0.0, "fastest"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.99999, "99.999 %"),
];

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let frame = Frame::new("latency", "How long records take", description(document));
    let has_bound =
        |measured| picture.time_objectives.iter().any(|objective| objective.measured == measured);
    // What an objective bounds is drawn in any case.
    let slowest = |curve: &LatencyCurve| match curve.points.last() {
        _ if has_bound(curve.measured) => f64::INFINITY,
        last => last.map_or(0.0, |point| point.ms),
    };
    let shown = highest(&picture.latencies.iter().map(slowest).collect::<Vec<f64>>());
    let curves: Vec<&LatencyCurve> =
        shown.into_iter().map(|index| &picture.latencies[index]).collect();
    frame.draw(None, |area| {
        if curves.is_empty() {
            return nothing(area, "No record was accepted.");
        }
        let tint = |index: usize| SERIES[index % SERIES.len()];
        let entries: Vec<_> = curves
            .iter()
            .enumerate()
            .map(|(index, curve)| (Mark::Line, tint(index), name(curve)))
            .collect();
        legend(area, &entries)?;
        let points = || curves.iter().flat_map(|curve| curve.points.iter());
        let objectives = across(picture);
        let bounds = objectives.iter().map(|line| line.0);
        let highest = points().map(|point| point.ms).chain(bounds).fold(1.0, f64::max);
        let lowest = points().map(|point| point.ms).fold(highest, f64::min);
        // Room above, so that no line lies on the edge.
        let y = Axis::decades_of_milliseconds(lowest, highest * 1.02);
        let slowest = points().map(|point| point.quantile).fold(0.9, f64::max);
        let x = axis_of_nines(slowest);
        let margins = Margins::LINES_NAMED;
        let mut plot =
            plot(area, margins, (&x, "this share of the records is quicker"), (&y, "latency"))?;
        for (index, curve) in curves.iter().enumerate().rev() {
            let points = curve.points.iter();
            let points = points.map(|point| (nines(point.quantile), y.logarithm(point.ms)));
            line(&mut plot, points, tint(index).light, 5)?;
        }
        let lines: Vec<Across> = objectives
            .into_iter()
            .map(|(ms, name)| Across { y: y.logarithm(ms), name, tint: OBJECTIVE })
            .collect();
        lines_across(area, &mut plot, &x, margins, &lines)
    })
}

/// How many nines a quantile has: 0.99 has two.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-9).log10()
}

fn axis_of_nines(slowest: f64) -> Axis {
    let max = nines(slowest).max(1.0);
    let half = (nines(0.5), "50 %".to_owned());
    let mut ticks: Vec<(f64, String)> = TICKS
        .iter()
        .map(|(quantile, label)| (nines(*quantile), (*label).to_owned()))
        .filter(|(at, _)| *at <= max + 1e-9)
        .collect();
    // Where there is no room for both, the median says more.
    if max > 2.5 {
        ticks[0] = half;
    } else {
        ticks.insert(1, half);
    }
    Axis { min: 0.0, max: max + 0.02, ticks }
}

fn name(curve: &LatencyCurve) -> String {
    match curve.measured {
        Measured::Put => format!("{} puts", curve.name),
        _ => format!("{} done", curve.name),
    }
}

/// The bounds of latencies with their names.
fn across(picture: &Picture) -> Vec<(f64, String)> {
    let objectives = picture.time_objectives.iter().filter_map(|objective| {
        let what = match (objective.measured, &objective.consumer) {
            (Measured::Put, _) => "put p99".to_owned(),
            (Measured::EndToEnd, Some(consumer)) => format!("p99 {consumer}"),
            (Measured::EndToEnd, None) => "end to end p99".to_owned(),
            (Measured::IteratorAge, _) => return None,
        };
        Some((objective.at_most_ms, what))
    });
    objectives.collect()
}

fn description(document: &ResultDocument) -> String {
    let puts = document.producers.iter().filter_map(|seen| {
        let times = seen.put_latency_ms?;
        Some(format!("{} puts 99 % within {}", seen.name, milliseconds(times.p99)))
    });
    let ends = document.consumers.iter().filter_map(|seen| {
        let times = seen.end_to_end_latency_ms?;
        Some(format!("{} is done with 99 % within {}", seen.name, milliseconds(times.p99)))
    });
    let all: Vec<String> = puts.chain(ends).collect();
    if all.is_empty() {
        return "No record was accepted, so there is no latency.".to_owned();
    }
    let shown = if all.len() > LINES_MAX {
        format!(" Drawn are {LINES_MAX}: those with an objective, and the slowest.")
    } else {
        String::new()
    };
    format!(
        "From the generation of a record to the answer that accepts it, and to the end of its \
         processing: {}.{shown}",
        all.join("; ")
    )
}
