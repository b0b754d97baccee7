//! Splits and merges that even the load of a skewed stream.
//!
//! An update of the shard count cuts the hash keys into even ranges, whatever lands there; SplitShard
//! takes any hash key. So the hottest shard is split where half of its load lies, and the coldest
//! neighbours are merged to make room, until the stream is as even as so many shards allow. Load is
//! the fluid of `sizing`, at the busiest moment of the run; what comes of it is simulated, on the
//! shards as they are, as planned, and as an update would cut them.
//!
//! Behind this door: `pieces` says how much load lies where among the hash keys, `planner` finds the
//! steps, `document` is the answer.

mod document;
mod pieces;
mod planner;

pub use document::{
    EveningDocument, EveningStep, Outcome, PlannedShard, StepKind, StreamShape, UniformCount,
};

use self::pieces::Pieces;
use self::planner::{Plan, Planner};
use crate::analysis::figures::Totals;
use crate::analysis::sizing::Observer;
use crate::engine::{self, Unfinished};
use crate::hash_key::HashKeyRange;
use crate::model::lineage::Lineage;
use crate::scenario::{Scenario, ShardDefinition};
use crate::time::Span;

/// What a plan may come to above the evenest spread, so that no steps are spent on little.
const SLACK: f64 = 1.1;
/// Counts of an even spread that are looked at, over that of the plan.
const UNIFORM_TIMES: [f64; 8] = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
/// Largest of them.
const UNIFORM_MAX: u32 = 4_096;

/// What the person who plans chooses.
#[derive(Clone, Copy, Debug)]
pub struct EveningOptions {
    /// Open shards at the end; those of the scenario when not given.
    pub shards: Option<u32>,
    /// Highest utilization of a shard to aim at, as a ratio; as even as possible when not given.
    pub utilization: Option<f64>,
}

/// Plans the steps, and simulates what they come to.
///
/// # Errors
/// When the observer ends the work, or a trace cannot be read.
pub fn even_out(
    scenario: &Scenario,
    options: &EveningOptions,
    observer: &Observer<'_>,
) -> Result<EveningDocument, Unfinished> {
    let pieces = Pieces::of(scenario);
    let shards = scenario.stream.shards.iter();
    let lineage = Lineage::new(shards.map(|shard| (shard.shard_id.clone(), shard.range)));
    let most = options.shards.unwrap_or(scenario.stream.shards.len() as u32) as usize;
    let evenest = pieces.evenest(most);
    let target = options.utilization.unwrap_or(evenest * SLACK);
    let plan = Planner::new(&pieces, lineage, most, target).plan();
    let ranges: Vec<(String, HashKeyRange)> = plan.shards.iter().map(Plan::shard).collect();
    let planned = scenario.with_open_shards(ranges.into_iter().map(definition).collect());
    let count = plan.shards.len() as u32;
    let uniform = scenario.with_shards(count);
    let shape = |scenario: &Scenario| -> Result<StreamShape, Unfinished> {
        let ranges = ranges_of(scenario);
        Ok(StreamShape {
            shards: ranges.len() as u64,
            hottest_utilization: pieces.hottest(scenario, &ranges),
            mean_utilization: pieces.total() / ranges.len() as f64,
            throttled_ratio: throttled(scenario, observer)?,
        })
    };
    let (before, after) = (shape(scenario)?, shape(&planned)?);
    // A stream that was created with as many shards is even as it is.
    let is_even = ranges_of(scenario) == ranges_of(&uniform);
    let uniform = if is_even { before } else { shape(&uniform)? };
    let as_even = uniform_count(scenario, &pieces, count, after.hottest_utilization);
    Ok(EveningDocument::new(scenario, options, evenest, &plan, [before, after, uniform], as_even))
}

fn definition((shard_id, range): (String, HashKeyRange)) -> ShardDefinition {
    ShardDefinition { shard_id, range }
}

fn ranges_of(scenario: &Scenario) -> Vec<HashKeyRange> {
    scenario.stream.shards.iter().map(|shard| shard.range).collect()
}

/// The least count looked at of even shards of which the hottest is no hotter than `utilization`.
fn uniform_count(
    scenario: &Scenario,
    pieces: &Pieces,
    count: u32,
    utilization: f64,
) -> UniformCount {
    let counts = UNIFORM_TIMES.map(|times| (f64::from(count) * times).ceil() as u32);
    let mut looked_at = 0;
    for shards in counts.into_iter().filter(|shards| *shards <= UNIFORM_MAX) {
        looked_at = shards;
        let hottest = pieces.hottest(scenario, &HashKeyRange::created(shards));
        if hottest <= utilization * 1.001 {
            return UniformCount { shards: Some(shards), looked_at };
        }
    }
    UniformCount { shards: None, looked_at }
}

/// Share of the attempts that are throttled in one replication.
fn throttled(scenario: &Scenario, observer: &Observer<'_>) -> Result<f64, Unfinished> {
    let mut scenario = scenario.clone();
    scenario.replications = 1;
    scenario.stream.scaling = crate::scenario::Scaling::default();
    let options = engine::Options {
        hottest_keys: 0,
        series_step: Some(Span::from_seconds(60)),
        ..engine::Options::default()
    };
    let seen = engine::simulate(&scenario, &options, observer)?;
    Ok(seen.first().map_or(0.0, |seen| Totals::of(seen).throttled_ratio()))
}

#[cfg(test)]
mod tests;
