//! What a fluid account says of one stream before any simulation: a bound that the truth is not
//! better than, by more than chance.
//!
//! Where a client holds back what a shard does not take, the throttled share stays low while its
//! records wait without end. A count on which they do is no plan either, and is refused as if the
//! client did not hold back.
//!
//! Writes: what a shard is offered beyond its scarcer limit, over a stretch of time, is refused at
//! least once. Reads: what a shard is given beyond what a consumer can take waits, and the oldest
//! of it is as old as the backlog lasts. Both leave out every chance within a stretch, which only
//! makes things worse.

use super::load::Load;
use super::reading::capacity;
use crate::scenario::{Consumer, Objective, Scenario};

/// A forecast refuses only what misses its target by this factor: chance can help by a little.
const MARGIN: f64 = 1.25;
/// Milliseconds by which the forecast of an age must also miss its target.
const AGE_MARGIN_MS: f64 = 5_000.0;

/// What is to expect of one stream.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    /// Throttled attempts over all attempts, at least.
    pub(super) throttled_ratio: f64,
    /// The same if no client held anything back.
    pub(super) beyond_limit_ratio: f64,
    /// Load of the busiest shard over its scarcer limit, in its busiest stretch.
    pub(super) peak_utilization: f64,
    /// Index of that shard.
    pub(super) busiest_shard: usize,
    /// Whether its bytes are scarcer than its records.
    pub(super) by_bytes: bool,
    /// Kinesis records and bytes a second that it is offered then.
    pub(super) peak_records_per_second: f64,
    pub(super) peak_bytes_per_second: f64,
    /// Records of the busiest shard over the mean.
    pub(super) hottest_over_mean: f64,
    /// One a consumer.
    pub(super) consumers: Vec<ConsumerForecast>,
}

/// What is to expect of one consumer.
#[derive(Clone, Debug)]
pub(super) struct ConsumerForecast {
    /// 99th percentile of the iterator age, in milliseconds, at least.
    pub(super) age_p99_ms: f64,
    /// Records a second that it can take of a shard.
    pub(super) capacity: f64,
    /// What limits that.
    pub(super) limit: &'static str,
    /// Most records a second that a shard gives it.
    pub(super) peak_records_per_second: f64,
}

impl Forecast {
    /// The forecast for `scenario`, whose shards get `shares` of each producer's records.
    pub(super) fn of(scenario: &Scenario, load: &Load, shares: &[Vec<f64>]) -> Self {
        let shards = scenario.stream.shards.len();
        let limit_records = scenario.quotas.shard_write_records.0.as_per_second();
        let limit_bytes = scenario.quotas.shard_write_bytes.0.as_per_second();
        let burst = scenario.quotas.shard_write_records_burst.0 as f64;
        let mut forecast = Self {
            throttled_ratio: 0.0,
            beyond_limit_ratio: 0.0,
            peak_utilization: 0.0,
            busiest_shard: 0,
            by_bytes: false,
            peak_records_per_second: 0.0,
            peak_bytes_per_second: 0.0,
            hottest_over_mean: hottest_over_mean(load, shares, shards),
            consumers: Vec::new(),
        };
        let needs_ages = scenario.objectives.iter().any(|objective| {
            matches!(
                objective,
                Objective::IteratorAgeP99 { .. } | Objective::EndToEndLatencyP99 { .. }
            )
        });
        let mut backlogs: Vec<Backlogs> = if needs_ages {
            scenario
                .consumers
                .iter()
                .map(|consumer| Backlogs::new(scenario, load, consumer))
                .collect()
        } else {
            Vec::new()
        };
        let (mut excess, mut beyond) = (0.0, 0.0);
        for shard in 0..shards {
            let (mut own_excess, mut own_beyond) = (0.0, 0.0);
            backlogs.iter_mut().for_each(Backlogs::next_shard);
            for (stretch, seconds) in load.seconds.iter().enumerate() {
                let (mut offered, mut records, mut bytes, mut sent) = (0.0, 0.0, 0.0, 0.0);
                for (producer, shares) in load.producers.iter().zip(shares) {
                    let own = producer.records_per_second[stretch] * shares[shard];
                    let own_records = own * producer.put_records;
                    let own_bytes = own * producer.charged_bytes;
                    offered += own;
                    records += own_records;
                    bytes += own_bytes;
                    let fills = (own_records / limit_records).max(own_bytes / limit_bytes);
                    sent += fills.min(producer.sends_most);
                }
                let (by_records, by_bytes) = (records / limit_records, bytes / limit_bytes);
                let utilization = by_records.max(by_bytes);
                let is_counted = load.counted[stretch];
                if utilization > 1.0 && is_counted {
                    own_beyond += records * (1.0 - 1.0 / utilization) * seconds;
                    let tried = sent.min(utilization);
                    own_excess += records * (tried - 1.0).max(0.0) / utilization * seconds;
                }
                if utilization > forecast.peak_utilization && is_counted {
                    forecast.peak_utilization = utilization;
                    forecast.busiest_shard = shard;
                    forecast.by_bytes = by_bytes > by_records;
                    forecast.peak_records_per_second = records;
                    forecast.peak_bytes_per_second = bytes;
                }
                let accepted = offered / utilization.max(1.0);
                backlogs.iter_mut().for_each(|each| each.add(accepted, *seconds, is_counted));
            }
            excess += (own_excess - burst).max(0.0);
            beyond += (own_beyond - burst).max(0.0);
        }
        let all = load.counted_put_records();
        forecast.throttled_ratio = excess / (all + excess).max(1.0);
        forecast.beyond_limit_ratio = beyond / (all + beyond).max(1.0);
        forecast.consumers = backlogs.into_iter().map(Backlogs::finish).collect();
        forecast
    }

    /// The same forecast with another view of what is beyond the limit: `change` takes a ratio to
    /// the ratio that counts.
    pub(super) fn with_ratios(mut self, change: impl Fn(f64) -> f64) -> Self {
        self.throttled_ratio = change(self.throttled_ratio);
        self.beyond_limit_ratio = change(self.beyond_limit_ratio);
        self
    }

    /// The first objective that is missed for certain, and the value that it would have at least,
    /// or would have if no client held anything back.
    pub(super) fn missed(&self, objectives: &[Objective]) -> Option<(Objective, f64)> {
        let worst = |consumer: Option<usize>| {
            let all = self.consumers.iter().enumerate();
            all.filter(|(index, _)| consumer.is_none_or(|only| only == *index))
                .map(|(_, forecast)| forecast.age_p99_ms)
                .fold(0.0, f64::max)
        };
        objectives.iter().find_map(|objective| match *objective {
            Objective::WriteThrottled(target) => [self.throttled_ratio, self.beyond_limit_ratio]
                .into_iter()
                .find(|ratio| *ratio > MARGIN * target.0 && *ratio > target.0)
                .map(|ratio| (*objective, ratio)),
            Objective::IteratorAgeP99 { consumer, at_most }
            | Objective::EndToEndLatencyP99 { consumer, at_most } => {
                let (age, target) = (worst(consumer), at_most.as_milliseconds());
                (age > MARGIN * target + AGE_MARGIN_MS).then_some((*objective, age))
            }
            Objective::GivenUp(_)
            | Objective::PutLatencyP99(_)
            | Objective::CostPerMonth(_)
            | Objective::Figure { .. } => None,
        })
    }
}

/// Records of the busiest shard over the mean.
fn hottest_over_mean(load: &Load, shares: &[Vec<f64>], shards: usize) -> f64 {
    let totals: Vec<f64> = load
        .producers
        .iter()
        .map(|producer| {
            producer.records_per_second.iter().zip(&load.seconds).map(|(r, s)| r * s).sum()
        })
        .collect();
    let total: f64 = totals.iter().sum();
    let of = |shard: usize| -> f64 {
        totals.iter().zip(shares).map(|(total, shares)| total * shares[shard]).sum()
    };
    let hottest = (0..shards).map(of).fold(0.0, f64::max);
    hottest / total.max(f64::MIN_POSITIVE) * shards as f64
}

/// The backlog of one consumer on shard after shard.
struct Backlogs {
    capacity: f64,
    limit: &'static str,
    backlog: f64,
    /// Ages in milliseconds, and the seconds for which a shard had them.
    ages: Vec<(f64, f64)>,
    peak: f64,
    floor_ms: f64,
}

impl Backlogs {
    fn new(scenario: &Scenario, load: &Load, consumer: &Consumer) -> Self {
        let most = capacity(scenario, load, consumer);
        let (capacity, limit) = (most.records_per_second, most.limit);
        Self { capacity, limit, backlog: 0.0, ages: Vec::new(), peak: 0.0, floor_ms: 0.0 }
    }

    fn next_shard(&mut self) {
        self.backlog = 0.0;
    }

    fn add(&mut self, records_per_second: f64, seconds: f64, is_counted: bool) {
        let before = self.backlog;
        self.backlog = (before + (records_per_second - self.capacity) * seconds).max(0.0);
        if is_counted {
            let age_ms = 1_000.0 * before.min(self.backlog) / self.capacity;
            self.ages.push((age_ms.max(self.floor_ms), seconds));
            self.peak = self.peak.max(records_per_second);
        }
    }

    fn finish(mut self) -> ConsumerForecast {
        self.ages.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let total: f64 = self.ages.iter().map(|(_, seconds)| seconds).sum();
        let mut above = 0.0;
        let mut age_p99_ms = 0.0;
        for (age, seconds) in &self.ages {
            above += seconds;
            age_p99_ms = *age;
            if above > 0.01 * total {
                break;
            }
        }
        ConsumerForecast {
            age_p99_ms,
            capacity: self.capacity,
            limit: self.limit,
            peak_records_per_second: self.peak,
        }
    }
}
