//! The usage of a run, from its observation.

use super::downstream::{KMS_ROTATION, KmsUsage, ShardMetricsUsage};
use super::services::{of_consumer, probe_of_consumer};
use super::usage::{ConsumerUsage, DownstreamUsage, ReadKind, StreamUsage, Usage};
use crate::analysis::price_book::PricingMode;
use crate::metrics::{Observation, ProducerObservation};
use crate::scenario::{Consumer, Encryption, Reading, Scenario};
use crate::time::Span;

/// How the stream of a scenario is billed.
#[must_use]
pub const fn mode_of(_scenario: &Scenario) -> PricingMode {
    // The only capacity that a scenario can have.
    PricingMode::Provisioned
}

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
    let mut downstream = of_stream(scenario, shard_nanoseconds, u128::from(span.nanoseconds()));
    for (consumer, seen) in scenario.consumers.iter().zip(&observation.consumers) {
        downstream.extend(of_consumer(consumer, seen, shard_nanoseconds));
    }
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
        downstream,
    }
}

/// What the stream itself uses of other services.
fn of_stream(
    scenario: &Scenario,
    shard_nanoseconds: u128,
    nanoseconds: u128,
) -> Vec<DownstreamUsage> {
    let metrics = u64::from(scenario.stream.shard_level_metrics);
    let mut used = ShardMetricsUsage { shard_nanoseconds, metrics }.used();
    let key_nanoseconds = match scenario.stream.encryption {
        Encryption::None => return used,
        Encryption::AwsManagedKey => 0,
        Encryption::CustomerManagedKey => nanoseconds,
    };
    // Each producer and consumer has credentials of its own.
    let credentials = (scenario.producers.len() + scenario.consumers.len()) as u128;
    let requests = credentials * nanoseconds / u128::from(KMS_ROTATION.nanoseconds());
    used.extend(KmsUsage { key_nanoseconds, requests }.used());
    used
}

const fn kind_of(consumer: &Consumer) -> ReadKind {
    match consumer.reading {
        Reading::Polling { .. } => ReadKind::Shared,
        Reading::EnhancedFanOut { .. } => ReadKind::EnhancedFanOut,
    }
}

/// A little of everything that a run of the scenario will use for certain, to find out before it
/// whether all of that has a price.
#[must_use]
pub fn probe_of(scenario: &Scenario) -> Usage {
    const SOME: u128 = 1;
    const HOUR: u128 = 3_600_000_000_000;
    let consumers = scenario.consumers.iter().map(|consumer| ConsumerUsage {
        name: consumer.name.clone(),
        kind: kind_of(consumer),
        shard_nanoseconds: SOME,
        read_bytes: SOME,
        data_out_bytes: SOME,
        long_term_bytes: 0,
    });
    // An hour, because requests come in minutes.
    let mut downstream = of_stream(scenario, HOUR, HOUR);
    downstream.extend(scenario.consumers.iter().flat_map(probe_of_consumer));
    Usage {
        span: Span::SECOND,
        stream: StreamUsage {
            streams: 1,
            shard_nanoseconds: SOME,
            put_payload_units: SOME,
            data_in_bytes: SOME,
            stored_bytes: SOME,
            retention: scenario.stream.retention,
            commitment: scenario.quotas.on_demand_advantage_commitment,
        },
        consumers: consumers.collect(),
        downstream,
    }
}
