//! What a linter asks of the fluid account of a scenario.

use super::forecast::Forecast;
use super::load::{Load, shares};
use super::{one_key, with_objectives};
use crate::scenario::{Objective, Scenario};
use crate::time::Span;

/// The load of a scenario on the stream that it has, without chance.
#[derive(Clone, Debug)]
pub struct LoadAccount {
    /// Kinesis records a second of all producers in the busiest stretch of time.
    pub peak_records_per_second: f64,
    /// Bytes of a Kinesis record as the byte limit counts them, on average.
    pub mean_charged_bytes: f64,
    /// Load of the busiest shard over its scarcer limit in its busiest stretch of time.
    pub peak_utilization: f64,
    /// Bytes a second of the busiest shard, on average over the run.
    pub busiest_shard_mean_bytes_per_second: f64,
    /// How far behind each consumer falls, in milliseconds: the 99th percentile of its age.
    pub worst_age_ms: Vec<f64>,
}

impl LoadAccount {
    /// The account of `scenario`.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let mut asked = scenario.clone();
        // Ages are only worked out for those who ask.
        asked.objectives = vec![Objective::IteratorAgeP99 { consumer: None, at_most: Span::ZERO }];
        let load = Load::of(&asked);
        let shares = shares(&asked);
        let forecast = Forecast::of(&asked, &load, &shares);
        let weights: Vec<f64> = load.producers.iter().map(|_| 1.0).collect();
        let busiest = load.busiest(&weights);
        let seconds: f64 = load.seconds.iter().sum();
        let means: Vec<f64> = load
            .producers
            .iter()
            .map(|each| {
                let records = each.records_per_second.iter().zip(&load.seconds);
                records.map(|(rate, seconds)| rate * seconds).sum::<f64>() / seconds
            })
            .collect();
        let all: f64 =
            load.producers.iter().zip(&means).map(|(each, mean)| each.put_records * mean).sum();
        let charged = load.producers.iter().zip(&means).map(|(p, mean)| p.charged_bytes * mean);
        let of_shard = |shard: usize| -> f64 {
            let producers = load.producers.iter().zip(&means).zip(&shares);
            producers.map(|((p, mean), shares)| p.record_bytes * mean * shares[shard]).sum()
        };
        let shards = asked.stream.shards.len();
        Self {
            peak_records_per_second: load
                .producers
                .iter()
                .map(|each| each.records_per_second[busiest] * each.put_records)
                .sum(),
            mean_charged_bytes: charged.sum::<f64>() / all.max(f64::MIN_POSITIVE),
            peak_utilization: forecast.peak_utilization,
            busiest_shard_mean_bytes_per_second: (0..shards).map(of_shard).fold(0.0, f64::max),
            worst_age_ms: forecast.consumers.iter().map(|each| each.age_p99_ms).collect(),
        }
    }
}

/// The key that is more than a shard takes, its producer, and how many times; none where no key
/// misses an objective on writes alone.
#[must_use]
pub fn hottest_key_alone(scenario: &Scenario) -> Option<(String, String, f64)> {
    let (scenario, _) = with_objectives(scenario);
    let too_hot = one_key::too_hot(&scenario, &Load::of(&scenario))?;
    let producer = scenario.producers[too_hot.key.producer].name.clone();
    Some((too_hot.key.key, producer, too_hot.utilization))
}
