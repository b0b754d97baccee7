//! One simulation of a candidate, judged: a pass, or a rejection with its bottleneck and numbers.

use super::document::Rejection;
use super::forecast::Forecast;
use crate::analysis::cost::{mean_monthly_usd, monthly_total};
use crate::analysis::figures::{Totals, open_shards, ratio};
use crate::analysis::number::{bytes, milliseconds, percent, plain};
use crate::analysis::objective::{self, judge, overall};
use crate::analysis::price_book::PriceBook;
use crate::analysis::result::{ObjectiveResult, Unit, Verdict};
use crate::engine::{self, Control, Progress, Unfinished};
use crate::metrics::Observation;
use crate::scenario::{Consumer, Objective, Reading, Scenario};
use crate::time::Span;
use crate::units::Usd;

/// Hears of progress and may end the work.
pub type Observer<'a> = dyn Fn(Progress) -> Control + Sync + 'a;

/// What every simulation of a candidate needs beside the candidate.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) observer: &'a Observer<'a>,
    /// Prices of the objective on the cost, and of the bill.
    pub(super) prices: &'a PriceBook,
}

/// The objective that larger counts only miss by more.
pub(super) const COST_PER_MONTH: &str = "cost_per_month";
/// A value beyond so many times its target is no matter of chance.
const CLEAR_MISS: f64 = 2.0;
/// Most replications that are added while the verdict is open.
const REPLICATIONS_MAX: u32 = 32;
/// Forecast load of the busiest shard above which one replication is tried first.
const LIKELY_FULL: f64 = 0.9;

/// What simulating a candidate said.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) verdict: Verdict,
    pub(super) objectives: Vec<ObjectiveResult>,
    pub(super) throttled_ratio: f64,
    pub(super) rejection: Option<Rejection>,
    /// Open shards at the end of the first replication.
    pub(super) shards_end: u64,
    /// Dollars a month, the mean over replications; none where there is no bill.
    pub(super) monthly_usd: Option<f64>,
    /// What one more shard would add to it.
    pub(super) usd_each_more: Option<f64>,
}

/// Simulates `scenario` until its verdict is clear or enough has been tried.
pub(super) fn trial(
    scenario: &Scenario,
    forecast: &Forecast,
    bench: Bench<'_>,
) -> Result<Trial, Unfinished> {
    let wanted = scenario.replications.max(1);
    if wanted > 1 && forecast.peak_utilization > LIKELY_FULL {
        let first = once(scenario, forecast, 1, bench)?;
        let is_clear = |each: &ObjectiveResult| {
            each.verdict == Verdict::Fail
                && each.value.is_some_and(|value| value > CLEAR_MISS * each.target)
        };
        if first.objectives.iter().any(is_clear) {
            return Ok(first);
        }
    }
    let mut replications = wanted;
    loop {
        let trial = once(scenario, forecast, replications, bench)?;
        let is_open = trial.verdict == Verdict::Inconclusive && replications > 1;
        if !is_open || 2 * replications > REPLICATIONS_MAX {
            return Ok(trial);
        }
        replications *= 2;
    }
}

/// Simulates so many replications.
pub(super) fn once(
    scenario: &Scenario,
    forecast: &Forecast,
    replications: u32,
    bench: Bench<'_>,
) -> Result<Trial, Unfinished> {
    let mut scenario = scenario.clone();
    scenario.replications = replications;
    let options = engine::Options {
        hottest_keys: 1,
        series_step: Some(Span::from_seconds(60)),
        ..engine::Options::default()
    };
    let observations = engine::simulate(&scenario, &options, bench.observer)?;
    let objectives = judge(&scenario, &observations, bench.prices);
    let verdict = overall(&objectives);
    let rejection = (verdict != Verdict::Pass)
        .then(|| rejection(&scenario, forecast, &observations[0], &objectives))
        .flatten();
    let ratios: Vec<f64> =
        observations.iter().map(|seen| Totals::of(seen).throttled_ratio()).collect();
    let throttled_ratio = ratios.iter().sum::<f64>() / ratios.len() as f64;
    let first = &observations[0];
    let monthly_usd = mean_monthly_usd(&scenario, &observations, bench.prices);
    let usd_each_more = with_one_more(&scenario, first, bench.prices);
    let shards_end = open_shards(first);
    Ok(Trial {
        verdict,
        objectives,
        throttled_ratio,
        rejection,
        shards_end,
        monthly_usd,
        usd_each_more,
    })
}

/// What one more shard, open all the time and without records, would add to a month.
fn with_one_more(scenario: &Scenario, seen: &Observation, prices: &PriceBook) -> Option<f64> {
    let mut more = seen.clone();
    let mut idle = more.shards.first()?.clone();
    (idle.opened, idle.closed) = (Span::ZERO, None);
    (idle.generated_records, idle.incoming_records, idle.incoming_bytes) = (0, 0, 0);
    more.shards.push(idle);
    let monthly = |seen| monthly_total(scenario, seen, prices).map(Usd::as_f64);
    Some(monthly(&more)? - monthly(seen)?)
}

/// Why the first objective that is not met is not.
fn rejection(
    scenario: &Scenario,
    forecast: &Forecast,
    seen: &Observation,
    objectives: &[ObjectiveResult],
) -> Option<Rejection> {
    let missed = objectives
        .iter()
        .find(|each| each.verdict == Verdict::Fail)
        .or_else(|| objectives.iter().find(|each| each.verdict != Verdict::Pass))?;
    let value = missed.value.map_or("unknown".to_owned(), |value| amount(value, missed.unit));
    let target = amount(missed.target, missed.unit);
    let open = if missed.verdict == Verdict::Inconclusive { ", and chance decides" } else { "" };
    let subject = missed.subject.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let what = format!("{}{subject} is {value}, at most {target} may be{open}", missed.name);
    let (bottleneck, why) = match &missed.subject {
        _ if missed.name == COST_PER_MONTH => {
            ("objective".to_owned(), "more shards cost more".to_owned())
        }
        Some(consumer) => of_consumer(scenario, forecast, consumer),
        None => of_writes(scenario, seen),
    };
    Some(Rejection { bottleneck, reason: format!("{what}; {why}.") })
}

/// The shard that refused most, and which limit it was.
fn of_writes(scenario: &Scenario, seen: &Observation) -> (String, String) {
    let worst = (0..seen.shards.len()).max_by_key(|index| {
        (seen.shards[*index].write_throttled_records, std::cmp::Reverse(*index))
    });
    let Some(index) = worst.filter(|at| seen.shards[*at].write_throttled_records > 0) else {
        return ("objective".to_owned(), "no shard refuses anything".to_owned());
    };
    let shard = &seen.shards[index];
    let by_bytes = shard.throttled_by_bytes > shard.throttled_by_records;
    let total: u64 = seen.shards.iter().map(|shard| shard.write_throttled_records).sum();
    let key = shard.hottest_keys.first().map(|key| {
        let share = ratio(key.generated_records, shard.generated_records);
        format!(", of which \"{}\" is {}", key.key.escape_debug(), percent(share))
    });
    let why = format!(
        "{} refuses {} of what is throttled, by its limit on {}, at {:.2} times the mean load{}",
        scenario.stream.shards[index].shard_id,
        percent(ratio(shard.write_throttled_records, total)),
        if by_bytes { "bytes" } else { "records" },
        over_mean(seen, index),
        key.unwrap_or_default(),
    );
    ((if by_bytes { "write-bytes" } else { "write-records" }).to_owned(), why)
}

fn over_mean(seen: &Observation, index: usize) -> f64 {
    let total: u64 = seen.shards.iter().map(|shard| shard.generated_records).sum();
    ratio(seen.shards[index].generated_records, total) * seen.shards.len() as f64
}

/// What keeps a consumer from taking more of a shard.
fn of_consumer(scenario: &Scenario, forecast: &Forecast, name: &str) -> (String, String) {
    let index = scenario.consumers.iter().position(|consumer| consumer.name == name);
    let Some(consumer) = index.and_then(|index| forecast.consumers.get(index)) else {
        return ("objective".to_owned(), format!("{name} reads too late"));
    };
    let (wanted, limit) = polling_calls(scenario);
    let is_polling = index.is_some_and(|index| calls_of(&scenario.consumers[index]).is_some());
    if is_polling && wanted > limit {
        let why = format!(
            "all polling consumers together want {} GetRecords calls/s of each shard, which \
             answers {}, and more shards do not change that",
            plain(wanted),
            plain(limit)
        );
        return ("read-calls".to_owned(), why);
    }
    let why = format!(
        "it takes at most {} records/s of a shard by its {}, and the busiest shard gives it {} \
         records/s at its peak",
        plain(consumer.capacity),
        consumer.limit.replace('-', " "),
        plain(consumer.peak_records_per_second),
    );
    (consumer.limit.to_owned(), why)
}

/// GetRecords calls a second that all polling consumers want of a shard, and those it answers.
fn polling_calls(scenario: &Scenario) -> (f64, f64) {
    let wanted = scenario.consumers.iter().filter_map(calls_of).sum();
    (wanted, scenario.quotas.get_records_calls.0.as_per_second())
}

/// Calls a second that a polling consumer makes of a shard when nothing holds it up.
fn calls_of(consumer: &Consumer) -> Option<f64> {
    match consumer.reading {
        Reading::Polling { interval, round_trip, .. } => {
            Some(1.0 / interval.max(round_trip).as_seconds().max(1e-9))
        }
        Reading::EnhancedFanOut { .. } => None,
    }
}

/// A rejection by the forecast.
pub(super) fn forecast_rejection(
    scenario: &Scenario,
    forecast: &Forecast,
    missed: (Objective, f64),
) -> Rejection {
    let (objective, value) = missed;
    let (name, consumer, target, unit) = objective::describe(scenario, objective);
    let least = amount(value, unit);
    let target = amount(target, unit);
    if unit == Unit::Ms {
        let worst = worst_consumer(forecast, consumer);
        let subject = &scenario.consumers[worst].name;
        let (bottleneck, why) = of_consumer(scenario, forecast, subject);
        let reason = format!(
            "{name} of {subject} would be at least {least}, at most {target} may be; {why}."
        );
        return Rejection { bottleneck, reason };
    }
    let shard = &scenario.stream.shards[forecast.busiest_shard].shard_id;
    let limit = if forecast.by_bytes {
        let offered = bytes(forecast.peak_bytes_per_second);
        format!("{offered}/s where it takes {}/s", bytes(byte_limit(scenario)))
    } else {
        let offered = plain(forecast.peak_records_per_second);
        format!("{offered} records/s where it takes {} records/s", plain(record_limit(scenario)))
    };
    let what = if value > forecast.throttled_ratio {
        format!(
            "what is beyond the limit waits at the client, which holds back; sent at once it would \
             make {name} {least} at least, where at most {target} may be"
        )
    } else {
        format!("{name} would be at least {least}, at most {target} may be")
    };
    Rejection {
        bottleneck: if forecast.by_bytes { "write-bytes" } else { "write-records" }.to_owned(),
        reason: format!(
            "{what}; {shard} is offered {limit} at its peak, {:.2} times the mean load of a shard.",
            forecast.hottest_over_mean,
        ),
    }
}

fn worst_consumer(forecast: &Forecast, only: Option<usize>) -> usize {
    let all = (0..forecast.consumers.len()).filter(|index| only.is_none_or(|only| only == *index));
    let age = |index: usize| forecast.consumers[index].age_p99_ms;
    all.reduce(|worst, next| if age(next) > age(worst) { next } else { worst }).unwrap_or(0)
}

fn record_limit(scenario: &Scenario) -> f64 {
    scenario.quotas.shard_write_records.0.as_per_second()
}

fn byte_limit(scenario: &Scenario) -> f64 {
    scenario.quotas.shard_write_bytes.0.as_per_second()
}

/// A figure with its unit.
pub(super) fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => percent(value),
        Unit::Ms => milliseconds(value),
        Unit::Multiple => format!("{value:.3} times"),
        Unit::Records => plain(value),
        Unit::Usd => format!("{value:.2} USD"),
    }
}

/// An objective in words: `write_throttled at most 0.1 %`.
pub(super) fn words(scenario: &Scenario, objective: Objective) -> String {
    let (name, consumer, target, unit) = objective::describe(scenario, objective);
    let subject = consumer.and_then(|index| scenario.consumers.get(index));
    let subject = subject.map(|consumer| format!(" of {}", consumer.name)).unwrap_or_default();
    format!("{name}{subject} at most {}", amount(target, unit))
}
