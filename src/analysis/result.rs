//! The result document: what `run` answers, as plain data.
//!
//! Field names are a promise to whoever reads the JSON: they are added to, never renamed. Units
//! stand in the names. A quantity that could not be observed is `null`, never zero. Every count,
//! shard, producer, consumer and row of the series is that of the first replication, so that the
//! figures reproduce alone; what is known of the others is in `objectives` and in
//! `replication_intervals`.

mod consumer;
mod notes;
mod scaling;

pub use scaling::{ScalingActionResult, ScalingOutcome, ScalingResult};

pub use consumer::{
    BatchResult, DeliveryResult, FunctionResult, IncidentResult, ObjectBytes, SlowestShard,
};
pub use notes::{AccountingResult, Assumption, Evidence, Finding, ReplicationInterval, Severity};

use schemars::JsonSchema;
use serde::Serialize;

use super::cost::CostResult;
use super::sensitivity::SensitivityResult;
use super::series::SeriesRow;

/// The answer to a scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ResultDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// What was simulated.
    pub scenario: ScenarioSummary,
    /// Seed of every random stream.
    pub seed: u64,
    /// Independent repetitions of the run.
    pub replications: u32,
    /// Simulated time of one replication, the warm-up included.
    pub simulated_seconds: f64,
    /// Time at the start whose records are simulated but not counted.
    pub warm_up_seconds: f64,
    /// How it was found; absent where the scenario gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up_note: Option<String>,
    /// Whether all objectives are met.
    pub verdict: Verdict,
    /// What the run had to meet, in the order of the scenario.
    pub objectives: Vec<ObjectiveResult>,
    /// The stream as a whole.
    pub stream: StreamResult,
    /// Producers in the order of the scenario.
    pub producers: Vec<ProducerResult>,
    /// Shards in the order in which they opened; those of the start in the order of their hash key
    /// ranges.
    pub shards: Vec<ShardResult>,
    /// Consumers in the order of the scenario.
    pub consumers: Vec<ConsumerResult>,
    /// What a month costs; `null` where there is no bill, and `cost_note` says why.
    pub cost: Option<CostResult>,
    /// Why there is no bill; absent where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_note: Option<String>,
    /// Incidents in the order of the scenario.
    pub incidents: Vec<IncidentResult>,
    /// What changed the shards; absent where nothing could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalingResult>,
    /// What a reviewer should know, most severe first.
    pub findings: Vec<Finding>,
    /// The sums that must come out even; those of later replications only when they do not.
    pub accounting: Vec<AccountingResult>,
    /// Key figures over all replications; empty when there is one replication.
    pub replication_intervals: Vec<ReplicationInterval>,
    /// Constants of the service that the run used, the least certain first.
    pub assumptions: Vec<Assumption>,
    /// Which of them would change the verdict; absent where it was not asked (`--sensitivity`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<SensitivityResult>,
    /// Width of one row of the series; the last row may be shorter.
    pub series_bin_seconds: f64,
    /// The step in which the run kept its series, of which a bin is a multiple; absent where it is
    /// one second. Peaks are of single seconds whatever the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series_step_seconds: Option<f64>,
    /// The run over time, the warm-up included: one row a bin.
    pub series: Vec<SeriesRow>,
}

/// What was simulated.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenarioSummary {
    /// Short name.
    pub name: String,
    /// MD5 in hexadecimal of the resolved scenario, overrides and named files included.
    pub digest: String,
    /// The question that the scenario asks.
    pub question: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// Settings of the command line that replaced those of the file, as `path=value`.
    pub overrides: Vec<String>,
}

/// Whether something is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Met.
    Pass,
    /// Missed.
    Fail,
    /// The interval straddles the target, or too little was observed to say.
    Inconclusive,
    /// Nothing was asked.
    None,
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A share; one is the whole.
    Ratio,
    /// Milliseconds.
    Ms,
    /// So many times something.
    Multiple,
    /// Records.
    Records,
    /// US dollars.
    Usd,
}

/// One objective and how it fared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ObjectiveResult {
    /// Name, as the scenario writes it.
    pub name: String,
    /// The consumer that it is about, the worst one where the scenario names none; absent when it
    /// is about the stream.
    pub subject: Option<String>,
    /// Of how many consumers `subject` is the worst; absent where the scenario names one.
    pub worst_of: Option<u64>,
    /// The value must be at most this.
    pub target: f64,
    /// Mean over the replications of what was observed.
    pub value: Option<f64>,
    /// Unit of `target`, `value`, `values` and `ci95`.
    pub unit: Unit,
    /// 95 % confidence interval of the mean by Student's t; none with fewer than two replications.
    pub ci95: Option<[f64; 2]>,
    /// 95 % interval of a 99th percentile by order statistics, over the records or samples of all
    /// replications; with one replication it decides. Absent where the objective is about none, or
    /// where there are too few of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile_ci95: Option<[f64; 2]>,
    /// What each replication observed.
    pub values: Vec<Option<f64>>,
    /// Whether it is met.
    pub verdict: Verdict,
    /// Why the verdict is not what the value alone suggests.
    pub note: Option<String>,
}

/// The stream as a whole; counts are of records generated after the warm-up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamResult {
    /// `provisioned`, `on_demand` or `on_demand_advantage`, at the start.
    pub mode: String,
    /// Open shards at the start.
    pub shards_start: u64,
    /// Open shards at the end.
    pub shards_end: u64,
    /// Hours for which shards were open after the warm-up, over all shards.
    pub shard_hours: f64,
    /// Records that producers came up with.
    pub generated_records: u64,
    /// Bytes of those records.
    pub generated_bytes: u64,
    /// Records that the stream took.
    pub incoming_records: u64,
    /// Bytes that the stream took.
    pub incoming_bytes: u64,
    /// Records generated in a second, on average after the warm-up.
    pub generated_records_per_second: f64,
    /// Bytes generated in a second, on average after the warm-up.
    pub generated_bytes_per_second: f64,
    /// Records taken in a second, on average after the warm-up.
    pub incoming_records_per_second: f64,
    /// Attempts to put a record.
    pub attempts: u64,
    /// Attempts that a shard limit refused.
    pub write_throttled_records: u64,
    /// Those over all attempts.
    pub write_throttled_ratio: f64,
    /// Records whose last attempt failed.
    pub given_up_records: u64,
    /// Those over all generated records.
    pub given_up_ratio: f64,
    /// Records larger than the stream allows.
    pub rejected_records: u64,
    /// The shard that most records were generated for.
    pub hottest_shard_id: Option<String>,
    /// Records generated for that shard over the mean of all shards.
    pub hottest_shard_over_mean: Option<f64>,
    /// Highest mean utilization of a shard by the scarcer write limit; one is the limit.
    pub hottest_shard_utilization_mean: f64,
    /// What CloudWatch's minute metrics would show after the warm-up.
    pub cloudwatch: CloudWatchView,
    /// The same after the warm-up as it is, second by second.
    pub truth: TruthView,
}

/// What CloudWatch's minute metrics would show.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CloudWatchView {
    /// Sum of WriteProvisionedThroughputExceeded, which counts records.
    pub write_provisioned_throughput_exceeded_sum: u64,
    /// Minutes in which it is not zero.
    pub minutes_with_throttling: u64,
    /// Those over all minutes that count, a last one that is cut short included.
    pub minutes_with_throttling_ratio: f64,
    /// Highest sum of IncomingRecords in a minute.
    pub incoming_records_max_per_minute: u64,
    /// Highest sum of IncomingBytes in a minute.
    pub incoming_bytes_max_per_minute: u64,
    /// Highest minute of any shard by the scarcer write limit; one is the limit.
    pub hottest_shard_utilization_peak_1min: f64,
}

/// What happened, second by second.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TruthView {
    /// Seconds in which at least one attempt was refused.
    pub seconds_with_throttling: u64,
    /// Those over all seconds that count.
    pub seconds_with_throttling_ratio: f64,
    /// Most records generated in a second.
    pub generated_records_max_per_second: u64,
    /// Most records taken in a second.
    pub incoming_records_max_per_second: u64,
    /// Most bytes taken in a second.
    pub incoming_bytes_max_per_second: u64,
    /// Highest second of any shard by the scarcer write limit; above one while a burst lasts.
    pub hottest_shard_utilization_peak_1s: f64,
}

/// A distribution of times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Quantiles {
    /// Half are at most this.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 99 % are at most this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

/// Which records of a producer stay in order, as long as none is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderingKept {
    /// Those of one partition key.
    PerKey,
    /// Those of one key and bucket of its salt.
    PerKeyAndBucket,
    /// None: every record has a place of its own.
    None,
}

/// What became of one producer's records.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProducerResult {
    /// Name in the scenario.
    pub name: String,
    /// Which of its records the stream keeps in the order of their generation. Retried records may
    /// still be overtaken.
    pub ordering: OrderingKept,
    /// The trace that it replays; `null` where it draws its records.
    pub trace: Option<TraceResult>,
    /// Records that it came up with.
    pub generated_records: u64,
    /// Bytes of those records as the stream counts them.
    pub generated_bytes: u64,
    /// Times that a record reached the service.
    pub attempts: u64,
    /// Records that the stream took.
    pub accepted: u64,
    /// Bytes that the stream took, duplicates included.
    pub accepted_bytes: u64,
    /// Attempts that a shard limit refused.
    pub throttled: u64,
    /// Those over all attempts.
    pub throttled_ratio: f64,
    /// Records whose last attempt failed.
    pub given_up: u64,
    /// Records larger than the stream allows; never attempted.
    pub rejected: u64,
    /// Records for which a bounded client had no room.
    pub dropped: u64,
    /// User records that came to another shard than their own within an aggregated record, because
    /// the client did not know of a split; they were sent again.
    pub wrong_shard_records: u64,
    /// Records still at the producer when the run ended.
    pub waiting: u64,
    /// Kinesis records that were made of the records: one each, but for those rejected; fewer where
    /// the client aggregates, and more where it makes new ones of those that were refused.
    pub put_records: u64,
    /// Kinesis records that the stream took, duplicates included.
    pub incoming_records: u64,
    /// Records that the stream took once more, because the answer to the first time was lost.
    pub duplicate_records: u64,
    /// Records that the stream took after a later one of the same partition key; `null` where the
    /// records of a key go to several shards (`ordering` is `none`).
    pub out_of_order_records: Option<u64>,
    /// PUT payload units of everything that the stream took, duplicates included.
    pub put_payload_units: u64,
    /// Bytes of the same, each record rounded up as an on-demand stream bills it.
    pub billed_bytes: u64,
    /// PutRecord or PutRecords calls.
    pub put_calls: u64,
    /// From generation to the answer that accepts the record.
    pub put_latency_ms: Option<Quantiles>,
}

/// What was replayed of a trace.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TraceResult {
    /// The file, as the scenario names it.
    pub path: String,
    /// Records of the file within the run, before `rate_scale`.
    pub file_records: u64,
    /// Lines among them that are no records and were left out.
    pub malformed_lines: u64,
    /// Number of the first such line, from one; `null` where there is none.
    pub malformed_line_first: Option<u64>,
    /// The line at which a compressed file is cut off or damaged; `null` where it is whole.
    pub damaged_line: Option<u64>,
    /// Records that were earlier than a line above, within `time_tolerance`, and came with that one.
    pub moved_records: u64,
    /// Records before the recorded moment at which the run starts, which were passed over.
    pub earlier_records: u64,
    /// When the last record of the run comes, before `rate_scale` makes copies of it.
    pub last_record_seconds: f64,
    /// The line at which the run ends; `null` where the file ends first.
    pub beyond_line: Option<u64>,
}

/// What one shard met.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShardResult {
    /// Identifier, `shardId-000000000000`.
    pub shard_id: String,
    /// First hash key, a decimal number of up to 39 digits.
    pub starting_hash_key: String,
    /// Last hash key.
    pub ending_hash_key: String,
    /// `OPEN`, `CLOSED` (readable), or `EXPIRED` once its last record has expired.
    pub state: String,
    /// The shards that it came of: one after a split, two after a merge.
    pub parent_shard_ids: Vec<String>,
    /// When it opened, from the start of the run.
    pub opened_seconds: f64,
    /// When it closed; `null` where it was open at the end.
    pub closed_seconds: Option<f64>,
    /// The share of all records that the weights of the partition keys send here.
    pub expected_share: f64,
    /// The share of all generated records that came here.
    pub generated_share: f64,
    /// Records generated for this shard.
    pub generated_records: u64,
    /// Records that it took.
    pub incoming_records: u64,
    /// Bytes that it took.
    pub incoming_bytes: u64,
    /// Attempts that it refused.
    pub write_throttled_records: u64,
    /// Those of them refused while the record limit had no room.
    pub throttled_by_records: u64,
    /// Those of them refused while the byte limit had no room; both may be full at once.
    pub throttled_by_bytes: u64,
    /// How full the scarcer of the two write limits was after the warm-up.
    pub utilization: Utilization,
    /// The keys with most generated records, most first.
    pub hottest_keys: Vec<HottestKey>,
}

/// How full a limit was; one is the limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Utilization {
    /// Mean over time.
    pub mean: f64,
    /// Highest whole second; above one while a burst lasts.
    pub peak_1s: f64,
    /// Highest whole minute, as CloudWatch would show it.
    pub peak_1min: f64,
}

/// A partition key and how much of the traffic it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HottestKey {
    /// The partition key.
    pub key: String,
    /// Its part of the shard's generated records.
    pub share: f64,
    /// Its part of the stream's generated records, on this shard.
    pub stream_share: f64,
    /// Records generated with it on this shard.
    pub generated_records: u64,
    /// The producer that uses it.
    pub producer: String,
}

/// What one consumer did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConsumerResult {
    /// Name in the scenario.
    pub name: String,
    /// `polling`, `enhanced_fan_out`, `kcl`, `flink`, `lambda`, `firehose` or `micro_batch`.
    pub kind: String,
    /// Records handed to it.
    pub read_records: u64,
    /// Bytes handed to it.
    pub read_bytes: u64,
    /// Records whose processing ended within the run.
    pub processed_records: u64,
    /// Records that retention took before it read them.
    pub expired_records: u64,
    /// Records before the position from which it began to read.
    pub skipped_records: u64,
    /// Records processed once more, because it read them again after a crash or for a replay.
    pub duplicate_records: u64,
    /// Records given up after failures of its function, or for their age.
    pub discarded_records: u64,
    /// Records processed after a later one of the same key from a shard that split or merged;
    /// `null` where no shard could.
    pub out_of_order_records: Option<u64>,
    /// Accepted records not processed when the run ended.
    pub backlog_records: u64,
    /// Bytes of those records.
    pub backlog_bytes: u64,
    /// GetRecords calls, or events of subscriptions.
    pub read_calls: u64,
    /// GetRecords calls that a shard limit refused.
    pub read_throttled_calls: u64,
    /// Those of them that the call limit refused; the others met the byte limit.
    pub throttled_by_calls: u64,
    /// Age of the oldest record yet to be read, as it is: one sample a second and shard.
    pub iterator_age_ms: Option<Quantiles>,
    /// The same as CloudWatch would show it: one sample a successful call, nothing between calls.
    pub iterator_age_cloudwatch_ms: Option<Quantiles>,
    /// From generation of a record to the end of its processing.
    pub end_to_end_latency_ms: Option<Quantiles>,
    /// What was left at the worst moment after the warm-up until retention would have taken the
    /// oldest unread record.
    pub retention_left_ms: u64,
    /// What it would have to get more of to be faster: `call_limit`, `read_bytes`, `concurrency`,
    /// `payload`, `processing` or `polling`; `null` where nothing binds at the mean load.
    pub binding_resource: Option<String>,
    /// What its function did; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionResult>,
    /// What it wrote; absent where it writes no objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryResult>,
    /// The shards on which it was furthest behind, the worst first, at most five.
    pub slowest_shards: Vec<SlowestShard>,
    /// What its micro-batches came to; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<BatchResult>,
}
