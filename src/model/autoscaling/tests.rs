//! Policies against minutes made by hand.

use super::utils::target;
use super::*;
use crate::scenario::{ScalingUtils, UtilsStep};
use crate::units::{Ratio, Records};

const LIMITS: ShardLimits =
    ShardLimits { write_records: 60_000.0, write_bytes: 62_914_560.0, read_bytes: 125_829_120.0 };

fn scaler(kind: PolicyKind) -> Autoscaler {
    let policy =
        Policy { min_shards: 1, max_shards: 100, check_every: Span::from_seconds(60), kind };
    Autoscaler::new(policy, LIMITS, Span::from_seconds(60), 4)
}

/// A minute in which so many shards' worth of records were taken.
fn minute(number: u64, filled: f64, open_shards: u32) -> MinuteMetrics {
    MinuteMetrics {
        end: number * MINUTE,
        incoming_records: (filled * 60_000.0) as u64,
        open_shards,
        iterator_age_ms: Some(5_000),
        ..MinuteMetrics::default()
    }
}

const fn open(shards: u32) -> StreamNow {
    StreamNow { open: shards, is_updating: false }
}

fn shards(wish: Option<Wish>) -> Option<u32> {
    wish.map(|wish| wish.shards)
}

/// wanted = ceil(load / target), seen `up_after` minutes and the delay of CloudWatch later.
#[test]
fn a_target_is_followed_after_its_minutes_and_the_delay() {
    let mut scaler = scaler(PolicyKind::TargetUtilization {
        target: Ratio(0.5),
        up_after: 3,
        down_after: 5,
        cool_off: Span::from_seconds(600),
    });
    for number in 1..=3 {
        scaler.note(minute(number, 3.0, 4));
        assert_eq!(scaler.look(number * MINUTE, open(4)), None);
    }
    let wish = scaler.look(4 * MINUTE, open(4)).unwrap();
    assert_eq!(wish.shards, 6, "3 shards' worth at 50 %");
    scaler.was_taken(4 * MINUTE, &wish, 4);
    for number in 4..=9 {
        scaler.note(minute(number, 1.0, 6));
        assert_eq!(shards(scaler.look((number + 1) * MINUTE, open(6))), None);
    }
    assert_eq!(shards(scaler.look(14 * MINUTE, open(6))), Some(3), "half of what is open");
}

#[test]
fn a_policy_never_asks_for_more_than_double_and_not_while_updating() {
    let mut scaler = scaler(PolicyKind::TargetUtilization {
        target: Ratio(0.1),
        up_after: 1,
        down_after: 5,
        cool_off: Span::ZERO,
    });
    scaler.note(minute(1, 4.0, 4));
    let updating = StreamNow { is_updating: true, ..open(4) };
    assert_eq!(scaler.look(2 * MINUTE, updating), None);
    assert_eq!(shards(scaler.look(2 * MINUTE, open(4))), Some(8));
}

/// M of N: so many of the minutes looked at must breach.
#[test]
fn an_alarm_needs_its_breaching_minutes() {
    let alarm = |condition, step| StepAlarm {
        condition,
        evaluation_minutes: 3,
        breaching_minutes: 2,
        step,
        cool_off: Span::from_seconds(300),
    };
    let mut scaler = scaler(PolicyKind::StepAlarms(vec![
        alarm(AlarmCondition::ThrottledAbove(Records(0)), StepChange::MultiplyBy(2.0)),
        alarm(AlarmCondition::UtilizationAbove(Ratio(0.7)), StepChange::Add(1)),
        alarm(AlarmCondition::IteratorAgeAbove(Span::from_seconds(4)), StepChange::Add(2)),
    ]));
    for (number, filled) in [(1, 3.0), (2, 1.0), (3, 3.0)] {
        scaler.note(minute(number, filled, 4));
    }
    let wish = scaler.look(4 * MINUTE, open(4)).unwrap();
    assert_eq!(wish.shards, 5, "the second alarm: two of three minutes at 75 %");
    scaler.was_taken(4 * MINUTE, &wish, 4);
    assert_eq!(shards(scaler.look(5 * MINUTE, open(5))), Some(7), "the third one meanwhile");
}

/// Source: TestScalingUtils.java of the project.
#[test]
fn percentages_of_the_scaling_utils_are_as_the_program_has_them() {
    let step = |percent| UtilsStep {
        threshold: 0.5,
        after_minutes: 1,
        count: None,
        percent: Some(percent),
        cool_off: Span::ZERO,
    };
    let up = [(1, 15, 2), (1, 70, 2), (10, 70, 17), (5, 110, 6), (7, 200, 14), (2, 300, 6)];
    for (open, percent, wanted) in up {
        assert_eq!(target(open, &step(percent), true), wanted, "{open} up by {percent} %");
    }
    let down = [(3, 15, 3), (1, 500, 1), (10, 1200, 1), (10, 20, 8), (6, 50, 3), (6, 200, 3)];
    for (open, percent, wanted) in down {
        assert_eq!(target(open, &step(percent), false), wanted, "{open} down by {percent} %");
    }
    assert_eq!(target(5, &step(110), false), 4);
}

/// It believes in the shards that it looked up, and not in those that it has made.
#[test]
fn the_scaling_utils_go_on_after_their_own_change() {
    let step = |threshold, percent, after_minutes| UtilsStep {
        threshold,
        after_minutes,
        count: None,
        percent: Some(percent),
        cool_off: Span::ZERO,
    };
    let mut scaler = scaler(PolicyKind::ScalingUtils(ScalingUtils {
        on_put: true,
        on_get: false,
        refresh_every: Span::from_seconds(600),
        up: Some(step(0.75, 200, 2)),
        down: Some(step(0.25, 50, 5)),
    }));
    for number in 1..=12 {
        scaler.note(minute(number, 3.5, 4));
    }
    let wish = scaler.look(3 * MINUTE, open(4)).unwrap();
    assert_eq!(wish.shards, 8);
    scaler.was_taken(3 * MINUTE, &wish, 4);
    assert_eq!(scaler.look(5 * MINUTE, open(8)), None, "it notes that the stream is ACTIVE");
    assert_eq!(shards(scaler.look(6 * MINUTE, open(8))), Some(16), "87 % of 4 shards");
    scaler.look(11 * MINUTE, open(8));
    assert_eq!(scaler.look(12 * MINUTE, open(8)), None, "44 % of the 8 that it has looked up");
}
