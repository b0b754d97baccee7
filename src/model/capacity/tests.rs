//! What the service takes and refuses, and when it is done.

use super::*;
use crate::quotas::Quotas;
use crate::units::{ByteRate, MIB, Rate};

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

fn rules() -> CapacityRules {
    let quotas = Quotas::default();
    CapacityRules {
        update_calls: quotas.update_shard_count_calls.0,
        update_shards: quotas.update_shard_count_shards.0 as usize,
        account_shards: quotas.account_shards.0 as usize,
        reshard_start: quotas.reshard_start.nanoseconds(),
        reshard_operation: quotas.reshard_operation.nanoseconds(),
        mode_changes: 2,
        distributes_itself: false,
        shard_records_per_minute: 60_000.0,
        shard_bytes_per_minute: 60.0 * MIB as f64,
        split_load: 0.5,
        split_time: 15 * MINUTE,
        memory: 30 * DAY,
        scale_down: true,
        on_demand_shards_max: 200,
        on_demand_shards_min: 4,
    }
}

fn plane(mode: CapacityMode, shards: u32) -> ControlPlane {
    ControlPlane::new(rules(), mode, Lineage::created(shards))
}

fn update(plane: &mut ControlPlane, now: u64, target: u32) -> bool {
    plane.call(now, &ScalingAction::UpdateShardCount(target), Cause::Schedule)
}

fn refusal(plane: &ControlPlane) -> &str {
    match &plane.changes().last().unwrap().outcome {
        Outcome::Refused(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// Lets everything that is under way be done; gives when the last of it was.
fn settle(plane: &mut ControlPlane) -> u64 {
    let mut last = 0;
    while plane.next_change() != u64::MAX {
        last = plane.next_change();
        assert!(!plane.advance(last).is_empty());
    }
    last
}

/// landing(operation i) = call + 30 s + (i + 1) * 1.5 s.
#[test]
fn an_update_lands_operation_by_operation() {
    let mut plane = plane(CapacityMode::Provisioned, 4);
    assert!(update(&mut plane, MINUTE, 3));
    assert!(plane.is_updating());
    assert_eq!(plane.next_change(), MINUTE + 31_500_000_000);
    let split = plane.advance(plane.next_change());
    assert_eq!(split, [Reshard::Split { parent: 1, children: [4, 5] }]);
    assert_eq!(settle(&mut plane), MINUTE + 37_500_000_000);
    assert!(!plane.is_updating());
    let open: Vec<usize> = plane.lineage().open().collect();
    assert_eq!(open, [6, 9, 10]);
    assert_eq!(plane.changes()[0].outcome, Outcome::Done(MINUTE + 37_500_000_000));
}

#[test]
fn a_stream_that_is_updating_takes_no_other_call() {
    let mut plane = plane(CapacityMode::Provisioned, 4);
    assert!(update(&mut plane, 0, 8));
    assert!(!update(&mut plane, SECOND, 6));
    assert!(refusal(&plane).starts_with("ResourceInUseException"));
}

#[test]
fn an_update_goes_from_half_to_double_ten_times_a_day() {
    let mut plane = plane(CapacityMode::Provisioned, 5);
    assert!(!update(&mut plane, 0, 11), "more than double");
    assert!(!update(&mut plane, 0, 2), "less than half");
    assert!(!update(&mut plane, 0, 5), "the same");
    for call in 0..10 {
        assert!(update(&mut plane, call * 10 * MINUTE, if call % 2 == 0 { 10 } else { 5 }));
        settle(&mut plane);
    }
    assert!(!update(&mut plane, 100 * MINUTE, 10));
    assert!(refusal(&plane).contains("10 updates in the last 24 h"));
    assert!(!update(&mut plane, DAY - 1, 10));
    assert!(update(&mut plane, DAY, 10), "the first call is a day ago");
}

#[test]
fn shards_in_the_middle_of_an_update_count_toward_the_account() {
    let mut rules = rules();
    rules.account_shards = 7;
    let mut plane = ControlPlane::new(rules, CapacityMode::Provisioned, Lineage::created(4));
    assert!(!update(&mut plane, 0, 8));
    assert!(refusal(&plane).contains("the account may have 7"));
    assert!(update(&mut plane, 0, 6));
}

#[test]
fn the_mode_changes_twice_a_day_and_keeps_the_shards() {
    let mut plane = plane(CapacityMode::Provisioned, 4);
    let mut change = |now, mode| plane.call(now, &ScalingAction::Mode(mode), Cause::Schedule);
    assert!(change(0, CapacityMode::OnDemand));
    assert!(!change(1, CapacityMode::OnDemand));
    assert!(change(2, CapacityMode::Provisioned));
    assert!(!change(3, CapacityMode::OnDemand));
    assert!(change(DAY, CapacityMode::OnDemand));
    assert_eq!(plane.lineage().open_count(), 4);
    assert!(!update(&mut plane, DAY + 1, 8));
    assert!(refusal(&plane).contains("on-demand"));
}

fn load(mib_per_second: f64) -> MinuteLoad {
    MinuteLoad { records: 6_000, bytes: (mib_per_second * 60.0 * MIB as f64) as u64 }
}

/// A shard is split above half of its limit, and never before.
#[test]
fn an_on_demand_shard_above_half_is_two_fifteen_minutes_later() {
    let mut plane = plane(CapacityMode::OnDemand, 4);
    plane.look_at_minute(MINUTE, |_| load(0.5));
    assert_eq!(plane.next_change(), u64::MAX);
    plane.look_at_minute(2 * MINUTE, |shard| load(if shard == 2 { 0.6 } else { 0.4 }));
    assert_eq!(plane.next_change(), 17 * MINUTE);
    plane.look_at_minute(3 * MINUTE, |shard| load(if shard == 2 { 0.6 } else { 0.4 }));
    assert_eq!(plane.advance(17 * MINUTE), [Reshard::Split { parent: 2, children: [4, 5] }]);
    let halves = [4, 5].map(|index| plane.lineage().shards()[index].range.share());
    assert!(halves.iter().all(|share| (share - 0.125).abs() < 1e-12));
}

/// shards <= twice what the minute fills, 15 minutes later.
#[test]
fn a_minute_of_several_times_the_load_makes_several_generations() {
    let mut plane = plane(CapacityMode::OnDemand, 4);
    plane.look_at_minute(MINUTE, |_| load(7.0));
    assert_eq!(plane.next_change(), 16 * MINUTE);
    plane.advance(16 * MINUTE);
    assert_eq!(plane.lineage().open_count(), 56, "twice 28");
}

/// What a later minute asks for comes 15 minutes after that minute, on top of what is under way.
#[test]
fn load_that_goes_on_growing_asks_for_more() {
    let mut plane = plane(CapacityMode::OnDemand, 4);
    plane.look_at_minute(MINUTE, |_| load(0.6));
    plane.look_at_minute(5 * MINUTE, |_| load(7.0));
    plane.look_at_minute(6 * MINUTE, |_| load(7.0));
    plane.advance(16 * MINUTE);
    assert_eq!(plane.lineage().open_count(), 8);
    assert_eq!(plane.next_change(), 20 * MINUTE);
    plane.advance(20 * MINUTE);
    assert_eq!(plane.lineage().open_count(), 56);
}

#[test]
fn an_on_demand_stream_grows_to_its_ceiling() {
    let mut plane = plane(CapacityMode::OnDemand, 4);
    for minute in 1..100 {
        plane.look_at_minute(minute * MINUTE, |_| load(5.0));
        plane.advance(minute * MINUTE);
    }
    assert!(plane.lineage().open_count() <= 200, "{}", plane.lineage().open_count());
    assert!(plane.lineage().open_count() > 100);
}

#[test]
fn warm_throughput_is_there_beforehand_and_lowered_to_what_the_last_hour_asks_for() {
    let warm = |mib: u64| ScalingAction::WarmThroughput(ByteRate(Rate::per_second(mib * MIB)));
    let mut plane = plane(CapacityMode::OnDemandAdvantage { warm_throughput: None }, 4);
    assert!(plane.call(0, &warm(100), Cause::Schedule));
    settle(&mut plane);
    assert_eq!(plane.lineage().open_count(), 100);
    plane.look_at_minute(120 * MINUTE, |_| load(0.2));
    assert!(plane.call(121 * MINUTE, &warm(10), Cause::Schedule));
    settle(&mut plane);
    assert_eq!(plane.lineage().open_count(), 40, "twice 100 * 0.2");
}

#[test]
fn a_standard_stream_keeps_room_for_twice_the_highest_minute_of_thirty_days() {
    let mut plane = plane(CapacityMode::OnDemand, 4);
    plane.look_at_minute(MINUTE, |_| load(4.0));
    settle(&mut plane);
    assert_eq!(plane.lineage().open_count(), 32);
    for day in 1..=31 {
        plane.look_at_minute(day * DAY, |_| load(0.1));
        if day < 31 {
            assert_eq!(plane.next_change(), u64::MAX, "day {day}");
        }
    }
    settle(&mut plane);
    assert_eq!(plane.lineage().open_count(), 7, "twice 32 * 0.1");
}
