//! Arguments, exit codes and messages of the command line, without a run.

use std::process::{Command, Output, Stdio};

fn shardplan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shardplan")).args(arguments).output().unwrap()
}

fn check_exit(arguments: &[&str], code: i32, message: &str) {
    let output = shardplan(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    assert!(errors.contains(message), "{arguments:?}: {errors}");
}

fn printed(arguments: &[&str]) -> String {
    let output = shardplan(arguments);
    assert!(output.status.success(), "{arguments:?}");
    assert!(output.stderr.is_empty(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bad_usage_is_exit_code_2() {
    check_exit(&[], 2, "Usage: shardplan");
    check_exit(&["frobnicate"], 2, "unrecognized subcommand");
    check_exit(&["check"], 2, "<SCENARIO>");
    check_exit(&["run", "a.yaml", "--format", "xml"], 2, "possible values: text, json");
    check_exit(&["run", "a.yaml", "--bin", "10"], 2, "has no unit");
    check_exit(&["run", "a.yaml", "--bin", "1500ms"], 2, "whole seconds");
    check_exit(&["run", "a.yaml", "--bin", "0 s"], 2, "more than zero");
    check_exit(&["run", "a.yaml", "--window", "1 ns"], 2, "at least 1 ms");
    check_exit(&["run", "a.yaml", "--seed", "-1"], 2, "invalid value '-1' for '--seed <N>'");
}

#[test]
fn help_and_version_are_no_failure() {
    assert!(printed(&["--help"]).contains("Exit codes:"));
    assert!(printed(&["run", "--help"]).contains("--hottest-keys"));
    let version = format!("shardplan {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(printed(&["--version"]), version);
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.yaml");
    let missing = missing.to_str().unwrap();
    for command in ["run", "check"] {
        let message = format!("error: cannot read {missing}: there is no such file or folder");
        check_exit(&[command, missing], 2, &message);
        check_exit(&[command, folder.path().to_str().unwrap()], 2, "it is a folder, not a file");
    }
    let latin = folder.path().join("latin.yaml");
    std::fs::write(&latin, [0x6e, 0xe9, 0x0a]).unwrap();
    check_exit(&["check", latin.to_str().unwrap()], 2, "UTF-8");
}

#[test]
#[cfg(target_os = "linux")]
fn what_never_ends_is_read_as_far_as_it_may_be() {
    check_exit(&["check", "/dev/zero"], 2, "larger than the 1 MiB");
}

#[test]
fn every_file_is_checked_and_the_bad_ones_are_counted() {
    let arguments = ["check", "missing-one.yaml", "missing-two.yaml"];
    check_exit(&arguments, 2, "missing-one.yaml");
    check_exit(&arguments, 2, "missing-two.yaml");
    check_exit(&arguments, 2, "2 files checked, 2 with problems");
}

#[test]
fn templates_are_listed_and_printed() {
    let list = printed(&["init", "--list"]);
    for line in list.lines() {
        let name = line.split_whitespace().next().unwrap();
        assert!(printed(&["init", name]).contains("version: 1"), "{name}");
    }
    assert_eq!(printed(&["init"]), printed(&["init", "starter"]));
    check_exit(&["init", "hotkey"], 2, "did you mean `hot-key`?");
}

#[test]
fn schemas_are_json() {
    for arguments in [&["schema"][..], &["schema", "--result"], &["schema", "--cost"]] {
        let schema: serde_json::Value = serde_json::from_str(&printed(arguments)).unwrap();
        assert!(schema.is_object());
    }
    let result: serde_json::Value =
        serde_json::from_str(&printed(&["schema", "--result"])).unwrap();
    assert_eq!(result["title"], "ResultDocument");
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(&["completions", shell]).contains("completions"), "{shell}");
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["schema", "--result"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["schema", "--result"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors, "error: cannot write standard output: the disk is full\n");
}
