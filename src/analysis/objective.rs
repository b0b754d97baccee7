//! Objectives: what each replication observed, the interval over them, and the verdict.
//!
//! With one replication the value decides. With several, the 95 % interval of the mean does: all
//! of it within the target is a pass, all of it beyond is a fail, astride is inconclusive. A
//! latency is known only of records that have arrived: where those under way at the end could
//! have turned a pass into a fail, the verdict is inconclusive instead.

use hdrhistogram::Histogram;

use super::cost::monthly_total;
use super::figure_path;
use super::figures::{MICROSECONDS, MILLISECONDS, Totals, quantiles, unprocessed_records};
use super::interval::{confidence_interval, mean, order_statistics};
use super::price_book::PriceBook;
use super::result::{ObjectiveResult, Quantiles, Unit, Verdict};
use crate::metrics::{ConsumerObservation, Observation};
use crate::scenario::{Objective, Scenario};
use crate::units::Usd;

/// What one replication says about one objective.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// What was observed; none when nothing was.
    value: Option<f64>,
    /// Whether what was not observed could be beyond the target although the value is within.
    doubtful: bool,
}

impl Reading {
    const fn certain(value: f64) -> Self {
        Self { value: Some(value), doubtful: false }
    }
}

/// The results of all objectives, in the order of the scenario.
pub(super) fn judge(
    scenario: &Scenario,
    observations: &[Observation],
    prices: &PriceBook,
) -> Vec<ObjectiveResult> {
    scenario
        .objectives
        .iter()
        .map(|objective| judge_one(scenario, observations, prices, *objective))
        .collect()
}

/// The verdict of a whole run.
pub(super) fn overall(objectives: &[ObjectiveResult]) -> Verdict {
    let any = |verdict| objectives.iter().any(|objective| objective.verdict == verdict);
    if objectives.is_empty() {
        Verdict::None
    } else if any(Verdict::Fail) {
        Verdict::Fail
    } else if any(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn judge_one(
    scenario: &Scenario,
    observations: &[Observation],
    prices: &PriceBook,
    objective: Objective,
) -> ObjectiveResult {
    let (name, consumer, target, unit) = describe(scenario, objective);
    let readings: Vec<Reading> = observations
        .iter()
        .map(|observation| match objective {
            Objective::CostPerMonth(_) => cost(scenario, observation, prices),
            Objective::Figure { figure, .. } => of_figure(scenario, observation, figure),
            _ => read(objective, observation, target),
        })
        .collect();
    let known: Vec<f64> = readings.iter().filter_map(|reading| reading.value).collect();
    let all_known = known.len() == readings.len();
    let doubtful = !all_known || readings.iter().any(|reading| reading.doubtful);
    let value = mean(&known);
    let ci95 = if all_known { confidence_interval(&known) } else { None };
    let (subject, worst_of) = subject(scenario, observations, objective, consumer);
    let quantile_ci95 = quantile_interval(scenario, observations, objective, consumer);
    // One replication says by its own records how well it knows a quantile.
    let decides = if observations.len() == 1 { quantile_ci95 } else { ci95 };
    let by_value = verdict_of(value, decides, target);
    let verdict = match by_value {
        Verdict::Pass if doubtful => Verdict::Inconclusive,
        verdict => verdict,
    };
    ObjectiveResult {
        name: name.to_owned(),
        subject,
        worst_of,
        target,
        value,
        unit,
        ci95,
        quantile_ci95,
        values: readings.iter().map(|reading| reading.value).collect(),
        note: note(value, by_value, verdict),
        verdict,
    }
}

/// Name, consumer, target and unit of an objective.
pub(super) fn describe(
    scenario: &Scenario,
    objective: Objective,
) -> (&str, Option<usize>, f64, Unit) {
    match objective {
        Objective::WriteThrottled(at_most) => ("write_throttled", None, at_most.0, Unit::Ratio),
        Objective::GivenUp(at_most) => ("given_up", None, at_most.0, Unit::Ratio),
        Objective::PutLatencyP99(at_most) => {
            ("put_latency_p99", None, at_most.as_milliseconds(), Unit::Ms)
        }
        Objective::IteratorAgeP99 { consumer, at_most } => {
            ("iterator_age_p99", consumer, at_most.as_milliseconds(), Unit::Ms)
        }
        Objective::EndToEndLatencyP99 { consumer, at_most } => {
            ("end_to_end_latency_p99", consumer, at_most.as_milliseconds(), Unit::Ms)
        }
        Objective::CostPerMonth(at_most) => ("cost_per_month", None, at_most.as_f64(), Unit::Usd),
        Objective::Figure { figure, at_most } => {
            let path = scenario.objective_figures.get(figure).map_or("", String::as_str);
            (path, None, at_most, figure_path::unit(path))
        }
    }
}

/// The consumer that the value is about, and of how many it is the worst.
fn subject(
    scenario: &Scenario,
    observations: &[Observation],
    objective: Objective,
    consumer: Option<usize>,
) -> (Option<String>, Option<u64>) {
    let name = |index: usize| scenario.consumers[index].name.clone();
    if let Some(index) = consumer {
        return (Some(name(index)), None);
    }
    let consumers = scenario.consumers.len();
    match worst_consumer(scenario, observations, objective) {
        Some(index) => (Some(name(index)), (consumers > 1).then_some(consumers as u64)),
        None => (None, None),
    }
}

/// The consumer with the highest value on average; none where the objective is about none.
fn worst_consumer(
    scenario: &Scenario,
    observations: &[Observation],
    objective: Objective,
) -> Option<usize> {
    let p99: fn(&ConsumerObservation) -> Option<Quantiles> = match objective {
        Objective::IteratorAgeP99 { .. } => |seen| quantiles(&seen.iterator_age_ms, MILLISECONDS),
        Objective::EndToEndLatencyP99 { .. } => {
            |seen| quantiles(&seen.end_to_end_latency_us, MICROSECONDS)
        }
        _ => return None,
    };
    let mean_of = |index: usize| {
        let seen = observations.iter().filter_map(|seen| p99(seen.consumers.get(index)?));
        mean(&seen.map(|times| times.p99).collect::<Vec<f64>>())
    };
    let consumers = scenario.consumers.len();
    // The first of equals: a later one must be strictly worse.
    let worst = (0..consumers)
        .filter_map(|index| Some((index, mean_of(index)?)))
        .reduce(|worst, next| if next.1 > worst.1 { next } else { worst });
    worst.map(|(index, _)| index)
}

/// The interval of the 99th percentile of an objective over the records or samples of all
/// replications; none where the objective is about no percentile.
fn quantile_interval(
    scenario: &Scenario,
    observations: &[Observation],
    objective: Objective,
    consumer: Option<usize>,
) -> Option<[f64; 2]> {
    let index = consumer.or_else(|| worst_consumer(scenario, observations, objective));
    let mut all: Option<Histogram<u64>> = None;
    let mut add = |histogram: &Histogram<u64>| match &mut all {
        Some(all) => all.add(histogram).ok(),
        None => {
            all = Some(histogram.clone());
            Some(())
        }
    };
    let mut per_millisecond = MICROSECONDS;
    for seen in observations {
        match objective {
            Objective::PutLatencyP99(_) => {
                for producer in &seen.producers {
                    add(&producer.put_latency_us)?;
                }
            }
            Objective::EndToEndLatencyP99 { .. } => {
                add(&seen.consumers.get(index?)?.end_to_end_latency_us)?;
            }
            Objective::IteratorAgeP99 { .. } => {
                per_millisecond = MILLISECONDS;
                add(&seen.consumers.get(index?)?.iterator_age_ms)?;
            }
            _ => return None,
        }
    }
    let [low, high] = order_statistics(&all?, 0.99)?;
    Some([low as f64 / per_millisecond, high as f64 / per_millisecond])
}

fn verdict_of(value: Option<f64>, ci95: Option<[f64; 2]>, target: f64) -> Verdict {
    match (value, ci95) {
        (Some(value), None) if value <= target => Verdict::Pass,
        (Some(_), None) => Verdict::Fail,
        (Some(_), Some([_, high])) if high <= target => Verdict::Pass,
        (Some(_), Some([low, _])) if low > target => Verdict::Fail,
        (None, _) | (Some(_), Some(_)) => Verdict::Inconclusive,
    }
}

fn note(value: Option<f64>, by_value: Verdict, verdict: Verdict) -> Option<String> {
    if value.is_none() {
        return Some("nothing was observed".to_owned());
    }
    if by_value == verdict {
        return (verdict == Verdict::Inconclusive)
            .then(|| "the interval straddles the target; more replications narrow it".to_owned());
    }
    Some("records under way at the end could be beyond the target; run for longer".to_owned())
}

fn read(objective: Objective, observation: &Observation, target: f64) -> Reading {
    match objective {
        Objective::WriteThrottled(_) => Reading::certain(Totals::of(observation).throttled_ratio()),
        Objective::GivenUp(_) => Reading::certain(Totals::of(observation).given_up_ratio()),
        Objective::PutLatencyP99(_) => put_latency(observation, target),
        Objective::IteratorAgeP99 { consumer, .. } => {
            worst(consumers(observation, consumer).map(|(_, consumer)| Reading {
                value: quantiles(&consumer.iterator_age_ms, MILLISECONDS).map(|times| times.p99),
                doubtful: false,
            }))
        }
        Objective::EndToEndLatencyP99 { consumer, .. } => worst(
            consumers(observation, consumer)
                .map(|(index, _)| end_to_end_latency(observation, index, target)),
        ),
        // The cost is read with prices, by `cost`; a figure from the result, by `of_figure`.
        Objective::CostPerMonth(_) | Objective::Figure { .. } => {
            Reading { value: None, doubtful: true }
        }
    }
}

/// The total of the bill; nothing where there is no bill.
fn cost(scenario: &Scenario, observation: &Observation, prices: &PriceBook) -> Reading {
    let total = monthly_total(scenario, observation, prices);
    Reading { value: total.map(Usd::as_f64), doubtful: total.is_none() }
}

/// A figure of the result of one replication.
fn of_figure(scenario: &Scenario, observation: &Observation, figure: usize) -> Reading {
    let path = scenario.objective_figures.get(figure);
    let value = path.and_then(|path| figure_path::value(scenario, observation, path));
    Reading { value, doubtful: value.is_none() }
}

/// The consumer of an objective, or all of them, with their indices.
fn consumers(
    observation: &Observation,
    only: Option<usize>,
) -> impl Iterator<Item = (usize, &ConsumerObservation)> {
    observation
        .consumers
        .iter()
        .enumerate()
        .filter(move |(index, _)| only.is_none_or(|only| only == *index))
}

/// The highest value of several; one that is not known leaves doubt.
fn worst(readings: impl Iterator<Item = Reading>) -> Reading {
    readings
        .reduce(|a, b| Reading {
            value: match (a.value, b.value) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            },
            doubtful: a.doubtful || b.doubtful || a.value.is_none() || b.value.is_none(),
        })
        .unwrap_or(Reading { value: None, doubtful: true })
}

/// The put latency over the records of all producers together.
fn put_latency(observation: &Observation, target: f64) -> Reading {
    let mut producers = observation.producers.iter();
    let Some(first) = producers.next() else {
        return Reading { value: None, doubtful: true };
    };
    let mut all = first.put_latency_us.clone();
    for producer in producers {
        // Histograms of one kind hold each other's values; a failure would only lose a producer.
        if all.add(&producer.put_latency_us).is_err() {
            return Reading { value: None, doubtful: true };
        }
    }
    let waiting = observation.producers.iter().map(|producer| producer.waiting).sum();
    latency(&all, waiting, target)
}

fn end_to_end_latency(observation: &Observation, index: usize, target: f64) -> Reading {
    let consumer = &observation.consumers[index];
    // What waits at the end is no doubt as long as none of it is older than the target.
    let seen = observation.counted.consumers.get(index);
    let late = seen.is_some_and(|seen| seen.iterator_age_ms_at_end as f64 > target);
    let mut unfinished = consumer.expired_records;
    if late {
        unfinished = unprocessed_records(consumer);
    }
    latency(&consumer.end_to_end_latency_us, unfinished, target)
}

/// The 99th percentile, doubtful when it would be beyond `target` with `unfinished` records as
/// the slowest of all.
fn latency(histogram_us: &Histogram<u64>, unfinished: u64, target: f64) -> Reading {
    let Some(times) = quantiles(histogram_us, MICROSECONDS) else {
        return Reading { value: None, doubtful: true };
    };
    let finished = histogram_us.len() as f64;
    let quantile = 0.99 * (finished + unfinished as f64) / finished;
    let doubtful =
        quantile > 1.0 || histogram_us.value_at_quantile(quantile) as f64 / MICROSECONDS > target;
    Reading { value: Some(times.p99), doubtful }
}

#[cfg(test)]
mod tests;
