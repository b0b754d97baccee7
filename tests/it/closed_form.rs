//! Closed forms of queueing theory for the streams that are simple enough to have one.
//!
//! Pure formulas, checked here against published and hand-made values and against the heap program
//! of the benchmark. They must not use the engine; tests of the engine use them.
//!
//! Why a shard is a queue: a token bucket of `burst` tokens that flow back at `limit` a second is
//! the mirror of a queue in which every record is served for `1 / limit` seconds and at most
//! `burst` records fit, the one in service included. Missing tokens are work not yet done, rounded
//! up to whole records, and a record finds no token exactly when it finds the queue full. So with
//! Poisson arrivals and no retries the throttled ratio of a shard whose record limit binds is the
//! blocking probability of M/D/1/N with N = `burst`.

use crate::oracles::heap::{self, Work};

/// The probability that a Poisson arrival finds an M/D/1/N queue full.
///
/// `load` is the arrival rate times the service time; `capacity` counts the record in service.
/// Exact, from the Markov chain of what departures leave behind: with `a_k` the probability of `k`
/// arrivals in one service and `p_k` that of leaving `k` behind, as many departures cross from
/// above a level to below as the other way,
///
/// ```text
/// p_(k+1) a_0 = p_0 P(arrivals > k) + sum over i = 1..k of p_i P(arrivals > k - i + 1),
/// ```
///
/// and the blocking probability is `1 - 1 / (p_0 + load)`. Source: R. B. Cooper, Introduction to
/// Queueing Theory, 1981, section 5.9 (the M/G/1 queue with finite waiting room).
pub(crate) fn blocking_of_m_d_1_n(load: f64, capacity: usize) -> f64 {
    assert!(load > 0.0 && capacity > 0);
    let more_than = arrivals_more_than(load, capacity);
    let none = (-load).exp();
    // Up to a common factor, which is kept in range on the way.
    let mut left_behind = vec![1.0_f64];
    for level in 0..capacity - 1 {
        let mut upward = left_behind[0] * more_than[level];
        for (state, weight) in left_behind.iter().enumerate().skip(1) {
            upward += weight * more_than[level - state + 1];
        }
        left_behind.push(upward / none);
        if upward > 1e200 {
            left_behind.iter_mut().for_each(|weight| *weight *= 1e-200);
        }
    }
    let empty = left_behind[0] / left_behind.iter().sum::<f64>();
    1.0 - 1.0 / (empty + load)
}

/// `P(arrivals > k)` for `k` below `count`, where arrivals are Poisson with mean `load`.
///
/// Summed from the far end, so that no digits cancel.
fn arrivals_more_than(load: f64, count: usize) -> Vec<f64> {
    let last = count + 60 + (4.0 * load) as usize;
    let mut exactly = vec![(-load).exp()];
    for k in 1..=last {
        exactly.push(exactly[k - 1] * load / k as f64);
    }
    let mut tail = 0.0;
    let mut more_than = vec![0.0; last + 1];
    for k in (0..last).rev() {
        tail += exactly[k + 1];
        more_than[k] = tail;
    }
    more_than.truncate(count);
    more_than
}

/// The mean time that a record waits before its service in an M/D/1 queue, in units of the
/// service time. Pollaczek-Khinchine: `load / (2 (1 - load))`.
pub(crate) fn mean_wait_of_m_d_1(load: f64) -> f64 {
    assert!((0.0..1.0).contains(&load));
    load / (2.0 * (1.0 - load))
}

/// The most that a token bucket lets through in `seconds`, started full.
pub(crate) fn most_through_token_bucket(burst: f64, per_second: f64, seconds: f64) -> f64 {
    burst + per_second * seconds
}

/// Throttled attempts over attempts of evenly paced arrivals at `offered` a second, in the long
/// run and without retries: only the excess is refused.
pub(crate) fn paced_throttled_ratio(offered: f64, limit: f64) -> f64 {
    (1.0 - limit / offered).max(0.0)
}

fn assert_close(ours: f64, expected: f64, tolerance: f64) {
    assert!((ours - expected).abs() <= tolerance, "{ours} against {expected} +- {tolerance}");
}

#[test]
fn a_queue_of_one_blocks_like_erlang_b_with_one_server() {
    for load in [0.1, 0.5, 1.0, 2.0, 10.0] {
        assert_close(blocking_of_m_d_1_n(load, 1), load / (1.0 + load), 1e-15);
    }
}

#[test]
fn a_queue_of_two_blocks_as_worked_out_by_hand() {
    // One place behind the server: departures leave nobody behind with probability e^-load.
    for load in [0.1_f64, 0.5, 1.0, 2.0] {
        let by_hand = 1.0 - 1.0 / ((-load).exp() + load);
        assert_close(blocking_of_m_d_1_n(load, 2), by_hand, 1e-15);
    }
}

#[test]
fn a_queue_of_three_blocks_as_worked_out_by_hand() {
    // load 1: weights 1, e - 1 and e (e - 2), so p_0 = 1 / (e^2 - e).
    let e = std::f64::consts::E;
    let by_hand = 1.0 - 1.0 / (1.0 / (e * e - e) + 1.0);
    assert_close(blocking_of_m_d_1_n(1.0, 3), by_hand, 1e-14);
}

#[test]
fn overload_is_refused_and_light_load_is_not() {
    // The throughput cannot exceed one service at a time, and comes close to it.
    for load in [1.2, 2.4, 20.0] {
        assert_close(blocking_of_m_d_1_n(load, 1_000), 1.0 - 1.0 / load, 1e-9);
    }
    assert!(blocking_of_m_d_1_n(0.8, 100) < 1e-12);
    let at_the_limit = [10, 100, 1_000].map(|capacity| blocking_of_m_d_1_n(1.0, capacity));
    // At load one the blocking probability falls like 1 / (2 N).
    assert_close(at_the_limit[2] * 2_000.0, 1.0, 0.002);
    assert!(at_the_limit[0] > at_the_limit[1] && at_the_limit[1] > at_the_limit[2]);
}

#[test]
fn the_mean_wait_is_half_that_of_exponential_service() {
    assert_close(mean_wait_of_m_d_1(0.5), 0.5, 1e-15);
    assert_close(mean_wait_of_m_d_1(0.9), 4.5, 1e-12);
}

/// One attempt a record, sizes far below the byte limit: only the record limit binds.
pub(crate) fn one_shard_without_retries(rate: f64, burst: u32) -> Work {
    Work {
        shards: 1,
        keys: 1,
        exponent: 0.0,
        rate,
        size_mean: 100.0,
        burst_records: f64::from(burst),
        attempts: 1,
        duration: 2_000.0,
        ..Work::W1
    }
}

#[test]
fn a_token_bucket_refuses_like_a_full_queue() {
    for (rate, burst) in [(900.0, 5), (1_000.0, 20), (1_100.0, 50)] {
        let work = one_shard_without_retries(rate, burst);
        let ratios: Vec<f64> =
            (1..=4).map(|seed| heap::run(Work { seed, ..work }).throttled_ratio()).collect();
        let ours = crate::oracles::Estimate::of(&ratios);
        let expected = blocking_of_m_d_1_n(rate / 1_000.0, burst as usize);
        assert_close(ours.mean, expected, 5.0 * ours.standard_error + 0.001 * expected);
    }
}

#[test]
fn the_long_run_of_a_token_bucket_is_its_rate() {
    let hour = most_through_token_bucket(1_000.0, 1_000.0, 3_600.0);
    assert_close(hour / 3_600.0, 1_000.0, 0.3);
    assert_close(paced_throttled_ratio(2_000.0, 1_000.0), 0.5, 1e-15);
    assert_close(paced_throttled_ratio(500.0, 1_000.0), 0.0, 0.0);
}
