//! Incidents on a timetable, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::quantity::Written;
use crate::time::Span;

/// One incident: when, for how long, and exactly one kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["outage"] },
    { "required": ["deploy"] },
    { "required": ["slowdown"] },
    { "required": ["destination_throttled"] },
    { "required": ["worker_loss"] },
    { "required": ["poison"] },
    { "required": ["replay"] },
]))]
pub(in crate::scenario) struct Incident {
    /// When it begins, since the start of the run.
    pub(in crate::scenario) at: Written<Span>,
    /// How long it lasts, more than zero; not for `replay` and `worker_loss`, which
    /// are done at once; for `poison` default to the end of the run.
    #[serde(rename = "for")]
    pub(in crate::scenario) lasts: Option<Written<Span>>,
    /// The consumer is killed and comes back at the end: what it has done since its last checkpoint
    /// is done again.
    pub(in crate::scenario) outage: Option<OfConsumers>,
    /// The consumer stops in good order and comes back at the end: batches in hand are finished
    /// and a checkpoint is written.
    pub(in crate::scenario) deploy: Option<OfConsumers>,
    /// The processing of the consumer takes longer.
    pub(in crate::scenario) slowdown: Option<Slowdown>,
    /// What the consumer writes to takes nothing: objects of a `firehose` wait until the end.
    pub(in crate::scenario) destination_throttled: Option<OfConsumer>,
    /// Workers of a `kcl` consumer are lost for good; others take over their leases and do again
    /// what was done since the last checkpoint.
    pub(in crate::scenario) worker_loss: Option<WorkerLoss>,
    /// The function of a `lambda` fails on one record each time until the end: the first that the
    /// shard takes from `at` on.
    pub(in crate::scenario) poison: Option<Poison>,
    /// The consumer is set to another position of the stream and reads on from there.
    pub(in crate::scenario) replay: Option<Replay>,
}

/// Who is met by an incident.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct OfConsumer {
    /// Name of the consumer.
    pub(in crate::scenario) consumer: String,
}

/// Who is met by an incident that may meet all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct OfConsumers {
    /// Name of the consumer; default every consumer that has joined by then.
    pub(in crate::scenario) consumer: Option<String>,
}

/// A record on which a function fails.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Poison {
    /// Name of the consumer.
    pub(in crate::scenario) consumer: String,
    /// Number of the shard at the start of the run, from 0; default 0.
    pub(in crate::scenario) shard: Option<u32>,
}

/// Workers are lost.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct WorkerLoss {
    /// Name of the consumer.
    pub(in crate::scenario) consumer: String,
    /// How many workers are lost, fewer than there are; default 1.
    #[schemars(range(min = 1, max = 9_999))]
    pub(in crate::scenario) workers: Option<u32>,
}

/// Processing takes longer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Slowdown {
    /// Name of the consumer.
    pub(in crate::scenario) consumer: String,
    /// How many times as long batches take that begin meanwhile, above 0 and up to 10,000.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 10_000))]
    pub(in crate::scenario) factor: f64,
}

/// A consumer is set to another position.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Replay {
    /// Name of the consumer.
    pub(in crate::scenario) consumer: String,
    /// Where it reads on.
    pub(in crate::scenario) from: StartPosition,
}

/// A position of the stream.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum StartPosition {
    /// The oldest record that the stream still has.
    TrimHorizon,
    /// The first record that comes after.
    Latest,
    /// The first record that the stream took at this time since the start of the run or later.
    At(Written<Span>),
}
