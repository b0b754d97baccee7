//! Shards by time: how full each is, and how much it refuses.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, moment, time_title};
use super::frame::{
    Area, Drawn, Frame, HEIGHT_OF_NOTHING, Margins, Plot, bounds, nothing, plot, text,
};
use super::palette::{EMPTY, HEAT, REFUSED, SOFT_INK, Tint};
use super::{Chart, ChartError, Hover, WIDTH};
use crate::analysis::number::{of, percent};
use crate::analysis::{HeatMap, HeatRow, Picture, ResultDocument};

/// A cell in seconds and rows.
type Cell = Rectangle<(f64, f64)>;

/// Stands for the percentage of a shard that is not open; the script of the page knows it.
const NOT_OPEN: &str = "-";
/// Most labels of rows.
const LABELS_MAX: usize = 14;
/// Upper ends of the steps of refused attempts; what is above the last has the last colour.
const REFUSED_STEPS: [f64; 4] = [0.01, 0.05, 0.2, 0.5];

pub(super) fn utilization(
    document: &ResultDocument,
    picture: &Picture,
) -> Result<Chart, ChartError> {
    let stream = &document.stream;
    let words = format!(
        "How full the scarcer write limit of each shard is on average over {}. The fullest shard \
         is at {} on average and at {} in its fullest second.",
        column(picture),
        percent(stream.hottest_shard_utilization_mean),
        percent(stream.truth.hottest_shard_utilization_peak_1s),
    );
    let frame = Frame::new("utilization", "How full each shard is", words);
    let colour = |value: f64| {
        let step = (value.max(0.0) * 10.0).floor() as usize;
        HEAT[step.min(HEAT.len() - 1)]
    };
    let steps: Vec<(Tint, String)> = HEAT
        .iter()
        .enumerate()
        .map(|(index, tint)| {
            let is_named = index % 2 == 0;
            (*tint, if is_named { format!("{} %", index * 10) } else { String::new() })
        })
        .collect();
    map(
        frame,
        picture,
        &steps,
        ("of its write limit", "No shard took a record."),
        |row| &row.utilization,
        colour,
    )
}

pub(super) fn throttling(
    document: &ResultDocument,
    picture: &Picture,
) -> Result<Chart, ChartError> {
    let throttling = document.shards.iter().filter(|shard| shard.write_throttled_records > 0);
    let many = throttling.count() as u64;
    let words = if many == 0 {
        "No shard refused anything.".to_owned()
    } else {
        format!(
            "Share of the attempts at each shard that it refuses, over {}. {} of {} refuse \
             records at some time.",
            column(picture),
            many,
            of(document.shards.len() as u64, "shard"),
        )
    };
    let frame = Frame::new("throttling", "What each shard refuses", words);
    let colour = |value: f64| {
        if value <= 0.0 {
            return EMPTY;
        }
        REFUSED[REFUSED_STEPS.iter().filter(|step| value > **step).count()]
    };
    let names = ["to 1 %", "to 5 %", "to 20 %", "to 50 %", "above"];
    let mut steps = vec![(EMPTY, "none".to_owned())];
    steps.extend(REFUSED.iter().zip(names).map(|(tint, name)| (*tint, name.to_owned())));
    map(
        frame,
        picture,
        &steps,
        ("of its attempts refused", "No shard refused anything."),
        |row| &row.throttled_ratio,
        colour,
    )
}

fn column(picture: &Picture) -> String {
    let seconds = picture.heat.column_seconds;
    let each = crate::analysis::number::seconds(seconds);
    match picture.heat.shards_per_row {
        0 | 1 => format!("columns of {each}"),
        many => format!("columns of {each}, each row the worst of {many} neighbouring shards"),
    }
}

fn map(
    mut frame: Frame,
    picture: &Picture,
    steps: &[(Tint, String)],
    (meaning, nothing_seen): (&'static str, &str),
    values: fn(&HeatRow) -> &Vec<f64>,
    colour: impl Fn(f64) -> Tint,
) -> Result<Chart, ChartError> {
    let heat = &picture.heat;
    let margins = Margins { left: 220, ..Margins::USUAL };
    let is_empty = heat.rows.is_empty() || heat.columns == 0;
    let is_zero = !heat.rows.iter().any(|row| values(row).iter().any(|value| *value > 0.0));
    if is_empty || is_zero {
        frame.height = HEIGHT_OF_NOTHING;
    }
    let hover = Hover {
        area: bounds(margins, frame.height),
        columns: (0..heat.columns).map(|at| moment(at as f64 * heat.column_seconds)).collect(),
        rows: heat.rows.iter().map(row_name).collect(),
        cells: heat.rows.iter().map(|row| percentages(values(row))).collect(),
        meaning,
        notes: Vec::new(),
    };
    frame.draw((!is_empty && !is_zero).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No time was simulated.");
        }
        if is_zero {
            return nothing(area, nothing_seen);
        }
        scale(area, steps, meaning)?;
        let x = Axis::time(picture.simulated_seconds);
        let y = Axis { min: 0.0, max: heat.rows.len() as f64, ticks: labels(heat) };
        let title = time_title(picture.simulated_seconds);
        let what = if heat.shards_per_row > 1 { "shards by hash key" } else { "shard" };
        let mut plot = plot(area, margins, (&x, title), (&y, what))?;
        cells(&mut plot, picture, values, colour)
    })
}

/// Draws colour by colour, so that a file holds one path for each.
fn cells(
    plot: &mut Plot<'_, '_>,
    picture: &Picture,
    values: fn(&HeatRow) -> &Vec<f64>,
    colour: impl Fn(f64) -> Tint,
) -> Drawn {
    let heat = &picture.heat;
    let mut drawn: Vec<(String, Vec<Cell>)> = Vec::new();
    let rows = heat.rows.len() as f64;
    for (index, row) in heat.rows.iter().enumerate() {
        let (top, bottom) = (rows - index as f64, rows - index as f64 - 1.0);
        let values = values(row);
        let mut start = 0;
        while start < values.len() {
            // Where no shard is open there is paper.
            let tint_of = |value: f64| (!value.is_nan()).then(|| colour(value));
            let tint = tint_of(values[start]);
            let alike = values[start..].iter().take_while(|value| tint_of(**value) == tint).count();
            let (from, to) = (start, start + alike);
            start = to;
            let Some(tint) = tint else { continue };
            let seconds = |column: usize| {
                (column as f64 * heat.column_seconds).min(picture.simulated_seconds)
            };
            let corners = [(seconds(from), top), (seconds(to), bottom)];
            let cell = Rectangle::new(corners, tint.light.filled());
            let name = super::palette::hexadecimal(tint.light);
            match drawn.iter_mut().find(|(other, _)| *other == name) {
                Some((_, cells)) => cells.push(cell),
                None => drawn.push((name, vec![cell])),
            }
        }
    }
    drawn.sort_by(|one, other| one.0.cmp(&other.0));
    plot.draw_series(drawn.into_iter().flat_map(|(_, cells)| cells))?;
    Ok(())
}

/// The steps of colour from left to right, named where there is a name.
fn scale(area: &Area<'_>, steps: &[(Tint, String)], meaning: &str) -> Drawn {
    let (top, bottom) = (98, 126);
    let has_names_within = steps.iter().all(|(_, name)| !name.is_empty());
    let mut left = 40;
    for (tint, name) in steps {
        let width = if has_names_within { 44 } else { 56 };
        let corners = [(left, top), (left + width, bottom)];
        area.draw(&Rectangle::new(corners, tint.light.filled()))?;
        if has_names_within {
            let at = (left + width + 10, (top + bottom) / 2);
            text(area, name, at, HPos::Left, SOFT_INK)?;
            left += width + 10 + (super::frame::width_of(name) as i32) + 24;
        } else {
            left += width;
        }
    }
    if !has_names_within {
        // The ends are enough: the steps between them are even.
        let at = (left + 14, (top + bottom) / 2);
        return text(
            area,
            &format!("from 0 % to 100 % and above {meaning}"),
            at,
            HPos::Left,
            SOFT_INK,
        );
    }
    text(area, meaning, ((left + 6).min(WIDTH as i32), 112), HPos::Left, SOFT_INK)
}

/// Names of some rows, in the middle of each.
fn labels(heat: &HeatMap) -> Vec<(f64, String)> {
    let rows = heat.rows.len();
    let every = rows.div_ceil(LABELS_MAX).max(1);
    let named = heat.rows.iter().enumerate().filter(|(index, _)| index.is_multiple_of(every));
    named.map(|(index, row)| (rows as f64 - index as f64 - 0.5, short_name(row))).collect()
}

fn number(shard_id: &str) -> &str {
    let digits = shard_id.trim_start_matches("shardId-").trim_start_matches('0');
    if digits.is_empty() { "0" } else { digits }
}

/// The numbers of the shards in a row.
fn short_name(row: &HeatRow) -> String {
    let (first, last) = (number(&row.first_shard_id), number(&row.last_shard_id));
    let name = if first == last { first.to_owned() } else { format!("{first}–{last}") };
    super::frame::fitted(&name, 170.0)
}

fn row_name(row: &HeatRow) -> String {
    if row.first_shard_id == row.last_shard_id {
        return row.first_shard_id.clone();
    }
    format!("{} to {}, the worst of them", row.first_shard_id, number(&row.last_shard_id))
}

fn percentages(values: &[f64]) -> String {
    let whole: Vec<String> = values.iter().map(|value| cell(*value)).collect();
    whole.join(" ")
}

/// A percentage in few characters; what is not zero does not read as zero.
fn cell(value: f64) -> String {
    let hundredths = value * 100.0;
    if hundredths.is_nan() {
        return NOT_OPEN.to_owned();
    }
    if hundredths > 0.0 && hundredths < 1.0 {
        return format!("{:.2}", hundredths.max(0.01)).trim_start_matches('0').to_owned();
    }
    format!("{hundredths:.0}")
}
