//! A producer as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Arrivals, Client, PartitionKey, Traffic};
use crate::scenario::ExplicitHashKey;
use crate::scenario::quantity::{Name, Written};
use crate::units::Bytes;

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
    /// Bytes of data in a record, partition key not included; required, but for a `trace` that
    /// gives the sizes.
    pub(in crate::scenario) record_size: Option<RecordSize>,
    /// Which partition key a record gets; required, but for a `trace` that gives the keys.
    pub(in crate::scenario) partition_key: Option<PartitionKey>,
    /// Replaces the MD5 of the partition key: `random`, or one hash key for every record.
    pub(in crate::scenario) explicit_hash_key: Option<Written<ExplicitHashKey>>,
}

/// Bytes of data in a record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum RecordSize {
    /// All the same, at least 1 B.
    Constant(Written<Bytes>),
    /// Log-normal, given by `median` and `p99`, or by `mean` and `sigma`.
    LogNormal(LogNormal),
    /// Every size from `min` to `max` equally likely.
    Uniform(UniformSize),
    /// Mostly small, with a heavy tail.
    Pareto(Pareto),
    /// A few sizes, each with a weight.
    Table(Vec<WeightedSize>),
    /// Real sizes with their counts, from a file.
    File(SizeFile),
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

/// Every whole number of bytes from `min` to `max` equally likely.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct UniformSize {
    /// Smallest size, at least 1 B.
    pub(in crate::scenario) min: Written<Bytes>,
    /// Largest size, not below `min`.
    pub(in crate::scenario) max: Written<Bytes>,
}

/// A Pareto distribution: larger than `x` with probability `(min / x)^shape`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Pareto {
    /// Smallest size, at least 1 B; the scale of the distribution.
    pub(in crate::scenario) min: Written<Bytes>,
    /// Weight of the tail, 0.1 to 100: the smaller, the heavier; with 1 or less and without `max`
    /// there is no mean.
    #[schemars(range(min = 0.1, max = 100.0))]
    pub(in crate::scenario) shape: f64,
    /// Where the distribution is cut off, above `min`; default nowhere.
    pub(in crate::scenario) max: Option<Written<Bytes>>,
}

/// One size of a table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct WeightedSize {
    /// Bytes of data, at least 1 B.
    pub(in crate::scenario) size: Written<Bytes>,
    /// Relative weight, more than zero.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1e15))]
    pub(in crate::scenario) weight: f64,
}

/// Real sizes with their counts, from a CSV file, or a TSV file by its name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct SizeFile {
    /// The file, relative to the scenario.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) path: String,
    /// Header of the column of sizes, in bytes or with a unit; default the first column.
    pub(in crate::scenario) size_column: Option<String>,
    /// Header of the column of counts; default the second column, or 1 when there is none.
    pub(in crate::scenario) count_column: Option<String>,
    /// What stands between two fields, one ASCII character; default a tab for `.tsv` and `.txt`,
    /// else a comma.
    #[schemars(length(min = 1, max = 1))]
    pub(in crate::scenario) delimiter: Option<String>,
}
