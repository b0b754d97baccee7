//! Jobs of micro-batches: how late records are, how long batches take, and what a crash repeats.
//!
//! With a trigger of T and a batch that takes b < T, a record waits T / 2 + b in the mean. With
//! b = p + w n for n records and arrivals of a records/s, batches that follow each other at once take
//! b = p / (1 - w a), so that w a < 1 is what the job can take. Sources: Databricks, options of the
//! Amazon Kinesis connector, 2026; Apache Spark 3.5, Structured Streaming guide, Triggers.

use shardplan::metrics::{BatchObservation, ConsumerObservation, Observation};

use crate::language::{check_bad, check_good};
use crate::support::{ONE_WRITER, check_close, observe, printed_result, result_of};

/// The run of one writer with one job; nothing delays it but what the job says.
fn run(job: &str, overrides: &[&str]) -> Observation {
    let consumers = format!(
        "consumers=[ {{ name: j, micro_batch: {{ fetch_interval: 200 ms, round_trip: 0 s, {job} }} }} ]"
    );
    let own = [
        "duration=1000 s",
        "producers.writer.partition_key={ uniform: { keys: 10000 } }",
        "quotas.get_records_propagation=0 s",
        consumers.as_str(),
    ];
    observe(ONE_WRITER, &[&own[..], overrides].concat())
}

fn job(run: &Observation) -> (&ConsumerObservation, BatchObservation) {
    (&run.consumers[0], run.consumers[0].batches.unwrap())
}

/// mean latency = T / 2 + b + half a fetch interval; one batch a trigger.
#[test]
fn a_record_waits_half_a_trigger_and_its_batch() {
    for (trigger, batch) in [(10.0, 2.0), (5.0, 4.0), (30.0, 1.0)] {
        let seen = run(
            &format!(
                "trigger: {trigger} s, fetch_duration: 0 s, processing: {{ per_batch: {batch} s }}"
            ),
            &[],
        );
        let (consumer, batches) = job(&seen);
        check_close("batches", batches.batches as f64, 1_000.0 / trigger, 1.0);
        assert_eq!(batches.late_batches, 0);
        check_close("batch", batches.lasting_max.as_seconds(), batch, 1e-9);
        let latency = consumer.end_to_end_latency_us.mean() / 1e6;
        check_close("latency", latency, trigger / 2.0 + batch, 0.25);
        // A record is done when its batch is: until then it counts as not read.
        let oldest = consumer.iterator_age_ms.max() as f64 / 1e3;
        check_close("oldest", oldest, trigger + batch, 1.1);
    }
}

/// b = p / (1 - w a) where batches follow each other at once: without a trigger, or one that is shorter.
#[test]
fn a_batch_that_takes_longer_than_the_trigger_delays_the_next() {
    for trigger in ["", "trigger: 1 s,"] {
        let seen = run(
            &format!(
                "{trigger} fetch_duration: 0 s, processing: {{ per_batch: 3 s, per_record: 4 ms }}"
            ),
            &[],
        );
        let (consumer, batches) = job(&seen);
        let expected = 3.0 / (1.0 - 0.004 * 100.0);
        let mean = batches.lasting_total.as_seconds() / batches.batches as f64;
        check_close("batch", mean, expected, 0.05 * expected);
        let records = batches.handed_records as f64 / batches.batches as f64;
        check_close("records", records, 100.0 * expected, 0.05 * 100.0 * expected);
        let late = if trigger.is_empty() { 0 } else { batches.batches };
        assert_eq!(batches.late_batches, late);
        assert!(consumer.backlog_records < 1_100);
    }
}

/// processed = t / w where w a > 1: the backlog grows by a - 1 / w.
#[test]
fn a_job_that_is_too_slow_falls_behind_linearly() {
    let seen = run(
        "trigger: 10 s, fetch_duration: 0 s, max_records_per_batch: 1000, \
         processing: { per_record: 20 ms }",
        &["duration=2000 s"],
    );
    let (consumer, _) = job(&seen);
    check_close("processed", consumer.processed_records as f64, 2_000.0 / 0.02, 2_000.0);
    check_close("backlog", consumer.backlog_records as f64, 100.0 * 1_000.0, 2_000.0);
    check_close("age", consumer.iterator_age_ms.max() as f64, 1e6, 50_000.0);
}

/// What a batch may hold of a shard, and what is fetched of it a second, bound the throughput.
#[test]
fn fetch_limits_bound_a_shard() {
    let limits = [
        ("trigger: 10 s, max_records_per_batch: 500", 50.0),
        ("fetch_rate: 5 kB/s", 50.0),
        ("fetch_interval: 1 s, max_records: 60", 60.0),
    ];
    for (limit, expected) in limits {
        let text = format!("fetch_duration: 0 s, {limit}");
        let text = text.as_str();
        let consumers = match text.contains("fetch_interval") {
            true => format!("consumers=[ {{ name: j, micro_batch: {{ {text} }} }} ]"),
            false => format!(
                "consumers=[ {{ name: j, micro_batch: {{ fetch_interval: 200 ms, {text} }} }} ]"
            ),
        };
        let seen = observe(ONE_WRITER, &["duration=1000 s", &consumers]);
        let processed = job(&seen).0.processed_records as f64;
        check_close(limit, processed, 1_000.0 * expected, 0.02 * 1_000.0 * expected);
    }
}

/// b = w a T s / m: m tasks of s shards each, and what must wait for a free place.
#[test]
fn tasks_work_on_their_shards_one_after_another() {
    let overrides = [
        "stream.capacity.provisioned.shards=8",
        "producers.writer.traffic.constant=800 records/s",
        "producers.writer.partition_key={ uniform: { keys: 100000 } }",
    ];
    let mean = |tasks: &str| {
        let seen = run(
            &format!(
                "trigger: 10 s, fetch_duration: 0 s, processing: {{ per_record: 1 ms }}, {tasks}"
            ),
            &overrides,
        );
        let (_, batches) = job(&seen);
        batches.lasting_total.as_seconds() / batches.batches as f64
    };
    check_close("one shard a task", mean("shards_per_task: 1"), 1.0, 0.1);
    check_close("four", mean("shards_per_task: 4"), 4.0, 0.25);
    check_close("two places", mean("shards_per_task: 1, tasks_at_once: 2"), 4.0, 0.25);
    check_close("one place", mean("shards_per_task: 2, tasks_at_once: 1"), 8.0, 0.25);
}

/// Records are gathered for ten seconds before a batch can have them: up to that later, and T more.
#[test]
fn records_are_gathered_before_a_batch_has_them() {
    let seen = run("", &[]);
    let (consumer, batches) = job(&seen);
    check_close("batches", batches.batches as f64, 1_000.0 / 10.1, 2.0);
    let longest = consumer.end_to_end_latency_us.max() as f64 / 1e6;
    check_close("longest", longest, 10.2, 0.2);
}

/// duplicates = what had been done of the batch in hand; what had only been fetched is read again and
/// done once. A stop in order repeats nothing.
#[test]
fn a_crash_repeats_the_batch_in_hand() {
    let text = "trigger: 100 s, fetch_duration: 0 s, processing: { per_record: 5 ms }";
    let stopped = |kind: &str| {
        let incident =
            format!("incidents=[ {{ at: 330 s, for: 5 s, {kind}: {{ consumer: j }} }} ]");
        run(text, &[&incident])
    };
    let crash = stopped("outage");
    // The batch of 300 s holds 10,000 records and has worked for 30 s.
    let (consumer, _) = job(&crash);
    check_close("duplicates", consumer.duplicate_records as f64, 30.0 / 0.005, 2.0);
    assert_eq!(consumer.processed_records + consumer.backlog_records, 100_000);
    assert_eq!(consumer.end_to_end_latency_us.len(), consumer.processed_records);
    let deploy = stopped("deploy");
    assert_eq!(job(&deploy).0.duplicate_records, 0);
    assert_eq!(job(&deploy).0.processed_records + job(&deploy).0.backlog_records, 100_000);
}

const MIXED: &str = "
version: 1
name: jobs
duration: 400 s
warm_up: 30 s
stream: { capacity: { provisioned: { shards: 3 } } }
producers:
  - name: writer
    client: { put_records: {} }
    traffic: { constant: 300 records/s }
    record_size: { log_normal: { median: 2 kB, p99: 50 kB } }
    partition_key: { zipf: { keys: 200, exponent: 1 } }
consumers:
  - name: a
    micro_batch: { trigger: 7 s, fetch_duration: 3 s, processing: { per_batch: 1 s, per_record: 1 ms } }
  - name: b
    micro_batch: { fan_out: enhanced, tasks_at_once: 1, processing: { per_record: 3 ms } }
  - { name: c, polling: { interval: 1 s } }
incidents:
  - { at: 40300 ms, for: 70 s, outage: { consumer: a } }
  - { at: 200 s, for: 5 s, deploy: { consumer: a } }
  - { at: 150 s, for: 55 s, deploy: { consumer: b } }
  - { at: 300 s, replay: { consumer: b, from: trim_horizon } }
  - { at: 310 s, replay: { consumer: a, from: latest } }
  - { at: 350 s, replay: { consumer: a, from: { at: 100 s } } }
";

/// result(threads, window) = result, and every record is accounted for.
fn check_same(text: &str) -> serde_json::Value {
    let expected = printed_result(text, &[], 1);
    assert!(printed_result(text, &[], 3) == expected, "threads");
    for window in ["13 ms", "1 s", "1 h"] {
        assert!(printed_result(text, &["--window", window], 2) == expected, "{window}");
    }
    let document = result_of(text, &[]);
    for row in document["accounting"].as_array().unwrap() {
        assert_eq!(row["holds"], true, "{row}");
    }
    for job in &document["consumers"].as_array().unwrap()[..2] {
        assert_eq!(job["kind"], "micro_batch");
        assert!(job["batches"]["batches"].as_u64().unwrap() > 10, "{}", job["batches"]);
    }
    document
}

#[test]
fn jobs_do_not_depend_on_threads_or_windows() {
    let document = check_same(MIXED);
    for job in &document["consumers"].as_array().unwrap()[..2] {
        assert!(job["duplicate_records"].as_u64().unwrap() > 1_000);
    }
}

/// The children of a shard are read when their parents are finished, and nothing is lost.
#[test]
fn jobs_follow_shards_that_split() {
    let lines = MIXED.lines().filter(|line| !line.contains("replay"));
    let text = lines.collect::<Vec<_>>().join("\n").replace(
        "stream: { capacity: { provisioned: { shards: 3 } } }",
        "stream: { capacity: { provisioned: { shards: 3 } }, \
         scaling: { schedule: [ { at: 100 s, update_shard_count: 6 } ] } }",
    );
    let document = check_same(&text);
    for job in &document["consumers"].as_array().unwrap()[..2] {
        assert!(job["processed_records"].as_u64().unwrap() > 80_000, "{job}");
    }
}

#[test]
fn what_a_job_cannot_be_told_is_refused() {
    let refused = |job: &str, code: &str| {
        let consumers = format!("consumers=[ {{ name: j, micro_batch: {{ {job} }} }} ]");
        let problems = crate::language::read(ONE_WRITER, &[&consumers]).expect_err(job);
        assert_eq!(problems.all()[0].code(), code, "{}", problems.render(false));
    };
    refused("trigger: 2 d", "out-of-range");
    refused("fetch_interval: 0 s", "out-of-range");
    refused("max_records: 20000", "out-of-range");
    refused("fan_out: enhanced, fetch_rate: 1 MB/s", "conflict");
    refused("shards_per_task: 0", "out-of-range");
    check_bad(
        ONE_WRITER,
        &["consumers=[ { name: j, micro_batch: {}, polling: {} } ]"],
        &[("two-alternatives", 1, 24)],
    );
    check_good(ONE_WRITER, &["consumers=[ { name: j, micro_batch: {} } ]"]);
}
