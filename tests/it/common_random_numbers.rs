//! Common random numbers: what one part of a scenario draws, no other part changes.
//!
//! Two variants of a stream are compared on the same records, so their difference is that of the
//! variants and not of luck.

use shardplan::metrics::Observation;

use crate::support::{counts_of, observe, seconds};

const TWO_PRODUCERS: &str = "
version: 1
name: variants
duration: 10 s
warm_up: 1500 ms
seed: 3
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: web
    client: { put_record: {} }
    traffic: { constant: 2500 records/s }
    record_size: { log_normal: { median: 600 B, p99: 4 KiB } }
    partition_key: { zipf: { keys: 5000, exponent: 1.1 } }
  - name: devices
    client: { put_records: {} }
    traffic: { steps: [ { at: 0 s, rate: 300 records/s }, { at: 4 s, rate: 1100 records/s } ] }
    record_size: { log_normal: { median: 90 kB, p99: 1.5 MB } }
    partition_key: { random: {} }
";

/// A first producer takes the one record that each shard accepts in a day. Whatever comes later is
/// refused, on any number of shards.
const ALL_REFUSED: &str = "
version: 1
name: all-refused
duration: 40 s
stream: { capacity: { provisioned: { shards: 8 } } }
producers:
  - name: early
    client: { put_record: { round_trip: 0 s, retries: { attempts: 1 } } }
    traffic: { steps: [ { at: 0 s, rate: 500 records/s }, { at: 1 s, rate: 0 } ] }
    record_size: { constant: 1 B }
    partition_key: { random: {} }
  - name: web
    client: { put_record: {} }
    traffic: { steps: [ { at: 0 s, rate: 0 }, { at: 2 s, rate: 300 records/s } ] }
    record_size: { constant: 500 B }
    partition_key: { uniform: { keys: 1000 } }
quotas: { shard_write_records: 1 records/d, shard_write_records_burst: 1 }
";

type Second = (u64, u64);

/// What producers came up with: totals by producer, and the stream second by second.
fn generated(run: &Observation) -> (Vec<Second>, Vec<Second>) {
    let producers = run
        .producers
        .iter()
        .map(|producer| (producer.generated_records, producer.generated_bytes))
        .collect();
    let seconds = seconds(run)
        .iter()
        .map(|second| (second.generated_records, second.generated_bytes))
        .collect();
    (producers, seconds)
}

fn check_same_records(overrides: &[&str]) {
    let base = generated(&observe(TWO_PRODUCERS, &[]));
    let variant = generated(&observe(TWO_PRODUCERS, overrides));
    assert_eq!(variant, base, "{overrides:?}");
}

/// generated(shards) = generated.
#[test]
fn the_same_records_meet_any_number_of_shards() {
    for shards in [4, 16, 100] {
        check_same_records(&[&format!("stream.capacity.provisioned.shards={shards}")]);
    }
}

/// generated(consumers) = generated.
#[test]
fn consumers_do_not_change_what_producers_generate() {
    check_same_records(&["consumers=[ { name: lake, polling: {} } ]"]);
    check_same_records(&[
        "consumers=[ { name: devices-too, enhanced_fan_out: {} }, { name: lake, polling: {} } ]",
        "stream.capacity.provisioned.shards=7",
    ]);
}

/// generated(client, retries, limits) = generated.
#[test]
fn clients_and_limits_do_not_change_what_producers_generate() {
    check_same_records(&[
        "producers.web.client={ put_records: { linger: 20 ms } }",
        "producers.devices.client={ put_record: { retries: { attempts: 1 } } }",
    ]);
    check_same_records(&["quotas={ shard_write_limiter: fixed_window }"]);
}

/// generated(producer | others) = generated(producer), and the draws of times, keys and sizes do
/// not share a stream: with another size or key the same records come at the same times.
#[test]
fn another_producer_leaves_the_figures_of_the_first_one_alone() {
    let both = observe(TWO_PRODUCERS, &[]);
    let first = observe(TWO_PRODUCERS, &["producers.devices=null"]);
    let second = observe(TWO_PRODUCERS, &["producers.web=null"]);
    let totals = |run: &Observation| generated(run).0;
    assert_eq!(totals(&both), [totals(&first), totals(&second)].concat());
    let sized = observe(TWO_PRODUCERS, &["producers.web.record_size.constant=7 B"]);
    let records = |run: &Observation| -> Vec<u64> {
        seconds(run).iter().map(|second| second.generated_records).collect()
    };
    assert_eq!(records(&sized), records(&both), "times do not depend on sizes");
    let one_key = observe(TWO_PRODUCERS, &["producers.web.partition_key.single=key-12"]);
    assert_eq!(records(&one_key), records(&both), "times do not depend on keys");
}

/// generated(producer | bursts of another) = generated(producer); and bursts draw from a stream of
/// their own: keys come in the order in which they came before.
#[test]
fn bursts_leave_all_other_draws_as_they_were() {
    let bursty = "producers.web.arrivals={ bursty: { factor: 4, mean_length: 300 ms } }";
    let (base, variant) = (observe(TWO_PRODUCERS, &[]), observe(TWO_PRODUCERS, &[bursty]));
    let ((base, base_seconds), (variant, seconds)) = (generated(&base), generated(&variant));
    assert_eq!(variant[1], base[1], "the other producer");
    assert_ne!(variant[0], base[0]);
    assert_ne!(seconds, base_seconds);
    // Nearly no bursts: the same unit-rate process, seen through nearly the same clock.
    let faint = "producers.web.arrivals={ bursty: { factor: 1.0001, mean_length: 1 s } }";
    let faint = generated(&observe(TWO_PRODUCERS, &[faint])).0;
    assert!(faint[0].0.abs_diff(base[0].0) < 10, "{faint:?} {base:?}");
}

/// generated(replication, seed) differs: common numbers are not constant numbers.
#[test]
fn another_seed_and_another_replication_are_other_records() {
    let runs = crate::support::simulate_text(TWO_PRODUCERS, &["replications=2"]);
    let seed = observe(TWO_PRODUCERS, &["seed=4"]);
    assert_ne!(generated(&runs[0]), generated(&runs[1]));
    assert_ne!(generated(&runs[0]), generated(&seed));
}

/// due(record, attempt) does not depend on the shard: where all attempts are refused everywhere,
/// the refusals of every second and what is left at the end are equal on 8 and on 16 shards.
#[test]
fn the_jitter_of_a_record_is_the_same_on_8_and_on_16_shards() {
    for client in ["put_record", "put_records"] {
        let retries = "retries: { attempts: 6, backoff: { base: 300 ms, max: 4 s } }";
        let client = format!("producers.web.client={{ {client}: {{ {retries} }} }}");
        let figures = |shards: u32| {
            let shards = format!("stream.capacity.provisioned.shards={shards}");
            let run = observe(ALL_REFUSED, &[&client, &shards]);
            let throttled: Vec<u64> =
                seconds(&run).iter().skip(2).map(|second| second.write_throttled_records).collect();
            let web = &run.producers[1];
            assert_eq!(web.accepted, 0);
            (throttled, web.attempts, web.given_up, web.waiting, web.put_calls)
        };
        let eight = figures(8);
        assert!(eight.2 > 0 && eight.3 > 0, "{eight:?}");
        assert_eq!(figures(16), eight, "{client}");
        assert_eq!(figures(1), eight, "{client}");
    }
}

/// The life of a record depends on its own shard alone: a single hot key meets the same limits and
/// the same jitter whatever the number of shards beside its own.
#[test]
fn one_hot_key_fares_the_same_on_any_number_of_shards() {
    let figures = |shards: u32| {
        let run = observe(
            TWO_PRODUCERS,
            &[
                "producers.devices=null",
                "producers.web.partition_key.single=hot",
                &format!("stream.capacity.provisioned.shards={shards}"),
            ],
        );
        let web = &run.producers[0];
        assert!(web.throttled > 1_000 && web.given_up > 100);
        (web.attempts, web.accepted, web.given_up, counts_of(&web.put_latency_us))
    };
    assert_eq!(figures(8), figures(16));
    assert_eq!(figures(1), figures(101));
}
