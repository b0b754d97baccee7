//! The run over time in bins: the rows of the charts and of the CSV files.
//!
//! Counts are sums over the bin, ratios are made from those sums, a peak is the highest second in
//! the bin, a state is that at the end of the bin. The `cloudwatch_` columns are what the minute
//! metrics would show: the highest of the minutes that the bin touches, so that a bin of ten
//! seconds shows the minute it lies in and a bin of an hour the worst of sixty.
//!
//! A bin is a number of whole steps, in which the series are kept; see [`crate::metrics`].

mod row;

pub use row::{ConsumerRow, SeriesRow, ShardRow};

use super::figures::ratio;
use crate::metrics::{Observation, ShardObservation, ShardStep, StreamStep};
use crate::scenario::Scenario;
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Seconds in one period of CloudWatch's metrics.
const MINUTE: usize = 60;
/// Widths to choose from, in seconds.
const WIDTHS: [u64; 11] = [1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 21_600, 86_400];
/// A chosen width gives at most this many rows, as far as the widths reach.
const ROWS_MAX: u64 = 300;

/// The width that gives a readable number of rows over `simulated`, in whole steps of `step`.
#[must_use]
pub fn default_bin(simulated: Span, step: Span) -> Span {
    let seconds = simulated.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
    let step = whole_seconds(step);
    let mut widths = WIDTHS.into_iter().filter(|width| width.is_multiple_of(step));
    let width = widths.find(|width| seconds.div_ceil(*width) <= ROWS_MAX);
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

/// Where the bins of a run lie: whole steps, the last bin ends with the run.
#[derive(Clone, Copy, Debug)]
struct Bins {
    /// Seconds in a bin.
    width: usize,
    /// Steps in a bin.
    steps: usize,
    simulated: Span,
}

impl Bins {
    fn new(bin: Span, observation: &Observation) -> Self {
        let (simulated, step) = (observation.simulated, observation.series.step());
        let width = whole_seconds(effective_bin(Some(bin), simulated, step));
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Self { width: whole(width), steps: whole(width / whole_seconds(step)), simulated }
    }

    /// The minutes of a run, as CloudWatch has them.
    fn minutes_of(observation: &Observation) -> Self {
        Self::new(Span::from_seconds(MINUTE as u64), observation)
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

/// The width in force for a wish: whole steps of `step`, at least one.
#[must_use]
pub fn effective_bin(bin: Option<Span>, simulated: Span, step: Span) -> Span {
    let Some(bin) = bin else {
        return default_bin(simulated, step);
    };
    let step = whole_seconds(step);
    Span::from_seconds(whole_seconds(bin).div_ceil(step).saturating_mul(step))
}

/// Seconds of a span, rounded up, at least one.
const fn whole_seconds(span: Span) -> u64 {
    let seconds = span.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
    if seconds == 0 { 1 } else { seconds }
}

/// The series of the stream in bins of `bin`.
#[must_use]
pub fn stream_series(scenario: &Scenario, observation: &Observation, bin: Span) -> Vec<SeriesRow> {
    let bins = Bins::new(bin, observation);
    let rows = || observation.series.rows();
    let minutes = in_bins(rows(), Bins::minutes_of(observation).steps, StreamMinute::add);
    let hottest = hottest_minutes(scenario, observation, minutes.len());
    let sums = in_bins(rows(), bins.steps, StreamStep::add).into_iter().enumerate();
    sums.map(|(index, sums)| {
        let in_bin = bins.minutes(index, &minutes);
        let mut row = stream_row(scenario, bins, index, &sums);
        row.cloudwatch_hottest_shard_utilization_1min = highest(bins.minutes(index, &hottest));
        row.cloudwatch_incoming_records_1min = max_of(in_bin, |minute| minute.incoming_records);
        row.cloudwatch_incoming_bytes_1min = max_of(in_bin, |minute| minute.incoming_bytes);
        row.cloudwatch_write_throttled_records_1min = max_of(in_bin, |minute| minute.throttled);
        row
    })
    .collect()
}

/// Rows added up by `steps`, in one pass and without a list of rows.
fn in_bins<Row, Sum: Default>(
    rows: impl Iterator<Item = Row>,
    steps: usize,
    add: impl Fn(&mut Sum, &Row),
) -> Vec<Sum> {
    let mut sums: Vec<Sum> = Vec::new();
    for (index, row) in rows.enumerate() {
        if index.is_multiple_of(steps) {
            sums.push(Sum::default());
        }
        if let Some(sum) = sums.last_mut() {
            add(sum, &row);
        }
    }
    sums
}

/// The series of one shard in bins of `bin`; none when there is no such shard.
#[must_use]
pub fn shard_series(
    scenario: &Scenario,
    observation: &Observation,
    shard: usize,
    bin: Span,
) -> Vec<ShardRow> {
    let bins = Bins::new(bin, observation);
    let Some(shard) = observation.shards.get(shard) else {
        return Vec::new();
    };
    let limits = WriteLimits::of(scenario);
    let minutes = shard_minutes(limits, shard, Bins::minutes_of(observation));
    let sums = shard_bins(shard, bins.steps);
    let first = shard.series.first_step() as usize / bins.steps;
    sums.into_iter()
        .enumerate()
        // Before it opened there is no such shard.
        .skip(first)
        .map(|(index, sum)| {
            let span_seconds = bins.span_seconds(index);
            let throttled = sum.write_throttled_records;
            ShardRow {
                shard_id: shard.shard_id.clone(),
                start_seconds: bins.start_seconds(index),
                span_seconds,
                incoming_records: sum.incoming_records,
                incoming_bytes: sum.incoming_bytes,
                write_throttled_records: throttled,
                write_throttled_ratio: ratio(throttled, sum.incoming_records + throttled),
                utilization_mean: limits.utilization(
                    sum.incoming_records,
                    sum.charged_bytes,
                    span_seconds,
                ),
                // The highest of both limits is that of the highest records and bytes.
                utilization_peak_1s: limits.utilization(
                    sum.incoming_records_1s_max,
                    sum.charged_bytes_1s_max,
                    1.0,
                ),
                cloudwatch_utilization_1min: highest(bins.minutes(index, &minutes)),
            }
        })
        .collect()
}

/// The steps of a shard added up by `steps`, from the start of the run.
fn shard_bins(shard: &ShardObservation, steps: usize) -> Vec<ShardStep> {
    let before = (0..shard.series.first_step()).map(|_| ShardStep::default());
    in_bins(before.chain(shard.series.rows()), steps, ShardStep::add)
}

/// What CloudWatch would show of one minute of the stream.
#[derive(Clone, Copy, Debug, Default)]
struct StreamMinute {
    incoming_records: u64,
    incoming_bytes: u64,
    throttled: u64,
}

impl StreamMinute {
    const fn add(&mut self, step: &StreamStep) {
        self.incoming_records += step.incoming_records;
        self.incoming_bytes += step.incoming_bytes;
        self.throttled += step.write_throttled_records;
    }
}

/// The row of one bin without its minute columns.
fn stream_row(scenario: &Scenario, bins: Bins, index: usize, sums: &StreamStep) -> SeriesRow {
    let span_seconds = bins.span_seconds(index);
    let per_second = |sum: u64| {
        if span_seconds > 0.0 { sum as f64 / span_seconds } else { 0.0 }
    };
    let throttled = sums.write_throttled_records;
    SeriesRow {
        start_seconds: bins.start_seconds(index),
        span_seconds,
        generated_records: sums.generated_records,
        generated_bytes: sums.generated_bytes,
        incoming_records: sums.incoming_records,
        incoming_bytes: sums.incoming_bytes,
        generated_records_per_second: per_second(sums.generated_records),
        incoming_records_per_second: per_second(sums.incoming_records),
        incoming_bytes_per_second: per_second(sums.incoming_bytes),
        write_throttled_records: throttled,
        write_throttled_ratio: ratio(throttled, sums.incoming_records + throttled),
        shards_throttling_max: sums.shards_throttling_max,
        open_shards: sums.open_shards,
        hottest_shard_utilization_peak_1s: six_decimals(sums.utilization_1s_max),
        cloudwatch_hottest_shard_utilization_1min: 0.0,
        cloudwatch_incoming_records_1min: 0,
        cloudwatch_incoming_bytes_1min: 0,
        cloudwatch_write_throttled_records_1min: 0,
        consumers: consumer_rows(scenario, sums),
    }
}

fn consumer_rows(scenario: &Scenario, sums: &StreamStep) -> Vec<ConsumerRow> {
    let consumers = scenario.consumers.iter().zip(&sums.consumers);
    consumers
        .map(|(consumer, sum)| ConsumerRow {
            name: consumer.name.clone(),
            read_records: sum.read_records,
            read_throttled_calls: sum.read_throttled_calls,
            backlog_records: sum.backlog_records,
            iterator_age_ms_max: sum.iterator_age_ms_max,
            iterator_age_cloudwatch_ms_max: sum.iterator_age_cloudwatch_ms_max,
        })
        .collect()
}

/// The highest utilization of any shard in each minute.
fn hottest_minutes(scenario: &Scenario, observation: &Observation, minutes: usize) -> Vec<f64> {
    let limits = WriteLimits::of(scenario);
    let mut hottest = vec![0.0_f64; minutes];
    for shard in &observation.shards {
        let of_shard = shard_minutes(limits, shard, Bins::minutes_of(observation));
        for (highest, utilization) in hottest.iter_mut().zip(of_shard) {
            *highest = highest.max(utilization);
        }
    }
    hottest
}

/// Utilization of one shard in each minute, from the counts that CloudWatch has.
///
/// A minute in which the run ends is taken over the part that was run.
fn shard_minutes(limits: WriteLimits, shard: &ShardObservation, minutes: Bins) -> Vec<f64> {
    let sums = shard_bins(shard, minutes.steps).into_iter().enumerate();
    sums.map(|(index, sum)| {
        let span_seconds = minutes.span_seconds(index);
        limits.utilization(sum.incoming_records, sum.incoming_bytes, span_seconds)
    })
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

fn max_of<T>(rows: &[T], count: impl Fn(&T) -> u64) -> u64 {
    rows.iter().map(count).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
