//! `--out` of `size`, `compare` and `sweep`: a pack as `run` writes it, of another answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

const SCENARIO: &str = "\
version: 1
name: decided
question: How many shards do <these> records need?
duration: 40 s
warm_up: 5 s
replications: 3
stream:
  capacity: { provisioned: { shards: 2 } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 2500 records/s }
    arrivals: poisson
    record_size: { constant: 200 B }
    partition_key: { uniform: { keys: 5000 } }
objectives:
  write_throttled: { at_most: 0.1 % }
variants:
  - name: four-shards
    set: { stream.capacity.provisioned.shards: 4 }
sweep:
  stream.capacity.provisioned.shards: [2, 3, 4]
  producers.web.traffic: 1x..2x
";

fn shardplan(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// The files of a pack by their names, the charts among them.
fn pack(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for below in ["", "charts/"] {
        for entry in std::fs::read_dir(folder.join(below)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Writes a pack twice and checks what is in it.
fn check_pack(arguments: &[&str], status: i32, charts: &[&str], further: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("decided.yaml"), SCENARIO).unwrap();
    let all: Vec<&str> = arguments.iter().copied().chain(["--out", "pack"]).collect();
    let output = shardplan(folder.path(), &all);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{errors}");
    assert!(errors.contains("report pack written to pack"), "{errors}");
    let first = pack(&folder.path().join("pack"));
    let usual =
        ["lock.json", "report.html", "result.json", "scenario.yaml", "summary.md", "summary.txt"];
    let mut names: Vec<String> = usual.iter().chain(further).map(|&name| name.to_owned()).collect();
    for chart in charts {
        names.extend([format!("charts/{chart}.png"), format!("charts/{chart}.svg")]);
    }
    names.sort();
    assert_eq!(first.keys().cloned().collect::<Vec<_>>(), names);
    let text = |name: &str| String::from_utf8(first[name].clone()).unwrap();
    assert!(text("report.html").contains("How many shards do &lt;these&gt; records need?"));
    assert!(text("report.html").len() < 2_000_000);
    assert!(text("lock.json").contains(&format!("\"command\": \"{}\"", arguments[0])));
    assert_eq!(text("scenario.yaml"), SCENARIO);
    serde_json::from_str::<serde_json::Value>(&text("result.json")).unwrap();
    // Replaced as a whole, by the same bytes.
    assert_eq!(shardplan(folder.path(), &all).status.code(), Some(status));
    assert_eq!(pack(&folder.path().join("pack")), first);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    // And never where something else is.
    std::fs::write(folder.path().join("pack/notes.md"), "mine").unwrap();
    let refused = shardplan(folder.path(), &all);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("would delete `notes.md`"));
}

#[test]
fn a_size_leaves_a_pack_with_the_plan() {
    check_pack(&["size", "decided.yaml"], 0, &["shard-counts"], &[]);
}

#[test]
fn the_most_load_of_a_capacity_leaves_a_pack() {
    let arguments = ["size", "decided.yaml", "--reverse"];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("decided.yaml"), SCENARIO).unwrap();
    let all: Vec<&str> = arguments.iter().copied().chain(["--out", "pack"]).collect();
    assert_eq!(shardplan(folder.path(), &all).status.code(), Some(0));
    let files = pack(&folder.path().join("pack"));
    assert!(files.contains_key("charts/load-factors.png"));
    assert!(String::from_utf8_lossy(&files["lock.json"]).contains("--reverse"));
}

#[test]
fn a_comparison_leaves_a_pack_with_the_differences() {
    check_pack(&["compare", "decided.yaml"], 0, &["differences"], &[]);
}

#[test]
fn a_sweep_leaves_a_pack_with_the_map_and_the_points() {
    check_pack(&["sweep", "decided.yaml"], 0, &["safety"], &["points.csv"]);
}
