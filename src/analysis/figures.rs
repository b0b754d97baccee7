//! Small sums and quotients that several parts of the analysis need.
//!
//! They name each figure once, so that an objective, a finding and a table that speak of the same
//! thing cannot disagree.

use hdrhistogram::Histogram;

use super::result::Quantiles;
use crate::metrics::{ConsumerObservation, Observation, RecordsByMinute, ShardObservation};
use crate::scenario::Scenario;

/// `part` over `whole`; zero when there is no whole.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The quantiles of a histogram whose unit is `per_millisecond` to the millisecond.
pub(super) fn quantiles(histogram: &Histogram<u64>, per_millisecond: f64) -> Option<Quantiles> {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / per_millisecond;
    (!histogram.is_empty()).then(|| Quantiles {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: histogram.max() as f64 / per_millisecond,
    })
}

/// Microseconds in a millisecond: the unit of the latency histograms.
pub(super) const MICROSECONDS: f64 = 1_000.0;
/// The unit of the iterator age histograms.
pub(super) const MILLISECONDS: f64 = 1.0;

/// Counts of all producers together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) generated_records: u64,
    pub(super) generated_bytes: u64,
    pub(super) attempts: u64,
    pub(super) accepted: u64,
    pub(super) throttled: u64,
    pub(super) given_up: u64,
    pub(super) rejected: u64,
}

impl Totals {
    pub(super) fn of(observation: &Observation) -> Self {
        let mut totals = Self::default();
        for producer in &observation.producers {
            totals.generated_records += producer.generated_records;
            totals.generated_bytes += producer.generated_bytes;
            totals.accepted += producer.accepted;
            totals.given_up += producer.given_up;
            totals.rejected += producer.rejected;
        }
        // Of Kinesis records: a producer that aggregates counts user records.
        for shard in &observation.shards {
            totals.throttled += shard.write_throttled_records;
            totals.attempts += shard.incoming_records + shard.write_throttled_records;
        }
        totals
    }

    /// Throttled attempts over all attempts.
    pub(super) fn throttled_ratio(self) -> f64 {
        ratio(self.throttled, self.attempts)
    }

    /// Records given up over records generated.
    pub(super) fn given_up_ratio(self) -> f64 {
        ratio(self.given_up, self.generated_records)
    }
}

/// Shards that are open at the end.
pub(super) fn open_shards(observation: &Observation) -> u64 {
    observation.shards.iter().filter(|shard| shard.closed.is_none()).count() as u64
}

/// Seconds after the warm-up in which a shard was open.
pub(super) fn open_seconds(
    scenario: &Scenario,
    observation: &Observation,
    shard: &ShardObservation,
) -> f64 {
    let from = shard.opened.max(scenario.warm_up);
    let to = shard.closed.unwrap_or(observation.simulated).max(from);
    (to - from).as_seconds()
}

/// Index of the shard that most records were generated for, and its records over the mean. Where
/// shards split or merge, it is their rates that are compared.
pub(super) fn hottest_shard(
    scenario: &Scenario,
    observation: &Observation,
) -> Option<(usize, f64)> {
    if observation.scaling.is_some() {
        return hottest_while_open(scenario, observation);
    }
    let records = |index: usize| observation.shards[index].generated_records;
    // The first of equals: a later one must be strictly hotter.
    let hottest = (0..observation.shards.len())
        .reduce(|best, index| if records(index) > records(best) { index } else { best })?;
    let total: u64 = observation.shards.iter().map(|shard| shard.generated_records).sum();
    (total > 0).then(|| {
        let mean = total as f64 / observation.shards.len() as f64;
        (hottest, records(hottest) as f64 / mean)
    })
}

/// A shard that is open for less is too short for a rate.
const SHORTEST_RATE_SECONDS: f64 = 60.0;

fn hottest_while_open(scenario: &Scenario, observation: &Observation) -> Option<(usize, f64)> {
    let seconds = |shard: &ShardObservation| open_seconds(scenario, observation, shard);
    let long_enough = observation.shards.iter().map(seconds).any(|s| s >= SHORTEST_RATE_SECONDS);
    let least = if long_enough { SHORTEST_RATE_SECONDS } else { f64::MIN_POSITIVE };
    let (mut records, mut time) = (0, 0.0);
    let mut hottest: Option<(usize, f64)> = None;
    for (index, shard) in observation.shards.iter().enumerate() {
        let seconds = seconds(shard);
        records += shard.generated_records;
        time += seconds;
        let rate = shard.generated_records as f64 / seconds.max(least);
        if seconds >= least && hottest.is_none_or(|(_, highest)| rate > highest) {
            hottest = Some((index, rate));
        }
    }
    let mean = records as f64 / time;
    hottest.filter(|_| records > 0).map(|(index, rate)| (index, rate / mean))
}

/// The highest of a figure of each shard; zero without shards.
pub(super) fn highest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

/// Seconds after the warm-up: the time that counts are about.
pub(super) fn counted_seconds(scenario: &Scenario, observation: &Observation) -> f64 {
    (observation.simulated - scenario.warm_up).as_seconds()
}

/// Records of the busiest whole minute after the warm-up over the mean; none without one.
pub(super) fn busiest_minute_over_mean(
    observation: &Observation,
    records: RecordsByMinute,
) -> Option<f64> {
    let busiest = records.busiest_minute?;
    let (total, seconds) = (records.records, observation.counted.seconds);
    (total > 0).then(|| (busiest as f64 / 60.0) / (total as f64 / seconds as f64))
}

/// Records that reached the stream but were not processed: still there, or expired.
pub(super) fn unprocessed_records(consumer: &ConsumerObservation) -> u64 {
    consumer.backlog_records + consumer.expired_records
}
