//! Charts and packs of decisions made by hand.

use super::*;
use crate::analysis::compare::{
    ComparisonDocument, FigureComparison, FigureOfVariant, PairedDifference, VariantResult,
};
use crate::analysis::sizing::{
    KeyNames, ModePlan, Rejection, SizingCandidate, SizingDocument, SizingPlan,
};
use crate::analysis::sweep::{SweepDocument, SweepFigure, SweepPointResult};
use crate::analysis::{OrderingKept, Unit, Verdict};
use crate::report::png;

fn candidate(shards: u64, throttled_ratio: f64) -> SizingCandidate {
    let passes = throttled_ratio <= 0.001;
    SizingCandidate {
        shards,
        verdict: if passes { Verdict::Pass } else { Verdict::Fail },
        method: if shards < 4 { "forecast" } else { "simulation" }.to_owned(),
        throttled_ratio,
        hottest_over_mean: 1.2,
        hottest_over_mean_p95: None,
        peak_utilization: 0.9,
        rejection: (!passes).then(|| Rejection {
            bottleneck: "write-records".to_owned(),
            reason: "too much <b>for</b> a shard.".to_owned(),
        }),
        monthly_usd: Some(shards as f64 * 10.95),
    }
}

fn sized() -> SizingDocument {
    SizingDocument {
        tool_version: "0".to_owned(),
        scenario: "orders".to_owned(),
        digest: "d41d".to_owned(),
        question: Some("How many?".to_owned()),
        seed: 1,
        objectives: vec!["write_throttled at most 0.1 %".to_owned()],
        objectives_are_default: false,
        throttled_target: Some(0.001),
        plan: Some(SizingPlan {
            mode: "provisioned".to_owned(),
            shards: 6,
            shards_now: 4,
            objectives: Vec::new(),
            monthly_usd: None,
        }),
        no_shard_count: None,
        shards_as_written: None,
        key_names: KeyNames { kind: "real".to_owned(), draws: 0 },
        candidates: [(3, 0.4), (4, 0.2), (5, 0.01), (6, 0.0), (7, 0.002)]
            .map(|(shards, ratio)| candidate(shards, ratio))
            .to_vec(),
        larger_counts_that_fail: vec![7],
        headroom: None,
        modes: Vec::new(),
    }
}

fn variant(name: &str) -> VariantResult {
    VariantResult {
        name: name.to_owned(),
        changes: Vec::new(),
        digest: String::new(),
        verdict: Verdict::Fail,
        objectives: Vec::new(),
        shards: 4,
        hottest_over_mean: Some(1.1),
        throttled_ratio: 0.1,
        shards_needed: None,
        ordering: OrderingKept::PerKey,
        monthly_usd: None,
    }
}

fn of_variant(difference: Option<(f64, f64)>) -> FigureOfVariant {
    let paired = |(mean, half): (f64, f64)| PairedDifference {
        mean,
        ci95: Some([mean - half, mean + half]),
        replications_needed_ratio: None,
    };
    FigureOfVariant { mean: Some(0.1), ci95: None, difference: difference.map(paired) }
}

fn compared() -> ComparisonDocument {
    let figure = |name: &str, unit, differences: [(f64, f64); 2]| FigureComparison {
        name: name.to_owned(),
        unit,
        variants: vec![
            of_variant(None),
            of_variant(Some(differences[0])),
            of_variant(Some(differences[1])),
        ],
    };
    ComparisonDocument {
        tool_version: "0".to_owned(),
        scenario: "orders".to_owned(),
        question: None,
        seed: 1,
        replications: 4,
        variants: vec![
            variant("baseline"),
            variant("salted"),
            variant("a-variant-whose-name-is-far-longer-than-most-names-are"),
        ],
        figures: vec![
            figure("stream.write_throttled_ratio", Unit::Ratio, [(-0.09, 0.01), (0.002, 0.01)]),
            figure("producers.web.put_latency_ms.p99", Unit::Ms, [(-900.0, 50.0), (40.0, 9.0)]),
            figure("stream.generated_records", Unit::Records, [(0.0, 0.0), (0.0, 0.0)]),
        ],
        winner: None,
    }
}

fn swept(paths: usize) -> SweepDocument {
    let value = |index: usize| format!("{index} × load");
    let all = (0..3).flat_map(|down| (0..3).map(move |across| (down, across)));
    let points = all.map(|(down, across)| SweepPointResult {
        values: [value(down), value(across)][2 - paths..].to_vec(),
        shards: down as u64 + 4,
        generated_records_per_second: 1_000.0 * across as f64,
        verdict: if across > down { Verdict::Fail } else { Verdict::Pass },
        hottest_shard_utilization_mean: 0.3 * across as f64,
        figures: vec![Some(if across > down { 0.2 } else { 0.0 })],
        monthly_usd: None,
    });
    let keep = if paths == 1 { 3 } else { 9 };
    SweepDocument {
        tool_version: "0".to_owned(),
        scenario: "orders".to_owned(),
        question: None,
        seed: 1,
        replications: 2,
        paths: ["stream.capacity.provisioned.shards", "producers.web.traffic"][2 - paths..]
            .iter()
            .map(|path| (*path).to_owned())
            .collect(),
        values: vec![(0..3).map(value).collect(); paths],
        figures: vec![SweepFigure {
            name: "stream.write_throttled_ratio".to_owned(),
            unit: Unit::Ratio,
        }],
        points: points.take(keep).collect(),
    }
}

/// Every chart is one of those that a pack may have, is the same each time, and can be painted.
fn check_charts(decision: &Decision<'_>, ids: &[&str]) -> Vec<Chart> {
    let charts = decision_charts(decision).unwrap();
    let seen: Vec<&str> = charts.iter().map(|chart| chart.id).collect();
    assert_eq!(seen, ids);
    for (chart, again) in charts.iter().zip(decision_charts(decision).unwrap()) {
        assert!(DECISION_CHART_IDS.contains(&chart.id));
        assert!(chart.description.len() > 20 && chart.svg == again.svg, "{}", chart.id);
        png(&chart.svg).unwrap();
    }
    let page = decision.html(&charts).unwrap();
    assert!(ids.iter().all(|id| page.contains(&format!("id=\"{id}-title\""))));
    assert!(!page.contains("<b>for") && !page.contains("id=\"assumptions\""));
    let summary = decision.markdown().unwrap();
    assert!(!summary.contains("\n\n\n") && !summary.contains("Rests on"), "{summary}");
    charts
}

#[test]
fn a_size_shows_the_objective_the_plan_and_what_it_costs() {
    let document = sized();
    let decision = Decision::Size(&document);
    let charts = check_charts(&decision, &["shard-counts", "shard-costs"]);
    assert!(charts[0].svg.contains("objective 0.1 %") && charts[0].svg.contains("plan: 6 shards"));
    assert!(!charts[1].svg.contains("objective 0.1 %"));
    assert!(charts[0].svg.contains("forecast, at least this"), "a bound is called one");
    let mut moded = sized();
    let mode = |mode: &str, usd| ModePlan {
        mode: mode.to_owned(),
        shards_start: 4,
        shards_end: 8,
        verdict: Verdict::Pass,
        throttled_ratio: 0.0,
        monthly_usd: Some(usd),
        rejection: None,
    };
    moded.modes = vec![mode("on_demand", 150.0), mode("on_demand_advantage", 4_000.0)];
    if let Some(plan) = &mut moded.plan {
        plan.monthly_usd = Some(65.7);
    }
    let with_modes = check_charts(&Decision::Size(&moded), &["shard-counts", "shard-costs"]);
    let costs = &with_modes[1];
    assert!(costs.svg.contains("plan: 6 shards, 65.70 USD"), "{}", costs.svg);
    assert!(costs.svg.contains("on demand\n") || costs.svg.contains("on demand<"));
    assert!(!costs.svg.contains("\non demand advantage"), "it would press the others together");
    assert!(costs.description.contains("on demand advantage it is 4,000.00 USD"));
    let summary = Decision::Size(&moded).markdown().unwrap();
    assert!(summary.contains("| on demand | 4 to 8 | 0 % | 150.00 | passes |"), "{summary}");
    let summary = decision.markdown().unwrap();
    assert!(summary.contains("**6 shards**: provisioned, where the scenario has 4"), "{summary}");
    assert!(summary.contains("| 6 | passes | simulation | 0 % |"), "{summary}");
    let mut without = sized();
    without.candidates.iter_mut().for_each(|each| each.monthly_usd = None);
    check_charts(&Decision::Size(&without), &["shard-counts"]);
}

#[test]
fn a_comparison_draws_what_differs_and_how_sure_that_is() {
    let document = compared();
    let charts = check_charts(&Decision::Compare(&document), &["differences"]);
    assert!(charts[0].svg.contains("write throttled ratio"));
    assert!(!charts[0].svg.contains("generated records"), "nothing differs there");
    let notes = &charts[0].hover.as_ref().unwrap().notes;
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains("salted -9 % [-10 %, -8 %]"), "{}", notes[0]);
}

#[test]
fn a_comparison_draws_the_cost_whatever_stands_before_it() {
    let mut document = compared();
    let other = document.figures[1].clone();
    document.figures.extend((0..8).map(|_| other.clone()));
    let mut cost = document.figures[0].clone();
    (cost.name, cost.unit) = ("cost.monthly_usd".to_owned(), Unit::Usd);
    document.figures.push(cost);
    document.variants[1].monthly_usd = Some(415.02);
    let charts = check_charts(&Decision::Compare(&document), &["differences"]);
    assert!(charts[0].svg.contains("cost of a month, USD"));
    assert!(charts[0].svg.contains("put latency p99 of web"), "names are words");
    let summary = Decision::Compare(&document).markdown().unwrap();
    assert!(summary.contains("USD a month") && summary.contains("| 415.02 |"), "{summary}");
}

#[test]
fn a_sweep_shows_what_a_point_costs_where_that_is_known() {
    let mut document = swept(2);
    document.points.iter_mut().for_each(|point| point.monthly_usd = Some(117.24));
    let charts = check_charts(&Decision::Sweep(&document), &["safety"]);
    assert_eq!(charts[0].svg.matches("117 USD").count(), 9);
    assert!(charts[0].svg.contains("USD a month"), "the legend says what it is");
}

#[test]
fn a_sweep_is_a_map_of_one_row_or_of_several() {
    let document = swept(2);
    let charts = check_charts(&Decision::Sweep(&document), &["safety"]);
    assert_eq!(charts[0].svg.matches("MISSED").count(), 3);
    assert_eq!(charts[0].hover.as_ref().unwrap().notes.len(), 9);
    let line = swept(1);
    let charts = check_charts(&Decision::Sweep(&line), &["safety"]);
    assert_eq!(charts[0].hover.as_ref().unwrap().notes.len(), 3);
}
