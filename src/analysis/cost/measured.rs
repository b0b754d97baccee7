//! The usage of a run, from its observation.

use super::usage::{ConsumerUsage, ReadKind, StreamUsage, Usage};
use crate::metrics::{Observation, ProducerObservation};
use crate::scenario::{Reading, Scenario};
use crate::time::Span;

/// What the records generated after the warm-up used, in the time after the warm-up.
#[must_use]
pub fn usage_of(scenario: &Scenario, observation: &Observation) -> Usage {
    let span = Span::from_nanoseconds(
        observation.simulated.nanoseconds() - scenario.warm_up.nanoseconds(),
    );
    let shard_nanoseconds = u128::from(span.nanoseconds()) * observation.shards.len() as u128;
    let sum = |count: fn(&ProducerObservation) -> u64| {
        observation.producers.iter().map(|producer| u128::from(count(producer))).sum()
    };
    let consumers =
        scenario.consumers.iter().zip(&observation.consumers).map(|(consumer, seen)| {
            let kind = match consumer.reading {
                Reading::Polling { .. } => ReadKind::Shared,
                Reading::EnhancedFanOut { .. } => ReadKind::EnhancedFanOut,
            };
            ConsumerUsage {
                name: consumer.name.clone(),
                kind,
                shard_nanoseconds: match kind {
                    ReadKind::Shared => 0,
                    ReadKind::EnhancedFanOut => shard_nanoseconds,
                },
                read_bytes: u128::from(seen.read_bytes),
                data_out_bytes: u128::from(seen.data_out_bytes),
                long_term_bytes: u128::from(seen.long_term_read_bytes),
            }
        });
    Usage {
        span,
        stream: StreamUsage {
            streams: 1,
            shard_nanoseconds,
            put_payload_units: sum(|producer| producer.billed.put_payload_units),
            data_in_bytes: sum(|producer| producer.billed.data_in_bytes),
            stored_bytes: sum(|producer| producer.accepted_bytes),
            retention: scenario.stream.retention,
            commitment: scenario.quotas.on_demand_advantage_commitment,
        },
        consumers: consumers.collect(),
        downstream: Vec::new(),
    }
}
