//! Advice is true: what a finding advises removes it, and the ranking of assumptions finds the one
//! that matters.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::result_of;

/// What `run` prints of a shipped scenario, for one replication.
fn run(path: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .arg("run")
        .arg(path)
        .args(["--format", "json", "--replications", "1"])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{}: {errors}", path.display());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn findings(document: &Value) -> &[Value] {
    document["findings"].as_array().unwrap()
}

fn advised(finding: &Value) -> Vec<&str> {
    finding["set"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn following_the_advice_of_a_shipped_scenario_removes_the_finding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        // A day of a healthy stream would take long and has no finding.
        name.ends_with(".yaml") && !name.starts_with("benchmark-") && name != "orders-cdc.yaml"
    });
    paths.sort();
    let (mut followed, mut untrue) = (0, Vec::new());
    for path in paths {
        let document = run(&path, &["--try-advice"]);
        for finding in findings(&document).iter().filter(|each| !advised(each).is_empty()) {
            followed += 1;
            if finding["tried"]["finding_gone"] != true {
                untrue.push((path.clone(), finding["code"].clone(), finding["set"].clone()));
            }
        }
    }
    assert!(untrue.is_empty(), "{untrue:#?}");
    assert!(followed >= 30, "{followed} findings with a change");
}

/// One key of 2,400 records/s beside an even load.
const ONE_HOT_KEY: &str = "
version: 1
name: hot
duration: 2 min
stream: { capacity: { provisioned: { shards: 8 } } }
producers:
  - name: hot.one
    client: { put_records: {} }
    traffic: { constant: 2400 records/s }
    record_size: { constant: 200 B }
    partition_key: { single: acme }
  - name: others
    client: { put_records: {} }
    traffic: { constant: 2000 records/s }
    record_size: { constant: 200 B }
    partition_key: { uniform: { keys: 100000 } }
";

/// What `--try-advice` says is what a run by hand with the same settings shows.
#[test]
fn advice_that_is_set_by_hand_does_the_same() {
    let document = result_of(ONE_HOT_KEY, &["--try-advice"]);
    let hot = findings(&document).iter().find(|each| each["code"] == "hot-key").unwrap();
    assert_eq!(hot["tried"]["finding_gone"], true);
    let set = advised(hot);
    // The name has a dot, so the path goes by the index.
    assert!(set.iter().any(|each| each.starts_with("producers.0.partition_key.salt=")), "{set:?}");
    let arguments: Vec<&str> = set.iter().flat_map(|each| ["--set", each]).collect();
    let after = result_of(ONE_HOT_KEY, &arguments);
    assert!(findings(&after).iter().all(|each| each["code"] != "hot-key"));
    let figures = hot["tried"]["figures"].as_array().unwrap();
    let throttled =
        figures.iter().find(|each| each["name"] == "stream.write_throttled_ratio").unwrap();
    assert_eq!(throttled["before"], document["stream"]["write_throttled_ratio"]);
    assert_eq!(throttled["after"], after["stream"]["write_throttled_ratio"]);
    assert_eq!(after["stream"]["write_throttled_records"], 0);
}

/// Six consumers that call once a second want six calls/s of a shard, which answers five.
#[test]
fn too_many_calls_are_cured_by_longer_intervals() {
    let mut text = "
version: 1
name: calls
duration: 2 min
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 100 records/s }
    record_size: { constant: 200 B }
    partition_key: { random: {} }
consumers:
"
    .to_owned();
    for consumer in 0..6 {
        text.push_str(&format!("  - {{ name: c{consumer}, polling: {{ interval: 1 s }} }}\n"));
    }
    let document = result_of(&text, &["--try-advice"]);
    let throttled: Vec<&Value> =
        findings(&document).iter().filter(|each| each["code"] == "read-throttled").collect();
    assert!(!throttled.is_empty());
    for finding in throttled {
        let set = advised(finding);
        assert!(set.iter().all(|each| each.contains(".polling.interval=")), "{set:?}");
        assert_eq!(set.len(), 6);
        assert_eq!(finding["tried"]["finding_gone"], true, "{set:?}");
    }
}

/// An enhanced fan-out consumer has records after the time of propagation: 70 ms, which is within
/// 100 ms, and twice of which is not.
const ALERTS: &str = "
version: 1
name: alerts
duration: 60 s
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: writer
    client: { put_record: { round_trip: 0 s, retries: { attempts: 1 } } }
    traffic: { constant: 100 records/s }
    arrivals: paced
    record_size: { constant: 99 B }
    partition_key: { single: k }
consumers:
  - name: alerts
    enhanced_fan_out: { round_trip: 10 ms }
objectives: { end_to_end_latency_p99: { consumer: alerts, at_most: 100 ms } }
";

#[test]
fn the_assumption_that_decides_is_ranked_first() {
    let document = result_of(ALERTS, &["--sensitivity"]);
    let answer = &document["sensitivity"];
    assert_eq!(answer["verdict"], "pass");
    assert_eq!(answer["objectives_are_default"], false);
    let margin = answer["margin"].as_f64().unwrap();
    assert!((0.28..=0.31).contains(&margin), "{margin}");
    let rows = answer["assumptions"].as_array().unwrap();
    let first = &rows[0];
    assert_eq!(first["name"], "quotas.enhanced_fan_out_propagation");
    assert_eq!(first["changes_verdict"], true);
    let change = first["margin_change"].as_f64().unwrap();
    assert!((0.68..=0.72).contains(&change), "{change}");
    let verdicts: Vec<&str> = first["alternatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["pass", "fail"]);
    assert!(rows[1..].iter().all(|row| row["changes_verdict"] == false));
    // What the run does not rest on was not tried.
    assert!(rows.iter().all(|row| row["name"] != "quotas.get_records_propagation"));
}

/// Two producers that each send a call of 450 records every two seconds, at the same moment: a rested
/// shard takes the 900 with its burst of 1,000 records, and not with half of it.
#[test]
fn a_burst_rests_on_the_burst_that_a_shard_takes() {
    let mut text = "
version: 1
name: bursts
duration: 60 s
stream: { capacity: { provisioned: { shards: 1 } } }
objectives: { write_throttled: { at_most: 0.1 % } }
producers:
"
    .to_owned();
    for name in ["a", "b"] {
        text.push_str(&format!(
            "  - name: {name}
    client:
      put_records: {{ batch_size: 450, linger: 5 s, round_trip: 0 s, retries: {{ attempts: 1 }} }}
    traffic: {{ constant: 225 records/s }}
    arrivals: paced
    record_size: {{ constant: 99 B }}
    partition_key: {{ single: k }}
"
        ));
    }
    let document = result_of(&text, &["--sensitivity"]);
    let rows = document["sensitivity"]["assumptions"].as_array().unwrap();
    let burst = rows.iter().find(|row| row["name"] == "quotas.shard_write_records_burst").unwrap();
    assert_eq!(document["verdict"], "pass");
    assert_eq!(burst["changes_verdict"], true);
    assert_eq!(burst["alternatives"][0]["verdict"], "fail");
    assert_eq!(burst["alternatives"][1]["verdict"], "pass");
}
