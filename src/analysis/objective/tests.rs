//! Verdicts on observations made by hand.

use super::*;
use crate::analysis::testing;
use crate::time::Span;
use crate::units::Ratio;

fn judge_all(scenario: &Scenario, observations: &[Observation]) -> Vec<ObjectiveResult> {
    judge(scenario, observations, &PriceBook::default())
}

fn judge_throttled(at_most: f64, throttled: &[u64]) -> ObjectiveResult {
    let mut scenario = testing::scenario();
    scenario.objectives = vec![Objective::WriteThrottled(Ratio(at_most))];
    judge_all(&scenario, &testing::replications(throttled)).remove(0)
}

#[test]
fn with_one_replication_the_value_decides() {
    let missed = judge_throttled(0.001, &[60_000]);
    assert_eq!(missed.verdict, Verdict::Fail);
    assert_eq!(missed.value, Some(0.1));
    assert_eq!(missed.ci95, None);
    assert_eq!(judge_throttled(0.1, &[60_000]).verdict, Verdict::Pass, "the bound belongs to it");
}

#[test]
fn with_several_the_interval_decides() {
    let throttled = [5_000, 5_400, 5_200, 4_800];
    assert_eq!(judge_throttled(0.02, &throttled).verdict, Verdict::Pass);
    assert_eq!(judge_throttled(0.001, &throttled).verdict, Verdict::Fail);
    let astride = judge_throttled(0.009_4, &throttled);
    assert_eq!(astride.verdict, Verdict::Inconclusive, "{astride:?}");
    assert!(astride.note.unwrap().contains("straddles"));
    assert_eq!(astride.values.len(), 4);
}

#[test]
fn without_a_consumer_the_worst_one_counts() {
    let mut scenario = testing::scenario();
    let at_most = Span::from_seconds(10);
    scenario.objectives = vec![
        Objective::IteratorAgeP99 { consumer: None, at_most },
        Objective::IteratorAgeP99 { consumer: Some(0), at_most },
    ];
    let results = judge_all(&scenario, &[testing::observation()]);
    assert_eq!(results[0].verdict, Verdict::Fail);
    assert_eq!(results[0].subject.as_deref(), Some("alerts"), "the worst is named");
    assert_eq!((results[0].worst_of, results[1].worst_of), (Some(2), None));
    assert_eq!(results[1].verdict, Verdict::Pass);
    assert_eq!(results[1].subject.as_deref(), Some("lake"));
}

#[test]
fn a_consumer_that_is_behind_cannot_pass_on_what_it_has_finished() {
    let mut scenario = testing::scenario();
    let at_most = Span::from_seconds(1);
    scenario.objectives = vec![Objective::EndToEndLatencyP99 { consumer: Some(1), at_most }];
    let mut observation = testing::observation();
    observation.consumers[1].end_to_end_latency_us = testing::histogram(100);
    let result = judge_all(&scenario, &[observation]).remove(0);
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert!(result.note.unwrap().contains("under way"));
}

#[test]
fn what_nobody_observed_is_inconclusive_and_has_no_value() {
    let mut scenario = testing::scenario();
    let at_most = Span::from_seconds(1);
    scenario.objectives = vec![Objective::PutLatencyP99(at_most)];
    let mut observation = testing::observation();
    observation.producers[0].put_latency_us.reset();
    let result = judge_all(&scenario, &[observation]).remove(0);
    assert_eq!((result.verdict, result.value), (Verdict::Inconclusive, None));
}

#[test]
fn one_missed_objective_fails_the_run() {
    let with = |verdict| ObjectiveResult { verdict, ..judge_throttled(0.1, &[0]) };
    let (pass, fail, open) =
        (with(Verdict::Pass), with(Verdict::Fail), with(Verdict::Inconclusive));
    assert_eq!(overall(&[]), Verdict::None);
    assert_eq!(overall(std::slice::from_ref(&pass)), Verdict::Pass);
    assert_eq!(overall(&[pass.clone(), open.clone()]), Verdict::Inconclusive);
    assert_eq!(overall(&[pass, open, fail]), Verdict::Fail);
}

#[test]
fn a_bill_is_judged_like_anything_else() {
    let mut scenario = testing::scenario();
    let cost = |scenario: &Scenario, at_most: &str| {
        let objective = Objective::CostPerMonth(Usd::parse(at_most).unwrap());
        let scenario = Scenario { objectives: vec![objective], ..scenario.clone() };
        judge_all(&scenario, &[testing::observation()]).remove(0)
    };
    let bill = monthly_total(&scenario, &testing::observation(), &PriceBook::default()).unwrap();
    let result = cost(&scenario, "1");
    assert_eq!((result.verdict, result.unit), (Verdict::Fail, Unit::Usd));
    assert_eq!(result.value, Some(bill.as_f64()));
    let exactly = bill.dollars().to_string();
    assert_eq!(cost(&scenario, &exactly).verdict, Verdict::Pass, "the bound belongs to it");
    scenario.region = None;
    assert_eq!(cost(&scenario, "1000").verdict, Verdict::Inconclusive);
}
