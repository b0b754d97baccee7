//! Findings: what a reviewer should know without reading every table.
//!
//! Each is one sentence that the numbers beside it bear out, and a piece of advice. A finding that
//! would need a guess is not made. `writes` speaks of throttled, given up and rejected records,
//! `keys` of hot shards and hot keys, `order` of
//! records that overtake each other, `readers` of consumers, `scaling` of what changed the shards,
//! `bottleneck` of what slows them, and `traces` of what a trace leaves out.

mod bottleneck;
mod keys;
mod order;
mod readers;
mod scaling;
mod traces;
mod writes;

pub(super) use keys::keys_of;

use super::number::{bytes, plain};
use super::result::{Evidence, Finding, Severity};
use crate::metrics::Observation;
use crate::scenario::Scenario;

/// All findings on one replication, most severe first.
pub(super) fn find(scenario: &Scenario, observation: &Observation) -> Vec<Finding> {
    let mut findings = Vec::new();
    writes::find(scenario, observation, &mut findings);
    keys::find(scenario, observation, &mut findings);
    order::find(scenario, observation, &mut findings);
    readers::find(scenario, observation, &mut findings);
    traces::find(scenario, &mut findings);
    scaling::find(scenario, observation, &mut findings);
    // A stable sort: within one severity the order above stays.
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// The record limit of a shard: `1,000 records/s`.
fn record_limit(scenario: &Scenario) -> String {
    format!("{} records/s", plain(scenario.quotas.shard_write_records.0.as_per_second()))
}

/// The byte limit of a shard: `1 MiB/s`.
fn byte_limit(scenario: &Scenario) -> String {
    format!("{}/s", bytes(scenario.quotas.shard_write_bytes.0.as_per_second()))
}

fn finding(
    code: &str,
    severity: Severity,
    subject: &str,
    message: String,
    evidence: &[(&str, f64)],
    advice: String,
) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        subject: subject.to_owned(),
        message,
        evidence: evidence
            .iter()
            .map(|(name, value)| Evidence { name: (*name).to_owned(), value: *value })
            .collect(),
        advice,
        set: Vec::new(),
        tried: None,
    }
}

#[cfg(test)]
mod tests;
