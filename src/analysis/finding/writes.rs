//! Findings on writing: throttled, hidden from CloudWatch, given up, rejected.

use super::{byte_limit, finding, record_limit};
use crate::analysis::figures::{Totals, counted_rows, hottest_shard, ratio};
use crate::analysis::number::{count, of, percent};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::{Observation, ShardObservation};
use crate::scenario::Scenario;
use crate::units::Bytes;

/// From this share of throttled attempts on, throttling is the main thing to know.
const THROTTLED_CRITICAL: f64 = 0.01;
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
    let shards = seen.shards.len() as u64;
    let uneven = hottest_shard(seen).filter(|(_, over)| shards > 1 && *over >= UNEVEN);
    if let Some((index, over_mean)) = uneven {
        return format!(
            "The load is uneven: {} gets {over_mean:.1} times the mean. Spread the partition keys \
             before adding shards.",
            scenario.stream.shards[index].shard_id,
        );
    }
    let needed = shards_for_busiest_second(scenario, seen);
    let batch = if records_bind {
        " Records are small: packing several into one (KPL aggregation) lifts the record limit."
    } else {
        ""
    };
    if needed > shards {
        format!(
            "The busiest second alone fills {} even if the keys spread evenly; the stream has \
             {}.{batch}",
            of(needed, "shard"),
            count(shards),
        )
    } else {
        format!(
            "The mean fits; bursts do not. More shards, or a producer that spaces its calls and \
             backs off longer, take the peaks off.{batch}"
        )
    }
}

/// Shards that the busiest second would fill completely if the load were even.
fn shards_for_busiest_second(scenario: &Scenario, seen: &Observation) -> u64 {
    let rows = counted_rows(scenario, seen);
    let records = rows.iter().map(|row| row.generated_records).max().unwrap_or(0) as f64;
    let bytes = rows.iter().map(|row| row.generated_bytes).max().unwrap_or(0) as f64;
    let quotas = &scenario.quotas;
    let by_records = records / quotas.shard_write_records.0.as_per_second();
    let by_bytes = bytes / quotas.shard_write_bytes.0.as_per_second();
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
    let shard_id = &scenario.stream.shards[index].shard_id;
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
        "Alarm on WriteProvisionedThroughputExceeded, not on IncomingRecords or IncomingBytes: \
         limits act within a second, and a minute averages them away."
            .to_owned(),
    ))
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
