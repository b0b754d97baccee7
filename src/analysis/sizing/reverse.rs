//! The other way round: the most load that a given capacity carries, and how long that lasts.

use super::document::{Headroom, Rejection, ReverseDocument, ReverseTried};
use super::forecast::Forecast;
use super::load::{Load, shares};
use super::trial::{Bench, Observer, Trial, forecast_rejection, once, words};
use super::{SizingOptions, with_objectives};
use crate::analysis::price_book::PriceBook;
use crate::analysis::result::Verdict;
use crate::engine::Unfinished;
use crate::scenario::Scenario;
use crate::time::{MONTH, Timestamp};

/// Largest load that is tried, in thousandths of the scenario's.
const LOAD_MAX: u64 = 1_000_000;
/// The search ends when the least load that fails is this little above the most that passes.
const CLOSE: f64 = 1.01;

/// Loads in thousandths of the scenario's: the most that passes, the least that does not.
struct Bracket {
    passes: u64,
    fails: u64,
    /// Of the load that fails.
    rejection: Option<Rejection>,
    busiest_shard: usize,
}

/// The most load of the scenario's shape that its own stream carries.
///
/// # Errors
/// [`Unfinished`] when the observer said so.
pub fn reverse(
    scenario: &Scenario,
    options: &SizingOptions,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<ReverseDocument, Unfinished> {
    let (scenario, objectives_are_default) = with_objectives(scenario);
    let bench = Bench { observer, prices };
    let load = Load::of(&scenario);
    let mut tried = Vec::new();
    let bracket = simulated(&scenario, &load, bench, &mut tried)?;
    tried.sort_by(|a: &ReverseTried, b| a.load_factor.total_cmp(&b.load_factor));
    let factor = bracket.passes as f64 / 1_000.0;
    let seconds: f64 =
        load.seconds.iter().zip(&load.counted).filter(|(_, c)| **c).map(|(s, _)| s).sum();
    let weights: Vec<f64> = load.producers.iter().map(|_| 1.0).collect();
    let busiest = load.busiest(&weights);
    let peak: f64 = load.producers.iter().map(|each| each.records_per_second[busiest]).sum();
    Ok(ReverseDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        digest: scenario.digest.clone(),
        seed: scenario.seed,
        shards: scenario.stream.shards.len() as u64,
        objectives: scenario.objectives.iter().map(|each| words(&scenario, *each)).collect(),
        objectives_are_default,
        throttled_target: super::throttled_target(&scenario),
        load_factor: factor,
        mean_records_per_second: factor * load.counted_records() / seconds.max(1e-9),
        peak_records_per_second: factor * peak,
        next_factor: bracket.fails as f64 / 1_000.0,
        rejection: bracket.rejection.clone(),
        headroom: options
            .growth_per_month
            .map(|growth| lasting(&scenario, &bracket, Some(growth), "simulation")),
        tried,
    })
}

/// How much more load a plan carries: forecast, or simulated where a growth asks for a date.
pub(super) fn headroom(
    scenario: &Scenario,
    load: &Load,
    growth_per_month: Option<f64>,
    bench: Bench<'_>,
) -> Result<Option<Headroom>, Unfinished> {
    if growth_per_month.is_some() {
        let bracket = simulated(scenario, load, bench, &mut Vec::new())?;
        return Ok(Some(lasting(scenario, &bracket, growth_per_month, "simulation")));
    }
    let bracket = forecast(scenario, load);
    Ok((bracket.fails < LOAD_MAX).then(|| lasting(scenario, &bracket, None, "forecast")))
}

fn lasting(
    scenario: &Scenario,
    bracket: &Bracket,
    growth_per_month: Option<f64>,
    method: &str,
) -> Headroom {
    let load_factor = bracket.passes as f64 / 1_000.0;
    let months = growth_per_month
        .filter(|growth| *growth > 0.0)
        .map(|growth| (libm::log(load_factor.max(1e-3)) / libm::log1p(growth)).max(0.0));
    Headroom {
        load_factor,
        method: method.to_owned(),
        first_shard_id: scenario.stream.shards[bracket.busiest_shard].shard_id.clone(),
        bottleneck: bracket
            .rejection
            .as_ref()
            .map_or_else(|| "none found".to_owned(), |rejection| rejection.bottleneck.clone()),
        growth_per_month,
        months,
        runs_out: months.and_then(|months| month_after(scenario.starts_at, months)),
    }
}

/// The month of the calendar so many months of 730 h after a moment; none beyond the year 9999.
fn month_after(start: Timestamp, months: f64) -> Option<String> {
    const SECONDS_MAX: f64 = 250_000_000_000.0;
    let seconds = months * MONTH.as_seconds();
    let end = start.unix_seconds() as f64 + seconds;
    if !end.is_finite() || end > SECONDS_MAX {
        return None;
    }
    let civil = Timestamp::from_unix_seconds(end as u64).civil();
    Some(format!("{:04}-{:02}", civil.year, civil.month))
}

fn scaled_load(load: &Load, thousandths: u64) -> Load {
    let mut scaled = load.clone();
    let factor = thousandths as f64 / 1_000.0;
    for producer in &mut scaled.producers {
        producer.records_per_second.iter_mut().for_each(|rate| *rate *= factor);
    }
    scaled
}

/// The bracket of the forecast, within one in a hundred.
fn forecast(scenario: &Scenario, load: &Load) -> Bracket {
    let shares = shares(scenario);
    let at = |thousandths: u64| Forecast::of(scenario, &scaled_load(load, thousandths), &shares);
    let misses = |thousandths: u64| at(thousandths).missed(&scenario.objectives).is_some();
    let (mut passes, mut fails) = (0, 1_000);
    while !misses(fails) && fails < LOAD_MAX {
        (passes, fails) = (fails, (fails * 2).min(LOAD_MAX));
    }
    while fails as f64 > CLOSE * passes as f64 && fails - passes > 1 {
        let middle = passes + (fails - passes) / 2;
        if misses(middle) { fails = middle } else { passes = middle }
    }
    let forecast = at(fails);
    let missed = forecast.missed(&scenario.objectives);
    Bracket {
        passes,
        fails,
        rejection: missed.map(|missed| forecast_rejection(scenario, &forecast, missed)),
        busiest_shard: forecast.busiest_shard,
    }
}

/// The bracket of simulations, within one in a hundred: one replication each, and all of them for
/// the load that is named in the end.
fn simulated(
    scenario: &Scenario,
    load: &Load,
    bench: Bench<'_>,
    tried: &mut Vec<ReverseTried>,
) -> Result<Bracket, Unfinished> {
    let shares = shares(scenario);
    let mut bracket = forecast(scenario, load);
    bracket.passes = 0;
    let mut try_load = |thousandths: u64, replications: u32| -> Result<Trial, Unfinished> {
        let forecast = Forecast::of(scenario, &scaled_load(load, thousandths), &shares);
        let trial = once(&scenario.with_load(thousandths), &forecast, replications, bench)?;
        tried.push(ReverseTried {
            load_factor: thousandths as f64 / 1_000.0,
            throttled_ratio: trial.throttled_ratio,
            verdict: trial.verdict,
        });
        Ok(trial)
    };
    // Chance takes a few percent of what the forecast promises.
    let mut next = (bracket.fails as f64 * 0.9) as u64;
    while bracket.fails as f64 > CLOSE * bracket.passes as f64 && bracket.fails - bracket.passes > 1
    {
        let trial = try_load(next.max(1), 1)?;
        if trial.verdict == Verdict::Pass {
            bracket.passes = next;
        } else {
            bracket.fails = next;
            bracket.rejection = trial.rejection;
        }
        let middle = bracket.passes + (bracket.fails - bracket.passes) / 2;
        // A load that is far too much tells little of how much less would do.
        next = if bracket.passes == 0 { bracket.fails * 3 / 4 } else { middle };
    }
    while scenario.replications > 1 && bracket.passes > 0 {
        let trial = try_load(bracket.passes, scenario.replications)?;
        if trial.verdict == Verdict::Pass {
            break;
        }
        bracket.fails = bracket.passes;
        bracket.rejection = trial.rejection;
        bracket.passes = bracket.passes * 99 / 100;
    }
    Ok(bracket)
}
