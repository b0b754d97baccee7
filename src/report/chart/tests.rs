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
    for chart in charts(&document, &picture).unwrap() {
        let has_words = ["No ", "Every "].iter().any(|words| chart.svg.contains(words));
        assert!(has_words, "{}: {}", chart.id, chart.svg);
    }
}
