//! Incidents on a timetable, replays and late joiners: closed forms, and what is done twice.
//!
//! With arrivals of a records/s and a drain of d, an outage of T leaves a oldest record of age T and
//! a backlog of a T, which is gone after T a / (d - a).

use shardplan::metrics::{ConsumerObservation, Observation};

use crate::language::{check_bad, check_good};
use crate::support::{ONE_WRITER, check_close, observe, printed_result, result_of, seconds};

/// The run of the one writer, ten records a second, with `consumer` and `incidents`.
fn run(consumer: &str, incidents: &str, overrides: &[&str]) -> Observation {
    let consumers = format!("consumers=[ {consumer} ]");
    let incidents = format!("incidents=[ {incidents} ]");
    let own = [
        "duration=1000 s",
        "producers.writer.traffic.constant=10 records/s",
        "quotas.get_records_propagation=0 s",
        consumers.as_str(),
        incidents.as_str(),
    ];
    observe(ONE_WRITER, &[&own[..], overrides].concat())
}

fn seconds_of(span: shardplan::time::Span) -> f64 {
    span.as_seconds()
}

/// Peak age = T, backlog = a T, drained after T a / (d - a), polling and enhanced, killed or in order.
#[test]
fn an_outage_drains_in_the_time_of_the_closed_form() {
    let processing = "processing: { per_record: 50 ms }";
    let polling = format!(
        "{{ name: r, polling: {{ interval: 200 ms, max_records: 4, round_trip: 0 s, {processing} }} }}"
    );
    let enhanced = format!("{{ name: r, enhanced_fan_out: {{ {processing} }} }}");
    for (reader, kind) in [(&polling, "outage"), (&enhanced, "outage"), (&polling, "deploy")] {
        for (lasts, arrivals) in [(100.0, 10.0), (60.0, 15.0), (200.0, 5.0)] {
            let incident = format!("{{ at: 200 s, for: {lasts} s, {kind}: {{ consumer: r }} }}");
            let seen = run(
                reader,
                &incident,
                &[
                    &format!("producers.writer.traffic.constant={arrivals} records/s"),
                    "quotas.enhanced_fan_out_event_records=10",
                ],
            );
            let incident = &seen.incidents[0];
            let (age, backlog) = (incident.iterator_age_ms_max, incident.backlog_records_max);
            check_close("peak age", age as f64, 1_000.0 * lasts, 1_500.0);
            check_close("backlog", backlog as f64, arrivals * lasts, 2.0 * arrivals);
            let drained = seconds_of(incident.drained_after.unwrap());
            let expected = lasts * arrivals / (20.0 - arrivals);
            // It has caught up when it is as late as in the minute before, a second at least.
            check_close("drained", drained, expected, 3.0 + 0.02 * expected);
        }
    }
}

/// A slowdown by f: behind at a - d / f meanwhile, then drained at d - a.
#[test]
fn a_slowdown_fills_and_drains_linearly() {
    let seen = run(
        "{ name: r, enhanced_fan_out: { processing: { per_record: 50 ms } } }",
        "{ at: 200 s, for: 200 s, slowdown: { consumer: r, factor: 4 } }",
        &["quotas.enhanced_fan_out_event_records=1"],
    );
    let incident = &seen.incidents[0];
    check_close("backlog", incident.backlog_records_max as f64, 200.0 * (10.0 - 5.0), 15.0);
    let drained = seconds_of(incident.drained_after.unwrap());
    check_close("drained", drained, 1_000.0 / (20.0 - 10.0), 3.0);
    assert_eq!(seen.consumers[0].duplicate_records, 0);
}

/// duplicates = records processed since the last checkpoint; none where the stop is in order.
#[test]
fn a_crash_repeats_what_was_done_since_the_checkpoint() {
    let reader = |checkpoint: &str| {
        format!(
            "{{ name: r, polling: {{ interval: 1 s, round_trip: 0 s, checkpoint_interval: \
             {checkpoint} }} }}"
        )
    };
    let crash = "{ at: 500500 ms, for: 1 s, outage: { consumer: r } }";
    let of = |seen: &Observation| seen.consumers[0].duplicate_records;
    assert_eq!(of(&run(&reader("0 s"), crash, &[])), 0);
    let deploy = "{ at: 500500 ms, for: 1 s, deploy: { consumer: r } }";
    assert_eq!(of(&run(&reader("70 s"), deploy, &[])), 0);
    // Checkpoints at 70, 140, ... 490 s: what was read in the ten seconds after is done again.
    let seen = run(&reader("70 s"), crash, &[]);
    check_close("duplicates", of(&seen) as f64, 100.0, 11.0);
    assert_eq!(seen.consumers[0].read_records, seen.consumers[0].processed_records + of(&seen));
}

/// A batch in hand when the consumer is killed: what was done of it is done again, what was not is
/// done once.
#[test]
fn a_batch_in_hand_is_read_again() {
    let seen = run(
        "{ name: r, polling: { interval: 10 s, round_trip: 0 s, processing: { per_record: 90 ms } } }",
        "{ at: 504 s, for: 100 s, outage: { consumer: r } }",
        &[],
    );
    let consumer = &seen.consumers[0];
    assert!((1..=100).contains(&consumer.duplicate_records), "{}", consumer.duplicate_records);
    assert!(consumer.read_records > consumer.processed_records + consumer.duplicate_records);
    assert_eq!(consumer.end_to_end_latency_us.len(), consumer.processed_records);
}

/// While a consumer is down CloudWatch hears nothing; the true age grows by a second a second.
#[test]
fn cloudwatch_shows_nothing_while_a_consumer_is_down() {
    let seen = run(
        "{ name: r, polling: { interval: 1 s } }",
        "{ at: 300 s, for: 200 s, outage: { consumer: r } }",
        &[],
    );
    let seconds = seconds(&seen);
    for (second, row) in seconds.iter().enumerate().take(499).skip(301) {
        let row = row.consumers[0];
        assert_eq!(row.iterator_age_cloudwatch_ms_max, None, "{second}");
        check_close("age", row.iterator_age_ms_max as f64, 1e3 * (second - 299) as f64, 1_100.0);
    }
    assert!(seconds[299].consumers[0].iterator_age_cloudwatch_ms_max.is_some());
    assert!(seconds[502].consumers[0].iterator_age_cloudwatch_ms_max.is_some());
    // The first answer after the outage brings everything, so that the age in CloudWatch is zero.
    assert_eq!(seen.consumers[0].iterator_age_cloudwatch_ms.max(), 0);
}

/// skipped = records accepted before the position; read = all others.
#[test]
fn a_consumer_that_joins_late_begins_at_its_position() {
    let reader = |start: &str| {
        format!("{{ name: r, joins_at: 400 s, start: {start}, polling: {{ interval: 1 s }} }}")
    };
    for (start, skipped) in [("trim_horizon", 0), ("latest", 4_000), ("{ at: 100 s }", 1_000)] {
        let seen = run(&reader(start), "", &[]);
        let consumer = &seen.consumers[0];
        assert!(consumer.skipped_records.abs_diff(skipped) <= 1, "{}", consumer.skipped_records);
        assert_eq!(
            consumer.read_records + consumer.skipped_records + consumer.backlog_records,
            10_000
        );
        let before = &seconds(&seen)[..399];
        assert!(before.iter().all(|row| row.consumers[0].backlog_records == 0));
    }
}

/// duplicates = records between the position and where the consumer was; what was skipped and is
/// replayed is processed for the first time.
#[test]
fn a_replay_reads_again_from_its_position() {
    let reader = "{ name: r, joins_at: 100 s, start: latest, polling: { interval: 1 s } }";
    let of = |incidents: &str| -> ConsumerObservation {
        run(reader, incidents, &[]).consumers.remove(0)
    };
    let all = of("{ at: 500 s, replay: { consumer: r, from: trim_horizon } }");
    check_close("duplicates", all.duplicate_records as f64, 4_000.0, 15.0);
    assert_eq!((all.skipped_records, all.processed_records + all.backlog_records), (0, 10_000));
    let part = of("{ at: 500 s, replay: { consumer: r, from: { at: 450 s } } }");
    check_close("duplicates", part.duplicate_records as f64, 500.0, 15.0);
    check_close("skipped", part.skipped_records as f64, 1_000.0, 1.0);
    let ahead = of("{ at: 300 s, for: 100 s, outage: { consumer: r } }, \
         { at: 401 s, replay: { consumer: r, from: latest } }");
    assert!(ahead.skipped_records < 1_900 && ahead.duplicate_records == 0);
}

/// A day of outage with retention of a day: what is lost is what came before the last day.
#[test]
fn what_ages_past_retention_in_an_outage_is_lost() {
    let seen = run(
        "{ name: r, polling: { interval: 1 s } }",
        "{ at: 1 h, for: 26 h, outage: { consumer: r } }",
        &["duration=30 h", "producers.writer.traffic.constant=2 records/s"],
    );
    let consumer = &seen.consumers[0];
    check_close("expired", consumer.expired_records as f64, 2.0 * 2.0 * 3_600.0, 5.0);
    check_close("oldest", seen.incidents[0].iterator_age_ms_max as f64, 24.0 * 3.6e6, 1_000.0);
    assert!(seen.incidents[0].drained_after.is_some());
}

/// One incident stops every consumer that has joined by then, each in its own way.
#[test]
fn one_deploy_restarts_every_consumer() {
    let readers = "{ name: r, polling: { interval: 1 s } }, { name: e, enhanced_fan_out: {} }, \
         { name: f, lambda: {} }, { name: j, micro_batch: {} }, \
         { name: late, joins_at: 500 s, polling: {} }";
    for kind in ["deploy", "outage"] {
        let seen = run(readers, &format!("{{ at: 300 s, for: 60 s, {kind}: {{}} }}"), &[]);
        assert_eq!(seen.incidents.len(), 4);
        for incident in &seen.incidents {
            check_close("age", incident.iterator_age_ms_max as f64, 60e3, 22e3);
            assert!(incident.drained_after.is_some());
        }
        assert!(seen.consumers.iter().all(|consumer| consumer.backlog_records < 250));
    }
}

const MIXED: &str = "
version: 1
name: incidents
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
  - { name: a, polling: { interval: 700 ms, checkpoint_interval: 9 s, processing: { per_record: 3 ms } } }
  - { name: b, joins_at: 111 s, start: { at: 7 s }, enhanced_fan_out: { processing: { per_record: 2 ms } } }
  - { name: c, joins_at: 222 s, start: latest, polling: { interval: 1 s } }
incidents:
  - { at: 40300 ms, for: 150 s, outage: { consumer: a } }
  - { at: 150 s, for: 55 s, deploy: { consumer: b } }
  - { at: 260 s, for: 20 s, slowdown: { consumer: a, factor: 2.5 } }
  - { at: 300 s, replay: { consumer: b, from: trim_horizon } }
  - { at: 350 s, replay: { consumer: c, from: { at: 100 s } } }
";

/// result(threads, window) = result with a backlog older than what is kept record by record.
#[test]
fn incidents_do_not_depend_on_threads_or_windows() {
    let expected = printed_result(MIXED, &[], 1);
    assert!(printed_result(MIXED, &[], 3) == expected, "threads");
    for window in ["13 ms", "1 s", "61700 ms", "1 h"] {
        assert!(printed_result(MIXED, &["--window", window], 2) == expected, "{window}");
    }
    let document = result_of(MIXED, &[]);
    for row in document["accounting"].as_array().unwrap() {
        assert_eq!(row["holds"], true, "{row}");
    }
    let consumers = document["consumers"].as_array().unwrap();
    assert!(consumers.iter().all(|consumer| consumer["duplicate_records"].as_u64().unwrap() > 0));
    assert_eq!(document["incidents"].as_array().unwrap().len(), 5);
}

const ONE_READER: &str = "consumers=[ { name: r, polling: { processing: { per_record: 1 ms } } } ]";

#[test]
fn incidents_that_make_no_sense_are_refused() {
    let bad = |incidents: &str, codes: &[&str]| {
        let incidents = format!("incidents=[ {incidents} ]");
        let problems =
            crate::language::read(ONE_WRITER, &[ONE_READER, &incidents]).expect_err(&incidents);
        let found: Vec<&str> =
            problems.all().iter().map(shardplan::scenario::Diagnostic::code).collect();
        assert_eq!(found, codes, "{}", problems.render(false));
    };
    bad("{ at: 200 s, for: 1 s, outage: { consumer: r } }", &["out-of-range"]);
    bad("{ at: 20 s, outage: { consumer: r } }", &["out-of-range"]);
    bad("{ at: 20 s, for: 1 s, outage: { consumer: x } }", &["unknown-consumer"]);
    bad("{ at: 20 s, for: 1 s, replay: { consumer: r, from: latest } }", &["conflict"]);
    bad("{ at: 20 s, replay: { consumer: r, from: { at: 21 s } } }", &["out-of-range"]);
    bad(
        "{ at: 20 s, for: 9 s, outage: { consumer: r } }, \
         { at: 25 s, for: 9 s, deploy: { consumer: r } }",
        &["conflict"],
    );
    bad("{ at: 20 s, for: 1 s }", &["missing-alternative"]);
    bad("{ at: 20 s, poison: { consumer: r } }", &["conflict"]);
    bad(
        "{ at: 20 s, for: 9 s, outage: {} }, { at: 25 s, for: 9 s, deploy: { consumer: r } }",
        &["conflict"],
    );
    check_bad(
        ONE_WRITER,
        &["incidents=[ { at: 2 s, for: 1 s, flood: {} } ]"],
        &[("unknown-key", 1, 34)],
    );
    check_good(ONE_WRITER, &[ONE_READER, "incidents=[]"]);
}

/// Drained after T a / (d - a), however much an answer holds: what has been read is not caught up with
/// before it has been worked through.
#[test]
fn large_answers_drain_no_sooner() {
    for reader in [
        "polling: { processing: { per_record: 50 ms } }",
        "kcl: { fan_out: polling, processing: { per_record: 50 ms } }",
        "flink: { processing: { per_record: 50 ms } }",
    ] {
        let reader = format!("{{ name: r, {reader} }}");
        let seen = run(
            &reader,
            "{ at: 200 s, for: 100 s, outage: { consumer: r } }",
            &["producers.writer.traffic.constant=12 records/s"],
        );
        let drained = seconds_of(seen.incidents[0].drained_after.unwrap());
        let repeated = seen.consumers[0].duplicate_records as f64;
        let expected = (100.0 * 12.0 + repeated) / (20.0 - 12.0);
        check_close(&reader, drained, expected, 4.0 + 0.05 * expected);
    }
}
