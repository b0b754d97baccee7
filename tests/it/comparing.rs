//! `compare` and `sweep`: variants meet the same records, and a grid is every combination.

use std::process::{Command, Output};

use serde_json::Value;
use shardplan::scenario::{Files, Source, read, read_sweep, read_variants};

use crate::language::GOOD;

fn shardplan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shardplan")).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = shardplan(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const KEYS: &str = "scenarios/which-partition-key-do-the-clicks-of-large-shops-need.yaml";

/// replications with common random numbers / replications without, for the same half-width
/// = Var(variant - baseline) / (Var(variant) + Var(baseline)) <= 1/4.
#[test]
fn common_random_numbers_need_a_quarter_of_the_replications_at_most() {
    let document = json(&["compare", KEYS]);
    let figure = |name: &str| -> Vec<Value> {
        let figures = document["figures"].as_array().unwrap();
        let figure = figures.iter().find(|figure| figure["name"] == name).unwrap();
        figure["variants"].as_array().unwrap().clone()
    };
    for name in ["stream.write_throttled_ratio", "stream.given_up_ratio", "stream.incoming_records"]
    {
        for variant in &figure(name)[1..] {
            let ratio = variant["difference"]["replications_needed_ratio"].as_f64().unwrap();
            assert!(ratio <= 0.25, "{name}: {ratio}");
        }
    }
    assert_eq!(document["winner"]["name"], "shop-and-customer");
    let needed = |index: usize| document["variants"][index]["shards_needed"].as_u64().unwrap();
    assert!(needed(0) > needed(1) && needed(1) >= needed(2));
}

/// The same by hand: the variant under seeds of its own, against the half-width of the pairs.
#[test]
fn independent_runs_are_as_wide_as_the_comparison_says() {
    let ratios = |seed: &str, set: &str| -> Vec<f64> {
        let arguments =
            ["run", KEYS, "--seed", seed, "--replications", "16", "--set", "duration=4 min"];
        let output = shardplan(&[&arguments[..], &["--set", set, "--format", "json"]].concat());
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let values = result["objectives"][0]["values"].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let variance = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        squares / (values.len() as f64 - 1.0)
    };
    let salt = "producers.clicks.partition_key.salt=4";
    let (baseline, salted) = (ratios("3", "name=a"), ratios("3", salt));
    let elsewhere = ratios("4", salt);
    let paired: Vec<f64> = baseline.iter().zip(&salted).map(|(a, b)| b - a).collect();
    let independent: Vec<f64> = baseline.iter().zip(&elsewhere).map(|(a, b)| b - a).collect();
    assert!(4.0 * variance(&paired) <= variance(&independent));
}

fn source(text: &str) -> Source {
    Source { name: "test.yaml".to_owned(), text: text.to_owned() }
}

#[test]
fn a_variant_is_the_scenario_with_its_values_and_no_part_of_its_digest() {
    let text = format!(
        "{GOOD}\nvariants:\n  - name: more\n    set: {{ stream.capacity.provisioned.shards: 9 }}\n"
    );
    let mut open =
        |name: &str| std::fs::read(format!("scenarios/{name}")).map_err(|e| e.to_string());
    let variants = read_variants(&source(&text), &[], &mut Files::new(&mut open)).unwrap();
    let plain = read(&source(GOOD), &[], &mut open).unwrap();
    assert_eq!(variants[0].name, "baseline");
    assert_eq!(variants[0].scenario.digest, plain.digest);
    assert_eq!(variants[1].changes, ["stream.capacity.provisioned.shards=9"]);
    assert_eq!(variants[1].scenario.stream.shards.len(), 9);
}

#[track_caller]
fn check_problem(more: &str, code: &str, marked: &str) {
    let text = format!("{GOOD}\n{more}");
    let mut open =
        |name: &str| std::fs::read(format!("scenarios/{name}")).map_err(|e| e.to_string());
    let mut found = Vec::new();
    if let Err(problems) = read_variants(&source(&text), &[], &mut Files::new(&mut open)) {
        found.extend(problems.all().iter().map(|p| (p.code(), p.marked().to_owned())));
    }
    if let Err(problems) = read_sweep(&source(&text), &[], &mut Files::new(&mut open)) {
        found.extend(problems.all().iter().map(|p| (p.code(), p.marked().to_owned())));
    }
    assert!(found.contains(&(code, marked.to_owned())), "{found:?}");
}

#[test]
fn what_is_wrong_with_a_variant_or_a_grid_is_shown_where_it_stands() {
    let variant = |set: &str| format!("variants: [ {{ name: v, set: {{ {set} }} }} ]");
    check_problem(&variant("stream.capacity.provisioned.shards: many"), "wrong-type", "many");
    check_problem(&variant("stream.capacty: 3"), "unknown-key", "stream.capacty");
    check_problem(&variant("producers.nobody.salt: 3"), "unknown-element", "producers.nobody.salt");
    check_problem(
        "variants: [ { name: baseline, set: { seed: 2 } } ]",
        "duplicate-name",
        "baseline",
    );
    check_problem("variants: []", "too-few", "variants");
    check_problem("sweep: { seed: 3 }", "bad-sweep", "3");
    check_problem("sweep: { question: 1x..3x }", "bad-sweep", "1x..3x");
    check_problem("sweep: { seed: [1, two] }", "wrong-type", "two");
}

/// 4 x 5 points in the order of the file, the last path quickest; load grows along it.
#[test]
fn a_grid_is_every_combination() {
    let path = "scenarios/how-much-growth-do-more-shards-carry.yaml";
    let document = json(&["sweep", path, "--set", "duration=1 min", "--replications", "1"]);
    let points = document["points"].as_array().unwrap();
    assert_eq!(points.len(), 20);
    assert_eq!(points[1]["values"], serde_json::json!(["4", "1.5x"]));
    for row in points.chunks(5) {
        let load: Vec<f64> = row
            .iter()
            .map(|point| point["generated_records_per_second"].as_f64().unwrap())
            .collect();
        assert!(load.windows(2).all(|pair| pair[0] < pair[1]));
        assert!((load[4] / load[0] - 3.0).abs() < 0.1);
    }
    let arguments =
        ["sweep", path, "--set", "duration=1 min", "--replications", "1", "--format", "csv"];
    let csv = String::from_utf8(shardplan(&arguments).stdout).unwrap();
    assert_eq!(csv.lines().count(), 21);
}

#[test]
fn nothing_to_compare_and_no_grid_are_bad_usage() {
    for command in ["compare", "sweep"] {
        let output = shardplan(&[command, "scenarios/orders-cdc.yaml"]);
        assert_eq!(output.status.code(), Some(2), "{command}");
    }
}
