//! Records that reach the stream after a later one of their partition key.

use shardplan::metrics::ProducerObservation;

use crate::support::{ONE_WRITER, observe, result_of};

/// For ten seconds, twenty records a second where ten are taken; what is refused tries once more
/// 20 s later, when there is room.
const RETRIES: [&str; 4] = [
    "producers.writer.traffic={ steps: [ { at: 0 s, rate: 20 records/s }, { at: 10 s, rate: 1 record/s } ] }",
    "producers.writer.client.put_record.retries={ attempts: 2, backoff: { base: 20 s, max: 20 s, jitter: none } }",
    "quotas.shard_write_records=10 records/s",
    "quotas.shard_write_records_burst=1 record",
];

fn writer(overrides: &[&str]) -> ProducerObservation {
    observe(ONE_WRITER, &[&RETRIES, overrides].concat()).producers.remove(0)
}

/// Records taken at their second attempt: those refused once, less those refused twice, less those
/// that wait.
fn taken_on_retry(writer: &ProducerObservation) -> u64 {
    writer.throttled - 2 * writer.given_up - writer.waiting
}

/// With one key, whatever waits for 20 s is overtaken.
#[test]
fn every_retried_record_of_a_single_key_is_out_of_order() {
    let writer = writer(&[]);
    assert!(taken_on_retry(&writer) > 50);
    assert_eq!(writer.out_of_order_records, Some(taken_on_retry(&writer)));
}

/// PutRecords sends the records that failed again by themselves, which reorders a key.
#[test]
fn failed_records_of_a_call_are_overtaken_by_the_rest_of_it() {
    let writer = writer(&[
        "producers.writer.client={ put_records: { batch_size: 10, linger: 10 s, round_trip: 0 s, \
         retries: { attempts: 2, backoff: { base: 20 s, max: 20 s, jitter: none } } } }",
        "producers.writer.traffic.steps.1.rate=0 records/s",
        "quotas.shard_write_records_burst=5 records",
    ]);
    // Twenty calls, of which half is taken at once; nothing comes after the last one.
    assert_eq!((writer.put_calls, taken_on_retry(&writer)), (40, 100));
    assert_eq!(writer.out_of_order_records, Some(95));
}

#[test]
fn records_of_different_keys_have_no_order_to_lose() {
    let uniform = writer(&["producers.writer.partition_key={ uniform: { keys: 100000000 } }"]);
    assert!(taken_on_retry(&uniform) > 50);
    assert_eq!(uniform.out_of_order_records, Some(0));
}

#[test]
fn nothing_is_out_of_order_where_nothing_is_refused() {
    let calm = writer(&["producers.writer.traffic={ constant: 9 records/s }"]);
    assert_eq!((calm.throttled, calm.out_of_order_records), (0, Some(0)));
}

/// Where the records of a key go to several shards there is no order to keep.
#[test]
fn the_result_says_that_random_keys_keep_no_order() {
    let random = "producers.writer.partition_key={ random: { bytes: 16 B } }";
    let result = result_of(ONE_WRITER, &["--set", random]);
    let writer = &result["producers"][0];
    assert_eq!(writer["ordering"], "none");
    assert!(writer["out_of_order_records"].is_null());
    assert_eq!(writer["put_records"], writer["generated_records"]);
}
