//! The house rules that a compiler does not hold: data flows one way, files stay readable.

use std::fs;
use std::path::{Path, PathBuf};

/// From left to right; a module imports only from those before it, and from the vocabulary.
const ORDER: [&str; 7] = ["scenario", "model", "metrics", "engine", "analysis", "report", "cli"];

/// Open to all; imports only from itself.
const VOCABULARY: [&str; 5] = ["units", "time", "quotas", "random", "hash_key"];

const LONGEST_FILE_LINES: usize = 600;
const LONGEST_MAIN_LINES: usize = 30;

/// One file of `src/`: its path below that folder and its text.
struct SourceFile {
    path: PathBuf,
    text: String,
}

impl SourceFile {
    /// The module of the first level that the file belongs to: `engine` for `engine/lane.rs`.
    fn module(&self) -> String {
        let first = self.path.components().next().unwrap();
        first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
    }

    /// The text without comments, so that a doc may speak of any module.
    fn code(&self) -> String {
        self.text
            .lines()
            .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
            .collect::<Vec<&str>>()
            .join("\n")
    }
}

fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_owned();
                files.push(SourceFile { path, text });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.len() > 5, "the sources were found");
    files
}

/// Modules of the first level that `code` names as `crate::module`, `crate::{module, ...}` or,
/// in the two crate roots, `shardplan::module`.
fn imported_modules(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for root in ["crate::", "shardplan::"] {
        for (position, _) in code.match_indices(root) {
            let before = code[..position].chars().next_back();
            if before.is_some_and(|character| character.is_alphanumeric() || character == '_') {
                continue;
            }
            let rest = &code[position + root.len()..];
            match rest.strip_prefix('{') {
                Some(list) => modules.extend(heads_of_group(list)),
                None => modules.push(leading_name(rest)),
            }
        }
    }
    modules.retain(|module| ORDER.contains(&&**module) || VOCABULARY.contains(&&**module));
    modules
}

fn leading_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// First names of the paths in a group, given the text behind its opening brace.
fn heads_of_group(list: &str) -> Vec<String> {
    let (mut heads, mut depth, mut start) = (Vec::new(), 1, 0);
    for (position, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                heads.push(leading_name(&list[start..position]));
                start = position + 1;
            }
            _ => {}
        }
        if depth == 0 {
            heads.push(leading_name(&list[start..position]));
            break;
        }
    }
    heads
}

/// Whether a file of `module` may name `imported`.
fn may_import(module: &str, imported: &str) -> bool {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    if module == imported || VOCABULARY.contains(&imported) {
        return true;
    }
    match (place(module), place(imported)) {
        (Some(own), Some(other)) => other < own,
        // The crate root declares every module and the binary starts the command line.
        (None, Some(_)) => module == "lib" || (module == "main" && imported == "cli"),
        _ => false,
    }
}

#[test]
fn data_flows_one_way() {
    let mut wrong = Vec::new();
    for file in source_files() {
        for imported in imported_modules(&file.code()) {
            if !may_import(&file.module(), &imported) {
                wrong.push(format!("{}: must not import {imported}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_place_in_the_order() {
    for file in source_files() {
        let module = file.module();
        let known = ORDER.contains(&&*module) || VOCABULARY.contains(&&*module);
        assert!(
            known || module == "lib" || module == "main",
            "{}: add the module to the order in tests/it/layering.rs",
            file.path.display()
        );
    }
}

#[test]
fn every_file_opens_with_its_job() {
    for file in source_files() {
        assert!(file.text.starts_with("//!"), "{} opens with //!", file.path.display());
    }
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    for file in source_files() {
        let lines = file.text.lines().count();
        let most =
            if file.path == Path::new("main.rs") { LONGEST_MAIN_LINES } else { LONGEST_FILE_LINES };
        assert!(lines <= most, "{}: {lines} lines, at most {most}", file.path.display());
    }
}

#[test]
fn imports_are_found_however_they_are_written() {
    let code = "use crate::engine::{Lane, Queue};\nuse crate::{units::Bytes, model::{log, shard}};\n\
                fn f() -> crate::report::Text { mycrate::cli::run() }\nshardplan::cli::main();";
    assert_eq!(imported_modules(code), ["engine", "units", "model", "report", "cli"]);
}

#[test]
fn the_rule_knows_left_from_right() {
    assert!(may_import("engine", "model") && may_import("engine", "metrics"));
    assert!(!may_import("model", "engine") && !may_import("metrics", "engine"));
    assert!(may_import("report", "time") && !may_import("time", "report"));
    assert!(may_import("main", "cli") && !may_import("main", "engine"));
}
