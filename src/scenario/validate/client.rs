//! A producer's client: its calls, its retries, and what bounds it.

mod services;

use super::{Context, or};
use crate::scenario::quantity::Written;
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{
    Aggregation, Backoff, Buffer, Client, Jitter, Kpl, Method, PutCalls, RateLimit, Retries,
    Sending, Timeouts, WhenFull,
};
use crate::time::Span;
use crate::units::{Bytes, MIB, Rate, Records};

/// From a call to its answer; assumed, a few milliseconds within a region plus the service's own.
pub(super) const ROUND_TRIP: Span = Span::from_milliseconds(10);
/// How long a batch waits; assumed, the default of the KPL.
const LINGER: Span = Span::from_milliseconds(100);
/// Longest wait of a batch; the Kinesis Agent, the most patient client, allows 15 minutes.
const LONGEST_LINGER: Span = Span::from_seconds(15 * 60);
/// How long a producer waits for an answer; the request time-out of the KPL.
const TIMEOUT: Span = Span::from_seconds(6);
/// Longest round trip; SDKs give up on a call long before.
const LONGEST_ROUND_TRIP: Span = Span::from_seconds(60);
/// Most records in a batch that a hand-written client collects; the limit of the service.
const BATCH_SIZE: Records = Records(500);
/// Attempts of a client that tries until a record expires, or for ever.
const ATTEMPTS_MAX: u32 = u32::MAX;
/// Bounds of an aggregated record of the KPL by default.
const KPL_AGGREGATION_BYTES: Bytes = Bytes(51_200);
const KPL_AGGREGATION_RECORDS: Records = Records(4_294_967_295);
/// Most data of a user record by default; `MaxUserRecordSize` of the KPL, since version 1.0.7.
const KPL_USER_RECORD_BYTES: Bytes = Bytes(MIB);
/// What the KPL allows as either size.
const KPL_BYTES_MIN: Bytes = Bytes(64);
const KPL_BYTES_MAX: Bytes = Bytes(10 * MIB);
/// Shortest life of a record in the KPL.
const KPL_TTL_MIN: Span = Span::from_milliseconds(100);
/// Calls under way of the KPL.
const KPL_CONNECTIONS: u32 = 24;
/// Bytes in a full bucket of the KPL's limiter: 10 MiB since 1.0.6, before that 1 MiB.
const KPL_BURST: Bytes = Bytes(10 * MIB);
/// Bytes for one shard at which the KPL sends a call that is not full; `collector.h`.
const KPL_SHARD_BYTES: Bytes = Bytes(262_144);

/// Most calls under way of a client; an AWS SDK has 50 unless told otherwise.
const IN_FLIGHT_MAX: u32 = 100_000;
/// Shortest round trip of a client that hears of every answer: what it does meanwhile is played in
/// steps of this length.
const ROUND_TRIP_MIN: Span = Span::from_milliseconds(1);

/// Checks how a producer calls the service.
pub(super) fn client(raw: &raw::Client, node: &Node, context: &mut Context<'_, '_>) -> Client {
    match raw {
        raw::Client::PutRecord(raw) => put_record(raw, node.at("put_record"), context),
        raw::Client::PutRecords(raw) => put_records(raw, node.at("put_records"), context),
        raw::Client::Kpl(raw) => kpl(raw, &KPL, node.at("kpl"), context),
        raw::Client::KafkaConnect(raw) => {
            kpl(raw, &KAFKA_CONNECT, node.at("kafka_connect"), context)
        }
        raw::Client::Dms(raw) => dms(raw, node.at("dms"), context),
        raw::Client::Agent(raw) => services::agent(raw, node.at("agent"), context),
        raw::Client::FlinkSink(raw) => services::flink_sink(raw, node.at("flink_sink"), context),
        raw::Client::CloudwatchLogs(raw) => {
            services::cloudwatch_logs(raw, node.at("cloudwatch_logs"), context)
        }
    }
}

fn put_record(raw: &raw::PutRecord, node: &Node, context: &mut Context<'_, '_>) -> Client {
    // The standard retry mode of the AWS SDKs (smithy): 3 attempts, 1 s, doubled to 20 s.
    let (base, max) = (Span::from_seconds(1), Span::from_seconds(20));
    let backoff = Backoff { base, factor: 2.0, max, jitter: Jitter::Full };
    let default = Retries { attempts: 3, backoff };
    let sending = bounds(raw.in_flight, raw.buffer.as_ref(), Method::Resend, node, context);
    let round_trip = round_trip(raw.round_trip.as_ref(), sending.is_some(), node, context);
    Client {
        calls: PutCalls::PutRecord,
        round_trip,
        retries: retries(raw.retries.as_ref(), default, node.at("retries"), context),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending,
    }
}

fn put_records(raw: &raw::PutRecords, node: &Node, context: &mut Context<'_, '_>) -> Client {
    // A loop that resends what failed, as most teams write it; assumed.
    let (base, max) = (Span::from_milliseconds(100), Span::from_seconds(5));
    let backoff = Backoff { base, factor: 2.0, max, jitter: Jitter::Full };
    let default = Retries { attempts: 8, backoff };
    let sending = bounds(raw.in_flight, raw.buffer.as_ref(), Method::Resend, node, context);
    let round_trip = round_trip(raw.round_trip.as_ref(), sending.is_some(), node, context);
    Client {
        calls: batches(
            (raw.batch_size.as_ref(), BATCH_SIZE),
            (raw.batch_bytes.as_ref(), context.quotas.put_records_max_bytes),
            ("batch_size", "batch_bytes"),
            linger(raw.linger.as_ref(), node, context),
            node,
            context,
        ),
        round_trip,
        retries: retries(raw.retries.as_ref(), default, node.at("retries"), context),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending,
    }
}

/// DMS: back-off from 1 s to 32 s and no end to it; as many calls at once as threads. How many
/// changes go into one call is not published; assumed to be as many as fit.
fn dms(raw: &raw::Dms, node: &Node, context: &mut Context<'_, '_>) -> Client {
    let (base, max) = (Span::from_seconds(1), Span::from_seconds(32));
    let backoff = Backoff { base, factor: 2.0, max, jitter: Jitter::Full };
    let default = Retries { attempts: ATTEMPTS_MAX, backoff };
    let threads = raw.parallel_apply_threads.unwrap_or(0);
    let method = Method::Resend;
    let sending = Sending { in_flight: threads.max(1), buffer: None, method };
    let round_trip = round_trip(raw.round_trip.as_ref(), true, node, context);
    Client {
        calls: batches(
            (raw.batch_size.as_ref(), BATCH_SIZE),
            (None, context.quotas.put_records_max_bytes),
            ("batch_size", "batch_bytes"),
            linger(raw.linger.as_ref(), node, context),
            node,
            context,
        ),
        round_trip,
        retries: retries(raw.retries.as_ref(), default, node.at("retries"), context),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending: Some(sending),
    }
}

/// The defaults in which the clients that are built on the KPL differ.
struct KplDefaults {
    aggregation_enabled: bool,
    record_max_buffered_time: Span,
    record_ttl: Span,
    /// A ratio of the write limits of a shard.
    rate_limit: f64,
    /// Records that wait or are under way before the application has to wait.
    outstanding: Option<Records>,
}

/// Source: `KinesisProducerConfiguration.java` of awslabs/amazon-kinesis-producer.
const KPL: KplDefaults = KplDefaults {
    aggregation_enabled: true,
    record_max_buffered_time: Span::from_milliseconds(100),
    record_ttl: Span::from_seconds(30),
    rate_limit: 1.5,
    outstanding: None,
};

/// Source: `AmazonKinesisSinkConnector.java` of awslabs/kinesis-kafka-connector.
const KAFKA_CONNECT: KplDefaults = KplDefaults {
    aggregation_enabled: false,
    record_max_buffered_time: Span::from_seconds(15),
    record_ttl: Span::from_seconds(60),
    rate_limit: 1.0,
    outstanding: Some(Records(500_000)),
};

fn kpl(
    raw: &raw::Kpl,
    defaults: &KplDefaults,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Client {
    let aggregation = aggregation(raw, defaults, node, context);
    let user_record_bytes_max = or(raw.max_user_record_size.as_ref(), KPL_USER_RECORD_BYTES);
    check_kpl_bytes("max_user_record_size", user_record_bytes_max, node, context);
    let rate_limit = rate_limit(raw, defaults, node, context);
    let max_buffered_time =
        or(raw.record_max_buffered_time.as_ref(), defaults.record_max_buffered_time);
    at_most(LONGEST_LINGER, max_buffered_time, "record_max_buffered_time", node, context);
    let time_to_live = or(raw.record_ttl.as_ref(), defaults.record_ttl);
    if time_to_live < KPL_TTL_MIN {
        let message = format!("`record_ttl` must be at least {KPL_TTL_MIN}, not {time_to_live}");
        let help = "the KPL refuses less";
        context.error("out-of-range", node.at("record_ttl"), message).help(help);
    }
    let method = Method::Kpl(Kpl {
        aggregation,
        user_record_bytes_max,
        max_buffered_time,
        time_to_live,
        rate_limit,
        fail_if_throttled: or(raw.fail_if_throttled.as_ref(), false),
        shard_bytes: KPL_SHARD_BYTES,
    });
    let mut sending = Sending { in_flight: KPL_CONNECTIONS, buffer: None, method };
    sending.in_flight = raw.max_connections.unwrap_or(KPL_CONNECTIONS);
    sending.buffer = match &raw.buffer {
        Some(raw) => Some(buffer(raw, node.at("buffer"), context)),
        None => defaults.outstanding.map(|records| Buffer {
            records,
            bytes: Bytes(u64::MAX),
            when_full: WhenFull::Block,
        }),
    };
    if sending.buffer.is_some_and(|buffer| buffer.when_full == WhenFull::DropOldest) {
        let at = node.at("buffer").at("when_full");
        let message = "the KPL keeps what it has taken";
        context.error("conflict", at, message).help("write `block` or `drop_newest`");
    }
    let round_trip = round_trip(raw.round_trip.as_ref(), true, node, context);
    Client {
        calls: batches(
            (raw.collection_max_count.as_ref(), BATCH_SIZE),
            (raw.collection_max_size.as_ref(), Bytes(5 * MIB)),
            ("collection_max_count", "collection_max_size"),
            Span::ZERO,
            node,
            context,
        ),
        round_trip,
        retries: endless(),
        timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
        sending: Some(sending),
    }
}

/// Attempts without end, and no waits between them but those that the client makes itself.
fn endless() -> Retries {
    let backoff = Backoff { base: Span::ZERO, factor: 1.0, max: Span::ZERO, jitter: Jitter::None };
    Retries { attempts: ATTEMPTS_MAX, backoff }
}

fn aggregation(
    raw: &raw::Kpl,
    defaults: &KplDefaults,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Aggregation> {
    let max_bytes = or(raw.aggregation_max_size.as_ref(), KPL_AGGREGATION_BYTES);
    check_kpl_bytes("aggregation_max_size", max_bytes, node, context);
    let max_records = or(raw.aggregation_max_count.as_ref(), KPL_AGGREGATION_RECORDS);
    if max_records == Records(0) {
        let at = node.at("aggregation_max_count");
        context
            .error("out-of-range", at, "`aggregation_max_count` must be at least 1")
            .help("write `aggregation_enabled: false` to send each record alone");
    }
    let is_on = or(raw.aggregation_enabled.as_ref(), defaults.aggregation_enabled);
    is_on.then_some(Aggregation { max_bytes, max_records })
}

fn check_kpl_bytes(name: &str, bytes: Bytes, node: &Node, context: &mut Context<'_, '_>) {
    if !(KPL_BYTES_MIN..=KPL_BYTES_MAX).contains(&bytes) {
        let message =
            format!("`{name}` must be from {KPL_BYTES_MIN} to {KPL_BYTES_MAX}, but it is {bytes}");
        let help = "the KPL refuses anything else";
        context.error("out-of-range", node.at(name), message).help(help);
    }
}

fn rate_limit(
    raw: &raw::Kpl,
    defaults: &KplDefaults,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<RateLimit> {
    let share = raw.rate_limit.as_ref().map_or(defaults.rate_limit, |written| written.0.0);
    if !(0.01..=100.0).contains(&share) {
        let message = "`rate_limit` must be from 1 to 10000 %";
        let help = "it is a share of what one shard takes; the KPL has 150 %";
        context.error("out-of-range", node.at("rate_limit"), message).help(help);
        return None;
    }
    // To a hundredth of a percent.
    let scaled = |rate: u64| {
        let amount = libm::round(rate as f64 * share * 100.0) as u64;
        Rate::new(amount, Span::from_seconds(100))
    };
    Some(RateLimit {
        records: scaled(1_000),
        bytes: scaled(MIB),
        records_max: Records(1_000),
        bytes_max: or(raw.rate_limit_burst.as_ref(), KPL_BURST),
        starts_full: !matches!(raw.rate_limit_starts, Some(raw::BucketStart::Empty)),
    })
}

/// The bounds of a client that is a loop over calls, if it has any.
fn bounds(
    in_flight: Option<u32>,
    raw: Option<&raw::Buffer>,
    method: Method,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Sending> {
    let buffer = raw.map(|raw| buffer(raw, node.at("buffer"), context));
    if in_flight.is_none() && buffer.is_none() {
        return None;
    }
    Some(Sending { in_flight: in_flight.unwrap_or(IN_FLIGHT_MAX), buffer, method })
}

fn buffer(raw: &raw::Buffer, node: &Node, context: &mut Context<'_, '_>) -> Buffer {
    if raw.records.is_none() && raw.bytes.is_none() {
        let message = "a buffer needs a bound";
        let help = "write `records`, `bytes` or both";
        context.error("missing-key", node, message).help(help);
    }
    let records = or(raw.records.as_ref(), Records(u64::MAX));
    if records == Records(0) {
        let message = "`records` must be at least 1";
        context
            .error("out-of-range", node.at("records"), message)
            .help("a client holds a record at least while it sends it");
    }
    Buffer {
        records,
        bytes: or(raw.bytes.as_ref(), Bytes(u64::MAX)),
        when_full: match raw.when_full {
            None | Some(raw::WhenFull::Block) => WhenFull::Block,
            Some(raw::WhenFull::DropOldest) => WhenFull::DropOldest,
            Some(raw::WhenFull::DropNewest) => WhenFull::DropNewest,
        },
    }
}

/// The round trip of a client, which `hears` of every answer or does not.
fn round_trip(
    raw: Option<&Written<Span>>,
    hears: bool,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Span {
    let round_trip = or(raw, ROUND_TRIP);
    at_most(LONGEST_ROUND_TRIP, round_trip, "round_trip", node, context);
    if hears && round_trip < ROUND_TRIP_MIN {
        let message = format!("`round_trip` must be at least {ROUND_TRIP_MIN} for this client");
        let help = "it waits for answers, which take time; calls within a region take a few ms";
        context.error("out-of-range", node.at("round_trip"), message).help(help);
    }
    round_trip
}

fn linger(raw: Option<&Written<Span>>, node: &Node, context: &mut Context<'_, '_>) -> Span {
    let linger = or(raw, LINGER);
    at_most(LONGEST_LINGER, linger, "linger", node, context);
    linger
}

/// The calls whose answers are lost, of a client with the given round trip.
fn timeouts(
    raw: Option<&raw::Timeouts>,
    round_trip: Span,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Timeouts {
    let Some(raw) = raw else {
        return Timeouts { share: 0.0, after: TIMEOUT };
    };
    let after = or(raw.after.as_ref(), TIMEOUT);
    let node = node.at("timeouts");
    at_most(LONGEST_ROUND_TRIP, after, "after", node, context);
    if after <= round_trip {
        let message = format!("`after` is {after}, but an answer takes {round_trip} to come");
        let help = "a producer has to wait for longer than `round_trip`, or every call times out";
        context.error("out-of-range", node.at("after"), message).help(help);
    }
    let share = raw.share.0.0;
    if !(0.0..=0.5).contains(&share) {
        let message = format!("`share` must be from 0 to 50 %, but it is {}", raw.share.0);
        let help = "where more than half of all answers are lost, no client gets on";
        context.error("out-of-range", node.at("share"), message).help(help);
    }
    Timeouts { share, after }
}

/// Calls of many records: their bounds as written and by default, under the given names.
fn batches(
    (size, default_size): (Option<&Written<Records>>, Records),
    (bytes, default_bytes): (Option<&Written<Bytes>>, Bytes),
    (size_name, bytes_name): (&str, &str),
    linger: Span,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PutCalls {
    let most_records = context.quotas.put_records_max_records;
    let most_bytes = context.quotas.put_records_max_bytes;
    let batch_size = or(size, default_size.min(most_records));
    let batch_bytes = or(bytes, default_bytes.min(most_bytes));
    if batch_size == Records(0) || batch_size > most_records {
        let most = most_records.0;
        let message = format!("`{size_name}` must be from 1 to {most}, but it is {}", batch_size.0);
        let help = "the service refuses larger calls (quota `put_records_max_records`)";
        context.error("out-of-range", node.at(size_name), message).help(help);
    }
    if batch_bytes == Bytes(0) || batch_bytes > most_bytes {
        let message =
            format!("`{bytes_name}` must be from 1 B to {most_bytes}, but it is {batch_bytes}");
        let help = "the service refuses larger calls (quota `put_records_max_bytes`)";
        context.error("out-of-range", node.at(bytes_name), message).help(help);
    }
    PutCalls::PutRecords { batch_size, batch_bytes, linger }
}

/// Holds a span of a client to a bound beyond which it is a slip of the pen.
fn at_most(bound: Span, value: Span, key: &str, node: &Node, context: &mut Context<'_, '_>) {
    if value > bound {
        let message = format!("`{key}` must be at most {bound}, but it is {value}");
        context.error("out-of-range", node.at(key), message).help("is the unit right?");
    }
}

fn retries(
    raw: Option<&raw::Retries>,
    default: Retries,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Retries {
    let Some(raw) = raw else { return default };
    let attempts = raw.attempts.unwrap_or(default.attempts);
    let Some(backoff) = &raw.backoff else {
        return Retries { attempts, ..default };
    };
    let base = or(backoff.base.as_ref(), default.backoff.base);
    let max = or(backoff.max.as_ref(), default.backoff.max);
    if max < base {
        let node = node.at("backoff");
        let at = if backoff.max.is_some() { node.at("max") } else { node.at("base") };
        let message = format!("the largest wait (`max`, {max}) is below the first one ({base})");
        context.error("out-of-range", at, message).help("raise `max` or lower `base`");
    }
    let jitter = match backoff.jitter {
        Some(raw::Jitter::Full) => Jitter::Full,
        Some(raw::Jitter::Equal) => Jitter::Equal,
        Some(raw::Jitter::None) => Jitter::None,
        None => default.backoff.jitter,
    };
    let factor = backoff.factor.unwrap_or(default.backoff.factor);
    Retries { attempts, backoff: Backoff { base, factor, max, jitter } }
}
