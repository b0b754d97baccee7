//! The warm-up that a scenario leaves open: a run of its own finds where the start ends.

use super::failure::Failure;
use super::size::watched;
use crate::analysis::warm_up::{WarmUp, is_sought, warm_up};
use crate::engine;
use crate::metrics::Observation;
use crate::scenario::{Scenario, WarmUpSearch};
use crate::time::Span;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// How, for the result; nothing where there is nothing to say.
    pub(super) note: Option<String>,
    /// The first replication, where nothing is cut off from it.
    pub(super) first: Option<Observation>,
}

/// Gives the scenario the warm-up that it leaves open; nothing where it is given, or is none.
pub(super) fn settle(scenario: &mut Scenario, hottest_keys: usize) -> Result<Settled, Failure> {
    if !is_sought(scenario) {
        return Ok(Settled::default());
    }
    let mut pilot = scenario.clone();
    pilot.replications = 1;
    let options = engine::Options { hottest_keys, ..engine::Options::default() };
    let seen = watched(|observer| engine::simulate(&pilot, &options, observer))?;
    let is_asked = scenario.warm_up_search == WarmUpSearch::Asked;
    let note = match warm_up(&pilot, &seen[0]) {
        WarmUp::Until(Span::ZERO) => {
            is_asked.then(|| "no warm-up: by MSER-5 nothing is to be cut off".to_owned())
        }
        WarmUp::Until(span) => {
            scenario.warm_up = span;
            Some("found by MSER-5".to_owned())
        }
        WarmUp::Unsettled => {
            Some("no warm-up: by MSER-5 the run has not settled in its first half".to_owned())
        }
    };
    scenario.warm_up_search = WarmUpSearch::Given;
    let first = seen.into_iter().next().filter(|_| scenario.warm_up == Span::ZERO);
    Ok(Settled { note, first })
}

/// Gives every scenario that leaves its warm-up open, as the first does, the one of the first.
pub(super) fn settle_all<'a>(
    first: &mut Scenario,
    others: impl Iterator<Item = &'a mut Scenario>,
) -> Result<(), Failure> {
    settle(first, 1)?;
    for other in others.filter(|other| is_sought(other)) {
        other.warm_up = first.warm_up;
        other.warm_up_search = WarmUpSearch::Given;
    }
    Ok(())
}
