//! Simulated time: an [`Instant`] is a point on the clock of a run, a [`Span`] a length of time.
//!
//! Both are whole nanoseconds, so they are compared exactly and never with an epsilon. The two
//! are different types: an instant plus a span is an instant, two instants differ by a span, and
//! two instants cannot be added. 64 bits hold 584 years. A [`Timestamp`] is a moment of the calendar.

mod calendar;

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

pub use calendar::{Civil, Timestamp};

/// Nanoseconds in one second.
pub const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// A month, as prices and growth count it: 730 hours, a twelfth of 365 days.
pub const MONTH: Span = Span::from_seconds(730 * 3_600);

/// A point in simulated time: nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A length of simulated time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Instant {
    /// The start of the run.
    pub const START: Self = Self(0);
    /// Later than any instant of a run.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant that is `nanoseconds` after the start of the run.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds since the start of the run.
    #[must_use]
    pub const fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The whole simulated second that this instant lies in, counted from zero.
    #[must_use]
    pub const fn second(self) -> u64 {
        self.0 / NANOSECONDS_PER_SECOND
    }

    /// The span from `earlier` to this instant, zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One simulated second.
    pub const SECOND: Self = Self(NANOSECONDS_PER_SECOND);

    /// A span of `nanoseconds`.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// A span of `milliseconds`.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds * 1_000_000)
    }

    /// A span of `seconds`.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds * NANOSECONDS_PER_SECOND)
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The length in seconds, for display and for drawing; rounded to 53 bits.
    #[must_use]
    pub const fn as_seconds(self) -> f64 {
        self.0 as f64 / NANOSECONDS_PER_SECOND as f64
    }

    /// The length in milliseconds, for display and for drawing; rounded to 53 bits.
    #[must_use]
    pub const fn as_milliseconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Half the span, rounded down.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl Add<Span> for Instant {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Span {
    /// The span in the largest unit that leaves no remainder: `90 s`, `24 h`, `250 ms`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 7] = [
            (86_400 * NANOSECONDS_PER_SECOND, "d"),
            (3_600 * NANOSECONDS_PER_SECOND, "h"),
            (60 * NANOSECONDS_PER_SECOND, "min"),
            (NANOSECONDS_PER_SECOND, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        if self.0 == 0 {
            return write!(formatter, "0 s");
        }
        for (nanoseconds, name) in UNITS {
            if self.0.is_multiple_of(nanoseconds) {
                return write!(formatter, "{} {name}", self.0 / nanoseconds);
            }
        }
        unreachable!("every whole number of nanoseconds divides by one")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_prints_in_the_largest_unit_that_fits() {
        let cases = [
            (0, "0 s"),
            (1, "1 ns"),
            (250_000_000, "250 ms"),
            (90_000_000_000, "90 s"),
            (86_400_000_000_000, "1 d"),
            (7_200_000_000_000, "2 h"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(Span::from_nanoseconds(nanoseconds).to_string(), text);
        }
    }

    #[test]
    fn an_instant_never_wraps() {
        assert_eq!(Instant::NEVER + Span::SECOND, Instant::NEVER);
        assert_eq!(Instant::START.since(Instant::NEVER), Span::ZERO);
    }
}
