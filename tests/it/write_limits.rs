//! The write limits of a shard, one documented behaviour a test.
//!
//! Sources: Kinesis Data Streams quotas and API reference, 2026; developer guide, troubleshooting
//! producers, 2023 (rounding) and large records, 2025; M/D/1/N from `closed_form`.

use shardplan::metrics::Observation;

use crate::closed_form::{blocking_of_m_d_1_n, most_through_token_bucket, paced_throttled_ratio};
use crate::oracles::Estimate;
use crate::support::{ONE_WRITER, check_close, observe, seconds, simulate_text};

const MIB: f64 = 1_048_576.0;
const KIB: f64 = 1_024.0;

/// Records accepted a second over the seconds after the warm-up of 100 s, of 1,000 s in all.
fn accepted_per_second(overrides: &[&str]) -> f64 {
    let overrides = [&["duration=1000 s", "warm_up=100 s"], overrides].concat();
    let run = observe(ONE_WRITER, &overrides);
    run.producers[0].accepted as f64 / 900.0
}

/// Records accepted and throttled in 300 s; a burst of 1 MiB is used up when more than 4 KiB/s or
/// 4 records/s too much are offered.
fn accepted_and_throttled(overrides: &[&str]) -> (u64, u64) {
    let overrides = [&["duration=300 s"], overrides].concat();
    let run = observe(ONE_WRITER, &overrides);
    (run.producers[0].accepted, run.producers[0].throttled)
}

/// Fact 23: accepted(t) = 1,000 + 1,000 t when more is offered, from a rested shard.
#[test]
fn a_shard_takes_1000_records_a_second_and_a_burst_of_1000() {
    let run = observe(ONE_WRITER, &["producers.writer.traffic.constant=2500 records/s"]);
    let expected = most_through_token_bucket(1_000.0, 1_000.0, 100.0);
    check_close("accepted", run.producers[0].accepted as f64, expected, 1.0);
    let rate = accepted_per_second(&["producers.writer.traffic.constant=2500 records/s"]);
    check_close("long run", rate, 1_000.0, 0.003);
    let steady =
        observe(ONE_WRITER, &["producers.writer.traffic.constant=2500 records/s", "warm_up=10 s"]);
    let writer = &steady.producers[0];
    let ratio = writer.throttled as f64 / writer.attempts as f64;
    check_close("throttled ratio", ratio, paced_throttled_ratio(2_500.0, 1_000.0), 1e-4);
}

/// Fact 23: nothing is throttled at 1,000 records/s; beyond, the excess is, once the burst is gone.
#[test]
fn the_record_limit_is_1000_and_not_999_or_1001() {
    let rate = |rate: u32| {
        accepted_and_throttled(&[&format!("producers.writer.traffic.constant={rate} records/s")])
    };
    assert_eq!(rate(1_000).1, 0);
    let (_, throttled) = rate(1_005);
    check_close("excess beyond the burst", throttled as f64, 5.0 * 300.0 - 1_000.0, 2.0);
}

/// Facts 23 and 25: accepted per second = 2^20 / (data + key); without the key's bytes 2^20 / data.
#[test]
fn a_shard_takes_one_mebibyte_a_second_of_data_and_key() {
    let large = [
        "producers.writer.record_size.constant=10000 B",
        "producers.writer.partition_key.single=sixteen-bytes-id",
        "producers.writer.traffic.constant=200 records/s",
    ];
    check_close("data and key", accepted_per_second(&large), MIB / 10_016.0, 0.003);
    let keyless = [&large[..], &["quotas.partition_key_bytes_count=false"]].concat();
    check_close("data alone", accepted_per_second(&keyless), MIB / 10_000.0, 0.003);
    let run = observe(ONE_WRITER, &keyless);
    assert_eq!(run.producers[0].accepted_bytes, 10_000 * run.producers[0].accepted);
    assert_eq!(run.shards[0].throttled_by_bytes, run.producers[0].throttled);
    assert!(run.producers[0].throttled > 0);
}

/// Fact 26: PutRecord charges ceil(size / 1 KiB) KiB: 1,100 B count as 2 KiB, so 512 pass a second.
#[test]
fn put_record_rounds_each_record_up_to_whole_kibibytes() {
    let records = [
        "producers.writer.record_size.constant=1099 B",
        "producers.writer.traffic.constant=800 records/s",
        "quotas.put_record_rounding=1 KiB",
    ];
    check_close("1,100 B", accepted_per_second(&records), 512.0, 0.003);
    let exact = [&records[..], &["producers.writer.record_size.constant=1023 B"]].concat();
    check_close("1,024 B are one step", accepted_per_second(&exact), 800.0, 0.003);
}

/// Fact 26: PutRecords charges ceil(sum / 1 KiB) KiB a call: of 500 records of 1,100 B about
/// 2^20 / 1,100 = 953 pass a second, less than one record a call lost to rounding.
#[test]
fn put_records_rounds_only_the_sum_of_a_call() {
    let batched = |rate: u32, batch: u32| {
        [
            "producers.writer.record_size.constant=1099 B".to_owned(),
            format!("producers.writer.traffic.constant={rate} records/s"),
            format!(
                "producers.writer.client={{ put_records: {{ round_trip: 0 s, linger: 10 s, \
                 batch_size: {batch}, retries: {{ attempts: 1 }} }} }}"
            ),
            "quotas.put_records_rounding=1 KiB".to_owned(),
        ]
    };
    let texts = batched(1_500, 500);
    let rate = accepted_per_second(&texts.each_ref().map(String::as_str));
    let (most, lost) = (MIB / 1_100.0, 3.0 * (KIB - 1.0) / 1_100.0);
    assert!((most - lost..=most + 0.003).contains(&rate), "{rate}, at most {most}");
    // A call of three counts as 4 KiB: 256 calls a second are the limit, so 768 records.
    let (below, above) = (batched(768, 3), batched(777, 3));
    assert_eq!(accepted_and_throttled(&below.each_ref().map(String::as_str)).1, 0);
    assert!(accepted_and_throttled(&above.each_ref().map(String::as_str)).1 > 0);
}

/// Fact 27: a record is rejected exactly if data + key > max_record_size; it is never attempted.
#[test]
fn records_over_the_maximum_are_rejected_and_never_attempted() {
    for client in ["put_record", "put_records"] {
        let client =
            format!("producers.writer.client={{ {client}: {{ retries: {{ attempts: 1 }} }} }}");
        let sizes = "producers.writer.record_size={ log_normal: { mean: 900 kB, sigma: 0.5 } }";
        let overrides = [sizes, &client, "duration=200 s"];
        let run = observe(ONE_WRITER, &overrides);
        let writer = &run.producers[0];
        // mu = ln(mean) - sigma^2 / 2; P(size > 2^20 - 1) = erfc(z / sqrt 2) / 2.
        let z = (MIB.ln() - (900_000_f64.ln() - 0.125)) / 0.5;
        let expected = statrs::function::erf::erfc(z / std::f64::consts::SQRT_2) / 2.0;
        let generated = writer.generated_records as f64;
        let error = 5.0 * (expected * (1.0 - expected) / generated).sqrt();
        check_close("rejected", writer.rejected as f64 / generated, expected, error);
        let attempted = writer.generated_records - writer.rejected - writer.waiting;
        assert_eq!(writer.attempts, attempted, "each of the others once");
        let roomy = [&overrides[..], &["stream.max_record_size=10 MiB"]].concat();
        assert_eq!(observe(ONE_WRITER, &roomy).producers[0].rejected, 0);
    }
}

/// Fact 34: fixed windows give 1,000 records in every whole second and carry nothing over.
#[test]
fn fixed_windows_give_one_second_at_a_time() {
    let steps = "producers.writer.traffic.steps=[ { at: 0 s, rate: 0 }, { at: 10 s, rate: 2000 \
                 records/s } ]";
    let fixed = observe(ONE_WRITER, &[steps, "quotas.shard_write_limiter=fixed_window"]);
    assert!(seconds(&fixed)[10..].iter().all(|second| second.incoming_records == 1_000));
    let bucket = observe(ONE_WRITER, &[steps]);
    let first_two: u64 =
        seconds(&bucket)[10..12].iter().map(|second| second.incoming_records).sum();
    check_close("a token bucket starts with its burst", first_two as f64, 3_000.0, 2.0);
    let bytes = [
        "producers.writer.record_size.constant=4095 B",
        "producers.writer.traffic.constant=500 records/s",
        "quotas.shard_write_limiter=fixed_window",
    ];
    let fixed = observe(ONE_WRITER, &bytes);
    assert!(seconds(&fixed).iter().all(|second| second.incoming_bytes == 1 << 20));
}

/// Fact 30: accepted bytes(t) = burst + 1 MiB/s t with a burst of 10 MiB where records may be larger
/// than 1 MiB, and of 1 MiB where not.
#[test]
fn large_records_come_with_a_burst_of_ten_mebibytes() {
    let mebibytes = |maximum: &str| {
        let maximum = format!("stream.max_record_size={maximum}");
        let run = observe(
            ONE_WRITER,
            &[
                "duration=10 s",
                "producers.writer.record_size.constant=32767 B",
                "producers.writer.traffic.constant=800 records/s",
                &maximum,
            ],
        );
        run.producers[0].accepted_bytes as f64 / MIB
    };
    check_close("up to 1 MiB", mebibytes("1 MiB"), 1.0 + 10.0, 1.0 / 16.0);
    check_close("over 1 MiB", mebibytes("2 MiB"), 10.0 + 10.0, 1.0 / 16.0);
}

/// Fact 32: of one PutRecords call of N records of about 1 MiB a rested shard takes the first.
#[test]
fn of_several_records_of_one_mebibyte_in_a_call_the_first_is_accepted() {
    let run = observe(
        ONE_WRITER,
        &[
            "duration=10 s",
            "producers.writer.record_size.constant=1000000 B",
            "producers.writer.traffic.constant=0.8 records/s",
            "producers.writer.client={ put_records: { batch_size: 8, linger: 9.9 s, round_trip: 0 \
             s, retries: { attempts: 1 } } }",
        ],
    );
    let writer = &run.producers[0];
    assert_eq!((writer.generated_records, writer.put_calls), (8, 1));
    assert_eq!((writer.accepted, writer.throttled, writer.given_up), (1, 7, 7));
}

fn throttled_ratio(run: &Observation) -> f64 {
    run.producers[0].throttled as f64 / run.producers[0].attempts as f64
}

/// throttled / attempts = the blocking probability of M/D/1/N, with N the burst.
fn check_blocking(load: f64, capacity: usize) {
    let rate = format!("producers.writer.traffic.constant={} records/s", load * 1_000.0);
    let burst = format!("quotas.shard_write_records_burst={capacity}");
    let runs = simulate_text(
        ONE_WRITER,
        &[
            "duration=430 s",
            "warm_up=30 s",
            "replications=6",
            "producers.writer.arrivals=poisson",
            "producers.writer.record_size.constant=9 B",
            &rate,
            &burst,
        ],
    );
    let ours = Estimate::of(&runs.iter().map(throttled_ratio).collect::<Vec<f64>>());
    let expected = blocking_of_m_d_1_n(load, capacity);
    let tolerance = 6.0 * ours.standard_error + 0.000_5 * expected + 1e-6;
    check_close(&format!("load {load}, N {capacity}"), ours.mean, expected, tolerance);
}

#[test]
fn a_shard_without_retries_blocks_like_a_queue_of_any_size() {
    for load in [0.7, 0.9, 1.0, 1.1, 1.5] {
        for capacity in [1, 2, 10, 100] {
            check_blocking(load, capacity);
        }
    }
    // At load one a queue of a thousand needs hours to forget that it started empty.
    for load in [0.7, 0.9, 1.1, 1.5] {
        check_blocking(load, 1_000);
    }
}
