//! The plan beside the modes in which the service decides on the shards.

use rayon::prelude::*;

use super::document::ModePlan;
use super::forecast::Forecast;
use super::load::{Load, shares};
use super::trial::{Observer, once};
use crate::engine::Unfinished;
use crate::scenario::{CapacityMode, Scaling, Scenario};

/// Each mode, simulated once: provisioned with the shards of the plan where there is one, then
/// on-demand Standard and Advantage from the shards that the stream has now, since a change of the
/// mode keeps them.
pub(super) fn modes(
    scenario: &Scenario,
    plan: Option<u32>,
    load: &Load,
    observer: &Observer<'_>,
) -> Result<Vec<ModePlan>, Unfinished> {
    let warm_throughput = match scenario.stream.mode {
        CapacityMode::OnDemandAdvantage { warm_throughput } => warm_throughput,
        CapacityMode::Provisioned | CapacityMode::OnDemand => None,
    };
    let mut tried: Vec<Scenario> =
        plan.map(|shards| as_provisioned(scenario).with_shards(shards)).into_iter().collect();
    for mode in [CapacityMode::OnDemand, CapacityMode::OnDemandAdvantage { warm_throughput }] {
        let mut changed = scenario.clone();
        changed.stream.mode = mode;
        changed.stream.scaling = Scaling::default();
        tried.push(changed);
    }
    tried
        .par_iter()
        .map(|scenario| {
            let forecast = Forecast::of(scenario, load, &shares(scenario));
            let trial = once(scenario, &forecast, 1, observer)?;
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
