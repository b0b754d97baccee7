//! Variants held against each other under common random numbers.
//!
//! Every variant meets the same records at the same nanoseconds, so the difference of two of them is
//! taken replication by replication, and most of the luck cancels out. The interval of a difference
//! is Student's over these pairs.

mod document;

pub use document::{
    ComparisonDocument, FigureComparison, FigureOfVariant, PairedDifference, VariantResult, Winner,
};

use std::cmp::Ordering;

use rayon::prelude::*;

use super::cost::mean_monthly_usd;
use super::interval::{confidence_interval, half_width, mean};
use super::number::{of, percent};
use super::objective::{judge, overall};
use super::replication::{Figure, cost, figures};
use super::result::{OrderingKept, Verdict};
use super::sizing::{Observer, least_by_forecast};
use crate::analysis::price_book::PriceBook;
use crate::engine::{self, Unfinished};
use crate::scenario::{RecordOrdering, Scenario, Variant};
use crate::time::Span;

/// Largest count that is looked at for the shards that a variant needs.
const SHARDS_MAX: u32 = 1_000;

/// What simulating one variant gave.
struct Simulated {
    result: VariantResult,
    figures: Vec<Figure>,
}

/// Simulates all variants, of which the first is the baseline, with its seed and replications.
///
/// # Errors
/// [`Unfinished`] when the observer said so.
///
/// # Panics
/// When there is no variant.
pub fn compare(
    variants: &[Variant],
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<ComparisonDocument, Unfinished> {
    let baseline = &variants[0].scenario;
    let simulated: Vec<Simulated> = variants
        .par_iter()
        .map(|variant| simulate(variant, baseline, prices, observer))
        .collect::<Result<_, _>>()?;
    let figures = compare_figures(&simulated);
    let results: Vec<VariantResult> = simulated.into_iter().map(|each| each.result).collect();
    Ok(ComparisonDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: baseline.name.clone(),
        question: baseline.question.clone(),
        seed: baseline.seed,
        replications: baseline.replications,
        winner: winner(&results),
        variants: results,
        figures,
    })
}

fn simulate(
    variant: &Variant,
    baseline: &Scenario,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<Simulated, Unfinished> {
    let mut scenario = variant.scenario.clone();
    scenario.seed = baseline.seed;
    scenario.replications = baseline.replications;
    let options = engine::Options {
        hottest_keys: 1,
        series_step: Some(Span::from_seconds(60)),
        ..engine::Options::default()
    };
    let observations = engine::simulate(&scenario, &options, observer)?;
    let objectives = judge(&scenario, &observations, prices);
    let mut figures = figures(&scenario, &observations);
    figures.extend(cost(&scenario, &observations, prices));
    let mean_of = |name: &str| {
        let figure = figures.iter().find(|figure| figure.name == name)?;
        mean(&figure.values.iter().copied().flatten().collect::<Vec<f64>>())
    };
    let result = VariantResult {
        name: variant.name.clone(),
        changes: variant.changes.clone(),
        digest: scenario.digest.clone(),
        verdict: overall(&objectives),
        objectives,
        shards: scenario.stream.shards.len() as u64,
        hottest_over_mean: mean_of("stream.hottest_shard_over_mean"),
        throttled_ratio: mean_of("stream.write_throttled_ratio").unwrap_or(0.0),
        shards_needed: least_by_forecast(&scenario, SHARDS_MAX).map(u64::from),
        ordering: ordering(&scenario),
        monthly_usd: mean_monthly_usd(&scenario, &observations, prices),
    };
    Ok(Simulated { result, figures })
}

/// The weakest order that any producer keeps.
fn ordering(scenario: &Scenario) -> OrderingKept {
    let all = scenario.producers.iter().map(|producer| producer.ordering(&scenario.stream));
    let weakest = all.max_by_key(|ordering| match ordering {
        RecordOrdering::PerKey => 0,
        RecordOrdering::PerKeyAndBucket => 1,
        RecordOrdering::None => 2,
    });
    match weakest {
        Some(RecordOrdering::PerKey) | None => OrderingKept::PerKey,
        Some(RecordOrdering::PerKeyAndBucket) => OrderingKept::PerKeyAndBucket,
        Some(RecordOrdering::None) => OrderingKept::None,
    }
}

/// The figures that the baseline has, in its order.
fn compare_figures(simulated: &[Simulated]) -> Vec<FigureComparison> {
    let baseline = &simulated[0].figures;
    baseline
        .iter()
        .map(|own| FigureComparison {
            name: own.name.clone(),
            unit: own.unit,
            variants: simulated
                .iter()
                .enumerate()
                .map(|(index, variant)| {
                    let other = variant.figures.iter().find(|figure| figure.name == own.name);
                    of_variant(other, (index > 0).then_some(own))
                })
                .collect(),
        })
        .collect()
}

fn of_variant(figure: Option<&Figure>, baseline: Option<&Figure>) -> FigureOfVariant {
    let values: Vec<f64> =
        figure.iter().flat_map(|figure| figure.values.iter().copied().flatten()).collect();
    let pairs = baseline.zip(figure).map(|(baseline, figure)| {
        let pairs = baseline.values.iter().zip(&figure.values);
        pairs.filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect::<Vec<(f64, f64)>>()
    });
    FigureOfVariant {
        mean: mean(&values),
        ci95: confidence_interval(&values),
        difference: pairs.and_then(|pairs| difference(&pairs)),
    }
}

/// The paired difference of values of the baseline and of a variant.
fn difference(pairs: &[(f64, f64)]) -> Option<PairedDifference> {
    let differences: Vec<f64> = pairs.iter().map(|(baseline, own)| own - baseline).collect();
    let mean = mean(&differences)?;
    let column = |pick: fn(&(f64, f64)) -> f64| pairs.iter().map(pick).collect::<Vec<f64>>();
    let apart = variance(&column(|pair| pair.0))? + variance(&column(|pair| pair.1))?;
    Some(PairedDifference {
        mean,
        ci95: half_width(&differences).map(|half| [mean - half, mean + half]),
        replications_needed_ratio: (apart > 0.0)
            .then(|| variance(&differences).map(|together| together / apart))
            .flatten(),
    })
}

/// Variance of a sample; zero of fewer than two.
fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some(squares / (values.len() as f64 - 1.0).max(1.0))
}

/// The best by: objectives met, strongest order, fewest shards needed, least throttled, and least
/// cost to the dollar where that is known of both.
fn winner(variants: &[VariantResult]) -> Option<Winner> {
    let rank = |each: &VariantResult| {
        let verdict = match each.verdict {
            Verdict::Pass | Verdict::None => 0,
            Verdict::Inconclusive => 1,
            Verdict::Fail => 2,
        };
        let order = match each.ordering {
            OrderingKept::PerKey => 0,
            OrderingKept::PerKeyAndBucket => 1,
            OrderingKept::None => 2,
        };
        (verdict, order, each.shards_needed.unwrap_or(u64::MAX))
    };
    let compare = |a: &&VariantResult, b: &&VariantResult| {
        let cost = match (a.monthly_usd, b.monthly_usd) {
            // To the dollar: a few cents decide nothing.
            (Some(a), Some(b)) => a.round().total_cmp(&b.round()),
            _ => Ordering::Equal,
        };
        rank(a).cmp(&rank(b)).then(a.throttled_ratio.total_cmp(&b.throttled_ratio)).then(cost)
    };
    let best = variants.iter().min_by(compare)?;
    let is_alone = variants.iter().filter(|each| compare(each, &best).is_eq()).count() == 1;
    if variants.len() < 2 || !is_alone {
        return None;
    }
    let verdict = match best.verdict {
        Verdict::Pass => "meets every objective",
        Verdict::None => "has nothing to meet",
        Verdict::Inconclusive => "may meet every objective",
        Verdict::Fail => "misses an objective, as all do",
    };
    let needs = match best.shards_needed {
        Some(shards) => format!("needs {}", of(shards, "shard")),
        None => "is carried by no shard count".to_owned(),
    };
    let order = match best.ordering {
        OrderingKept::PerKey => "keeps the records of a key in order",
        OrderingKept::PerKeyAndBucket => "keeps the records of a key and bucket in order",
        OrderingKept::None => "keeps no order",
    };
    let throttled = percent(best.throttled_ratio);
    let cost = best.monthly_usd.map_or(String::new(), |usd| format!(", for {usd:.2} USD a month"));
    let reason =
        format!("it {verdict}, {needs}, {order}, and {throttled} of attempts is throttled{cost}");
    Some(Winner { name: best.name.clone(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Var(b - a) / (Var(a) + Var(b)): none of the variance is left where both move alike, all of
    /// it where one stands still, and twice where they move against each other.
    #[test]
    fn common_random_numbers_need_as_many_replications_as_variance_is_left() {
        let ratio =
            |pairs: &[(f64, f64)]| difference(pairs).unwrap().replications_needed_ratio.unwrap();
        assert!(ratio(&[(1.0, 3.0), (2.0, 4.0), (5.0, 7.0)]).abs() < 1e-12);
        assert!((ratio(&[(1.0, 3.0), (2.0, 3.0), (5.0, 3.0)]) - 1.0).abs() < 1e-12);
        assert!((ratio(&[(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_meets_the_same_for_less_is_chosen_where_both_costs_are_known() {
        let variant = |name: &str, monthly_usd| VariantResult {
            name: name.to_owned(),
            changes: Vec::new(),
            digest: String::new(),
            verdict: Verdict::Pass,
            objectives: Vec::new(),
            shards: 7,
            hottest_over_mean: None,
            throttled_ratio: 0.0,
            shards_needed: Some(6),
            ordering: OrderingKept::PerKey,
            monthly_usd,
        };
        let dear = variant("advantage", Some(3_079.69));
        let cheap = winner(&[dear.clone(), variant("shards", Some(415.02))]).unwrap();
        assert!(cheap.name == "shards" && cheap.reason.ends_with(", for 415.02 USD a month"));
        assert!(winner(&[dear.clone(), variant("shards", None)]).is_none());
        assert!(winner(&[dear, variant("same", Some(3_079.72))]).is_none(), "cents");
    }

    #[test]
    fn a_difference_may_be_negative_and_its_interval_too() {
        let difference = difference(&[(5.0, 1.0), (6.0, 2.0), (7.0, 2.0)]).unwrap();
        assert!(difference.mean < 0.0);
        let [low, high] = difference.ci95.unwrap();
        assert!(low < difference.mean && difference.mean < high && high < 0.0);
    }
}
