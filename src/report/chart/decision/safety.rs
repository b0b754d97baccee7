//! The map of safety of a sweep: where every objective is met, and where one is missed.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use crate::analysis::Verdict;
use crate::analysis::number::{percent, plain};
use crate::analysis::sweep::{SweepDocument, SweepPointResult};
use crate::report::chart::axis::Axis;
use crate::report::chart::frame::{
    Area, Drawn, Frame, Margins, Mark, Mesh, Plot, bounds, fitted, legend, nothing, plot_on, text,
    width_of,
};
use crate::report::chart::palette::{EMPTY, INK, MET, MISSING, Tint};
use crate::report::chart::{Chart, ChartError, HEIGHT, Hover, WIDTH};
use crate::report::figure_of_point;

/// Height of a row, as far as there is room.
const ROW_HEIGHT: u32 = 92;
/// Height of a line of words in a cell.
const LINE_HEIGHT: i32 = 34;
/// Highest drawing.
const HEIGHT_MAX: u32 = 2 * HEIGHT;
const MARGINS: Margins = Margins { left: 330, right: 50, top: 158, bottom: 104 };

/// The points of a cell: all with the same first two values.
struct Cell<'document> {
    points: Vec<&'document SweepPointResult>,
}

impl Cell<'_> {
    /// The worst verdict of the points.
    fn verdict(&self) -> Verdict {
        let has = |verdict| self.points.iter().any(|point| point.verdict == verdict);
        let worst = [Verdict::Fail, Verdict::Inconclusive, Verdict::Pass];
        worst.into_iter().find(|verdict| has(*verdict)).unwrap_or(Verdict::None)
    }

    /// The highest value of a figure.
    fn highest(&self, figure: impl Fn(&SweepPointResult) -> Option<f64>) -> Option<f64> {
        self.points.iter().filter_map(|point| figure(point)).reduce(f64::max)
    }
}

/// What stands in each cell.
struct Shown {
    name: &'static str,
    /// Path of the figure; none for the mean of the busiest shard.
    figure: Option<&'static str>,
}

pub(super) fn chart(document: &SweepDocument) -> Result<Chart, ChartError> {
    let (rows, columns) = axes(document);
    let cells = cells(document, &rows, &columns);
    let shown = shown(document);
    let mut frame = Frame::new("safety", "Where the objectives are met", describe(document));
    let has_cost = document.points.iter().any(|point| point.monthly_usd.is_some());
    let row = ROW_HEIGHT + if has_cost { LINE_HEIGHT as u32 } else { 0 };
    let height = MARGINS.top + MARGINS.bottom + row * rows.len().max(2) as u32;
    frame.height = height.min(HEIGHT_MAX);
    let notes = cells.iter().map(|cell| note(document, cell)).collect();
    let hover = Hover::by_cell(bounds(MARGINS, frame.height), columns.len(), notes);
    let is_empty = document.points.is_empty();
    frame.draw((!is_empty).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No point was simulated.");
        }
        let has = |verdict| cells.iter().any(|cell| cell.verdict() == verdict);
        let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::None];
        let mut entries: Vec<_> = all
            .into_iter()
            .filter(|verdict| has(*verdict))
            .map(|verdict| (Mark::Area, tint(verdict), legend_name(verdict).to_owned()))
            .collect();
        let cost = if has_cost { ", USD a month" } else { "" };
        entries.push((Mark::Words, INK, format!("In a cell: {}{cost}", shown.name)));
        legend(area, &entries)?;
        let width = f64::from(WIDTH - MARGINS.left - MARGINS.right) / columns.len() as f64;
        let x = named_axis(&columns, width - 12.0, false);
        let y = named_axis(&rows, 264.0, true);
        let (down, across) = titles(document);
        let mut plot = plot_on(area, MARGINS, (&x, &across), (&y, &down), Mesh::None)?;
        fill(area, &mut plot, &cells, (rows.len(), columns.len()), document, &shown)
    })
}

/// The values down and across; one path is across.
fn axes(document: &SweepDocument) -> (Vec<String>, Vec<String>) {
    match &document.values[..] {
        [] => (vec![String::new()], vec![String::new()]),
        [only] => (vec![String::new()], only.clone()),
        [down, across, ..] => (down.clone(), across.clone()),
    }
}

/// Row by row.
fn cells<'document>(
    document: &'document SweepDocument,
    rows: &[String],
    columns: &[String],
) -> Vec<Cell<'document>> {
    let two = document.paths.len() > 1;
    let of = |row: &String, column: &String| {
        let is_in = |point: &&SweepPointResult| match &point.values[..] {
            [down, across, ..] if two => down == row && across == column,
            [only] => only == column,
            _ => true,
        };
        Cell { points: document.points.iter().filter(is_in).collect() }
    };
    rows.iter()
        .flat_map(|row| columns.iter().map(move |column| (row, column)))
        .map(|(row, column)| of(row, column))
        .collect()
}

/// Throttling where there is any; else how full the busiest shard is.
fn shown(document: &SweepDocument) -> Shown {
    let path = "stream.write_throttled_ratio";
    let throttles = document
        .points
        .iter()
        .any(|point| figure_of_point(document, point, path).is_some_and(|value| value > 0.0));
    if throttles {
        Shown { name: "attempts throttled", figure: Some(path) }
    } else {
        Shown { name: "mean of the busiest shard", figure: None }
    }
}

fn value(document: &SweepDocument, cell: &Cell<'_>, shown: &Shown) -> String {
    let highest = match shown.figure {
        Some(path) => cell.highest(|point| figure_of_point(document, point, path)),
        None => cell.highest(|point| Some(point.hottest_shard_utilization_mean)),
    };
    highest.map_or(String::new(), percent)
}

/// Names in the middles of cells, as far as they keep apart.
fn named_axis(names: &[String], room: f64, is_down: bool) -> Axis {
    let count = names.len() as f64;
    let widest = names.iter().map(|name| width_of(name)).fold(0.0, f64::max);
    // Across, names may take the room of several cells; then some are left out.
    let every = if is_down { names.len().div_ceil(20) } else { (widest / room).ceil() as usize };
    let every = every.clamp(1, 6);
    let ticks = names.iter().enumerate().filter(|(index, _)| index.is_multiple_of(every));
    let ticks = ticks.map(|(index, name)| {
        let middle = index as f64 + 0.5;
        let at = if is_down { count - middle } else { middle };
        let room = if is_down { room } else { room * every as f64 };
        (at, fitted(name, room))
    });
    Axis { min: 0.0, max: count, ticks: ticks.collect() }
}

/// What changes down, empty where nothing does, and across.
fn titles(document: &SweepDocument) -> (String, String) {
    let last = |path: &String| {
        let words: Vec<&str> = path.rsplit('.').take(2).collect();
        words.into_iter().rev().collect::<Vec<_>>().join(" ").replace('_', " ")
    };
    match &document.paths[..] {
        [] => (String::new(), String::new()),
        [only] => (String::new(), last(only)),
        [down, across, ..] => (last(down), last(across)),
    }
}

fn fill(
    area: &Area<'_>,
    plot: &mut Plot<'_, '_>,
    cells: &[Cell<'_>],
    (rows, columns): (usize, usize),
    document: &SweepDocument,
    shown: &Shown,
) -> Drawn {
    for (index, cell) in cells.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let top = (rows - row) as f64;
        let left = column as f64;
        let (from, to) =
            (plot.backend_coord(&(left, top)), plot.backend_coord(&(left + 1.0, top - 1.0)));
        let corners = [(from.0 + 2, from.1 + 2), (to.0 - 2, to.1 - 2)];
        area.draw(&Rectangle::new(corners, tint(cell.verdict()).light.filled()))?;
        let mut words = vec![word(cell.verdict()).to_owned(), value(document, cell, shown)];
        words.extend(cost(cell));
        write(area, &words, (from, to))?;
    }
    Ok(())
}

/// The words of a cell, a line each, as many as there is room for.
fn write(area: &Area<'_>, words: &[String], (from, to): ((i32, i32), (i32, i32))) -> Drawn {
    let (width, height) = (f64::from(to.0 - from.0), to.1 - from.1);
    let fits = |words: &&[String]| {
        let widest = words.iter().map(|word| width_of(word)).fold(0.0, f64::max);
        widest + 8.0 <= width && words.len() as i32 * LINE_HEIGHT <= height + 4
    };
    let candidates = [words, &words[..2]];
    let Some(words) = candidates.into_iter().find(fits) else { return Ok(()) };
    let middle = (i32::midpoint(from.0, to.0), i32::midpoint(from.1, to.1));
    let first = middle.1 - (words.len() as i32 - 1) * LINE_HEIGHT / 2;
    for (line, word) in words.iter().enumerate() {
        let at = (middle.0, first + line as i32 * LINE_HEIGHT);
        text(area, word, at, HPos::Center, INK)?;
    }
    Ok(())
}

/// The highest cost of a month of the points of a cell.
fn cost(cell: &Cell<'_>) -> Option<String> {
    let amount = cell.highest(|point| point.monthly_usd)?;
    Some(format!("{} USD", plain(amount)))
}

fn tint(verdict: Verdict) -> Tint {
    match verdict {
        Verdict::Pass => MET,
        Verdict::Fail => MISSING,
        Verdict::Inconclusive | Verdict::None => EMPTY,
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "met",
        Verdict::Fail => "MISSED",
        Verdict::Inconclusive => "open",
        Verdict::None => "",
    }
}

fn legend_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "every objective met",
        Verdict::Fail => "one missed",
        Verdict::Inconclusive => "chance decides",
        Verdict::None => "nothing was asked",
    }
}

fn note(document: &SweepDocument, cell: &Cell<'_>) -> String {
    let Some(point) = cell.points.first() else { return "not simulated".to_owned() };
    let paths = document.paths.iter().zip(&point.values).take(2);
    let values: Vec<String> = paths.map(|(path, value)| format!("{path} = {value}")).collect();
    let throttled = Shown { name: "", figure: Some("stream.write_throttled_ratio") };
    let busiest = Shown { name: "", figure: None };
    format!(
        "{}: {}, {} of attempts throttled, busiest shard at {} on average{}",
        values.join(", "),
        legend_name(cell.verdict()),
        value(document, cell, &throttled),
        value(document, cell, &busiest),
        cost(cell).map_or(String::new(), |cost| format!(", {cost} a month")),
    )
}

fn describe(document: &SweepDocument) -> String {
    let met = document.points.iter().filter(|point| point.verdict == Verdict::Pass).count();
    let worst = match document.paths.get(2..).filter(|rest| !rest.is_empty()) {
        Some(rest) => format!(" A cell is the worst over the values of {}.", rest.join(" and ")),
        None => String::new(),
    };
    format!(
        "{met} of {} points meet every objective, with {} replications each. The figure in a cell \
         is {}.{worst}",
        document.points.len(),
        document.replications,
        match shown(document).figure {
            Some(_) => "the throttled share of attempts",
            None => "how full the busiest shard is on average",
        },
    )
}
