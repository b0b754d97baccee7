//! The rate of a producer over time, as segments of constant rate.
//!
//! Segments are worked out one after another when they are needed, so a year of a daily wave takes
//! the memory of a day. A wave is cut into its steps of ten seconds, a ramp into steps of at most
//! ten seconds and at least 128 of them, growth into minutes. The rate of a segment is the mean of
//! the true rate over just that segment, wherever other traffics or bursts cut it, so the cutting
//! loses and adds no record.

use std::sync::Arc;

use super::wave::{DAY, WAVE_STEP, daily_wave};
use crate::scenario::{Spike, Trace, Traffic};
use crate::time::{MONTH, Span};
use crate::units::RecordRate;

/// Longest step of a ramp, in nanoseconds.
const RAMP_STEP: u64 = 10_000_000_000;
/// Fewest steps of a ramp that has as many nanoseconds.
const RAMP_STEPS_MIN: u64 = 128;
/// Length of the steps that growth is cut into, in nanoseconds.
const GROWTH_STEP: u64 = 60_000_000_000;

/// A stretch of constant rate, not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Segment {
    /// Start in nanoseconds.
    pub(super) start: u64,
    /// End in nanoseconds, not included.
    pub(super) end: u64,
    /// Records a nanosecond.
    pub(super) rate: f64,
}

/// The rate of a producer over time.
#[derive(Clone, Debug)]
pub struct RateProfile {
    shape: Arc<Shape>,
    /// End of the run in nanoseconds.
    horizon: u64,
}

#[derive(Debug)]
enum Shape {
    /// Straight lines; ascending ends, the last one never.
    Lines(Vec<Line>),
    /// The steps of a day, which repeats, in records a nanosecond; the weights of seven days; and
    /// how far into the first of them the run starts, in nanoseconds.
    Wave { rates: Vec<f64>, days: [f64; 7], starts_at: u64 },
    /// Another shape times `exp(per_nanosecond * t)`.
    Growth { per_nanosecond: f64, of: Box<Shape> },
    /// All of these at once.
    Sum(Vec<Shape>),
}

/// A straight line from the end of the one before.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// End in nanoseconds, not included.
    end: u64,
    /// Records a nanosecond at the start.
    from: f64,
    /// Records a nanosecond at the end.
    to: f64,
}

impl RateProfile {
    /// The profile that `traffic` describes, up to `duration`.
    #[must_use]
    pub fn new(traffic: &Traffic, duration: Span) -> Self {
        Self { shape: Arc::new(Shape::new(traffic)), horizon: duration.nanoseconds() }
    }

    /// The segment that starts at `start` and ends at `limit` or before; nothing after the horizon.
    pub(super) fn segment(&self, start: u64, limit: u64) -> Option<Segment> {
        (start < self.horizon).then(|| {
            let end = self.shape.border_after(start).min(limit).min(self.horizon);
            Segment { start, end, rate: self.shape.mean(start, end) }
        })
    }

    /// The segments from `start` to `end` or the horizon, which cut the outermost ones.
    fn segments(&self, start: u64, end: u64) -> impl Iterator<Item = Segment> + '_ {
        let from = move |start| if start < end { self.segment(start, end) } else { None };
        std::iter::successors(from(start), move |last| from(last.end))
    }

    /// When as many `records` are to be expected since `start`, in nanoseconds; `limit` where that
    /// is later.
    #[must_use]
    pub fn when_expected(&self, mut start: u64, limit: u64, records: f64) -> u64 {
        let mut left = records;
        while start < limit {
            let Some(segment) = self.segment(start, limit) else { break };
            let expected = (segment.end - start) as f64 * segment.rate;
            if expected > left {
                return start + (left / segment.rate) as u64;
            }
            left -= expected;
            start = segment.end;
        }
        limit
    }

    /// Records to expect up to the horizon: the integral of the rate.
    #[must_use]
    pub fn expected_records(&self) -> f64 {
        self.expected(0, self.horizon)
    }

    /// Records to expect between each two neighbours of `bounds`, which ascend, in nanoseconds.
    #[must_use]
    pub fn expected_between(&self, bounds: &[u64]) -> Vec<f64> {
        bounds.windows(2).map(|pair| self.expected(pair[0], pair[1])).collect()
    }

    /// Records to expect from `start` to `end`; none after the horizon.
    fn expected(&self, start: u64, end: u64) -> f64 {
        let records = |segment: Segment| (segment.end - segment.start) as f64 * segment.rate;
        self.segments(start, end).map(records).sum()
    }
}

impl Shape {
    fn new(traffic: &Traffic) -> Self {
        match traffic {
            Traffic::Constant(rate) => Self::Lines(vec![Line::flat(u64::MAX, *rate)]),
            Traffic::Steps(steps) => {
                let ends = steps.iter().skip(1).map(|(at, _)| at.nanoseconds());
                let ends = ends.chain(std::iter::once(u64::MAX));
                Self::Lines(
                    steps.iter().zip(ends).map(|(step, end)| Line::flat(end, step.1)).collect(),
                )
            }
            Traffic::Ramp { from, to, start, end } => Self::lines(vec![
                Line::flat(start.nanoseconds(), *from),
                Line::sloped(end.nanoseconds(), *from, *to),
                Line::flat(u64::MAX, *to),
            ]),
            Traffic::Spike(spike) => Self::spike(spike),
            Traffic::Diurnal { mean, peak_to_mean, peak_at } => {
                let rates = daily_rates(*mean, *peak_to_mean, *peak_at);
                Self::Wave { rates, days: [1.0; 7], starts_at: 0 }
            }
            Traffic::Weekly { mean, peak_to_mean, peak_at, days, starts_at } => {
                let rates = daily_rates(*mean, *peak_to_mean, *peak_at);
                Self::Wave { rates, days: *days, starts_at: starts_at.nanoseconds() }
            }
            Traffic::Growth { per_month, of } if per_month.0 > 0.0 => {
                let per_nanosecond = libm::log1p(per_month.0) / MONTH.nanoseconds() as f64;
                Self::Growth { per_nanosecond, of: Box::new(Self::new(of)) }
            }
            Traffic::Growth { of, .. } => Self::new(of),
            Traffic::Sum(parts) => Self::Sum(parts.iter().map(Self::new).collect()),
            Traffic::Trace(trace) => Self::recorded(trace),
        }
    }

    /// The mean rate of each stretch of a trace; nothing after the last one.
    fn recorded(trace: &Trace) -> Self {
        let mut before = 0;
        let line = |(end, records): (u64, f64)| {
            let rate = records / (end - before) as f64;
            before = end;
            Line { end, from: rate, to: rate }
        };
        let mut lines: Vec<Line> = trace.stretches().map(line).collect();
        lines.push(Line { end: u64::MAX, from: 0.0, to: 0.0 });
        Self::Lines(lines)
    }

    fn spike(spike: &Spike) -> Self {
        let top = spike.at + spike.rise;
        let down = top + spike.lasts;
        let over = down + spike.fall;
        Self::lines(vec![
            Line::flat(spike.at.nanoseconds(), spike.base),
            Line::sloped(top.nanoseconds(), spike.base, spike.peak),
            Line::flat(down.nanoseconds(), spike.peak),
            Line::sloped(over.nanoseconds(), spike.peak, spike.base),
            Line::flat(u64::MAX, spike.base),
        ])
    }

    /// The lines that have a length.
    fn lines(mut lines: Vec<Line>) -> Self {
        let mut before = 0;
        lines.retain(|line| std::mem::replace(&mut before, line.end) < line.end);
        Self::Lines(lines)
    }

    /// The first instant after `instant` at which the shape must be cut.
    fn border_after(&self, instant: u64) -> u64 {
        match self {
            Self::Lines(lines) => {
                let (line, start) = line_at(lines, instant);
                line.border_after(start, instant)
            }
            Self::Wave { starts_at, .. } => {
                ((instant + starts_at) / WAVE_STEP + 1) * WAVE_STEP - starts_at
            }
            Self::Growth { of, .. } => {
                of.border_after(instant).min((instant / GROWTH_STEP + 1) * GROWTH_STEP)
            }
            Self::Sum(parts) => {
                parts.iter().map(|part| part.border_after(instant)).min().unwrap_or(u64::MAX)
            }
        }
    }

    /// The mean rate from `start` to `end`, between which the shape has no border.
    fn mean(&self, start: u64, end: u64) -> f64 {
        match self {
            Self::Lines(lines) => {
                let (line, from) = line_at(lines, start);
                line.mean(from, start, end)
            }
            Self::Wave { rates, days, starts_at } => {
                let start = start + starts_at;
                let step = (start / WAVE_STEP) as usize % rates.len();
                rates[step] * days[(start / DAY % 7) as usize]
            }
            Self::Growth { per_nanosecond, of } => {
                let growth = libm::exp(per_nanosecond * start as f64);
                let length = per_nanosecond * (end - start) as f64;
                // Growth too small to have digits is none.
                let mean = if length > 0.0 { libm::expm1(length) / length } else { 1.0 };
                of.mean(start, end) * growth * mean
            }
            Self::Sum(parts) => parts.iter().map(|part| part.mean(start, end)).sum(),
        }
    }
}

/// The line that holds `instant`, and its start.
fn line_at(lines: &[Line], instant: u64) -> (&Line, u64) {
    let index = lines.partition_point(|line| line.end <= instant).min(lines.len() - 1);
    (&lines[index], if index == 0 { 0 } else { lines[index - 1].end })
}

impl Line {
    fn flat(end: u64, rate: RecordRate) -> Self {
        Self::sloped(end, rate, rate)
    }

    fn sloped(end: u64, from: RecordRate, to: RecordRate) -> Self {
        Self { end, from: per_nanosecond(from), to: per_nanosecond(to) }
    }

    const fn is_flat(&self) -> bool {
        self.from.to_bits() == self.to.to_bits()
    }

    /// The end of the step that holds `instant`, on a line from `start`: the n-th of N steps ends
    /// at n / N of the length, rounded down.
    fn border_after(&self, start: u64, instant: u64) -> u64 {
        if self.is_flat() {
            return self.end;
        }
        let length = u128::from(self.end - start);
        let most = u128::from(RAMP_STEPS_MIN).min(length);
        let steps = length.div_ceil(u128::from(RAMP_STEP)).max(most);
        let step = (u128::from(instant - start + 1) * steps).div_ceil(length);
        start + (step * length / steps) as u64
    }

    /// The mean between two instants of a line from `from`: the rate in their middle.
    fn mean(&self, from: u64, start: u64, end: u64) -> f64 {
        if self.is_flat() {
            return self.from;
        }
        let middle = ((start - from) as f64 + (end - from) as f64) / 2.0;
        self.from + (self.to - self.from) * (middle / (self.end - from) as f64)
    }
}

/// The steps of a day in records a nanosecond.
fn daily_rates(mean: RecordRate, peak_to_mean: f64, peak_at: Span) -> Vec<f64> {
    let mean = per_nanosecond(mean);
    let wave = daily_wave(peak_to_mean, peak_at);
    wave.into_iter().map(|relative| relative * mean).collect()
}

fn per_nanosecond(rate: RecordRate) -> f64 {
    rate.0.amount() as f64 / rate.0.per_nanoseconds() as f64
}

#[cfg(test)]
mod tests;
