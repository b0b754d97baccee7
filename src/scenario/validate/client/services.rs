//! Clients that come as a program or a service of their own: agent, Flink sink, subscription.

use super::{
    ATTEMPTS_MAX, BATCH_SIZE, IN_FLIGHT_MAX, LONGEST_LINGER, at_most, batches, endless, retries,
    round_trip, timeouts,
};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::validate::{Context, or};
use crate::scenario::{
    AgentBackoff, Backoff, Buffer, Client, FlinkSink, Jitter, LogBatches, Method, PutCalls,
    Retries, Sending, WhenFull,
};
use crate::time::Span;
use crate::units::{Bytes, MIB, Records};

/// Buffers that wait in an agent, and its threads on a machine of two cores. Source:
/// `FileFlow.java` and `AgentConfiguration.java` of awslabs/amazon-kinesis-agent.
const AGENT_QUEUE: u32 = 100;
const AGENT_THREADS: u32 = 24;
/// The window of a Flink sink: what it starts with for each record of a request, and what it adds.
/// Source: `KinesisStreamsSinkWriter.java` of apache/flink-connector-aws.
const FLINK_REQUESTS: u32 = 50;
const FLINK_WINDOW_INCREASE: Records = Records(10);
const FLINK_BUFFERED: Records = Records(10_000);
/// What AWS does not publish of a subscription; assumed.
const LOG_EVENTS: Records = Records(10_000);
const LOG_COMPRESSION: f64 = 8.0;
const LOG_ENVELOPE: Bytes = Bytes(300);
const LOG_LINGER: Span = Span::from_seconds(10);

pub(super) fn agent(raw: &raw::Agent, node: &Node, context: &mut Context<'_, '_>) -> Client {
    let age = or(raw.max_buffer_age.as_ref(), Span::from_seconds(60));
    if age < Span::SECOND || age > LONGEST_LINGER {
        let message = format!("`max_buffer_age` must be from 1 s to 15 min, but it is {age}");
        let help = "the agent refuses anything else";
        context.error("out-of-range", node.at("max_buffer_age"), message).help(help);
    }
    let calls = batches(
        (raw.max_buffer_size_records.as_ref(), BATCH_SIZE),
        (raw.max_buffer_size_bytes.as_ref(), Bytes(5 * MIB)),
        ("max_buffer_size_records", "max_buffer_size_bytes"),
        age,
        node,
        context,
    );
    let PutCalls::PutRecords { batch_size, .. } = calls else { unreachable!("batches are calls") };
    let initial = or(raw.retry_initial_backoff.as_ref(), Span::from_milliseconds(100));
    let max = or(raw.retry_max_backoff.as_ref(), Span::from_seconds(10));
    if max < initial {
        let message = format!("`retry_max_backoff` ({max}) is below the first sleep ({initial})");
        let at = node.at("retry_max_backoff");
        context.error("out-of-range", at, message).help("raise it, or lower the first one");
    }
    let threads = raw.sending_threads.unwrap_or(AGENT_THREADS);
    let buffers = raw.publish_queue_capacity.unwrap_or(AGENT_QUEUE) + threads;
    let round_trip = round_trip(raw.round_trip.as_ref(), true, node, context);
    Client {
        calls,
        round_trip,
        retries: endless(),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending: Some(Sending {
            in_flight: threads,
            buffer: Some(Buffer {
                records: Records(u64::from(buffers) * batch_size.0),
                bytes: Bytes(u64::MAX),
                when_full: WhenFull::Block,
            }),
            method: Method::Agent(AgentBackoff { initial, max }),
        }),
    }
}

pub(super) fn flink_sink(
    raw: &raw::FlinkSink,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Client {
    let linger = or(raw.max_time_in_buffer.as_ref(), Span::from_seconds(5));
    at_most(LONGEST_LINGER, linger, "max_time_in_buffer", node, context);
    let calls = batches(
        (raw.max_batch_size.as_ref(), BATCH_SIZE),
        (raw.max_batch_size_in_bytes.as_ref(), Bytes(5 * MIB)),
        ("max_batch_size", "max_batch_size_in_bytes"),
        linger,
        node,
        context,
    );
    let PutCalls::PutRecords { batch_size, .. } = calls else { unreachable!("batches are calls") };
    let in_flight = raw.max_in_flight_requests.unwrap_or(FLINK_REQUESTS);
    let max_buffered_requests = or(raw.max_buffered_requests.as_ref(), FLINK_BUFFERED);
    if max_buffered_requests <= batch_size {
        let message = "`max_buffered_requests` must be more than a request holds";
        let help = "the sink refuses anything else";
        context.error("out-of-range", node.at("max_buffered_requests"), message).help(help);
    }
    let round_trip = round_trip(raw.round_trip.as_ref(), true, node, context);
    Client {
        calls,
        round_trip,
        retries: endless(),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending: Some(Sending {
            in_flight,
            buffer: Some(Buffer {
                records: max_buffered_requests,
                bytes: Bytes(u64::MAX),
                when_full: WhenFull::Block,
            }),
            method: Method::FlinkSink(FlinkSink {
                max_buffered_requests,
                window_start: batch_size,
                window_increase: FLINK_WINDOW_INCREASE,
                window_max: Records(batch_size.0 * u64::from(in_flight)),
            }),
        }),
    }
}

pub(super) fn cloudwatch_logs(
    raw: &raw::CloudwatchLogs,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Client {
    let linger = or(raw.linger.as_ref(), LOG_LINGER);
    at_most(LONGEST_LINGER, linger, "linger", node, context);
    let max_events = or(raw.batch_events.as_ref(), LOG_EVENTS);
    if max_events == Records(0) {
        let message = "`batch_events` must be at least 1";
        context.error("out-of-range", node.at("batch_events"), message).help("a batch has events");
    }
    let compression = raw.compression.unwrap_or(LOG_COMPRESSION);
    let max_bytes = or(raw.batch_bytes.as_ref(), Bytes(MIB));
    let envelope = or(raw.envelope.as_ref(), LOG_ENVELOPE);
    let largest = max_bytes.0 as f64 / compression + envelope.0 as f64;
    if largest > MIB as f64 {
        let message = "a full batch is larger than a record can be, even compressed";
        let help = "lower `batch_bytes`, or raise `compression`";
        context.error("record-too-large", node.at("batch_bytes"), message).help(help);
    }
    let (base, max) = (Span::from_seconds(1), Span::from_seconds(60));
    let backoff = Backoff { base, factor: 2.0, max, jitter: Jitter::Full };
    let default = Retries { attempts: ATTEMPTS_MAX, backoff };
    let round_trip = round_trip(raw.round_trip.as_ref(), true, node, context);
    Client {
        calls: PutCalls::PutRecords {
            batch_size: Records(1),
            batch_bytes: context.quotas.put_records_max_bytes,
            linger,
        },
        round_trip,
        retries: retries(raw.retries.as_ref(), default, node.at("retries"), context),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending: Some(Sending {
            in_flight: IN_FLIGHT_MAX,
            buffer: None,
            method: Method::LogBatches(LogBatches { max_events, max_bytes, compression, envelope }),
        }),
    }
}
