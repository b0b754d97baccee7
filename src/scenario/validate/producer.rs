//! A producer: its client, and what the parts beside this one check.

use super::trace::Generated;
use super::{Context, or, partition_key, record_size, trace, traffic};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{
    Backoff, Client, Jitter, PartitionKey, Producer, PutCalls, RecordDistribution, RecordSize,
    Retries, Stream, Timeouts,
};
use crate::time::Span;
use crate::units::{Bytes, Records};

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

/// Checks one producer.
pub(super) fn producer(
    raw: &raw::Producer,
    node: &Node,
    stream: &Stream,
    context: &mut Context<'_, '_>,
) -> Producer {
    let client = client(&raw.client, node.at("client"), context);
    let Generated { traffic, arrivals, record_size, partition_key } = match &raw.traffic {
        raw::Traffic::Trace(recorded) => trace::recorded(raw, recorded, node, stream, context),
        _ => drawn(raw, node, context),
    };
    let explicit_hash_key = raw.explicit_hash_key.as_ref().map(|written| written.0);
    if let PartitionKey::Weighted { keys, .. } = &partition_key
        && explicit_hash_key.is_some()
        && keys.iter().any(|key| key.explicit_hash_key.is_some())
    {
        let at = node.at("explicit_hash_key");
        let message = "the producer and its weighted keys both set `explicit_hash_key`";
        context.error("conflict", at, message).help("keep one of them");
    }
    let is_salted = raw.partition_key.as_ref().is_some_and(|key| key.salt.is_some());
    if is_salted && explicit_hash_key.is_some() {
        let at = node.at("partition_key").at("salt");
        let message = "the salt changes nothing, because `explicit_hash_key` replaces the key";
        context.error("conflict", at, message).help("keep one of them");
    }
    if partition_key == PartitionKey::Absent
        && stream.record_distribution == RecordDistribution::UserPartitionKey
    {
        let at = node.at("partition_key").at("none");
        let message = "the stream needs a partition key in every record";
        context.error("conflict", at, message).help(
            "write `random: {}` for an even spread, or `record_distribution: auto` where the \
             stream is on-demand",
        );
    }
    let producer = Producer {
        name: raw.name.0.0.clone(),
        client,
        traffic,
        arrivals,
        record_size,
        partition_key,
        explicit_hash_key,
    };
    record_size::check_fits(&producer, stream, node.at("record_size"), context);
    producer
}

/// What a producer generates that draws its records.
fn drawn(raw: &raw::Producer, node: &Node, context: &mut Context<'_, '_>) -> Generated {
    for (key, is_given) in
        [("record_size", raw.record_size.is_some()), ("partition_key", raw.partition_key.is_some())]
    {
        if !is_given {
            let message = format!("the producer needs the key `{key}`");
            context.error("missing-key", node, message);
        }
    }
    let traffic = traffic::traffic(&raw.traffic, node.at("traffic"), context);
    let arrivals = traffic::arrivals(raw.arrivals.as_ref(), &traffic, node.at("arrivals"), context);
    // What is missing was reported, and its stand-in is thrown away.
    let record_size = raw.record_size.as_ref().map_or(RecordSize::Constant(Bytes(1)), |size| {
        record_size::record_size(size, node.at("record_size"), context)
    });
    let fresh = PartitionKey::Random { key_bytes: Bytes(1) };
    let partition_key = raw
        .partition_key
        .as_ref()
        .map_or(fresh, |key| partition_key::partition_key(key, node.at("partition_key"), context));
    Generated { traffic, arrivals, record_size, partition_key }
}

fn client(raw: &raw::Client, node: &Node, context: &mut Context<'_, '_>) -> Client {
    match raw {
        raw::Client::PutRecord(raw) => {
            // The standard retry mode of the AWS SDKs (smithy): 3 attempts, 1 s, doubled to 20 s.
            let (base, max) = (Span::from_seconds(1), Span::from_seconds(20));
            let backoff = Backoff { base, factor: 2.0, max, jitter: Jitter::Full };
            let default = Retries { attempts: 3, backoff };
            let node = node.at("put_record");
            let round_trip = or(raw.round_trip.as_ref(), ROUND_TRIP);
            at_most(LONGEST_ROUND_TRIP, round_trip, "round_trip", node, context);
            Client {
                calls: PutCalls::PutRecord,
                round_trip,
                retries: retries(raw.retries.as_ref(), default, node.at("retries"), context),
                timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
            }
        }
        raw::Client::PutRecords(raw) => {
            // A loop that resends what failed, as most teams write it; assumed.
            let (base, max) = (Span::from_milliseconds(100), Span::from_seconds(5));
            let backoff = Backoff { base, factor: 2.0, max, jitter: Jitter::Full };
            let default = Retries { attempts: 8, backoff };
            let node = node.at("put_records");
            let round_trip = or(raw.round_trip.as_ref(), ROUND_TRIP);
            at_most(LONGEST_ROUND_TRIP, round_trip, "round_trip", node, context);
            Client {
                calls: put_records(raw, node, context),
                round_trip,
                retries: retries(raw.retries.as_ref(), default, node.at("retries"), context),
                timeouts: timeouts(raw.timeouts.as_ref(), round_trip, node, context),
            }
        }
    }
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

fn put_records(raw: &raw::PutRecords, node: &Node, context: &mut Context<'_, '_>) -> PutCalls {
    let most_records = context.quotas.put_records_max_records;
    let most_bytes = context.quotas.put_records_max_bytes;
    let batch_size = or(raw.batch_size.as_ref(), BATCH_SIZE.min(most_records));
    let batch_bytes = or(raw.batch_bytes.as_ref(), most_bytes);
    if batch_size == Records(0) || batch_size > most_records {
        let most = most_records.0;
        let message = format!("`batch_size` must be from 1 to {most}, but it is {}", batch_size.0);
        let help = "the service refuses larger calls (quota `put_records_max_records`)";
        context.error("out-of-range", node.at("batch_size"), message).help(help);
    }
    if batch_bytes == Bytes(0) || batch_bytes > most_bytes {
        let message =
            format!("`batch_bytes` must be from 1 B to {most_bytes}, but it is {batch_bytes}");
        let help = "the service refuses larger calls (quota `put_records_max_bytes`)";
        context.error("out-of-range", node.at("batch_bytes"), message).help(help);
    }
    let linger = or(raw.linger.as_ref(), LINGER);
    at_most(LONGEST_LINGER, linger, "linger", node, context);
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
