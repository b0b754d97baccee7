//! What consumers do beyond reading, and what incidents did to them.

use schemars::JsonSchema;
use serde::Serialize;

/// The invocations of a consumer's function that began after the warm-up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FunctionResult {
    /// Invocations.
    pub invocations: u64,
    /// Those of them that failed.
    pub failed_invocations: u64,
    /// Those that had to wait, because no more may run at the same time.
    pub throttled_invocations: u64,
    /// Those in a new execution environment.
    pub cold_starts: u64,
    /// Batches that were given up, or parts of them, with `discarded_records` in all.
    pub given_up_batches: u64,
    /// Where a message about each of them went: `sqs`, `sns` or `s3`; `null` where nothing tells
    /// which records were lost.
    pub on_failure: Option<String>,
    /// Most invocations at the same time, the warm-up included; 0 where it is not counted.
    pub concurrent_max: u64,
    /// Mean number of records of an invocation.
    pub records_per_invocation: Option<f64>,
    /// Memory times time, each invocation rounded up to a millisecond; 1 GB is 1,024 MiB.
    pub billed_gb_seconds: f64,
}

/// The objects that a consumer began to write after the warm-up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeliveryResult {
    /// Objects.
    pub objects: u64,
    /// Objects an hour.
    pub objects_per_hour: f64,
    /// How large they are.
    pub object_bytes: Option<ObjectBytes>,
    /// Bytes of all of them.
    pub written_bytes: u64,
    /// Bytes read, each record rounded up to 5 KiB as it is billed.
    pub billed_bytes: u64,
    /// Objects that the destination refused at first.
    pub retried_objects: u64,
}

/// How far behind a consumer was on a shard.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SlowestShard {
    /// Identifier, `shardId-000000000000`.
    pub shard_id: String,
    /// Highest age of its oldest unread record, one sample a second after the warm-up.
    pub iterator_age_ms_max: u64,
}

/// The micro-batches of a consumer that began after the warm-up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BatchResult {
    /// Batches.
    pub batches: u64,
    /// Those of them that took longer than until the next trigger.
    pub late_batches: u64,
    /// Mean number of records of a batch; of an aggregated record, each user record counts.
    pub records_per_batch: Option<f64>,
    /// How long a batch takes in the mean.
    pub duration_ms_mean: Option<f64>,
    /// How long the longest took.
    pub duration_ms_max: f64,
}

/// Sizes of objects.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ObjectBytes {
    /// Smallest.
    pub min: u64,
    /// Half are at most this.
    pub p50: u64,
    /// Largest.
    pub max: u64,
}

/// What an incident came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct IncidentResult {
    /// `outage`, `deploy`, `slowdown`, `destination_throttled`, `worker_loss`, `poison` or `replay`.
    pub kind: String,
    /// The consumer that it met.
    pub consumer: String,
    /// When it began, since the start of the run.
    pub at_seconds: f64,
    /// How long it lasted; zero for what is done at once.
    pub for_seconds: f64,
    /// Highest true iterator age of any shard until the consumer had caught up.
    pub iterator_age_ms_max: u64,
    /// Most records that the consumer had yet to read in that time.
    pub backlog_records_max: u64,
    /// How long after the end the consumer was no further behind than in the minute before, with what
    /// it had read and not done; `null` when the run ended before.
    pub drained_after_seconds: Option<f64>,
    /// What was left at the worst moment until retention would have taken the oldest unread record.
    pub retention_left_ms: u64,
}
