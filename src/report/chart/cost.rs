//! The bill of a month as stacked bars: the whole, the stream, and each consumer.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::frame::{
    Area, Drawn, Frame, MARK_WIDTH, Margins, Mark, Mesh, Plot, bounds, fitted, line, nothing,
    plot_on, swatch, text, text_on_paper, width_of,
};
use super::palette::{AXIS, INK, OBJECTIVE, SERIES, Tint};
use super::{Chart, ChartError, Hover, WIDTH};
use crate::analysis::cost::{CostLine, CostResult};
use crate::analysis::number::{count, plain};
use crate::analysis::{ObjectiveResult, ResultDocument, Unit};

/// Height of a bar with its gap.
const ROW_HEIGHT: u32 = 72;
/// Room between two bars, as a part of a row.
const GAP: f64 = 0.2;
/// Most bars; what is left goes into the last one.
const ROWS_MAX: usize = 9;
/// Items with a colour of their own; what is left has one colour.
const ITEMS_MAX: usize = 5;
/// Height of a row of the legend.
const LEGEND_ROW: u32 = 40;
/// Room for a bar's sum at the right; the legend has as many rows as it needs.
const MARGINS: Margins = Margins { left: 330, right: 250, top: 116, bottom: 104 };

/// A bar: whose it is, and what each item adds.
struct Bar {
    name: String,
    items: Vec<f64>,
}

impl Bar {
    fn sum(&self) -> f64 {
        self.items.iter().sum()
    }
}

pub(super) fn chart(document: &ResultDocument, cost: &CostResult) -> Result<Chart, ChartError> {
    let items = items(&cost.lines);
    let bars = bars(&cost.lines, &items);
    let objective = document.objectives.iter().find(|each| each.unit == Unit::Usd);
    let title = format!("A month of {} h in {}", cost.month_hours, cost.region);
    let mut frame = Frame::new("cost", &title, description(cost, &bars, objective));
    let legend = legend_rows(&items);
    let margins = Margins { top: MARGINS.top + LEGEND_ROW * legend.len() as u32, ..MARGINS };
    frame.height = margins.top + margins.bottom + ROW_HEIGHT * bars.len().max(2) as u32;
    let total = cost.monthly_usd.as_f64();
    let notes = bars.iter().map(|bar| note(bar, &items)).collect();
    let hover = Hover::by_cell(bounds(margins, frame.height), 1, notes);
    frame.draw((total > 0.0).then_some(hover), |area| {
        if total <= 0.0 {
            return nothing(area, "No item of the bill costs anything.");
        }
        names_of_items(area, &items, &legend)?;
        let most = objective.map_or(total, |objective| objective.target.max(total));
        let x = Axis::from_zero(most, plain);
        let rows = bars.len() as f64;
        let ticks = bars.iter().enumerate();
        let ticks = ticks.map(|(index, bar)| (rows - index as f64 - 0.5, fitted(&bar.name, 270.0)));
        let y = Axis { min: 0.0, max: rows, ticks: ticks.collect() };
        let mut plot = plot_on(area, margins, (&x, "USD a month"), (&y, ""), Mesh::Upright)?;
        if let Some(objective) = objective {
            bound(area, &mut plot, objective.target, rows)?;
        }
        stack(area, &mut plot, &bars)
    })
}

/// From the name of an item to the next mark.
const ITEM_GAP: f64 = 36.0;

/// The items of each row of the legend: as many as fit, since their names are long.
fn legend_rows(items: &[String]) -> Vec<Vec<usize>> {
    let room = f64::from(WIDTH) - 80.0;
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut used = room;
    for (index, name) in items.iter().enumerate() {
        let width = MARK_WIDTH + width_of(name);
        if used + width > room {
            rows.push(Vec::new());
            used = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push(index);
        }
        used += width + ITEM_GAP;
    }
    rows
}

fn names_of_items(area: &Area<'_>, items: &[String], rows: &[Vec<usize>]) -> Drawn {
    for (row, indices) in rows.iter().enumerate() {
        let middle = 104 + row as i32 * LEGEND_ROW as i32;
        let mut left = 40.0;
        for index in indices {
            let name = fitted(&items[*index], f64::from(WIDTH) - 130.0);
            swatch(area, Mark::Area, tint(*index), (left as i32, middle))?;
            let start = left + MARK_WIDTH;
            text(area, &name, (start as i32, middle), HPos::Left, INK)?;
            left = start + width_of(&name) + ITEM_GAP;
        }
    }
    Ok(())
}

fn tint(item: usize) -> Tint {
    if item < ITEMS_MAX { SERIES[item] } else { AXIS }
}

/// What is billed, the dearest first; the last name stands for all others where there are more.
fn items(lines: &[CostLine]) -> Vec<String> {
    let mut sums: Vec<(String, f64)> = Vec::new();
    for line in lines {
        let amount = line.monthly_usd.as_f64();
        match sums.iter_mut().find(|(name, _)| *name == line.description) {
            Some((_, sum)) => *sum += amount,
            None => sums.push((line.description.clone(), amount)),
        }
    }
    sums.retain(|(_, sum)| *sum > 0.0);
    // Stable: equal items stay in the order of the bill.
    sums.sort_by(|one, other| other.1.total_cmp(&one.1));
    let more = sums.len() > ITEMS_MAX + 1;
    sums.truncate(if more { ITEMS_MAX } else { ITEMS_MAX + 1 });
    let mut names: Vec<String> = sums.into_iter().map(|(name, _)| name).collect();
    names.extend(more.then(|| "all else".to_owned()));
    names
}

/// The whole bill, then the stream and each consumer that costs something.
fn bars(lines: &[CostLine], items: &[String]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    let mut whole = vec![0.0; items.len()];
    for line in lines {
        let amount = line.monthly_usd.as_f64();
        let own = items.iter().position(|name| *name == line.description);
        let Some(item) = own.or(items.len().checked_sub(1)) else { continue };
        if amount <= 0.0 {
            continue;
        }
        whole[item] += amount;
        let name = line.consumer.as_deref().unwrap_or("stream");
        match bars.iter_mut().find(|bar| bar.name == name) {
            Some(bar) => bar.items[item] += amount,
            None => {
                let mut items = vec![0.0; items.len()];
                items[item] = amount;
                bars.push(Bar { name: name.to_owned(), items });
            }
        }
    }
    if bars.len() > ROWS_MAX {
        let rest = bars.split_off(ROWS_MAX - 1);
        let mut items = vec![0.0; items.len()];
        for bar in &rest {
            items.iter_mut().zip(&bar.items).for_each(|(sum, amount)| *sum += amount);
        }
        bars.push(Bar { name: format!("{} more", count(rest.len() as u64)), items });
    }
    if bars.len() > 1 {
        bars.insert(0, Bar { name: "whole bill".to_owned(), items: whole });
    }
    bars
}

/// The bars with their sums at their ends.
fn stack(area: &Area<'_>, plot: &mut Plot<'_, '_>, bars: &[Bar]) -> Drawn {
    for (row, bar) in bars.iter().enumerate() {
        let top = (bars.len() - row) as f64;
        let mut from = 0.0;
        for (item, amount) in bar.items.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
            let corners = [(from, top - GAP), (from + amount, top - 1.0 + GAP)];
            plot.draw_series([Rectangle::new(corners, tint(item).light.filled())])?;
            from += amount;
        }
        let (x, y) = plot.backend_coord(&(from, top - 0.5));
        text_on_paper(area, &usd(bar.sum()), (x + 14, y), HPos::Left, INK)?;
    }
    Ok(())
}

/// The objective as a line down, named above the plot.
fn bound(area: &Area<'_>, plot: &mut Plot<'_, '_>, target: f64, rows: f64) -> Drawn {
    line(plot, [(target, 0.0), (target, rows)], OBJECTIVE.light, 4)?;
    let (x, y) = plot.backend_coord(&(target, rows));
    text(area, &format!("objective {}", usd(target)), (x, y - 16), HPos::Right, OBJECTIVE)
}

fn usd(amount: f64) -> String {
    if amount > 0.0 && amount < 0.005 {
        return "under a cent".to_owned();
    }
    let cents = (amount * 100.0).round() as u64;
    format!("{}.{:02} USD", count(cents / 100), cents % 100)
}

fn note(bar: &Bar, items: &[String]) -> String {
    let parts = bar.items.iter().zip(items).filter(|(amount, _)| **amount > 0.0);
    let parts: Vec<String> =
        parts.map(|(amount, name)| format!("{name} {}", usd(*amount))).collect();
    format!("{}: {}", bar.name, parts.join(", "))
}

fn description(cost: &CostResult, bars: &[Bar], objective: Option<&ObjectiveResult>) -> String {
    let parts: Vec<String> = bars
        .iter()
        .filter(|bar| bars.len() == 1 || bar.name != "whole bill")
        .map(|bar| format!("{} {}", bar.name, usd(bar.sum())))
        .collect();
    let bound = objective
        .map_or(String::new(), |objective| format!(" At most {} may be.", usd(objective.target)));
    format!(
        "{} at the rate of this run, {}: {}.{bound}",
        usd(cost.monthly_usd.as_f64()),
        cost.mode.title(),
        parts.join("; ")
    )
}
