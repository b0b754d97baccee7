//! Consumers that are services of AWS: what they allow, and their defaults.
//!
//! Sources: Lambda developer guide, Kinesis event source mappings, 2022, and the API models of
//! Lambda and Firehose, 2026; Firehose developer guide, 2023.

use super::{Context, or};
use crate::scenario::tree::Node;
use crate::scenario::{Consumer, Firehose, Kcl, Lambda, OnFailure, Reading, Transform, Work, raw};
use crate::time::Span;
use crate::units::{Bytes, KIB, MIB, Records};

/// Base rate of the polls of Lambda and Firehose: once a second and shard.
const INTERVAL: Span = Span::SECOND;

/// How a managed consumer reads.
pub(super) fn reading(enhanced: bool, round_trip: Span, context: &Context<'_, '_>) -> Reading {
    if enhanced {
        return Reading::EnhancedFanOut { round_trip };
    }
    let max_records = context.quotas.get_records_max_records;
    Reading::Polling { interval: INTERVAL, max_records, round_trip }
}

/// Reports a value outside `low ..= high`.
pub(super) fn check_range<T: PartialOrd + std::fmt::Display>(
    (key, value): (&str, T),
    (low, high): (T, T),
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    if value < low || value > high {
        let message = format!("`{key}` must be from {low} to {high}, but it is {value}");
        context.error("out-of-range", node.at(key), message).help("the service allows no other");
    }
}

pub(super) fn lambda(raw: &raw::Lambda, node: &Node, context: &mut Context<'_, '_>) -> Lambda {
    let span = |written: &Option<_>, default| or(written.as_ref(), default);
    let seconds = Span::from_seconds;
    let lambda = Lambda {
        batch_size: or(raw.batch_size.as_ref(), Records(100)),
        batching_window: span(&raw.batching_window, Span::ZERO),
        parallelization_factor: raw.parallelization_factor.unwrap_or(1),
        retry_attempts: raw.retry_attempts,
        maximum_record_age: raw.maximum_record_age.as_ref().map(|written| written.0),
        bisect_on_error: or(raw.bisect_on_error.as_ref(), false),
        report_item_failures: or(raw.report_item_failures.as_ref(), false),
        on_failure: raw.on_failure.map(|written| match written {
            raw::OnFailure::Sqs => OnFailure::Sqs,
            raw::OnFailure::Sns => OnFailure::Sns,
            raw::OnFailure::S3 => OnFailure::S3,
        }),
        tumbling_window: raw.tumbling_window.as_ref().map(|written| written.0),
        reserved_concurrency: raw.reserved_concurrency,
        error_rate: raw.error_rate.as_ref().map_or(0.0, |written| written.0.0),
        poison_records: raw.poison_records.as_ref().map_or(0.0, |written| written.0.0),
        cold_start: span(&raw.cold_start, Span::from_milliseconds(300)),
        warm_for: span(&raw.warm_for, seconds(300)),
        retry_delay: span(&raw.retry_delay, Span::from_milliseconds(500)),
        retry_delay_max: span(&raw.retry_delay_max, seconds(60)),
        memory: or(raw.memory.as_ref(), Bytes(128 * MIB)),
    };
    check_range(("batch_size", lambda.batch_size), (Records(1), Records(10_000)), node, context);
    let window = ("batching_window", lambda.batching_window);
    check_range(window, (Span::ZERO, seconds(300)), node, context);
    if let Some(age) = lambda.maximum_record_age {
        let bounds = (seconds(60), seconds(604_800));
        check_range(("maximum_record_age", age), bounds, node, context);
    }
    if let Some(window) = lambda.tumbling_window {
        check_range(("tumbling_window", window), (Span::SECOND, seconds(900)), node, context);
    }
    let millisecond = Span::from_milliseconds(1);
    let longest = lambda.retry_delay_max.max(millisecond);
    check_range(("retry_delay", lambda.retry_delay), (millisecond, longest), node, context);
    check_range(("memory", lambda.memory), (Bytes(128 * MIB), Bytes(10_240 * MIB)), node, context);
    lambda
}

pub(super) fn firehose(
    raw: &raw::Firehose,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Firehose {
    let converts = or(raw.format_conversion.as_ref(), false);
    let least = if converts { 64 * MIB } else { MIB };
    let defaults = (Bytes(if converts { 128 * MIB } else { 5 * MIB }), Span::from_seconds(300));
    let bounds = (Bytes(least), Bytes(128 * MIB));
    let (buffer_size, buffer_interval) =
        buffer(raw.buffer.as_ref(), node.at("buffer"), defaults, bounds, context);
    let transform = raw.transform.as_ref().map(|raw| {
        let node = node.at("transform").at("buffer");
        let defaults = (Bytes(MIB), Span::from_seconds(60));
        let bounds = (Bytes(200 * KIB), Bytes(3 * MIB));
        let (buffer_size, buffer_interval) =
            buffer(raw.buffer.as_ref(), node, defaults, bounds, context);
        let processing = super::consumer::processing(raw.processing.as_ref());
        let (per_batch, per_record) = (processing.per_batch, processing.per_record);
        Transform { buffer_size, buffer_interval, per_batch, per_record }
    });
    Firehose {
        buffer_size,
        buffer_interval,
        transform,
        format_conversion: converts,
        partitions: raw.dynamic_partitioning.as_ref().map(|raw| raw.partitions),
        output_ratio: raw.output_ratio.unwrap_or(1.0),
        delivery: or(raw.delivery.as_ref(), Span::SECOND),
    }
}

fn buffer(
    raw: Option<&raw::DeliveryBuffer>,
    node: &Node,
    defaults: (Bytes, Span),
    sizes: (Bytes, Bytes),
    context: &mut Context<'_, '_>,
) -> (Bytes, Span) {
    let size = or(raw.and_then(|raw| raw.size.as_ref()), defaults.0);
    let interval = or(raw.and_then(|raw| raw.interval.as_ref()), defaults.1);
    check_range(("size", size), sizes, node, context);
    check_range(("interval", interval), (Span::ZERO, Span::from_seconds(900)), node, context);
    (size, interval)
}

/// Time for which two losses of workers, or a loss and a stop, must lie apart.
pub(super) const FAILOVER_LONGEST: Span = Span::from_seconds(120);

/// A KCL application, and how it reads.
pub(super) fn kcl(
    raw: &raw::Kcl,
    base: Consumer,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Consumer {
    let round_trip = or(raw.round_trip.as_ref(), super::client::ROUND_TRIP);
    let reading = if raw.fan_out == Some(raw::FanOut::Polling) {
        let idle = or(raw.idle_time.as_ref(), Span::from_milliseconds(1_500));
        let hour = Span::from_seconds(3_600);
        check_range(("idle_time", idle), (Span::from_milliseconds(200), hour), node, context);
        let most = context.quotas.get_records_max_records;
        let max_records = or(raw.max_records.as_ref(), Records(10_000).min(most));
        check_range(("max_records", max_records), (Records(1), most), node, context);
        // The idle time begins with the answer.
        Reading::Polling { interval: idle + round_trip, max_records, round_trip }
    } else {
        for key in ["idle_time", "max_records"] {
            if node.keys().any(|own| own == key) {
                let message = format!("`{key}` is for polling, but the KCL reads by fan-out here");
                let help = "write `fan_out: polling`, or leave it out";
                context.error("conflict", node.at(key), message).help(help);
            }
        }
        Reading::EnhancedFanOut { round_trip }
    };
    let failover_time = or(raw.failover_time.as_ref(), Span::from_seconds(10));
    let bounds = (Span::SECOND, Span::from_seconds(30));
    check_range(("failover_time", failover_time), bounds, node, context);
    Consumer {
        reading,
        processing: super::consumer::processing(raw.processing.as_ref()),
        checkpoint_interval: or(raw.checkpoint_interval.as_ref(), Span::from_seconds(60)),
        work: Work::Kcl(Kcl {
            version: raw.version.unwrap_or(3),
            workers: raw.workers.unwrap_or(1),
            processing_threads: raw.processing_threads,
            failover_time,
        }),
        ..base
    }
}

/// A job of Apache Flink, and how it reads.
pub(super) fn flink(
    raw: &raw::Flink,
    base: Consumer,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Consumer {
    let round_trip = or(raw.round_trip.as_ref(), super::client::ROUND_TRIP);
    let reading = if raw.fan_out == Some(raw::FanOut::Enhanced) {
        Reading::EnhancedFanOut { round_trip }
    } else {
        let idle = or(raw.idle_time.as_ref(), Span::from_milliseconds(250));
        let hour = Span::from_seconds(3_600);
        check_range(("idle_time", idle), (Span::from_milliseconds(1), hour), node, context);
        let max_records = context.quotas.get_records_max_records;
        Reading::Polling { interval: idle + round_trip, max_records, round_trip }
    };
    Consumer {
        reading,
        processing: super::consumer::processing(raw.processing.as_ref()),
        checkpoint_interval: or(raw.checkpoint_interval.as_ref(), Span::from_seconds(60)),
        work: Work::Flink,
        ..base
    }
}
