//! Attempts that are foreseen and booked beforehand come to the same figures as those that are looked
//! at one by one, which is how the engine plays a shard that refuses few.

use proptest::prelude::*;
use shardplan::engine::{Control, Options, simulate};
use shardplan::time::Span;

use crate::language::check_good;
use crate::support::figures;

/// Most attempts are refused, some of them for their bytes; a warm-up ends and the run does while
/// records wait. One of the clients cannot be foreseen, and one is not the first.
const OVERLOADED: &str = "
version: 1
name: overloaded
duration: 17300 ms
warm_up: 1700 ms
stream: { capacity: { provisioned: { shards: 3 } } }
producers:
  - name: batches
    client: { put_records: { batch_size: 20, retries: { attempts: 3 } } }
    traffic: { constant: 300 records/s }
    record_size: { constant: 400 B }
    partition_key: { uniform: { keys: 50 } }
  - name: writer
    client: { put_record: { round_trip: 0 s, retries: { attempts: 8, backoff: { base: 100 ms, factor: 2, max: 5 s, jitter: full } } } }
    traffic: { constant: 6000 records/s }
    record_size: { log_normal: { median: 400 B, p99: 8 kB } }
    partition_key: { zipf: { keys: 300, exponent: 1.2 } }
  - name: other
    client: { put_record: { round_trip: 0 s, retries: { attempts: 5 } } }
    traffic: { constant: 700 records/s }
    record_size: { constant: 300 B }
    partition_key: { uniform: { keys: 50 } }
consumers:
  - { name: reader, polling: { interval: 1 s } }
";

fn observed(text: &str, overrides: &[&str], many_refusals: u64, window: Option<Span>) -> String {
    let scenario = check_good(text, overrides);
    let options = Options {
        many_refusals: Some(many_refusals),
        window,
        series_step: Some(Span::SECOND),
        ..Options::default()
    };
    let run = simulate(&scenario, &options, &|_| Control::Continue).unwrap().remove(0);
    assert!(
        run.producers[1].throttled > 2 * run.producers[1].accepted,
        "there is little to foresee"
    );
    figures(&run)
}

/// figures(all foreseen) = figures(none foreseen), for clients of many kinds.
#[test]
fn what_is_foreseen_comes_to_the_same_figures() {
    let backoffs = [
        // As many attempts as the others have and then some, waits longer than the wheel.
        "{ attempts: 15, backoff: { base: 10 ms, factor: 1.5, max: 3 s, jitter: equal } }",
        "{ attempts: 40, backoff: { base: 50 ms, factor: 2, max: 1 s, jitter: full } }",
        "{ attempts: 6, backoff: { base: 900 ms, factor: 3, max: 60 s, jitter: full } }",
        // Attempts of many records, and of one, that coincide.
        "{ attempts: 5, backoff: { base: 250 ms, factor: 1, max: 250 ms, jitter: none } }",
        "{ attempts: 9, backoff: { base: 2 ns, factor: 1, max: 2 ns, jitter: full } }",
        "{ attempts: 2, backoff: { base: 100 ms, factor: 1, max: 100 ms, jitter: full } }",
    ];
    for retries in backoffs {
        let change = format!("producers.writer.client.put_record.retries={retries}");
        for more in ["seed=1", "producers.writer.arrivals=paced"] {
            let overrides = [change.as_str(), more];
            let expected = observed(OVERLOADED, &overrides, u64::MAX, None);
            let foreseen = observed(OVERLOADED, &overrides, 0, None);
            assert_eq!(foreseen, expected, "{retries} {more}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The same for any load, with attempts that begin and cease to be foreseen, and any window.
    #[test]
    fn what_is_foreseen_at_times_comes_to_the_same_figures(
        seed in 0..1_000u32,
        rate in 3_000..20_000u32,
        many in 1_000..40_000u64,
        window in 3..4_000u64,
    ) {
        let rate = format!(
            "producers.writer.traffic={{ steps: [ {{ at: 0 s, rate: {rate} records/s }}, \
             {{ at: 6 s, rate: 100 records/s }}, {{ at: 11 s, rate: {rate} records/s }} ] }}"
        );
        let seed = format!("seed={seed}");
        let overrides = [rate.as_str(), seed.as_str()];
        let expected = observed(OVERLOADED, &overrides, u64::MAX, None);
        let window = Some(Span::from_milliseconds(window));
        prop_assert_eq!(observed(OVERLOADED, &overrides, many, window), expected);
    }
}
