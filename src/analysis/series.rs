//! The run over time in bins: the rows of the charts and of the CSV files.
//!
//! Counts are sums over the bin, ratios are made from those sums, a peak is the highest second in
//! the bin, a state is that at the end of the bin. The `cloudwatch_` columns are what the minute
//! metrics would show: the highest of the minutes that the bin touches, so that a bin of ten
//! seconds shows the minute it lies in and a bin of an hour the worst of sixty.

mod row;

pub use row::{ConsumerRow, SeriesRow, ShardRow};

use super::figures::ratio;
use crate::metrics::{Observation, ShardObservation, StreamSecond};
use crate::scenario::Scenario;
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Seconds in one period of CloudWatch's metrics.
const MINUTE: usize = 60;
/// Widths to choose from, in seconds.
const WIDTHS: [u64; 11] = [1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 21_600, 86_400];
/// A chosen width gives at most this many rows, as far as the widths reach.
const ROWS_MAX: u64 = 300;

/// The width that gives a readable number of rows over `simulated`.
#[must_use]
pub fn default_bin(simulated: Span) -> Span {
    let seconds = simulated.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
    let width = WIDTHS.into_iter().find(|width| seconds.div_ceil(*width) <= ROWS_MAX);
    Span::from_seconds(width.unwrap_or(WIDTHS[WIDTHS.len() - 1]))
}

/// The two write limits of a shard as amounts a second.
#[derive(Clone, Copy, Debug)]
struct WriteLimits {
    records: f64,
    bytes: f64,
}

impl WriteLimits {
    fn of(scenario: &Scenario) -> Self {
        Self {
            records: scenario.quotas.shard_write_records.0.as_per_second(),
            bytes: scenario.quotas.shard_write_bytes.0.as_per_second(),
        }
    }

    /// How full the scarcer limit is over `seconds`.
    fn utilization(self, records: u64, bytes: u64, seconds: f64) -> f64 {
        if seconds <= 0.0 {
            return 0.0;
        }
        (records as f64 / (self.records * seconds)).max(bytes as f64 / (self.bytes * seconds))
    }
}

/// Where the bins of a run lie: whole seconds, the last bin ends with the run.
#[derive(Clone, Copy, Debug)]
struct Bins {
    width: usize,
    simulated: Span,
}

impl Bins {
    fn new(bin: Span, simulated: Span) -> Self {
        let width = bin.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND).max(1);
        Self { width: usize::try_from(width).unwrap_or(usize::MAX), simulated }
    }

    fn start_seconds(self, bin: usize) -> f64 {
        bin as f64 * self.width as f64
    }

    /// Width of a bin, shorter where the run ends in it.
    fn span_seconds(self, bin: usize) -> f64 {
        (self.simulated.as_seconds() - self.start_seconds(bin)).clamp(0.0, self.width as f64)
    }

    /// The minutes that a bin touches, as far as there are any.
    fn minutes<T>(self, bin: usize, minutes: &[T]) -> &[T] {
        let first = bin.saturating_mul(self.width) / MINUTE;
        let end = (bin + 1).saturating_mul(self.width).div_ceil(MINUTE).min(minutes.len());
        minutes.get(first..end).unwrap_or_default()
    }
}

/// The width in force for a wish: whole seconds, at least one.
#[must_use]
pub fn effective_bin(bin: Option<Span>, simulated: Span) -> Span {
    bin.map_or_else(
        || default_bin(simulated),
        |bin| Span::from_seconds(bin.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND).max(1)),
    )
}

/// The series of the stream in bins of `bin`.
#[must_use]
pub fn stream_series(scenario: &Scenario, observation: &Observation, bin: Span) -> Vec<SeriesRow> {
    let bins = Bins::new(bin, observation.simulated);
    let minutes: Vec<StreamMinute> =
        observation.seconds.chunks(MINUTE).map(StreamMinute::of).collect();
    let hottest = hottest_minutes(scenario, observation, minutes.len());
    let rows = observation.seconds.chunks(bins.width).enumerate();
    rows.map(|(index, seconds)| {
        let in_bin = bins.minutes(index, &minutes);
        let mut row = stream_row(scenario, bins, index, seconds);
        row.cloudwatch_hottest_shard_utilization_1min = highest(bins.minutes(index, &hottest));
        row.cloudwatch_incoming_records_1min = max_of(in_bin, |minute| minute.incoming_records);
        row.cloudwatch_incoming_bytes_1min = max_of(in_bin, |minute| minute.incoming_bytes);
        row.cloudwatch_write_throttled_records_1min = max_of(in_bin, |minute| minute.throttled);
        row
    })
    .collect()
}

/// The series of one shard in bins of `bin`; none when there is no such shard.
#[must_use]
pub fn shard_series(
    scenario: &Scenario,
    observation: &Observation,
    shard: usize,
    bin: Span,
) -> Vec<ShardRow> {
    let bins = Bins::new(bin, observation.simulated);
    let (Some(definition), Some(shard)) =
        (scenario.stream.shards.get(shard), observation.shards.get(shard))
    else {
        return Vec::new();
    };
    let limits = WriteLimits::of(scenario);
    let minutes = shard_minutes(limits, shard, observation.simulated);
    let sums = shard_sums(limits, shard, bins.width);
    sums.into_iter()
        .enumerate()
        .map(|(index, sum)| {
            let span_seconds = bins.span_seconds(index);
            ShardRow {
                shard_id: definition.shard_id.clone(),
                start_seconds: bins.start_seconds(index),
                span_seconds,
                incoming_records: sum.records,
                incoming_bytes: sum.bytes,
                write_throttled_records: sum.throttled,
                write_throttled_ratio: ratio(sum.throttled, sum.records + sum.throttled),
                utilization_mean: limits.utilization(sum.records, sum.charged, span_seconds),
                utilization_peak_1s: sum.peak,
                cloudwatch_utilization_1min: highest(bins.minutes(index, &minutes)),
            }
        })
        .collect()
}

/// Sums of one shard over a bin.
#[derive(Clone, Copy, Debug, Default)]
struct ShardSum {
    records: u64,
    bytes: u64,
    charged: u64,
    throttled: u64,
    /// Utilization of the highest second.
    peak: f64,
}

/// The sums of one shard in bins of `width` seconds, in one pass and without a list of seconds.
fn shard_sums(limits: WriteLimits, shard: &ShardObservation, width: usize) -> Vec<ShardSum> {
    let mut sums: Vec<ShardSum> = Vec::new();
    let mut sum = ShardSum::default();
    let mut seconds = 0;
    for second in shard.series.rows() {
        sum.records += second.incoming_records;
        sum.bytes += second.incoming_bytes;
        sum.charged += second.charged_bytes;
        sum.throttled += second.write_throttled_records;
        let peak = limits.utilization(second.incoming_records, second.charged_bytes, 1.0);
        sum.peak = sum.peak.max(peak);
        seconds += 1;
        if seconds == width {
            sums.push(std::mem::take(&mut sum));
            seconds = 0;
        }
    }
    if seconds > 0 {
        sums.push(sum);
    }
    sums
}

/// What CloudWatch would show of one minute of the stream.
#[derive(Clone, Copy, Debug)]
struct StreamMinute {
    incoming_records: u64,
    incoming_bytes: u64,
    throttled: u64,
}

impl StreamMinute {
    fn of(seconds: &[StreamSecond]) -> Self {
        Self {
            incoming_records: sum_of(seconds, |second| second.incoming_records),
            incoming_bytes: sum_of(seconds, |second| second.incoming_bytes),
            throttled: sum_of(seconds, |second| second.write_throttled_records),
        }
    }
}

/// The row of one bin without its minute columns.
fn stream_row(
    scenario: &Scenario,
    bins: Bins,
    index: usize,
    seconds: &[StreamSecond],
) -> SeriesRow {
    let span_seconds = bins.span_seconds(index);
    let per_second = |sum: u64| {
        if span_seconds > 0.0 { sum as f64 / span_seconds } else { 0.0 }
    };
    let generated_records = sum_of(seconds, |second| second.generated_records);
    let incoming_records = sum_of(seconds, |second| second.incoming_records);
    let incoming_bytes = sum_of(seconds, |second| second.incoming_bytes);
    let throttled = sum_of(seconds, |second| second.write_throttled_records);
    let peak = seconds.iter().map(|second| six_decimals(second.utilization_max));
    SeriesRow {
        start_seconds: bins.start_seconds(index),
        span_seconds,
        generated_records,
        generated_bytes: sum_of(seconds, |second| second.generated_bytes),
        incoming_records,
        incoming_bytes,
        generated_records_per_second: per_second(generated_records),
        incoming_records_per_second: per_second(incoming_records),
        incoming_bytes_per_second: per_second(incoming_bytes),
        write_throttled_records: throttled,
        write_throttled_ratio: ratio(throttled, incoming_records + throttled),
        shards_throttling_max: seconds
            .iter()
            .map(|second| second.shards_throttling)
            .max()
            .unwrap_or(0),
        hottest_shard_utilization_peak_1s: peak.fold(0.0, f64::max),
        cloudwatch_hottest_shard_utilization_1min: 0.0,
        cloudwatch_incoming_records_1min: 0,
        cloudwatch_incoming_bytes_1min: 0,
        cloudwatch_write_throttled_records_1min: 0,
        consumers: consumer_rows(scenario, seconds),
    }
}

fn consumer_rows(scenario: &Scenario, seconds: &[StreamSecond]) -> Vec<ConsumerRow> {
    let consumers = scenario.consumers.iter().enumerate();
    consumers
        .map(|(index, consumer)| {
            let rows = || seconds.iter().filter_map(|second| second.consumers.get(index));
            ConsumerRow {
                name: consumer.name.clone(),
                read_records: rows().map(|row| row.read_records).sum(),
                read_throttled_calls: rows().map(|row| row.read_throttled_calls).sum(),
                backlog_records: rows().next_back().map_or(0, |row| row.backlog_records),
                iterator_age_ms_max: rows().map(|row| row.iterator_age_ms_max).max().unwrap_or(0),
            }
        })
        .collect()
}

/// The highest utilization of any shard in each minute.
fn hottest_minutes(scenario: &Scenario, observation: &Observation, minutes: usize) -> Vec<f64> {
    let limits = WriteLimits::of(scenario);
    let mut hottest = vec![0.0_f64; minutes];
    for shard in &observation.shards {
        let of_shard = shard_minutes(limits, shard, observation.simulated);
        for (highest, utilization) in hottest.iter_mut().zip(of_shard) {
            *highest = highest.max(utilization);
        }
    }
    hottest
}

/// Utilization of one shard in each minute, from the counts that CloudWatch has.
///
/// A minute in which the run ends is taken over the part that was run.
fn shard_minutes(limits: WriteLimits, shard: &ShardObservation, simulated: Span) -> Vec<f64> {
    let bins = Bins { width: MINUTE, simulated };
    let sums = shard_sums(limits, shard, MINUTE).into_iter().enumerate();
    sums.map(|(index, sum)| limits.utilization(sum.records, sum.bytes, bins.span_seconds(index)))
        .collect()
}

/// The highest of some utilizations; zero when there are none.
fn highest(utilizations: &[f64]) -> f64 {
    utilizations.iter().copied().fold(0.0, f64::max)
}

/// A single-precision ratio without the digits that double precision would make up.
fn six_decimals(ratio: f32) -> f64 {
    (f64::from(ratio) * 1e6).round() / 1e6
}

fn sum_of<T>(rows: &[T], count: impl Fn(&T) -> u64) -> u64 {
    rows.iter().map(count).sum()
}

fn max_of<T>(rows: &[T], count: impl Fn(&T) -> u64) -> u64 {
    rows.iter().map(count).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
