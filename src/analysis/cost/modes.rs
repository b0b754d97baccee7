//! The ways to be billed for the same traffic, side by side: money together with throttling.

use schemars::JsonSchema;
use serde::Serialize;

use super::growth::{BreakEven, Grower, GrowthRow, points, rows};
use super::measured::{mode_of, usage_of};
use super::result::{CostResult, cost_of_replications, priced};
use crate::analysis::figures::Totals;
use crate::analysis::number::of;
use crate::analysis::objective;
use crate::analysis::price_book::{PriceBook, PricingMode};
use crate::analysis::result::{ScenarioSummary, Verdict};
use crate::analysis::scaling::most_open;
use crate::analysis::sizing::with_objectives;
use crate::metrics::Observation;
use crate::scenario::{Objective, Scenario};
use crate::units::Usd;

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
    /// What makes a row safe.
    pub safe: String,
    /// The ways to be billed: the stream as it is, provisioned with the fewest safe shards,
    /// on-demand Standard and Advantage.
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
    /// The mode, with `_as_is` for the stream of the scenario: `provisioned_as_is`,
    /// `provisioned_smallest_safe`, `on_demand_standard` or `on_demand_advantage`.
    pub name: String,
    /// How the stream is billed; of one that changes its mode, at first.
    pub mode: PricingMode,
    /// Open shards at the start; `null` where nothing was simulated.
    pub shards: Option<u64>,
    /// Most open shards at any time; `null` where nothing was simulated.
    pub shards_max: Option<u64>,
    /// Throttled attempts over all attempts; `null` where nothing was simulated.
    pub write_throttled_ratio: Option<f64>,
    /// Records given up, rejected or dropped; `null` where nothing was simulated.
    pub not_written_records: Option<u64>,
    /// Whether that is safe; `null` where nothing was simulated.
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

/// The same traffic on other streams: what it came to, or why it was not simulated.
#[derive(Debug)]
pub struct Alternatives<'a> {
    /// On the fewest safe shards.
    pub safe: Result<Simulated<'a>, String>,
    /// On-demand, in the modes that the stream itself is not in.
    pub on_demand: Vec<(PricingMode, Result<Simulated<'a>, String>)>,
}

/// The scenario without what it says of cost: what money is compared for must not depend on it.
#[must_use]
pub fn without_cost(scenario: &Scenario) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.objectives.retain(|objective| !matches!(objective, Objective::CostPerMonth(_)));
    scenario
}

/// Whether what was observed is safe: every objective but that of cost is met, or without any those
/// that `size` takes.
#[must_use]
pub fn is_safe(simulated: Simulated<'_>, book: &PriceBook) -> bool {
    let (scenario, _) = with_objectives(&without_cost(simulated.scenario));
    let results = objective::judge(&scenario, simulated.observations, book);
    objective::overall(&results) == Verdict::Pass
}

/// What [`is_safe`] asks of a scenario, in words.
fn safe_words(scenario: &Scenario) -> String {
    let many = without_cost(scenario).objectives.len();
    let aside = if many < scenario.objectives.len() { ", that of cost aside" } else { "" };
    match many {
        0 if scenario.consumers.is_empty() => "at most 0.1 % of the attempts throttled".to_owned(),
        0 => "at most 0.1 % of the attempts throttled, and each consumer at most 60 s behind (p99)"
            .to_owned(),
        1 => format!("the objective of the scenario is met{aside}"),
        many => format!("all {many} objectives of the scenario are met{aside}"),
    }
}

/// The most shards that are worth a try.
#[must_use]
pub fn most_shards_to_try(simulated: Simulated<'_>) -> u32 {
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
    (least * TRIED_OVER_MEAN).max(as_is * 2).min(most) as u32
}

/// Everything side by side.
///
/// # Errors
/// Why there is no bill of the stream as it is.
pub fn compare_modes(
    as_is: Simulated<'_>,
    others: &Alternatives<'_>,
    book: &PriceBook,
    overrides: &[String],
) -> Result<ModesDocument, String> {
    let scenario = as_is.scenario;
    let cost = cost_of_replications(scenario, as_is.observations, book)?;
    let region = cost.region.clone();
    // Growth takes the traffic of the run in which the least of it is lost.
    let measured = *others.safe.as_ref().unwrap_or(&as_is);
    let usage = usage_of(measured.scenario, &measured.observations[0]);
    let span = u128::from(usage.span.nanoseconds()).max(1);
    let shards = usage.stream.shard_nanoseconds.div_ceil(span) as u64;
    let name = format!("{}_as_is", mode_of(scenario).name());
    let mut modes = vec![simulated_bill(&name, as_is, book)];
    modes.push(match &others.safe {
        Ok(safe) => simulated_bill("provisioned_smallest_safe", *safe, book),
        Err(why) => ModeBill {
            note: Some(why.clone()),
            ..ModeBill::empty("provisioned_smallest_safe", PricingMode::Provisioned)
        },
    });
    for (mode, simulated) in &others.on_demand {
        modes.push(match simulated {
            Ok(simulated) => simulated_bill(mode.name(), *simulated, book),
            Err(why) => {
                let taken = of(shards, "shard");
                let note =
                    format!("not simulated: {why}; billed for what the stream took on {taken}");
                ModeBill { note: Some(note), ..ModeBill::empty(mode.name(), *mode) }
                    .with(priced(&usage, *mode, &region, book).map_err(|error| error.to_string()))
            }
        });
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
        notes: notes(others, shards),
        cost,
        modes,
    })
}

fn notes(others: &Alternatives<'_>, shards: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let mut simulated = others.on_demand.iter().filter_map(|(_, run)| run.as_ref().ok());
    if let Some(run) = simulated.next() {
        let start = of(run.scenario.stream.shards.len() as u64, "shard");
        notes.push(format!(
            "an on-demand stream starts here with {start} and remembers no earlier day; one that \
             has run for a while has room for twice its highest minute of 30 days"
        ));
    }
    let carrying = of(shards, "shard");
    notes.push(match &others.safe {
        Ok(_) => format!(
            "growth is of what the stream took on {carrying}, the fewest safe: that many for each \
             unit of load, rounded up, as if the spread over keys stayed the same"
        ),
        Err(_) => format!(
            "no count of shards is safe, so growth is of what the stream took on {carrying} as it \
             is: that many for each unit of load, rounded up"
        ),
    });
    notes
}

fn simulated_bill(name: &str, simulated: Simulated<'_>, book: &PriceBook) -> ModeBill {
    let Simulated { scenario, observations } = simulated;
    let first = &observations[0];
    let totals = Totals::of(first);
    let dropped: u64 = first.producers.iter().map(|seen| seen.dropped).sum();
    ModeBill {
        shards: Some(scenario.stream.shards.len() as u64),
        shards_max: Some(most_open(first)),
        write_throttled_ratio: Some(totals.throttled_ratio()),
        not_written_records: Some(totals.given_up + totals.rejected + dropped),
        is_safe: Some(is_safe(simulated, book)),
        ..ModeBill::empty(name, mode_of(scenario))
    }
    .with(cost_of_replications(scenario, observations, book))
}

impl ModeBill {
    fn empty(name: &str, mode: PricingMode) -> Self {
        Self {
            name: name.to_owned(),
            mode,
            shards: None,
            shards_max: None,
            write_throttled_ratio: None,
            not_written_records: None,
            is_safe: None,
            monthly_usd: None,
            cost: None,
            note: None,
        }
    }

    fn with(mut self, bill: Result<CostResult, String>) -> Self {
        match bill {
            Ok(cost) => {
                self.monthly_usd = Some(cost.monthly_usd);
                self.cost = Some(cost);
            }
            Err(error) => self.note = Some(error),
        }
        self
    }
}
