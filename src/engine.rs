//! Runs a scenario: time, event order, random streams, lanes and barriers.

use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::time::Span;

/// How to run, as opposed to what: nothing here changes a figure.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Simulated time between two barriers; chosen to fit the load when not given.
    pub window: Option<Span>,
    /// How many of the hottest keys of each shard to name.
    pub hottest_keys: usize,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Simulated time behind, over all replications.
    pub simulated: Span,
    /// Simulated time of the whole run, over all replications.
    pub total: Span,
    /// Records generated so far.
    pub generated_records: u64,
}

/// Whether a run goes on after a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// End the run at this barrier, without a result.
    Stop,
}

/// The run was ended by its observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run was interrupted")]
pub struct Interrupted;

/// Simulates all replications of `scenario`; `observer` hears of progress at every barrier.
///
/// # Errors
/// [`Interrupted`] when the observer said [`Control::Stop`].
pub fn simulate(
    _scenario: &Scenario,
    _options: &Options,
    _observer: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Vec<Observation>, Interrupted> {
    Ok(Vec::new())
}
