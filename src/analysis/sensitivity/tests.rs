//! The margin of an objective, and what is to doubt.

use super::*;
use crate::analysis::result::Unit;
use crate::analysis::testing;

fn objective(value: Option<f64>, target: f64, verdict: Verdict) -> ObjectiveResult {
    ObjectiveResult {
        name: format!("at most {target}"),
        subject: None,
        worst_of: None,
        target,
        value,
        unit: Unit::Ratio,
        ci95: None,
        quantile_ci95: None,
        values: vec![value],
        verdict,
        note: None,
    }
}

#[test]
fn the_margin_of_a_run_is_that_of_its_worst_objective() {
    let judged = Judged::of(&[
        objective(Some(50.0), 100.0, Verdict::Pass),
        objective(Some(3.0), 2.0, Verdict::Fail),
        objective(None, 1.0, Verdict::Inconclusive),
    ]);
    assert_eq!(judged.verdict, Verdict::Fail);
    assert_eq!(judged.worst.as_deref(), Some("at most 2"));
    assert!((judged.margin.unwrap() + 0.5).abs() < 1e-12);
    let zero = margin(&objective(Some(0.25), 0.0, Verdict::Fail)).unwrap();
    assert!((zero + 0.25).abs() < 1e-12);
}

#[test]
fn what_aws_does_not_publish_is_to_doubt_and_what_it_does_is_not() {
    let doubts = doubts(&testing::scenario());
    let find = |name: &str| doubts.iter().find(|doubt| doubt.name == name);
    let limiter = find("quotas.shard_write_limiter").unwrap();
    assert_eq!(limiter.alternatives.len(), 1);
    assert_eq!(limiter.alternatives[0].value, "fixed_window");
    assert_eq!(find("quotas.shard_write_records_burst").unwrap().alternatives.len(), 2);
    assert!(find("quotas.enhanced_fan_out_propagation").is_some());
    assert!(find("quotas.shard_write_records").is_none());
    assert!(find("quotas.put_payload_unit").is_none(), "no objective on cost");
    assert!(find("producers.checkout.client round_trip").is_some());
}
