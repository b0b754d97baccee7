//! One integration binary, so that the library is linked once. The topics:
//!
//! - `cli`: arguments, exit codes and messages of the command line, without a run.
//! - `cli_run`: runs from a scenario file to a report.
//! - `language`: the scenario language, from text to scenario.
//! - `language_problems`: what is wrong with a scenario, and where it is shown.
//! - `language_files`: files of keys and of shards that a scenario names.
//! - `language_documentation`: the reference, the schema and the shipped scenarios.
//! - `language_hostile`: texts that try to break the reader or to exhaust it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

mod cli;
mod cli_run;
mod language;
mod language_documentation;
mod language_files;
mod language_hostile;
mod language_problems;
