//! Findings on reading: consumers that fall behind, lose records or are throttled.

use super::bottleneck::{self, polling_consumers};
use super::finding;
use crate::analysis::figures::{counted_seconds, ratio};
use crate::analysis::number::{self, count, milliseconds, of, percent, plain};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::{ConsumerObservation, Observation};
use crate::scenario::{Consumer, Scenario};

/// A backlog that grows by this share of what comes in is not noise.
const GROWTH_LEAST: f64 = 0.005;

/// A consumer that was behind by less was not behind: CloudWatch's period.
const BEHIND_LEAST_MS: u64 = 60_000;
/// One that polls every ten minutes is always minutes behind; that is how it was meant.
const BEHIND_OVER_TYPICAL: f64 = 5.0;

pub(super) fn find(scenario: &Scenario, seen: &Observation, findings: &mut Vec<Finding>) {
    for (index, (consumer, of_consumer)) in
        scenario.consumers.iter().zip(&seen.consumers).enumerate()
    {
        if of_consumer.expired_records > 0 {
            findings.push(expired(scenario, seen, consumer, of_consumer));
        }
        let behind = behind(scenario, seen, index);
        findings.extend(behind.or_else(|| was_behind(scenario, seen, index)));
        if of_consumer.read_throttled_calls > 0 {
            findings.push(throttled(scenario, consumer, of_consumer));
        }
    }
}

/// Growth of a backlog: mean of the last third of the counted time over that of the first.
#[derive(Clone, Copy)]
struct Growth {
    records_per_second: f64,
    age_at_end_ms: u64,
}

fn growth(seen: &Observation, index: usize) -> Option<Growth> {
    let counted = &seen.counted;
    let consumer = counted.consumers.get(index)?;
    let third = counted.third();
    if third == 0 {
        return None;
    }
    let [first, second, last] =
        consumer.backlog_records_by_third.map(|sum| sum as f64 / third as f64);
    let per_second = counted.incoming.records as f64 / counted.seconds as f64;
    let grown = last - first;
    let records_per_second = grown / (2 * third) as f64;
    // Reading in rounds keeps about a second's records waiting; that is no backlog.
    let grows = first < second && second < last && grown > per_second;
    (grows && records_per_second > GROWTH_LEAST * per_second)
        .then_some(Growth { records_per_second, age_at_end_ms: consumer.iterator_age_ms_at_end })
}

fn behind(scenario: &Scenario, seen: &Observation, index: usize) -> Option<Finding> {
    let growth = growth(seen, index)?;
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
            count(of_consumer.backlog_records),
            milliseconds(growth.age_at_end_ms as f64),
        ),
        &[
            ("read_records_per_second", read),
            ("incoming_records_per_second", came),
            ("backlog_growth_records_per_second", growth.records_per_second),
            ("backlog_records_at_end", of_consumer.backlog_records as f64),
            ("iterator_age_ms_at_end", growth.age_at_end_ms as f64),
        ],
        bottleneck::advice(scenario, seen, index, false),
    ))
}

/// The worst of a time in which a consumer was behind, although its backlog does not grow.
fn was_behind(scenario: &Scenario, seen: &Observation, index: usize) -> Option<Finding> {
    let consumer = seen.counted.consumers.get(index)?;
    let worst = consumer.iterator_age_ms_max;
    let typical = consumer.iterator_ages_ms.median_ms();
    if worst < BEHIND_LEAST_MS || (worst as f64) < BEHIND_OVER_TYPICAL * typical as f64 {
        return None;
    }
    let at_end = consumer.iterator_age_ms_at_end;
    let name = &scenario.consumers[index].name;
    let at_seconds = consumer.iterator_age_max_second as f64;
    Some(finding(
        "consumer-was-behind",
        Severity::Warning,
        name,
        format!(
            "{name} was up to {} behind, {} into the run; at half of all times it was {} behind or \
             less, at the end {}.",
            milliseconds(worst as f64),
            number::seconds(at_seconds),
            milliseconds(typical as f64),
            milliseconds(at_end as f64),
        ),
        &[
            ("iterator_age_ms_max", worst as f64),
            ("at_seconds", at_seconds),
            ("iterator_age_ms_p50", typical as f64),
            ("iterator_age_ms_at_end", at_end as f64),
        ],
        bottleneck::advice(scenario, seen, index, true),
    ))
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
            "{} share {} calls/s on each shard: an interval of at least \
             {} each keeps them within it; or move one to enhanced fan-out.",
            of(readers, "polling consumer"),
            plain(calls),
            milliseconds(1_000.0 * readers as f64 / calls),
        )
    } else {
        format!(
            "{} share {} on each shard: move one to enhanced fan-out, which has a limit of its \
             own, or use more shards.",
            of(readers, "polling consumer"),
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
