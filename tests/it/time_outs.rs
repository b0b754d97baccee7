//! Calls whose answers are lost: the producer sends them again, and the stream has them twice.

use shardplan::metrics::Observation;

use crate::support::{ONE_WRITER, check_close, observe};

/// 20,000 records over 100 s and 100 s of silence, at most three attempts, one answer in five lost.
fn run(overrides: &[&str]) -> Observation {
    let base = [
        "duration=200 s",
        "producers.writer.traffic={ steps: [ { at: 0 s, rate: 200 records/s }, { at: 100 s, rate: 0 \
         records/s } ] }",
        "producers.writer.client.put_record.retries={ attempts: 3, backoff: { base: 10 ms, max: 1 s } }",
        "producers.writer.client.put_record.timeouts={ share: 20 %, after: 6 s }",
    ];
    observe(ONE_WRITER, &[&base, overrides].concat())
}

/// With room for all, the n-th copy of a record exists when the n answers before it were lost:
/// duplicates / records = p + p^2 for three attempts.
#[test]
fn duplicates_follow_the_share_of_lost_answers() {
    let run = run(&[]);
    let writer = &run.producers[0];
    assert_eq!((writer.accepted, writer.throttled, writer.given_up), (20_000, 0, 0));
    // Standard deviation about 75.
    check_close("duplicates", writer.duplicate_records as f64, 4_800.0, 350.0);
    assert_eq!(run.shards[0].incoming_records, 20_000 + writer.duplicate_records);
    assert_eq!(writer.out_of_order_records, Some(0), "a copy is not late: it was there before");
}

/// The producer hears of a record at its first attempt, or a time-out later for each lost answer;
/// of p^3 of them it never hears.
#[test]
fn what_is_answered_late_waits_for_the_time_out() {
    let latency = run(&[]).producers.remove(0).put_latency_us;
    check_close("answered", latency.len() as f64, 20_000.0 * (1.0 - 0.008), 65.0);
    assert_eq!(latency.value_at_quantile(0.79), 0);
    check_close("one lost", latency.value_at_quantile(0.9) as f64, 6e6, 2e4);
    check_close("two lost", latency.max() as f64, 12e6, 5e4);
}

/// A lost call is lost as a whole: all of its records come twice.
#[test]
fn all_records_of_a_lost_call_come_again() {
    let run = run(&[
        "stream.capacity.provisioned.shards=4",
        "producers.writer.partition_key={ uniform: { keys: 1000 } }",
        "producers.writer.client={ put_records: { batch_size: 10, linger: 10 s, round_trip: 0 s, \
         retries: { attempts: 2, backoff: { base: 10 ms } }, timeouts: { share: 20 % } } }",
    ]);
    let writer = &run.producers[0];
    let calls_again = writer.put_calls - 2_000;
    assert_eq!(writer.duplicate_records, 10 * calls_again);
    // Standard deviation 18.
    check_close("calls sent again", calls_again as f64, 400.0, 90.0);
}

/// A record that was refused and whose answer was lost is no duplicate when it comes again.
#[test]
fn a_refused_call_leaves_no_copy() {
    let run = run(&["quotas.shard_write_records=1 record/min"]);
    let writer = &run.producers[0];
    // The burst of a second's quota, and then one record a minute.
    let fitted = writer.accepted + writer.duplicate_records;
    assert!((1_000..=1_004).contains(&fitted), "{fitted} attempts fitted");
    assert_eq!(writer.given_up, 20_000 - writer.accepted);
}
