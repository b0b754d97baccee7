//! Tests of sizing without a run: the forecast against closed forms.

use super::forecast::Forecast;
use super::load::{Load, shares};
use super::*;
use crate::analysis::testing;

/// A load of twice the limit on one shard: half of it is refused at least once.
#[test]
fn what_is_beyond_the_limit_is_refused_at_least_once() {
    let scenario = testing::scenario().with_shards(1);
    let load = Load::of(&scenario);
    let forecast = Forecast::of(&scenario, &load, &shares(&scenario));
    let offered = load.counted_records();
    let excess = offered * (1.0 - 1.0 / forecast.peak_utilization);
    let expected = excess / (offered + excess);
    if forecast.peak_utilization > 1.0 {
        // The burst of one shard is taken off.
        assert!(forecast.throttled_ratio <= expected && forecast.throttled_ratio > 0.9 * expected);
    } else {
        assert!(forecast.throttled_ratio.abs() < 1e-12);
    }
}

/// Shares of a producer add up to one, for every count and for other names.
#[test]
fn the_shares_of_the_shards_are_all_of_the_load() {
    for shards in [1, 3, 7] {
        let scenario = testing::scenario().with_shards(shards).with_names_redrawn(shards);
        for shares in shares(&scenario) {
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn a_scenario_keeps_its_own_objectives() {
    let mut scenario = testing::scenario();
    scenario.objectives.clear();
    let (changed, is_default) = with_objectives(&scenario);
    assert!(is_default && changed.objectives.len() == 2);
    let (same, is_default) = with_objectives(&changed);
    assert!(!is_default && same.objectives == changed.objectives);
}
