//! The committed packs are what the tool writes today, to the byte.
//!
//! `SHARDPLAN_GALLERY=write cargo test --test it gallery` writes them anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The scenarios whose packs are committed.
const GALLERY: [&str; 5] = [
    "orders-cdc",
    "does-one-hot-key-throttle-the-stream",
    "does-a-third-polling-consumer-still-fit",
    "when-does-a-slow-consumer-fall-behind",
    "does-the-autoscaler-overshoot",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder with its bytes, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn write(name: &str, out: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .current_dir(root())
        .args(["run", &format!("scenarios/{name}.yaml"), "--out"])
        .arg(out)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {errors}");
}

#[test]
fn the_committed_packs_are_what_the_tool_writes_today() {
    let writes = std::env::var_os("SHARDPLAN_GALLERY").is_some_and(|value| value == "write");
    for name in GALLERY {
        let committed = root().join("reports").join(name);
        if writes {
            write(name, &committed);
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join(name);
        write(name, &fresh);
        let (fresh, committed) = (files(&fresh), files(&committed));
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&fresh), names(&committed), "{name}");
        let other: Vec<&PathBuf> =
            fresh.keys().filter(|file| fresh[*file] != committed[*file]).collect();
        assert!(other.is_empty(), "{name}: {other:?} differ; see the head of this test");
    }
}

#[test]
fn a_page_stays_small() {
    for name in GALLERY {
        let page = root().join("reports").join(name).join("report.html");
        let bytes = std::fs::metadata(page).unwrap().len();
        assert!(bytes < 2_000_000, "{name}: {bytes} bytes");
    }
}
