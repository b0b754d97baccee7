//! `size` on cases with a known answer: the least count is found, and one fewer fails by hand.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::routing::md5_number;
use crate::support::result_of;

/// A stream whose keys are spread evenly, offered 4,500 records/s of 200 B.
const EVEN: &str = "
version: 1
name: even
duration: 3 min
warm_up: 30 s
replications: 2
starts_at: 2026-11-01
stream: { capacity: { provisioned: { shards: 3 } } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 4500 records/s }
    record_size: { constant: 200 B }
    partition_key: { random: {} }
objectives: { write_throttled: { at_most: 0.1 % } }
";

fn size(text: &str, arguments: &[&str], code: i32) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["size", "-", "--format", "json"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The plan is `shards`; run by hand, it passes, and one fewer fails.
#[track_caller]
fn check_least(text: &str, overrides: &[&str], shards: u64) -> Value {
    let sets: Vec<&str> = overrides.iter().flat_map(|set| ["--set", set]).collect();
    let document = size(text, &sets, 0);
    assert_eq!(document["plan"]["shards"], shards, "{}", document["candidates"]);
    for (count, verdict) in [(shards, "pass"), (shards - 1, "fail")] {
        let set = format!("stream.capacity.provisioned.shards={count}");
        let result = result_of(text, &[&sets[..], &["--set", &set]].concat());
        assert_eq!(result["verdict"], verdict, "{count} shards by hand");
    }
    document
}

fn rejection(document: &Value, shards: u64) -> &Value {
    let candidates = document["candidates"].as_array().unwrap();
    &candidates.iter().find(|each| each["shards"] == shards).unwrap()["rejection"]
}

/// ceil(4,500 / 1,000) = 5 by records; of 2,900 B with keys of 36 B,
/// ceil(4,500 * 2,936 / 2^20) = 13 by bytes.
#[test]
fn an_even_load_needs_what_division_says() {
    let document = check_least(EVEN, &[], 5);
    assert_eq!(rejection(&document, 4)["bottleneck"], "write-records");
    let bytes = ["producers.web.record_size.constant=2900 B"];
    let document = check_least(EVEN, &bytes, 13);
    assert_eq!(rejection(&document, 12)["bottleneck"], "write-bytes");
}

/// A consumer of 5 ms a record takes 200 records/s of a shard: 1,500 need eight.
#[test]
fn a_slow_consumer_needs_more_shards_than_the_writes() {
    let text = EVEN.replace(
        "objectives:",
        "consumers:\n  - { name: slow, polling: { processing: { per_record: 5 ms } } }\nobjectives:",
    );
    let text =
        text.replace("write_throttled: { at_most: 0.1 % }", "iterator_age_p99: { at_most: 5 s }");
    let document = check_least(&text, &["producers.web.traffic.constant=1500 records/s"], 8);
    assert_eq!(rejection(&document, 7)["bottleneck"], "processing");
}

fn with_readers(count: usize, interval: &str) -> String {
    let reader = |number| {
        format!(
            "  - {{ name: r{number}, polling: {{ interval: {interval}, max_records: 100 }} }}\n"
        )
    };
    let readers: String = (0..count).map(reader).collect();
    EVEN.replace("objectives:", &format!("consumers:\n{readers}objectives:"))
        .replace("write_throttled: { at_most: 0.1 % }", "iterator_age_p99: { at_most: 8 s }")
}

/// A call a second of 100 records is 100 records/s of a shard: 450 need five.
#[test]
fn calls_that_ask_for_little_need_more_shards() {
    let load = ["producers.web.traffic.constant=450 records/s"];
    let document = check_least(&with_readers(5, "1 s"), &load, 5);
    assert_eq!(rejection(&document, 4)["bottleneck"], "polling");
}

/// Thirty consumers that want five calls a second each share the five that every shard answers: one
/// call in six seconds each,
/// however many shards there are.
#[test]
fn consumers_without_calls_are_not_helped_by_shards() {
    let load = ["--set", "producers.web.traffic.constant=450 records/s", "--max-shards", "40"];
    let document = size(&with_readers(30, "200 ms"), &load, 1);
    assert!(document["plan"].is_null());
    let last = document["candidates"].as_array().unwrap().last().unwrap();
    assert_eq!(last["rejection"]["bottleneck"], "read-calls");
}

/// Five shards are 5 * 730 h * 0.015 USD and 4,500 records/s * 730 h * 0.014 USD a million: 220.30
/// USD. Where that is too much larger counts are not tried, since they cost more.
#[test]
fn a_cost_that_is_too_high_ends_the_search() {
    let cost = |usd: &str| format!("objectives.cost_per_month={{ at_most: {usd} USD }}");
    let region = "region=us-east-1";
    check_least(EVEN, &[region, &cost("224")], 5);
    let document = size(EVEN, &["--set", region, "--set", &cost("216")], 1);
    assert!(document["plan"].is_null());
    let candidates = document["candidates"].as_array().unwrap();
    assert_eq!(candidates.last().unwrap()["shards"], 5);
    let reason = rejection(&document, 5)["reason"].as_str().unwrap();
    assert!(reason.ends_with("more shards cost more."), "{reason}");
}

/// The KPL packs user records of 80 B with keys of 36 B into records of 124 B each: 2.37 MiB/s,
/// three shards by bytes, where 20,000 records would need twenty. A consumer that asks for 200
/// records gets many thousand user records, so that it does not bind.
#[test]
fn an_aggregating_client_is_sized_in_the_records_that_it_makes() {
    let kpl = [
        "producers.web.client={ kpl: {} }",
        "producers.web.traffic={ constant: 20000 records/s }",
        "producers.web.record_size.constant=80 B",
    ];
    check_least(EVEN, &kpl, 3);
    let reader = "consumers=[ { name: lake, polling: { interval: 1 s, max_records: 200 } } ]";
    let age = "objectives.iterator_age_p99={ at_most: 10 s }";
    check_least(EVEN, &[&kpl[..], &[reader, age]].concat(), 3);
}

/// A client that holds back is hardly throttled where it is offered too much: the records wait
/// or are given up. Such a count is no plan, and the answer does not say that it is throttled.
#[test]
fn a_client_that_holds_back_is_sized_for_what_it_is_offered() {
    let set = "producers.web.client={ kafka_connect: {} }";
    let document = size(EVEN, &["--set", set], 0);
    assert_eq!(document["plan"]["shards"], 5);
    let reason = rejection(&document, 4)["reason"].as_str().unwrap();
    assert!(reason.contains("holds back"), "{reason}");
}

/// A function of 5 ms a record does 200 records/s of a shard in one lane, and 2,000 in ten:
/// ceil(2,500 / 200) = 13 shards, or the three that the writes need.
#[test]
fn the_lanes_of_a_function_count() {
    let function = |factor: u32| {
        format!(
            "consumers=[ {{ name: check, lambda: {{ fan_out: enhanced, batch_size: 50, \
             parallelization_factor: {factor}, processing: {{ per_record: 5 ms }} }} }} ]"
        )
    };
    let (one, ten) = (function(1), function(10));
    let rate = "producers.web.traffic.constant=2500 records/s";
    let age = "objectives.iterator_age_p99={ at_most: 3 s }";
    let document = check_least(EVEN, &[rate, &one, age], 13);
    assert_eq!(rejection(&document, 12)["bottleneck"], "processing");
    check_least(EVEN, &[rate, &ten, age], 3);
}

/// Two keys of 600 records/s each: together too much for one shard, and the count is the first one
/// that tells them apart.
#[test]
fn two_hot_keys_on_one_shard_are_told_apart() {
    let text = EVEN.replace("constant: 4500", "constant: 1200").replace(
        "random: {}",
        "weighted: [ { key: acme, weight: 1 }, { key: initech, weight: 1 } ]",
    );
    let shard = |key: &str, shards: u128| {
        let hash = md5_number(key.as_bytes());
        let low = ((hash & u128::from(u64::MAX)) * shards) >> 64;
        ((hash >> 64) * shards + low) >> 64
    };
    let apart = (2..).find(|shards| shard("acme", *shards) != shard("initech", *shards)).unwrap();
    let document = check_least(&text, &[], apart as u64);
    assert_eq!(document["key_names"]["kind"], "real");
}

#[test]
fn a_key_beyond_a_shard_is_refused_at_once_with_the_salt_that_works() {
    let text =
        EVEN.replace("constant: 4500", "constant: 2400").replace("random: {}", "single: acme");
    let document = size(&text, &[], 1);
    let refusal = &document["no_shard_count"];
    assert!(document["plan"].is_null());
    assert_eq!(refusal["key"], "acme");
    assert_eq!(refusal["shard_takes_records_per_second"], 1000.0);
    let salt = &refusal["smallest_salt"];
    assert_eq!(salt["buckets"], 3);
    let run = |salt: u64, shards: u64| {
        let salt = format!("producers.web.partition_key.salt={salt}");
        let shards = format!("stream.capacity.provisioned.shards={shards}");
        result_of(&text, &["--set", &salt, "--set", &shards])["verdict"].clone()
    };
    assert_eq!(run(3, salt["shards"].as_u64().unwrap()), "pass");
    assert_eq!(run(2, 50), "fail");
}

/// Names that are made up are tried with others too, so the plan may be larger than they need.
#[test]
fn made_up_names_are_sized_for_others_too() {
    let keys = "zipf: { keys: 500, exponent: 0.8, format: \"tenant-{n}\" }";
    let text = EVEN.replace("random: {}", keys);
    let document = size(&text, &[], 0);
    assert_eq!(document["key_names"]["kind"], "generated");
    assert_eq!(document["key_names"]["draws"], 200);
    let plan = document["plan"]["shards"].as_u64().unwrap();
    assert!(document["shards_as_written"].as_u64().unwrap() <= plan);
    let chosen =
        document["candidates"].as_array().unwrap().iter().find(|each| each["shards"] == plan);
    assert!(chosen.unwrap()["hottest_over_mean_p95"].as_f64().unwrap() > 1.0);
}

/// Five shards carry 5,000 records/s: 1.11 times the load, less what chance takes. At 1 % a month
/// that is ln(1.11) / ln(1.01) = 10 months after November 2026.
#[test]
fn the_most_load_and_the_month_in_which_it_is_reached() {
    let five = "stream.capacity.provisioned.shards=5";
    let document = size(EVEN, &["--reverse", "--set", five, "--growth", "1 %"], 0);
    let factor = document["load_factor"].as_f64().unwrap();
    assert!((1.04..=1.13).contains(&factor), "{factor}");
    let months = document["headroom"]["months"].as_f64().unwrap();
    assert!((months - factor.ln() / 1.01_f64.ln()).abs() < 1e-9);
    let runs_out = document["headroom"]["runs_out"].as_str().unwrap().to_owned();
    assert!(("2027-02".."2027-12").contains(&runs_out.as_str()), "{runs_out}");
}

#[test]
fn a_scenario_without_objectives_gets_the_default_ones() {
    let text = EVEN.replace("objectives: { write_throttled: { at_most: 0.1 % } }", "");
    let document = size(&text, &[], 0);
    assert_eq!(document["objectives_are_default"], true);
    assert_eq!(document["objectives"][0], "write_throttled at most 0.1 %");
    assert_eq!(document["plan"]["shards"], 5);
}
