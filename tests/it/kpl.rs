//! The Kinesis Producer Library: aggregation, the limiter, retries and expiry.

use shardplan::metrics::Observation;

use crate::support::{check_close, observe, seconds};

/// One application whose library writes to one shard; every user record has another key of 36
/// characters.
const KPL: &str = "
version: 1
name: kpl
duration: 100 s
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: app
    client: { kpl: { } }
    traffic: { constant: 1000 records/s }
    arrivals: paced
    record_size: { constant: 512 B }
    partition_key: { random: {} }
consumers:
  - name: reader
    polling: {}
";

fn run(overrides: &[&str]) -> Observation {
    observe(KPL, overrides)
}

/// A published example: 1,000 user records/s of 512 B go out as about ten records/s of about 50 KB.
/// Source: "Implementing Efficient and Reliable Producers with the Amazon Kinesis Producer
/// Library", AWS Big Data Blog, 2015, and the KPL's key concepts in the developer guide.
#[test]
fn small_records_go_out_as_ten_large_ones_a_second() {
    let run = run(&[]);
    let app = &run.producers[0];
    // 91 of them fit: 20 + n * (512 + 46 or 47) <= 51,200.
    check_close("records/s", app.put_records as f64 / 100.0, 1_000.0 / 91.0, 0.1);
    check_close("bytes", app.accepted_bytes as f64 / app.incoming_records as f64, 50_900.0, 200.0);
    assert_eq!((app.throttled, app.given_up, app.out_of_order_records), (0, 0, None));
    // A user record waits for at most 100 ms, its aggregate for 20 ms more, and then 10 ms.
    assert!(app.put_latency_us.max() <= 130_100, "{}", app.put_latency_us.max());
    assert_eq!(run.shards[0].generated_records, 100_000);
}

/// The library refuses data beyond its own bound, and its default is that of a stream that takes
/// no large records.
#[test]
fn a_user_record_beyond_the_bound_is_rejected() {
    let sizes = "producers.app.record_size={ table: [{ size: 512 B, weight: 3 }, { size: 513 B, weight: 1 }] }";
    let run = run(&[sizes, "producers.app.client.kpl.max_user_record_size=512 B"]);
    let app = &run.producers[0];
    assert_eq!(app.generated_records, 100_000);
    check_close("rejected", app.rejected as f64 / 100_000.0, 0.25, 0.01);
    // Those of the last tenth of a second are on their way.
    assert!(app.rejected + app.accepted > 99_800, "{} {}", app.rejected, app.accepted);
    assert!(app.given_up == 0 && app.accepted < 75_500, "{}", app.accepted);

    let large = ["stream.max_record_size=10 MiB", "producers.app.traffic={ constant: 1 record/s }"];
    let size = "producers.app.record_size={ constant: 1048577 B }";
    let refused = observe(KPL, &[&large[..], &[size]].concat());
    assert_eq!(refused.producers[0].rejected, refused.producers[0].generated_records);
    let wider = "producers.app.client.kpl.max_user_record_size=2 MiB";
    let taken = observe(KPL, &[&large[..], &[size, wider]].concat());
    assert_eq!(taken.producers[0].rejected, 0);
}

/// One record: data, no frame, and its own key.
#[test]
fn a_user_record_without_company_goes_out_as_it_is() {
    let run = run(&["producers.app.traffic={ constant: 5 records/s }"]);
    let app = &run.producers[0];
    // The last one still waits for company.
    assert_eq!((app.generated_records, app.put_records, app.put_calls), (500, 499, 499));
    assert_eq!(app.accepted_bytes, app.accepted * (512 + 36));
}

/// Each of them holds one shard's records of a tenth of a second.
#[test]
fn more_shards_leave_less_to_aggregate() {
    let run = run(&["stream.capacity.provisioned.shards=10"]);
    let app = &run.producers[0];
    let together = app.accepted as f64 / app.incoming_records as f64;
    // A container opens with a record and closes 0.1 s later: 1 + 100/s * 0.1 s.
    check_close("user records in a record", together, 11.0, 0.3);
}

/// Beyond its shard the library sends 150 % of what fits; what is taken is what fits, and in the
/// long run all else expires. Rows of the table: offered, taken, attempts a second.
#[test]
fn an_overloaded_shard_sees_one_and_a_half_times_what_fits() {
    for (offered, taken, attempts) in [(900, 900.0, 900.0), (1_500, 1_000.0, 1_500.0)] {
        let rate = format!("producers.app.traffic={{ constant: {offered} records/s }}");
        let run = run(&[
            "duration=300 s",
            "warm_up=100 s",
            "producers.app.record_size={ constant: 100 B }",
            "producers.app.client.kpl={ aggregation_enabled: false }",
            &rate,
        ]);
        let incoming = run.shards[0].incoming_records as f64;
        let throttled = run.shards[0].write_throttled_records as f64;
        let app = &run.producers[0];
        let rows = &seconds(&run)[100..];
        let written: u64 = rows.iter().map(|row| row.incoming_records).sum();
        check_close("taken a second", written as f64 / 200.0, taken, 2.0);
        let ratio = (incoming + throttled) / incoming;
        check_close("attempts for each taken", ratio, attempts / taken, 0.02);
        if offered == 1_500 {
            let median = app.put_latency_us.value_at_quantile(0.5) as f64 / 1e6;
            check_close("median of those taken", median, 16.6, 0.5);
            assert!(app.given_up > 50_000, "{} expired", app.given_up);
            // Each expires at its own age; what waits is younger.
            assert!(app.put_latency_us.max() <= 30_100_000);
        } else {
            assert_eq!((throttled as u64, app.given_up), (0, 0));
        }
    }
}

/// A published overload: 2,000 records/s of 1 kB to one shard for 5 min, time-to-live 10 min, limit
/// 150 %. The backlog was not gone when it was expected to be: the shard takes 1 MiB/s, whatever is
/// sent. Source: issue 122 of awslabs/amazon-kinesis-producer.
#[test]
fn a_backlog_drains_no_faster_than_the_shard_takes_it() {
    let run = run(&[
        "duration=20 min",
        "producers.app.client.kpl={ record_ttl: 10 min }",
        "producers.app.record_size={ constant: 1000 B }",
        "producers.app.traffic={ steps: [ { at: 0 s, rate: 2000 records/s }, \
         { at: 5 min, rate: 0 records/s } ] }",
    ]);
    let app = &run.producers[0];
    assert_eq!(app.waiting, 0);
    let rows = seconds(&run);
    let last = rows.iter().rposition(|row| row.incoming_records > 0).unwrap();
    // All that was taken, at 1 MiB/s but for the first second's credit.
    let at_least = app.accepted_bytes as f64 / f64::from(1 << 20) - 1.0;
    check_close("seconds until nothing waits", last as f64, at_least, 15.0);
    assert!(last > 570, "five minutes of load, five more of backlog: {last} s");
    // Half as much again is sent for as long as anything waits, and the 10 MiB with which the
    // limiter opens. Records that close a container are smaller than the mean.
    let shard = &run.shards[0];
    let refused = shard.write_throttled_records as f64 / shard.incoming_records as f64;
    let expected = 0.5 + 10.0 / at_least;
    check_close("throttled for each taken", refused, expected, 0.05);
}

/// The limiter sends as many times what the shard takes as the scenario says.
#[test]
fn the_limit_can_be_more_or_less_than_the_shard_takes() {
    let sent = |limit: &str| {
        let client =
            format!("producers.app.client.kpl={{ rate_limit: {limit}, rate_limit_burst: 1 MiB }}");
        let run = run(&[
            &client,
            "producers.app.record_size={ constant: 1000 B }",
            "producers.app.traffic={ constant: 4000 records/s }",
        ]);
        let (shard, seconds) = (&run.shards[0], seconds(&run).len() as f64);
        (shard.incoming_records + shard.write_throttled_records) as f64 / seconds
    };
    // Records of 50 KiB.
    let fits = f64::from(1 << 20) / (51.0 * 1002.0);
    for (limit, times) in [("50 %", 0.5), ("100 %", 1.0), ("150 %", 1.5), ("2.5", 2.5)] {
        check_close(limit, sent(limit) / fits, times, 0.05 * times);
    }
}

/// Alone, each call holds what the limiter let through at that moment, and each is rounded up to whole
/// kilobytes: a shard takes fewer than 1,000 records/s of 1,000 B.
#[test]
fn records_that_go_alone_pay_for_their_rounding() {
    let run = run(&[
        "producers.app.client.kpl={ aggregation_enabled: false }",
        "producers.app.record_size={ constant: 1000 B }",
        "producers.app.traffic={ constant: 2000 records/s }",
    ]);
    let rows = &seconds(&run)[50..];
    let taken: u64 = rows.iter().map(|row| row.incoming_records).sum();
    let taken = taken as f64 / rows.len() as f64;
    assert!((512.0..900.0).contains(&taken), "{taken} a second");
}

/// A call that fails comes again in half the time, with a new deadline; one that may not fails.
#[test]
fn a_throttled_record_is_given_up_at_once_when_asked() {
    let run = run(&[
        "producers.app.client.kpl={ fail_if_throttled: true, aggregation_enabled: false }",
        "producers.app.traffic={ constant: 1200 records/s }",
        "producers.app.record_size={ constant: 10 B }",
    ]);
    let app = &run.producers[0];
    assert_eq!(app.throttled, app.given_up);
    assert_eq!(app.attempts, app.generated_records - app.waiting);
    check_close("given up", app.given_up as f64, 20_000.0 - 1_000.0, 300.0);
}

/// The connector sends after 15 s, one user record in each record.
#[test]
fn the_kafka_connector_waits_for_fifteen_seconds() {
    let run = run(&["producers.app.client={ kafka_connect: {} }", "duration=200 s"]);
    let app = &run.producers[0];
    assert_eq!(app.accepted, app.incoming_records);
    let median = app.put_latency_us.value_at_quantile(0.5) as f64 / 1e6;
    assert!(median < 15.1, "{median}");
}

/// A user record in an aggregated record is as much work as one on its own.
#[test]
fn a_consumer_works_on_user_records() {
    let processing = "consumers.reader.polling={ processing: { per_record: 2 ms } }";
    let run = run(&[processing]);
    let consumer = &run.consumers[0];
    // 1,000 user records/s take two seconds of work each second: half is left.
    let share = consumer.processed_records as f64 / run.shards[0].incoming_records as f64;
    check_close("processed", share, 0.5, 0.02);
}

/// Where answers are lost, whole calls come again; nothing that the stream took is given up.
#[test]
fn lost_answers_make_duplicates_of_user_records() {
    let run = run(&["producers.app.client.kpl={ timeouts: { share: 10 % } }"]);
    let app = &run.producers[0];
    let share = app.duplicate_records as f64 / app.accepted as f64;
    assert!((0.05..0.2).contains(&share), "{share}");
    assert_eq!(app.given_up, 0);
}
