//! Throttling and cost over shard counts, and over loads, with the chosen one marked.

use plotters::element::{Circle, Cross};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, ShapeStyle};

use crate::analysis::Verdict;
use crate::analysis::number::{count, dollars, of, percent, plain};
use crate::analysis::sizing::{ModePlan, ReverseDocument, SizingCandidate, SizingDocument};
use crate::report::chart::axis::Axis;
use crate::report::chart::frame::{
    Across, Area, Drawn, Frame, Margins, Mark, Plot, bounds, legend, line, lines_across, nothing,
    plot, text_on_paper, width_of,
};
use crate::report::chart::palette::{
    AXIS, BLUE, GREEN, LIMIT, OBJECTIVE, PURPLE, SOFT_INK, Tint, VERMILLION,
};
use crate::report::chart::{Chart, ChartError, Hover, WIDTH};

/// Where no attempt is throttled, on a logarithmic axis.
const NONE_AT: f64 = -6.0;
/// Ticks of that axis: the logarithm of a share, and the share.
const TICKS: [(f64, &str); 7] = [
    (NONE_AT, "none"),
    (-5.0, "0.001 %"),
    (-4.0, "0.01 %"),
    (-3.0, "0.1 %"),
    (-2.0, "1 %"),
    (-1.0, "10 %"),
    (0.0, "100 %"),
];
/// Title of the axis of costs.
const COST_TITLE: &str = "USD a month";
/// A mode that costs more than so many times the dearest count is not drawn beside them.
const MODE_DEARER_MAX: f64 = 2.5;
/// Most columns under the pointer.
const COLUMNS_MAX: usize = 500;

/// Something that was tried.
struct Point {
    x: f64,
    y: f64,
    verdict: Verdict,
    is_forecast: bool,
    note: String,
}

/// The point that was chosen, and its name.
type Chosen = Option<(f64, String)>;

/// Throttling over the counts, and cost where it is known.
pub(super) fn of_size(document: &SizingDocument) -> Result<Vec<Chart>, ChartError> {
    let throttled: Vec<Point> = document
        .candidates
        .iter()
        .map(|each| point(each, position(each.throttled_ratio)))
        .collect();
    let chosen: Chosen = document
        .plan
        .as_ref()
        .map(|plan| (plan.shards as f64, format!("plan: {}", of(plan.shards, "shard"))));
    let frame = Frame::new("shard-counts", "Throttling by number of shards", describe(document));
    let y = Axis {
        min: NONE_AT - 0.3,
        max: 0.2,
        ticks: TICKS.iter().map(|(at, name)| (*at, (*name).to_owned())).collect(),
    };
    let target = document.throttled_target;
    let scale = (&y, "of attempts throttled");
    let objective: Vec<Across> = target.into_iter().map(objective).collect();
    let mut charts = vec![draw(frame, &throttled, "shards", scale, &chosen, &objective)?];
    charts.extend(costs(document, chosen)?);
    Ok(charts)
}

/// Cost over the counts, beside that of the on-demand modes; none where no cost is known.
fn costs(document: &SizingDocument, chosen: Chosen) -> Result<Option<Chart>, ChartError> {
    let candidates = document.candidates.iter();
    let costs: Vec<Point> =
        candidates.filter_map(|each| Some(point(each, each.monthly_usd?))).collect();
    if costs.is_empty() {
        return Ok(None);
    }
    let of_plan = document.plan.as_ref().and_then(|plan| plan.monthly_usd);
    let chosen = chosen.map(|(at, name)| match of_plan {
        Some(amount) => (at, format!("{name}, {}", usd(amount))),
        None => (at, name),
    });
    let most = costs.iter().map(|point| point.y).fold(0.0, f64::max);
    let modes: Vec<(&ModePlan, f64)> = document
        .modes
        .iter()
        .filter(|mode| mode.mode != "provisioned")
        .filter_map(|mode| Some((mode, mode.monthly_usd?)))
        .collect();
    let words: Vec<String> = modes
        .iter()
        .map(|(mode, amount)| {
            let name = mode.mode.replace('_', " ");
            format!(" As {name} it is {}, which {}.", usd(*amount), self::name(mode.verdict))
        })
        .collect();
    let words = format!(
        "What a month of 730 h costs at each number of shards that was looked at.{}",
        words.concat()
    );
    let frame = Frame::new("shard-costs", "Cost by number of shards", words);
    // A mode that is far dearer would press the counts together; the words above have it.
    let lines: Vec<Across> = modes
        .into_iter()
        .filter(|(_, amount)| *amount <= most * MODE_DEARER_MAX)
        .map(|(mode, y)| Across { y, name: mode.mode.replace('_', " "), tint: LIMIT })
        .collect();
    let most = lines.iter().map(|across| across.y).fold(most, f64::max);
    let y = Axis::from_zero(most, plain);
    draw(frame, &costs, "shards", (&y, COST_TITLE), &chosen, &lines).map(Some)
}

fn objective(target: f64) -> Across {
    let name = format!("objective {}", percent(target));
    Across { y: position(target), name, tint: OBJECTIVE }
}

fn usd(amount: f64) -> String {
    format!("{} USD", dollars(amount))
}

/// Throttling over loads on shards that stay as they are.
pub(super) fn of_reverse(document: &ReverseDocument) -> Result<Chart, ChartError> {
    let points: Vec<Point> = document
        .tried
        .iter()
        .map(|tried| Point {
            x: tried.load_factor,
            y: position(tried.throttled_ratio),
            verdict: tried.verdict,
            is_forecast: false,
            note: format!(
                "{} times the load: {} throttled, {}",
                plain(tried.load_factor),
                percent(tried.throttled_ratio),
                name(tried.verdict)
            ),
        })
        .collect();
    let words = format!(
        "{} carry {} times the load of the scenario; {} times was tried and is refused.",
        of(document.shards, "shard"),
        plain(document.load_factor),
        plain(document.next_factor),
    );
    let frame = Frame::new("load-factors", "Throttling by load", words);
    let chosen = Some((document.load_factor, format!("most: {} ×", plain(document.load_factor))));
    let y = Axis {
        min: NONE_AT - 0.3,
        max: 0.2,
        ticks: TICKS.iter().map(|(at, name)| (*at, (*name).to_owned())).collect(),
    };
    let scale = (&y, "of attempts throttled");
    draw(
        frame,
        &points,
        "times the load of the scenario",
        scale,
        &chosen,
        &document.throttled_target.into_iter().map(objective).collect::<Vec<_>>(),
    )
}

fn point(candidate: &SizingCandidate, y: f64) -> Point {
    let cost = candidate.monthly_usd;
    let cost = cost.map_or(String::new(), |amount| format!(", {} a month", usd(amount)));
    let why = candidate.rejection.as_ref().map_or(String::new(), |why| format!(". {}", why.reason));
    Point {
        x: candidate.shards as f64,
        y,
        verdict: candidate.verdict,
        is_forecast: candidate.method == "forecast",
        note: format!(
            "{} ({}): {}, {} throttled{cost}{why}",
            of(candidate.shards, "shard"),
            candidate.method,
            name(candidate.verdict),
            percent(candidate.throttled_ratio),
        ),
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "meets every objective",
        Verdict::Fail => "misses an objective",
        Verdict::Inconclusive => "chance decides",
        Verdict::None => "not tried",
    }
}

/// A share on the logarithmic axis.
fn position(ratio: f64) -> f64 {
    if ratio <= 0.0 { NONE_AT } else { ratio.log10().clamp(NONE_AT + 0.4, 0.0) }
}

fn describe(document: &SizingDocument) -> String {
    let looked = of(document.candidates.len() as u64, "number");
    let answer = match &document.plan {
        Some(plan) => format!(
            "The least that meets every objective is {}; the scenario has {}.",
            of(plan.shards, "shard"),
            count(plan.shards_now)
        ),
        None => "None that was looked at meets every objective.".to_owned(),
    };
    let again = match document.larger_counts_that_fail.len() {
        0 => String::new(),
        _ => " Larger ones fail again, because each number redraws where the keys fall.".to_owned(),
    };
    format!("{looked} of shards looked at, by forecast or simulation. {answer}{again}")
}

fn draw(
    frame: Frame,
    points: &[Point],
    x_title: &str,
    (y, y_title): (&Axis, &str),
    chosen: &Chosen,
    lines: &[Across],
) -> Result<Chart, ChartError> {
    let margins = Margins::LINES_NAMED;
    let x = axis(points);
    let is_whole = x_title == "shards";
    let columns = columns(points, &x, is_whole);
    let hover = Hover::by_column(bounds(margins, frame.height), columns);
    let is_empty = points.is_empty();
    frame.draw((!is_empty).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No simulation was needed: one key decides.");
        }
        let has = |verdict| points.iter().any(|point| point.verdict == verdict);
        let mut entries = Vec::new();
        for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::None] {
            if has(verdict) {
                entries.push((Mark::Area, tint(verdict), legend_name(verdict).to_owned()));
            }
        }
        if points.iter().any(|point| point.is_forecast) {
            // A cost is not a bound, as the throttling of a forecast is.
            let is_bound = y_title != COST_TITLE;
            let words = if is_bound { "forecast, at least this" } else { "forecast" };
            entries.push((Mark::Cross, SOFT_INK, words.to_owned()));
        }
        legend(area, &entries)?;
        let mut plot = plot(area, margins, (&x, x_title), (y, y_title))?;
        if let Some((at, name)) = chosen {
            mark(area, &mut plot, (y, is_whole), *at, name)?;
        }
        lines_across(area, &mut plot, &x, margins, lines)?;
        dots(area, &plot, points)
    })
}

/// From a little before the first point to a little beyond the last.
fn axis(points: &[Point]) -> Axis {
    let low = points.iter().map(|point| point.x).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.x).fold(0.0, f64::max);
    let low = low.min(high);
    let room = ((high - low) * 0.06).max(if high > 3.0 { 0.6 } else { 0.1 });
    let (min, max) = ((low - room).max(0.0), high + room);
    let whole = Axis::from_zero(max - min, plain);
    let step = whole.ticks.get(1).map_or(1.0, |tick| tick.0);
    let step = if high > 3.0 { step.max(1.0).round() } else { step };
    let first = (min / step).ceil() as u64;
    let last = (max / step + 1e-9).floor() as u64;
    let ticks = (first..=last).map(|index| (index as f64 * step, plain(index as f64 * step)));
    Axis { min, max, ticks: ticks.collect() }
}

/// The nearest point under the pointer; of shard counts the one that is meant, or none.
fn columns(points: &[Point], x: &Axis, is_whole: bool) -> Vec<String> {
    (0..COLUMNS_MAX)
        .map(|column| {
            let at = x.min + (x.max - x.min) * (column as f64 + 0.5) / COLUMNS_MAX as f64;
            let far = |point: &Point| (point.x - at).abs();
            let nearest = points.iter().min_by(|one, other| far(one).total_cmp(&far(other)));
            match nearest {
                Some(point) if !is_whole || far(point) <= 0.5 => point.note.clone(),
                _ => format!("{} shards: not looked at", count(at.round().max(0.0) as u64)),
            }
        })
        .collect()
}

fn tint(verdict: Verdict) -> Tint {
    match verdict {
        Verdict::Pass => BLUE,
        Verdict::Fail => VERMILLION,
        Verdict::Inconclusive => PURPLE,
        Verdict::None => AXIS,
    }
}

fn legend_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "objectives met",
        Verdict::Fail => "one missed",
        Verdict::Inconclusive => "chance decides",
        Verdict::None => "not tried",
    }
}

/// A line down at the chosen one, with its name at its upper end, on the side of what is safer.
fn mark(
    area: &Area<'_>,
    plot: &mut Plot<'_, '_>,
    (y, is_right): (&Axis, bool),
    at: f64,
    name: &str,
) -> Drawn {
    line(plot, [(at, y.min), (at, y.max)], GREEN.light, 6)?;
    let (x, top) = plot.backend_coord(&(at, y.max));
    let fits = f64::from(x + 16) + width_of(name) < f64::from(WIDTH) - 20.0;
    let (x, side) = if is_right && fits { (x + 16, HPos::Left) } else { (x - 16, HPos::Right) };
    text_on_paper(area, name, (x, top + 20), side, GREEN)
}

/// A dot for what was simulated, a cross for what the forecast refuses.
fn dots(area: &Area<'_>, plot: &Plot<'_, '_>, points: &[Point]) -> Drawn {
    // Many counts leave less room for each.
    let size = if points.len() > 60 { 7 } else { 12 };
    for point in points {
        let at = plot.backend_coord(&(point.x, point.y));
        let color = tint(point.verdict).light;
        if point.is_forecast {
            let style = ShapeStyle { color: color.to_rgba(), filled: false, stroke_width: 4 };
            area.draw(&Cross::new(at, size * 3 / 4, style))?;
        } else {
            area.draw(&Circle::new(at, size, color.filled()))?;
        }
    }
    Ok(())
}
