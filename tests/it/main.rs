//! One integration binary; a topic a file.

#![allow(clippy::unwrap_used, reason = "a test that fails here has said why")]

/// Arguments, exit codes and messages of the command line, without a run.
mod cli;
/// Runs from a scenario file to a report.
mod cli_run;
