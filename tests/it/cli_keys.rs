//! `keys` from a file and from a pipe, against an MD5 of our own.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::routing::md5_number;

fn keys(input: &str, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["keys", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments may be gone before it has read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn answer(input: &str, arguments: &[&str]) -> Value {
    let output = keys(input, &[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The share of the hottest of so many shards, key by key.
fn hottest_share(keys: &[(String, f64)], shards: u128) -> f64 {
    let mut sums = vec![0.0; shards as usize];
    for (key, count) in keys {
        // floor(hash * N / 2^128) by halves: created ranges begin at floor(i * 2^128 / N).
        let hash = md5_number(key.as_bytes());
        let upper = (hash >> 64) * shards + (((hash & u128::from(u64::MAX)) * shards) >> 64);
        sums[(upper >> 64) as usize] += count;
    }
    let total: f64 = sums.iter().sum();
    sums.into_iter().fold(0.0, f64::max) / total
}

fn skewed() -> Vec<(String, f64)> {
    (1..=3_000)
        .map(|rank| (format!("tenant-{rank}"), (60_000.0_f64 / f64::from(rank)).ceil()))
        .collect()
}

/// The least count whose hottest shard stays within 1,000 records/s, and every larger one up to
/// twice that which does not, are those of an account of our own.
#[test]
fn a_real_list_is_sized_as_hashing_it_by_hand_says() {
    let keys = skewed();
    let text: String = keys.iter().map(|(key, count)| format!("{key},{count}\n")).collect();
    let document = answer(&text, &["--shards", "8,16,32", "--traffic", "7000 records/s"]);
    for spread in document["spreads"].as_array().unwrap() {
        let shards = u128::from(spread["shards"].as_u64().unwrap());
        let expected = hottest_share(&keys, shards);
        let found = spread["hottest_share"].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-12, "{shards}: {found} against {expected}");
    }
    let fits = |shards: u128| hottest_share(&keys, shards) * 7_000.0 <= 1_000.0;
    let least = (7..).find(|shards| fits(*shards)).unwrap();
    assert_eq!(document["best"]["shards"].as_u64().map(u128::from), Some(least));
    let failing: Vec<u128> = (least + 1..=2 * least).filter(|shards| !fits(*shards)).collect();
    let named = document["best"]["larger_counts_that_fail"].as_array().unwrap();
    let named: Vec<u128> = named.iter().map(|count| u128::from(count.as_u64().unwrap())).collect();
    assert_eq!(named, failing);
}

#[test]
fn one_key_a_line_with_repetitions_is_the_same_as_counts() {
    let keys: Vec<(String, f64)> =
        skewed().into_iter().map(|(key, count)| (key, (count / 100.0).ceil())).collect();
    let counted: String = keys.iter().map(|(key, count)| format!("{key}\t{count}\n")).collect();
    let mut repeated = String::new();
    for (key, count) in &keys {
        (0..*count as u64).for_each(|_| repeated.push_str(&format!("{key}\n")));
    }
    let (one, other) =
        (answer(&counted, &["--shards", "12"]), answer(&repeated, &["--shards", "12"]));
    assert_eq!(one["spreads"], other["spreads"]);
    assert_eq!(one["concentration"], other["concentration"]);
}

#[test]
fn a_live_stream_is_taken_from_list_shards() {
    let shards = "scenarios/imports/clickstream-list-shards.json";
    let document = answer("a\nb\nc\n", &["--list-shards", shards]);
    assert_eq!(document["spreads"][0]["ranges"], "list-shards");
    let output = keys("a\n", &["--list-shards", "Cargo.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("aws kinesis list-shards"), "{errors}");
}

#[test]
fn bad_input_says_where_and_ends_with_code_2() {
    for (input, arguments, what) in [
        ("a,1\nb,x\nc,2\n", &["--shards", "4", "--delimiter", ","][..], "line 2 has the count `x`"),
        ("", &["--shards", "4"], "no key with a positive count"),
        ("a\n", &["--shards", "0"], "0 is not in 1..=20000"),
        ("a\n", &[], "--shards"),
        ("k,n\na,1\n", &["--shards", "4", "--key-column", "key"], "its columns are k, n"),
    ] {
        let output = keys(input, arguments);
        assert_eq!(output.status.code(), Some(2), "{input:?}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains(what), "{errors}");
    }
}
