//! Findings on writing: throttled, hidden from CloudWatch, given up, rejected.

use super::{byte_limit, finding, record_limit};
use crate::analysis::figures::{Totals, hottest_shard, open_shards, ratio};
use crate::analysis::number::{count, of, percent, plain};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::{Observation, ShardObservation};
use crate::scenario::{Producer, PutCalls, Scenario};
use crate::units::Bytes;

/// From this share of throttled attempts on, throttling is the main thing to know.
const THROTTLED_CRITICAL: f64 = 0.01;
/// From this multiple of the bytes of the records on, rounding is worth a word.
const ROUNDING_MUCH: f64 = 1.1;
/// Above this multiple of the mean, the spread is at fault and not the number of shards.
const UNEVEN: f64 = 1.5;

pub(super) fn find(scenario: &Scenario, seen: &Observation, findings: &mut Vec<Finding>) {
    let totals = Totals::of(seen);
    if totals.given_up > 0 {
        findings.push(given_up(scenario, seen, totals));
    }
    if totals.rejected > 0 {
        findings.push(rejected(scenario, seen, totals));
    }
    if totals.throttled > 0 {
        findings.push(throttled(scenario, seen, totals));
    }
    findings.extend(hidden(scenario, seen));
}

fn throttled(scenario: &Scenario, seen: &Observation, totals: Totals) -> Finding {
    let refusing = seen.shards.iter().filter(|shard| shard.write_throttled_records > 0).count();
    let sum = |of: fn(&ShardObservation) -> u64| seen.shards.iter().map(of).sum::<u64>();
    let by_records = sum(|shard| shard.throttled_by_records);
    let by_bytes = sum(|shard| shard.throttled_by_bytes);
    let refused = totals.throttled_ratio();
    let message = format!(
        "{} of {} refused {} of {} attempts ({}){}.",
        count(refusing as u64),
        of(seen.shards.len() as u64, "shard"),
        count(totals.throttled),
        count(totals.attempts),
        percent(refused),
        binding(scenario, by_records, by_bytes),
    );
    finding(
        "write-throttled",
        if refused >= THROTTLED_CRITICAL { Severity::Critical } else { Severity::Warning },
        "stream",
        message,
        &[
            ("write_throttled_records", totals.throttled as f64),
            ("write_throttled_ratio", refused),
            ("throttled_by_records", by_records as f64),
            ("throttled_by_bytes", by_bytes as f64),
            ("shards_throttling", refusing as f64),
        ],
        throttled_advice(scenario, seen, by_records > by_bytes),
    )
}

/// Which of the two limits refused, in words.
fn binding(scenario: &Scenario, by_records: u64, by_bytes: u64) -> String {
    let records = format!("the limit of {}", record_limit(scenario));
    let bytes = format!("the limit of {}", byte_limit(scenario));
    match (by_records, by_bytes) {
        (0, 0) => String::new(),
        (_, 0) => format!("; {records} a shard binds"),
        (0, _) => format!("; {bytes} a shard binds"),
        _ => format!(
            "; {records} a shard had no room for {} of them, {bytes} for {}",
            count(by_records),
            count(by_bytes)
        ),
    }
}

fn throttled_advice(scenario: &Scenario, seen: &Observation, records_bind: bool) -> String {
    let shards = open_shards(seen);
    let shard_id = |index: usize| &seen.shards[index].shard_id;
    let uneven = hottest_shard(scenario, seen).filter(|(_, over)| shards > 1 && *over >= UNEVEN);
    if let Some((index, over_mean)) = uneven {
        return format!(
            "The load is uneven: {} gets {over_mean:.2} times the mean. Spread the partition keys \
             before adding shards.",
            shard_id(index),
        );
    }
    let needed = shards_for_busiest_second(scenario, seen);
    let cure = if records_bind {
        " Records are small: packing several into one (KPL aggregation) lifts the record limit."
            .to_owned()
    } else {
        rounding(scenario, charged_over_incoming(&seen.shards)).unwrap_or_default()
    };
    if needed > shards {
        return format!(
            "The busiest second alone fills {} even if the keys spread evenly; the stream has \
             {}.{cure}",
            of(needed, "shard"),
            count(shards),
        );
    }
    match fullest_shard(seen).filter(|(_, offered)| *offered > 1.0) {
        Some((index, offered)) if shards > 1 => format!(
            "The stream as a whole has room, {} has not: on average it is offered {} of what it \
             takes. Split it, or spread the partition keys with a finer key or a salt.{cure}",
            shard_id(index),
            percent(offered),
        ),
        Some((index, offered)) => format!(
            "On average {} is offered {} of what it takes: add shards.{cure}",
            shard_id(index),
            percent(offered),
        ),
        None => format!(
            "The mean fits on every shard; bursts do not. More shards, or a producer that spaces \
             its calls and backs off longer, take the peaks off.{cure}"
        ),
    }
}

/// The shard that is offered most of its write limit, retries apart, and how much of it.
fn fullest_shard(seen: &Observation) -> Option<(usize, f64)> {
    let offered = |shard: &ShardObservation| {
        // What was refused for good would have been like what was taken.
        let over_taken = ratio(shard.generated_records, shard.incoming_records);
        shard.utilization_mean * over_taken.max(1.0)
    };
    let shards = seen.shards.iter().map(offered).enumerate();
    shards.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// Bytes that the write limit counted over those of the records.
fn charged_over_incoming<'a>(shards: impl IntoIterator<Item = &'a ShardObservation>) -> f64 {
    let rows = shards.into_iter().flat_map(|shard| shard.series.rows());
    let (charged, incoming) = rows.fold((0, 0), |(charged, incoming), row| {
        (charged + row.charged_bytes, incoming + row.incoming_bytes)
    });
    if incoming == 0 { 1.0 } else { ratio(charged, incoming) }
}

/// What rounding adds to the byte limit, in words, where it is much.
fn rounding(scenario: &Scenario, charged_over_incoming: f64) -> Option<String> {
    let step = scenario.quotas.put_record_rounding;
    let rounds = |producer: &Producer| producer.client.calls == PutCalls::PutRecord;
    let by_record = scenario.producers.iter().any(rounds);
    (charged_over_incoming >= ROUNDING_MUCH && by_record).then(|| {
        format!(
            " Rounding makes the limit count {} times the bytes of the records: PutRecord rounds \
             up each to {step}, PutRecords only the sum of a call.",
            plain(charged_over_incoming),
        )
    })
}

/// Shards that the busiest second would fill completely if the load were even.
fn shards_for_busiest_second(scenario: &Scenario, seen: &Observation) -> u64 {
    let records = seen.counted.generated_records_1s_max as f64;
    let bytes = seen.counted.generated_bytes_1s_max as f64;
    let quotas = &scenario.quotas;
    let by_records = records / quotas.shard_write_records.0.as_per_second();
    let by_bytes =
        bytes * charged_over_incoming(&seen.shards) / quotas.shard_write_bytes.0.as_per_second();
    by_records.max(by_bytes).ceil() as u64
}

/// Throttling on a shard whose minutes all look fine.
fn hidden(scenario: &Scenario, seen: &Observation) -> Option<Finding> {
    let is_hidden = |shard: &ShardObservation| {
        shard.write_throttled_records > 0 && shard.utilization_peak_1min < 1.0
    };
    let hidden = seen.shards.iter().enumerate().filter(|(_, shard)| is_hidden(shard));
    let many = hidden.clone().count() as u64;
    let (index, worst) = hidden.reduce(|worst, shard| {
        if shard.1.write_throttled_records > worst.1.write_throttled_records {
            shard
        } else {
            worst
        }
    })?;
    let shard_id = &seen.shards[index].shard_id;
    let others = match many {
        1 => String::new(),
        many => format!(" ({} are like it)", of(many - 1, "more shard")),
    };
    Some(finding(
        "minute-metric-hides-it",
        Severity::Warning,
        shard_id,
        format!(
            "{shard_id} refused {} attempts although its busiest minute shows {} utilization in \
             CloudWatch; its busiest second reached {}{others}.",
            count(worst.write_throttled_records),
            percent(worst.utilization_peak_1min),
            percent(worst.utilization_peak_1s),
        ),
        &[
            ("write_throttled_records", worst.write_throttled_records as f64),
            ("utilization_peak_1min", worst.utilization_peak_1min),
            ("utilization_peak_1s", worst.utilization_peak_1s),
            ("shards", many as f64),
        ],
        hidden_advice(scenario, worst),
    ))
}

/// Why the minutes look fine: the limit counts other bytes, or counts within a second.
fn hidden_advice(scenario: &Scenario, shard: &ShardObservation) -> String {
    let alarm = "Alarm on WriteProvisionedThroughputExceeded, not on IncomingRecords or \
                 IncomingBytes:";
    let full = shard.utilization_mean > shard.utilization_peak_1min;
    match rounding(scenario, charged_over_incoming([shard])).filter(|_| full) {
        Some(rounding) => format!("{alarm} those do not show what rounding adds.{rounding}"),
        None => {
            format!("{alarm} limits act within a second, and a minute averages them away.")
        }
    }
}

fn given_up(scenario: &Scenario, seen: &Observation, totals: Totals) -> Finding {
    let who = worst_producer(scenario, seen, |producer| producer.given_up);
    finding(
        "records-given-up",
        Severity::Critical,
        &who,
        format!(
            "Producers gave up {} of {} ({}) after their last attempt; those records never reach \
             the stream. Most are of {who}.",
            count(totals.given_up),
            of(totals.generated_records, "generated record"),
            percent(totals.given_up_ratio()),
        ),
        &[
            ("given_up_records", totals.given_up as f64),
            ("generated_records", totals.generated_records as f64),
            ("given_up_ratio", totals.given_up_ratio()),
        ],
        "Remove the throttling first. Until then let the producer retry for longer than the \
         longest burst, and keep what it gives up in a queue of its own."
            .to_owned(),
    )
}

fn rejected(scenario: &Scenario, seen: &Observation, totals: Totals) -> Finding {
    let who = worst_producer(scenario, seen, |producer| producer.rejected);
    let limit: Bytes = scenario.stream.max_record_size;
    finding(
        "records-rejected",
        Severity::Critical,
        &who,
        format!(
            "{} of {} are larger than the {limit} that the stream allows and never attempted; \
             most are of {who}.",
            count(totals.rejected),
            of(totals.generated_records, "generated record"),
        ),
        &[
            ("rejected_records", totals.rejected as f64),
            ("rejected_ratio", ratio(totals.rejected, totals.generated_records)),
            ("max_record_size_bytes", limit.0 as f64),
        ],
        "Put large payloads in S3 and send a reference, split them, or raise the stream's maximum \
         record size (up to 10 MiB)."
            .to_owned(),
    )
}

/// Name of the producer with the highest count.
fn worst_producer(
    scenario: &Scenario,
    seen: &Observation,
    figure: fn(&crate::metrics::ProducerObservation) -> u64,
) -> String {
    let pairs = scenario.producers.iter().zip(&seen.producers);
    pairs
        .reduce(|worst, next| if figure(next.1) > figure(worst.1) { next } else { worst })
        .map(|(producer, _)| producer.name.clone())
        .unwrap_or_default()
}
