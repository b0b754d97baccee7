//! The series of the whole stream.
//!
//! A row is about twenty bytes, and eight more for each consumer.

use super::{push_variable_length, seconds_of, take_variable_length};
use crate::time::Span;

/// One step of the whole stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamStep {
    /// Records that producers came up with.
    pub generated_records: u64,
    /// Bytes of those records.
    pub generated_bytes: u64,
    /// Records that the stream took.
    pub incoming_records: u64,
    /// Bytes that the stream took.
    pub incoming_bytes: u64,
    /// Attempts that shard limits refused.
    pub write_throttled_records: u64,
    /// Most shards that refused at least one attempt in the same second.
    pub shards_throttling_max: u32,
    /// Open shards at the end of the step.
    pub open_shards: u32,
    /// Highest utilization of any shard in a second, by the scarcer of the two write limits, as a
    /// ratio.
    pub utilization_1s_max: f32,
    /// One entry a consumer, in the order of the scenario.
    pub consumers: Vec<ConsumerStep>,
}

/// One step of one consumer over all shards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumerStep {
    /// Records handed to the consumer.
    pub read_records: u64,
    /// GetRecords calls refused.
    pub read_throttled_calls: u64,
    /// Accepted records not yet read at the end of the step.
    pub backlog_records: u64,
    /// Highest true iterator age of any shard at the end of any second, in milliseconds.
    pub iterator_age_ms_max: u64,
    /// Highest iterator age that CloudWatch hears of, in milliseconds; none without a call.
    pub iterator_age_cloudwatch_ms_max: Option<u64>,
    /// Highest age of any record that has been read and is not done at the end of a second, in
    /// milliseconds. Rows that are kept do not have it.
    pub in_hand_age_ms_max: u64,
}

impl StreamStep {
    /// Makes the step longer by `next`, which follows it.
    pub fn add(&mut self, next: &Self) {
        self.generated_records += next.generated_records;
        self.generated_bytes += next.generated_bytes;
        self.incoming_records += next.incoming_records;
        self.incoming_bytes += next.incoming_bytes;
        self.write_throttled_records += next.write_throttled_records;
        self.shards_throttling_max = self.shards_throttling_max.max(next.shards_throttling_max);
        self.open_shards = next.open_shards;
        self.utilization_1s_max = self.utilization_1s_max.max(next.utilization_1s_max);
        self.consumers.resize(next.consumers.len(), ConsumerStep::default());
        for (own, next) in self.consumers.iter_mut().zip(&next.consumers) {
            own.read_records += next.read_records;
            own.read_throttled_calls += next.read_throttled_calls;
            own.backlog_records = next.backlog_records;
            own.iterator_age_ms_max = own.iterator_age_ms_max.max(next.iterator_age_ms_max);
            let in_cloudwatch = &mut own.iterator_age_cloudwatch_ms_max;
            *in_cloudwatch = (*in_cloudwatch).max(next.iterator_age_cloudwatch_ms_max);
        }
    }

    /// Sets everything to zero, for the same consumers.
    fn clear(&mut self) {
        let mut consumers = std::mem::take(&mut self.consumers);
        consumers.fill(ConsumerStep::default());
        *self = Self { consumers, ..Self::default() };
    }
}

/// All steps of the whole stream.
#[derive(Clone, Debug)]
pub struct StreamSeries {
    /// Seconds in a step.
    step: u64,
    encoded: Vec<u8>,
    /// The step that is not whole yet.
    open: StreamStep,
    /// Seconds in it.
    open_seconds: u64,
}

impl StreamSeries {
    /// An empty series in steps of `step`.
    ///
    /// # Panics
    /// When the step does not divide a minute.
    #[must_use]
    pub fn new(step: Span) -> Self {
        Self {
            step: seconds_of(step),
            encoded: Vec::new(),
            open: StreamStep::default(),
            open_seconds: 0,
        }
    }

    /// The width of one row.
    #[must_use]
    pub const fn step(&self) -> Span {
        Span::from_seconds(self.step)
    }

    /// Appends the next second; all have the same consumers.
    pub fn push(&mut self, second: &StreamStep) {
        self.open.add(second);
        self.open_seconds += 1;
        if self.open_seconds == self.step {
            encode(&mut self.encoded, &self.open);
            self.open.clear();
            self.open_seconds = 0;
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.encoded.is_empty() && self.open_seconds == 0
    }

    /// The rows in order of time; the last one may be shorter than a step.
    pub fn rows(&self) -> impl Iterator<Item = StreamStep> + '_ {
        let consumers = self.open.consumers.len();
        let mut rest = self.encoded.as_slice();
        let whole =
            std::iter::from_fn(move || (!rest.is_empty()).then(|| take_row(&mut rest, consumers)));
        whole.chain((self.open_seconds > 0).then(|| self.open.clone()))
    }
}

fn encode(encoded: &mut Vec<u8>, row: &StreamStep) {
    for value in [
        row.generated_records,
        row.generated_bytes,
        row.incoming_records,
        row.incoming_bytes,
        row.write_throttled_records,
        u64::from(row.shards_throttling_max),
        u64::from(row.open_shards),
    ] {
        push_variable_length(encoded, value);
    }
    encoded.extend(row.utilization_1s_max.to_le_bytes());
    for consumer in &row.consumers {
        push_variable_length(encoded, consumer.read_records);
        push_variable_length(encoded, consumer.read_throttled_calls);
        push_variable_length(encoded, consumer.backlog_records);
        push_variable_length(encoded, consumer.iterator_age_ms_max);
        let in_cloudwatch = consumer.iterator_age_cloudwatch_ms_max;
        push_variable_length(encoded, in_cloudwatch.map_or(0, |age_ms| age_ms + 1));
    }
}

fn take_row(rest: &mut &[u8], consumers: usize) -> StreamStep {
    // Fields are taken in the order in which they are written here, which is that of `encode`.
    StreamStep {
        generated_records: take_variable_length(rest),
        generated_bytes: take_variable_length(rest),
        incoming_records: take_variable_length(rest),
        incoming_bytes: take_variable_length(rest),
        write_throttled_records: take_variable_length(rest),
        shards_throttling_max: take_variable_length(rest) as u32,
        open_shards: take_variable_length(rest) as u32,
        utilization_1s_max: take_single_precision(rest),
        consumers: (0..consumers)
            .map(|_| ConsumerStep {
                read_records: take_variable_length(rest),
                read_throttled_calls: take_variable_length(rest),
                backlog_records: take_variable_length(rest),
                iterator_age_ms_max: take_variable_length(rest),
                iterator_age_cloudwatch_ms_max: take_variable_length(rest).checked_sub(1),
                in_hand_age_ms_max: 0,
            })
            .collect(),
    }
}

fn take_single_precision(rest: &mut &[u8]) -> f32 {
    let Some((bytes, after)) = rest.split_first_chunk() else {
        unreachable!("a row holds its utilization");
    };
    *rest = after;
    f32::from_le_bytes(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds() -> Vec<StreamStep> {
        (0..125u64)
            .map(|second| StreamStep {
                generated_records: second * 1_000,
                generated_bytes: second << 30,
                incoming_records: second * second,
                incoming_bytes: second * 127,
                write_throttled_records: second % 3,
                shards_throttling_max: (second % 7) as u32,
                open_shards: 4 + (second % 5) as u32,
                utilization_1s_max: (second % 11) as f32 / 7.0,
                consumers: (1..3u64)
                    .map(|consumer| ConsumerStep {
                        read_records: second * consumer,
                        read_throttled_calls: second % 5,
                        backlog_records: (second % 13) << 40,
                        iterator_age_ms_max: (second * 37) % 1_009,
                        iterator_age_cloudwatch_ms_max: (second * 31 % 1_013).checked_sub(500),
                        in_hand_age_ms_max: 0,
                    })
                    .collect(),
            })
            .collect()
    }

    fn series(step: u64) -> StreamSeries {
        let mut series = StreamSeries::new(Span::from_seconds(step));
        for second in seconds() {
            series.push(&second);
        }
        series
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        assert_eq!(series(1).rows().collect::<Vec<_>>(), seconds());
        assert!(StreamSeries::new(Span::SECOND).rows().next().is_none());
    }

    /// sum(step) = sum(its seconds), max(step) = max(its seconds), state(step) = state at its end.
    #[test]
    fn a_step_is_the_sum_the_maximum_and_the_end_of_its_seconds() {
        for step in [2, 10, 60] {
            let rows: Vec<StreamStep> = series(step as u64).rows().collect();
            let seconds = seconds();
            assert_eq!(rows.len(), seconds.len().div_ceil(step));
            for (row, seconds) in rows.iter().zip(seconds.chunks(step)) {
                let sum = |of: fn(&StreamStep) -> u64| seconds.iter().map(of).sum::<u64>();
                assert_eq!(row.generated_records, sum(|second| second.generated_records));
                assert_eq!(row.generated_bytes, sum(|second| second.generated_bytes));
                assert_eq!(row.incoming_records, sum(|second| second.incoming_records));
                assert_eq!(row.incoming_bytes, sum(|second| second.incoming_bytes));
                assert_eq!(row.write_throttled_records, sum(|row| row.write_throttled_records));
                let throttling = seconds.iter().map(|second| second.shards_throttling_max);
                assert_eq!(row.shards_throttling_max, throttling.max().unwrap());
                let utilization = seconds.iter().map(|second| second.utilization_1s_max);
                assert!((row.utilization_1s_max - utilization.fold(0.0, f32::max)).abs() < 1e-9);
                for (index, consumer) in row.consumers.iter().enumerate() {
                    let own = || seconds.iter().map(|second| second.consumers[index]);
                    let sum = |of: fn(ConsumerStep) -> u64| own().map(of).sum::<u64>();
                    assert_eq!(consumer.read_records, sum(|second| second.read_records));
                    let refused = sum(|second| second.read_throttled_calls);
                    assert_eq!(consumer.read_throttled_calls, refused);
                    let age = own().map(|second| second.iterator_age_ms_max).max();
                    assert_eq!(consumer.iterator_age_ms_max, age.unwrap());
                    let age = own().map(|second| second.iterator_age_cloudwatch_ms_max).max();
                    assert_eq!(consumer.iterator_age_cloudwatch_ms_max, age.unwrap());
                    assert_eq!(
                        consumer.backlog_records,
                        own().next_back().unwrap().backlog_records
                    );
                }
            }
        }
    }
}
