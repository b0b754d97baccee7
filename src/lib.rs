//! shardplan: a capacity planner and load simulator for Amazon Kinesis Data Streams.
//!
//! Data flows one way through the modules; each imports only from those before it:
//! `scenario`, `model`, `engine`, `metrics`, `analysis`, `report`, `cli`. The vocabulary
//! (`units`, `time`, `quotas`, `random`, `hash_key`) is open to all.

pub mod analysis;
pub mod cli;
pub mod engine;
pub mod hash_key;
pub mod metrics;
pub mod model;
pub mod quotas;
pub mod random;
pub mod report;
pub mod scenario;
pub mod time;
pub mod units;
