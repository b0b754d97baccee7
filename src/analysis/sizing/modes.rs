//! The plan beside the modes in which the service decides on the shards.

use rayon::prelude::*;

use super::document::{ModePlan, SizingDocument};
use super::forecast::Forecast;
use super::load::{Load, shares};
use super::trial::{Bench, once};
use crate::engine::Unfinished;
use crate::scenario::{CapacityMode, Scaling, Scenario};

/// The plan as one of the modes.
pub(super) fn of_plan(document: &SizingDocument) -> Option<ModePlan> {
    let plan = document.plan.as_ref()?;
    let tried = document.candidates.iter().find(|each| each.shards == plan.shards)?;
    Some(ModePlan {
        mode: plan.mode.clone(),
        shards_start: plan.shards,
        shards_end: plan.shards,
        verdict: tried.verdict,
        throttled_ratio: tried.throttled_ratio,
        monthly_usd: plan.monthly_usd,
        rejection: None,
    })
}

/// On-demand Standard and Advantage, each simulated once, from the shards that the stream has now,
/// since a change of the mode keeps them.
pub(super) fn on_demand(
    scenario: &Scenario,
    load: &Load,
    bench: Bench<'_>,
) -> Result<Vec<ModePlan>, Unfinished> {
    let warm_throughput = match scenario.stream.mode {
        CapacityMode::OnDemandAdvantage { warm_throughput } => warm_throughput,
        CapacityMode::Provisioned | CapacityMode::OnDemand => None,
    };
    [CapacityMode::OnDemand, CapacityMode::OnDemandAdvantage { warm_throughput }]
        .par_iter()
        .map(|mode| {
            let mut scenario = scenario.clone();
            scenario.stream.mode = *mode;
            scenario.stream.scaling = Scaling::default();
            let forecast = Forecast::of(&scenario, load, &shares(&scenario));
            let trial = once(&scenario, &forecast, 1, bench)?;
            Ok(ModePlan {
                mode: scenario.stream.mode.as_str().to_owned(),
                shards_start: scenario.stream.shards.len() as u64,
                shards_end: trial.shards_end,
                verdict: trial.verdict,
                throttled_ratio: trial.throttled_ratio,
                monthly_usd: trial.monthly_usd,
                rejection: trial.rejection,
            })
        })
        .collect()
}

/// The same with shards that the owner sets, for which counts are looked at.
pub(super) fn as_provisioned(scenario: &Scenario) -> Scenario {
    let mut changed = scenario.clone();
    if changed.stream.mode.is_on_demand() {
        changed.stream.mode = CapacityMode::Provisioned;
        changed.stream.record_distribution = crate::scenario::RecordDistribution::UserPartitionKey;
    }
    changed
}
