//! One-second series, kept compactly.
//!
//! A shard's row is four whole numbers, most of them small, so the rows are kept as
//! variable-length integers in one buffer: about six bytes a second and shard, next to nothing
//! where a shard is idle. Rows are read back in order and summed to any bin width.

/// One second of the whole stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamSecond {
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
    /// Shards that refused at least one attempt.
    pub shards_throttling: u32,
    /// Utilization of the busiest shard by the scarcer of the two write limits, as a ratio.
    pub utilization_max: f32,
    /// One entry a consumer, in the order of the scenario.
    pub consumers: Vec<ConsumerSecond>,
}

/// One second of one consumer over all shards; the state is that at the end of the second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumerSecond {
    /// Records handed to the consumer.
    pub read_records: u64,
    /// GetRecords calls refused.
    pub read_throttled_calls: u64,
    /// Accepted records not yet read.
    pub backlog_records: u64,
    /// Highest true iterator age of any shard, in milliseconds.
    pub iterator_age_ms_max: u64,
}

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

/// All seconds of one shard.
///
/// A row begins with its records plus one; a zero there stands for a stretch of empty seconds,
/// whose length follows.
#[derive(Clone, Debug, Default)]
pub struct ShardSeries {
    encoded: Vec<u8>,
    seconds: u64,
    /// Empty seconds at the end, not yet encoded.
    empty: u64,
}

impl ShardSeries {
    /// Appends the next second.
    pub fn push(&mut self, row: ShardSecond) {
        self.seconds += 1;
        if row == ShardSecond::default() {
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
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.seconds
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.seconds == 0
    }

    /// The rows in order of time.
    pub fn rows(&self) -> impl Iterator<Item = ShardSecond> + '_ {
        let mut rest = self.encoded.as_slice();
        let mut empty = 0u64;
        (0..self.seconds).map(move |_| {
            if empty == 0 && !rest.is_empty() {
                match take_variable_length(&mut rest) {
                    0 => empty = take_variable_length(&mut rest),
                    records => return take_row(&mut rest, records - 1),
                }
            }
            empty = empty.saturating_sub(1);
            ShardSecond::default()
        })
    }
}

fn take_row(rest: &mut &[u8], incoming_records: u64) -> ShardSecond {
    let incoming_bytes = take_variable_length(rest);
    ShardSecond {
        incoming_records,
        incoming_bytes,
        charged_bytes: incoming_bytes + take_variable_length(rest),
        write_throttled_records: take_variable_length(rest),
    }
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

    #[test]
    fn rows_come_back_as_they_went_in() {
        let rows: Vec<ShardSecond> =
            [0u64, 1, 0, 0, 127, 128, 0, 1_000, 1_048_576, u64::from(u32::MAX), 0, 0]
                .into_iter()
                .map(|value| ShardSecond {
                    incoming_records: value,
                    incoming_bytes: value * 700,
                    charged_bytes: value * 1024,
                    write_throttled_records: value / 3,
                })
                .collect();
        let mut series = ShardSeries::default();
        for row in &rows {
            series.push(*row);
        }
        assert_eq!(series.rows().collect::<Vec<_>>(), rows);
        assert_eq!(series.len(), 12);
    }
}
