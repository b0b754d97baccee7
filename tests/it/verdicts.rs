//! Verdicts of the command line: any figure, replications until clear, JUnit, and warnings.

use std::process::{Command, Output};

use serde_json::Value;

/// One shard without much of a burst, which a Poisson load of its limit meets now and then, so that
/// few replications decide little.
const NEARLY_FULL: &str = "
version: 1
name: nearly-full
duration: 60 s
warm_up: 10 s
replications: 2
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: web
    client: { put_record: { retries: { attempts: 1 } } }
    traffic: { constant: 1000 records/s }
    record_size: { constant: 100 B }
    partition_key: { single: k }
quotas: { shard_write_records_burst: 10 records }
";

fn shardplan(text: &str, arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.yaml");
    std::fs::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .arg(arguments[0])
        .arg(&path)
        .args(&arguments[1..])
        .current_dir(folder.path())
        .output()
        .unwrap();
    (output, folder)
}

#[test]
fn an_objective_bounds_any_figure_and_a_share_of_time() {
    let figures = "objectives:\n  figures:\n    \
        - { figure: stream.cloudwatch.minutes_with_throttling_ratio, at_most: 0.5 }\n    \
        - { figure: shards.shardId-000000000000.utilization.mean, at_most: 2 }\n";
    let text = format!("{NEARLY_FULL}{figures}").replace("1000 records", "1500 records");
    let (output, _folder) = shardplan(&text, &["run", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let objectives = result["objectives"].as_array().unwrap();
    assert_eq!(objectives[0]["value"], 1.0);
    assert_eq!(objectives[0]["verdict"], "fail");
    assert_eq!(objectives[1]["verdict"], "pass");
    assert_eq!(objectives[1]["unit"], "ratio");
}

#[test]
fn a_figure_that_the_result_does_not_have_is_refused_before_the_run() {
    let text = format!(
        "{NEARLY_FULL}objectives: {{ figures: [ {{ figure: stream.typo, at_most: 1 }} ] }}\n"
    );
    let (output, _folder) = shardplan(&text, &["run"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("figure `stream.typo`: the result has no figure `typo`"), "{errors}");
    let (output, _folder) = shardplan(&text, &["check"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("warning[unknown-figure]"));
}

/// More replications are the same ones and some more, and they end at a clear verdict or the limit.
#[test]
fn replications_are_added_until_the_verdict_is_clear() {
    let run = |more: &[&str]| -> Value {
        let text =
            format!("{NEARLY_FULL}objectives: {{ write_throttled: {{ at_most: 4.8 % }} }}\n");
        let (output, _folder) = shardplan(&text, &[&["run", "--format", "json"], more].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let many = run(&["--replications", "32"]);
    let added = run(&["--max-replications", "32"]);
    let count = added["replications"].as_u64().unwrap() as usize;
    let values = |result: &Value| result["objectives"][0]["values"].as_array().unwrap().clone();
    assert_eq!(values(&added), values(&many)[..count]);
    assert!(count == 32 || added["verdict"] != "inconclusive", "{count}");
    assert!(count >= 3);
    let limited = run(&["--max-replications", "1"]);
    assert_eq!(limited["replications"], 1);
}

#[test]
fn junit_has_a_case_for_each_objective() {
    let text = format!(
        "{NEARLY_FULL}objectives: {{ write_throttled: {{ at_most: 0 }}, given_up: {{ at_most: 100 % }} }}\n"
    );
    let (output, folder) = shardplan(&text, &["run", "--junit", "out.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let xml = std::fs::read_to_string(folder.path().join("out.xml")).unwrap();
    assert_eq!(xml.matches("<testcase").count(), 2);
    assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\""), "{xml}");
    let (output, _folder) = shardplan(&text, &["run", "--junit", "no/such/out.xml"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_warns_and_does_not_fail() {
    let text =
        NEARLY_FULL.replace("shards: 1", "shards: 4").replace("1000 records", "1200 records");
    let (output, _folder) = shardplan(&text, &["check"]);
    assert_eq!(output.status.code(), Some(0));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    for code in ["fewer-keys-than-shards", "key-beyond-a-shard"] {
        assert!(errors.contains(&format!("warning[{code}]")), "{errors}");
    }
}
