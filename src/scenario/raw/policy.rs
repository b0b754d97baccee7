//! Policies that scale a provisioned stream, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::{Ratio, Records};

/// What scales a provisioned stream by the metrics of CloudWatch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Policy {
    /// Keeps the utilization of the write limits near a target.
    TargetUtilization(TargetUtilization),
    /// Alarms on minute metrics, each with a step.
    StepAlarms(StepAlarms),
    /// The configuration file of awslabs/amazon-kinesis-scaling-utils, as it is.
    ScalingUtils(ScalingUtils),
}

/// Keeps the utilization of the write limits near a target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct TargetUtilization {
    /// Utilization of the scarcer write limit over all shards, such as `60 %`.
    pub(in crate::scenario) target: Written<Ratio>,
    /// Fewest shards; default 1.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) min_shards: Option<u32>,
    /// Most shards; default 10,000.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) max_shards: Option<u32>,
    /// From one look at the metrics to the next; default `1 min`.
    pub(in crate::scenario) check_every: Option<Written<Span>>,
    /// Minutes above the target before shards are added; default 3.
    #[schemars(range(min = 1, max = 1440))]
    pub(in crate::scenario) up_after_minutes: Option<u32>,
    /// Minutes below it before shards are taken away; default 15.
    #[schemars(range(min = 1, max = 1440))]
    pub(in crate::scenario) down_after_minutes: Option<u32>,
    /// Shortest time from one change to the next; default `5 min`.
    pub(in crate::scenario) cool_off: Option<Written<Span>>,
}

/// Alarms on minute metrics, each with a step; of several in alarm the first one acts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct StepAlarms {
    /// The alarms; at least one.
    #[schemars(length(min = 1, max = 100))]
    pub(in crate::scenario) alarms: Vec<StepAlarm>,
    /// Fewest shards; default 1.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) min_shards: Option<u32>,
    /// Most shards; default 10,000.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) max_shards: Option<u32>,
    /// From one look at the metrics to the next; default `1 min`.
    pub(in crate::scenario) check_every: Option<Written<Span>>,
}

/// An alarm: exactly one condition and exactly one step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct StepAlarm {
    /// Accepted load of a minute over the write limits of its shards is above.
    pub(in crate::scenario) utilization_above: Option<Written<Ratio>>,
    /// The same is below.
    pub(in crate::scenario) utilization_below: Option<Written<Ratio>>,
    /// Attempts throttled in a minute are more (WriteProvisionedThroughputExceeded).
    pub(in crate::scenario) throttled_above: Option<Written<Records>>,
    /// The highest iterator age of any consumer in a minute is above.
    pub(in crate::scenario) iterator_age_above: Option<Written<Span>>,
    /// The same is below.
    pub(in crate::scenario) iterator_age_below: Option<Written<Span>>,
    /// Minutes looked at; default 3.
    #[schemars(range(min = 1, max = 1440))]
    pub(in crate::scenario) evaluation_minutes: Option<u32>,
    /// Minutes of them that must breach; default all.
    #[schemars(range(min = 1, max = 1440))]
    pub(in crate::scenario) breaching_minutes: Option<u32>,
    /// So many shards more.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) add_shards: Option<u32>,
    /// So many shards fewer.
    #[schemars(range(min = 1, max = 20_000))]
    pub(in crate::scenario) remove_shards: Option<u32>,
    /// The open shards times this, rounded up; from 0.5 to 2.
    #[schemars(range(min = 0.5, max = 2.0))]
    pub(in crate::scenario) multiply_by: Option<f64>,
    /// Shortest time from this alarm's last change to its next; default `5 min`.
    pub(in crate::scenario) cool_off: Option<Written<Span>>,
}

/// The configuration file of awslabs/amazon-kinesis-scaling-utils.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct ScalingUtils {
    /// Path of the JSON file.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) file: String,
    /// `streamName` of the monitor to take; may be left out where the file has one.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) stream_name: Option<String>,
}
