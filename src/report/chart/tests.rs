//! Charts of the run made by hand, and of runs with nothing in them.

use super::*;
use crate::analysis::{Options, analyse, picture, testing};

fn charts_by_hand() -> Vec<Chart> {
    let (scenario, observation) = (testing::scenario(), testing::observation());
    let picture = picture(&scenario, &observation);
    let document = analyse(&scenario, &[observation], &Options::default());
    charts(&document, &picture).unwrap()
}

#[test]
fn every_chart_has_a_name_words_and_a_drawing_that_is_the_same_each_time() {
    let (charts, again) = (charts_by_hand(), charts_by_hand());
    let ids: Vec<&str> = charts.iter().map(|chart| chart.id).collect();
    assert_eq!(ids, CHART_IDS);
    for (chart, again) in charts.iter().zip(&again) {
        assert!(chart.description.len() > 20, "{}", chart.id);
        assert!(chart.svg.starts_with("<svg ") && chart.svg.ends_with("</svg>\n"), "{}", chart.id);
        assert_eq!(chart.svg, again.svg);
        assert_eq!(png(&chart.svg).unwrap(), png(&again.svg).unwrap());
    }
}

#[test]
fn a_name_cannot_break_a_drawing() {
    let mut scenario = testing::scenario();
    let mut observation = testing::observation();
    scenario.consumers[0].name = "a</text><script>alert(1)</script>&".to_owned();
    observation.shards[0].hottest_keys[0].key = format!("<b>\u{1b}[2J\"{}", "x".repeat(300));
    let picture = picture(&scenario, &observation);
    let document = analyse(&scenario, &[observation], &Options::default());
    for chart in charts(&document, &picture).unwrap() {
        assert!(!chart.svg.contains("<script") && !chart.svg.contains("<b>"), "{}", chart.id);
        assert!(!chart.svg.contains('\u{1b}'), "{}", chart.id);
        png(&chart.svg).unwrap();
    }
}

#[test]
fn nothing_to_draw_is_said_in_words() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    let mut picture = picture(&scenario, &observation);
    picture.rows.clear();
    picture.heat = crate::analysis::HeatMap::default();
    picture.keys = crate::analysis::KeyConcentration::default();
    picture.latencies.clear();
    for producer in &mut observation.producers {
        producer.generated_records = 0;
    }
    let document = analyse(&scenario, &[observation], &Options::default());
    // A stream without records has a bill all the same.
    for chart in charts(&document, &picture).unwrap().iter().filter(|chart| chart.id != "cost") {
        let has_words = ["No ", "Every "].iter().any(|words| chart.svg.contains(words));
        assert!(has_words, "{}: {}", chart.id, chart.svg);
    }
}

/// Records before and after a client that puts many into one are not alike; bytes are.
#[test]
fn a_load_of_aggregated_records_is_drawn_in_bytes() {
    let (scenario, observation) = (testing::scenario(), testing::observation());
    let mut picture = picture(&scenario, &observation);
    let document = analyse(&scenario, &[observation], &Options::default());
    for row in &mut picture.rows {
        row.incoming_records = row.generated_records / 100;
    }
    let drawn = |picture: &Picture, id: &str| {
        let all = charts(&document, picture).unwrap();
        all.into_iter().find(|chart| chart.id == id).unwrap().svg
    };
    assert!(drawn(&picture, "load").contains("\nrecords/s</text>"));
    let by_record = drawn(&picture, "shards");
    picture.is_aggregated = true;
    assert!(drawn(&picture, "load").contains("\nMiB/s</text>"));
    assert_ne!(drawn(&picture, "shards"), by_record);
}

#[test]
fn the_bill_is_stacked_and_its_objective_is_drawn() {
    let (scenario, observation) = (testing::scenario(), testing::observation());
    let picture = picture(&scenario, &observation);
    let mut document = analyse(&scenario, &[observation], &Options::default());
    let of_cost = |document: &ResultDocument| {
        charts(document, &picture).unwrap().into_iter().find(|chart| chart.id == "cost")
    };
    let mut objective = document.objectives[0].clone();
    (objective.unit, objective.target) = (crate::analysis::Unit::Usd, 1_234.0);
    document.objectives.push(objective);
    let chart = of_cost(&document).unwrap();
    assert!(chart.svg.contains("objective 1,234.00 USD"), "the objective is drawn");
    let notes = &chart.hover.as_ref().unwrap().notes;
    let total = document.cost.as_ref().unwrap().monthly_usd.to_cents();
    assert!(notes.len() > 1 && notes[0].starts_with("whole bill: "), "{notes:?}");
    assert!(chart.description.starts_with(&format!("{total} USD")), "{}", chart.description);
    document.cost = None;
    assert!(of_cost(&document).is_none());
}

#[test]
fn changes_of_the_shards_stand_from_the_call_to_their_end() {
    use crate::analysis::{ScalingActionResult, ScalingOutcome, ScalingResult};
    let (scenario, observation) = (testing::scenario(), testing::observation());
    let picture = picture(&scenario, &observation);
    let mut document = analyse(&scenario, &[observation], &Options::default());
    let action = |action: &str, outcome, landed_at_seconds| ScalingActionResult {
        at_seconds: 60.0,
        cause: "schedule".to_owned(),
        action: action.to_owned(),
        shards_before: 4,
        shards_after: 8,
        outcome,
        reason: None,
        landed_at_seconds,
        throttled_before_landing: 7,
        overshoot_shards: None,
    };
    document.scaling = Some(ScalingResult {
        mode_end: "on_demand".to_owned(),
        shards_max: 8,
        done: 2,
        refused: 1,
        reversals: 0,
        overshoot_shards_max: None,
        actions: vec![
            action("UpdateShardCount to 8", ScalingOutcome::Done, Some(90.0)),
            action("UpdateShardCount to 99", ScalingOutcome::Refused, None),
            action("UpdateStreamMode to on_demand", ScalingOutcome::Done, Some(150.0)),
        ],
    });
    let charts = charts(&document, &picture).unwrap();
    let chart = charts.iter().find(|chart| chart.id == "shards").unwrap();
    for words in ["asked to landed", "call refused", ">\nprovisioned", ">\non demand"] {
        assert!(chart.svg.contains(words), "{words}");
    }
    assert!(chart.description.contains("90 s at the longest"), "{}", chart.description);
}
