//! The rows of the series: what is known of one bin, units in the names.

use schemars::JsonSchema;
use serde::Serialize;

/// One bin of the whole stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct SeriesRow {
    /// Start of the bin since the start of the run.
    pub start_seconds: f64,
    /// Width of the bin; the last one may be shorter.
    pub span_seconds: f64,
    /// Records that producers came up with.
    pub generated_records: u64,
    /// Bytes of those records.
    pub generated_bytes: u64,
    /// Records that the stream took.
    pub incoming_records: u64,
    /// Bytes that the stream took.
    pub incoming_bytes: u64,
    /// Generated records over the width of the bin.
    pub generated_records_per_second: f64,
    /// Records taken over the width of the bin.
    pub incoming_records_per_second: f64,
    /// Bytes taken over the width of the bin.
    pub incoming_bytes_per_second: f64,
    /// Attempts that shard limits refused.
    pub write_throttled_records: u64,
    /// Those over all attempts.
    pub write_throttled_ratio: f64,
    /// Most shards that refused attempts in the same second.
    pub shards_throttling_max: u32,
    /// Open shards at the end of the bin.
    pub open_shards: u32,
    /// Highest second of any shard by the scarcer write limit; one is the limit.
    pub hottest_shard_utilization_peak_1s: f64,
    /// Highest minute of any shard by the scarcer write limit, by the incoming metrics.
    pub cloudwatch_hottest_shard_utilization_1min: f64,
    /// Highest sum of IncomingRecords in a minute.
    pub cloudwatch_incoming_records_1min: u64,
    /// Highest sum of IncomingBytes in a minute.
    pub cloudwatch_incoming_bytes_1min: u64,
    /// Highest sum of WriteProvisionedThroughputExceeded in a minute.
    pub cloudwatch_write_throttled_records_1min: u64,
    /// One entry a consumer, in the order of the scenario.
    pub consumers: Vec<ConsumerRow>,
}

/// One bin of one consumer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ConsumerRow {
    /// Name in the scenario.
    pub name: String,
    /// Records handed to it.
    pub read_records: u64,
    /// GetRecords calls refused.
    pub read_throttled_calls: u64,
    /// Accepted records not yet read at the end of the bin.
    pub backlog_records: u64,
    /// Highest true iterator age of any shard.
    pub iterator_age_ms_max: u64,
    /// Highest iterator age that CloudWatch would show; `null` while the consumer does not read.
    pub iterator_age_cloudwatch_ms_max: Option<u64>,
}

/// One bin of one shard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShardRow {
    /// Identifier of the shard.
    pub shard_id: String,
    /// Start of the bin since the start of the run.
    pub start_seconds: f64,
    /// Width of the bin; the last one may be shorter.
    pub span_seconds: f64,
    /// Records taken.
    pub incoming_records: u64,
    /// Bytes taken.
    pub incoming_bytes: u64,
    /// Attempts refused.
    pub write_throttled_records: u64,
    /// Those over all attempts.
    pub write_throttled_ratio: f64,
    /// Mean over the bin of the scarcer write limit; one is the limit.
    pub utilization_mean: f64,
    /// Highest second in the bin of the scarcer write limit; above one while a burst lasts.
    pub utilization_peak_1s: f64,
    /// Highest minute that the bin touches, of IncomingRecords and IncomingBytes.
    pub cloudwatch_utilization_1min: f64,
}
