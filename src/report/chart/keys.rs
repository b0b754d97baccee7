//! Concentration of keys: the curve of Lorenz from its steep end, and the hottest keys.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::frame::{
    Area, Drawn, Frame, HEIGHT_OF_NOTHING, Margins, Mark, fitted, legend, line, nothing, plot, text,
};
use super::palette::{BLUE, EMPTY, GREEN, INK, LIMIT, SOFT_INK, VERMILLION};
use super::{Chart, ChartError, WIDTH};
use crate::analysis::number::{count, percent, plain, short_count};
use crate::analysis::{KeyConcentration, Picture, ResultDocument};

/// Where the bars begin.
const BARS_LEFT: i32 = 1_010;
/// Room for the name of a key above its bar.
const BAR_HEIGHT: i32 = 12;

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let keys = &picture.keys;
    let mut frame = Frame::new("keys", "How much the hottest keys carry", description(keys));
    let total = document.stream.generated_records;
    if keys.curve.is_empty() {
        frame.height = HEIGHT_OF_NOTHING;
    }
    frame.draw(None, |area| {
        if keys.curve.is_empty() {
            let words = if total == 0 {
                "No records were generated."
            } else {
                "Every record has a key of its own, so no key is hot."
            };
            return nothing(area, words);
        }
        let mut entries = vec![
            (Mark::Line, BLUE, "hottest keys together".to_owned()),
            (Mark::Line, GREEN, "if all were equal".to_owned()),
        ];
        if keys.hottest.iter().any(|(_, share)| overloads(keys, *share)) {
            entries.push((Mark::Area, VERMILLION, "more than a shard takes".to_owned()));
        }
        legend(area, &entries)?;
        curve(area, keys)?;
        bars(area, keys)
    })
}

/// Whether a key with that share is more than one shard takes.
fn overloads(keys: &KeyConcentration, share: f64) -> bool {
    keys.shard_share.is_some_and(|limit| share > limit)
}

fn curve(area: &Area<'_>, keys: &KeyConcentration) -> Drawn {
    let last = keys.counted_keys.max(1);
    let margins = Margins { left: 184, right: WIDTH - BARS_LEFT as u32 + 70, ..Margins::USUAL };
    let mut x = Axis::decades(1.0, last as f64, |value| short_count(value as u64));
    // Up to the last key, not to the next power of ten.
    x.max = (last as f64).log10().max(1.0);
    x.ticks.retain(|tick| tick.0 <= x.max);
    let y = Axis::from_zero(0.96, |value| format!("{} %", plain(value * 100.0)));
    let mut plot = plot(area, margins, (&x, "number of the hottest keys"), (&y, "of all records"))?;
    let even = keys.curve.iter().map(|point| {
        let counted = 1.0 - keys.uncounted_share;
        (x.logarithm(point.keys as f64), counted * point.keys as f64 / last as f64)
    });
    line(&mut plot, even, GREEN.light, 4)?;
    let points = keys.curve.iter().map(|point| (x.logarithm(point.keys as f64), point.share));
    line(&mut plot, points, BLUE.light, 6)
}

/// The hottest keys by name; a bar that is longer than what a shard takes says so by its colour.
fn bars(area: &Area<'_>, keys: &KeyConcentration) -> Drawn {
    let right = WIDTH as i32 - 50;
    let top = 168;
    text(area, "share of the stream's records", (BARS_LEFT, top), HPos::Left, SOFT_INK)?;
    let longest = keys.hottest.first().map_or(1.0, |key| key.1).max(1e-12);
    let width = f64::from(right - BARS_LEFT);
    for (index, (name, share)) in keys.hottest.iter().enumerate() {
        let y = top + 44 + index as i32 * 51;
        let amount = percent(*share);
        let room = width - super::frame::width_of(&amount) - 20.0;
        text(area, &fitted(name, room), (BARS_LEFT, y), HPos::Left, INK)?;
        text(area, &amount, (right, y), HPos::Right, INK)?;
        let overloads = overloads(keys, *share);
        let tint = if overloads { VERMILLION } else { BLUE };
        let bar = |to: f64, tint: super::palette::Tint| {
            let end = BARS_LEFT + (width * to) as i32;
            let corners = [(BARS_LEFT, y + 17), (end, y + 17 + BAR_HEIGHT)];
            area.draw(&Rectangle::new(corners, tint.light.filled()))
        };
        bar(1.0, EMPTY)?;
        bar(share / longest, tint)?;
        if let Some(limit) = keys.shard_share.filter(|_| overloads) {
            let at = BARS_LEFT + (width * limit / longest) as i32;
            let corners = [(at - 2, y + 13), (at + 2, y + 21 + BAR_HEIGHT)];
            area.draw(&Rectangle::new(corners, LIMIT.light.filled()))?;
        }
    }
    Ok(())
}

fn description(keys: &KeyConcentration) -> String {
    let Some((name, share)) = keys.hottest.first() else {
        return "No key has a count of its own: every record has a fresh one.".to_owned();
    };
    let mut words = format!(
        "The hottest key, {name}, has {} of all records; {} keys were counted one by one.",
        percent(*share),
        count(keys.counted_keys),
    );
    if keys.uncounted_share > 0.0005 {
        words.push_str(&format!(
            " {} of the records have colder keys, which are not counted one by one.",
            percent(keys.uncounted_share)
        ));
    }
    if let Some(limit) = keys.shard_share {
        words.push_str(&match limit {
            1.0.. => " One shard could carry all records.".to_owned(),
            _ => format!(
                " A key with more than {} of the records is more than one shard takes on average.",
                percent(limit)
            ),
        });
    }
    words
}
