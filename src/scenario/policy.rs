//! Policies that scale a provisioned stream by what CloudWatch shows.

use crate::time::Span;
use crate::units::{Ratio, Records};

/// A policy, and the bounds that it keeps to.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Fewest shards that it asks for; at least one.
    pub min_shards: u32,
    /// Most shards that it asks for.
    pub max_shards: u32,
    /// From one look at the metrics to the next.
    pub check_every: Span,
    /// What it looks at, and what it does.
    pub kind: PolicyKind,
}

/// What a policy looks at, and what it does.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyKind {
    /// Keeps the utilization of the write limits near a target.
    TargetUtilization {
        /// The target, a ratio of the scarcer limit over all shards.
        target: Ratio,
        /// Minutes above the target before shards are added.
        up_after: u32,
        /// Minutes below it before shards are taken away.
        down_after: u32,
        /// Shortest time from one change to the next.
        cool_off: Span,
    },
    /// Alarms, each with a step; the first one that is in alarm acts.
    StepAlarms(Vec<StepAlarm>),
    /// The autoscaling of awslabs/amazon-kinesis-scaling-utils.
    ScalingUtils(ScalingUtils),
}

/// An alarm on a minute metric, and the step that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct StepAlarm {
    /// What is compared with what.
    pub condition: AlarmCondition,
    /// Minutes looked at.
    pub evaluation_minutes: u32,
    /// Minutes of them that must breach.
    pub breaching_minutes: u32,
    /// What is done.
    pub step: StepChange,
    /// Shortest time from this alarm's last change to its next.
    pub cool_off: Span,
}

/// When a minute breaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlarmCondition {
    /// Accepted load over the limits of the shards open in that minute is above.
    UtilizationAbove(Ratio),
    /// The same is below.
    UtilizationBelow(Ratio),
    /// Attempts throttled in the minute are more.
    ThrottledAbove(Records),
    /// The highest iterator age of any consumer is above.
    IteratorAgeAbove(Span),
    /// The same is below.
    IteratorAgeBelow(Span),
}

/// How many shards a step asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepChange {
    /// So many more.
    Add(u32),
    /// So many fewer.
    Remove(u32),
    /// The open ones times this, rounded up.
    MultiplyBy(f64),
}

/// One `streamMonitor` of amazon-kinesis-scaling-utils.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingUtils {
    /// Whether PUT is monitored.
    pub on_put: bool,
    /// Whether GET is monitored.
    pub on_get: bool,
    /// How long it believes in the number of shards that it last looked up.
    pub refresh_every: Span,
    /// When shards are added.
    pub up: Option<UtilsStep>,
    /// When shards are taken away.
    pub down: Option<UtilsStep>,
}

/// `scaleUp` or `scaleDown`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UtilsStep {
    /// `scaleThresholdPct`, as a ratio.
    pub threshold: f64,
    /// `scaleAfterMins`.
    pub after_minutes: u32,
    /// `scaleCount`, which prevails over `scalePct`.
    pub count: Option<u32>,
    /// `scalePct`.
    pub percent: Option<u32>,
    /// `coolOffMins`.
    pub cool_off: Span,
}
