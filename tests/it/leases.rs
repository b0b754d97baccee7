//! Workers of the Kinesis Client Library, and jobs of Flink: how late they read, and what a lost
//! worker costs. Sources: awslabs/amazon-kinesis-client 3.5.1 and apache/flink-connector-aws, 2026.

use shardplan::metrics::Observation;

use crate::support::{ONE_WRITER, check_close, observe, printed_result};

/// The run of one writer on eight shards with one consumer.
fn run(consumer: &str, overrides: &[&str]) -> Observation {
    let consumers = format!("consumers=[ {{ name: app, {consumer} }} ]");
    let own = [
        "duration=600 s",
        "stream.capacity.provisioned.shards=8",
        "producers.writer.partition_key={ random: {} }",
        "producers.writer.traffic.constant=160 records/s",
        consumers.as_str(),
    ];
    observe(ONE_WRITER, &[&own[..], overrides].concat())
}

/// Mean delay = (idle time + round trip) / 2 + propagation + round trip; pushed: 70 ms.
#[test]
fn an_application_reads_as_late_as_its_library_lets_it() {
    let mean = |consumer: &str| run(consumer, &[]).consumers[0].end_to_end_latency_us.mean() / 1e6;
    check_close("polling", mean("kcl: { fan_out: polling }"), 0.755 + 0.11, 0.02);
    check_close("enhanced", mean("kcl: {}"), 0.07, 0.005);
    check_close("flink", mean("flink: {}"), 0.13 + 0.11, 0.01);
}

/// A lost worker of four stops a quarter of the shards for 17 to 42 s (version 2) or 52 s (version 3);
/// what they did since their last checkpoint, a minute at most, is done again, and nothing else.
#[test]
fn a_lost_worker_stops_its_shards_until_its_leases_are_taken_over() {
    for (version, longest) in [(2, 42_000), (3, 52_000)] {
        let (mut ages, mut duplicates) = (Vec::new(), 0);
        for seed in 1..=6 {
            let seen = run(
                &format!("kcl: {{ version: {version}, workers: 4 }}"),
                &[
                    "incidents=[ { at: 330 s, worker_loss: { consumer: app } } ]",
                    &format!("seed={seed}"),
                ],
            );
            let consumer = &seen.consumers[0];
            ages.push(seen.incidents[0].iterator_age_ms_max);
            // Two shards of twenty records a second: from the checkpoint to the loss.
            assert!(consumer.duplicate_records <= 2 * 20 * 62, "{}", consumer.duplicate_records);
            assert!(seen.incidents[0].drained_after.is_some());
            duplicates += consumer.duplicate_records;
        }
        let (least, most) = (*ages.iter().min().unwrap(), *ages.iter().max().unwrap());
        // The age is that of the oldest record since the checkpoint.
        assert!(least >= 17_000 && most <= longest + 62_000, "version {version}: {ages:?}");
        assert!(duplicates > 0);
    }
}

/// With a checkpoint after every batch a lost worker repeats nothing that was done.
#[test]
fn a_checkpoint_after_every_batch_leaves_nothing_to_repeat() {
    let seen = run(
        "kcl: { workers: 2, checkpoint_interval: 0 s }",
        &["incidents=[ { at: 330 s, worker_loss: { consumer: app } } ]"],
    );
    assert_eq!(seen.consumers[0].duplicate_records, 0);
    let age = seen.incidents[0].iterator_age_ms_max;
    assert!((17_000..=53_000).contains(&age), "{age}");
    assert_eq!(seen.consumers[0].expired_records, 0);
}

/// A job that is killed reads on from its last checkpoint on all shards: 160 records/s since then.
#[test]
fn a_job_repeats_what_came_after_its_checkpoint() {
    let seen = run(
        "flink: { checkpoint_interval: 30 s }",
        &["incidents=[ { at: 345 s, for: 10 s, outage: { consumer: app } } ]"],
    );
    let repeated = seen.consumers[0].duplicate_records;
    assert!((160..=160 * 31).contains(&repeated), "{repeated}");
}

#[test]
fn lost_workers_do_not_depend_on_threads_or_windows() {
    let text = "
version: 1
name: leases
duration: 200 s
stream: { capacity: { provisioned: { shards: 7 } } }
producers:
  - { name: w, client: { put_record: {} }, traffic: { constant: 300 records/s }, record_size: { constant: 1 kB }, partition_key: { zipf: { keys: 300, exponent: 1 } } }
consumers:
  - { name: a, kcl: { workers: 3, processing: { per_record: 4 ms } } }
  - { name: b, kcl: { version: 2, workers: 5, fan_out: polling, checkpoint_interval: 10 s } }
incidents:
  - { at: 50 s, worker_loss: { consumer: a, workers: 2 } }
  - { at: 60 s, worker_loss: { consumer: b } }
";
    let expected = printed_result(text, &[], 1);
    for window in ["13 ms", "17 s", "1 h"] {
        assert!(printed_result(text, &["--window", window], 2) == expected, "{window}");
    }
}

/// throughput = workers x threads / time, where that is less than what comes in; with as many threads
/// as shards, exactly what the library does by default.
#[test]
fn shards_of_a_worker_share_its_threads() {
    for fan_out in ["polling", "enhanced"] {
        let of = |more: &str| {
            run(
                &format!(
                    "kcl: {{ fan_out: {fan_out}, version: 2, processing: {{ per_record: 25 ms }}{more} }}"
                ),
                &[],
            )
        };
        for (workers, threads) in [(1, 1), (1, 3), (2, 1), (1, 8)] {
            let seen = of(&format!(", workers: {workers}, processing_threads: {threads}"));
            let most = f64::from(workers * threads) / 0.025;
            let expected = most.min(160.0) * 600.0;
            let processed = seen.consumers[0].processed_records as f64;
            check_close("processed", processed, expected, 0.02 * expected);
        }
        let (all, by_default) = (of(", processing_threads: 8"), of(""));
        let figures = |seen: &Observation| {
            let seen = &seen.consumers[0];
            let latency = &seen.end_to_end_latency_us;
            (seen.processed_records, seen.read_calls, latency.mean().to_bits(), latency.max())
        };
        assert_eq!(figures(&all), figures(&by_default), "{fan_out}");
    }
}

/// After a crash no thread works on what it had in hand; shards whose worker is lost go to the
/// threads of another, and every record is processed.
#[test]
fn threads_of_a_lost_worker_are_gone() {
    let seen = run(
        "kcl: { workers: 2, processing_threads: 3, processing: { per_record: 25 ms } }",
        &[
            "incidents=[ { at: 200 s, for: 20 s, outage: { consumer: app } }, \
             { at: 400 s, worker_loss: { consumer: app } } ]",
            "producers.writer.traffic.constant=60 records/s",
        ],
    );
    let consumer = &seen.consumers[0];
    assert_eq!(consumer.processed_records + consumer.backlog_records, 36_000);
    assert!(consumer.duplicate_records > 0 && consumer.backlog_records < 60);
}
