//! A report pack: a folder of files that is there whole or not at all.
//!
//! Everything is written to a folder beside the target, brought to the disk, and renamed. A pack
//! that was there is moved aside for the instant of the renaming and comes back when that fails.
//! A folder that holds anything but a pack of ours is never touched.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

use crate::report::{CHART_IDS, DECISION_CHART_IDS};

/// The files of a pack beside its charts; the first one marks a folder as one.
pub(super) const FILES: [&str; 9] = [
    RESULT,
    "report.html",
    "summary.md",
    "summary.txt",
    "series.csv",
    "series.parquet",
    "shards.csv",
    "scenario.yaml",
    "lock.json",
];
/// The usage of the stream for infracost, where there is a bill.
pub(super) const INFRACOST: &str = "infracost-usage.yml";
const RESULT: &str = "result.json";
/// The points of a sweep.
pub(super) const POINTS: &str = "points.csv";
/// The folder of the charts in a pack.
pub(super) const CHARTS: &str = "charts";

/// Where a pack will stand; made before the run, so that a wrong path fails early.
#[derive(Debug)]
pub(super) struct Pack {
    target: PathBuf,
    /// The folder that holds the target.
    parent: PathBuf,
    /// Beside the target, with a name of this process.
    staging: PathBuf,
    /// Where a pack that is replaced stands for an instant.
    aside: PathBuf,
}

impl Pack {
    /// Checks that a pack can be written to `folder`, and leaves nothing behind.
    pub(super) fn prepare(folder: &Path) -> Result<Self, Failure> {
        let fail = |error: &io::Error| Failure::write(folder, error);
        let target = match fs::canonicalize(folder) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::path::absolute(folder).map_err(|error| fail(&error))?
            }
            Err(error) => return Err(fail(&error)),
        };
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(refuse(folder, "it has no name of its own"));
        };
        let (name, process) = (name.to_string_lossy(), std::process::id());
        let parent = parent.to_owned();
        let pack = Self {
            staging: parent.join(format!(".{name}.partial-{process}")),
            aside: parent.join(format!(".{name}.replaced-{process}")),
            parent,
            target,
        };
        refuse_what_is_not_ours(&pack.target)?;
        pack.probe()?;
        Ok(pack)
    }

    /// Tries to make and remove a folder in the nearest folder that exists.
    fn probe(&self) -> Result<(), Failure> {
        let exists = |folder: &&Path| folder.exists();
        let Some(nearest) = self.parent.ancestors().find(exists) else {
            return Err(refuse(&self.target, "no folder on the way to it exists"));
        };
        let name = self.staging.file_name().unwrap_or_default();
        let probe = nearest.join(name);
        fs::create_dir(&probe)
            .and_then(|()| fs::remove_dir(&probe))
            .map_err(|error| Failure::write(&self.target, &error))
    }

    /// Writes `files` and puts them in place, all or none.
    /// A name may lead into the folder of the charts.
    pub(super) fn write(self, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        // The run may have taken hours: what is there now counts.
        refuse_what_is_not_ours(&self.target)?;
        let written = self.stage(files).and_then(|()| self.put_in_place());
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_dir_all(&self.staging);
        }
        written.map_err(|error| Failure::write(&self.target, &error))
    }

    fn stage(&self, files: &[(String, Vec<u8>)]) -> io::Result<()> {
        fs::create_dir_all(&self.parent)?;
        let charts = self.staging.join(CHARTS);
        fs::create_dir(&self.staging)?;
        fs::create_dir(&charts)?;
        for (name, bytes) in files {
            let mut file = File::create_new(self.staging.join(name))?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        sync_folder(&charts)?;
        sync_folder(&self.staging)
    }

    fn put_in_place(&self) -> io::Result<()> {
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &self.aside)?;
        }
        if let Err(error) = fs::rename(&self.staging, &self.target) {
            if replaces {
                fs::rename(&self.aside, &self.target)?;
            }
            return Err(error);
        }
        sync_folder(&self.parent)?;
        if replaces { fs::remove_dir_all(&self.aside) } else { Ok(()) }
    }
}

/// A folder that exists must be empty or a pack and nothing more.
fn refuse_what_is_not_ours(target: &Path) -> Result<(), Failure> {
    if target.is_symlink() && !target.exists() {
        return Err(refuse(target, "it is a link that leads nowhere"));
    }
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(refuse(target, "it is a file, and a pack is a folder"));
        }
        Err(error) => return Err(Failure::write(target, &error)),
    };
    let mut names = names_of(entries).map_err(|error| Failure::write(target, &error))?;
    if names.is_empty() {
        return Ok(());
    }
    if !names.iter().any(|name| name == RESULT) {
        return Err(refuse(
            target,
            "the folder is not empty and has no result.json, so it is not a pack to replace",
        ));
    }
    if names.iter().any(|name| name == CHARTS) {
        names.retain(|name| name != CHARTS);
        let charts = fs::read_dir(target.join(CHARTS)).and_then(names_of);
        let charts = charts.map_err(|error| Failure::write(target, &error))?;
        names.extend(charts.into_iter().map(|name| format!("{CHARTS}/{name}")));
    }
    match names.iter().find(|name| !is_ours(name)) {
        Some(foreign) => Err(refuse(
            target,
            &format!("replacing the pack there would delete `{foreign}`, which is not part of it"),
        )),
        None => Ok(()),
    }
}

/// The names in a folder, sorted.
fn names_of(entries: fs::ReadDir) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    let mut names = entries.map(name).collect::<io::Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

/// Whether a pack has a file of that name.
fn is_ours(name: &str) -> bool {
    let chart = name.strip_prefix(CHARTS).and_then(|name| name.strip_prefix('/'));
    match chart.and_then(|chart| chart.rsplit_once('.')) {
        Some((id, "svg" | "png")) => CHART_IDS.contains(&id) || DECISION_CHART_IDS.contains(&id),
        _ => {
            FILES.contains(&name)
                || name == POINTS
                || name == INFRACOST
                || is_further_scenario(name)
        }
    }
}

/// `scenario-2.yaml` and so on, of several that were compared.
fn is_further_scenario(name: &str) -> bool {
    let number = name.strip_prefix("scenario-").and_then(|name| name.strip_suffix(".yaml"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn refuse(path: &Path, reason: &str) -> Failure {
    Failure::Write { path: path.to_owned(), reason: reason.to_owned() }
}

/// Brings the names in a folder to the disk; elsewhere than on Unix a folder cannot be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Vec<(String, Vec<u8>)> {
        let names = FILES.iter().map(|name| (*name).to_owned());
        let all = names.chain([format!("{CHARTS}/load.svg")]);
        all.map(|name| (name, text.as_bytes().to_vec())).collect()
    }

    fn entries(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_pack_is_written_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("reports/orders");
        Pack::prepare(&target).unwrap().write(&files("one")).unwrap();
        assert_eq!(fs::read_to_string(target.join(RESULT)).unwrap(), "one");
        assert_eq!(entries(&target).len(), FILES.len() + 1);
        assert_eq!(entries(target.parent().unwrap()), ["orders"]);
    }

    #[test]
    fn a_pack_of_ours_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("orders");
        for text in ["one", "two"] {
            Pack::prepare(&target).unwrap().write(&files(text)).unwrap();
        }
        assert_eq!(fs::read_to_string(target.join("summary.txt")).unwrap(), "two");
        assert_eq!(entries(folder.path()), ["orders"]);
    }

    #[test]
    fn preparing_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        Pack::prepare(&folder.path().join("a/b/c")).unwrap();
        assert_eq!(entries(folder.path()), [""; 0]);
    }

    #[test]
    fn what_is_not_ours_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("notes.md");
        fs::write(&notes, "mine").unwrap();
        let reason = |path: &Path| Pack::prepare(path).unwrap_err().render(false);
        assert!(reason(folder.path()).contains("has no result.json"));
        assert!(reason(&notes).contains("it is a file"));
        assert!(reason(&notes.join("below")).contains("cannot write"));
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("nowhere", &link).unwrap();
            assert!(reason(&link).contains("leads nowhere"));
            fs::remove_file(&link).unwrap();
        }
        fs::write(folder.path().join(RESULT), "{}").unwrap();
        assert!(reason(folder.path()).contains("would delete `notes.md`"));
        let pack = folder.path().join("pack");
        Pack::prepare(&pack).unwrap().write(&files("one")).unwrap();
        fs::write(pack.join("charts/mine.svg"), "mine").unwrap();
        assert!(reason(&pack).contains("would delete `charts/mine.svg`"));
        assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    }

    #[test]
    fn what_came_during_the_run_is_not_touched_either() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("orders");
        let pack = Pack::prepare(&target).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join("notes.md"), "mine").unwrap();
        pack.write(&files("one")).unwrap_err();
        assert_eq!(entries(&target), ["notes.md"]);
        assert_eq!(entries(folder.path()), ["orders"]);
    }

    #[test]
    fn an_empty_folder_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("empty");
        fs::create_dir(&target).unwrap();
        Pack::prepare(&target).unwrap().write(&files("one")).unwrap();
        assert_eq!(entries(&target).len(), FILES.len() + 1);
    }
}
