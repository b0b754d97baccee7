//! The read limits of a shard, one documented behaviour a test.
//!
//! Sources: Kinesis API reference, GetRecords and SubscribeToShard, 2026; Kinesis Data Streams
//! quotas and FAQ, 2026. Closed forms: a record waits half an interval for the next poll on
//! average; a queue with arrivals faster than service grows by the difference.

use shardplan::metrics::{ConsumerObservation, Observation};

use crate::support::{ONE_WRITER, check_close, counts_of, observe, seconds};

const MIB: f64 = 1_048_576.0;

/// The run of the one writer with `consumers`.
fn read_by(consumers: &str, overrides: &[&str]) -> Observation {
    let consumers = format!("consumers=[ {consumers} ]");
    observe(ONE_WRITER, &[&[consumers.as_str()], overrides].concat())
}

fn mean_seconds(consumer: &ConsumerObservation) -> f64 {
    consumer.end_to_end_latency_us.mean() / 1e6
}

/// Fact 43: mean delay = T / 2 + propagation.
#[test]
fn a_polled_record_waits_half_an_interval_and_the_propagation() {
    for (interval, seconds) in [("200 ms", 0.2), ("1 s", 1.0), ("3.7 s", 3.7)] {
        for (propagation, delay) in [("0 s", 0.0), ("100 ms", 0.1), ("300 ms", 0.3)] {
            let run = read_by(
                &format!("{{ name: r, polling: {{ interval: {interval}, round_trip: 0 s }} }}"),
                &[
                    "duration=1000 s",
                    "producers.writer.traffic.constant=97.3 records/s",
                    &format!("quotas.get_records_propagation={propagation}"),
                ],
            );
            let expected = seconds / 2.0 + delay;
            check_close(interval, mean_seconds(&run.consumers[0]), expected, 0.01 * seconds);
            let most = run.consumers[0].end_to_end_latency_us.max() as f64 / 1e6;
            check_close("longest", most, seconds + delay, 0.02 * seconds);
        }
    }
}

/// Facts 40 and 42: N consumers at 5 / N calls a second each, empty ones included, are never refused.
#[test]
fn five_calls_a_second_are_answered_however_they_are_shared() {
    for consumers in [1_u32, 2, 5] {
        let list: Vec<String> = (0..consumers)
            .map(|index| {
                let interval = consumers * 200;
                format!("{{ name: r{index}, polling: {{ interval: {interval} ms }} }}")
            })
            .collect();
        let run =
            read_by(&list.join(", "), &["duration=1000 s", "stream.capacity.provisioned.shards=4"]);
        let calls: u64 = run.consumers.iter().map(|consumer| consumer.read_calls).sum();
        check_close("calls", calls as f64, 4.0 * 5.0 * 1_000.0, 4.0 * 5.0);
        assert!(run.consumers.iter().all(|consumer| consumer.read_throttled_calls == 0));
    }
}

/// Six clients that call at exactly the same distance share what is refused: none is starved.
#[test]
fn of_six_equal_pollers_none_is_starved() {
    let readers: Vec<String> =
        (0..6).map(|index| format!("{{ name: r{index}, polling: {{ interval: 1 s }} }}")).collect();
    let consumers = format!("consumers=[ {} ]", readers.join(", "));
    for seed in 1..=5 {
        let seen = observe(ONE_WRITER, &["duration=600 s", &consumers, &format!("seed={seed}")]);
        let refused: u64 =
            seen.consumers.iter().map(|consumer| consumer.read_throttled_calls).sum();
        check_close("refused", refused as f64, 600.0, 60.0);
        for consumer in &seen.consumers {
            let own = consumer.read_throttled_calls as f64;
            check_close("share", own, 100.0, 60.0);
            assert!(consumer.iterator_age_ms.max() < 30_000, "{}", consumer.iterator_age_ms.max());
        }
    }
}

/// Five clients that call five times a second each get a call a second each: one of five calls is
/// answered, whichever. Were each call on its own, 0.8^n would go n calls without an answer, and one
/// moment of a hundred would lie beyond 21 calls, or 4 s; calls after an answer are not, so it is more,
/// but seconds and not minutes.
#[test]
fn of_five_that_call_far_too_often_each_gets_its_fifth() {
    let readers: Vec<String> = (0..5)
        .map(|index| format!("{{ name: r{index}, polling: {{ interval: 200 ms }} }}"))
        .collect();
    let consumers = format!("consumers=[ {} ]", readers.join(", "));
    let seen = observe(ONE_WRITER, &["duration=1000 s", &consumers]);
    for consumer in &seen.consumers {
        let answered = consumer.read_calls - consumer.read_throttled_calls;
        check_close("calls", consumer.read_calls as f64, 5_000.0, 50.0);
        check_close("answered", answered as f64, 1_000.0, 120.0);
        let late = consumer.iterator_age_ms.value_at_quantile(0.99);
        assert!((2_000..15_000).contains(&late), "{late} ms");
    }
}

/// Fact 40: at six calls a second one of six is refused.
#[test]
fn a_sixth_call_a_second_is_refused() {
    let run = read_by(
        "{ name: a, polling: { interval: 500 ms } }, { name: b, polling: { interval: 500 ms } }, { \
         name: c, polling: { interval: 500 ms } }",
        &["duration=1000 s", "warm_up=100 s"],
    );
    let total = |of: fn(&ConsumerObservation) -> u64| run.consumers.iter().map(of).sum::<u64>();
    let refused = total(|consumer| consumer.read_throttled_calls);
    let calls = total(|consumer| consumer.read_calls);
    // Some 3,000 of 18,000 calls, each followed by another after 0.25 to 0.75 s.
    check_close("refused", refused as f64 / calls as f64, 1.0 / 6.0, 0.004);
    assert_eq!(total(|consumer| consumer.throttled_by_calls), refused);
}

/// Almost 1 MiB/s in records of exactly 10 KiB.
const ONE_MEBIBYTE: [&str; 2] = [
    "producers.writer.record_size.constant=10239 B",
    "producers.writer.traffic.constant=102 records/s",
];

/// Fact 40: 2 MiB/s are shared: two consumers of 1 MiB/s keep up; of three, what is read together is
/// 2 MiB/s, and they fall behind by the rest.
#[test]
fn two_consumers_of_a_full_shard_keep_up_and_three_do_not() {
    let reader = |name: &str| format!("{{ name: {name}, polling: {{ interval: 1 s }} }}");
    let two = format!("{}, {}", reader("a"), reader("b"));
    let run = read_by(&two, &[&ONE_MEBIBYTE[..], &["duration=600 s"]].concat());
    for consumer in &run.consumers {
        assert_eq!(consumer.read_throttled_calls, 0);
        assert!(consumer.iterator_age_ms.max() <= 1_202, "{}", consumer.iterator_age_ms.max());
    }
    let three = format!("{two}, {}", reader("c"));
    let run = read_by(&three, &[&ONE_MEBIBYTE[..], &["duration=600 s"]].concat());
    let read: u64 = run.consumers.iter().map(|consumer| consumer.read_bytes).sum();
    // Between the end of a debt and the next call up to half a second of credit may be lost.
    let (most, least) = (2.0 * MIB * 601.0 + 10.0 * MIB, 2.0 * MIB * 600.0 * 0.85);
    assert!((least..=most).contains(&(read as f64)), "{read} in {least} to {most}");
    assert!(run.consumers.iter().any(|consumer| consumer.read_throttled_calls > 100));
    let backlog: u64 = run.consumers.iter().map(|consumer| consumer.backlog_bytes).sum();
    assert_eq!(backlog + read, 3 * run.producers[0].accepted_bytes);
}

/// Fact 41: after an answer of 10 MiB the shard refuses calls for 5 s: ten calls at two a second, give
/// or take some, since a client that is refused calls again after half its interval to one and a half.
#[test]
fn an_answer_of_ten_mebibytes_blocks_the_shard_for_five_seconds() {
    let run = read_by(
        "{ name: late, polling: { interval: 90 s, round_trip: 0 s } }, { name: often, polling: { \
         interval: 500 ms } }",
        &[
            "duration=90 s",
            "seed=2",
            "producers.writer.record_size.constant=10239 B",
            "producers.writer.traffic={ steps: [ { at: 0 s, rate: 102 records/s }, { at: 12 s, \
             rate: 0 } ] }",
        ],
    );
    let late = &run.consumers[0];
    assert_eq!((late.read_calls, late.read_records, late.read_bytes), (1, 1_024, 10 << 20));
    let seconds = seconds(&run);
    let read_at = seconds.iter().position(|row| row.consumers[0].read_records > 0).unwrap();
    assert!(read_at > 13, "the seed lets the first call come when all is written: {read_at}");
    let refused: Vec<usize> = (0..seconds.len())
        .filter(|second| seconds[*second].consumers[1].read_throttled_calls > 0)
        .collect();
    assert!((8..=13).contains(&run.consumers[1].read_throttled_calls));
    assert!(refused.iter().all(|second| (read_at..=read_at + 5).contains(second)), "{refused:?}");
}

/// Fact 49: latency = half the put round trip + 70 ms, for every record.
#[test]
fn enhanced_fan_out_delivers_in_70_ms() {
    let run = read_by(
        "{ name: e, enhanced_fan_out: { round_trip: 0 s } }",
        &[
            "duration=1000 s",
            "producers.writer.traffic.constant=7 records/s",
            "producers.writer.client.put_record.round_trip=20 ms",
        ],
    );
    let latency = &run.consumers[0].end_to_end_latency_us;
    for value in [latency.min() as f64, latency.mean(), latency.max() as f64] {
        check_close("latency in us", value, 80_000.0, 100.0);
    }
}

/// Facts 47 and 40: a pipe carries 2 MiB/s: backlog(t) = (in - 2 MiB/s) t, the same whoever reads
/// beside; and pipes take nothing from the polling consumers.
#[test]
fn each_enhanced_fan_out_consumer_has_two_mebibytes_a_second_of_its_own() {
    let three_mebibytes = [
        "duration=300 s",
        "producers.writer.record_size.constant=10239 B",
        "producers.writer.traffic.constant=307.2 records/s",
        "quotas.shard_write_bytes=4 MiB/s",
    ];
    let pipe = |name: &str| format!("{{ name: {name}, enhanced_fan_out: {{ round_trip: 0 s }} }}");
    let polling = "{ name: lake, polling: { interval: 400 ms } }";
    let alone = read_by(&pipe("a"), &three_mebibytes);
    let consumer = &alone.consumers[0];
    check_close("read", consumer.read_bytes as f64, 2.0 * MIB * 300.0, 3.0 * MIB);
    check_close("backlog", consumer.backlog_bytes as f64, 1.0 * MIB * 300.0, 3.0 * MIB);
    // The oldest unread record came at 2/3 t.
    check_close("age", consumer.iterator_age_ms.max() as f64, 100_000.0, 1_000.0);
    let polling_alone = read_by(polling, &three_mebibytes);
    let crowd: Vec<String> = ["a", "b", "c", "d", "e"].iter().map(|name| pipe(name)).collect();
    let all = read_by(&format!("{}, {polling}", crowd.join(", ")), &three_mebibytes);
    let figures = |consumer: &ConsumerObservation| {
        (
            consumer.read_bytes,
            consumer.read_throttled_calls,
            counts_of(&consumer.end_to_end_latency_us),
            counts_of(&consumer.iterator_age_ms),
        )
    };
    assert_eq!(figures(&all.consumers[0]), figures(consumer));
    assert_eq!(figures(&all.consumers[5]), figures(&polling_alone.consumers[0]));
}

/// With arrivals a = 4/s and service d = 2/s, one record at a time: processed(t) = d t, backlog(t) =
/// (a - d) t, and the oldest unread record, number d t, came at d t / a, so age(t) = (1 - d / a) t.
#[test]
fn a_consumer_slower_than_its_shard_falls_behind_linearly() {
    for reader in [
        "{ name: r, polling: { interval: 200 ms, max_records: 1, round_trip: 0 s, processing: { \
         per_record: 500 ms } } }",
        "{ name: r, enhanced_fan_out: { round_trip: 0 s, processing: { per_record: 500 ms } } }",
    ] {
        let run = read_by(
            reader,
            &[
                "duration=1000 s",
                "producers.writer.traffic.constant=4 records/s",
                "quotas.enhanced_fan_out_event_records=1",
            ],
        );
        let consumer = &run.consumers[0];
        check_close("processed", consumer.processed_records as f64, 2_000.0, 3.0);
        check_close("backlog", consumer.backlog_records as f64, 2_000.0, 3.0);
        check_close("age at the end", consumer.iterator_age_ms.max() as f64, 500e3, 1_500.0);
        check_close("mean age", consumer.iterator_age_ms.mean(), 250e3, 1_500.0);
        let halfway = seconds(&run)[499].consumers[0];
        check_close("halfway", halfway.backlog_records as f64, 1_000.0, 3.0);
        check_close("halfway", halfway.iterator_age_ms_max as f64, 250e3, 1_500.0);
        assert_eq!(consumer.read_throttled_calls, 0);
    }
}

/// a = 1/s, d = 1/2 s, retention R = 24 h: age(t) = t / 2 until it is R at 2 R; from then on the
/// consumer, at d, is overtaken by expiry, at a: expired = (a - d) (60 h - 2 R), and R a are left.
#[test]
fn a_consumer_that_lags_past_retention_loses_exactly_what_ages() {
    let run = read_by(
        "{ name: r, polling: { interval: 1 s, max_records: 1, round_trip: 0 s, processing: { \
         per_record: 2 s } } }",
        &["duration=60 h", "producers.writer.traffic.constant=1 records/s"],
    );
    let consumer = &run.consumers[0];
    check_close("processed", consumer.processed_records as f64, 30.0 * 3_600.0, 4.0);
    check_close("expired", consumer.expired_records as f64, 6.0 * 3_600.0, 4.0);
    check_close("backlog", consumer.backlog_records as f64, 24.0 * 3_600.0, 4.0);
    let seconds = seconds(&run);
    let hours =
        |second: usize| f64::from(seconds[second].consumers[0].iterator_age_ms_max as u32) / 3.6e6;
    check_close("age after 20 h", hours(20 * 3_600), 10.0, 0.01);
    check_close("age after 55 h", hours(55 * 3_600), 24.0, 0.01);
}

/// age <= retention: what is older has left the stream, whether or not the consumer has called
/// since. Here a call takes 10,000 records and comes back 20,000 s later.
#[test]
fn no_record_that_has_expired_counts_as_unread() {
    let run = read_by(
        "{ name: r, polling: { interval: 1 s, round_trip: 0 s, processing: { per_record: 2 s } } }",
        &["duration=60 h", "producers.writer.traffic.constant=1 records/s"],
    );
    let consumer = &run.consumers[0];
    let seconds = seconds(&run);
    let oldest = seconds.iter().map(|row| row.consumers[0].iterator_age_ms_max).max().unwrap();
    assert!(oldest <= 24 * 3_600_000, "oldest unread record: {} h", oldest as f64 / 3.6e6);
    let longest = seconds.iter().map(|row| row.consumers[0].backlog_records).max().unwrap();
    assert!(longest <= 24 * 3_600 + 1, "unread records: {longest}");
    assert!(consumer.expired_records > 0);
}
