//! What runs behind a consumer: a loop of its own, or a service with rules of its own.

use crate::time::Span;
use crate::units::{Bytes, Rate, Records};

/// What works on the records that a consumer reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A loop for each shard: read, work, checkpoint, read again.
    Loop,
    /// The same, by workers of the Kinesis Client Library that share the shards.
    Kcl(Kcl),
    /// The same, by the subtasks of a job of Apache Flink.
    Flink,
    /// An event source mapping of AWS Lambda and its function.
    Lambda(Lambda),
    /// A Firehose stream that reads from the data stream.
    Firehose(Firehose),
    /// Batches over all shards, started by a trigger.
    MicroBatch(MicroBatch),
}

/// A job of Spark Structured Streaming: it reads all the time, and works on what has been read when
/// it is triggered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MicroBatch {
    /// From one trigger to the next; zero starts a batch as soon as the one before has ended.
    pub trigger: Span,
    /// Bytes a second that it reads of a shard at most; no bound of its own if none.
    pub fetch_rate: Option<Rate>,
    /// How long what has been read is gathered before a batch can have it.
    pub fetch_duration: Span,
    /// Records of a shard that it holds beside the batch that runs.
    pub max_records_per_batch: Records,
    /// Shards that one task works on, one after another.
    pub shards_per_task: u32,
    /// Tasks that run at the same time; as many as there are if none.
    pub tasks_at_once: Option<u32>,
}

/// An application of the Kinesis Client Library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kcl {
    /// Version, 2 or 3.
    pub version: u8,
    /// Workers that share the shards.
    pub workers: u32,
    /// Shards that a worker works on at the same time; all that it has if none.
    pub processing_threads: Option<u32>,
    /// A lease that has not been renewed for so long is taken over.
    pub failover_time: Span,
}

impl Work {
    /// Whether what happens on one shard depends on others.
    #[must_use]
    pub const fn couples_shards(&self) -> bool {
        match self {
            Self::Lambda(_) | Self::Firehose(_) | Self::MicroBatch(_) => true,
            Self::Kcl(kcl) => kcl.processing_threads.is_some(),
            Self::Loop | Self::Flink => false,
        }
    }
}

/// An event source mapping of AWS Lambda and its function.
#[derive(Clone, Debug, PartialEq)]
pub struct Lambda {
    /// Most records of one invocation.
    pub batch_size: Records,
    /// How long a batch may wait for more records.
    pub batching_window: Span,
    /// Batches of one shard that may be worked on at the same time.
    pub parallelization_factor: u32,
    /// Attempts after the first before a batch is discarded; until its records expire if none.
    pub retry_attempts: Option<u32>,
    /// Records older than this are discarded.
    pub maximum_record_age: Option<Span>,
    /// Whether a failing batch is halved.
    pub bisect_on_error: bool,
    /// Whether the function says which record failed, so that those before it are done.
    pub report_item_failures: bool,
    /// Where a message goes about each batch that is given up.
    pub on_failure: Option<OnFailure>,
    /// Batches do not reach over a multiple of this, and the function is called once more for each.
    pub tumbling_window: Option<Span>,
    /// Invocations of this function that may run at the same time; shares the account's if none.
    pub reserved_concurrency: Option<u64>,
    /// Share of invocations that fail, as a ratio.
    pub error_rate: f64,
    /// Share of records on which the function fails every time, as a ratio.
    pub poison_records: f64,
    /// What the first invocation of an execution environment takes longer.
    pub cold_start: Span,
    /// How long an execution environment that is not used is kept.
    pub warm_for: Span,
    /// Wait before the first retry of a batch; grows by half each time.
    pub retry_delay: Span,
    /// Longest wait before a retry.
    pub retry_delay_max: Span,
    /// Memory of the function, for the bill.
    pub memory: Bytes,
}

/// Where an event source mapping tells of batches that are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// A queue of Amazon SQS.
    Sqs,
    /// A topic of Amazon SNS.
    Sns,
    /// A bucket of Amazon S3.
    S3,
}

impl OnFailure {
    /// The word of the language.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::S3 => "s3",
        }
    }
}

/// A Firehose stream that reads from the data stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Firehose {
    /// An object is written when it holds so many bytes.
    pub buffer_size: Bytes,
    /// An object is written when its first record has waited so long.
    pub buffer_interval: Span,
    /// A function that changes the records before they are gathered.
    pub transform: Option<Transform>,
    /// Whether records are converted to a columnar format; for the bill.
    pub format_conversion: bool,
    /// Number of partitions that records are divided into, each gathered on its own.
    pub partitions: Option<u32>,
    /// Bytes written for each byte read, as a ratio.
    pub output_ratio: f64,
    /// How long writing an object takes.
    pub delivery: Span,
}

/// A function that changes records on their way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// It is called when so many bytes of a shard are there.
    pub buffer_size: Bytes,
    /// It is called when the first record has waited so long.
    pub buffer_interval: Span,
    /// How long a call takes.
    pub per_batch: Span,
    /// How much longer for each record.
    pub per_record: Span,
}
