//! Reading: a scenario from a file or standard input, and the files that it names.
//!
//! Nothing is read without a bound, so that a wrong path cannot fill the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::{Failure, reason};
use crate::scenario::{self, Files, Override, Scenario, Source, StreamedFile, Sweep, Variant};

/// Bytes of a scenario that are read: one more than is allowed, so that too much shows.
const SCENARIO_BYTES_READ: u64 = (1 << 20) + 1;
/// Most bytes of a file that a scenario names.
const NAMED_FILE_BYTES_MAX: u64 = 1 << 30;
/// The path that means standard input.
const STANDARD_INPUT: &str = "-";

/// Reads the text of a scenario.
pub(super) fn source(path: &Path) -> Result<Source, Failure> {
    let (name, read) = if path.as_os_str() == STANDARD_INPUT {
        ("<stdin>".to_owned(), read_at_most(io::stdin().lock(), SCENARIO_BYTES_READ))
    } else {
        let file = File::open(path);
        let bytes = file.and_then(|file| read_at_most(file, SCENARIO_BYTES_READ));
        (path.display().to_string(), bytes)
    };
    let bytes = read.map_err(|error| Failure::read(path, &error))?;
    Ok(Source::from_bytes(name, bytes)?)
}

/// The text of a file that the command line names.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let bytes = File::open(path)
        .and_then(|file| read_at_most(file, NAMED_FILE_BYTES_MAX))
        .map_err(|error| Failure::read(path, &error))?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::Read { path: path.to_owned(), reason: "it is not UTF-8".to_owned() })
}

/// The scenario in `source`; files that it names are looked for beside `path`.
pub(super) fn scenario(
    path: &Path,
    source: &Source,
    overrides: &[Override],
) -> Result<Scenario, Failure> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut open = |name: &str| named_file(&folder, name);
    let mut open_stream = |name: &str| streamed_file(&folder, name);
    Ok(scenario::read_streaming(source, overrides, &mut open, &mut open_stream)?)
}

/// A file that may be of any length, and is opened anew each time that it is read.
fn streamed_file(folder: &Path, name: &str) -> Result<StreamedFile, String> {
    let path: PathBuf = folder.join(name);
    let open = move || {
        let in_words = |error: io::Error| io::Error::new(error.kind(), reason(&error));
        let metadata = std::fs::metadata(&path).map_err(in_words)?;
        if metadata.is_dir() {
            return Err(in_words(io::ErrorKind::IsADirectory.into()));
        }
        // A pipe would wait for its writer, and could be read only once.
        if !metadata.is_file() {
            return Err(io::Error::other("it is read more than once, so it must be a plain file"));
        }
        Ok(Box::new(File::open(&path).map_err(in_words)?) as Box<dyn Read + Send>)
    };
    Ok(StreamedFile::new(open))
}

/// The scenario in `source` and its variants; files that it names are looked for beside `path`.
pub(super) fn variants(
    path: &Path,
    source: &Source,
    overrides: &[Override],
) -> Result<Vec<Variant>, Failure> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut open = |name: &str| named_file(&folder, name);
    let mut open_stream = |name: &str| streamed_file(&folder, name);
    let mut files = Files::streaming(&mut open, &mut open_stream);
    Ok(scenario::read_variants(source, overrides, &mut files)?)
}

/// The grid of the scenario in `source`, if it has one.
pub(super) fn sweep(
    path: &Path,
    source: &Source,
    overrides: &[Override],
) -> Result<Option<Sweep>, Failure> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut open = |name: &str| named_file(&folder, name);
    let mut open_stream = |name: &str| streamed_file(&folder, name);
    let mut files = Files::streaming(&mut open, &mut open_stream);
    Ok(scenario::read_sweep(source, overrides, &mut files)?)
}

fn named_file(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let path: PathBuf = folder.join(name);
    let complain = |why: &str| format!("cannot read `{}`: {why}", path.display());
    let bytes = File::open(&path)
        .and_then(|file| read_at_most(file, NAMED_FILE_BYTES_MAX + 1))
        .map_err(|error| complain(&reason(&error)))?;
    if bytes.len() as u64 > NAMED_FILE_BYTES_MAX {
        return Err(complain("it is larger than 1 GiB"));
    }
    Ok(bytes)
}

fn read_at_most(reader: impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_at_the_bound() {
        assert_eq!(read_at_most(io::repeat(7), 10).unwrap().len(), 10);
        assert_eq!(read_at_most(io::Cursor::new([1, 2]), 10).unwrap(), [1, 2]);
    }

    #[test]
    fn a_named_file_is_looked_for_beside_the_scenario() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.csv"), "a,1\n").unwrap();
        assert_eq!(named_file(folder.path(), "keys.csv").unwrap(), b"a,1\n");
        let missing = named_file(folder.path(), "nothing.csv").unwrap_err();
        assert!(missing.ends_with("nothing.csv`: there is no such file or folder"), "{missing}");
        let is_folder = named_file(folder.path(), ".").unwrap_err();
        assert!(is_folder.ends_with("it is a folder, not a file"), "{is_folder}");
    }
}
