//! The way through the shard counts, upwards, until one meets every objective.

use rayon::prelude::*;

use super::SizingOptions;
use super::document::{Rejection, SaltPlan, SizingCandidate, SizingDocument, SizingPlan};
use super::forecast::Forecast;
use super::load::{Load, shares};
use super::lottery::{self, Fall};
use super::one_key::WorkingSalt;
use super::trial::{Bench, COST_PER_MONTH, Trial, forecast_rejection, once, trial};
use crate::analysis::price_book::PriceBook;
use crate::analysis::result::Verdict;
use crate::engine::{Control, Unfinished};
use crate::scenario::Scenario;

/// Counts below the first possible one that are shown with their rejection.
const BELOW_SHOWN: u32 = 2;
/// Simulations that fail before counts are skipped.
const FAILURES_IN_A_ROW: u32 = 6;
/// Largest count above the plan that is looked at.
const LARGER_MAX: u32 = 64;
/// Forecast load above which a larger count is simulated, since chance may decide.
const DOUBTFUL: f64 = 0.97;
/// Larger counts that are simulated.
const DOUBTFUL_MAX: usize = 2;

/// What is known of one count.
struct Tried {
    candidate: SizingCandidate,
    trial: Option<Trial>,
    passes_as_written: bool,
    /// It costs more than the objective allows, as every larger count does.
    is_too_dear: bool,
}

struct Search<'a> {
    scenario: &'a Scenario,
    load: &'a Load,
    draws: u32,
    bench: Bench<'a>,
}

/// Looks for the least count and for larger ones that fail, and fills in the document.
pub(super) fn search(
    scenario: &Scenario,
    load: &Load,
    options: &SizingOptions,
    bench: Bench<'_>,
    document: &mut SizingDocument,
) -> Result<(), Unfinished> {
    let usd_each_more = least(scenario, load, options, bench, document)?;
    if let Some(plan) = document.plan.as_ref().map(|plan| plan.shards as u32) {
        let search = Search { scenario, load, draws: lottery::draws(scenario), bench };
        search.larger(plan, options, document)?;
        fill_in_costs(document, usd_each_more);
    }
    document.candidates.sort_by_key(|candidate| candidate.shards);
    document.candidates.dedup_by_key(|candidate| candidate.shards);
    Ok(())
}

/// Looks for the least count and fills in the plan and the candidates on the way to it; gives what
/// one more shard than the plan's would add to the cost of a month.
pub(super) fn least(
    scenario: &Scenario,
    load: &Load,
    options: &SizingOptions,
    bench: Bench<'_>,
    document: &mut SizingDocument,
) -> Result<Option<f64>, Unfinished> {
    let search = Search { scenario, load, draws: lottery::draws(scenario), bench };
    let first = search.least_even(options.shards_max);
    for shards in first.saturating_sub(BELOW_SHOWN).max(1)..first {
        let (forecast, rejection) = search.forecast(shards);
        document.candidates.push(candidate(shards, &forecast, None, rejection));
    }
    let (mut shards, mut last) = (first, options.shards_max);
    let (mut failures, mut skipped_from, mut usd_each_more) = (0, None, None);
    while shards <= last {
        let is_known =
            |each: &SizingCandidate| each.shards == u64::from(shards) && each.rejection.is_some();
        if document.candidates.iter().any(is_known) {
            shards += 1;
            continue;
        }
        let tried = search.try_count(shards)?;
        if tried.passes_as_written && document.shards_as_written.is_none() {
            document.shards_as_written = Some(u64::from(shards));
        }
        let simulated = tried.candidate.method == "simulation";
        document.candidates.push(tried.candidate);
        if let Some(trial) = tried.trial.filter(|trial| trial.verdict == Verdict::Pass) {
            if let Some(from) = skipped_from.take() {
                // Back to the counts that were passed over; the first that passes is the least.
                document.shards_as_written = None;
                (shards, failures) = (from, u32::MAX);
                continue;
            }
            usd_each_more = trial.usd_each_more;
            document.plan = Some(SizingPlan {
                mode: "provisioned".to_owned(),
                shards: u64::from(shards),
                shards_now: scenario.stream.shards.len() as u64,
                monthly_usd: trial.monthly_usd,
                objectives: trial.objectives,
            });
            break;
        }
        if tried.is_too_dear {
            // Only counts that were passed over are left.
            last = shards - 1;
            (shards, failures) = (skipped_from.take().unwrap_or(shards), u32::MAX);
            continue;
        }
        failures += u32::from(simulated && failures < u32::MAX);
        let is_skipping = simulated && (FAILURES_IN_A_ROW..u32::MAX).contains(&failures);
        let step = if is_skipping { (shards / 8).max(2) } else { 1 };
        if step > 1 {
            skipped_from = skipped_from.or(Some(shards + 1));
        }
        shards += step;
    }
    Ok(usd_each_more)
}

/// Costs of the counts that were not simulated: the same traffic on more or fewer shards.
fn fill_in_costs(document: &mut SizingDocument, usd_each_more: Option<f64>) {
    let plan = document.plan.as_ref().and_then(|plan| Some((plan.shards, plan.monthly_usd?)));
    let (Some((shards, usd)), Some(each_more)) = (plan, usd_each_more) else {
        return;
    };
    for candidate in document.candidates.iter_mut().filter(|each| each.monthly_usd.is_none()) {
        let more = candidate.shards as f64 - shards as f64;
        candidate.monthly_usd = Some(usd + more * each_more);
    }
}

/// The least count that the forecast lets pass, with the load of the busiest shard below its limit.
pub(super) fn least_by_forecast(scenario: &Scenario, load: &Load, shards_max: u32) -> Option<u32> {
    let prices = PriceBook::new(Vec::new());
    let bench = Bench { observer: &|_| Control::Continue, prices: &prices };
    let search = Search { scenario, load, draws: 0, bench };
    (search.least_even(shards_max)..=shards_max).find(|shards| {
        let (forecast, rejection) = search.forecast(*shards);
        rejection.is_none() && forecast.peak_utilization <= 1.0
    })
}

impl Search<'_> {
    /// The least count that a perfectly even spread would let pass.
    fn least_even(&self, shards_max: u32) -> u32 {
        let passes = |shards: u32| {
            let candidate = self.scenario.with_shards(1);
            let even = vec![vec![1.0 / f64::from(shards)]; self.scenario.producers.len()];
            // One of many equal shards.
            let forecast = Forecast::of(&candidate, self.load, &even).with_ratios(|ratio| {
                let excess = ratio / (1.0 - ratio).max(1e-12) * f64::from(shards);
                excess / (1.0 + excess)
            });
            forecast.missed(&self.scenario.objectives).is_none()
        };
        let (mut fails, mut passing) = (0, 1);
        while !passes(passing) && passing < shards_max {
            (fails, passing) = (passing, (passing * 2).min(shards_max));
        }
        while passing - fails > 1 {
            let middle = fails + (passing - fails) / 2;
            if passes(middle) { passing = middle } else { fails = middle }
        }
        passing
    }

    /// The forecast of a count, and its rejection where it misses an objective.
    fn forecast(&self, shards: u32) -> (Forecast, Option<Rejection>) {
        let scenario = self.scenario.with_shards(shards);
        let forecast = Forecast::of(&scenario, self.load, &shares(&scenario));
        let missed = forecast.missed(&scenario.objectives);
        let rejection = missed.map(|missed| forecast_rejection(&scenario, &forecast, missed));
        (forecast, rejection)
    }

    fn try_count(&self, shards: u32) -> Result<Tried, Unfinished> {
        let scenario = self.scenario.with_shards(shards);
        let (forecast, rejection) = self.forecast(shards);
        if rejection.is_some() {
            let candidate = candidate(shards, &forecast, None, rejection);
            return Ok(Tried {
                candidate,
                trial: None,
                passes_as_written: false,
                is_too_dear: false,
            });
        }
        let fall = lottery::p95(&scenario, self.load, self.draws);
        let other_missed =
            fall.as_ref().and_then(|fall| fall.forecast.missed(&scenario.objectives));
        let (own, other) = rayon::join(
            || trial(&scenario, &forecast, self.bench),
            || match &fall {
                Some(fall) if other_missed.is_none() => self.try_other_names(fall).map(Some),
                _ => Ok(None),
            },
        );
        let (own, other) = (own?, other?);
        let passes_as_written = own.verdict == Verdict::Pass;
        let is_too_dear = own
            .objectives
            .iter()
            .any(|each| each.name == COST_PER_MONTH && each.verdict == Verdict::Fail);
        let rejection = match (&own.rejection, &fall, &other) {
            _ if !passes_as_written => own.rejection.clone().or_else(|| Some(not_met())),
            (_, Some(fall), _) if other_missed.is_some() => other_missed.map(|missed| {
                of_other_names(&forecast_rejection(&fall.scenario, &fall.forecast, missed))
            }),
            (_, _, Some(other)) if other.verdict != Verdict::Pass => {
                Some(of_other_names(&other.rejection.clone().unwrap_or_else(not_met)))
            }
            _ => None,
        };
        let mut candidate = candidate(shards, &forecast, fall.as_ref(), rejection);
        candidate.method = "simulation".to_owned();
        candidate.throttled_ratio = own.throttled_ratio;
        candidate.monthly_usd = own.monthly_usd;
        let passes = candidate.rejection.is_none();
        candidate.verdict = if passes { Verdict::Pass } else { failing(own.verdict) };
        let trial = passes.then_some(own);
        Ok(Tried { candidate, trial, passes_as_written, is_too_dear })
    }

    /// Simulates other names: once, since they stand for many, unless chance decides.
    fn try_other_names(&self, fall: &Fall) -> Result<Trial, Unfinished> {
        if fall.forecast.peak_utilization < DOUBTFUL {
            return once(&fall.scenario, &fall.forecast, 1, self.bench);
        }
        trial(&fall.scenario, &fall.forecast, self.bench)
    }

    /// Looks for counts above the plan that miss an objective again.
    fn larger(
        &self,
        plan: u32,
        options: &SizingOptions,
        document: &mut SizingDocument,
    ) -> Result<(), Unfinished> {
        let last = (2 * plan).min(plan + LARGER_MAX).min(options.shards_max);
        let forecasts: Vec<(u32, Forecast, Option<Rejection>)> = (plan + 1..=last)
            .into_par_iter()
            .map(|shards| {
                let (forecast, rejection) = self.forecast(shards);
                (shards, forecast, rejection)
            })
            .collect();
        let mut simulated = 0;
        for (shards, forecast, rejection) in forecasts {
            let is_doubtful = rejection.is_none() && forecast.peak_utilization > DOUBTFUL;
            let mut next = candidate(shards, &forecast, None, rejection);
            if is_doubtful && simulated < DOUBTFUL_MAX {
                simulated += 1;
                let trial = once(&self.scenario.with_shards(shards), &forecast, 1, self.bench)?;
                next.method = "simulation".to_owned();
                next.throttled_ratio = trial.throttled_ratio;
                next.monthly_usd = trial.monthly_usd;
                next.verdict = trial.verdict;
                next.rejection = trial.rejection;
            }
            if next.verdict == Verdict::Fail {
                document.larger_counts_that_fail.push(u64::from(shards));
            }
            document.candidates.push(next);
        }
        Ok(())
    }
}

/// Simulates a salt on the count that the forecast gives, and on larger ones while it fails.
pub(super) fn confirm_salt(
    scenario: &Scenario,
    load: &Load,
    producer: usize,
    salt: WorkingSalt,
    options: &SizingOptions,
    bench: Bench<'_>,
) -> Result<SaltPlan, Unfinished> {
    let salted = scenario.with_salt(producer, salt.buckets);
    let mut last = Verdict::Inconclusive;
    for shards in (salt.shards..=options.shards_max).take(FAILURES_IN_A_ROW as usize) {
        let candidate = salted.with_shards(shards);
        let forecast = Forecast::of(&candidate, load, &shares(&candidate));
        if forecast.missed(&candidate.objectives).is_some() {
            continue;
        }
        last = trial(&candidate, &forecast, bench)?.verdict;
        if last == Verdict::Pass {
            let (buckets, shards) = (u64::from(salt.buckets), u64::from(shards));
            return Ok(SaltPlan { buckets, shards, verdict: last });
        }
    }
    let (buckets, shards) = (u64::from(salt.buckets), u64::from(salt.shards));
    Ok(SaltPlan { buckets, shards, verdict: last })
}

fn failing(verdict: Verdict) -> Verdict {
    if verdict == Verdict::Inconclusive { verdict } else { Verdict::Fail }
}

fn not_met() -> Rejection {
    let reason = "an objective is not met.".to_owned();
    Rejection { bottleneck: "objective".to_owned(), reason }
}

fn of_other_names(rejection: &Rejection) -> Rejection {
    Rejection {
        bottleneck: "key-lottery".to_owned(),
        reason: format!(
            "with the names as written it passes, but one in twenty other names does worse than \
             this: {}",
            rejection.reason
        ),
    }
}

fn candidate(
    shards: u32,
    forecast: &Forecast,
    fall: Option<&Fall>,
    rejection: Option<Rejection>,
) -> SizingCandidate {
    SizingCandidate {
        shards: u64::from(shards),
        verdict: if rejection.is_some() { Verdict::Fail } else { Verdict::None },
        method: "forecast".to_owned(),
        throttled_ratio: forecast.throttled_ratio,
        hottest_over_mean: forecast.hottest_over_mean,
        hottest_over_mean_p95: fall.map(|fall| fall.forecast.hottest_over_mean),
        peak_utilization: forecast.peak_utilization,
        rejection,
        monthly_usd: None,
    }
}
