//! The times that keys tell: stretches of a run within which a date, an hour or a minute stays the
//! same.

use crate::scenario::TimeUnit;
use crate::time::{Civil, NANOSECONDS_PER_SECOND, Span, Timestamp};

use super::names::write_decimal;

/// The stretches of a run by the finest unit of time in a key.
#[derive(Clone, Debug)]
pub struct TimeBins {
    unit: TimeUnit,
    starts_at: Timestamp,
    /// Where stretches begin and end, in nanoseconds since the start of the run; one more than
    /// there are stretches.
    bounds: Vec<u64>,
    /// Records to expect in each stretch, relative to the others.
    weights: Vec<f64>,
}

impl TimeBins {
    /// The stretches of a run of `duration`, more than zero, that begins at `starts_at`; all weigh
    /// the same.
    #[must_use]
    pub fn new(unit: TimeUnit, starts_at: Timestamp, duration: Span) -> Self {
        let end = duration.nanoseconds();
        let second = starts_at.unix_seconds() % unit.seconds();
        let length = unit.seconds() * NANOSECONDS_PER_SECOND;
        let mut next = length - second * NANOSECONDS_PER_SECOND;
        let mut bounds = vec![0];
        while next < end {
            bounds.push(next);
            next += length;
        }
        bounds.push(end);
        let weights = vec![1.0; bounds.len() - 1];
        Self { unit, starts_at, bounds, weights }
    }

    /// Weighs each stretch by the records that `expected` gives for all of them, when it is told
    /// the bounds in nanoseconds; what lies before `from` does not count.
    #[must_use]
    pub fn weighted(mut self, from: Span, expected: impl FnOnce(&[u64]) -> Vec<f64>) -> Self {
        let counted: Vec<u64> =
            self.bounds.iter().map(|bound| (*bound).max(from.nanoseconds())).collect();
        let weights = expected(&counted);
        // A producer that comes up with nothing has no better weights.
        if weights.len() == self.weights.len() && weights.iter().sum::<f64>() > 0.0 {
            self.weights = weights;
        }
        self
    }

    /// Number of stretches.
    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// Records to expect in a stretch, relative to the others.
    pub(super) fn weight(&self, bin: usize) -> f64 {
        self.weights[bin]
    }

    /// The stretch that `time`, in nanoseconds, lies in; the last one from its end on.
    pub(super) fn of(&self, time: u64) -> usize {
        let seconds = self.starts_at.unix_seconds() % self.unit.seconds();
        let length = self.unit.seconds() * NANOSECONDS_PER_SECOND;
        let since = time.saturating_add(seconds * NANOSECONDS_PER_SECOND) / length;
        (since as usize).min(self.len() - 1)
    }

    /// Puts the time of a stretch, told in `unit`, at the end of `buffer`.
    pub(super) fn write(&self, bin: usize, unit: TimeUnit, buffer: &mut Vec<u8>) {
        let first = self.starts_at.unix_seconds() / self.unit.seconds();
        let start = Timestamp::from_unix_seconds((first + bin as u64) * self.unit.seconds());
        let Civil { year, month, day, hour, minute, .. } = start.civil();
        write_decimal(year, 4, buffer);
        for (sign, value, needs) in [
            (b'-', month, TimeUnit::Date),
            (b'-', day, TimeUnit::Date),
            (b'T', hour, TimeUnit::Hour),
            (b':', minute, TimeUnit::Minute),
        ] {
            if unit >= needs {
                buffer.push(sign);
                write_decimal(value, 2, buffer);
            }
        }
    }
}
