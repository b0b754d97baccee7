//! The wheel against sorted sets.

use super::*;
use crate::random::{Purpose, Randomness};

fn record(call: u64) -> Waiting {
    Waiting::new(&Arrival::new(0, call, 0, 0, 0), 1)
}

fn take(retries: &mut Retries) -> (u64, u64) {
    let due = retries.next_due(u64::MAX);
    (due, retries.pop().call())
}

/// order out of the wheel = order of (due, order in), for pushes that come while it turns.
#[test]
fn records_come_out_in_the_order_of_their_due_times() {
    for longest in [1_000_000u64, 5_000_000_000, 600_000_000_000] {
        let draws = Randomness::new(1, 0).identity_draws("wheel", Purpose::RetryJitter);
        let mut retries = Retries::new(longest);
        let mut expected = std::collections::BTreeSet::new();
        let mut now = 0;
        for call in 0..20_000 {
            let due = now + draws.below(call, 0, longest);
            let first: Option<&(u64, u64)> = expected.first();
            assert!(first.is_none_or(|(due, _)| retries.none_due_before() <= *due));
            retries.push(&record(call), now, due);
            expected.insert((due, call));
            if draws.below(call, 1, 3) > 0 {
                let next = take(&mut retries);
                assert_eq!(expected.pop_first(), Some(next));
                now = next.0;
            }
        }
        while let Some(next) = expected.pop_first() {
            assert_eq!(take(&mut retries), next);
        }
        assert_eq!(retries.next_due(u64::MAX), u64::MAX);
    }
}

/// what waits after a stretch of refusals = what a sorted set says, and comes out in its order.
#[test]
fn records_refused_together_wait_again_in_order() {
    let draws = Randomness::new(1, 0).identity_draws("wheel", Purpose::RetryJitter);
    let longest = 5_000_000_000;
    let mut retries = Retries::new(longest);
    let mut expected: std::collections::BTreeSet<(u64, u64)> =
        (0..5_000).map(|call| (draws.below(call, 0, longest), call)).collect();
    for (due, call) in &expected {
        retries.push(&record(*call), 0, *due);
    }
    for step in 0..20_000u64 {
        let now = step * 700_000;
        let limit = now + 300_000 + step % 7 * 100_000;
        retries.turn_to(now);
        // Waits of down to a nanosecond, so that some are refused again before the limit.
        let wait = |call, now| 1 + draws.below(call, now & 0xFF, 1u64 << (now % 33));
        while let Some((due, call)) = expected.first().copied().filter(|one| one.0 < limit) {
            expected.pop_first();
            if call != step {
                expected.insert((due + wait(call, due), call));
            }
        }
        retries.refuse_before(limit, |due, record| {
            (record.call() != step).then(|| due + wait(record.call(), due))
        });
        while expected.first().is_some_and(|one| one.0 < now + 700_000) {
            assert_eq!(expected.pop_first(), Some(take(&mut retries)));
        }
    }
    let left: Vec<u64> = retries.drain().iter().map(Waiting::call).collect();
    assert_eq!(left, expected.iter().map(|one| one.1).collect::<Vec<_>>());
}

#[test]
fn records_that_are_due_together_keep_their_order() {
    let mut retries = Retries::new(5_000_000_000);
    for call in 0..100 {
        retries.push(&record(call), 0, 3_000_000_000);
    }
    let calls: Vec<u64> = retries.drain().iter().map(Waiting::call).collect();
    assert_eq!(calls, (0..100).collect::<Vec<_>>());
}

#[test]
fn nothing_opens_before_its_time() {
    let mut retries = Retries::new(5_000_000_000);
    retries.push(&record(7), 0, 3_000_000_000);
    assert_eq!(retries.next_due(2_000_000_000), u64::MAX);
    assert!(retries.none_due_before() <= 3_000_000_000);
    retries.push(&record(8), 2_000_000_000, 2_500_000_000);
    assert_eq!(retries.next_due(3_100_000_000), 2_500_000_000);
    assert_eq!(take(&mut retries), (2_500_000_000, 8));
    assert_eq!(take(&mut retries), (3_000_000_000, 7));
}

#[test]
fn a_wheel_that_stood_still_for_long_turns_on() {
    let mut retries = Retries::new(5_000_000_000);
    for round in 0..5u64 {
        let now = round * 1_000_000_000_000 + round;
        retries.push(&record(2), now, now + 4_999_999_999);
        retries.push(&record(1), now, now + 1);
        assert_eq!(take(&mut retries), (now + 1, 1));
        let later = now + 4_000_000_000;
        retries.push(&record(3), later, later + 4_999_999_999);
        assert_eq!(take(&mut retries), (now + 4_999_999_999, 2));
        assert_eq!(take(&mut retries), (later + 4_999_999_999, 3));
    }
}
