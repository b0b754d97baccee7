//! What a finding advises, as changes of the scenario that can be tried: `path=value`, as `--set`
//! takes them.
//!
//! Only where the change is simple and the account of the run says that it removes the finding.
//! `writes` is about shards and salts, `reads` about consumers, `effect` says what trying a change
//! has shown.

mod effect;
mod reads;
mod writes;

pub use effect::{AdviceEffect, FigureEffect, Shown, advised, note_effect};

use std::cell::OnceCell;

use super::result::Finding;
use super::sizing::{Account, Cure};
use crate::metrics::Observation;
use crate::scenario::{RecordSize, Scenario};
use crate::time::Span;
use crate::units::{Bytes, MIB};

/// Largest record that a stream can be made to allow.
const RECORD_SIZE_LARGEST: Bytes = Bytes(10 * MIB);
/// Room for the partition key of such a record.
const KEY_BYTES: u64 = 256;

/// Gives each finding the change that removes it, where there is a simple one.
pub(super) fn attach(scenario: &Scenario, seen: &Observation, findings: &mut [Finding]) {
    let run = Run { scenario, seen, account: OnceCell::new(), throttling: OnceCell::new() };
    let codes: Vec<(String, String)> =
        findings.iter().map(|each| (each.code.clone(), each.subject.clone())).collect();
    for finding in findings {
        finding.set = run.changes(finding, &codes).unwrap_or_default();
    }
}

/// A run, and what several findings ask of it.
struct Run<'a> {
    scenario: &'a Scenario,
    seen: &'a Observation,
    account: OnceCell<Account<'a>>,
    /// What ends all throttling.
    throttling: OnceCell<Option<Cure>>,
}

impl Run<'_> {
    fn changes(&self, finding: &Finding, all: &[(String, String)]) -> Option<Vec<String>> {
        match finding.code.as_str() {
            "write-throttled"
            | "records-given-up"
            | "minute-metric-hides-it"
            | "records-out-of-order" => self.written(self.throttling()?),
            "hot-key" => self.written(&self.hot_key(finding)?),
            "hot-shard" => self.written(&self.hot_shard(finding)?),
            "idle-shards" => self.written(&self.idle_shards()?),
            "read-throttled" => reads::throttled(self.scenario, self.seen),
            "consumer-falls-behind" | "consumer-was-behind" => self.behind(finding),
            "records-expired" => {
                let falls_behind = ("consumer-falls-behind".to_owned(), finding.subject.clone());
                if all.contains(&falls_behind) {
                    return self.behind(finding);
                }
                Some(vec![format!("stream.retention={}", reads::retention(self.scenario)?)])
            }
            "reshard-breaks-order" => reads::parents_first(self.scenario, &finding.subject),
            "records-rejected" => larger_records(self.scenario),
            "trace-shorter-than-run" => shorter_run(self.scenario, &finding.subject),
            _ => None,
        }
    }

    fn account(&self) -> &Account<'_> {
        self.account.get_or_init(|| Account::of(self.scenario, self.seen))
    }

    fn behind(&self, finding: &Finding) -> Option<Vec<String>> {
        let consumers = &self.scenario.consumers;
        let index = consumers.iter().position(|consumer| consumer.name == finding.subject)?;
        reads::behind(self.scenario, self.seen, index).or_else(|| {
            if !self.scenario.incidents.is_empty() || reads::is_function(&consumers[index]) {
                return None;
            }
            self.written(&self.account().against_backlog(index)?)
        })
    }
}

/// The name of an element of a list in a path, or its index where the name would be misread.
fn element(name: &str, index: usize) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    let is_number = name.chars().all(|letter| letter.is_ascii_digit());
    if name.chars().all(is_plain) && !is_number { name.to_owned() } else { index.to_string() }
}

/// A stream that allows the largest records, where all that are drawn are smaller.
fn larger_records(scenario: &Scenario) -> Option<Vec<String>> {
    let largest = |size: &RecordSize| match size {
        RecordSize::Constant(size) => Some(*size),
        RecordSize::Uniform { max, .. } => Some(*max),
        RecordSize::Pareto { max, .. } => *max,
        RecordSize::Table(sizes) => sizes.iter().map(|each| each.size).max(),
        RecordSize::LogNormal { .. } | RecordSize::Recorded => None,
    };
    let fits = |size: Bytes| size.0 + KEY_BYTES <= RECORD_SIZE_LARGEST.0;
    let all = scenario.producers.iter().all(|each| largest(&each.record_size).is_some_and(fits));
    all.then(|| vec![format!("stream.max_record_size={RECORD_SIZE_LARGEST}")])
}

/// A run that ends with the trace of a producer.
fn shorter_run(scenario: &Scenario, producer: &str) -> Option<Vec<String>> {
    let producer = scenario.producers.iter().find(|each| each.name == producer)?;
    let last = producer.traffic.trace()?.last_at.nanoseconds().div_ceil(1_000_000) + 1;
    let duration = Span::from_milliseconds(last).max(Span::SECOND);
    (duration > scenario.warm_up).then(|| vec![format!("duration={duration}")])
}
