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
//! - `trace` reads recorded traffic, line by line;
//! - `validate` turns the raw file into the types below and holds the rules that a schema cannot
//!   say; `diagnostic` is how every problem is shown; `digest` names what was read.
//!
//! `variants` reads several scenarios from one file, `variation` makes a scenario into another one,
//! for the commands that try many.
//!
//! The types below, those of `client`, `traffic` and `key` are what the rest of the program sees.
//! They are made by `validate` alone, so a value of type [`Scenario`] is always legal: at least one
//! shard, names unique, sizes in range.

mod client;
mod diagnostic;
mod digest;
mod incident;
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
mod trace;
mod traffic;
mod tree;
mod validate;
mod variants;
mod variation;
mod work;
mod yaml;

pub use client::{
    AgentBackoff, Aggregation, Backoff, Buffer, Client, FlinkSink, Jitter, Kpl, LogBatches, Method,
    PutCalls, RateLimit, Retries, Sending, Timeouts, WhenFull,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use incident::{Incident, IncidentKind, StartPosition};
pub use key::{
    ExplicitHashKey, KeyComposition, KeyFormat, KeyPart, KeyPiece, PartitionKey, RecordOrdering,
    TimeUnit, WeightedKey,
};
pub use policy::{
    AlarmCondition, Policy, PolicyKind, ScalingUtils, StepAlarm, StepChange, UtilsStep,
};
pub use quantity::{parse_ratio, parse_record_rate, parse_size, parse_span};
pub use reader::{read, read_streaming};
pub use scaling::{CapacityMode, ChildShards, Scaling, ScalingAction, ScheduledAction};
pub use schema::schema;
pub use source::{Override, Source};
pub use trace::{Beyond, Step, StreamedFile, Trace, TraceError, TraceReader, TraceRecord};
pub use traffic::{Arrivals, Bursts, Spike, Traffic};
pub use validate::{Files, open_shards};
pub use variants::{Sweep, SweepPoint, Variant, read_sweep, read_variants};
pub use work::{Firehose, Kcl, Lambda, MicroBatch, OnFailure, Transform, Work};

use crate::hash_key::HashKeyRange;
use crate::quotas::Quotas;
use crate::time::{Span, Timestamp};
use crate::units::{Bytes, Ratio, Records, Usd};

/// A whole scenario, legal by construction.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Short name, used for output folders; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The question that the scenario answers, for the head of a report.
    pub question: Option<String>,
    /// AWS region, whose prices the bill has.
    pub region: Option<String>,
    /// The moment of the calendar, in UTC, at which the run starts; keys that are times show it,
    /// and daily and weekly waves follow it.
    pub starts_at: Timestamp,
    /// Simulated time of one replication.
    pub duration: Span,
    /// Records generated before this point are simulated but not counted.
    pub warm_up: Span,
    /// Whether `warm_up` is yet to be found.
    pub warm_up_search: WarmUpSearch,
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
    /// What happens to consumers, in the order of the file; may be empty.
    pub incidents: Vec<Incident>,
    /// What the run must meet, in the order of the file; may be empty.
    pub objectives: Vec<Objective>,
    /// Paths of the figures of the result that objectives bound; [`Objective::Figure`] counts them.
    pub objective_figures: Vec<String>,
    /// Constants of the service, with the scenario's overrides.
    pub quotas: Quotas,
    /// Names of the quotas that the scenario sets itself.
    pub quotas_set: Vec<String>,
    /// MD5 in hexadecimal of the resolved text, with overrides and every file that it names.
    pub digest: String,
}

/// Whether the end of the start is yet to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUpSearch {
    /// No: the scenario gives it.
    Given,
    /// Yes: the scenario says `auto`.
    Asked,
    /// The scenario says nothing; sought where a run is judged in which nothing changes by plan.
    Open,
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
    /// Who holds the key of server-side encryption; it changes the bill alone.
    pub encryption: Encryption,
    /// Shard-level metrics of CloudWatch that are on, at most seven; they change the bill alone.
    pub shard_level_metrics: u32,
}

/// Who holds the key of server-side encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// No encryption at rest.
    #[default]
    None,
    /// A key that AWS manages.
    AwsManagedKey,
    /// A key of the account.
    CustomerManagedKey,
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
    /// As the trace of the producer says.
    Recorded,
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
    /// When it begins to read, since the start of the run.
    pub joins_at: Span,
    /// Where it begins to read.
    pub start: StartPosition,
    /// A checkpoint is written after the first batch that ends so long after the last one.
    pub checkpoint_interval: Span,
    /// What works on the records.
    pub work: Work,
    /// In which order it reads shards that came of others.
    pub child_shards: ChildShards,
}

impl Consumer {
    /// The word of the language for what it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match (&self.work, &self.reading) {
            (Work::Lambda(_), _) => "lambda",
            (Work::Firehose(_), _) => "firehose",
            (Work::MicroBatch(_), _) => "micro_batch",
            (Work::Kcl(_), _) => "kcl",
            (Work::Flink, _) => "flink",
            (Work::Loop, Reading::Polling { .. }) => "polling",
            (Work::Loop, Reading::EnhancedFanOut { .. }) => "enhanced_fan_out",
        }
    }

    /// Whether it works on records by their partition key.
    #[must_use]
    pub const fn looks_at_keys(&self) -> bool {
        match &self.work {
            Work::Lambda(lambda) => lambda.parallelization_factor > 1,
            Work::Firehose(firehose) => firehose.partitions.is_some(),
            Work::Loop | Work::Kcl(_) | Work::Flink | Work::MicroBatch(_) => false,
        }
    }

    /// Whether its processing takes no time at all.
    #[must_use]
    pub fn takes_no_time(&self) -> bool {
        self.processing == Processing::default()
    }
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
    /// What a month of 730 h costs, at most this.
    CostPerMonth(Usd),
    /// Any figure of the result, at most this, in the figure's own unit.
    Figure {
        /// Index of its path among the scenario's `objective_figures`.
        figure: usize,
        /// The bound.
        at_most: f64,
    },
}
