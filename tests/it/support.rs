//! Scenarios in, figures out: what the tests of the engine share.
//!
//! A test states a scenario as YAML, changes single values by overrides as `--set` does, and looks
//! at the observations of the engine or at the JSON document of the built program.

use std::io::Write;
use std::process::{Command, Stdio};

use hdrhistogram::Histogram;
use shardplan::engine::{Control, Options, simulate};
use shardplan::metrics::{Observation, StreamStep};
use shardplan::time::Span;

use crate::language::check_good;

/// One writer on one shard, with nothing in its way: one attempt a record, no round trip, records
/// of exactly 100 B of which the key is 1 B, no rounding of sizes.
pub(crate) const ONE_WRITER: &str = "
version: 1
name: one-writer
duration: 100 s
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: writer
    client: { put_record: { round_trip: 0 s, retries: { attempts: 1 } } }
    traffic: { constant: 100 records/s }
    arrivals: paced
    record_size: { constant: 99 B }
    partition_key: { single: k }
quotas: { put_record_rounding: 1 B, put_records_rounding: 1 B }
";

/// The observations of all replications, with a row a second however long the run.
pub(crate) fn simulate_text(text: &str, overrides: &[&str]) -> Vec<Observation> {
    let scenario = check_good(text, overrides);
    let options = Options { series_step: Some(Span::SECOND), ..Options::default() };
    simulate(&scenario, &options, &|_| Control::Continue).unwrap()
}

/// The observation of the first replication.
pub(crate) fn observe(text: &str, overrides: &[&str]) -> Observation {
    simulate_text(text, overrides).remove(0)
}

/// The seconds of the stream.
pub(crate) fn seconds(run: &Observation) -> Vec<StreamStep> {
    assert_eq!(run.series.step(), Span::SECOND);
    run.series.rows().collect()
}

/// What the built program prints for `run - --format json`, with more arguments and with a number
/// of threads.
pub(crate) fn printed_result(text: &str, arguments: &[&str], threads: usize) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["run", "-", "--format", "json"])
        .args(arguments)
        .env("RAYON_NUM_THREADS", threads.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {errors}\n{text}");
    String::from_utf8(output.stdout).unwrap()
}

/// The result document of the built program.
pub(crate) fn result_of(text: &str, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&printed_result(text, arguments, 2)).unwrap()
}

/// Every value of a histogram with its count, for comparing two of them.
pub(crate) fn counts_of(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    histogram
        .iter_recorded()
        .map(|step| (step.value_iterated_to(), step.count_at_value()))
        .collect()
}

/// `ours` is within `tolerance` of `expected`, both in the same unit.
#[track_caller]
pub(crate) fn check_close(what: &str, ours: f64, expected: f64, tolerance: f64) {
    assert!(
        (ours - expected).abs() <= tolerance,
        "{what}: {ours} against {expected} +- {tolerance}"
    );
}
