//! Distributions of times as curves over their quantiles.

use hdrhistogram::Histogram;

use crate::analysis::figures::MICROSECONDS;
use crate::metrics::Observation;
use crate::scenario::Scenario;

/// Quantiles at which a curve has a point: closer together towards the slowest.
const QUANTILES: [f64; 34] = [
    0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
    0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.999, 0.9995,
    0.9999, 0.99999,
];

/// What a time is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// From generation to the answer that accepts the record.
    Put,
    /// From generation to the end of processing.
    EndToEnd,
    /// Age of the oldest record yet to be read.
    IteratorAge,
}

/// The distribution of one time of one producer or consumer.
#[derive(Clone, Debug)]
pub struct LatencyCurve {
    /// The producer or consumer.
    pub name: String,
    /// Which of its times.
    pub measured: Measured,
    /// From the fastest to the slowest.
    pub points: Vec<LatencyPoint>,
}

/// One quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatencyPoint {
    /// This share is at most as slow.
    pub quantile: f64,
    /// Milliseconds.
    pub ms: f64,
}

/// The curves of the producers, then of the consumers; none of those without a record.
pub(super) fn curves(scenario: &Scenario, first: &Observation) -> Vec<LatencyCurve> {
    let puts =
        scenario.producers.iter().zip(&first.producers).filter_map(|(producer, seen)| {
            curve(&producer.name, Measured::Put, &seen.put_latency_us)
        });
    let ends = scenario.consumers.iter().zip(&first.consumers).filter_map(|(consumer, seen)| {
        curve(&consumer.name, Measured::EndToEnd, &seen.end_to_end_latency_us)
    });
    puts.chain(ends).collect()
}

fn curve(name: &str, measured: Measured, microseconds: &Histogram<u64>) -> Option<LatencyCurve> {
    // A quantile of fewer records than it tells apart would be the slowest record.
    let resolved = 1.0 - 1.0 / microseconds.len().max(1) as f64;
    let known = QUANTILES.into_iter().filter(|quantile| *quantile <= resolved);
    let points = known.map(|quantile| LatencyPoint {
        quantile,
        ms: microseconds.value_at_quantile(quantile) as f64 / MICROSECONDS,
    });
    (!microseconds.is_empty()).then(|| LatencyCurve {
        name: name.to_owned(),
        measured,
        points: points.collect(),
    })
}
