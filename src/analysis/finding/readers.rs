//! Findings on reading: consumers that fall behind, lose records or are throttled.

use super::finding;
use crate::analysis::figures::{counted_rows, counted_seconds, ratio};
use crate::analysis::number::{self, count, milliseconds, of, percent, plain};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::{ConsumerObservation, Observation};
use crate::scenario::{Consumer, Reading, Scenario};
use crate::units::MIB;

/// A backlog that grows by this share of what comes in is not noise.
const GROWTH_LEAST: f64 = 0.005;

/// A consumer that has more of its calls refused is behind for that reason.
const REFUSED_MUCH: f64 = 0.05;

pub(super) fn find(scenario: &Scenario, seen: &Observation, findings: &mut Vec<Finding>) {
    for (index, (consumer, of_consumer)) in
        scenario.consumers.iter().zip(&seen.consumers).enumerate()
    {
        if of_consumer.expired_records > 0 {
            findings.push(expired(scenario, seen, consumer, of_consumer));
        }
        findings.extend(behind(scenario, seen, index));
        if of_consumer.read_throttled_calls > 0 {
            findings.push(throttled(scenario, consumer, of_consumer));
        }
    }
}

/// Growth of a backlog: mean of the last third of the counted time over that of the first.
#[derive(Clone, Copy)]
struct Growth {
    records_per_second: f64,
    at_end: u64,
    age_at_end_ms: u64,
}

fn growth(scenario: &Scenario, seen: &Observation, index: usize) -> Option<Growth> {
    let rows = counted_rows(scenario, seen);
    let third = rows.len() / 3;
    let backlog = |part: usize| {
        let rows = rows.get(part * third..(part + 1) * third)?;
        let sum: u64 = rows
            .iter()
            .filter_map(|row| row.consumers.get(index))
            .map(|row| row.backlog_records)
            .sum();
        (third > 0).then(|| sum as f64 / third as f64)
    };
    let (first, second, last) = (backlog(0)?, backlog(1)?, backlog(2)?);
    let incoming: u64 = rows.iter().map(|row| row.incoming_records).sum();
    let per_second = incoming as f64 / rows.len() as f64;
    let grown = last - first;
    let records_per_second = grown / (2 * third) as f64;
    // Reading in rounds keeps about a second's records waiting; that is no backlog.
    let grows = first < second && second < last && grown > per_second;
    let end = rows.last()?.consumers.get(index)?;
    (grows && records_per_second > GROWTH_LEAST * per_second).then_some(Growth {
        records_per_second,
        at_end: end.backlog_records,
        age_at_end_ms: end.iterator_age_ms_max,
    })
}

fn behind(scenario: &Scenario, seen: &Observation, index: usize) -> Option<Finding> {
    let growth = growth(scenario, seen, index)?;
    let (consumer, of_consumer) = (&scenario.consumers[index], &seen.consumers[index]);
    let incoming: u64 = seen.shards.iter().map(|shard| shard.incoming_records).sum();
    let seconds = counted_seconds(scenario, seen);
    let (read, came) = (of_consumer.read_records as f64 / seconds, incoming as f64 / seconds);
    let name = &consumer.name;
    Some(finding(
        "consumer-falls-behind",
        Severity::Critical,
        name,
        format!(
            "{name} reads {} of {} accepted records/s: its backlog grows by {} records/s and ends \
             at {} records, {} behind.",
            plain(read),
            plain(came),
            plain(growth.records_per_second),
            count(growth.at_end),
            milliseconds(growth.age_at_end_ms as f64),
        ),
        &[
            ("read_records_per_second", read),
            ("incoming_records_per_second", came),
            ("backlog_growth_records_per_second", growth.records_per_second),
            ("backlog_records_at_end", growth.at_end as f64),
            ("iterator_age_ms_at_end", growth.age_at_end_ms as f64),
        ],
        behind_advice(scenario, seen, index),
    ))
}

/// Names the bottleneck where the scenario's own numbers show it.
fn behind_advice(scenario: &Scenario, seen: &Observation, index: usize) -> String {
    let (consumer, of_consumer) = (&scenario.consumers[index], &seen.consumers[index]);
    let refused = ratio(of_consumer.read_throttled_calls, of_consumer.read_calls);
    if refused > REFUSED_MUCH {
        let others = polling_consumers(scenario).saturating_sub(1);
        return format!(
            "Throttled reads are the bottleneck: {} of its GetRecords calls are refused; it shares \
             the limits of each shard with {}.",
            percent(refused),
            of(others, "other polling consumer"),
        );
    }
    let seconds = counted_seconds(scenario, seen);
    let shards = &seen.shards;
    let busiest = shards.iter().map(|shard| shard.incoming_records).max().unwrap_or(0) as f64;
    let busiest = busiest / seconds;
    let per_record = consumer.processing.per_record.as_seconds();
    if per_record * busiest > 1.0 {
        return format!(
            "Processing is the bottleneck: {} a record is at most {} records/s on a shard, and the \
             busiest shard gets {}. Shorten it below {}, or use more shards.",
            number::seconds(per_record),
            plain(1.0 / per_record),
            plain(busiest),
            milliseconds(1_000.0 / busiest),
        );
    }
    let busiest_bytes = shards.iter().map(|shard| shard.incoming_bytes).max().unwrap_or(0) as f64;
    let readers = polling_consumers(scenario);
    let shared = scenario.quotas.shard_read_bytes.0.as_per_second();
    let polling = matches!(consumer.reading, Reading::Polling { .. });
    if polling && busiest_bytes / seconds * readers as f64 > shared {
        return format!(
            "The shared read limit is the bottleneck: {readers} polling consumers want {} MiB/s of \
             the busiest shard, which gives {}. Move one to enhanced fan-out, or use more shards.",
            plain(busiest_bytes / seconds * readers as f64 / MIB as f64),
            scenario.quotas.shard_read_bytes,
        );
    }
    if let Reading::Polling { interval, max_records, round_trip } = consumer.reading {
        let cycle = interval.max(round_trip).as_seconds();
        if cycle > 0.0 && max_records.0 as f64 / cycle < busiest {
            return format!(
                "Polling is the bottleneck: {max_records} every {interval} is {} records/s a \
                 shard, and the busiest shard gets {}. Ask for more at once, or more often.",
                plain(max_records.0 as f64 / cycle),
                plain(busiest),
            );
        }
    }
    "Batches take longer than they last: shorten processing, read larger batches, or use more \
     shards, which are worked on side by side."
        .to_owned()
}

fn expired(
    scenario: &Scenario,
    seen: &Observation,
    consumer: &Consumer,
    of_consumer: &ConsumerObservation,
) -> Finding {
    let incoming: u64 = seen.shards.iter().map(|shard| shard.incoming_records).sum();
    let name = &consumer.name;
    finding(
        "records-expired",
        Severity::Critical,
        name,
        format!(
            "{name} lost {} of {} accepted records: retention of {} passed before it read them.",
            count(of_consumer.expired_records),
            count(incoming),
            scenario.stream.retention,
        ),
        &[
            ("expired_records", of_consumer.expired_records as f64),
            ("expired_ratio", ratio(of_consumer.expired_records, incoming)),
            ("retention_seconds", scenario.stream.retention.as_seconds()),
        ],
        "Raise the retention above the longest time that the consumer can be behind, and remove \
         the cause of the backlog."
            .to_owned(),
    )
}

fn throttled(
    scenario: &Scenario,
    consumer: &Consumer,
    of_consumer: &ConsumerObservation,
) -> Finding {
    let refused = ratio(of_consumer.read_throttled_calls, of_consumer.read_calls);
    let by_calls = of_consumer.throttled_by_calls;
    let by_bytes = of_consumer.read_throttled_calls - by_calls;
    let name = &consumer.name;
    let binding = if by_calls >= by_bytes {
        format!("the limit of {} a shard", scenario.quotas.get_records_calls)
    } else {
        format!("the limit of {} a shard", scenario.quotas.shard_read_bytes)
    };
    let readers = polling_consumers(scenario);
    let calls = scenario.quotas.get_records_calls.0.as_per_second();
    let advice = if by_calls >= by_bytes {
        format!(
            "{readers} polling consumers share {} calls/s on each shard: an interval of at least \
             {} each keeps them within it; or move one to enhanced fan-out.",
            plain(calls),
            milliseconds(1_000.0 * readers as f64 / calls),
        )
    } else {
        format!(
            "{readers} polling consumers share {} on each shard: move one to enhanced fan-out, \
             which has a limit of its own, or use more shards.",
            scenario.quotas.shard_read_bytes,
        )
    };
    finding(
        "read-throttled",
        Severity::Warning,
        name,
        format!(
            "{} of {} GetRecords calls of {name} were refused ({}), most by {binding}.",
            count(of_consumer.read_throttled_calls),
            count(of_consumer.read_calls),
            percent(refused),
        ),
        &[
            ("read_throttled_calls", of_consumer.read_throttled_calls as f64),
            ("read_calls", of_consumer.read_calls as f64),
            ("throttled_by_calls", by_calls as f64),
            ("throttled_by_bytes", by_bytes as f64),
        ],
        advice,
    )
}

/// Consumers that share the read limits of a shard.
fn polling_consumers(scenario: &Scenario) -> u64 {
    let readings = scenario.consumers.iter().map(|consumer| &consumer.reading);
    readings.filter(|reading| matches!(reading, Reading::Polling { .. })).count() as u64
}
