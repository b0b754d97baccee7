//! The file as it is written: one type a map, in the order in which one tells the story.
//!
//! The comments on the fields are the descriptions of the published JSON Schema, so they address
//! the author of a scenario and give unit and default. Alternatives are externally tagged enums
//! or fields of which exactly one is present; nothing here is untagged or flattened, because that
//! would lose the place of an error.

mod applications;
mod client;
mod consumer;
mod firehose;
mod incident;
mod key;
mod lambda;
mod policy;
mod producer;
mod quotas;
mod scaling;
mod traffic;
mod variant;

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{Name, Region, WarmUp, Written};
use crate::time::{Span, Timestamp};
use crate::units::{Bytes, Ratio, Usd};

pub(super) use applications::*;
pub(super) use client::*;
pub(super) use consumer::*;
pub(super) use firehose::*;
pub(super) use incident::*;
pub(super) use key::*;
pub(super) use lambda::*;
pub(super) use policy::*;
pub(super) use producer::*;
pub(super) use quotas::Quotas;
pub(super) use scaling::*;
pub(super) use traffic::*;
pub(super) use variant::*;

/// A scenario of shardplan: a stream, who writes to it, who reads from it, and what must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    /// Version of the language; always 1.
    #[schemars(range(min = 1, max = 1))]
    #[serde(rename = "version")]
    pub(super) _version: u32,
    /// Short name, used for output folders: letters, digits, `-`, `_` and `.`.
    pub(super) name: Written<Name>,
    /// The question that the scenario answers; stands at the head of a report.
    pub(super) question: Option<String>,
    /// AWS region, whose prices the bill has; without one there is no bill.
    pub(super) region: Option<Written<Region>>,
    /// The moment in UTC at which the run starts, which keys made of the time show and daily and
    /// weekly waves follow; default `2026-01-01T00:00:00Z`, a thursday.
    pub(super) starts_at: Option<Written<Timestamp>>,
    /// Simulated time of one replication; more than zero, at most 366 d.
    pub(super) duration: Written<Span>,
    /// What is generated before this point is simulated but not counted; `auto` finds it by MSER-5
    /// in a run of its own. The default is that where objectives are judged and nothing changes by
    /// plan, `0 s` otherwise.
    pub(super) warm_up: Option<Written<WarmUp>>,
    /// Seed of every random stream; default 1.
    pub(super) seed: Option<u64>,
    /// Independent repetitions of the run; default 1.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) replications: Option<u32>,
    /// The stream.
    pub(super) stream: Stream,
    /// Who writes to the stream; at least one.
    #[schemars(length(min = 1, max = 1000))]
    pub(super) producers: Vec<Producer>,
    /// Who reads from the stream; default none.
    #[schemars(length(max = 1000))]
    pub(super) consumers: Option<Vec<Consumer>>,
    /// What happens to consumers on a timetable; default nothing.
    #[schemars(length(max = 1000))]
    pub(super) incidents: Option<Vec<Incident>>,
    /// What the run must meet; default nothing.
    pub(super) objectives: Option<Objectives>,
    /// Constants of the service that this scenario changes, for tests and for what-if.
    pub(super) quotas: Option<Quotas>,
    /// The scenario with other values, for `shardplan compare`; default none.
    #[schemars(length(min = 1, max = 100))]
    #[serde(rename = "variants")]
    pub(super) _variants: Option<Vec<Variant>>,
    /// Paths and the values to try there, every combination of them, for `shardplan sweep`: a list,
    /// or a range of factors such as `1x..3x`; default none.
    #[serde(rename = "sweep")]
    pub(super) _sweep: Option<std::collections::BTreeMap<String, Anything>>,
}

/// The stream: how much it can carry and what it keeps.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["capacity"] }, { "required": ["hash_ranges"] }]))]
pub(super) struct Stream {
    /// How the capacity is set. May be left out when `hash_ranges` gives the shards.
    pub(super) capacity: Option<Capacity>,
    /// Hash key ranges of a real stream; default the even ranges of a freshly created one.
    pub(super) hash_ranges: Option<HashRanges>,
    /// Who decides which shard a record goes to; default `user_partition_key`.
    pub(super) record_distribution: Option<RecordDistribution>,
    /// How long records stay readable, 24 h to 365 d; default `24 h`.
    pub(super) retention: Option<Written<Span>>,
    /// Largest record, data and partition key together, 1 MiB to 10 MiB; default `1 MiB`.
    pub(super) max_record_size: Option<Written<Bytes>>,
    /// Who holds the key of server-side encryption, which changes no limit but the bill; default
    /// `none`.
    pub(super) encryption: Option<Encryption>,
    /// How many of the seven shard-level metrics of CloudWatch are on, which is billed by shard;
    /// default 0.
    #[schemars(range(min = 0, max = 7))]
    pub(super) shard_level_metrics: Option<u32>,
    /// What changes the shards while the stream runs; default nothing.
    pub(super) scaling: Option<Scaling>,
}

/// Who holds the key of server-side encryption.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Encryption {
    /// No encryption at rest.
    None,
    /// A key that AWS manages; requests are billed.
    AwsManagedKey,
    /// A key of the account; the key and requests are billed.
    CustomerManagedKey,
}

/// How the capacity of a stream is set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Capacity {
    /// A fixed number of shards.
    Provisioned(Provisioned),
    /// On-demand standard: the service splits shards as they fill; `{}` starts with four.
    OnDemand(OnDemand),
    /// On-demand advantage: the same, with warm throughput.
    OnDemandAdvantage(OnDemandAdvantage),
}

/// Provisioned capacity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Provisioned {
    /// Open shards, 1 to 20,000.
    #[schemars(range(min = 1, max = 20_000))]
    pub(super) shards: u32,
}

/// Who decides which shard a record goes to.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordDistribution {
    /// The producer, by partition key or explicit hash key.
    UserPartitionKey,
    /// The service, evenly, whatever the keys; on-demand streams only.
    Auto,
}

/// Hash key ranges of a real stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HashRanges {
    /// A file with the output of `aws kinesis list-shards`; closed shards are skipped.
    #[schemars(length(min = 1))]
    pub(super) list_shards: String,
}

/// What a run must meet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Objectives {
    /// Throttled attempts over all attempts.
    pub(super) write_throttled: Option<ShareObjective>,
    /// Records that producers gave up over records that they generated.
    pub(super) given_up: Option<ShareObjective>,
    /// 99th percentile of the time from the generation of a record to its acceptance.
    pub(super) put_latency_p99: Option<DurationObjective>,
    /// 99th percentile of the true iterator age.
    pub(super) iterator_age_p99: Option<ConsumerObjective>,
    /// 99th percentile of the time from the generation of a record to the end of its processing.
    pub(super) end_to_end_latency_p99: Option<ConsumerObjective>,
    /// What the stream and its consumers cost in a month of 730 h; needs `region`.
    pub(super) cost_per_month: Option<MoneyObjective>,
    /// Any figures of the result.
    #[schemars(length(min = 1, max = 100))]
    pub(super) figures: Option<Vec<FigureObjective>>,
}

/// An upper bound of any figure of the result.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FigureObjective {
    /// Path of the figure in the result document, such as
    /// `stream.cloudwatch.minutes_with_throttling_ratio`; elements of a list go by name.
    #[schemars(length(min = 1, max = 200))]
    pub(super) figure: String,
    /// The bound, in the unit that the figure has in the result.
    pub(super) at_most: f64,
}

/// An upper bound of a share.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareObjective {
    /// The bound, such as `0.1 %`.
    pub(super) at_most: Written<Ratio>,
}

/// An upper bound of an amount of money.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoneyObjective {
    /// The bound, such as `500 USD`.
    pub(super) at_most: Written<Usd>,
}

/// An upper bound of a duration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DurationObjective {
    /// The bound, such as `2 s`.
    pub(super) at_most: Written<Span>,
}

/// An upper bound of a duration that a consumer sees.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsumerObjective {
    /// Name of the consumer; default the worst of all consumers.
    pub(super) consumer: Option<String>,
    /// The bound, such as `30 s`.
    pub(super) at_most: Written<Span>,
}
