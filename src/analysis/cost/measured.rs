//! The usage of a run, from its observation: as a whole, and by the mode that the stream was in.

use super::downstream::{KMS_ROTATION, KmsUsage, ShardMetricsUsage};
use super::services::{of_consumer, probe_of_consumer};
use super::usage::{ConsumerUsage, DownstreamUsage, ReadKind, StreamUsage, Usage};
use crate::analysis::price_book::PricingMode;
use crate::metrics::{Observation, ReadSoFar, ShardObservation, UsedSoFar};
use crate::scenario::{CapacityMode, Consumer, Encryption, Reading, ScalingAction, Scenario};
use crate::time::Span;

/// How the stream of a scenario is billed when a run of it begins.
#[must_use]
pub const fn mode_of(scenario: &Scenario) -> PricingMode {
    billed_as(scenario.stream.mode)
}

/// Every mode that the stream of a scenario may be in during a run, each once.
#[must_use]
pub fn modes_of(scenario: &Scenario) -> Vec<PricingMode> {
    let mut modes = vec![mode_of(scenario)];
    for call in &scenario.stream.scaling.schedule {
        if let ScalingAction::Mode(mode) = call.action
            && !modes.contains(&billed_as(mode))
        {
            modes.push(billed_as(mode));
        }
    }
    modes
}

const fn billed_as(mode: CapacityMode) -> PricingMode {
    match mode {
        CapacityMode::Provisioned => PricingMode::Provisioned,
        CapacityMode::OnDemand => PricingMode::OnDemandStandard,
        CapacityMode::OnDemandAdvantage { .. } => PricingMode::OnDemandAdvantage,
    }
}

/// What the records generated after the warm-up used, in the time after the warm-up, whatever the
/// mode.
#[must_use]
pub fn usage_of(scenario: &Scenario, observation: &Observation) -> Usage {
    let stretch = Stretch {
        mode: mode_of(scenario),
        from: scenario.warm_up,
        until: observation.simulated,
        before: UsedSoFar::default(),
        after: used_in_all(observation),
    };
    usage_of_stretches(scenario, observation, &[&stretch], true)
}

/// The same for each mode that the stream was in, in the order in which it was; services beside the
/// stream are with the first.
#[must_use]
pub fn usage_by_mode(scenario: &Scenario, observation: &Observation) -> Vec<(PricingMode, Usage)> {
    let stretches = stretches(scenario, observation, used_in_all(observation), Clone::clone);
    grouped(scenario, observation, &stretches)
}

/// The same as if every answer had come the first time, so that nothing was written twice.
pub(super) fn usage_without_duplicates(
    scenario: &Scenario,
    observation: &Observation,
) -> Vec<(PricingMode, Usage)> {
    let without = |used: &UsedSoFar| {
        let mut used = used.clone();
        used.billed.put_payload_units -= used.billed_duplicates.put_payload_units;
        used.billed.data_in_bytes -= used.billed_duplicates.data_in_bytes;
        used
    };
    let all = without(&used_in_all(observation));
    grouped(scenario, observation, &stretches(scenario, observation, all, without))
}

/// A time in one mode, and what had been used when it began and when it ended.
struct Stretch {
    mode: PricingMode,
    from: Span,
    until: Span,
    before: UsedSoFar,
    after: UsedSoFar,
}

fn used_in_all(observation: &Observation) -> UsedSoFar {
    let mut used = UsedSoFar::default();
    for producer in &observation.producers {
        used.billed.add(producer.billed);
        used.billed_duplicates.add(producer.billed_duplicates);
        used.accepted_bytes += producer.accepted_bytes;
    }
    let consumers = observation.consumers.iter().map(|seen| ReadSoFar {
        read_bytes: seen.read_bytes,
        data_out_bytes: seen.data_out_bytes,
        long_term_read_bytes: seen.long_term_read_bytes,
    });
    used.consumers = consumers.collect();
    used
}

/// The time after the warm-up from one change of the mode to the next.
fn stretches(
    scenario: &Scenario,
    observation: &Observation,
    all: UsedSoFar,
    seen: impl Fn(&UsedSoFar) -> UsedSoFar,
) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let (mut from, mut before) = (scenario.warm_up, UsedSoFar::default());
    let mut mode = scenario.stream.mode;
    for mark in observation.scaling.iter().flat_map(|scaling| &scaling.mode_marks) {
        let (until, after) = (mark.at.max(scenario.warm_up), seen(&mark.used));
        let mode = billed_as(mark.before);
        stretches.push(Stretch { mode, from, until, before, after: after.clone() });
        (from, before) = (until, after);
    }
    if let Some(scaling) = &observation.scaling {
        mode = scaling.mode_end;
    }
    let (mode, until) = (billed_as(mode), observation.simulated);
    stretches.push(Stretch { mode, from, until, before, after: all });
    // A mode that the stream left during the warm-up is not billed.
    stretches.retain(|stretch| stretch.from < stretch.until);
    stretches
}

/// One usage for each mode among `stretches`.
fn grouped(
    scenario: &Scenario,
    observation: &Observation,
    stretches: &[Stretch],
) -> Vec<(PricingMode, Usage)> {
    let mut modes: Vec<PricingMode> = Vec::new();
    for stretch in stretches {
        if !modes.contains(&stretch.mode) {
            modes.push(stretch.mode);
        }
    }
    let of = |(index, mode): (usize, PricingMode)| {
        let own: Vec<&Stretch> = stretches.iter().filter(|one| one.mode == mode).collect();
        (mode, usage_of_stretches(scenario, observation, &own, index == 0))
    };
    modes.into_iter().enumerate().map(of).collect()
}

/// What was used in some stretches, with the services beside the stream where `with_services`.
fn usage_of_stretches(
    scenario: &Scenario,
    observation: &Observation,
    stretches: &[&Stretch],
    with_services: bool,
) -> Usage {
    let nanoseconds = |from: Span, until: Span| u128::from((until - from).nanoseconds());
    let span = observation.simulated - scenario.warm_up;
    let active: u64 = stretches.iter().map(|one| (one.until - one.from).nanoseconds()).sum();
    let shard_nanoseconds =
        stretches.iter().map(|one| open_nanoseconds(observation, one.from, one.until)).sum();
    let sum = |count: &dyn Fn(&UsedSoFar) -> u64| -> u128 {
        let one = |one: &&Stretch| u128::from(count(&one.after) - count(&one.before));
        stretches.iter().map(one).sum()
    };
    let consumers = scenario.consumers.iter().enumerate().map(|(index, consumer)| {
        let kind = kind_of(consumer);
        let read = |count: fn(&ReadSoFar) -> u64| {
            sum(&|used: &UsedSoFar| used.consumers.get(index).map_or(0, count))
        };
        ConsumerUsage {
            name: consumer.name.clone(),
            kind,
            shard_nanoseconds: match kind {
                ReadKind::Shared => 0,
                ReadKind::EnhancedFanOut => shard_nanoseconds,
            },
            read_bytes: read(|read| read.read_bytes),
            data_out_bytes: read(|read| read.data_out_bytes),
            long_term_bytes: read(|read| read.long_term_read_bytes),
        }
    });
    let mut downstream = Vec::new();
    if with_services {
        let (from, until) = (scenario.warm_up, observation.simulated);
        let open = open_nanoseconds(observation, from, until);
        downstream.extend(of_stream(scenario, open, nanoseconds(from, until)));
        for (consumer, seen) in scenario.consumers.iter().zip(&observation.consumers) {
            downstream.extend(of_consumer(consumer, seen, open));
        }
    }
    Usage {
        span,
        active: Span::from_nanoseconds(active),
        stream: StreamUsage {
            streams: 1,
            shard_nanoseconds,
            put_payload_units: sum(&|used| used.billed.put_payload_units),
            data_in_bytes: sum(&|used| used.billed.data_in_bytes),
            stored_bytes: sum(&|used| used.accepted_bytes),
            retention: scenario.stream.retention,
            commitment: scenario.quotas.on_demand_advantage_commitment,
        },
        consumers: consumers.collect(),
        downstream,
    }
}

/// Nanoseconds for which shards were open between two moments, over all shards.
fn open_nanoseconds(observation: &Observation, from: Span, until: Span) -> u128 {
    let open = |shard: &ShardObservation| {
        let (opened, closed) = (shard.opened.max(from), shard.closed.unwrap_or(until).min(until));
        u128::from(closed.nanoseconds().saturating_sub(opened.nanoseconds()))
    };
    observation.shards.iter().map(open).sum()
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
        active: Span::SECOND,
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
