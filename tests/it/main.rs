//! One integration binary; each topic is a module.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

// The house: which module may import which, and the shape of source files.
mod layering;

// What queueing theory says about the simplest streams.
mod closed_form;

// Programs and tables that know nothing of shardplan, and agree with each other.
mod oracles;

// The engine against those accounts.
mod independent;
