//! Policies that scale a stream, and on-demand streams, from a scenario to its result.

use serde_json::Value;
use shardplan::scenario::{self, Override, Source};

use crate::support::result_of;

fn shipped(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.replace("policies/", &format!("{}/policies/", folder.display()))
}

fn actions(result: &Value) -> &[Value] {
    result["scaling"]["actions"].as_array().unwrap()
}

fn codes(result: &Value) -> Vec<&str> {
    let findings = result["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// Its check interval is shorter than the reshard and what it remembers is older.
#[test]
fn the_shipped_policy_file_overshoots_and_a_measured_target_does_not() {
    let text = shipped("does-the-autoscaler-overshoot.yaml");
    let result = result_of(&text, &[]);
    let needed = 8.0;
    assert!(result["scaling"]["shards_max"].as_f64().unwrap() >= 2.0 * needed);
    assert!(result["scaling"]["overshoot_shards_max"].as_u64().unwrap() >= 8);
    assert!(codes(&result).contains(&"policy-overshoots"));
    let first = &actions(&result)[0];
    assert!(first["cause"].as_str().unwrap().starts_with("policy: scaling-utils: PUT above 75 %"));
    assert!(first["landed_at_seconds"].as_f64() > first["at_seconds"].as_f64());

    let target = "stream.scaling.policy={ target_utilization: { target: 60 %, min_shards: 4 } }";
    let result = result_of(&text, &["--set", target]);
    assert!(result["scaling"]["overshoot_shards_max"].as_u64().unwrap() <= 2);
    assert!(!codes(&result).contains(&"policy-overshoots"));
    assert_eq!(result["scaling"]["refused"], 0);
}

/// An alarm that evaluates minutes before its last change doubles twice.
#[test]
fn a_step_alarm_that_does_not_wait_overshoots() {
    let text = shipped("does-the-autoscaler-overshoot.yaml");
    let alarms = |cool_off: &str| {
        format!(
            "stream.scaling.policy={{ step_alarms: {{ alarms: [ {{ utilization_above: 70 %, \
             evaluation_minutes: 5, breaching_minutes: 1, multiply_by: 2, cool_off: {cool_off} }} ] \
             }} }}"
        )
    };
    let hasty = result_of(&text, &["--set", &alarms("0 s")]);
    let patient = result_of(&text, &["--set", &alarms("15 min")]);
    let most = |result: &Value| result["scaling"]["shards_max"].as_u64().unwrap();
    assert!(most(&hasty) >= 2 * most(&patient), "{} and {}", most(&hasty), most(&patient));
}

/// V2: the warm stream never throttles; the standard one throttles at both jumps and recovers.
#[test]
fn warm_throughput_carries_a_ramp_that_a_standard_stream_throttles_at() {
    let text = shipped("does-warm-throughput-carry-a-sudden-ramp.yaml");
    let warm = result_of(&text, &[]);
    assert_eq!(warm["stream"]["write_throttled_records"], 0);
    let standard =
        result_of(&text, &["--set", "stream.capacity={ on_demand: {} }", "--bin", "60 s"]);
    assert_eq!(standard["stream"]["mode"], "on_demand");
    let throttled: Vec<u64> = standard["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["write_throttled_records"].as_u64().unwrap())
        .collect();
    let in_minutes = |from: usize, to: usize| throttled[from..to].iter().sum::<u64>();
    assert!(in_minutes(5, 10) > 100_000, "the first jump");
    assert_eq!(in_minutes(22, 25), 0, "recovered before the second");
    assert!(in_minutes(25, 30) > 0, "the second jump");
    assert_eq!(in_minutes(45, 65), 0, "recovered");
}

/// V1: hardly any throttling without large records, sharply more between 2 and 5 %.
#[test]
fn large_records_throttle_from_two_percent_on() {
    let text = "
version: 1
name: large-records
duration: 10 min
stream: { capacity: { on_demand: {} }, max_record_size: 10 MiB }
producers:
  - name: events
    client: { put_records: {} }
    traffic: { constant: 50 records/s }
    record_size: { table: [ { size: 10 KiB, weight: 100 }, { size: 2 MiB, weight: 0.0001 } ] }
    partition_key: { random: {} }
";
    let ratio = |percent: &str| {
        let set = format!("producers.events.record_size.table.1.weight={percent}");
        let rest = format!(
            "producers.events.record_size.table.0.weight={}",
            100.0 - percent.parse::<f64>().unwrap()
        );
        let result = result_of(text, &["--set", &set, "--set", &rest]);
        result["stream"]["write_throttled_ratio"].as_f64().unwrap()
    };
    let [none, one, two, five] = ["0.0001", "1", "2", "5"].map(ratio);
    assert!(none < 1e-3, "{none}");
    assert!(none <= one && one <= two && two < 0.02, "{none} {one} {two}");
    assert!(five > 5.0 * two && five > 0.1, "{two} {five}");
}

/// Even halves never isolate a hot key.
#[test]
fn an_on_demand_stream_does_not_isolate_a_hot_key() {
    let text = "
version: 1
name: hot-key
duration: 90 min
stream: { capacity: { on_demand: {} } }
producers:
  - name: events
    client: { put_records: { retries: { attempts: 1 } } }
    traffic: { constant: 1500 records/s }
    record_size: { constant: 100 B }
    partition_key: { single: hot }
";
    let result = result_of(text, &["--bin", "10 min"]);
    let rows = result["series"].as_array().unwrap();
    assert!(rows.last().unwrap()["open_shards"].as_u64().unwrap() > 8);
    let last = rows.last().unwrap()["write_throttled_ratio"].as_f64().unwrap();
    assert!((last - 1.0 / 3.0).abs() < 0.02, "a third of 1,500 records/s, for ever: {last}");
    let auto = result_of(text, &["--set", "stream.record_distribution=auto"]);
    assert!(auto["stream"]["write_throttled_ratio"].as_f64().unwrap() < 1e-3);
}

#[test]
fn policies_and_capacities_are_checked() {
    let good = shipped("does-the-autoscaler-overshoot.yaml");
    let problem = |set: &str, code: &str| {
        let source = Source::from_bytes("policy", good.clone().into_bytes()).unwrap();
        let set = Override::parse(set).unwrap();
        let read = scenario::read(&source, &[set], &mut |name| {
            std::fs::read(name).map_err(|error| error.to_string())
        });
        let problems = read.expect_err(code);
        let codes: Vec<&str> = problems.all().iter().map(scenario::Diagnostic::code).collect();
        assert_eq!(codes, [code], "{}", problems.render(false));
    };
    problem("stream.capacity={ on_demand: {} }", "conflict");
    problem(
        "stream.scaling.policy={ step_alarms: { alarms: [ { multiply_by: 2 } ] } }",
        "missing-alternative",
    );
    problem(
        "stream.scaling.policy={ step_alarms: { alarms: [ { throttled_above: 0, add_shards: 1, multiply_by: 2 } ] } }",
        "two-alternatives",
    );
    problem("stream.scaling.policy={ target_utilization: { target: 0 % } }", "out-of-range");
    problem("stream.scaling={ schedule: [ { at: 2 h, update_shard_count: 3 } ] }", "out-of-range");
    problem("stream.scaling={ schedule: [ { at: 2 min } ] }", "missing-alternative");
    problem("stream.scaling.policy.scaling_utils.stream_name=other", "bad-policy-file");
    problem("stream.scaling.policy.scaling_utils.file=nowhere.json", "file-not-readable");
    problem("consumers.lake.polling.child_shards_found_every=0", "out-of-range");
}
