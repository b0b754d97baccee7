//! Paired differences of variants from the baseline with their intervals, a panel a figure.

use plotters::element::{Circle, PathElement};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use crate::analysis::Unit;
use crate::analysis::compare::{ComparisonDocument, FigureComparison, PairedDifference};
use crate::analysis::number::plain;
use crate::report::chart::axis::round_step;
use crate::report::chart::frame::{
    Area, Drawn, Frame, Mark, bounds, fitted, legend, nothing, text,
};
use crate::report::chart::frame::{Margins, width_of};
use crate::report::chart::palette::{AXIS, BLUE, GRID, INK, SOFT_INK, Tint, VERMILLION};
use crate::report::chart::{Chart, ChartError, Hover, WIDTH};
use crate::report::signed;

/// Panels that are drawn; the table has all figures.
const PANELS_MAX: usize = 8;
/// Panels side by side.
const PANELS_ACROSS: usize = 2;
/// Variants that are drawn beside the baseline.
const VARIANTS_MAX: usize = 10;
/// Height of a variant's row.
const ROW: i32 = 46;
/// Above the rows of a panel: its name.
const HEAD: i32 = 46;
/// Below them: the labels of the axis, and room to the next panel.
const FOOT: i32 = 92;
/// Where the first panel begins.
const TOP: i32 = 156;
/// Least and most room for the names of variants at the left of a panel.
const NAMES: [i32; 2] = [150, 430];
/// The figure that is drawn whatever stands before it.
const COST: &str = "cost.monthly_usd";
/// Room between two panels.
const GUTTER: i32 = 60;

/// One figure of all variants but the baseline.
struct Panel<'document> {
    name: String,
    unit: Unit,
    rows: Vec<(&'document str, Option<PairedDifference>)>,
}

pub(super) fn chart(document: &ComparisonDocument) -> Result<Chart, ChartError> {
    let differing: Vec<&FigureComparison> =
        document.figures.iter().filter(|figure| differs(figure)).collect();
    let mut chosen = differing.clone();
    if chosen.len() > PANELS_MAX {
        let cost = chosen.iter().position(|figure| figure.name == COST);
        let last = cost.map_or(PANELS_MAX - 1, |at| at.max(PANELS_MAX - 1));
        chosen.swap(PANELS_MAX - 1, last);
        chosen.truncate(PANELS_MAX);
    }
    let panels: Vec<Panel<'_>> = chosen.iter().map(|figure| panel(document, figure)).collect();
    let more = differing.len() - panels.len();
    let title = format!("Differences from {}", fitted(&document.variants[0].name, 600.0));
    let mut frame = Frame::new("differences", &title, describe(document, more));
    let rows = document.variants.len().saturating_sub(1).clamp(1, VARIANTS_MAX) as i32;
    let height = HEAD + rows * ROW + FOOT;
    let down = panels.len().div_ceil(PANELS_ACROSS).max(1) as i32;
    frame.height = (TOP + down * height) as u32;
    let hover = (!panels.is_empty()).then(|| hover(&panels, frame.height));
    frame.draw(hover, |area| {
        if panels.is_empty() {
            return nothing(area, "No figure differs between the variants.");
        }
        let entries = [
            (Mark::Area, BLUE, "certainly less".to_owned()),
            (Mark::Area, VERMILLION, "certainly more".to_owned()),
            (Mark::Area, SOFT_INK, "may be equal: the interval of 95 % holds zero".to_owned()),
        ];
        legend(area, &entries)?;
        let width = (WIDTH as i32 - 80 - GUTTER) / PANELS_ACROSS as i32;
        for (index, panel) in panels.iter().enumerate() {
            let left = 40 + (index % PANELS_ACROSS) as i32 * (width + GUTTER);
            let top = TOP + (index / PANELS_ACROSS) as i32 * height;
            draw(area, panel, (left, top), width)?;
        }
        Ok(())
    })
}

fn differs(figure: &FigureComparison) -> bool {
    let mut differences = figure.variants.iter().filter_map(|each| each.difference);
    differences.any(|each| each.mean.abs() > 0.0)
}

fn panel<'document>(
    document: &'document ComparisonDocument,
    figure: &FigureComparison,
) -> Panel<'document> {
    let rows = document.variants.iter().zip(&figure.variants).skip(1).take(VARIANTS_MAX);
    Panel {
        name: spoken(figure),
        unit: figure.unit,
        rows: rows.map(|(variant, seen)| (variant.name.as_str(), seen.difference)).collect(),
    }
}

/// What a figure is, in words: `consumers.lake.iterator_age_ms.p99` is `iterator age p99 of lake`.
fn spoken(figure: &FigureComparison) -> String {
    let name = figure.name.trim_start_matches("stream.").trim_start_matches("truth.");
    if name == COST {
        return "cost of a month, USD".to_owned();
    }
    let of_one = name.strip_prefix("producers.").or_else(|| name.strip_prefix("consumers."));
    let (whose, what) = of_one.and_then(|rest| rest.split_once('.')).unwrap_or(("", name));
    let what = what.replace("_ms.", " ").replace(['_', '.'], " ");
    let what = if figure.unit == Unit::Multiple { format!("{what}, times") } else { what };
    if whose.is_empty() { what } else { format!("{what} of {whose}") }
}

/// Lowest and highest of all ends of intervals, zero within.
fn range(panel: &Panel<'_>) -> (f64, f64) {
    let ends = panel.rows.iter().filter_map(|row| row.1).flat_map(|difference| {
        difference.ci95.unwrap_or([difference.mean; 2]).into_iter().chain([difference.mean])
    });
    let (low, high) =
        ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let room = (high - low).max(1e-12) * 0.06;
    (low - room, high + room)
}

/// Room for the names of all variants, as far as the plot can spare it.
fn room_for_names(panel: &Panel<'_>) -> i32 {
    let widest = panel.rows.iter().map(|(name, _)| width_of(name)).fold(0.0, f64::max);
    (widest as i32 + 24).clamp(NAMES[0], NAMES[1])
}

fn draw(area: &Area<'_>, panel: &Panel<'_>, (left, top): (i32, i32), width: i32) -> Drawn {
    let name = fitted(&panel.name, f64::from(width));
    text(area, &name, (left, top + 14), HPos::Left, INK)?;
    let (low, high) = range(panel);
    let names = room_for_names(panel);
    let (start, end) = (left + names, left + width);
    let at =
        |value: f64| start + ((value - low) / (high - low) * f64::from(end - start)).round() as i32;
    let (first, last) = (top + HEAD, top + HEAD + ROW * panel.rows.len() as i32);
    ticks(area, panel.unit, (low, high), (first, last), &at)?;
    stroke(area, [(start, last), (end, last)], AXIS, 2)?;
    stroke(area, [(at(0.0), first), (at(0.0), last)], AXIS, 3)?;
    for (index, (name, difference)) in panel.rows.iter().enumerate() {
        let middle = first + ROW * index as i32 + ROW / 2;
        let label = fitted(name, f64::from(names) - 24.0);
        text(area, &label, (start - 14, middle), HPos::Right, SOFT_INK)?;
        let Some(difference) = difference else { continue };
        let tint = sure(*difference);
        if let Some([from, to]) = difference.ci95 {
            stroke(area, [(at(from), middle), (at(to), middle)], tint, 6)?;
            for end in [from, to] {
                stroke(area, [(at(end), middle - 9), (at(end), middle + 9)], tint, 4)?;
            }
        }
        area.draw(&Circle::new((at(difference.mean), middle), 9, tint.light.filled()))?;
    }
    Ok(())
}

/// Lines down at round differences, with their labels as far as they keep apart.
fn ticks(
    area: &Area<'_>,
    unit: Unit,
    (low, high): (f64, f64),
    (first, last): (i32, i32),
    at: &dyn Fn(f64) -> i32,
) -> Drawn {
    let step = round_step((high - low) / 4.0);
    let mut free = i32::MIN;
    for index in (low / step).ceil() as i64..=(high / step).floor() as i64 {
        let value = index as f64 * step;
        let x = at(value);
        stroke(area, [(x, first), (x, last + 8)], GRID, 2)?;
        let label = if index == 0 { "0".to_owned() } else { tick(value, unit) };
        let half = (width_of(&label) / 2.0) as i32;
        if x - half > free && x + half < WIDTH as i32 - 8 {
            text(area, &label, (x, last + 28), HPos::Center, SOFT_INK)?;
            free = x + half + 16;
        }
    }
    Ok(())
}

/// A label short enough for an axis; what has no unit in it has that in the panel's name.
fn tick(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio | Unit::Ms => signed(value, unit),
        Unit::Multiple | Unit::Records | Unit::Usd => {
            format!("{}{}", if value < 0.0 { "-" } else { "+" }, plain(value.abs()))
        }
    }
}

/// What can be said of the sign.
fn sure(difference: PairedDifference) -> Tint {
    match difference.ci95 {
        Some([_, high]) if high < 0.0 => BLUE,
        Some([low, _]) if low > 0.0 => VERMILLION,
        _ => SOFT_INK,
    }
}

fn stroke(area: &Area<'_>, points: [(i32, i32); 2], tint: Tint, width: u32) -> Drawn {
    area.draw(&PathElement::new(points.to_vec(), tint.light.stroke_width(width)))?;
    Ok(())
}

/// A text for each panel under the pointer.
fn hover(panels: &[Panel<'_>], height: u32) -> Hover {
    let margins = Margins { left: 40, right: 40, top: TOP as u32, bottom: 0 };
    let mut notes: Vec<String> = panels.iter().map(note).collect();
    while !notes.len().is_multiple_of(PANELS_ACROSS) {
        notes.push("no figure".to_owned());
    }
    Hover::by_cell(bounds(margins, height), PANELS_ACROSS, notes)
}

fn note(panel: &Panel<'_>) -> String {
    let rows = panel.rows.iter().filter_map(|(name, difference)| {
        let difference = (*difference)?;
        let interval = difference.ci95.map_or(String::new(), |[low, high]| {
            format!(" [{}, {}]", signed(low, panel.unit), signed(high, panel.unit))
        });
        Some(format!("{name} {}{interval}", signed(difference.mean, panel.unit)))
    });
    format!("{}: {}", panel.name, rows.collect::<Vec<_>>().join("; "))
}

fn describe(document: &ComparisonDocument, more: usize) -> String {
    let more = match more {
        0 => String::new(),
        more => format!(" {more} more figures differ; the table has them."),
    };
    let winner = document.winner.as_ref().map_or(String::new(), |winner| {
        format!(" To choose: {}, because {}.", winner.name, winner.reason)
    });
    format!(
        "Each variant less the baseline over {} pairs of replications that met the same records, \
         with Student's interval of 95 % of the mean difference; shares differ by percentage \
         points.{winner}{more}",
        document.replications
    )
}
