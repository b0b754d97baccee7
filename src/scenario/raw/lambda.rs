//! An event source mapping of AWS Lambda as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Processing;
use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::{Bytes, Ratio, Records};

/// How a managed consumer reads.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum FanOut {
    /// GetRecords, sharing the read limits of a shard.
    Polling,
    /// SubscribeToShard, with a limit of its own.
    Enhanced,
}

/// Where an event source mapping tells of batches that are given up.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum OnFailure {
    /// A queue of Amazon SQS; the message names the records, it does not hold them.
    Sqs,
    /// A topic of Amazon SNS; the message names the records, it does not hold them.
    Sns,
    /// A bucket of Amazon S3; the object holds the records.
    S3,
}

/// An event source mapping of AWS Lambda and its function.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Lambda {
    /// How it reads: `polling` once a second while idle, or `enhanced`; default `polling`.
    pub(in crate::scenario) fan_out: Option<FanOut>,
    /// Most records of one invocation, 1 to 10,000; default 100.
    pub(in crate::scenario) batch_size: Option<Written<Records>>,
    /// How long a batch may wait for more records, up to 300 s; default `0 s`.
    pub(in crate::scenario) batching_window: Option<Written<Span>>,
    /// Batches of one shard that may be worked on at the same time, 1 to 10; records of one
    /// partition key stay in one of them; default 1.
    #[schemars(range(min = 1, max = 10))]
    pub(in crate::scenario) parallelization_factor: Option<u32>,
    /// Attempts after the first before a batch is discarded, up to 10,000; default until its
    /// records expire.
    #[schemars(range(min = 0, max = 10_000))]
    pub(in crate::scenario) retry_attempts: Option<u32>,
    /// Records older than this, 60 s to 7 d, are discarded; default none.
    pub(in crate::scenario) maximum_record_age: Option<Written<Span>>,
    /// Whether a failing batch is halved; default `false`.
    pub(in crate::scenario) bisect_on_error: Option<Written<bool>>,
    /// Whether the function says which record failed (ReportBatchItemFailures), so that those
    /// before it are done; default `false`.
    pub(in crate::scenario) report_item_failures: Option<Written<bool>>,
    /// Where a message goes about each batch that is given up; default nowhere, so that nothing tells
    /// which records were lost.
    pub(in crate::scenario) on_failure: Option<OnFailure>,
    /// Length of tumbling windows, up to 900 s; default none.
    pub(in crate::scenario) tumbling_window: Option<Written<Span>>,
    /// Invocations that may run at the same time; default what is left of the quota
    /// `lambda_account_concurrency`, shared with other functions.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(in crate::scenario) reserved_concurrency: Option<u64>,
    /// Share of invocations that fail at a random record; default `0 %`.
    pub(in crate::scenario) error_rate: Option<Written<Ratio>>,
    /// Share of records on which the function fails every time; default `0 %`.
    pub(in crate::scenario) poison_records: Option<Written<Ratio>>,
    /// What the first invocation of an execution environment takes longer; default `300 ms`,
    /// assumed.
    pub(in crate::scenario) cold_start: Option<Written<Span>>,
    /// How long an execution environment that is not used is kept; default `5 min`, assumed.
    pub(in crate::scenario) warm_for: Option<Written<Span>>,
    /// Wait before the first retry of a batch, which grows by half each time; default `500 ms`,
    /// assumed.
    pub(in crate::scenario) retry_delay: Option<Written<Span>>,
    /// Longest wait before a retry; default `1 min`, assumed.
    pub(in crate::scenario) retry_delay_max: Option<Written<Span>>,
    /// Memory of the function, for the bill; default `128 MiB`.
    pub(in crate::scenario) memory: Option<Written<Bytes>>,
    /// From sending a call to having its answer; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// How long an invocation takes; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
}
