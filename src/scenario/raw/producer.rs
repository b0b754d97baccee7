//! A producer as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Client, PartitionKey};
use crate::scenario::ExplicitHashKey;
use crate::scenario::quantity::{Name, Written};
use crate::time::Span;
use crate::units::{Bytes, RecordRate};

/// One producer, or a fleet that behaves as one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Producer {
    /// Unique among producers and consumers.
    pub(in crate::scenario) name: Written<Name>,
    /// How it calls the service.
    pub(in crate::scenario) client: Client,
    /// How many records it generates, over time.
    pub(in crate::scenario) traffic: Traffic,
    /// How the records of a given rate are spaced; default `poisson`.
    pub(in crate::scenario) arrivals: Option<Arrivals>,
    /// Bytes of data in a record, partition key not included.
    pub(in crate::scenario) record_size: RecordSize,
    /// Which partition key a record gets.
    pub(in crate::scenario) partition_key: PartitionKey,
    /// Replaces the MD5 of the partition key: `random`, or one hash key for every record.
    pub(in crate::scenario) explicit_hash_key: Option<Written<ExplicitHashKey>>,
}

/// How the rate of a producer develops.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Traffic {
    /// The same rate throughout, such as `9000 records/s`.
    Constant(Written<RecordRate>),
    /// Piecewise constant: ascending instants, the first at `0 s`.
    Steps(Vec<Step>),
    /// A daily wave with the given mean and peak.
    Diurnal(Diurnal),
}

/// One step of a piecewise constant rate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Step {
    /// Since the start of the run.
    pub(in crate::scenario) at: Written<Span>,
    /// The rate from there on.
    pub(in crate::scenario) rate: Written<RecordRate>,
}

/// A daily wave whose logarithm is a cosine: always positive.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Diurnal {
    /// Mean over a day; more than zero.
    pub(in crate::scenario) mean: Written<RecordRate>,
    /// Highest rate over the mean, 1 to 20.
    #[schemars(range(min = 1.0, max = 20.0))]
    pub(in crate::scenario) peak_to_mean: f64,
    /// Time of day of the peak, below 24 h; the run starts at midnight unless `starts_at` says
    /// otherwise.
    pub(in crate::scenario) peak_at: Written<Span>,
}

/// How the records of a given rate are spaced.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Arrivals {
    /// Even distances.
    Paced,
    /// Independent of one another: a Poisson process.
    Poisson,
}

/// Bytes of data in a record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum RecordSize {
    /// All the same, at least 1 B.
    Constant(Written<Bytes>),
    /// Log-normal, given by `median` and `p99`, or by `mean` and `sigma`.
    LogNormal(LogNormal),
}

/// A log-normal distribution: `median` and `p99`, or `mean` and `sigma`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["median", "p99"] },
    { "required": ["mean", "sigma"] },
]))]
pub(in crate::scenario) struct LogNormal {
    /// Half of the records are smaller.
    pub(in crate::scenario) median: Option<Written<Bytes>>,
    /// 99 of 100 records are smaller; not below the median.
    pub(in crate::scenario) p99: Option<Written<Bytes>>,
    /// Arithmetic mean.
    pub(in crate::scenario) mean: Option<Written<Bytes>>,
    /// Standard deviation of the natural logarithm of the size, 0 to 5.
    #[schemars(range(min = 0.0, max = 5.0))]
    pub(in crate::scenario) sigma: Option<f64>,
}
