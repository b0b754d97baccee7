//! Event source mappings of Lambda: throughput, concurrency, retries, and what is given up.
//!
//! Closed form: a shard's throughput is factor x batch / duration. Sources: Lambda developer guide,
//! Kinesis event source mappings, 2022.

use shardplan::metrics::{ConsumerObservation, FunctionObservation, Observation};

use crate::support::{ONE_WRITER, check_close, observe, printed_result, result_of, seconds};

/// The run of one writer of many keys with one function.
fn run(lambda: &str, overrides: &[&str]) -> Observation {
    let consumers = format!("consumers=[ {{ name: f, lambda: {{ {lambda} }} }} ]");
    let own = [
        "duration=300 s",
        "producers.writer.partition_key={ uniform: { keys: 10000 } }",
        consumers.as_str(),
    ];
    observe(ONE_WRITER, &[&own[..], overrides].concat())
}

fn consumer(run: &Observation) -> (&ConsumerObservation, FunctionObservation) {
    (&run.consumers[0], run.consumers[0].function.unwrap())
}

/// throughput = factor x batch / duration, where more comes in than that.
#[test]
fn throughput_is_factor_times_batch_over_duration() {
    for fan_out in ["polling", "enhanced"] {
        for (factor, batch, milliseconds) in
            [(1, 50, 500), (2, 50, 500), (5, 10, 250), (1, 200, 1_000)]
        {
            let seen = run(
                &format!(
                    "fan_out: {fan_out}, batch_size: {batch}, parallelization_factor: {factor}, \
                     cold_start: 0 s, processing: {{ per_batch: {milliseconds} ms }}"
                ),
                &["producers.writer.traffic.constant=500 records/s"],
            );
            let (consumer, function) = consumer(&seen);
            let expected = 300.0 * f64::from(factor * batch) / (f64::from(milliseconds) / 1e3);
            check_close(fan_out, consumer.processed_records as f64, expected, 0.02 * expected);
            assert_eq!(function.concurrent_max, u64::from(factor as u32));
            assert_eq!(consumer.duplicate_records, 0);
        }
    }
}

/// Fact V11: a factor of 2 on 100 shards is 200 invocations at once, and never more.
#[test]
fn a_factor_of_two_on_a_hundred_shards_is_two_hundred_invocations_at_once() {
    let overrides = [
        "duration=30 s",
        "stream.capacity.provisioned.shards=100",
        "producers.writer.traffic.constant=40000 records/s",
    ];
    let lambda = "batch_size: 100, parallelization_factor: 2, processing: { per_batch: 1 s }";
    let seen = run(lambda, &overrides);
    assert_eq!(consumer(&seen).1.concurrent_max, 200);
    assert_eq!(consumer(&seen).1.throttled_invocations, 0);
}

/// With a concurrency of c below shards x factor: throughput = c x batch / duration.
#[test]
fn reserved_concurrency_bounds_all_shards_together() {
    let overrides = [
        "duration=100 s",
        "stream.capacity.provisioned.shards=10",
        "producers.writer.traffic.constant=4000 records/s",
    ];
    let lambda = "batch_size: 100, cold_start: 0 s, processing: { per_batch: 500 ms }";
    let capped = run(&format!("{lambda}, reserved_concurrency: 4"), &overrides);
    let (seen, function) = consumer(&capped);
    check_close("processed", seen.processed_records as f64, 4.0 * 100.0 / 0.5 * 99.0, 1_500.0);
    assert_eq!(function.concurrent_max, 4);
    assert!(function.throttled_invocations > 100);
    // What is left of the account is shared by the functions that reserve nothing.
    let account = "quotas.lambda_account_concurrency=5 calls";
    let shared = run(lambda, &[&overrides[..], &[account]].concat());
    assert_eq!(consumer(&shared).1.concurrent_max, 5);
}

/// Records of one key stay in one lane, so a factor does not help a single key.
#[test]
fn one_partition_key_is_worked_on_by_one_invocation_at_a_time() {
    let seen = run(
        "batch_size: 50, parallelization_factor: 10, cold_start: 0 s, processing: { per_batch: 1 s }",
        &["producers.writer.partition_key={ single: k }"],
    );
    assert_eq!(consumer(&seen).1.concurrent_max, 1);
    check_close("processed", consumer(&seen).0.processed_records as f64, 50.0 * 298.0, 150.0);
}

/// A batch waits for its window or until it is full: 100 records/s for 5 s, or batches of 200.
#[test]
fn a_batching_window_fills_batches() {
    for (batch, records) in [(10_000, 500.0), (200, 200.0)] {
        let seen = run(
            &format!(
                "fan_out: enhanced, batch_size: {batch}, batching_window: 5 s, cold_start: 0 s"
            ),
            &[],
        );
        let (_, function) = consumer(&seen);
        let mean = function.handed_records as f64 / function.invocations as f64;
        check_close("records", mean, records, 0.03 * records);
    }
    // 6 MiB of records of 100 kB in base64 are 46 records.
    let seen = run(
        "fan_out: enhanced, batch_size: 10000, batching_window: 60 s",
        &[
            "producers.writer.record_size.constant=100 kB",
            "producers.writer.traffic.constant=10 records/s",
        ],
    );
    let (_, function) = consumer(&seen);
    assert_eq!(function.handed_records.div_ceil(function.invocations), 46);
}

/// accepted = processed + discarded, exactly: each poison record costs its batch, or itself if the
/// batch is halved, or nothing beside it if the function names it.
#[test]
fn a_poison_record_is_retried_and_discarded() {
    let lambda = |more: &str| {
        let own = "fan_out: enhanced, batch_size: 64, batching_window: 500 ms, poison_records: 0.02 %, retry_attempts: 2, \
                   retry_delay: 10 ms";
        run(&format!("{own}, {more} processing: {{ per_record: 1 ms }}"), &[])
    };
    let (whole, halved) = (lambda(""), lambda("bisect_on_error: true,"));
    let named = lambda("report_item_failures: true, bisect_on_error: true,");
    let discarded = |run: &Observation| run.consumers[0].discarded_records;
    assert!((1..=20).contains(&discarded(&halved)), "{}", discarded(&halved));
    assert_eq!(discarded(&named), discarded(&halved));
    assert!(discarded(&whole) > discarded(&halved));
    for run in [&whole, &halved, &named] {
        let seen = &run.consumers[0];
        assert_eq!(seen.end_to_end_latency_us.len(), seen.processed_records);
        assert!(seen.function.unwrap().failed_invocations >= 3 * discarded(&halved));
    }
    // Who names the record repeats nothing; the others repeat what came before it.
    assert_eq!(named.consumers[0].duplicate_records, 0);
    assert!(halved.consumers[0].duplicate_records > 0);
}

/// Without a limit of retries a poison record blocks its lane until it expires.
#[test]
fn a_poison_record_blocks_its_shard_until_retention() {
    let poison = "fan_out: enhanced, poison_records: 0.01 %";
    let overrides = ["duration=30 h", "producers.writer.traffic.constant=1 records/s"];
    let blocked = run(poison, &overrides);
    let seen = &blocked.consumers[0];
    assert!(seen.expired_records > 0, "the batch is lost with its record");
    assert!(seen.iterator_age_ms.max() > 86_000_000, "{}", seen.iterator_age_ms.max());
    let aged = run(&format!("{poison}, maximum_record_age: 60 s"), &overrides);
    assert!(aged.consumers[0].discarded_records > 0);
    assert!(aged.consumers[0].iterator_age_ms.max() < 125_000);
}

/// A record that turns bad blocks its shard until it is retried out, is too old, or the function is
/// mended; it costs its batch, or itself where the batch is halved.
#[test]
fn a_bad_record_blocks_its_shard_from_its_time_on() {
    let poisoned = |lambda: &str, incident: &str| {
        let incidents = format!("incidents=[ {{ {incident} }} ]");
        let lambda = format!("fan_out: enhanced, retry_delay: 1 s, {lambda}");
        run(
            &lambda,
            &[
                &incidents,
                "stream.capacity.provisioned.shards=2",
                "producers.writer.partition_key={ random: {} }",
            ],
        )
    };
    let bad = "at: 100 s, poison: { consumer: f, shard: 1 }";
    // With as many tries as it takes, the shard stands still for the rest of the run.
    let blocked = poisoned("batch_size: 10, retry_delay_max: 5 s", bad);
    check_close("age", blocked.consumers[0].iterator_age_ms.max() as f64, 200e3, 2e3);
    check_close("backlog", blocked.consumers[0].backlog_records as f64, 50.0 * 200.0, 300.0);
    assert_eq!(blocked.incidents[0].drained_after, None);
    // 1 s + 1.5 s + 2.25 s, and the batch is gone.
    let out = poisoned("batch_size: 10, retry_attempts: 3, on_failure: sqs", bad);
    let (seen, function) = consumer(&out);
    assert!((1..=10).contains(&seen.discarded_records), "{}", seen.discarded_records);
    assert_eq!((function.failed_invocations, function.given_up_batches), (4, 1));
    check_close("age", seen.iterator_age_ms.max() as f64, 4_750.0, 1_100.0);
    let halved = poisoned("batch_size: 10, retry_attempts: 3, bisect_on_error: true", bad);
    assert_eq!(halved.consumers[0].discarded_records, 1);
    let aged = poisoned("batch_size: 10, maximum_record_age: 60 s, retry_delay_max: 5 s", bad);
    assert!(aged.consumers[0].discarded_records > 0);
    check_close("age", aged.consumers[0].iterator_age_ms.max() as f64, 60e3, 6e3);
    // Once the function is mended, nothing is lost.
    let mended = poisoned(
        "retry_delay_max: 5 s, batch_size: 1000",
        "at: 100 s, for: 50 s, poison: { consumer: f, shard: 1 }",
    );
    assert_eq!(mended.consumers[0].discarded_records, 0);
    check_close("age", mended.incidents[0].iterator_age_ms_max as f64, 50e3, 6e3);
    assert!(mended.incidents[0].drained_after.unwrap().as_seconds() < 10.0);
}

/// failed = rate x invocations; each failure is retried, so all is processed in the end, and what
/// ran before the failure runs again.
#[test]
fn errors_are_retried_and_repeat_what_ran() {
    let seen = run(
        "fan_out: enhanced, batch_size: 10, batching_window: 1 s, error_rate: 10 %, retry_delay: 1 ms, cold_start: 0 s, \
         processing: { per_record: 100 us }",
        &[],
    );
    let (consumer, function) = consumer(&seen);
    let failed = function.failed_invocations as f64 / function.invocations as f64;
    check_close("failed", failed, 0.1, 0.01);
    assert!(consumer.backlog_records < 50 && consumer.discarded_records == 0);
    assert!(consumer.duplicate_records > 0);
}

/// An idle mapping polls once a second; the age that CloudWatch shows is that of the last record of
/// a batch when it is done.
#[test]
fn an_idle_mapping_polls_once_a_second() {
    let seen = run("processing: { per_batch: 10 ms }", &[]);
    check_close("calls", seen.consumers[0].read_calls as f64, 300.0, 3.0);
    let mean = seen.consumers[0].end_to_end_latency_us.mean() / 1e6;
    check_close("latency", mean, 0.5 + 0.1 + 0.01 + 0.01, 0.05);
}

/// While an outage lasts no invocation starts; afterwards all is made up, and nothing is lost.
#[test]
fn a_mapping_makes_up_an_outage() {
    let incidents = "incidents=[ { at: 100 s, for: 50 s, outage: { consumer: f } } ]";
    let seen = run(
        "fan_out: enhanced, batch_size: 100, cold_start: 0 s, processing: { per_record: 5 ms }",
        &[incidents, "producers.writer.traffic.constant=100 records/s"],
    );
    let rows = seconds(&seen);
    assert!((102..149).all(|second| rows[second].consumers[0].read_records == 0));
    check_close("peak", seen.incidents[0].iterator_age_ms_max as f64, 50_000.0, 2_000.0);
    let drained = seen.incidents[0].drained_after.unwrap().as_seconds();
    check_close("drained", drained, 50.0 * 100.0 / (200.0 - 100.0), 4.0);
    assert!(seen.consumers[0].backlog_records < 200);
}

const MIXED: &str = "
version: 1
name: functions
duration: 120 s
warm_up: 5 s
stream: { capacity: { provisioned: { shards: 5 } } }
producers:
  - name: writer
    client: { put_records: {} }
    traffic: { constant: 1200 records/s }
    record_size: { log_normal: { median: 2 kB, p99: 50 kB } }
    partition_key: { zipf: { keys: 200, exponent: 1 } }
  - name: fresh
    client: { put_record: {} }
    traffic: { constant: 100 records/s }
    record_size: { constant: 300 B }
    partition_key: { random: {} }
consumers:
  - { name: a, lambda: { fan_out: enhanced, batch_size: 70, parallelization_factor: 3, reserved_concurrency: 7, error_rate: 3 %, bisect_on_error: true, retry_attempts: 3, processing: { per_batch: 20 ms, per_record: 9 ms } } }
  - { name: b, lambda: { batch_size: 500, batching_window: 3 s, tumbling_window: 10 s, poison_records: 0.01 %, report_item_failures: true, retry_attempts: 1, processing: { per_record: 1 ms } } }
  - { name: c, polling: { interval: 700 ms } }
  - { name: d, enhanced_fan_out: { processing: { per_record: 1 ms } } }
  - { name: e, firehose: { buffer: { size: 1 MiB, interval: 13 s }, transform: { processing: { per_batch: 1 s } }, dynamic_partitioning: { partitions: 3 } } }
  - { name: g, firehose: { buffer: { interval: 20 s } }, joins_at: 11 s, start: latest }
incidents:
  - { at: 40 s, for: 15 s, outage: { consumer: a } }
  - { at: 50 s, for: 10 s, deploy: { consumer: b } }
  - { at: 90 s, replay: { consumer: a, from: { at: 80 s } } }
  - { at: 91 s, replay: { consumer: b, from: latest } }
  - { at: 60 s, for: 25 s, destination_throttled: { consumer: e } }
  - { at: 70 s, for: 5 s, outage: { consumer: g } }
  - { at: 95 s, replay: { consumer: g, from: trim_horizon } }
";

/// result(threads, window) = result where shards are coupled, and every sum comes out even.
#[test]
fn coupled_shards_do_not_depend_on_threads_or_windows() {
    let expected = printed_result(MIXED, &[], 1);
    assert!(printed_result(MIXED, &[], 3) == expected, "threads");
    for window in ["13 ms", "1 s", "17700 ms", "1 h"] {
        assert!(printed_result(MIXED, &["--window", window], 2) == expected, "{window}");
    }
    let document = result_of(MIXED, &[]);
    for row in document["accounting"].as_array().unwrap() {
        assert_eq!(row["holds"], true, "{row}");
    }
    for consumer in document["consumers"].as_array().unwrap() {
        assert!(consumer["processed_records"].as_u64().unwrap() > 20_000, "{consumer}");
    }
}
