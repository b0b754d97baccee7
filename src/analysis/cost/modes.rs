//! The ways to be billed for the same traffic, side by side: money together with throttling.

use schemars::JsonSchema;
use serde::Serialize;

use super::bill::BillError;
use super::growth::{BreakEven, Grower, GrowthRow, points, rows};
use super::measured::{mode_of, usage_of};
use super::result::{CostResult, cost_result, priced};
use crate::analysis::figures::Totals;
use crate::analysis::objective;
use crate::analysis::price_book::{PriceBook, PricingMode};
use crate::analysis::result::{ScenarioSummary, Verdict};
use crate::metrics::Observation;
use crate::scenario::{Objective, Scenario};
use crate::units::Usd;

/// Without objectives, a shard count is safe that throttles no more than this share of attempts.
const SAFE_THROTTLED_RATIO: f64 = 0.001;
/// Most shards of a stream that are tried, as a multiple of those that the mean load needs.
const TRIED_OVER_MEAN: u64 = 16;

/// What `cost` answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModesDocument {
    /// Version of shardplan that made this document.
    pub tool_version: String,
    /// What was simulated.
    pub scenario: ScenarioSummary,
    /// Seed of every random stream.
    pub seed: u64,
    /// The bill of the stream as the scenario has it.
    pub cost: CostResult,
    /// What makes a shard count safe.
    pub safe: String,
    /// The modes: provisioned as it is, provisioned with the fewest safe shards, on-demand Standard
    /// and Advantage.
    pub modes: Vec<ModeBill>,
    /// What each mode costs at other loads.
    pub growth: Vec<GrowthRow>,
    /// Where one mode becomes cheaper than another.
    pub break_evens: Vec<BreakEven>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// One way to be billed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModeBill {
    /// `provisioned_as_is`, `provisioned_smallest_safe`, `on_demand_standard` or
    /// `on_demand_advantage`.
    pub name: String,
    /// How the stream is billed.
    pub mode: PricingMode,
    /// Open shards; none where the service decides.
    pub shards: Option<u64>,
    /// Throttled attempts over all attempts; `null` where it was not simulated.
    pub write_throttled_ratio: Option<f64>,
    /// Records given up or rejected; `null` where it was not simulated.
    pub not_written_records: Option<u64>,
    /// Whether that is safe; `null` where it was not simulated.
    pub is_safe: Option<bool>,
    /// The sum of the bill; `null` without one.
    pub monthly_usd: Option<Usd>,
    /// The bill; `null` without one.
    pub cost: Option<CostResult>,
    /// Why there is no bill, or no simulation.
    pub note: Option<String>,
}

/// A scenario and what it came to.
#[derive(Clone, Copy, Debug)]
pub struct Simulated<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// One observation a replication.
    pub observations: &'a [Observation],
}

/// Whether what was observed is safe: every objective but that of cost is met; without any, no
/// record is given up or rejected and next to nothing throttled.
#[must_use]
pub fn is_safe(simulated: Simulated<'_>, book: &PriceBook) -> bool {
    let mut scenario = simulated.scenario.clone();
    scenario.objectives.retain(|objective| !matches!(objective, Objective::CostPerMonth(_)));
    if scenario.objectives.is_empty() {
        return simulated.observations.iter().map(Totals::of).all(|totals| {
            totals.given_up + totals.rejected == 0
                && totals.throttled_ratio() <= SAFE_THROTTLED_RATIO
        });
    }
    let results = objective::judge(&scenario, simulated.observations, book);
    objective::overall(&results) == Verdict::Pass
}

/// What [`is_safe`] asks of a scenario, in words.
fn safe_words(scenario: &Scenario) -> String {
    let others = |objective: &&Objective| !matches!(objective, Objective::CostPerMonth(_));
    let many = scenario.objectives.iter().filter(others).count();
    let aside = if many < scenario.objectives.len() { ", that of cost aside" } else { "" };
    match many {
        0 => {
            "at most 0.1 % of the attempts throttled, and no record given up or rejected".to_owned()
        }
        1 => format!("the objective of the scenario is met{aside}"),
        many => format!("all {many} objectives of the scenario are met{aside}"),
    }
}

/// The fewest shards that carry the mean of what was offered, and the most that are worth a try.
#[must_use]
pub fn shards_to_try(simulated: Simulated<'_>) -> (u64, u64) {
    let quotas = &simulated.scenario.quotas;
    let counted =
        simulated.scenario.duration.as_seconds() - simulated.scenario.warm_up.as_seconds();
    let totals = Totals::of(&simulated.observations[0]);
    let needed = |amount: u64, rate: crate::units::Rate| {
        amount as f64 / counted.max(f64::MIN_POSITIVE) / rate.as_per_second()
    };
    let records = needed(totals.generated_records, quotas.shard_write_records.0);
    let bytes = needed(totals.generated_bytes, quotas.shard_write_bytes.0);
    let most = u64::from(crate::quotas::SHARDS_LIMIT);
    let least = (records.max(bytes).ceil() as u64).clamp(1, most);
    let as_is = simulated.scenario.stream.shards.len() as u64;
    (least, (least * TRIED_OVER_MEAN).max(as_is * 2).min(most))
}

/// The smallest count of shards between `least` and `most` for which `is_safe` answers yes, found
/// by doubling and then halving; none where even `most` is not.
///
/// # Errors
/// Whatever `is_safe` fails with.
pub fn smallest_safe<E>(
    (least, most): (u64, u64),
    mut is_safe: impl FnMut(u64) -> Result<bool, E>,
) -> Result<Option<u64>, E> {
    let (mut unsafe_up_to, mut candidate) = (least - 1, least);
    while !is_safe(candidate)? {
        if candidate == most {
            return Ok(None);
        }
        unsafe_up_to = candidate;
        candidate = (candidate * 2).min(most);
    }
    let mut safe = candidate;
    while safe - unsafe_up_to > 1 {
        let middle = unsafe_up_to + (safe - unsafe_up_to) / 2;
        if is_safe(middle)? {
            safe = middle;
        } else {
            unsafe_up_to = middle;
        }
    }
    Ok(Some(safe))
}

/// Everything side by side; `safe` is the run on the fewest safe shards, where there is one, and
/// `tried` the most that were tried.
///
/// # Errors
/// Why there is no bill of the stream as it is.
pub fn compare_modes(
    as_is: Simulated<'_>,
    safe: Option<Simulated<'_>>,
    tried: u64,
    book: &PriceBook,
    overrides: &[String],
) -> Result<ModesDocument, String> {
    let scenario = as_is.scenario;
    let cost = cost_result(scenario, &as_is.observations[0], book)?;
    let region = cost.region.clone();
    // The traffic is that of the run in which the least of it is lost.
    let measured = safe.unwrap_or(as_is);
    let usage = usage_of(measured.scenario, &measured.observations[0]);
    let shards = measured.scenario.stream.shards.len() as u64;
    let mut modes = vec![simulated_bill("provisioned_as_is", as_is, book, &region)];
    modes.push(match safe {
        Some(safe) => simulated_bill("provisioned_smallest_safe", safe, book, &region),
        None => ModeBill {
            note: Some(format!("no count of shards up to {tried} is safe")),
            ..ModeBill::empty("provisioned_smallest_safe", PricingMode::Provisioned)
        },
    });
    for mode in [PricingMode::OnDemandStandard, PricingMode::OnDemandAdvantage] {
        let bill = priced(&usage, mode, &region, book);
        let not_simulated = "throttling of on-demand is not simulated here";
        modes.push(
            ModeBill { note: Some(not_simulated.to_owned()), ..ModeBill::empty(mode.name(), mode) }
                .with(bill),
        );
    }
    let grower = Grower { usage: &usage, shards, region: &region, book };
    Ok(ModesDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: ScenarioSummary {
            name: scenario.name.clone(),
            digest: scenario.digest.clone(),
            question: scenario.question.clone(),
            region: scenario.region.clone(),
            overrides: overrides.to_vec(),
        },
        seed: scenario.seed,
        safe: safe_words(scenario),
        growth: rows(grower),
        break_evens: points(grower),
        notes: notes(safe.is_some(), shards),
        cost,
        modes,
    })
}

fn notes(found: bool, shards: u64) -> Vec<String> {
    let traffic = if found {
        format!("on-demand is billed for what the stream took on {shards} shards, the fewest safe")
    } else {
        format!(
            "no count of shards that was tried is safe, so on-demand is billed for what the \
             stream took on {shards} shards as it is"
        )
    };
    vec![
        traffic,
        "whether an on-demand stream would throttle this traffic is not simulated here; one takes \
         up to twice its highest minute of the last 30 days, and no more than a shard's limit of \
         any one partition key"
            .to_owned(),
        format!(
            "growth gives a provisioned stream {shards} shards for each unit of load, rounded up, \
             as if the spread over keys stayed the same"
        ),
    ]
}

fn simulated_bill(
    name: &str,
    simulated: Simulated<'_>,
    book: &PriceBook,
    region: &str,
) -> ModeBill {
    let first = &simulated.observations[0];
    let totals = Totals::of(first);
    let usage = usage_of(simulated.scenario, first);
    let mode = mode_of(simulated.scenario);
    ModeBill {
        shards: Some(simulated.scenario.stream.shards.len() as u64),
        write_throttled_ratio: Some(totals.throttled_ratio()),
        not_written_records: Some(totals.given_up + totals.rejected),
        is_safe: Some(is_safe(simulated, book)),
        ..ModeBill::empty(name, mode)
    }
    .with(priced(&usage, mode, region, book))
}

impl ModeBill {
    fn empty(name: &str, mode: PricingMode) -> Self {
        Self {
            name: name.to_owned(),
            mode,
            shards: None,
            write_throttled_ratio: None,
            not_written_records: None,
            is_safe: None,
            monthly_usd: None,
            cost: None,
            note: None,
        }
    }

    fn with(mut self, bill: Result<CostResult, BillError>) -> Self {
        match bill {
            Ok(cost) => {
                self.monthly_usd = Some(cost.monthly_usd);
                self.cost = Some(cost);
            }
            Err(error) => self.note = Some(error.to_string()),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_safe_count_is_found_in_few_tries() {
        for smallest in [1, 3, 4, 5, 17, 100] {
            let mut tries = 0;
            let found = smallest_safe((3, 100), |shards| {
                tries += 1;
                Ok::<bool, ()>(shards >= smallest)
            });
            assert_eq!(found, Ok(Some(smallest.max(3))));
            assert!(tries <= 13, "{smallest}: {tries}");
        }
        assert_eq!(smallest_safe((3, 100), |_| Ok::<bool, ()>(false)), Ok(None));
        assert_eq!(smallest_safe((3, 100), |_| Err("stop")), Err("stop"));
    }
}
