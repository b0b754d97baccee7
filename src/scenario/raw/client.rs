//! How a producer calls the service, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::{Bytes, Multiple, Ratio, Records};

/// How a producer calls the service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Client {
    /// One record in each call; `{}` takes all defaults, which are those of the AWS SDKs.
    PutRecord(PutRecord),
    /// Records collected into calls; `{}` takes all defaults, those of a hand-written resend loop.
    PutRecords(PutRecords),
    /// The Kinesis Producer Library: user records are aggregated by predicted shard, limited to
    /// 150 % of what a shard takes, and sent again until they expire.
    Kpl(Kpl),
    /// The Kafka connector of awslabs, which uses the KPL with other defaults: no aggregation,
    /// records wait for 15 s, live for 60 s, and are limited to 100 % of what a shard takes.
    KafkaConnect(Kpl),
    /// The Database Migration Service: as many calls at once as threads, and a back-off from 1 s to
    /// 32 s without end.
    Dms(Dms),
    /// The Kinesis Agent, which tails log files: buffers of 500 records that wait for up to 60 s, and
    /// one back-off for all calls.
    Agent(Agent),
    /// The sink of Apache Flink: requests within a window of records under way that grows while
    /// nothing fails and shrinks when something does.
    FlinkSink(FlinkSink),
    /// A subscription filter of CloudWatch Logs: the producer's records are log events, its
    /// partition keys log streams, and compressed batches of events go to the stream.
    CloudwatchLogs(CloudwatchLogs),
}

/// Parameters of the Kinesis Agent, under its own names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Agent {
    /// Longest wait of the first record of a buffer, 1 s to 15 min; default `60 s`.
    pub(in crate::scenario) max_buffer_age: Option<Written<Span>>,
    /// Most records of a buffer, which is one call; default 500.
    pub(in crate::scenario) max_buffer_size_records: Option<Written<Records>>,
    /// Most bytes of a buffer, keys included; default `5 MiB`.
    pub(in crate::scenario) max_buffer_size_bytes: Option<Written<Bytes>>,
    /// Buffers that wait before the agent stops to read its files, 1 to 100,000; default 100.
    #[schemars(range(min = 1, max = 100_000))]
    pub(in crate::scenario) publish_queue_capacity: Option<u32>,
    /// Calls under way, 1 to 10,000; default 24, which is 12 for each of two cores.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::scenario) sending_threads: Option<u32>,
    /// The sleep after a call when one has failed as a whole; default `100 ms`.
    pub(in crate::scenario) retry_initial_backoff: Option<Written<Span>>,
    /// The longest sleep; default `10 s`.
    pub(in crate::scenario) retry_max_backoff: Option<Written<Span>>,
    /// From sending a call to having its answer, at least `1 ms`; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// Parameters of the sink of Apache Flink, under its own names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct FlinkSink {
    /// Most records of a request; default 500.
    pub(in crate::scenario) max_batch_size: Option<Written<Records>>,
    /// Most bytes of a request, keys included; default `5 MiB`.
    pub(in crate::scenario) max_batch_size_in_bytes: Option<Written<Bytes>>,
    /// Most requests under way, 1 to 10,000; default 50.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::scenario) max_in_flight_requests: Option<u32>,
    /// Most records that wait in the writer before the job has to wait; default 10,000.
    pub(in crate::scenario) max_buffered_requests: Option<Written<Records>>,
    /// Longest wait of a record for company; default `5 s`.
    pub(in crate::scenario) max_time_in_buffer: Option<Written<Span>>,
    /// From sending a request to having its answer, at least `1 ms`; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// Requests whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// Parameters of a subscription filter of CloudWatch Logs. What AWS does not publish is assumed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct CloudwatchLogs {
    /// Most events in a record; default 10,000, assumed: as PutLogEvents.
    pub(in crate::scenario) batch_events: Option<Written<Records>>,
    /// Most bytes of events in a record before compression; default `1 MiB`, assumed: as
    /// PutLogEvents.
    pub(in crate::scenario) batch_bytes: Option<Written<Bytes>>,
    /// Longest wait of the first event of a batch; default `10 s`, assumed: AWS says that events
    /// come in less than 3 minutes.
    pub(in crate::scenario) linger: Option<Written<Span>>,
    /// By how much gzip shrinks a batch, 1 to 1000; default 8, assumed.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub(in crate::scenario) compression: Option<f64>,
    /// Bytes that the envelope adds, owner, log group, stream and filters; default `300 B`, assumed.
    pub(in crate::scenario) envelope: Option<Written<Bytes>>,
    /// From sending a record to having the answer, at least `1 ms`; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// What happens to throttled records; default base 1 s, factor 2, at most 60 s, without end.
    pub(in crate::scenario) retries: Option<Retries>,
    /// Records whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// Parameters of the Kinesis Producer Library, under its own names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Kpl {
    /// Whether user records of one shard share a record; default `true` (`kafka_connect`:
    /// `false`).
    pub(in crate::scenario) aggregation_enabled: Option<Written<bool>>,
    /// Most bytes of an aggregated record, 64 B to 10 MiB; default `51200 B`.
    pub(in crate::scenario) aggregation_max_size: Option<Written<Bytes>>,
    /// Most user records of an aggregated record; default 4294967295.
    pub(in crate::scenario) aggregation_max_count: Option<Written<Records>>,
    /// Most bytes of data in a user record, 64 B to 10 MiB; more is refused to the application;
    /// default `1 MiB`.
    pub(in crate::scenario) max_user_record_size: Option<Written<Bytes>>,
    /// Most records in one call; default 500.
    pub(in crate::scenario) collection_max_count: Option<Written<Records>>,
    /// Most bytes in one call, keys included; default `5 MiB`.
    pub(in crate::scenario) collection_max_size: Option<Written<Bytes>>,
    /// Longest wait of a user record for company; default `100 ms` (`kafka_connect`: `15 s`).
    pub(in crate::scenario) record_max_buffered_time: Option<Written<Span>>,
    /// Age at which a user record is given up; default `30 s` (`kafka_connect`: `60 s`).
    pub(in crate::scenario) record_ttl: Option<Written<Span>>,
    /// What is sent to a shard at most, of what a shard takes, 1 % to 10,000 %; default `150 %`
    /// (`kafka_connect`: `100 %`).
    pub(in crate::scenario) rate_limit: Option<Written<Multiple>>,
    /// Bytes in a full bucket of that limit; default `10 MiB`, before version 1.0.6 `1 MiB`.
    pub(in crate::scenario) rate_limit_burst: Option<Written<Bytes>>,
    /// Whether the buckets of that limit are full or empty at the start; default `full`.
    pub(in crate::scenario) rate_limit_starts: Option<BucketStart>,
    /// Whether a throttled record is given up at once; default `false`.
    pub(in crate::scenario) fail_if_throttled: Option<Written<bool>>,
    /// Most calls under way, 1 to 256; default 24.
    #[schemars(range(min = 1, max = 256))]
    pub(in crate::scenario) max_connections: Option<u32>,
    /// What the application lets the library hold; default no bound (`kafka_connect`: 500,000
    /// records).
    pub(in crate::scenario) buffer: Option<Buffer>,
    /// From sending a call to having its answer, at least `1 ms`; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// What is in a token bucket at the start.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum BucketStart {
    /// As much as it holds.
    Full,
    /// Nothing.
    Empty,
}

/// Parameters of the Database Migration Service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Dms {
    /// `ParallelApplyThreads`, 0 to 32; default 0, which is one call at a time.
    #[schemars(range(min = 0, max = 32))]
    pub(in crate::scenario) parallel_apply_threads: Option<u32>,
    /// Most changes in one call; default 500, assumed.
    pub(in crate::scenario) batch_size: Option<Written<Records>>,
    /// Longest wait of the first change of a batch for company; default `100 ms`, assumed.
    pub(in crate::scenario) linger: Option<Written<Span>>,
    /// From sending a call to having its answer, at least `1 ms`; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// What happens to throttled changes; default base 1 s, factor 2, at most 32 s, without end.
    pub(in crate::scenario) retries: Option<Retries>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// What a client holds at most, records that wait and records under way; `records`, `bytes` or
/// both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Buffer {
    /// Most records.
    pub(in crate::scenario) records: Option<Written<Records>>,
    /// Most bytes of data and partition keys.
    pub(in crate::scenario) bytes: Option<Written<Bytes>>,
    /// What becomes of a record that finds no room; default `block`.
    pub(in crate::scenario) when_full: Option<WhenFull>,
}

/// What becomes of a record that finds no room in its client.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum WhenFull {
    /// The application waits, and all records after it; they grow old before the client.
    Block,
    /// The oldest record that is not under way is dropped for it.
    DropOldest,
    /// It is dropped.
    DropNewest,
}

/// Parameters of PutRecord.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct PutRecord {
    /// From sending a call to having its answer, when nothing is throttled; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// What happens to a throttled record; default 3 attempts, base 1 s, factor 2, at most 20 s.
    pub(in crate::scenario) retries: Option<Retries>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
    /// Most calls under way at once, those that wait for another attempt included, 1 to 100,000;
    /// default no bound.
    #[schemars(range(min = 1, max = 100_000))]
    pub(in crate::scenario) in_flight: Option<u32>,
    /// What the client holds at most; default no bound.
    pub(in crate::scenario) buffer: Option<Buffer>,
}

/// Parameters of PutRecords.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct PutRecords {
    /// Most records in one call; default 500, at most the quota `put_records_max_records`.
    pub(in crate::scenario) batch_size: Option<Written<Records>>,
    /// Most bytes in one call, keys included; default the quota `put_records_max_bytes` (10 MiB).
    pub(in crate::scenario) batch_bytes: Option<Written<Bytes>>,
    /// Longest wait of the first record of a batch for company; default `100 ms`, may be `0 s`.
    pub(in crate::scenario) linger: Option<Written<Span>>,
    /// From sending a call to having its answer, when nothing is throttled; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// What happens to throttled records; default 8 attempts, base 100 ms, factor 2, at most 5 s.
    pub(in crate::scenario) retries: Option<Retries>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
    /// Most calls under way at once, those that wait for another attempt included, 1 to 100,000;
    /// default no bound.
    #[schemars(range(min = 1, max = 100_000))]
    pub(in crate::scenario) in_flight: Option<u32>,
    /// What the client holds at most; default no bound.
    pub(in crate::scenario) buffer: Option<Buffer>,
}

/// Calls that the service decides on and whose answers never reach the producer. It sends them
/// again, so what the stream took stands there twice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Timeouts {
    /// Share of the calls, such as `0.1 %`; each call, and each time it is sent, is drawn on its
    /// own.
    pub(in crate::scenario) share: Written<Ratio>,
    /// How long the producer waits for an answer before it sends again, longer than the round
    /// trip; default `6 s`, the request time-out of the KPL.
    pub(in crate::scenario) after: Option<Written<Span>>,
}

/// What a producer does with a throttled record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Retries {
    /// Attempts in all, the first one included; 1 means no retry.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::scenario) attempts: Option<u32>,
    /// The wait between two attempts.
    pub(in crate::scenario) backoff: Option<Backoff>,
}

/// The wait before a retry: at most `base * factor^(n-1)` after the n-th attempt, and at most
/// `max`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Backoff {
    /// Bound of the wait after the first attempt.
    pub(in crate::scenario) base: Option<Written<Span>>,
    /// Growth of the bound from one attempt to the next, 1 to 1000; default 2.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub(in crate::scenario) factor: Option<f64>,
    /// Largest bound; not below `base`.
    pub(in crate::scenario) max: Option<Written<Span>>,
    /// How the wait is drawn below its bound; default `full`.
    pub(in crate::scenario) jitter: Option<Jitter>,
}

/// How a wait is drawn below its bound.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Jitter {
    /// Uniform between zero and the bound.
    Full,
    /// Uniform between half the bound and the bound.
    Equal,
    /// The bound itself.
    None,
}
