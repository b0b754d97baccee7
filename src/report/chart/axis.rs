//! Ranges and ticks that read well.

use crate::analysis::number::{milliseconds, plain};

/// An axis: its range, and the ticks on it with their labels.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

/// Widths between two ticks of a time axis, in seconds.
const TIME_STEPS: [f64; 22] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    14_400.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
];
/// Most ticks of a time axis, so that labels keep apart.
const TIME_TICKS_MAX: f64 = 12.0;

impl Axis {
    /// From zero to a little above `highest`, with four to eight ticks.
    pub(super) fn from_zero(highest: f64, label: impl Fn(f64) -> String) -> Self {
        let highest = if highest.is_finite() && highest > 0.0 { highest } else { 1.0 };
        let step = round_step(highest / 6.0);
        let count = (highest * 1.04 / step).ceil().max(1.0);
        let ticks = (0..=count as u64).map(|index| {
            let value = index as f64 * step;
            (value, label(value))
        });
        Self { min: 0.0, max: step * count, ticks: ticks.collect() }
    }

    /// Simulated time from zero to `seconds`.
    pub(super) fn time(seconds: f64) -> Self {
        let seconds = seconds.max(0.001);
        let fits = |step: &&f64| seconds / **step <= TIME_TICKS_MAX;
        let step = TIME_STEPS.iter().find(fits).copied().unwrap_or(seconds / TIME_TICKS_MAX);
        let count = (seconds / step + 1e-9).floor() as u64;
        let ticks = (0..=count).map(|index| {
            let value = index as f64 * step;
            (value, clock(value, step))
        });
        Self { min: 0.0, max: seconds, ticks: ticks.collect() }
    }

    /// A logarithmic axis over whole powers of ten; positions are logarithms.
    pub(super) fn decades(lowest: f64, highest: f64, label: impl Fn(f64) -> String) -> Self {
        let first = lowest.max(1e-6).log10().floor() as i32;
        let last = (highest.max(1e-6).log10() - 1e-9).ceil().max(f64::from(first) + 1.0) as i32;
        let ticks = (first..=last).map(|power| {
            let position = f64::from(power);
            (position, label(10f64.powi(power)))
        });
        Self { min: f64::from(first), max: f64::from(last), ticks: ticks.collect() }
    }

    /// A logarithmic axis of milliseconds with ticks at the units that people think in.
    pub(super) fn decades_of_milliseconds(lowest: f64, highest: f64) -> Self {
        const TICKS: [f64; 14] = [
            0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 6e4, 6e5, 3.6e6, 2.16e7, 8.64e7, 6.048e8,
            3.1536e10,
        ];
        let at_most = |value: &f64| *value <= lowest.max(TICKS[0]);
        let first = TICKS.iter().rposition(at_most).unwrap_or(0);
        let at_least = |value: &f64| *value >= highest;
        let last = TICKS.iter().position(at_least).unwrap_or(TICKS.len() - 1).max(first + 1);
        let last = last.min(TICKS.len() - 1);
        let first = first.min(last - 1);
        let label = |value: f64| match value as u64 {
            60_000 => "1 min".to_owned(),
            3_600_000 => "1 h".to_owned(),
            86_400_000 => "1 d".to_owned(),
            _ => milliseconds(value),
        };
        Self {
            min: TICKS[first].log10(),
            max: TICKS[last].log10(),
            ticks: TICKS[first..=last].iter().map(|ms| (ms.log10(), label(*ms))).collect(),
        }
    }

    /// The label of the tick at `position`; empty where there is none.
    pub(super) fn label(&self, position: f64) -> String {
        let near = 1e-6 * (self.max - self.min);
        let tick = self.ticks.iter().find(|(at, _)| (at - position).abs() <= near);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }

    /// `value` on a logarithmic axis, kept within it.
    pub(super) fn logarithm(&self, value: f64) -> f64 {
        value.max(1e-9).log10().clamp(self.min, self.max)
    }
}

/// A step of one, two or five times a power of ten, not below `least`.
pub(super) fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 2.5, 5.0].into_iter().find(|times| times * power >= least * 0.999);
    times.unwrap_or(10.0) * power
}

/// A moment of the run for an axis in steps of `step` seconds: `30 s`, `1:30`, `14:00`, `3 d`.
fn clock(seconds: f64, step: f64) -> String {
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if step >= 86_400.0 {
        format!("{} d", plain(seconds / 86_400.0))
    } else if step >= 21_600.0 {
        format!("{} h", whole / 3_600)
    } else if step >= 60.0 {
        format!("{hours}:{minutes:02}")
    } else if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

/// What the labels of a time axis are, for its title.
pub(super) fn time_title(seconds: f64) -> &'static str {
    let axis = Axis::time(seconds);
    let step = axis.ticks.get(1).map_or(seconds, |tick| tick.0);
    if step >= 86_400.0 {
        "simulated time (days)"
    } else if step >= 21_600.0 {
        "simulated time (hours)"
    } else if step >= 60.0 {
        "simulated time (h:min)"
    } else if seconds >= 3_600.0 {
        "simulated time (h:min:s)"
    } else {
        "simulated time (min:s)"
    }
}

/// A moment of the run for a sentence.
pub(super) fn moment(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
    let rest = format!("{hours}:{:02}:{:02}", whole / 60 % 60, whole % 60);
    if days > 0 { format!("{days} d {rest}") } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_axis_has_few_ticks_at_round_moments_whatever_the_length() {
        let (minute, day, year) = (60.0, 86_400.0, 365.0 * 86_400.0);
        for seconds in [0.5, 1.0, 59.0, minute, 300.0, 3_600.0, day, 7.0 * day, 30.0 * day, year] {
            let axis = Axis::time(seconds);
            assert!((1..=13).contains(&axis.ticks.len()), "{seconds}: {:?}", axis.ticks);
            assert!(axis.ticks.iter().all(|(at, _)| *at <= seconds));
        }
        assert_eq!(Axis::time(minute).ticks[1].1, "0:05");
        assert_eq!(Axis::time(day).ticks[1].1, "2:00");
    }

    #[test]
    fn a_scale_from_zero_ends_above_its_highest_value() {
        for highest in [0.0, 1e-9, 0.37, 1.0, 9.99, 5_225.0, 7e12, f64::NAN] {
            let axis = Axis::from_zero(highest, plain);
            assert!(axis.ticks.len() >= 4 && axis.ticks.len() <= 9, "{highest}: {:?}", axis.ticks);
            assert!(highest.is_nan() || axis.max >= highest);
        }
    }

    #[test]
    fn a_logarithmic_axis_holds_its_values() {
        for (lowest, highest) in [(0.0, 0.0), (1.0, 1.0), (3.0, 86_400_000.0), (1e-3, 1e12)] {
            let axis = Axis::decades_of_milliseconds(lowest, highest);
            assert!(axis.max > axis.min && axis.ticks.len() >= 2, "{lowest} {highest}");
            let keys = Axis::decades(lowest, highest, plain);
            assert!(keys.max > keys.min && keys.ticks.len() >= 2, "{lowest} {highest}");
        }
    }
}
