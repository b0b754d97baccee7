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

/// What the numbers of a run come to, for comparing two of them.
pub(crate) fn figures(run: &Observation) -> String {
    let shards: Vec<_> = run
        .shards
        .iter()
        .map(|shard| {
            (
                &shard.shard_id,
                shard.range.start,
                shard.opened,
                shard.closed,
                shard.generated_records,
                (shard.incoming_records, shard.incoming_bytes),
                shard.write_throttled_records,
                (shard.throttled_by_records, shard.throttled_by_bytes),
                shard.hottest_keys.first().cloned(),
                shard.series.rows().count(),
            )
        })
        .collect();
    let consumers: Vec<_> = run
        .consumers
        .iter()
        .map(|consumer| {
            (
                (consumer.processed_records, consumer.duplicate_records),
                consumer.backlog_bytes,
                consumer.read_calls,
                consumer.out_of_order_records,
                consumer.iterator_age_ms.len(),
                consumer.iterator_age_ms.max(),
                consumer.end_to_end_latency_us.mean(),
            )
        })
        .collect();
    let producers: Vec<_> = run
        .producers
        .iter()
        .map(|producer| {
            (
                (producer.attempts, producer.throttled),
                (producer.accepted, producer.accepted_bytes, producer.waiting),
                (producer.given_up, producer.dropped, producer.wrong_shard_records),
                producer.put_calls,
                producer.out_of_order_records,
                (producer.put_latency_us.len(), producer.put_latency_us.mean()),
            )
        })
        .collect();
    let rows: Vec<_> = run.series.rows().collect();
    format!("{shards:?}\n{consumers:?}\n{producers:?}\n{rows:?}")
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
