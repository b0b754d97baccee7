//! Ribbons above a plot over time: the mode of the stream, changes of its shards from the call to
//! their end, and what was throttled meanwhile.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::frame::{Area, Drawn, Margins, Mark, Plot, fitted, text};
use super::palette::{EMPTY, INK, PURPLE, REFUSED, SERIES, SOFT_INK, Tint, VERMILLION};
use crate::analysis::number::{of, seconds};
use crate::analysis::{Picture, ResultDocument, ScalingActionResult, ScalingOutcome};

/// Height of all ribbons, in units of the drawing.
pub(super) const RIBBONS: u32 = 3 * (HEIGHT + GAP) as u32;
/// Height of one.
const HEIGHT: i32 = 34;
/// Room below one.
const GAP: i32 = 12;
/// Least width of what happened in an instant.
const WIDTH_LEAST: i32 = 6;
/// What a change of the mode is called in a result, before the mode.
const MODE_CHANGE: &str = "UpdateStreamMode to ";
/// Upper ends of the steps of refused attempts, as in the map of them.
const REFUSED_STEPS: [f64; 4] = [0.01, 0.05, 0.2, 0.5];

const REFUSED_CHANGE: Tint = VERMILLION;
const UNDER_WAY: Tint = PURPLE;
const NOT_LANDED: Tint = SERIES[4];

/// What the legend says of the ribbons, as far as there is something to see.
pub(super) fn entries(document: &ResultDocument) -> Vec<(Mark, Tint, String)> {
    let actions = document.scaling.iter().flat_map(|scaling| &scaling.actions);
    let has = |outcome| actions.clone().any(|action| action.outcome == outcome);
    let all = [
        (ScalingOutcome::Done, UNDER_WAY, "asked to landed"),
        (ScalingOutcome::UnderWay, NOT_LANDED, "not landed yet"),
        (ScalingOutcome::Refused, REFUSED_CHANGE, "call refused"),
    ];
    let seen = all.into_iter().filter(|(outcome, ..)| has(*outcome));
    let mut entries: Vec<_> =
        seen.map(|(_, tint, name)| (Mark::Area, tint, name.to_owned())).collect();
    if document.scaling.is_some() && document.stream.write_throttled_records > 0 {
        entries.push((Mark::Area, REFUSED[3], "throttled".to_owned()));
    }
    entries
}

/// The changes in a sentence with a blank before it; nothing where the shards cannot change.
pub(super) fn changes(document: &ResultDocument) -> String {
    let Some(scaling) = &document.scaling else { return String::new() };
    let slowest = scaling
        .actions
        .iter()
        .filter_map(|action| action.landed_at_seconds.map(|landed| landed - action.at_seconds));
    let slowest = match slowest.reduce(f64::max) {
        Some(longest) => format!(", {} at the longest from the call to its end", seconds(longest)),
        None => String::new(),
    };
    format!(
        " {} done{slowest}, {} refused; mode at the end: {}.",
        of(scaling.done, "change"),
        scaling.refused,
        scaling.mode_end.replace('_', " ")
    )
}

/// Draws all three between the legend and the plot.
pub(super) fn ribbons(
    area: &Area<'_>,
    plot: &Plot<'_, '_>,
    document: &ResultDocument,
    picture: &Picture,
) -> Drawn {
    let at = |seconds: f64| plot.backend_coord(&(seconds.min(picture.simulated_seconds), 0.0)).0;
    let (start, end) = (at(0.0), at(picture.simulated_seconds));
    let mut top = Margins::USUAL.top as i32 - 14;
    for name in ["mode", "changes", "throttled"] {
        let label = (start - 26, top + HEIGHT / 2);
        text(area, name, label, HPos::Right, SOFT_INK)?;
        cell(area, (start, end), top, EMPTY)?;
        match name {
            "mode" => modes(area, document, top, &|seconds| at(seconds))?,
            "changes" => calls(area, document, top, &|seconds| at(seconds))?,
            _ => {
                for row in picture.rows.iter().filter(|row| row.write_throttled_ratio > 0.0) {
                    let ratio = row.write_throttled_ratio;
                    let step = REFUSED_STEPS.iter().filter(|step| ratio > **step).count();
                    let span = (at(row.start_seconds), at(row.start_seconds + row.span_seconds));
                    cell(area, span, top, REFUSED[step])?;
                }
            }
        }
        top += HEIGHT + GAP;
    }
    Ok(())
}

/// The mode from each change of it to the next.
fn modes(area: &Area<'_>, document: &ResultDocument, top: i32, at: &dyn Fn(f64) -> i32) -> Drawn {
    let actions = document.scaling.iter().flat_map(|scaling| &scaling.actions);
    let later = actions.filter_map(|action| {
        let mode = action.action.strip_prefix(MODE_CHANGE)?;
        Some((action.landed_at_seconds?, mode.to_owned()))
    });
    let mut spans = vec![(0.0, document.stream.mode.clone())];
    spans.extend(later);
    let ends = spans.iter().skip(1).map(|span| span.0).chain([f64::INFINITY]);
    for ((from, mode), to) in spans.iter().zip(ends) {
        let (left, right) = (at(*from), at(to));
        if *from > 0.0 {
            cell(area, (left - 1, left + 1), top, INK)?;
        }
        let room = f64::from(right - left) - 20.0;
        if room > 60.0 {
            let words = fitted(&mode.replace('_', " "), room);
            text(area, &words, (left + 10, top + HEIGHT / 2), HPos::Left, INK)?;
        }
    }
    Ok(())
}

/// Every change from the call to its end; those that were refused last, so that they are seen.
fn calls(area: &Area<'_>, document: &ResultDocument, top: i32, at: &dyn Fn(f64) -> i32) -> Drawn {
    let actions = || document.scaling.iter().flat_map(|scaling| &scaling.actions);
    let is_refused = |action: &&ScalingActionResult| action.outcome == ScalingOutcome::Refused;
    for action in actions().filter(|action| !is_refused(action)).chain(actions().filter(is_refused))
    {
        let asked = at(action.at_seconds);
        let (until, tint) = match action.outcome {
            ScalingOutcome::Done => {
                (at(action.landed_at_seconds.unwrap_or(action.at_seconds)), UNDER_WAY)
            }
            ScalingOutcome::UnderWay => (at(f64::INFINITY), NOT_LANDED),
            ScalingOutcome::Refused => (asked, REFUSED_CHANGE),
        };
        cell(area, (asked, until.max(asked + WIDTH_LEAST)), top, tint)?;
    }
    Ok(())
}

fn cell(area: &Area<'_>, (left, right): (i32, i32), top: i32, tint: Tint) -> Drawn {
    let corners = [(left, top), (right, top + HEIGHT)];
    area.draw(&Rectangle::new(corners, tint.light.filled()))?;
    Ok(())
}
