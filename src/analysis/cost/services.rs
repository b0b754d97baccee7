//! What the consumers of a run used of other services: functions, deliveries, lease tables.

use super::downstream::{Architecture, FirehoseUsage, LambdaUsage, LeaseUsage, S3Usage};
use super::usage::DownstreamUsage;
use crate::metrics::{ConsumerObservation, DeliveryObservation, FunctionObservation};
use crate::scenario::{Consumer, Firehose, Kcl, Work};
use crate::time::Span;
use crate::units::{Bytes, MIB};

/// Memory of a function of which the scenario does not say it: what AWS gives by default.
pub(in crate::analysis) const TRANSFORM_MEMORY: Bytes = Bytes(128 * MIB);
/// A lease is renewed so many times before it is lost. Inferred from the defaults of KCL 3.
const RENEWALS_PER_FAILOVER: u64 = 3;

/// What `consumer` used in a time in which shards were open for `shard_nanoseconds`.
pub(super) fn of_consumer(
    consumer: &Consumer,
    seen: &ConsumerObservation,
    shard_nanoseconds: u128,
) -> Vec<DownstreamUsage> {
    let mut used = Vec::new();
    if let Some(seen) = &seen.function {
        used.extend(function(consumer, seen));
    }
    if let (Some(seen), Work::Firehose(firehose)) = (&seen.delivery, &consumer.work) {
        used.extend(delivery(&consumer.name, firehose, seen));
    }
    if let Work::Kcl(kcl) = &consumer.work {
        used.extend(leases(consumer, kcl, seen.read_calls, shard_nanoseconds));
    }
    used
}

/// A little of everything that `consumer` will use for certain.
pub(super) fn probe_of_consumer(consumer: &Consumer) -> Vec<DownstreamUsage> {
    const HOUR: u128 = 3_600_000_000_000;
    let function = FunctionObservation {
        invocations: 1,
        billed: Span::SECOND,
        ..FunctionObservation::default()
    };
    match &consumer.work {
        Work::Loop | Work::Flink | Work::MicroBatch(_) => Vec::new(),
        Work::Kcl(kcl) => leases(consumer, kcl, 1, HOUR),
        Work::Lambda(_) => self::function(consumer, &function),
        Work::Firehose(firehose) => {
            let mut used = written(&consumer.name, firehose, (1, MIB, MIB));
            if firehose.transform.is_some() {
                used.extend(self::function(consumer, &function));
            }
            used
        }
    }
}

fn function(consumer: &Consumer, seen: &FunctionObservation) -> Vec<DownstreamUsage> {
    let memory = match &consumer.work {
        Work::Lambda(lambda) => lambda.memory,
        Work::Loop | Work::Flink | Work::MicroBatch(_) | Work::Kcl(_) | Work::Firehose(_) => {
            TRANSFORM_MEMORY
        }
    };
    LambdaUsage {
        architecture: Architecture::X86,
        memory,
        requests: seen.invocations,
        // Whole milliseconds, invocation by invocation.
        milliseconds: seen.billed.nanoseconds() / 1_000_000,
    }
    .used(&consumer.name)
}

fn delivery(name: &str, firehose: &Firehose, seen: &DeliveryObservation) -> Vec<DownstreamUsage> {
    written(name, firehose, (seen.objects, seen.written_bytes, seen.billed_bytes))
}

/// So many objects with so many bytes, made of records that are billed as so many.
fn written(
    name: &str,
    firehose: &Firehose,
    (objects, bytes, billed): (u64, u64, u64),
) -> Vec<DownstreamUsage> {
    let is_partitioned = firehose.partitions.is_some();
    let stream = FirehoseUsage {
        data_bytes: billed,
        converted_bytes: if firehose.format_conversion { billed } else { 0 },
        partitioned_bytes: if is_partitioned { bytes } else { 0 },
        partitioned_objects: if is_partitioned { objects } else { 0 },
        ..FirehoseUsage::default()
    };
    let mut used = stream.used(name);
    used.extend(S3Usage { put_requests: objects, ..S3Usage::default() }.used(name));
    used
}

/// A checkpoint comes at most with each answer, and at most once in the interval between two.
fn leases(
    consumer: &Consumer,
    kcl: &Kcl,
    read_calls: u64,
    shard_nanoseconds: u128,
) -> Vec<DownstreamUsage> {
    let interval = u128::from(consumer.checkpoint_interval.nanoseconds());
    let by_time = shard_nanoseconds.checked_div(interval).unwrap_or(u128::MAX);
    let checkpoints = by_time.min(u128::from(read_calls)) as u64;
    let renewal = kcl.failover_time.nanoseconds() / RENEWALS_PER_FAILOVER;
    LeaseUsage {
        lease_nanoseconds: shard_nanoseconds,
        renewal: Span::from_nanoseconds(renewal),
        checkpoints,
        read_units: 0,
    }
    .used(&consumer.name)
}
