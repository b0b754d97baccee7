//! What consumers do beyond reading: functions that are called, objects that are written.

use hdrhistogram::Histogram;

use crate::time::Span;

/// The invocations of a consumer's function that began after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionObservation {
    /// Invocations.
    pub invocations: u64,
    /// Those of them that failed.
    pub failed_invocations: u64,
    /// Those that had to wait, because no more may run at the same time.
    pub throttled_invocations: u64,
    /// Those in a new execution environment.
    pub cold_starts: u64,
    /// Batches that were given up, or parts of them: messages to the destination, where there is one.
    pub given_up_batches: u64,
    /// Records over all invocations.
    pub handed_records: u64,
    /// Most invocations at the same time, the warm-up included.
    pub concurrent_max: u64,
    /// Time that all took, each rounded up to a millisecond as it is billed.
    pub billed: Span,
}

/// The objects that a consumer began to write after the warm-up.
#[derive(Clone, Debug)]
pub struct DeliveryObservation {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub object_bytes: Histogram<u64>,
    /// Bytes of all of them.
    pub written_bytes: u64,
    /// Bytes read, each record rounded up to 5 KiB as it is billed.
    pub billed_bytes: u64,
    /// Objects that the destination refused at first.
    pub retried_objects: u64,
}

/// The micro-batches of a consumer that began after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchObservation {
    /// Batches.
    pub batches: u64,
    /// Those of them that took longer than until the next trigger.
    pub late_batches: u64,
    /// User records over all of them.
    pub handed_records: u64,
    /// How long all of them took.
    pub lasting_total: Span,
    /// How long the longest took.
    pub lasting_max: Span,
}
