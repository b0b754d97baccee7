//! Key figures over all replications: their mean, spread and interval.

use super::cost::monthly_total;
use super::figures::{MICROSECONDS, MILLISECONDS, Totals, highest, hottest_shard, quantiles};
use super::interval::{confidence_interval, mean};
use super::price_book::PriceBook;
use super::result::{ReplicationInterval, Unit};
use crate::metrics::{ConsumerObservation, Observation};
use crate::scenario::Scenario;

/// A key figure and what each replication says of it.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Path of the figure in the result.
    pub(super) name: String,
    /// Unit of the values.
    pub(super) unit: Unit,
    /// One a replication; none where it was not observed.
    pub(super) values: Vec<Option<f64>>,
}

/// The key figures; empty with fewer than two replications.
pub(super) fn intervals(
    scenario: &Scenario,
    observations: &[Observation],
    prices: &PriceBook,
) -> Vec<ReplicationInterval> {
    if observations.len() < 2 {
        return Vec::new();
    }
    let mut figures = figures(scenario, observations);
    figures.extend(cost(scenario, observations, prices));
    let known = |figure: Figure| {
        let values: Vec<f64> = figure.values.into_iter().flatten().collect();
        interval(figure.name, figure.unit, &values)
    };
    figures.into_iter().filter_map(known).collect()
}

/// What each replication says of the key figures.
pub(super) fn figures(scenario: &Scenario, observations: &[Observation]) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name: String, unit, figure: &dyn Fn(&Observation) -> Option<f64>| {
        let values = observations.iter().map(figure).collect();
        figures.push(Figure { name, unit, values });
    };
    let totals = Totals::of;
    add("stream.write_throttled_ratio".to_owned(), Unit::Ratio, &|seen| {
        Some(totals(seen).throttled_ratio())
    });
    add("stream.given_up_ratio".to_owned(), Unit::Ratio, &|seen| {
        Some(totals(seen).given_up_ratio())
    });
    add("stream.generated_records".to_owned(), Unit::Records, &|seen| {
        Some(totals(seen).generated_records as f64)
    });
    add("stream.incoming_records".to_owned(), Unit::Records, &|seen| {
        Some(totals(seen).accepted as f64)
    });
    add("stream.hottest_shard_over_mean".to_owned(), Unit::Multiple, &|seen| {
        hottest_shard(scenario, seen).map(|(_, over_mean)| over_mean)
    });
    add("stream.truth.hottest_shard_utilization_peak_1s".to_owned(), Unit::Ratio, &|seen| {
        Some(highest(seen.shards.iter().map(|shard| shard.utilization_peak_1s)))
    });
    for (index, producer) in scenario.producers.iter().enumerate() {
        add(format!("producers.{}.put_latency_ms.p99", producer.name), Unit::Ms, &|seen| {
            let latency = &seen.producers.get(index)?.put_latency_us;
            quantiles(latency, MICROSECONDS).map(|times| times.p99)
        });
    }
    for (index, consumer) in scenario.consumers.iter().enumerate() {
        for (path, unit, figure) in CONSUMER_FIGURES {
            add(format!("consumers.{}.{path}", consumer.name), unit, &|seen| {
                seen.consumers.get(index).and_then(figure)
            });
        }
    }
    figures
}

/// The sum of the bill; nothing where there is none.
pub(super) fn cost(
    scenario: &Scenario,
    observations: &[Observation],
    prices: &PriceBook,
) -> Option<Figure> {
    let total = |seen| monthly_total(scenario, seen, prices).map(|usd| Some(usd.as_f64()));
    let values: Option<Vec<Option<f64>>> = observations.iter().map(total).collect();
    Some(Figure { name: "cost.monthly_usd".to_owned(), unit: Unit::Usd, values: values? })
}

type ConsumerFigure = (&'static str, Unit, fn(&ConsumerObservation) -> Option<f64>);

const CONSUMER_FIGURES: [ConsumerFigure; 3] = [
    ("iterator_age_ms.p99", Unit::Ms, |seen| {
        quantiles(&seen.iterator_age_ms, MILLISECONDS).map(|times| times.p99)
    }),
    ("end_to_end_latency_ms.p99", Unit::Ms, |seen| {
        quantiles(&seen.end_to_end_latency_us, MICROSECONDS).map(|times| times.p99)
    }),
    ("backlog_records", Unit::Records, |seen| Some(seen.backlog_records as f64)),
];

fn interval(name: String, unit: Unit, values: &[f64]) -> Option<ReplicationInterval> {
    Some(ReplicationInterval {
        name,
        unit,
        mean: mean(values)?,
        ci95: confidence_interval(values),
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: highest(values.iter().copied()),
        replications: values.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;

    #[test]
    fn one_replication_has_no_intervals() {
        assert!(
            intervals(&testing::scenario(), &[testing::observation()], &PriceBook::default())
                .is_empty()
        );
    }

    #[test]
    fn an_interval_holds_the_mean_and_the_spread_of_the_replications() {
        let observations = testing::replications(&[100, 300, 200]);
        let intervals = intervals(&testing::scenario(), &observations, &PriceBook::default());
        let throttled = &intervals[0];
        assert_eq!(throttled.name, "stream.write_throttled_ratio");
        assert!(throttled.min < throttled.mean && throttled.mean < throttled.max);
        let [low, high] = throttled.ci95.unwrap();
        assert!(low < throttled.mean && throttled.mean < high);
        assert!(intervals.iter().any(|row| row.name == "consumers.lake.iterator_age_ms.p99"));
    }
}
