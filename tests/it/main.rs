//! One integration binary, so that the library is linked once. The topics:
//!
//! - `language`: the scenario language, its diagnostics, its documentation and its schema.
//! - `language_hostile`: texts that try to break the reader or to exhaust it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

mod language;
mod language_hostile;
