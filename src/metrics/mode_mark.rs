//! What a stream had been used for when its capacity mode changed, so that a bill can tell the
//! stretches of time apart.

use crate::model::billing::BilledRecords;
use crate::scenario::CapacityMode;
use crate::time::Span;

/// A change of the capacity mode.
#[derive(Clone, Debug)]
pub struct ModeMark {
    /// When it was, from the start of the run.
    pub at: Span,
    /// The mode until then.
    pub before: CapacityMode,
    /// What had been used until then.
    pub used: UsedSoFar,
}

/// What had been used of a stream by the records generated after the warm-up.
#[derive(Clone, Debug, Default)]
pub struct UsedSoFar {
    /// Everything that the stream took, duplicates included.
    pub billed: BilledRecords,
    /// The duplicates alone.
    pub billed_duplicates: BilledRecords,
    /// Bytes that the stream took.
    pub accepted_bytes: u64,
    /// One entry a consumer, in the order of the scenario.
    pub consumers: Vec<ReadSoFar>,
}

/// What a consumer had read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadSoFar {
    /// Bytes.
    pub read_bytes: u64,
    /// Bytes, each record rounded up as an on-demand bill does.
    pub data_out_bytes: u64,
    /// Bytes that were older than seven days.
    pub long_term_read_bytes: u64,
}
