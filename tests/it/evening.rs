//! `reshard`: what it plans is what the service would make of it.

use std::fs;
use std::process::Command;

use crate::support::{check_close, result_of};

const SCENARIO: &str = "scenarios/which-splits-even-out-the-service-names.yaml";

fn reshard(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shardplan"));
    let output = command.arg("reshard").args(arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// The timetable of a plan, played: the shards at the end are those of the plan, with its loads.
#[test]
fn a_plan_that_is_played_ends_at_its_shards() {
    let (code, json) = reshard(&[SCENARIO, "--format", "json"]);
    assert_eq!(code, Some(0));
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    let (_, schedule) = reshard(&[SCENARIO, "--format", "schedule"]);
    let steps: Vec<&str> = schedule.lines().skip(1).map(|line| &line[4..]).collect();
    assert_eq!(steps.len(), plan["steps"].as_array().unwrap().len());
    let over = format!("stream.scaling={{ schedule: [ {} ] }}", steps.join(", "));
    let minutes = plan["steps_seconds"].as_f64().unwrap() / 60.0 + 10.0;
    let text = fs::read_to_string(SCENARIO).unwrap();
    let result =
        result_of(&text, &["--set", &over, "--set", &format!("duration={} min", minutes.ceil())]);
    for action in result["scaling"]["actions"].as_array().unwrap() {
        assert_eq!(action["outcome"], "done", "{action}");
    }
    let open: Vec<&serde_json::Value> = result["shards"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|shard| shard["closed_seconds"].is_null())
        .collect();
    let planned = plan["shards"].as_array().unwrap();
    assert_eq!(open.len(), planned.len());
    for shard in planned {
        let played = open.iter().find(|open| open["shard_id"] == shard["shard_id"]).unwrap();
        let peak = played["utilization"]["peak_1min"].as_f64().unwrap();
        check_close("utilization", peak, shard["utilization"].as_f64().unwrap(), 0.05);
    }
}

#[test]
fn a_plan_prints_commands_for_the_command_line_of_aws() {
    let (_, commands) = reshard(&[SCENARIO, "--format", "aws"]);
    let calls: Vec<&str> = commands.lines().filter(|line| line.contains("-shard")).collect();
    assert!(!calls.is_empty());
    for call in calls {
        let is_split = call.contains("split-shard") && call.contains("--new-starting-hash-key ");
        let is_merge = call.contains("merge-shards") && call.contains("--adjacent-shard-to-merge ");
        assert!(is_split || is_merge, "{call}");
    }
}

/// An on-demand stream cannot be split by hand.
#[test]
fn an_on_demand_stream_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shardplan"));
    let over = ["--set", "stream.capacity={ on_demand: {} }"];
    let output = command.arg("reshard").arg(SCENARIO).args(over).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SplitShard"));
}
