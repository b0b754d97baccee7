//! Standard output and standard error, and what they can show.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use clap::ColorChoice;

use super::failure::Failure;

/// Columns of a report where nobody says how wide the page is.
const COLUMNS_DEFAULT: usize = 100;

/// What this process can print to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    color: ColorChoice,
}

impl Terminal {
    pub(super) const fn new(color: ColorChoice) -> Self {
        Self { color }
    }

    /// Whether standard output gets colour.
    pub(super) fn color_of_output(&self) -> bool {
        self.color_on(io::stdout().is_terminal())
    }

    /// Whether standard error gets colour.
    pub(super) fn color_of_errors(&self) -> bool {
        self.color_on(io::stderr().is_terminal())
    }

    fn color_on(self, is_terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // https://no-color.org
            ColorChoice::Auto => {
                is_terminal
                    && !set("NO_COLOR")
                    && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
            }
        }
    }

    /// Columns of standard output: as `COLUMNS` says, or as wide as the terminal is.
    pub(super) fn columns(self) -> usize {
        let wish = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal = || console::Term::stdout().size_checked();
        wish.filter(|columns| *columns > 0)
            .or_else(|| terminal().map(|(_, columns)| usize::from(columns)))
            .unwrap_or(COLUMNS_DEFAULT)
    }

    /// Writes to standard output; a reader that has gone away is no failure.
    pub(super) fn print(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut output = io::stdout().lock();
        match output.write_all(bytes).and_then(|()| output.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::write(Path::new("standard output"), &error))
            }
            _ => Ok(()),
        }
    }

    /// Writes a message to standard error, with one line feed at its end.
    pub(super) fn complain(self, message: &str) {
        // Where standard error is closed, nobody wants to know.
        let _ = writeln!(io::stderr().lock(), "{}", message.trim_end());
    }
}
