//! Applications that read with a library of their own, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FanOut, Processing};
use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::{ByteRate, Records};

/// An application of the Kinesis Client Library.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Kcl {
    /// Version, 2 or 3; default 3. It decides how leases are spread and taken over.
    #[schemars(range(min = 2, max = 3))]
    pub(in crate::scenario) version: Option<u8>,
    /// How it reads; default `enhanced`, as in the library.
    pub(in crate::scenario) fan_out: Option<FanOut>,
    /// Workers that share the shards, 1 to 10,000; default 1.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::scenario) workers: Option<u32>,
    /// Polling: from an answer to the next call, at least 200 ms; default `1500 ms`.
    pub(in crate::scenario) idle_time: Option<Written<Span>>,
    /// Polling: most records that a call asks for; default 10000.
    pub(in crate::scenario) max_records: Option<Written<Records>>,
    /// From sending a call to having its answer; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// How long its work takes; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
    /// A checkpoint is written after the first batch that ends so long after the last one; default
    /// `1 min`, assumed.
    pub(in crate::scenario) checkpoint_interval: Option<Written<Span>>,
    /// Shards that a worker works on at the same time, 1 to 1,000; default all that it has, as the
    /// executor of the library.
    #[schemars(range(min = 1, max = 1_000))]
    pub(in crate::scenario) processing_threads: Option<u32>,
    /// A lease that has not been renewed for so long is taken over, 1 s to 30 s; default `10 s`.
    pub(in crate::scenario) failover_time: Option<Written<Span>>,
}

/// A job of Apache Flink that reads with the Kinesis connector.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Flink {
    /// How it reads; default `polling`.
    pub(in crate::scenario) fan_out: Option<FanOut>,
    /// Polling: from an answer to the next call; default `250 ms`.
    pub(in crate::scenario) idle_time: Option<Written<Span>>,
    /// From sending a call to having its answer; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// How long its work takes; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
    /// Time between two checkpoints, from which it reads on after a crash; default `1 min`,
    /// assumed.
    pub(in crate::scenario) checkpoint_interval: Option<Written<Span>>,
}

/// A job of Spark Structured Streaming that reads with the Kinesis connector of Databricks: it fetches
/// all the time, and at each trigger a batch works on what has been fetched.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct MicroBatch {
    /// How it reads; default `polling`.
    pub(in crate::scenario) fan_out: Option<FanOut>,
    /// From one trigger to the next, up to 1 d; default `0 s`, at once after the batch before.
    pub(in crate::scenario) trigger: Option<Written<Span>>,
    /// Polling: from one call to the next, at least 1 ms; default `400 ms`.
    pub(in crate::scenario) fetch_interval: Option<Written<Span>>,
    /// Polling: most records that a call asks for; default 10000.
    pub(in crate::scenario) max_records: Option<Written<Records>>,
    /// Polling: most bytes a second that it reads of a shard; default `1 MB/s`.
    pub(in crate::scenario) fetch_rate: Option<Written<ByteRate>>,
    /// How long records are gathered before a batch can have them, up to 1 h; default `10 s`.
    pub(in crate::scenario) fetch_duration: Option<Written<Span>>,
    /// Most records of a shard in a batch, up to 10,000,000; it reads no further while as many wait;
    /// default 100000.
    pub(in crate::scenario) max_records_per_batch: Option<Written<Records>>,
    /// Shards that one task works on, one after another, 1 to 10,000; default 5.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::scenario) shards_per_task: Option<u32>,
    /// Tasks that run at the same time, 1 to 10,000; default all of them.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::scenario) tasks_at_once: Option<u32>,
    /// From sending a call to having its answer; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// How long a batch takes before its first record is done, and for each record; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
}
