//! Iterator age of each consumer on a logarithmic axis, with retention and objectives.

use super::axis::{Axis, moment, time_title};
use super::frame::{
    Across, Frame, Margins, Mark, bounds, legend, line, lines_across, nothing, plot, stairs,
};
use super::palette::{LIMIT, OBJECTIVE, SERIES};
use super::{Chart, ChartError, Hover, LINES_MAX, highest};
use crate::analysis::number::milliseconds;
use crate::analysis::{Measured, Picture, ResultDocument, SeriesRow};

/// Ages below this are drawn here: one poll of a consumer that keeps up.
const LEAST_MS: f64 = 10.0;

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let frame =
        Frame::new("iterator-age", "How far consumers are behind", description(document, picture));
    let margins = Margins::LINES_NAMED;
    let age = |row: &SeriesRow, consumer: usize| {
        row.consumers.get(consumer).map_or(0.0, |seen| seen.iterator_age_ms_max as f64)
    };
    let worst: Vec<f64> = (0..document.consumers.len())
        .map(|index| picture.rows.iter().map(|row| age(row, index)).fold(0.0, f64::max))
        .collect();
    let shown = highest(&worst);
    let names: Vec<&str> = document.consumers.iter().map(|seen| seen.name.as_str()).collect();
    let hover =
        Hover::by_column(bounds(margins, frame.height), picture.rows.iter().map(column).collect());
    let is_empty = picture.rows.is_empty();
    frame.draw((!is_empty).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No time was simulated.");
        }
        let tint = |place: usize| SERIES[place % SERIES.len()];
        let entries: Vec<_> = shown
            .iter()
            .enumerate()
            .map(|(place, index)| (Mark::Line, tint(place), names[*index].to_owned()))
            .collect();
        legend(area, &entries)?;
        let x = Axis::time(picture.simulated_seconds);
        let mut lines = objectives(picture, &names);
        lines.push((picture.retention_ms, "retention".to_owned(), LIMIT));
        let highest = lines.iter().map(|line| line.0).fold(LEAST_MS, f64::max);
        let y = Axis::decades_of_milliseconds(LEAST_MS, highest);
        let title = time_title(picture.simulated_seconds);
        let mut plot = plot(area, margins, (&x, title), (&y, "oldest record yet to be read"))?;
        // The first consumer is drawn last, above the others.
        for (place, index) in shown.iter().enumerate().rev() {
            let bins = picture.rows.iter().map(|row| {
                (row.start_seconds, row.span_seconds, y.logarithm(age(row, *index).max(LEAST_MS)))
            });
            line(&mut plot, stairs(bins), tint(place).light, 4)?;
        }
        let across: Vec<Across> = lines
            .into_iter()
            .map(|(ms, name, tint)| Across { y: y.logarithm(ms), name, tint })
            .collect();
        lines_across(area, &mut plot, &x, margins, &across)
    })
}

fn column(row: &SeriesRow) -> String {
    let ages: Vec<String> = row
        .consumers
        .iter()
        .map(|seen| format!("{} {}", seen.name, milliseconds(seen.iterator_age_ms_max as f64)))
        .collect();
    format!("{}: {}", moment(row.start_seconds), ages.join(", "))
}

/// The bounds of ages and their names; that of a consumer carries its name where there are more.
fn objectives(picture: &Picture, names: &[&str]) -> Vec<(f64, String, super::palette::Tint)> {
    let about_age = picture
        .time_objectives
        .iter()
        .filter(|objective| objective.measured == Measured::IteratorAge);
    about_age
        .map(|objective| {
            let name = match &objective.consumer {
                Some(consumer) if names.len() > 1 => format!("p99 {consumer}"),
                _ => "objective, p99".to_owned(),
            };
            (objective.at_most_ms, name, OBJECTIVE)
        })
        .collect()
}

fn description(document: &ResultDocument, picture: &Picture) -> String {
    let worst: Vec<String> = document
        .consumers
        .iter()
        .filter_map(|seen| {
            let age = seen.iterator_age_ms?;
            let name = &seen.name;
            Some(format!("{name} {} (p99 {})", milliseconds(age.max), milliseconds(age.p99)))
        })
        .collect();
    let worst = if worst.is_empty() { "none was seen".to_owned() } else { worst.join(", ") };
    let shown = if document.consumers.len() > LINES_MAX {
        format!(" Drawn are the {LINES_MAX} that are furthest behind.")
    } else {
        String::new()
    };
    format!(
        "Age of the oldest record that each consumer has yet to read, the worst shard of each bin. \
         Highest after the warm-up: {worst}. Records are lost to a consumer that is {} behind.{shown}",
        milliseconds(picture.retention_ms),
    )
}
