//! Old seconds keep what they hold, and are seen alike whenever they are made whole.

use super::*;

const SECOND: u64 = NANOSECONDS_PER_SECOND;
const WARM_UP: u64 = 3 * SECOND;

/// Ten records a second of different sizes.
fn filled(seconds: u64) -> Log {
    let mut log = Log::new((WARM_UP, 0), true, false);
    let records = (0..10 * seconds).map(|index| {
        let accepted = index * SECOND / 10 + index % 7;
        let created = (index * SECOND / 10).saturating_sub(5_000);
        LogRecord::new((accepted, created), 100 + (index * index % 91) as u32, index as u32)
    });
    log.extend(records, 31);
    log
}

fn seen(log: &Log, place: u64, now: u64) -> Vec<(u64, u64, u32, u32)> {
    let mut scratch = Vec::new();
    let view = log.view(place, now, (usize::MAX - 1, u64::MAX), &mut scratch);
    view.iter()
        .map(|record| (record.accepted, record.created, record.size(), record.key()))
        .collect()
}

#[test]
fn the_records_that_count_are_known_by_their_place() {
    let mut log = filled(10);
    assert!(!log.all_counted_from(30) && log.all_counted_from(31));
    log.push(LogRecord::new((20 * SECOND, WARM_UP), 1, 0));
    assert!(log.all_counted_from(31), "made when the warm-up ends");
    log.push(LogRecord::new((20 * SECOND, WARM_UP - 1), 1, 0));
    assert!(!log.all_counted_from(101) && log.all_counted_from(102), "it waited for long");
}

#[test]
fn a_record_of_several_has_no_key_of_its_own() {
    let one = LogRecord::new((7, 5), 100, 9);
    assert_eq!((one.user_records(), one.key(), one.size()), (1, 9, 100));
    assert_eq!((one.holding(1).user_records(), one.holding(1).key()), (1, 9));
    let several = one.holding(70_000);
    assert_eq!((several.user_records(), several.key(), several.size()), (70_000, 0, 100));
}

/// What is seen does not depend on when seconds are made whole.
#[test]
fn a_barrier_changes_nothing_that_is_seen() {
    let (untouched, mut log) = (filled(200), filled(200));
    for (until, place) in [(70, 3), (95, 55), (130, 55), (131, 999)] {
        log.forget_before(place, u64::MAX, until * SECOND + 7);
        for from in [place, place + 13, place + 640, 1_999, 2_000] {
            let now = 200 * SECOND;
            assert!(seen(&log, from, now) == seen(&untouched, from, now), "{until} s, {from}");
            assert_eq!(log.counted_from(from, now), untouched.counted_from(from, now));
            assert_eq!(log.accepted(from, now), untouched.accepted(from, now));
            let passed = |log: &Log| log.pass(from, now, 137 * SECOND, 140);
            assert_eq!(passed(&log), passed(&untouched));
        }
    }
}

/// Records and bytes of a second are the same as a whole and one by one, counted or not.
#[test]
fn an_old_second_keeps_its_records_and_bytes() {
    let log = filled(200);
    let sum = |records: &[(u64, u64, u32, u32)]| -> (usize, u64) {
        let counted = records.iter().filter(|record| record.1 >= WARM_UP);
        (counted.clone().count(), counted.map(|record| u64::from(record.2)).sum())
    };
    let (young, old) = (seen(&log, 0, 0), seen(&log, 0, 300 * SECOND));
    assert_eq!(sum(&young), sum(&old));
    assert!(young != old);
    assert!(old.iter().zip(&young).all(|(old, young)| old.0.abs_diff(young.0) < 20));
    let (records, bytes) = log.counted_from(0, 300 * SECOND);
    assert_eq!((records as usize, bytes), sum(&young));
}

#[test]
fn what_is_kept_for_a_replay_is_not_forgotten() {
    let mut log = filled(200);
    log.forget_before(2_000, 50 * SECOND, 200 * SECOND);
    assert_eq!(log.accepted(500, 200 * SECOND), Some(50 * SECOND + 500 % 7));
    assert_eq!(log.pass(500, 200 * SECOND, 51 * SECOND, 0), (510, 10));
    log.forget_before(2_000, u64::MAX, 200 * SECOND);
    assert_eq!((log.old.len(), log.records.len()), (0, 0));
}
