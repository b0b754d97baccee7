//! Runs from a scenario file to a report.

use std::path::Path;
use std::process::{Command, Output};

const SCENARIO: &str = "\
version: 1
name: small
duration: 30 s
stream:
  capacity: { provisioned: { shards: 2 } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 500 records/s }
    record_size: { constant: 200 B }
    partition_key: { uniform: { keys: 1000 } }
consumers:
  - { name: archive, polling: { interval: 1 s } }
objectives:
  write_throttled: { at_most: 0.1 % }
";

/// A folder with the scenario in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.yaml"), SCENARIO).unwrap();
    folder
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn check_run(folder: &Path, arguments: &[&str], code: i32, message: &str) -> String {
    let output = run_in(folder, arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    assert!(errors.contains(message), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_objective_that_is_met_is_exit_code_0_and_one_that_is_missed_is_1() {
    let folder = folder();
    let text = check_run(folder.path(), &["run", "small.yaml"], 0, "");
    assert!(text.contains("PASS  1 objective met"), "{text}");
    let faster = "producers.web.traffic.constant=9000 records/s";
    let text = check_run(folder.path(), &["run", "small.yaml", "--set", faster], 1, "");
    assert!(text.contains("FAIL  1 of 1 objective missed"), "{text}");
    assert!(text.contains(faster), "what was replaced is told: {text}");
}

#[test]
fn json_is_one_document_and_nothing_else() {
    let folder = folder();
    let arguments = ["run", "small.yaml", "--format", "json", "--seed", "9", "--replications", "3"];
    let document: serde_json::Value =
        serde_json::from_str(&check_run(folder.path(), &arguments, 0, "")).unwrap();
    assert_eq!(document["seed"], 9);
    assert_eq!(document["replications"], 3);
    assert_eq!(document["series"].as_array().unwrap().len(), 30);
    assert_eq!(document["objectives"][0]["ci95"].as_array().unwrap().len(), 2);
    let holds = |row: &serde_json::Value| row["holds"] == true;
    assert!(document["accounting"].as_array().unwrap().iter().all(holds));
}

#[test]
fn a_pack_is_the_same_to_the_byte_and_replaced_as_a_whole() {
    let folder = folder();
    let files = [
        "result.json",
        "summary.txt",
        "series.csv",
        "shards.csv",
        "scenario.yaml",
        "report.html",
        "summary.md",
        "series.parquet",
        "lock.json",
        "charts/load.svg",
        "charts/iterator-age.png",
    ];
    let read =
        |out: &str| files.map(|name| std::fs::read(folder.path().join(out).join(name)).unwrap());
    for out in ["one", "two", "one"] {
        let message = format!("report pack written to {out}");
        check_run(folder.path(), &["run", "small.yaml", "--out", out], 0, &message);
    }
    assert_eq!(read("one"), read("two"));
    assert_eq!(read("one")[4], SCENARIO.as_bytes());
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["one", "small.yaml", "two"], "nothing is left beside the packs");
}

#[test]
fn a_folder_of_someone_else_is_refused_before_the_run() {
    let folder = folder();
    // A day of simulated time: were it run, the test would not end.
    let arguments = ["run", "small.yaml", "--set", "duration=300 d", "--out", "."];
    check_run(folder.path(), &arguments, 2, "has no result.json");
    let arguments = ["run", "small.yaml", "--set", "duration=300 d", "--out", "small.yaml"];
    check_run(folder.path(), &arguments, 2, "it is a file");
    let arguments = ["run", "small.yaml", "--set", "duration=300 d", "--out", "x"];
    let shards = ["--bin", "1 min", "--set", "stream.capacity.provisioned.shards=100"];
    let arguments = [&arguments[..], &shards].concat();
    check_run(folder.path(), &arguments, 2, "43,200,000 rows of shards.csv");
}

#[test]
fn a_row_finer_than_a_long_run_keeps_is_refused_before_the_run() {
    let folder = folder();
    for (duration, bin, step) in [("300 d", "10 s", "1 min"), ("3 d", "1 s", "10 s")] {
        let duration = format!("duration={duration}");
        let arguments = ["run", "small.yaml", "--set", &duration, "--bin", bin];
        check_run(folder.path(), &arguments, 2, &format!("keeps its series in steps of {step};"));
    }
}

#[test]
fn a_scenario_comes_from_standard_input_as_well() {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SCENARIO.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("-: ok, small: 2 shards, 1 producer, 1 consumer, 30 s"), "{text}");
}

#[test]
fn the_width_of_the_page_is_that_of_columns() {
    let folder = folder();
    for columns in [80, 100, 120] {
        let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
            .current_dir(folder.path())
            .args(["run", "small.yaml"])
            .env("COLUMNS", columns.to_string())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns && widest > columns - 15, "{widest} of {columns}");
    }
}

#[test]
fn every_template_runs() {
    let folder = folder();
    for name in ["starter", "hot-key", "shared-readers"] {
        let text = run_in(folder.path(), &["init", name]).stdout;
        std::fs::write(folder.path().join("template.yaml"), text).unwrap();
        let arguments = ["run", "template.yaml", "--set", "duration=2 min"];
        let code = run_in(folder.path(), &arguments).status.code();
        assert!(matches!(code, Some(0 | 1)), "{name}: {code:?}");
    }
}

#[test]
#[cfg(unix)]
fn control_c_ends_the_run_and_writes_nothing() {
    let folder = folder();
    let child = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .current_dir(folder.path())
        .args(["run", "small.yaml", "--set", "duration=300 d", "--out", "out"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{errors}");
    assert!(errors.contains("nothing was written"), "{errors}");
    assert!(!folder.path().join("out").exists());
}
