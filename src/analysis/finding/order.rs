//! Findings on the order of records: what retries have changed.

use super::finding;
use crate::analysis::figures::ratio;
use crate::analysis::number::{count, of, percent};
use crate::analysis::result::{Finding, Severity};
use crate::metrics::Observation;
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
}
