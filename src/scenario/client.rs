//! A producer's client: its calls, its retries and what it holds.

use crate::time::Span;
use crate::units::{Bytes, Rate, Records};

/// How a producer calls the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// One record a call, or many.
    pub calls: PutCalls,
    /// From sending a call to having its answer, when nothing is throttled.
    pub round_trip: Span,
    /// What happens to a throttled record.
    pub retries: Retries,
    /// Calls of which no answer comes back.
    pub timeouts: Timeouts,
    /// What bounds the client, or makes it more than a loop over calls; none for one that has as
    /// many calls under way, and holds as many records, as come.
    pub sending: Option<Sending>,
}

/// A client that hears of every answer before it goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// Most calls under way at once.
    pub in_flight: u32,
    /// What the client holds at most.
    pub buffer: Option<Buffer>,
    /// How it makes calls and what it does with records that were refused.
    pub method: Method,
}

/// The bound of what a client holds: records that wait and records under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Most records.
    pub records: Records,
    /// Most bytes of data and partition keys.
    pub bytes: Bytes,
    /// What becomes of a record that finds no room.
    pub when_full: WhenFull,
}

/// What becomes of a record that finds no room in its producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits before the producer, and all after it.
    Block,
    /// The oldest one that is not under way makes room for it.
    DropOldest,
    /// It is dropped.
    DropNewest,
}

/// How a client makes calls and what it does with records that were refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// A loop that keeps its place among the calls under way until all of its records are taken
    /// or given up.
    Resend,
    /// The Kinesis Producer Library.
    Kpl(Kpl),
    /// The Kinesis Agent: records that failed go before others, and all calls back off together.
    Agent(AgentBackoff),
    /// The sink of Apache Flink: a window of records under way that grows and shrinks.
    FlinkSink(FlinkSink),
    /// A subscription of CloudWatch Logs: events of a log stream share a record, which is sent until
    /// it is taken.
    LogBatches(LogBatches),
}

impl Method {
    /// Whether a call keeps its place among those under way until its records are taken or given
    /// up.
    #[must_use]
    pub const fn resends(&self) -> bool {
        matches!(self, Self::Resend | Self::LogBatches(_))
    }

    /// Whether the client makes records of the stream from those of the application.
    #[must_use]
    pub const fn aggregates(&self) -> bool {
        matches!(self, Self::Kpl(_) | Self::LogBatches(_))
    }

    /// Whether several records of the application can share one of the stream.
    #[must_use]
    pub const fn shares_records(&self) -> bool {
        matches!(self, Self::Kpl(Kpl { aggregation: Some(_), .. }) | Self::LogBatches(_))
    }
}

/// The sleep of a Kinesis Agent after a call, while calls fail: `initial * 2^(factor-1)`, at most
/// `max`, and up to 30 % more or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentBackoff {
    /// The sleep where as many records have failed as a call holds.
    pub initial: Span,
    /// The longest.
    pub max: Span,
}

/// The bounds of a Flink sink beyond those of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlinkSink {
    /// Most records that wait in the writer; then the job has to wait.
    pub max_buffered_requests: Records,
    /// Most records under way at the start.
    pub window_start: Records,
    /// What a request adds of which nothing failed.
    pub window_increase: Records,
    /// Most records under way at any time.
    pub window_max: Records,
}

/// How a subscription of CloudWatch Logs makes records of events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogBatches {
    /// Most events in a record.
    pub max_events: Records,
    /// Most bytes of events in a record, before they are compressed.
    pub max_bytes: Bytes,
    /// By how much events shrink; at least one.
    pub compression: f64,
    /// What the envelope adds to a compressed record.
    pub envelope: Bytes,
}

/// The parameters of the Kinesis Producer Library beyond those of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpl {
    /// Most bytes and user records of an aggregated record; none where each record goes alone.
    pub aggregation: Option<Aggregation>,
    /// Most bytes of data in a user record; the library refuses more.
    pub user_record_bytes_max: Bytes,
    /// Longest wait of a user record before it is handed on; a record sent again waits for half.
    pub max_buffered_time: Span,
    /// Age at which a record that waits, or was refused, is given up.
    pub time_to_live: Span,
    /// What the library sends to a shard at most; none for no limit.
    pub rate_limit: Option<RateLimit>,
    /// Whether a record that was throttled is given up at once.
    pub fail_if_throttled: bool,
    /// Bytes for one shard at which a call is sent before it is full.
    pub shard_bytes: Bytes,
}

/// Bounds of an aggregated record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregation {
    /// Most bytes.
    pub max_bytes: Bytes,
    /// Most user records.
    pub max_records: Records,
}

/// The token buckets of a client for each shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Records that come back.
    pub records: Rate,
    /// Bytes that come back.
    pub bytes: Rate,
    /// Records in a full bucket.
    pub records_max: Records,
    /// Bytes in a full bucket.
    pub bytes_max: Bytes,
    /// Whether the buckets are full at the start.
    pub starts_full: bool,
}

/// Calls that the service decides on and whose answers never reach the producer, which sends them
/// again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeouts {
    /// Share of the calls, as a ratio; each is drawn on its own.
    pub share: f64,
    /// How long the producer waits for an answer before it sends the call again; longer than the
    /// round trip.
    pub after: Span,
}

/// The API call of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutCalls {
    /// PutRecord: one record in each call.
    PutRecord,
    /// PutRecords: records wait until the batch is full or the oldest has waited for `linger`.
    PutRecords {
        /// Most records in one call.
        batch_size: Records,
        /// Most bytes, keys included, in one call.
        batch_bytes: Bytes,
        /// Longest wait for company of the first record of a batch.
        linger: Span,
    },
}

/// What a producer does with a throttled record.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// Attempts in all, the first one included; at least one.
    pub attempts: u32,
    /// The wait between two attempts.
    pub backoff: Backoff,
}

/// The wait before a retry: `base * factor^(n-1)` after the n-th attempt, at most `max`.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    /// Bound of the wait after the first attempt.
    pub base: Span,
    /// Growth from one attempt to the next; at least one.
    pub factor: f64,
    /// Largest bound.
    pub max: Span,
    /// What is drawn below the bound.
    pub jitter: Jitter,
}

/// How a wait is drawn below its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Uniform between zero and the bound.
    Full,
    /// Uniform between half the bound and the bound.
    Equal,
    /// The bound itself.
    None,
}
