//! Firehose: delay = min(interval, size / rate), objects and their sizes, and a destination that
//! throttles. Source: Firehose developer guide, 2023.

use shardplan::metrics::Observation;

use crate::support::{ONE_WRITER, check_close, observe, result_of};

const MIB: f64 = 1_048_576.0;

/// The run of one writer on four shards with one Firehose stream; no delays but those of the buffer.
fn run(firehose: &str, overrides: &[&str]) -> Observation {
    let consumers = format!(
        "consumers=[ {{ name: lake, firehose: {{ round_trip: 0 s, delivery: 0 s, {firehose} }} }} ]"
    );
    let own = [
        "duration=1000 s",
        "stream.capacity.provisioned.shards=4",
        "producers.writer.partition_key={ uniform: { keys: 10000 } }",
        "producers.writer.record_size.constant=10 KiB",
        "quotas.get_records_propagation=0 s",
        consumers.as_str(),
    ];
    observe(ONE_WRITER, &[&own[..], overrides].concat())
}

/// The oldest record of an object waits min(interval, size / rate), and up to a second to be read.
#[test]
fn the_delay_is_the_interval_or_the_time_to_fill_the_buffer() {
    for (size, interval, rate) in
        [(5, 60, 10), (5, 60, 100), (64, 60, 100), (5, 300, 10), (1, 10, 100)]
    {
        let seen = run(
            &format!("buffer: {{ size: {size} MiB, interval: {interval} s }}"),
            &[&format!("producers.writer.traffic.constant={rate} records/s")],
        );
        let bytes_per_second = f64::from(rate) * 10_245.0;
        let expected = f64::from(interval).min(f64::from(size) * MIB / bytes_per_second);
        let latency = &seen.consumers[0].end_to_end_latency_us;
        let longest = latency.value_at_quantile(0.999) as f64 / 1e6;
        check_close("longest delay", longest, expected + 0.7, 1.0 + 0.02 * expected);
        check_close(
            "mean delay",
            latency.mean() / 1e6,
            expected / 2.0 + 0.5,
            0.6 + 0.02 * expected,
        );
        let objects = seen.consumers[0].delivery.as_ref().unwrap();
        // A buffer begins when a record comes, which is at once.
        let expected = 1_000.0 / expected;
        check_close("objects", objects.objects as f64, expected, 1.0 + 0.05 * expected);
    }
}

/// What is read in a call of one shard is at most what a buffer holds and one call more.
#[test]
fn a_full_buffer_is_written_at_its_size() {
    let seen = run("buffer: { size: 1 MiB }", &["producers.writer.traffic.constant=100 records/s"]);
    let bytes = &seen.consumers[0].delivery.as_ref().unwrap().object_bytes;
    check_close("bytes", bytes.mean(), MIB, 11_000.0);
}

/// Every partition gathers on its own: p partitions take p times as long to fill, and write p
/// objects where the interval ends them.
#[test]
fn dynamic_partitioning_divides_the_buffer() {
    let rate = ["producers.writer.traffic.constant=100 records/s"];
    let one = run("buffer: { size: 128 MiB, interval: 50 s }", &rate);
    let many = run(
        "buffer: { size: 128 MiB, interval: 50 s }, dynamic_partitioning: { partitions: 20 }",
        &rate,
    );
    let objects = |run: &Observation| run.consumers[0].delivery.as_ref().unwrap().objects as f64;
    check_close("objects", objects(&many) / objects(&one), 20.0, 1.0);
    assert_eq!(one.consumers[0].delivery.as_ref().unwrap().retried_objects, 0);
}

/// A transformation adds its own buffer, 60 s here, and its time.
#[test]
fn a_transformation_waits_for_its_own_buffer() {
    let seen = run(
        "buffer: { size: 1 MiB, interval: 0 s }, transform: { buffer: { interval: 60 s }, \
         processing: { per_batch: 2 s } }",
        &["producers.writer.traffic.constant=4 records/s"],
    );
    let latency = &seen.consumers[0].end_to_end_latency_us;
    check_close("longest", latency.max() as f64 / 1e6, 63.0, 1.0);
    let calls = seen.consumers[0].function.unwrap().invocations as f64;
    check_close("calls", calls, 4.0 * 1_000.0 / 60.5, 6.0);
}

/// While the destination throttles, objects wait and nothing more is read; afterwards all is made
/// up and nothing is lost.
#[test]
fn a_destination_that_throttles_holds_up_the_stream() {
    let seen = run(
        "buffer: { size: 5 MiB, interval: 20 s }",
        &[
            "producers.writer.traffic.constant=40 records/s",
            "incidents=[ { at: 300 s, for: 200 s, destination_throttled: { consumer: lake } } ]",
        ],
    );
    let consumer = &seen.consumers[0];
    let longest = consumer.end_to_end_latency_us.max() as f64 / 1e6;
    assert!((190.0..222.0).contains(&longest), "{longest}");
    let oldest = consumer.iterator_age_ms.max() as f64;
    assert!((175e3..201e3).contains(&oldest), "{oldest}");
    assert!(consumer.delivery.as_ref().unwrap().retried_objects >= 1);
    assert_eq!(consumer.duplicate_records + consumer.expired_records, 0);
    assert!(consumer.backlog_records < 41 * 22);
}

/// The pipeline of the shipped scenario: alerts near 70 ms, the lake between 60 and 180 s.
#[test]
fn order_changes_reach_alerts_at_once_and_the_lake_in_minutes() {
    let text = include_str!("../../scenarios/orders-cdc.yaml");
    let document =
        result_of(text, &["--set", "replications=1", "--set", "duration=1 h", "--seed", "3"]);
    let p50 = |index: usize| {
        document["consumers"][index]["end_to_end_latency_ms"]["p50"].as_f64().unwrap()
    };
    assert!((70.0..110.0).contains(&p50(0)), "alerts: {} ms", p50(0));
    assert!((60_000.0..180_000.0).contains(&p50(1)), "lake: {} ms", p50(1));
    let longest = document["consumers"][1]["end_to_end_latency_ms"]["p99"].as_f64().unwrap();
    assert!((60_000.0..180_000.0).contains(&longest), "lake: {longest} ms");
}
