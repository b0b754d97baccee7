//! Runs a scenario: time, event order, random streams, lanes and barriers.
//!
//! Almost everything that a record meets is local to its shard, so the unit of simulation is the
//! *lane*: one shard with its arrivals, retries, log and readers. Lanes play on their own, in
//! parallel, up to the next *barrier*. Behind this door, in the order in which a record meets
//! them: `plan` (the scenario made ready), `source` (draws records, or takes those that `replay`
//! reads from a trace, and deals them to the lanes), `sender` and `rounds` (clients that hear of
//! every answer), `lane` with `retry` and `foreseen` (both on a `wheel`), `refusals` and `key_order`
//! (attempts), `log`, `fetch`, `position` with `timetable` and `leases`, and `reader` with `mapping`,
//! `tap` and `prefetch` (consumers), `joint` (consumers that couple shards), `seconds` and `tally`
//! (what is counted), `replication` (windows and barriers), `shared` (what threads do of a window),
//! `reshard` with `child_order` (shards that split and merge) and `observe` (adding up).

mod child_order;
mod distribution;
mod fetch;
mod foreseen;
mod joint;
mod key_order;
mod lane;
mod leases;
mod log;
mod mapping;
mod observe;
mod plan;
mod position;
mod prefetch;
mod reader;
mod refusals;
mod replay;
mod replication;
mod reshard;
mod retry;
mod rounds;
mod seconds;
mod sender;
mod shared;
mod source;
mod tally;
mod tap;
mod timetable;
mod wheel;

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::metrics::{Observation, series_step};
use crate::random::Randomness;
use crate::scenario::{Scenario, TraceError};
use crate::time::Span;

/// How to run, as opposed to what: nothing here changes a figure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Simulated time between two barriers; chosen to fit the load when not given.
    pub window: Option<Span>,
    /// How many of the hottest keys of each shard to name.
    pub hottest_keys: usize,
    /// Width of one row of the series, which divides a minute; chosen by [`series_step`] when not
    /// given.
    pub series_step: Option<Span>,
    /// Refusals of a shard in a second from which on the attempts of its records are foreseen to their
    /// end, which is quicker where what waits does not fit the caches; chosen so when not given.
    pub many_refusals: Option<u64>,
    /// Number of the first replication; more than zero to add replications to earlier ones.
    pub first_replication: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            window: None,
            hottest_keys: observe::HOTTEST_KEYS,
            series_step: None,
            many_refusals: None,
            first_replication: 0,
        }
    }
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

/// Why a run ended without a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// Its observer said [`Control::Stop`].
    #[error("the run was interrupted")]
    Interrupted,
    /// A trace could not be replayed to its end.
    #[error(transparent)]
    Trace(#[from] TraceError),
}

/// Simulates all replications of `scenario`; `observer` hears of progress at every barrier.
///
/// The same scenario gives the same observations, whatever the number of threads and the options.
/// Series are kept of the first replication only.
///
/// # Errors
/// [`Unfinished`] when the observer said [`Control::Stop`], or when the file of a trace cannot be
/// read, or has changed since the scenario was read.
///
/// # Panics
/// When an identity of [`Observation::identities`] does not hold, which is a defect of the engine,
/// or when a given step of the series does not divide a minute.
pub fn simulate(
    scenario: &Scenario,
    options: &Options,
    observer: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Vec<Observation>, Unfinished> {
    let plan = plan::Plan::new(scenario);
    let simulated = AtomicU64::new(0);
    let generated = AtomicU64::new(0);
    let total = u64::from(scenario.replications).saturating_mul(plan.horizon);
    let step = options.series_step.unwrap_or_else(|| series_step(scenario.duration, plan.shards));
    // In the pool: a barrier that is met from outside it wakes and awaits other threads each time.
    let in_pool = |_: &rayon::Scope<'_>| {
        (options.first_replication..options.first_replication + scenario.replications)
            .into_par_iter()
            .map(|replication| {
                let before = (AtomicU64::new(0), AtomicU64::new(0));
                let at_barrier = |nanoseconds: u64, records: u64| {
                    let step = nanoseconds - before.0.swap(nanoseconds, Ordering::Relaxed);
                    let more = records - before.1.swap(records, Ordering::Relaxed);
                    observer(Progress {
                        simulated: Span::from_nanoseconds(
                            simulated.fetch_add(step, Ordering::Relaxed) + step,
                        ),
                        total: Span::from_nanoseconds(total),
                        generated_records: generated.fetch_add(more, Ordering::Relaxed) + more,
                    })
                };
                let randomness = Randomness::new(scenario.seed, replication);
                let replication_plan =
                    plan.replication(scenario, randomness, replication, step, options);
                let observation =
                    replication::run(&plan, &replication_plan, randomness, options, &at_barrier)?;
                assert_identities(scenario, &observation);
                Ok(observation)
            })
            .collect()
    };
    rayon::scope(in_pool)
}

/// A broken identity is a defect: no figure of the run can be trusted.
fn assert_identities(scenario: &Scenario, observation: &Observation) {
    let producers: Vec<&str> =
        scenario.producers.iter().map(|producer| producer.name.as_str()).collect();
    let consumers: Vec<&str> =
        scenario.consumers.iter().map(|consumer| consumer.name.as_str()).collect();
    for identity in observation.identities(&producers, &consumers) {
        assert!(
            identity.holds(),
            "{}: {} is {} = {}",
            identity.subject,
            identity.statement,
            identity.left,
            identity.right
        );
    }
}
