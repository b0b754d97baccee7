//! Findings on the order of records: what retries have changed.

use super::finding;
use crate::analysis::figures::ratio;
use crate::analysis::number::{count, of, percent};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::{ConsumerObservation, Observation};
use crate::scenario::Scenario;

/// One finding for each producer of which a record was overtaken by a later one of its key.
pub(super) fn find(scenario: &Scenario, seen: &Observation, findings: &mut Vec<Finding>) {
    for (producer, seen) in scenario.producers.iter().zip(&seen.producers) {
        let overtaken = seen.out_of_order_records.unwrap_or(0);
        if overtaken == 0 {
            continue;
        }
        let share = ratio(overtaken, seen.accepted);
        findings.push(finding(
            "records-out-of-order",
            Severity::Warning,
            &producer.name,
            format!(
                "{} of {} of {} ({}) reached the stream after a later one of the same partition \
                 key, because they were sent again.",
                count(overtaken),
                of(seen.accepted, "accepted record"),
                producer.name,
                percent(share),
            ),
            &[
                ("out_of_order_records", overtaken as f64),
                ("accepted_records", seen.accepted as f64),
                ("out_of_order_ratio", share),
            ],
            "Whoever needs the order of a key must compare a version or a time in the data. \
             Without throttling nothing is sent again."
                .to_owned(),
        ));
    }
    for (consumer, seen) in scenario.consumers.iter().zip(&seen.consumers) {
        findings.extend(across_shards(&consumer.name, seen));
    }
}

/// A consumer that begins with new shards before it has finished the old ones.
fn across_shards(name: &str, seen: &ConsumerObservation) -> Option<Finding> {
    let overtaken = seen.out_of_order_records.filter(|records| *records > 0)?;
    let share = ratio(overtaken, seen.processed_records);
    Some(finding(
        "reshard-breaks-order",
        Severity::Warning,
        name,
        format!(
            "{name} processed {} ({}) after a later one of the same partition key: it read new \
             shards before it had finished those that they came of.",
            of(overtaken, "record"),
            percent(share),
        ),
        &[("out_of_order_records", overtaken as f64), ("out_of_order_ratio", share)],
        "Finish the parents first, as the KCL and Lambda do: `child_shards: parents_first`."
            .to_owned(),
    ))
}
