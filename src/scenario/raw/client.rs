//! How a producer calls the service, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::{Bytes, Ratio, Records};

/// How a producer calls the service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Client {
    /// One record in each call; `{}` takes all defaults, which are those of the AWS SDKs.
    PutRecord(PutRecord),
    /// Records collected into calls; `{}` takes all defaults, those of a hand-written resend loop.
    PutRecords(PutRecords),
}

/// Parameters of PutRecord.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct PutRecord {
    /// From sending a call to having its answer, when nothing is throttled; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// What happens to a throttled record; default 3 attempts, base 1 s, factor 2, at most 20 s.
    pub(in crate::scenario) retries: Option<Retries>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// Parameters of PutRecords.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct PutRecords {
    /// Most records in one call; default 500, at most the quota `put_records_max_records`.
    pub(in crate::scenario) batch_size: Option<Written<Records>>,
    /// Most bytes in one call, keys included; default the quota `put_records_max_bytes` (10 MiB).
    pub(in crate::scenario) batch_bytes: Option<Written<Bytes>>,
    /// Longest wait of the first record of a batch for company; default `100 ms`, may be `0 s`.
    pub(in crate::scenario) linger: Option<Written<Span>>,
    /// From sending a call to having its answer, when nothing is throttled; default `10 ms`.
    pub(in crate::scenario) round_trip: Option<Written<Span>>,
    /// What happens to throttled records; default 8 attempts, base 100 ms, factor 2, at most 5 s.
    pub(in crate::scenario) retries: Option<Retries>,
    /// Calls whose answers are lost; default none.
    pub(in crate::scenario) timeouts: Option<Timeouts>,
}

/// Calls that the service decides on and whose answers never reach the producer. It sends them
/// again, so what the stream took stands there twice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Timeouts {
    /// Share of the calls, such as `0.1 %`; each call, and each time it is sent, is drawn on its
    /// own.
    pub(in crate::scenario) share: Written<Ratio>,
    /// How long the producer waits for an answer before it sends again, longer than the round
    /// trip; default `6 s`, the request time-out of the KPL.
    pub(in crate::scenario) after: Option<Written<Span>>,
}

/// What a producer does with a throttled record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Retries {
    /// Attempts in all, the first one included; 1 means no retry.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::scenario) attempts: Option<u32>,
    /// The wait between two attempts.
    pub(in crate::scenario) backoff: Option<Backoff>,
}

/// The wait before a retry: at most `base * factor^(n-1)` after the n-th attempt, and at most
/// `max`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Backoff {
    /// Bound of the wait after the first attempt.
    pub(in crate::scenario) base: Option<Written<Span>>,
    /// Growth of the bound from one attempt to the next, 1 to 1000; default 2.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub(in crate::scenario) factor: Option<f64>,
    /// Largest bound; not below `base`.
    pub(in crate::scenario) max: Option<Written<Span>>,
    /// How the wait is drawn below its bound; default `full`.
    pub(in crate::scenario) jitter: Option<Jitter>,
}

/// How a wait is drawn below its bound.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Jitter {
    /// Uniform between zero and the bound.
    Full,
    /// Uniform between half the bound and the bound.
    Equal,
    /// The bound itself.
    None,
}
