//! The picture of the run made by hand.

use super::*;
use crate::analysis::testing;

fn picture_by_hand() -> Picture {
    picture(&testing::scenario(), &testing::observation())
}

#[test]
fn the_map_has_every_shard_and_shows_what_it_refuses() {
    let heat = picture_by_hand().heat;
    assert_eq!((heat.rows.len(), heat.columns, heat.shards_per_row), (4, 150, 1));
    assert_eq!(heat.rows[0].first_shard_id, "shardId-000000000000");
    let near = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
    assert!(near(heat.rows[0].utilization[7], 1.0) && near(heat.rows[3].utilization[7], 0.2));
    assert!(near(heat.rows[0].throttled_ratio[7], 1.0 / 6.0));
    assert!(near(heat.rows[1].throttled_ratio[7], 0.0));
}

#[test]
fn many_shards_share_rows_and_none_is_lost() {
    let (mut scenario, mut observation) = (testing::scenario(), testing::observation());
    for index in 4..250 {
        let mut shard = scenario.stream.shards[3].clone();
        shard.shard_id = crate::hash_key::shard_id(index);
        observation.shards.push(observation.shards[3].clone());
        observation.shards[index as usize].shard_id.clone_from(&shard.shard_id);
        scenario.stream.shards.push(shard);
    }
    let heat = picture(&scenario, &observation).heat;
    assert_eq!((heat.rows.len(), heat.shards_per_row), (84, 3));
    assert_eq!(heat.rows[83].last_shard_id, "shardId-000000000249");
    // A row shows the worst of its shards.
    assert!(heat.rows[0].throttled_ratio[0] > 0.16);
}

#[test]
fn the_curve_of_keys_rises_to_all_records() {
    let keys = picture_by_hand().keys;
    assert_eq!(keys.counted_keys, 404);
    assert_eq!(keys.curve[0], KeyPoint { keys: 1, share: 0.3 });
    assert!(
        keys.curve
            .windows(2)
            .all(|pair| { pair[0].keys < pair[1].keys && pair[0].share <= pair[1].share })
    );
    let last = keys.curve[keys.curve.len() - 1];
    assert_eq!(last.keys, 404);
    assert!((last.share - 1.0).abs() < 1e-12 && keys.uncounted_share.abs() < 1e-12);
    assert_eq!(keys.hottest[0], ("order-0".to_owned(), 0.3));
    // One shard takes 1,000 of 2,000 records a second.
    assert_eq!(keys.shard_share, Some(0.5));
}

#[test]
fn what_binds_is_the_limit_that_refuses_and_the_consumer_that_is_behind() {
    let rows = picture_by_hand().binding;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["writes", "lake", "alerts"]);
    assert!(rows[0].bins.iter().all(|bin| *bin == Binding::RecordLimit));
    assert!(rows[1].bins.iter().all(|bin| *bin == Binding::Nothing));
    // It loses 50 ms a second and has no objective; the run ends before it is a minute behind.
    assert!(rows[2].bins.iter().all(|bin| *bin == Binding::Nothing));
    let mut scenario = testing::scenario();
    let at_most = Span::from_seconds(5);
    scenario.objectives = vec![Objective::IteratorAgeP99 { consumer: None, at_most }];
    let rows = picture(&scenario, &testing::observation()).binding;
    let behind = rows[2].bins.iter().filter(|bin| **bin == Binding::Behind).count();
    assert_eq!(behind, 200);
}

#[test]
fn curves_of_latency_rise_and_end_where_there_are_records() {
    let curves = picture_by_hand().latencies;
    assert_eq!(curves.len(), 3);
    for curve in &curves {
        assert!(curve.points.windows(2).all(|pair| pair[0].ms <= pair[1].ms));
    }
    // A hundred records tell no more than their slowest hundredth apart.
    assert!(curves[0].points.iter().all(|point| point.quantile <= 0.99));
}

#[test]
fn a_shard_that_opens_and_closes_has_no_value_before_and_after() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    observation.shards[1].closed = Some(Span::from_seconds(100));
    let mut child = observation.shards[1].clone();
    (child.opened, child.closed) = (Span::from_seconds(100), None);
    child.shard_id = crate::hash_key::shard_id(4);
    observation.shards.push(child);
    let picture = picture(&scenario, &observation);
    let steps: Vec<(f64, u64)> =
        picture.shards.iter().map(|from| (from.start_seconds, from.open_shards)).collect();
    assert_eq!(steps, [(0.0, 4)], "a child took over from its parent in the same instant");
    let ids: Vec<&str> = picture.heat.rows.iter().map(|row| &row.first_shard_id[18..]).collect();
    assert_eq!(ids, ["00", "01", "04", "02", "03"]);
    let parent = &picture.heat.rows[1];
    assert!(parent.utilization[49].is_finite() && parent.utilization[50].is_nan());
    assert!(parent.throttled_ratio[149].is_nan());
}

#[test]
fn shards_are_counted_from_the_moments_at_which_they_open_and_close() {
    let mut observation = testing::observation();
    observation.shards[2].closed = Some(Span::from_seconds(60));
    observation.shards[3].opened = Span::from_seconds(30);
    let steps = open_shards(&observation);
    let steps: Vec<(f64, u64)> =
        steps.iter().map(|from| (from.start_seconds, from.open_shards)).collect();
    assert_eq!(steps, [(0.0, 3), (30.0, 4), (60.0, 3)]);
}
