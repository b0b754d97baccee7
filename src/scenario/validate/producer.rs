//! A producer: its client, its traffic and the size of its records.

use super::{Context, or, partition_key};
use crate::quotas::WriteLimiter;
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{
    Arrivals, Backoff, Client, Jitter, PartitionKey, Producer, PutCalls, RecordDistribution,
    RecordSize, Retries, Stream, Traffic,
};
use crate::time::{Instant, Span};
use crate::units::{Bytes, RecordRate, Records};

/// From a call to its answer; assumed, a few milliseconds within a region plus the service's own.
pub(super) const ROUND_TRIP: Span = Span::from_milliseconds(10);
/// How long a batch waits; assumed, the default of the KPL.
const LINGER: Span = Span::from_milliseconds(100);
/// Longest wait of a batch; the Kinesis Agent, the most patient client, allows 15 minutes.
const LONGEST_LINGER: Span = Span::from_seconds(15 * 60);
/// Longest round trip; SDKs give up on a call long before.
const LONGEST_ROUND_TRIP: Span = Span::from_seconds(60);
/// Most records in a batch that a hand-written client collects; the limit of the service.
const BATCH_SIZE: Records = Records(500);
/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;
/// A day of the calendar.
const DAY: Span = Span::from_seconds(86_400);
/// Highest rate of a producer at its peak, records a second.
const PEAK_RATE_MAX: f64 = 1e9;

/// Checks one producer.
pub(super) fn producer(
    raw: &raw::Producer,
    node: &Node,
    stream: &Stream,
    context: &mut Context<'_, '_>,
) -> Producer {
    let client = client(&raw.client, node.at("client"), context);
    let traffic = traffic(&raw.traffic, node.at("traffic"), context);
    let record_size = record_size(&raw.record_size, node.at("record_size"), context);
    let partition_key =
        partition_key::partition_key(&raw.partition_key, node.at("partition_key"), context);
    let explicit_hash_key = raw.explicit_hash_key.as_ref().map(|written| written.0);
    if let PartitionKey::Weighted { keys, .. } = &partition_key
        && explicit_hash_key.is_some()
        && keys.iter().any(|key| key.explicit_hash_key.is_some())
    {
        let at = node.at("explicit_hash_key");
        let message = "the producer and its weighted keys both set `explicit_hash_key`";
        context.error("conflict", at, message).help("keep one of them");
    }
    if raw.partition_key.salt.is_some() && explicit_hash_key.is_some() {
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
        arrivals: match raw.arrivals {
            Some(raw::Arrivals::Paced) => Arrivals::Paced,
            Some(raw::Arrivals::Poisson) | None => Arrivals::Poisson,
        },
        record_size,
        partition_key,
        explicit_hash_key,
    };
    check_record_fits(&producer, stream, node, context);
    producer
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
            }
        }
    }
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

fn traffic(raw: &raw::Traffic, node: &Node, context: &mut Context<'_, '_>) -> Traffic {
    match raw {
        raw::Traffic::Constant(rate) => Traffic::Constant(rate.0),
        raw::Traffic::Steps(steps) => Traffic::Steps(check_steps(steps, node.at("steps"), context)),
        raw::Traffic::Diurnal(raw) => {
            let node = node.at("diurnal");
            let (mean, peak_at) = (raw.mean.0, raw.peak_at.0);
            if mean.0.amount() == 0 {
                context.error("out-of-range", node.at("mean"), "`mean` must be more than zero");
            }
            if peak_at >= DAY {
                let message = format!("`peak_at` is a time of day, but it is {peak_at}");
                let help = "write the time since midnight, below 24 h";
                context.error("out-of-range", node.at("peak_at"), message).help(help);
            }
            if mean.0.as_per_second() * raw.peak_to_mean > PEAK_RATE_MAX {
                let message = "the peak is more than 1e9 records/s";
                context.error("out-of-range", node.at("mean"), message);
            }
            // From the time of day to the time since the start of the run.
            let started = Span::from_seconds(context.starts_at.second_of_day());
            let next_peak = if peak_at < started { peak_at + DAY } else { peak_at };
            let peak_at = next_peak - started;
            Traffic::Diurnal { mean, peak_to_mean: raw.peak_to_mean, peak_at }
        }
    }
}

fn check_steps(
    steps: &[raw::Step],
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Vec<(Instant, RecordRate)> {
    if steps.is_empty() {
        let help = "write at least `- { at: 0 s, rate: 100 records/s }`";
        context.error("too-few", node, "`steps` is empty").help(help);
    }
    let mut before: Option<Span> = None;
    for (index, step) in steps.iter().enumerate() {
        let at = node.item(index).at("at");
        match before {
            None if step.at.0 != Span::ZERO => {
                let message = format!("the first step must be at 0 s, but it is at {}", step.at.0);
                context.error("bad-steps", at, message);
            }
            Some(before) if step.at.0 <= before => {
                let message = format!("this step is at {}, not after {before}", step.at.0);
                let help = "steps stand in the order of time, no two at the same instant";
                context.error("bad-steps", at, message).help(help);
            }
            _ => {}
        }
        before = Some(step.at.0);
    }
    steps.iter().map(|step| (Instant::START + step.at.0, step.rate.0)).collect()
}

fn record_size(raw: &raw::RecordSize, node: &Node, context: &mut Context<'_, '_>) -> RecordSize {
    let mut positive = |size: Bytes, node: &Node, name: &str| {
        if size == Bytes(0) {
            let message = format!("`{name}` must be at least 1 B");
            context.error("out-of-range", node, message);
        }
        size.0.max(1) as f64
    };
    match raw {
        raw::RecordSize::Constant(size) => {
            positive(size.0, node.at("constant"), "constant");
            RecordSize::Constant(size.0)
        }
        raw::RecordSize::LogNormal(raw) => {
            let node = node.at("log_normal");
            if let (Some(median), Some(p99)) = (&raw.median, &raw.p99) {
                let (low, high) = (positive(median.0, node.at("median"), "median"), p99.0);
                if high < median.0 {
                    let message = format!("`p99` ({high}) is below `median` ({})", median.0);
                    context.error("out-of-range", node.at("p99"), message);
                }
                let sigma = libm::log(high.0.max(1) as f64 / low) / NORMAL_P99;
                return RecordSize::LogNormal { mu: libm::log(low), sigma: sigma.max(0.0) };
            }
            let mean =
                raw.mean.as_ref().map_or(1.0, |mean| positive(mean.0, node.at("mean"), "mean"));
            let sigma = raw.sigma.unwrap_or(0.0);
            // The mean of the distribution is exp(mu + sigma^2 / 2).
            RecordSize::LogNormal { mu: libm::log(mean) - sigma * sigma / 2.0, sigma }
        }
    }
}

/// A typical record that can never be accepted is a mistake, not a result.
fn check_record_fits(
    producer: &Producer,
    stream: &Stream,
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    let node = node.at("record_size");
    let (size, what, at) = match producer.record_size {
        RecordSize::Constant(size) => (size.0, "a record", node.at("constant")),
        RecordSize::LogNormal { mu, .. } => {
            let median = libm::round(libm::exp(mu)) as u64;
            (median, "the median record", node.at("log_normal").at("median"))
        }
    };
    let counts = context.quotas.partition_key_bytes_count;
    let key = if counts { partition_key::shortest(&producer.partition_key) } else { 0 };
    let total = Bytes(size.saturating_add(key));
    if total > stream.max_record_size {
        let (size, most) = (Bytes(size), stream.max_record_size);
        let message = match key {
            0 => format!("{what} of {size} exceeds `max_record_size`, {most}"),
            key => {
                let key = Bytes(key);
                format!("{what} of {size} and a key of {key} exceed `max_record_size`, {most}")
            }
        };
        context.error("record-too-large", at, message).help(
            "make the records smaller, or raise `stream.max_record_size`, which may be 10 MiB",
        );
        return;
    }
    let quotas = &context.quotas;
    let (burst, name) = match quotas.shard_write_limiter {
        WriteLimiter::FixedWindow => {
            (quotas.shard_write_bytes.0.as_per_second() as u64, "shard_write_bytes")
        }
        WriteLimiter::TokenBucket
            if stream.max_record_size > crate::quotas::RECORD_SIZE_DEFAULT =>
        {
            let burst = quotas.shard_write_bytes_burst_large_records.0;
            (burst, "shard_write_bytes_burst_large_records")
        }
        WriteLimiter::TokenBucket => (quotas.shard_write_bytes_burst.0, "shard_write_bytes_burst"),
    };
    let step = match producer.client.calls {
        PutCalls::PutRecord => quotas.put_record_rounding.0,
        PutCalls::PutRecords { .. } => quotas.put_records_rounding.0,
    };
    let charged = total.0.checked_next_multiple_of(step.max(1)).unwrap_or(u64::MAX);
    if charged > burst {
        let (charged, burst) = (Bytes(charged), Bytes(burst));
        let message = format!(
            "{what} counts as {charged}, but a shard never accepts more than {burst} at once"
        );
        let help = format!("make the records smaller, or raise the quota `{name}`");
        context.error("record-too-large", at, message).help(help);
    }
}
