//! How a command can end: its outcomes, its failures and their exit codes.
//!
//! Bad input is a list of diagnostics that the scenario module renders; trouble with the
//! environment names the path and the reason. A broken invariant is neither: it panics, and
//! `defect` reports it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::analysis::Verdict;
use crate::scenario::{Diagnostics, TraceError};
use crate::time::Span;

/// The end of a command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done; whatever was asked is met.
    Done,
    /// An objective was missed.
    Missed,
    /// An objective can neither be called met nor missed.
    Inconclusive,
    /// The input is bad, and that has been said.
    BadInput,
}

impl Outcome {
    pub(super) const fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass | Verdict::None => Self::Done,
            Verdict::Fail => Self::Missed,
            Verdict::Inconclusive => Self::Inconclusive,
        }
    }

    pub(super) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Missed => 1,
            Self::BadInput => 2,
            Self::Inconclusive => 3,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// A scenario, an override or a file that it names is wrong.
    Scenario(Diagnostics),
    /// A file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file or folder cannot be written.
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A trace cannot be replayed to its end.
    Trace(TraceError),
    /// The arguments make no sense together.
    Usage(String),
    /// Ctrl-C.
    Interrupted {
        /// Simulated time behind, over all replications.
        simulated: Span,
        /// Simulated time of the whole run.
        total: Span,
    },
}

impl Failure {
    /// A file that cannot be read.
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.to_owned(), reason: reason(error) }
    }

    /// A file or folder that cannot be written.
    pub(super) fn write(path: &Path, error: &io::Error) -> Self {
        Self::Write { path: path.to_owned(), reason: reason(error) }
    }

    /// The message for standard error.
    pub(super) fn render(&self, color: bool) -> String {
        let message = match self {
            Self::Scenario(diagnostics) => return diagnostics.render(color),
            Self::Read { path, reason } => format!("cannot read {}: {reason}", path.display()),
            Self::Write { path, reason } => format!("cannot write {}: {reason}", path.display()),
            Self::Usage(message) => message.clone(),
            Self::Trace(error) => format!("{error}; nothing was written"),
            Self::Interrupted { simulated, total } => {
                let seconds = |span: Span| crate::analysis::number::seconds(span.as_seconds());
                return format!(
                    "interrupted at {} of {} of simulated time; nothing was written",
                    seconds(*simulated),
                    seconds(*total)
                );
            }
        };
        if color {
            format!("\u{1b}[1;31merror\u{1b}[0m: {message}")
        } else {
            format!("error: {message}")
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Scenario(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Trace(_)
            | Self::Usage(_) => 2,
            Self::Interrupted { .. } => 130,
        })
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Scenario(diagnostics)
    }
}

/// The reason of an input or output error in plain words.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_path_and_the_reason() {
        let missing = io::Error::from(io::ErrorKind::NotFound);
        let failure = Failure::read(Path::new("a/b.yaml"), &missing);
        assert_eq!(
            failure.render(false),
            "error: cannot read a/b.yaml: there is no such file or folder"
        );
    }

    #[test]
    fn an_interruption_says_how_far_the_run_was() {
        let failure = Failure::Interrupted {
            simulated: Span::from_seconds(312),
            total: Span::from_seconds(7_200),
        };
        assert_eq!(
            failure.render(true),
            "interrupted at 5.2 min of 2 h of simulated time; nothing was written"
        );
    }
}
