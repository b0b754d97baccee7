//! How many records a producer generates over time, and how they are spaced.

use super::{Context, or};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{Arrivals, Bursts, Spike, Traffic};
use crate::time::{Instant, Span};
use crate::units::{Ratio, RecordRate};

/// A day of the calendar.
const DAY: Span = Span::from_seconds(86_400);
/// Highest rate of a producer at its peak, records a second.
const PEAK_RATE_MAX: f64 = 1e9;
/// Most traffics that one is put together from; the steps of a daily wave take 70 KB.
const PARTS_MAX: usize = 100;
/// Shortest mean length of bursts: below it a burst is hardly more than one record's neighbours.
const BURST_MIN: Span = Span::from_milliseconds(1);
/// Room for the rounding of shares such as one third.
const ROUNDING: f64 = 1e-12;

/// Checks the traffic of a producer.
pub(super) fn traffic(raw: &raw::Traffic, node: &Node, context: &mut Context<'_, '_>) -> Traffic {
    let traffic = one(raw, node, context);
    let parts = traffic.parts();
    if parts > PARTS_MAX {
        let message = format!("the traffic has {parts} parts, but at most {PARTS_MAX} may be");
        let help = "give some of them to a producer of their own";
        context.error("too-many", node, message).help(help);
    }
    let highest = traffic.highest_per_second(context.duration);
    if highest > PEAK_RATE_MAX {
        let message = "the peak is more than 1e9 records/s";
        context.error("out-of-range", node, message).help("no stream carries so much");
    }
    traffic
}

/// One traffic, with what it is put together from.
fn one(raw: &raw::Traffic, node: &Node, context: &mut Context<'_, '_>) -> Traffic {
    match raw {
        raw::Traffic::Constant(rate) => Traffic::Constant(rate.0),
        raw::Traffic::Steps(raw) => Traffic::Steps(steps(raw, node.at("steps"), context)),
        raw::Traffic::Ramp(raw) => ramp(raw, node.at("ramp"), context),
        raw::Traffic::Spike(raw) => spike(raw, node.at("spike"), context),
        raw::Traffic::Diurnal(raw) => {
            let node = node.at("diurnal");
            let (mean, peak_at) = (raw.mean.0, raw.peak_at.0);
            check_wave(mean, peak_at, node, context);
            // From the time of day to the time since the start of the run.
            let started = Span::from_seconds(context.starts_at.second_of_day());
            let next_peak = if peak_at < started { peak_at + DAY } else { peak_at };
            let peak_at = next_peak - started;
            Traffic::Diurnal { mean, peak_to_mean: raw.peak_to_mean, peak_at }
        }
        raw::Traffic::Weekly(raw) => weekly(raw, node.at("weekly"), context),
        raw::Traffic::Growth(raw) => {
            let of = one(&raw.of, node.at("growth").at("of"), context);
            Traffic::Growth { per_month: raw.per_month.0, of: Box::new(of) }
        }
        raw::Traffic::Sum(parts) => {
            let node = node.at("sum");
            if parts.is_empty() {
                let help = "write at least `- constant: 100 records/s`";
                context.error("too-few", node, "`sum` is empty").help(help);
            }
            let parts = parts.iter().enumerate();
            Traffic::Sum(parts.map(|(index, part)| one(part, node.item(index), context)).collect())
        }
        raw::Traffic::Trace(_) => {
            let help = "give the trace to a producer of its own";
            let message = "a trace cannot be a part of another traffic";
            context.error("conflict", node.at("trace"), message).help(help);
            Traffic::Sum(Vec::new())
        }
    }
}

fn ramp(raw: &raw::Ramp, node: &Node, context: &mut Context<'_, '_>) -> Traffic {
    let (start, end) = (or(raw.start.as_ref(), Span::ZERO), raw.end.0);
    if end <= start {
        let message = format!("the ramp ends at {end}, not after its start at {start}");
        let help = "`start` and `end` count from the start of the run; for a jump write `steps`";
        context.error("out-of-range", node.at("end"), message).help(help);
    }
    let (start, end) = (Instant::START + start, Instant::START + end);
    Traffic::Ramp { from: raw.from.0, to: raw.to.0, start, end }
}

fn spike(raw: &raw::Spike, node: &Node, context: &mut Context<'_, '_>) -> Traffic {
    let spike = Spike {
        base: raw.base.0,
        peak: raw.peak.0,
        at: Instant::START + raw.at.0,
        rise: or(raw.rise.as_ref(), Span::ZERO),
        lasts: raw.lasts.0,
        fall: or(raw.fall.as_ref(), Span::ZERO),
    };
    let (base, peak) = (spike.base.0.as_per_second(), spike.peak.0.as_per_second());
    if peak < base {
        let message = format!("`peak` ({}) is below `base` ({})", spike.peak, spike.base);
        let help = "write a dip as `steps`";
        context.error("out-of-range", node.at("peak"), message).help(help);
    }
    if spike.rise + spike.lasts + spike.fall == Span::ZERO {
        let help = "write how long the rate stays at its peak";
        context.error("out-of-range", node.at("for"), "the spike has no length").help(help);
    }
    Traffic::Spike(spike)
}

fn weekly(raw: &raw::Weekly, node: &Node, context: &mut Context<'_, '_>) -> Traffic {
    let (mean, peak_at) = (raw.mean.0, raw.peak_at.0);
    check_wave(mean, peak_at, node, context);
    let sum: f64 = raw.days.iter().sum();
    if sum <= 0.0 {
        let message = "every day of the week has the load 0";
        let help = "write for example `[1, 1, 1, 1, 1, 0.6, 0.5]`, monday first";
        context.error("out-of-range", node.at("days"), message).help(help);
    }
    let days = raw.days.map(|day| if sum > 0.0 { day / sum * 7.0 } else { 1.0 });
    let starts_at = Span::from_seconds(context.starts_at.second_of_week());
    Traffic::Weekly { mean, peak_to_mean: raw.peak_to_mean, peak_at, days, starts_at }
}

/// What daily waves have in common.
fn check_wave(mean: RecordRate, peak_at: Span, node: &Node, context: &mut Context<'_, '_>) {
    if mean.0.amount() == 0 {
        context.error("out-of-range", node.at("mean"), "`mean` must be more than zero");
    }
    if peak_at >= DAY {
        let message = format!("`peak_at` is a time of day, but it is {peak_at}");
        let help = "write the time since midnight, below 24 h";
        context.error("out-of-range", node.at("peak_at"), message).help(help);
    }
}

fn steps(
    steps: &[raw::Step],
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Vec<(Instant, RecordRate)> {
    if steps.is_empty() {
        let help = "write at least `- { at: 0 s, rate: 100 records/s }`";
        context.error("too-few", node, "`steps` is empty").help(help);
    }
    let mut before: Option<Span> = None;
    for (index, step) in steps.iter().enumerate() {
        let at = node.item(index).at("at");
        match before {
            None if step.at.0 != Span::ZERO => {
                let message = format!("the first step must be at 0 s, but it is at {}", step.at.0);
                context.error("bad-steps", at, message);
            }
            Some(before) if step.at.0 <= before => {
                let message = format!("this step is at {}, not after {before}", step.at.0);
                let help = "steps stand in the order of time, no two at the same instant";
                context.error("bad-steps", at, message).help(help);
            }
            _ => {}
        }
        before = Some(step.at.0);
    }
    steps.iter().map(|step| (Instant::START + step.at.0, step.rate.0)).collect()
}

/// Checks how the records of `traffic` are spaced.
pub(super) fn arrivals(
    raw: Option<&raw::Arrivals>,
    traffic: &Traffic,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Arrivals {
    let raw = match raw {
        Some(raw::Arrivals::Paced) => return Arrivals::Paced,
        Some(raw::Arrivals::Poisson) | None => return Arrivals::Poisson,
        Some(raw::Arrivals::Bursty(raw)) => raw,
    };
    let node = node.at("bursty");
    let (factor, mean_length) = (raw.factor, raw.mean_length.0);
    if mean_length < BURST_MIN {
        let message =
            format!("`mean_length` must be at least {BURST_MIN}, but it is {mean_length}");
        let help = "records of shorter bursts may as well come at once: write a larger batch";
        context.error("out-of-range", node.at("mean_length"), message).help(help);
    }
    let share = or(raw.share_of_time.as_ref(), Ratio(0.5 / factor));
    let most = 1.0 / factor;
    if share.0 <= 0.0 || share.0 * factor > 1.0 + ROUNDING {
        let most = (most * 1e6).floor() / 1e4;
        let message =
            format!("`share_of_time` must be above 0 and at most {most} %, but it is {share}");
        let help = "at `1 / factor` every record comes in a burst; more would be more than all";
        context.error("out-of-range", node.at("share_of_time"), message).help(help);
    }
    if traffic.highest_per_second(context.duration) * factor > PEAK_RATE_MAX {
        let message = "bursts reach more than 1e9 records/s";
        context.error("out-of-range", node.at("factor"), message).help("lower `factor`");
    }
    Arrivals::Bursty(Bursts { factor, mean_length, share_of_time: share })
}
