//! A scenario: what an engineer writes, checked and resolved.
//!
//! Behind this door, in the order in which a file meets them:
//!
//! - `reader` is the way through all of them;
//! - `source` holds the text of a file and the overrides of the command line, `yaml` reads text
//!   into the `tree`, in which every value knows its place;
//! - `quantity` reads amounts with units;
//! - `raw` is the file as it is written, one Rust type a map, from which `schema` is generated;
//! - `structure` checks the tree against that schema: unknown keys, missing keys, wrong types,
//!   and the words of `not_modelled`, which this version knows but does not simulate;
//! - `validate` turns the raw file into the types below and holds the rules that a schema cannot
//!   say; `diagnostic` is how every problem is shown; `digest` names what was read.
//!
//! The types below, those of `traffic` and those of `key` are what the rest of the program sees.
//! They are made by `validate` alone, so a value of type [`Scenario`] is always legal: at least one
//! shard, names unique, sizes in range.

mod diagnostic;
mod digest;
mod key;
mod not_modelled;
mod policy;
mod quantity;
mod raw;
mod reader;
mod scaling;
mod schema;
mod source;
mod structure;
mod traffic;
mod tree;
mod validate;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use key::{
    ExplicitHashKey, KeyComposition, KeyFormat, KeyPart, KeyPiece, PartitionKey, RecordOrdering,
    TimeUnit, WeightedKey,
};
pub use policy::{AlarmCondition, Policy, PolicyKind, ScalingUtils, Step, StepAlarm, UtilsStep};
pub use quantity::parse_span;
pub use reader::read;
pub use scaling::{CapacityMode, ChildShards, Scaling, ScalingAction, ScheduledAction};
pub use schema::schema;
pub use source::{Override, Source};
pub use traffic::{Arrivals, Bursts, Spike, Traffic};

use crate::hash_key::HashKeyRange;
use crate::quotas::Quotas;
use crate::time::{Span, Timestamp};
use crate::units::{Bytes, Ratio, Records};

/// A whole scenario, legal by construction.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Short name, used for output folders; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The question that the scenario answers, for the head of a report.
    pub question: Option<String>,
    /// AWS region, for the head of a report; nothing depends on it yet.
    pub region: Option<String>,
    /// The moment of the calendar, in UTC, at which the run starts; keys that are times show it,
    /// and daily and weekly waves follow it.
    pub starts_at: Timestamp,
    /// Simulated time of one replication.
    pub duration: Span,
    /// Records generated before this point are simulated but not counted.
    pub warm_up: Span,
    /// Seed of every random stream.
    pub seed: u64,
    /// Independent repetitions of the run.
    pub replications: u32,
    /// The stream.
    pub stream: Stream,
    /// Producers in the order of the file; at least one.
    pub producers: Vec<Producer>,
    /// Consumers in the order of the file; may be empty.
    pub consumers: Vec<Consumer>,
    /// What the run must meet, in the order of the file; may be empty.
    pub objectives: Vec<Objective>,
    /// Constants of the service, with the scenario's overrides.
    pub quotas: Quotas,
    /// Names of the quotas that the scenario sets itself.
    pub quotas_set: Vec<String>,
    /// MD5 in hexadecimal of the resolved text, with overrides and every file that it names.
    pub digest: String,
}

/// The stream of a scenario.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The capacity mode at the start.
    pub mode: CapacityMode,
    /// What changes the shards while the stream runs.
    pub scaling: Scaling,
    /// The open shards at the start, in the order of their hash key ranges.
    pub shards: Vec<ShardDefinition>,
    /// Whether the ranges come from an export of a real stream.
    pub imported: bool,
    /// Who decides which shard a record goes to.
    pub record_distribution: RecordDistribution,
    /// How long records stay readable.
    pub retention: Span,
    /// Largest record, data and partition key together.
    pub max_record_size: Bytes,
}

impl Stream {
    /// Whether other shards may be open at the end than at the start.
    #[must_use]
    pub const fn reshards(&self) -> bool {
        self.mode.is_on_demand() || !self.scaling.is_empty()
    }
}

/// Who decides which shard a record goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordDistribution {
    /// The producer, by partition key or explicit hash key.
    UserPartitionKey,
    /// The service, evenly, whatever the keys; on-demand streams only.
    Auto,
}

/// One open shard at the start of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardDefinition {
    /// The identifier, `shardId-000000000000`.
    pub shard_id: String,
    /// The hash keys that the shard owns, both ends included.
    pub range: HashKeyRange,
}

/// One producer.
#[derive(Clone, Debug)]
pub struct Producer {
    /// Unique among producers and consumers.
    pub name: String,
    /// The client library and its parameters.
    pub client: Client,
    /// How many records it generates, over time.
    pub traffic: Traffic,
    /// How the records of a given rate are spaced.
    pub arrivals: Arrivals,
    /// Bytes of data in a record, partition key not included.
    pub record_size: RecordSize,
    /// Which partition key a record gets.
    pub partition_key: PartitionKey,
    /// Explicit hash keys in place of the MD5 of the partition key.
    pub explicit_hash_key: Option<ExplicitHashKey>,
}

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

/// Bytes of data in a record.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordSize {
    /// All the same.
    Constant(Bytes),
    /// Logarithm normal with mean `mu` and standard deviation `sigma`; rounded down, at least 1 B.
    LogNormal {
        /// Mean of the logarithm of the size in bytes.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Every whole number of bytes from `min` to `max` equally likely.
    Uniform {
        /// Smallest size, at least one byte.
        min: Bytes,
        /// Largest size, not below `min`.
        max: Bytes,
    },
    /// Larger than `x` with probability `(min / x)^shape`; rounded down.
    Pareto {
        /// Smallest size, at least one byte; the scale of the distribution.
        min: Bytes,
        /// Weight of the tail: the smaller, the heavier; more than zero.
        shape: f64,
        /// Where the distribution is cut off, above `min`; what lies below keeps its proportions.
        max: Option<Bytes>,
    },
    /// The given sizes, by weight; from the scenario or from a file of real sizes with counts.
    Table(Vec<WeightedSize>),
}

/// One size of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedSize {
    /// Bytes of data, at least one.
    pub size: Bytes,
    /// Relative weight; positive and finite.
    pub weight: f64,
}

/// One consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Unique among producers and consumers.
    pub name: String,
    /// How it reads.
    pub reading: Reading,
    /// How long its work takes.
    pub processing: Processing,
    /// In which order it reads shards that came of others.
    pub child_shards: ChildShards,
}

/// How a consumer reads a shard.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// GetRecords in a loop, sharing the shard's read limits with all other polling consumers.
    Polling {
        /// From one call to the next, longer when processing takes longer.
        interval: Span,
        /// Most records that a call asks for.
        max_records: Records,
        /// From sending a call to having its answer.
        round_trip: Span,
    },
    /// SubscribeToShard: records are pushed, with a limit of its own.
    EnhancedFanOut {
        /// From asking for a new subscription to having it.
        round_trip: Span,
    },
}

/// How long a consumer works on what it has read; one batch at a time on each shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processing {
    /// Before the first record of a batch is done.
    pub per_batch: Span,
    /// For each record, one after another.
    pub per_record: Span,
}

/// One thing that a run must meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Throttled attempts over all attempts, at most this.
    WriteThrottled(Ratio),
    /// Records given up over records generated, at most this.
    GivenUp(Ratio),
    /// The 99th percentile of the time from a record's generation to its acceptance, at most this.
    PutLatencyP99(Span),
    /// The 99th percentile of the true iterator age, at most this.
    IteratorAgeP99 {
        /// Index of the consumer; the worst of all when not given.
        consumer: Option<usize>,
        /// The bound.
        at_most: Span,
    },
    /// The 99th percentile of the time from generation to processed, at most this.
    EndToEndLatencyP99 {
        /// Index of the consumer; the worst of all when not given.
        consumer: Option<usize>,
        /// The bound.
        at_most: Span,
    },
}
