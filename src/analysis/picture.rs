//! What the charts of a report draw and the result document has no room for: shards over time,
//! distributions, concentration of keys.
//!
//! Plain data in bounded size, whatever the length of the run, the number of shards and keys, or
//! the bins that a reader asked for. All of it is of the first replication.

mod binding;
mod heat;
mod keys;
mod latency;

pub use binding::{Binding, BindingRow};
pub use heat::{HeatMap, HeatRow};
pub use keys::{KeyConcentration, KeyPoint};
pub use latency::{LatencyCurve, LatencyPoint, Measured};

use super::series::{SeriesRow, default_bin, stream_series};
use crate::metrics::Observation;
use crate::scenario::{Method, Objective, Scenario};
use crate::time::Span;

/// What charts draw beside the result document.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Simulated time of the run, in seconds.
    pub simulated_seconds: f64,
    /// Time at the start whose records are not counted, in seconds.
    pub warm_up_seconds: f64,
    /// Records that one shard takes in a second.
    pub shard_records_per_second: f64,
    /// Bytes that one shard takes in a second.
    pub shard_bytes_per_second: f64,
    /// Whether a client puts many records into one, so that what is offered and what is taken are
    /// alike in bytes alone.
    pub is_aggregated: bool,
    /// How long records stay readable, in milliseconds.
    pub retention_ms: f64,
    /// The run over time, in at most some 300 bins.
    pub rows: Vec<SeriesRow>,
    /// Open shards from a moment on, the first at the start of the run.
    pub shards: Vec<ShardsFrom>,
    /// Shard by time.
    pub heat: HeatMap,
    /// How much of the records the hottest keys are.
    pub keys: KeyConcentration,
    /// Latencies of producers and consumers.
    pub latencies: Vec<LatencyCurve>,
    /// What limits the stream, and each consumer, over time.
    pub binding: Vec<BindingRow>,
    /// Objectives about times, to be drawn as lines.
    pub time_objectives: Vec<TimeObjective>,
}

/// How many shards are open from a moment on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShardsFrom {
    /// Seconds since the start of the run.
    pub start_seconds: f64,
    /// Open shards.
    pub open_shards: u64,
}

/// An objective that bounds a time.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeObjective {
    /// What it bounds.
    pub measured: Measured,
    /// The consumer that it is about; any where there is none.
    pub consumer: Option<String>,
    /// The bound in milliseconds.
    pub at_most_ms: f64,
}

/// The picture of the first replication.
#[must_use]
pub fn picture(scenario: &Scenario, first: &Observation) -> Picture {
    let bin = default_bin(scenario.duration, first.series.step());
    let rows = stream_series(scenario, first, bin);
    let quotas = &scenario.quotas;
    let sending = scenario.producers.iter().filter_map(|each| each.client.sending.as_ref());
    Picture {
        simulated_seconds: first.simulated.as_seconds(),
        warm_up_seconds: scenario.warm_up.as_seconds(),
        shard_records_per_second: quotas.shard_write_records.0.as_per_second(),
        shard_bytes_per_second: quotas.shard_write_bytes.0.as_per_second(),
        is_aggregated: sending.map(|each| &each.method).any(Method::shares_records),
        retention_ms: milliseconds(scenario.stream.retention),
        shards: open_shards(first),
        heat: heat::map(scenario, first, bin),
        keys: keys::concentration(scenario, first),
        latencies: latency::curves(scenario, first),
        binding: binding::rows(scenario, first, &rows, bin),
        time_objectives: time_objectives(scenario),
        rows,
    }
}

/// How many shards are open from each moment on at which that changes.
fn open_shards(first: &Observation) -> Vec<ShardsFrom> {
    let opened = first.shards.iter().map(|shard| (shard.opened, 1));
    let closed = first.shards.iter().filter_map(|shard| Some((shard.closed?, -1)));
    let mut changes: Vec<(Span, i64)> = opened.chain(closed).collect();
    changes.sort_unstable();
    let mut steps: Vec<ShardsFrom> = Vec::new();
    let mut open = 0;
    for (at, change) in changes {
        open += change;
        let step = ShardsFrom { start_seconds: at.as_seconds(), open_shards: open.max(0) as u64 };
        match steps.last_mut() {
            // Parents close as their children open.
            Some(last) if last.start_seconds >= step.start_seconds => *last = step,
            _ => steps.push(step),
        }
    }
    steps.dedup_by_key(|step| step.open_shards);
    steps
}

fn milliseconds(span: Span) -> f64 {
    span.as_seconds() * 1_000.0
}

fn time_objectives(scenario: &Scenario) -> Vec<TimeObjective> {
    let name = |consumer: Option<usize>| {
        consumer.and_then(|index| scenario.consumers.get(index)).map(|seen| seen.name.clone())
    };
    let objectives = scenario.objectives.iter();
    objectives
        .filter_map(|objective| match *objective {
            Objective::PutLatencyP99(at_most) => Some((Measured::Put, None, at_most)),
            Objective::IteratorAgeP99 { consumer, at_most } => {
                Some((Measured::IteratorAge, name(consumer), at_most))
            }
            Objective::EndToEndLatencyP99 { consumer, at_most } => {
                Some((Measured::EndToEnd, name(consumer), at_most))
            }
            _ => None,
        })
        .map(|(measured, consumer, at_most)| TimeObjective {
            measured,
            consumer,
            at_most_ms: milliseconds(at_most),
        })
        .collect()
}

#[cfg(test)]
mod tests;
