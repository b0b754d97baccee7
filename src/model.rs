//! The parts of a stream and its clients, each on its own.
//!
//! A part takes `now` and an input and returns a decision. It holds no clock, schedules nothing
//! and knows no other part. Behind this door: `token_bucket`, `write_limit` and `read_limit` (what
//! a shard lets through), `backoff` (when a producer tries again), `traffic`, `record_size` and
//! `partition_key` (what a producer comes up with), `billing` (how a record counts on a bill),
//! `lineage` (shards that split and merge), `capacity` (which calls change them, and when) and
//! `autoscaling` (who makes them).

pub mod aggregation;
pub mod autoscaling;
pub mod backoff;
pub mod billing;
pub mod capacity;
pub mod lineage;
pub mod partition_key;
pub mod read_limit;
pub mod record_size;
pub mod token_bucket;
pub mod traffic;
pub mod write_limit;
