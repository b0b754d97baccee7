//! The start of a run, where the scenario does not say how long it lasts.

use serde_json::Value;

use crate::support::result_of;

/// More than a shard takes, with retries that pile up for minutes before as many are given up as
/// come.
const PILING_UP: &str = "
version: 1
name: piling-up
duration: 10 min
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: web
    client:
      put_record:
        retries: { attempts: 8, backoff: { base: 500 ms, max: 20 s } }
    traffic: { constant: 1300 records/s }
    record_size: { constant: 100 B }
    partition_key: { uniform: { keys: 1000 } }
consumers:
  - { name: lake, polling: {} }
objectives: { write_throttled: { at_most: 90 % } }
";

fn warm_up_of(result: &Value) -> f64 {
    result["warm_up_seconds"].as_f64().unwrap()
}

#[test]
fn the_start_of_a_judged_run_is_found_where_nothing_changes_by_plan() {
    let found = result_of(PILING_UP, &[]);
    assert!((10.0..=300.0).contains(&warm_up_of(&found)), "{}", found["warm_up_seconds"]);
    assert_eq!(found["warm_up_note"], "found by MSER-5");
    // What is left has settled: a longer cut finds the same share.
    let set = format!("warm_up={} s", 2.0 * warm_up_of(&found));
    let later = result_of(PILING_UP, &["--set", &set]);
    let share = |result: &Value| result["stream"]["write_throttled_ratio"].as_f64().unwrap();
    assert!((share(&found) - share(&later)).abs() < 0.01, "{} {}", share(&found), share(&later));
}

#[test]
fn a_start_is_kept_where_it_is_asked_about() {
    let kept = [
        "warm_up=0 s",
        "objectives=null",
        "producers.0.traffic={ steps: [{ at: 0 s, rate: 1300 records/s }, { at: 1 min, rate: 1301 records/s }] }",
        "consumers.0.joins_at=10 s",
        "stream.scaling={ schedule: [{ at: 1 min, update_shard_count: 2 }] }",
    ];
    for set in kept {
        let result = result_of(PILING_UP, &["--set", set, "--set", "duration=3 min"]);
        assert!(warm_up_of(&result).abs() < f64::EPSILON, "{set}");
        assert_eq!(result["warm_up_note"], Value::Null, "{set}");
    }
}

/// The first replication, in which nothing was found, is not run again.
#[test]
fn a_run_that_is_settled_from_the_start_is_counted_whole() {
    let settled = [
        "--set",
        "producers.0.traffic.constant=300 records/s",
        "--set",
        "consumers=null",
        "--replications",
        "3",
    ];
    let mut open = result_of(PILING_UP, &settled);
    let mut given = result_of(PILING_UP, &[&settled[..], &["--set", "warm_up=0 s"]].concat());
    for result in [&mut open, &mut given] {
        result["scenario"].take();
    }
    assert_eq!(open, given);
}
