//! Series over simulated time, kept compactly and in steps that fit the length of the run.
//!
//! A step is one second for runs of up to two days, so that nothing is lost; of longer runs it is
//! ten seconds or a minute, so that a month or a year fits the memory. Counts are sums over the
//! step, a peak is the highest of its seconds and a state that at its end, so a bin made of steps
//! holds the same figures whatever the step. Steps divide a minute: minute metrics stay exact.
//!
//! Rows are kept as variable-length integers in one buffer and read back in order. Figures that
//! need every second are not taken from here but from [`CountedSeconds`](super::CountedSeconds).

mod shard;
mod stream;

pub use shard::{ShardSecond, ShardSeries, ShardStep};
pub use stream::{ConsumerStep, StreamSeries, StreamStep};

use crate::time::{NANOSECONDS_PER_SECOND, Span};

const SECONDS_PER_MINUTE: u64 = 60;
/// Steps to choose from, in seconds.
const STEPS: [u64; 3] = [1, 10, 60];
/// A chosen step gives at most this many rows, as far as the steps reach: two days of seconds.
const ROWS_MAX: u64 = 2 * 86_400;
/// The same over all shards: with about eight bytes a row, 240 MB.
const SHARD_ROWS_MAX: u64 = 30_000_000;

/// The step in which a run of `simulated` keeps its series: 1 s, 10 s or 60 s.
#[must_use]
pub fn series_step(simulated: Span, shards: usize) -> Span {
    let seconds = simulated.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
    let fits = |step: &u64| {
        let rows = seconds.div_ceil(*step);
        rows <= ROWS_MAX && rows.saturating_mul(shards as u64) <= SHARD_ROWS_MAX
    };
    Span::from_seconds(STEPS.into_iter().find(fits).unwrap_or(STEPS[STEPS.len() - 1]))
}

/// Whole seconds of a step.
///
/// # Panics
/// When the step does not divide a minute.
fn seconds_of(step: Span) -> u64 {
    let seconds = step.nanoseconds() / NANOSECONDS_PER_SECOND;
    assert!(
        seconds > 0
            && step == Span::from_seconds(seconds)
            && SECONDS_PER_MINUTE.is_multiple_of(seconds),
        "a step of whole seconds that divides a minute, not {step}"
    );
    seconds
}

/// Appends `value` in groups of seven bits, lowest first, the top bit set on all but the last.
fn push_variable_length(encoded: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        encoded.push(value as u8 | 0x80);
        value >>= 7;
    }
    encoded.push(value as u8);
}

fn take_variable_length(encoded: &mut &[u8]) -> u64 {
    let mut value = 0;
    for (index, byte) in encoded.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *encoded = &encoded[index + 1..];
            return value;
        }
    }
    unreachable!("a series ends with a whole number");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rows <= two days of seconds, and rows x shards <= 30 million, as far as steps reach.
    #[test]
    fn the_step_bounds_the_number_of_rows() {
        let cases = [
            (1, 1, 1),
            (86_400, 100, 1),
            (2 * 86_400, 4, 1),
            (2 * 86_400 + 1, 4, 10),
            (86_400, 347, 1),
            (86_400, 348, 10),
            (20 * 86_400, 4, 10),
            (30 * 86_400, 4, 60),
            (366 * 86_400, 1_000, 60),
        ];
        for (seconds, shards, step) in cases {
            let chosen = series_step(Span::from_seconds(seconds), shards);
            assert_eq!(chosen, Span::from_seconds(step), "{seconds} s, {shards} shards");
        }
    }

    #[test]
    #[should_panic(expected = "divides a minute")]
    fn a_step_that_does_not_divide_a_minute_is_a_defect() {
        let _ = StreamSeries::new(Span::from_seconds(7));
    }
}
