//! A ribbon of what limits the stream, and each consumer, over time.

use plotters::element::Rectangle;
use plotters::style::Color;

use super::axis::{Axis, moment, time_title};
use super::frame::{
    Drawn, Frame, HEIGHT_OF_NOTHING, Margins, Mark, Mesh, Plot, bounds, fitted, legend, nothing,
    plot_on,
};
use super::palette::{BLUE, EMPTY, MISSING, PURPLE, SERIES, Tint, VERMILLION};
use super::{Chart, ChartError, Hover};
use crate::analysis::number::percent;
use crate::analysis::{Binding, BindingRow, Picture, ResultDocument};

/// Everything that can limit, in the order of the legend.
const ALL: [Binding; 6] = [
    Binding::Nothing,
    Binding::NearLimit,
    Binding::RecordLimit,
    Binding::ByteLimit,
    Binding::ReadsRefused,
    Binding::Behind,
];
/// Height of a row in units of the drawing, as far as there is room.
const ROW_HEIGHT: u32 = 64;
/// Most rows; more consumers than these are left to the table.
const ROWS_MAX: usize = 12;
/// Room between two rows, as a part of one.
const GAP: f64 = 0.14;

fn tint(binding: Binding) -> Tint {
    match binding {
        Binding::Nothing => EMPTY,
        Binding::NearLimit => MISSING,
        Binding::RecordLimit => VERMILLION,
        Binding::ByteLimit => PURPLE,
        Binding::ReadsRefused => SERIES[4],
        Binding::Behind => BLUE,
    }
}

fn name(binding: Binding) -> &'static str {
    match binding {
        Binding::Nothing => "nothing",
        Binding::NearLimit => "near a limit",
        Binding::RecordLimit => "record limit",
        Binding::ByteLimit => "byte limit",
        Binding::ReadsRefused => "reads refused",
        Binding::Behind => "behind",
    }
}

pub(super) fn chart(_: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let rows = &picture.binding[..picture.binding.len().min(ROWS_MAX)];
    let mut frame = Frame::new("binding", "What binds over time", description(rows));
    let margins = Margins { left: 330, ..Margins::USUAL };
    frame.height = margins.top + margins.bottom + ROW_HEIGHT * rows.len().max(2) as u32;
    let is_empty = picture.rows.is_empty();
    let hover = Hover::by_column(
        bounds(margins, frame.height),
        (0..picture.rows.len()).map(|index| column(picture, rows, index)).collect(),
    );
    let is_free = rows.iter().all(|row| row.bins.iter().all(|bin| *bin == Binding::Nothing));
    if is_empty || is_free {
        frame.height = HEIGHT_OF_NOTHING;
    }
    frame.draw((!is_empty && !is_free).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No time was simulated.");
        }
        if is_free {
            return nothing(area, free(rows.len()));
        }
        let seen = |binding: &Binding| rows.iter().any(|row| row.bins.contains(binding));
        let entries: Vec<_> = ALL
            .into_iter()
            .filter(seen)
            .map(|binding| (Mark::Area, tint(binding), name(binding).to_owned()))
            .collect();
        legend(area, &entries)?;
        let x = Axis::time(picture.simulated_seconds);
        let ticks = rows
            .iter()
            .enumerate()
            .map(|(index, row)| (rows.len() as f64 - index as f64 - 0.5, fitted(&row.name, 270.0)));
        let y = Axis { min: 0.0, max: rows.len() as f64, ticks: ticks.collect() };
        let title = time_title(picture.simulated_seconds);
        let mut plot = plot_on(area, margins, (&x, title), (&y, ""), Mesh::None)?;
        ribbons(&mut plot, picture, rows)
    })
}

/// What is said where nothing binds at any time, of the writes and of consumers.
fn free(rows: usize) -> &'static str {
    if rows > 1 {
        "No limit held the writes, and no consumer was refused or behind its objective, or a minute."
    } else {
        "No limit held the writes at any time."
    }
}

fn ribbons(plot: &mut Plot<'_, '_>, picture: &Picture, rows: &[BindingRow]) -> Drawn {
    for (index, row) in rows.iter().enumerate() {
        let top = rows.len() as f64 - index as f64;
        let mut start = 0;
        while start < row.bins.len() {
            let binding = row.bins[start];
            let alike = row.bins[start..].iter().take_while(|other| **other == binding).count();
            let last = &picture.rows[start + alike - 1];
            let from = picture.rows[start].start_seconds;
            let to = last.start_seconds + last.span_seconds;
            let corners = [(from, top - GAP), (to, top - 1.0 + GAP)];
            let cell = Rectangle::new(corners, tint(binding).light.filled());
            plot.draw_series([cell])?;
            start += alike;
        }
    }
    Ok(())
}

fn column(picture: &Picture, rows: &[BindingRow], index: usize) -> String {
    let states: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.name, name(*row.bins.get(index)?))))
        .collect();
    format!("{}: {}", moment(picture.rows[index].start_seconds), states.join(", "))
}

fn description(rows: &[BindingRow]) -> String {
    let shares: Vec<String> = rows
        .iter()
        .map(|row| {
            let free = row.bins.iter().filter(|bin| **bin == Binding::Nothing).count();
            let share = free as f64 / row.bins.len().max(1) as f64;
            format!("{} {} of the time", row.name, percent(share))
        })
        .collect();
    format!(
        "Which limit holds the writes, and which consumer is refused or behind (more than its \
         objective, or a minute), bin by bin. Held by nothing: {}.",
        shares.join(", ")
    )
}
