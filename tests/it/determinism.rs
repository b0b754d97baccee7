//! The same bytes, whatever the machine does: threads and windows are no part of a result.

use crate::support::printed_result;

/// Most attempts are throttled, and part of the records is not counted.
const THROTTLED: &str = "
version: 1
name: throttled
duration: 12 s
warm_up: 2500 ms
stream: { capacity: { provisioned: { shards: 16 } } }
producers:
  - name: writer
    client: { put_record: { round_trip: 0 s, retries: { attempts: 8, backoff: { base: 100 ms, factor: 2, max: 5 s, jitter: full } } } }
    traffic: { constant: 12000 records/s }
    record_size: { log_normal: { mean: 700 B, sigma: 0.6 } }
    partition_key: { zipf: { keys: 100000, exponent: 1.1 } }
consumers:
  - { name: reader, polling: { interval: 1 s } }
";

/// Calls that meet several shards, fail on some of them and are sent again.
const BATCHED: &str = "
version: 1
name: batched
duration: 20 s
warm_up: 1 s
seed: 11
replications: 2
stream: { capacity: { provisioned: { shards: 5 } } }
producers:
  - name: writer
    client: { put_records: { batch_size: 200, linger: 37 ms, round_trip: 23 ms, retries: { attempts: 5, backoff: { base: 90 ms, max: 1 s, jitter: equal } } } }
    traffic: { steps: [ { at: 0 s, rate: 3000 records/s }, { at: 9 s, rate: 6500 records/s } ] }
    record_size: { log_normal: { median: 600 B, p99: 5 kB } }
    partition_key: { zipf: { keys: 500, exponent: 0.9 } }
consumers:
  - { name: reader, polling: { interval: 300 ms } }
";

/// Two kinds of calls, fresh keys and hash keys, two kinds of consumers at work.
const MIXED: &str = "
version: 1
name: mixed
duration: 15500 ms
stream: { capacity: { provisioned: { shards: 3 } } }
producers:
  - name: random-keys
    client: { put_records: { linger: 0 s, batch_size: 10 } }
    traffic: { constant: 1400 records/s }
    record_size: { constant: 900 B }
    partition_key: { random: {} }
  - name: pinned
    client: { put_record: { retries: { attempts: 4, backoff: { base: 10 ms, max: 1 s, jitter: none } } } }
    traffic: { constant: 1300 records/s }
    arrivals: paced
    record_size: { constant: 300 B }
    partition_key: { weighted: [ { key: a, weight: 3, explicit_hash_key: '5' }, { key: b, weight: 1 } ] }
  - name: spread
    client: { put_record: {} }
    traffic: { constant: 400 records/s }
    record_size: { log_normal: { median: 2 kB, p99: 2 MB } }
    partition_key: { uniform: { keys: 77 } }
    explicit_hash_key: random
consumers:
  - { name: quick, enhanced_fan_out: { processing: { per_batch: 5 ms, per_record: 100 us } } }
  - { name: slow, enhanced_fan_out: { processing: { per_record: 3 ms } } }
  - { name: lake, polling: { interval: 350 ms, max_records: 900, processing: { per_record: 200 us } } }
  - { name: audit, polling: { interval: 250 ms } }
";

/// Libraries that aggregate: one is throttled, loses answers and gives up, one fills small records,
/// one has a bounded buffer. Their paced records come at the same moments.
const AGGREGATED: &str = "
version: 1
name: aggregated
duration: 17300 ms
warm_up: 1500 ms
stream: { capacity: { provisioned: { shards: 4 } } }
producers:
  - name: hot
    client: { kpl: { record_ttl: 2 s, timeouts: { share: 3 %, after: 400 ms } } }
    traffic: { constant: 5000 records/s }
    arrivals: paced
    record_size: { log_normal: { median: 700 B, p99: 5 kB } }
    partition_key: { zipf: { keys: 300, exponent: 1.1 } }
  - name: small
    client: { kpl: { record_max_buffered_time: 30 ms, aggregation_max_size: 2 KiB, round_trip: 3 ms } }
    traffic: { constant: 4000 records/s }
    arrivals: paced
    record_size: { constant: 25 B }
    partition_key: { uniform: { keys: 40 } }
  - name: bounded
    client: { kpl: { buffer: { records: 100, when_full: drop_newest } } }
    traffic: { constant: 700 records/s }
    record_size: { constant: 900 B }
    partition_key: { random: {} }
consumers:
  - { name: reader, polling: { interval: 300 ms } }
";

/// Limits that count whole seconds, with paced calls that fall on their edges.
const WINDOWED: &str = "
version: 1
name: windowed
duration: 10 s
stream: { capacity: { provisioned: { shards: 2 } } }
producers:
  - name: even
    client: { put_record: { round_trip: 0 s, retries: { attempts: 6, backoff: { base: 250 ms, factor: 1, max: 250 ms, jitter: none } } } }
    traffic: { constant: 2000 records/s }
    arrivals: paced
    record_size: { constant: 500 B }
    partition_key: { uniform: { keys: 40 } }
  - name: also-even
    client: { put_records: { round_trip: 0 s, linger: 250 ms } }
    traffic: { constant: 1000 records/s }
    arrivals: paced
    record_size: { constant: 500 B }
    partition_key: { uniform: { keys: 40 } }
consumers:
  - { name: reader, polling: { interval: 1 s, round_trip: 0 s } }
quotas: { shard_write_limiter: fixed_window, get_records_propagation: 0 s }
";

/// A backlog that outlives the retention.
const EXPIRING: &str = "
version: 1
name: expiring
duration: 40 h
warm_up: 20 min
stream: { capacity: { provisioned: { shards: 2 } }, retention: 24 h }
producers:
  - name: writer
    client: { put_record: {} }
    traffic: { diurnal: { mean: 1 records/s, peak_to_mean: 2, peak_at: 5 h } }
    record_size: { constant: 1 kB }
    partition_key: { uniform: { keys: 9 } }
consumers:
  - { name: stuck, polling: { interval: 26 h } }
  - { name: slow, enhanced_fan_out: { processing: { per_record: 30 s } } }
quotas: { enhanced_fan_out_event_records: 5 records }
";

/// A rate that changes all the time, a peak far above it, and bursts on top.
const SHAPED: &str = "
version: 1
name: shaped
starts_at: 2026-01-05
duration: 25 s
warm_up: 1200 ms
stream: { capacity: { provisioned: { shards: 3 } } }
producers:
  - name: shaped
    client: { put_record: { retries: { attempts: 4, backoff: { base: 50 ms, max: 1 s } } } }
    traffic:
      growth:
        per_month: 20 %
        of:
          sum:
            - weekly: { mean: 400 records/s, peak_to_mean: 2, peak_at: 0 h, days: [3, 2, 1, 1, 1, 1, 1] }
            - ramp: { from: 0, to: 900 records/s, start: 3 s, end: 21 s }
            - spike: { base: 0, peak: 400000 records/s, at: 9 s, for: 1 s, rise: 250 ms, fall: 1 s }
    arrivals: { bursty: { factor: 3, mean_length: 400 ms } }
    record_size: { pareto: { min: 100 B, shape: 1.1 } }
    partition_key: { random: {} }
  - name: on-and-off
    client: { put_records: { linger: 40 ms } }
    traffic: { constant: 700 records/s }
    arrivals: { bursty: { factor: 4, mean_length: 1 s, share_of_time: 25 % } }
    record_size: { table: [ { size: 200 B, weight: 8 }, { size: 40 kB, weight: 1 } ] }
    partition_key: { uniform: { keys: 50 } }
consumers:
  - { name: reader, polling: { interval: 300 ms } }
";

/// result(threads, window) = result, to the byte.
fn check_same_bytes(text: &str, windows: &[&str]) {
    let expected = printed_result(text, &[], 1);
    for threads in [2, 7] {
        assert!(printed_result(text, &[], threads) == expected, "{threads} threads: {text}");
    }
    for (index, window) in windows.iter().enumerate() {
        let other = printed_result(text, &["--window", window], 1 + index % 2);
        assert!(other == expected, "windows of {window}: {text}");
    }
    assert!(printed_result(text, &["--seed", "4711"], 2) != expected, "seed: {text}");
}

const WINDOWS: [&str; 4] = ["1 ms", "17 ms", "250 ms", "3 s"];

/// result(threads, window) = result where most attempts fail and a warm-up ends within a second.
#[test]
fn throttling_with_a_warm_up_does_not_depend_on_threads_or_windows() {
    check_same_bytes(THROTTLED, &WINDOWS);
}

/// result(threads, window) = result where one call fails on several shards at once.
#[test]
fn calls_over_several_shards_do_not_depend_on_threads_or_windows() {
    check_same_bytes(BATCHED, &WINDOWS);
}

/// result(threads, window) = result where producers and consumers of all kinds share shards.
#[test]
fn several_producers_and_consumers_do_not_depend_on_threads_or_windows() {
    check_same_bytes(MIXED, &WINDOWS);
}

/// result(threads, window) = result where clients aggregate what they are given beforehand.
#[test]
fn clients_that_aggregate_do_not_depend_on_threads_or_windows() {
    check_same_bytes(AGGREGATED, &WINDOWS);
}

/// result(threads, window) = result where bursts and the cuts of a changing rate meet windows,
/// which end early at the peak.
#[test]
fn a_changing_rate_and_bursts_do_not_depend_on_threads_or_windows() {
    check_same_bytes(SHAPED, &WINDOWS);
}

/// result(threads, window) = result where first attempts, retries and seconds coincide.
#[test]
fn events_at_the_same_moment_do_not_depend_on_threads_or_windows() {
    check_same_bytes(WINDOWED, &WINDOWS);
}

/// result(threads, window) = result where a log is kept for a day and then expires.
#[test]
fn an_expiring_backlog_does_not_depend_on_threads_or_windows() {
    check_same_bytes(EXPIRING, &["3 s", "61 s", "1 h"]);
    let document: serde_json::Value =
        serde_json::from_str(&printed_result(EXPIRING, &[], 2)).unwrap();
    for consumer in [0, 1] {
        assert!(document["consumers"][consumer]["expired_records"].as_u64().unwrap() > 1_000);
    }
}
