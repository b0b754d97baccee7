//! A Firehose stream as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Processing;
use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::Bytes;

/// A Firehose stream that reads from the data stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Firehose {
    /// When an object is written; the first of size and interval.
    pub(in crate::scenario) buffer: Option<DeliveryBuffer>,
    /// A function that changes the records before they are gathered; default none.
    pub(in crate::scenario) transform: Option<TransformFunction>,
    /// Whether records are converted to a columnar format, for which the buffer must hold 64 MiB;
    /// default `false`.
    pub(in crate::scenario) format_conversion: Option<Written<bool>>,
    /// Dynamic partitioning; default none.
    pub(in crate::scenario) dynamic_partitioning: Option<DynamicPartitioning>,
    /// Bytes written for each byte read, by compression or conversion, 0.001 to 100; default 1.
    #[schemars(range(min = 0.001, max = 100.0))]
    pub(in crate::scenario) output_ratio: Option<f64>,
    /// How long writing an object takes; default `1 s`, assumed.
    pub(in crate::scenario) delivery: Option<Written<Span>>,
    /// From sending a call to having its answer; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
}

/// When an object is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct DeliveryBuffer {
    /// When it holds so many bytes, 1 MiB to 128 MiB; default `5 MiB`.
    pub(in crate::scenario) size: Option<Written<Bytes>>,
    /// When its first record has waited so long, up to 900 s; default `300 s`.
    pub(in crate::scenario) interval: Option<Written<Span>>,
}

/// A function that changes records on their way.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct TransformFunction {
    /// When the function is called for the records of a shard, 200 kB to 3 MiB and up to 900 s;
    /// default `1 MiB` and `60 s`.
    pub(in crate::scenario) buffer: Option<DeliveryBuffer>,
    /// How long a call takes; default no time.
    pub(in crate::scenario) processing: Option<Processing>,
}

/// Records are divided by something in them, and each part is gathered on its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct DynamicPartitioning {
    /// Number of parts, 1 to 5,000; the partition key decides.
    #[schemars(range(min = 1, max = 5_000))]
    pub(in crate::scenario) partitions: u32,
}
