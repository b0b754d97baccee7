//! The series of one shard.
//!
//! Most of its numbers are small: about six bytes a busy second, ten a busy step of several
//! seconds, next to nothing where the shard is idle.

use super::{push_variable_length, seconds_of, take_variable_length};
use crate::time::Span;

/// One second of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardSecond {
    /// Records taken.
    pub incoming_records: u64,
    /// Bytes taken.
    pub incoming_bytes: u64,
    /// Bytes by which the write limit was charged for them, rounding included.
    pub charged_bytes: u64,
    /// Attempts refused.
    pub write_throttled_records: u64,
}

/// One step of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardStep {
    /// Records taken.
    pub incoming_records: u64,
    /// Bytes taken.
    pub incoming_bytes: u64,
    /// Bytes by which the write limit was charged for them, rounding included.
    pub charged_bytes: u64,
    /// Attempts refused.
    pub write_throttled_records: u64,
    /// Records taken in the second that took most of them.
    pub incoming_records_1s_max: u64,
    /// Bytes charged in the second that was charged most of them.
    pub charged_bytes_1s_max: u64,
}

impl ShardStep {
    /// Makes the step longer by `next`, which follows it.
    pub fn add(&mut self, next: &Self) {
        self.incoming_records += next.incoming_records;
        self.incoming_bytes += next.incoming_bytes;
        self.charged_bytes += next.charged_bytes;
        self.write_throttled_records += next.write_throttled_records;
        self.incoming_records_1s_max =
            self.incoming_records_1s_max.max(next.incoming_records_1s_max);
        self.charged_bytes_1s_max = self.charged_bytes_1s_max.max(next.charged_bytes_1s_max);
    }
}

impl From<ShardSecond> for ShardStep {
    fn from(second: ShardSecond) -> Self {
        Self {
            incoming_records: second.incoming_records,
            incoming_bytes: second.incoming_bytes,
            charged_bytes: second.charged_bytes,
            write_throttled_records: second.write_throttled_records,
            incoming_records_1s_max: second.incoming_records,
            charged_bytes_1s_max: second.charged_bytes,
        }
    }
}

/// All steps of one shard.
///
/// A row begins with its records plus one; a zero there stands for a stretch of empty rows, whose
/// length follows. The highest seconds are written only where a step has several.
#[derive(Clone, Debug)]
pub struct ShardSeries {
    /// Seconds in a step.
    step: u64,
    encoded: Vec<u8>,
    /// Whole steps.
    rows: u64,
    /// Empty rows at the end, not yet encoded.
    empty: u64,
    /// The step that is not whole yet.
    open: ShardStep,
    /// Seconds in it.
    open_seconds: u64,
    /// Steps before the first row, in which there was no such shard.
    first: u64,
}

impl ShardSeries {
    /// An empty series in steps of `step`.
    ///
    /// # Panics
    /// When the step does not divide a minute.
    #[must_use]
    pub fn new(step: Span) -> Self {
        Self::starting_at(step, 0)
    }

    /// An empty series in steps of `step` whose first second is `second`, counted from the start
    /// of the run.
    ///
    /// # Panics
    /// When the step does not divide a minute.
    #[must_use]
    pub fn starting_at(step: Span, second: u64) -> Self {
        let step = seconds_of(step);
        Self {
            step,
            first: second / step,
            encoded: Vec::new(),
            rows: 0,
            empty: 0,
            open: ShardStep::default(),
            open_seconds: second % step,
        }
    }

    /// Steps before the first row.
    #[must_use]
    pub const fn first_step(&self) -> u64 {
        self.first
    }

    /// Appends the next second.
    pub fn push(&mut self, second: ShardSecond) {
        self.open.add(&second.into());
        self.open_seconds += 1;
        if self.open_seconds == self.step {
            self.open_seconds = 0;
            let row = std::mem::take(&mut self.open);
            self.encode(&row);
        }
    }

    fn encode(&mut self, row: &ShardStep) {
        self.rows += 1;
        if *row == ShardStep::default() {
            self.empty += 1;
            return;
        }
        if self.empty > 0 {
            push_variable_length(&mut self.encoded, 0);
            push_variable_length(&mut self.encoded, self.empty);
            self.empty = 0;
        }
        for value in [
            row.incoming_records + 1,
            row.incoming_bytes,
            // Rounding only ever adds, so the difference is small and not negative.
            row.charged_bytes - row.incoming_bytes,
            row.write_throttled_records,
        ] {
            push_variable_length(&mut self.encoded, value);
        }
        if self.step > 1 {
            push_variable_length(&mut self.encoded, row.incoming_records_1s_max);
            push_variable_length(&mut self.encoded, row.charged_bytes_1s_max);
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0 && self.open_seconds == 0
    }

    /// The rows in order of time; the last one may be shorter than a step.
    pub fn rows(&self) -> impl Iterator<Item = ShardStep> + '_ {
        let mut rest = self.encoded.as_slice();
        let mut empty = 0u64;
        let whole = (0..self.rows).map(move |_| {
            if empty == 0 && !rest.is_empty() {
                match take_variable_length(&mut rest) {
                    0 => empty = take_variable_length(&mut rest),
                    records => return take_row(&mut rest, records - 1, self.step),
                }
            }
            empty = empty.saturating_sub(1);
            ShardStep::default()
        });
        whole.chain((self.open_seconds > 0).then_some(self.open))
    }
}

fn take_row(rest: &mut &[u8], incoming_records: u64, step: u64) -> ShardStep {
    let incoming_bytes = take_variable_length(rest);
    let second = ShardSecond {
        incoming_records,
        incoming_bytes,
        charged_bytes: incoming_bytes + take_variable_length(rest),
        write_throttled_records: take_variable_length(rest),
    };
    let mut row = ShardStep::from(second);
    if step > 1 {
        row.incoming_records_1s_max = take_variable_length(rest);
        row.charged_bytes_1s_max = take_variable_length(rest);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds() -> Vec<ShardSecond> {
        let mut values = vec![0u64, 1, 0, 0, 127, 128, 0, 1_000, 1_048_576, u64::from(u32::MAX)];
        values.extend([0; 33]);
        values.extend([7, 0, 0]);
        values
            .into_iter()
            .map(|value| ShardSecond {
                incoming_records: value,
                incoming_bytes: value * 700,
                charged_bytes: value * 1024,
                write_throttled_records: value / 3,
            })
            .collect()
    }

    fn series(step: u64) -> ShardSeries {
        let mut series = ShardSeries::new(Span::from_seconds(step));
        for second in seconds() {
            series.push(second);
        }
        series
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let rows: Vec<ShardStep> = seconds().into_iter().map(ShardStep::from).collect();
        assert_eq!(series(1).rows().collect::<Vec<_>>(), rows);
    }

    /// sum(step) = sum(its seconds), max(step) = max(its seconds).
    #[test]
    fn a_step_is_the_sum_and_the_maximum_of_its_seconds() {
        for step in [1, 2, 10, 30, 60] {
            let expected: Vec<ShardStep> = seconds()
                .chunks(step)
                .map(|seconds| {
                    let sum = |of: fn(&ShardSecond) -> u64| seconds.iter().map(of).sum();
                    let max = |of: fn(&ShardSecond) -> u64| seconds.iter().map(of).max().unwrap();
                    ShardStep {
                        incoming_records: sum(|second| second.incoming_records),
                        incoming_bytes: sum(|second| second.incoming_bytes),
                        charged_bytes: sum(|second| second.charged_bytes),
                        write_throttled_records: sum(|second| second.write_throttled_records),
                        incoming_records_1s_max: max(|second| second.incoming_records),
                        charged_bytes_1s_max: max(|second| second.charged_bytes),
                    }
                })
                .collect();
            assert_eq!(series(step as u64).rows().collect::<Vec<_>>(), expected, "{step} s");
        }
    }
}
