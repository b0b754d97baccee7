//! `warm_up: auto`: a run of its own finds where the start ends.

use super::failure::Failure;
use super::size::watched;
use crate::analysis::warm_up::{WarmUp, warm_up};
use crate::engine;
use crate::scenario::Scenario;

/// Gives the scenario the warm-up that it leaves open, and says how it was found; nothing where it
/// is given.
pub(super) fn settle(scenario: &mut Scenario) -> Result<Option<String>, Failure> {
    if !scenario.warm_up_is_sought {
        return Ok(None);
    }
    let mut pilot = scenario.clone();
    pilot.replications = 1;
    let options = engine::Options { hottest_keys: 1, ..engine::Options::default() };
    let seen = watched(|observer| engine::simulate(&pilot, &options, observer))?;
    scenario.warm_up_is_sought = false;
    Ok(Some(match warm_up(&pilot, &seen[0]) {
        WarmUp::Until(span) => {
            scenario.warm_up = span;
            format!("warm-up of {span} found by MSER-5")
        }
        WarmUp::Unsettled => {
            "no warm-up: by MSER-5 the run has not settled in its first half".to_owned()
        }
    }))
}
