//! Areas under the rate: trapezoids, weeks, compound growth, and their sums.

use super::*;
use crate::time::Instant;
use crate::units::{Rate, Ratio};

const HOUR: u64 = 3_600;

fn rate(per_second: u64) -> RecordRate {
    RecordRate(Rate::per_second(per_second))
}

fn second(second: u64) -> Instant {
    Instant::START + Span::from_seconds(second)
}

fn profile(traffic: &Traffic, seconds: u64) -> RateProfile {
    RateProfile::new(traffic, Span::from_seconds(seconds))
}

/// Segments join without a gap, end at the horizon, and hold `expected` records.
fn check_records(traffic: &Traffic, seconds: u64, expected: f64) {
    let profile = profile(traffic, seconds);
    let mut end = 0;
    for segment in profile.segments(0, u64::MAX) {
        assert_eq!(segment.start, end);
        assert!(segment.end > segment.start && segment.rate >= 0.0, "{segment:?}");
        end = segment.end;
    }
    assert_eq!(end, seconds * 1_000_000_000);
    let records = profile.expected_records();
    assert!((records - expected).abs() <= 1e-9 * expected, "{records} {expected}");
}

/// The rate of the segment at `at` nanoseconds, in records a second.
fn rate_at(traffic: &Traffic, at: u64) -> f64 {
    let profile = profile(traffic, 366 * 86_400);
    let mut segments = profile.segments(0, u64::MAX);
    segments.find(|segment| segment.end > at).map_or(0.0, |segment| segment.rate * 1e9)
}

fn ramp() -> Traffic {
    Traffic::Ramp { from: rate(100), to: rate(2_000), start: second(300), end: second(900) }
}

fn spike(rise: u64, fall: u64) -> Traffic {
    let (rise, fall) = (Span::from_seconds(rise), Span::from_seconds(fall));
    let (at, lasts) = (second(60), Span::from_seconds(30));
    Traffic::Spike(Spike { base: rate(10), peak: rate(1_000), at, rise, lasts, fall })
}

fn weekly(peak_to_mean: f64) -> Traffic {
    // Mean one: five days of 8/7 and a weekend of 5/7 and 4/7.
    let day = 8.0 / 7.0;
    let days = [day, day, day, day, day, 5.0 / 7.0, 4.0 / 7.0];
    let peak_at = Span::from_seconds(20 * HOUR);
    Traffic::Weekly { mean: rate(70), peak_to_mean, peak_at, days, starts_at: Span::ZERO }
}
#[test]
fn expected_records_are_the_integral_of_the_rate() {
    let profile = |traffic: &Traffic| RateProfile::new(traffic, Span::from_seconds(172_800));
    let constant = profile(&Traffic::Constant(rate(3))).expected_records();
    assert!((constant - 518_400.0).abs() < 1e-3);
    let wave = Traffic::Diurnal { mean: rate(10), peak_to_mean: 3.0, peak_at: Span::ZERO };
    assert!((profile(&wave).expected_records() / 1_728_000.0 - 1.0).abs() < 1e-9);
}
/// trapezoid: (from + to) / 2 * length, and constant rates beside it.
#[test]
fn a_ramp_holds_the_area_of_its_trapezoid() {
    check_records(&ramp(), 1_200, 300.0 * 100.0 + 600.0 * 1_050.0 + 300.0 * 2_000.0);
    // Ended by the horizon in the middle of a step.
    check_records(&ramp(), 601, 300.0 * 100.0 + 301.0 * (100.0 + 1_900.0 / 600.0 * 150.5));
    let falling =
        Traffic::Ramp { from: rate(50), to: rate(0), start: second(0), end: second(86_400) };
    check_records(&falling, 86_400, 43_200.0 * 50.0);
}

#[test]
fn a_ramp_is_cut_finely_and_its_steps_follow_the_line() {
    let mut before = 0.0;
    for segment in profile(&ramp(), 900)
        .segments(0, u64::MAX)
        .filter(|segment| segment.start >= 300_000_000_000)
    {
        assert!(segment.end - segment.start < 600_000_000_000 / 127);
        let middle = (segment.start + segment.end) as f64 / 2e9;
        let line = 100.0 + 1_900.0 * (middle - 300.0) / 600.0;
        assert!((segment.rate * 1e9 - line).abs() < 1e-6);
        assert!(segment.rate > before);
        before = segment.rate;
    }
    assert_eq!(profile(&ramp(), 900).segments(0, u64::MAX).count(), 129);
}

/// A ramp of three nanoseconds has three steps: nothing is empty, nothing is lost.
#[test]
fn the_shortest_ramps_have_steps_of_a_nanosecond() {
    let at = |nanoseconds| Instant::from_nanoseconds(nanoseconds);
    let short = Traffic::Ramp { from: rate(0), to: rate(30), start: at(1), end: at(4) };
    let rates: Vec<f64> = profile(&short, 1)
        .segments(0, u64::MAX)
        .map(|segment| (segment.rate * 1e9).round())
        .collect();
    assert_eq!(rates, [0.0, 5.0, 15.0, 25.0, 30.0]);
}

#[test]
fn a_spike_holds_its_top_and_half_of_its_slopes() {
    check_records(&spike(0, 0), 200, 200.0 * 10.0 + 30.0 * 990.0);
    check_records(&spike(20, 40), 200, 200.0 * 10.0 + (30.0 + 10.0 + 20.0) * 990.0);
    assert_eq!(profile(&spike(0, 0), 200).segments(0, u64::MAX).count(), 3);
    assert!((rate_at(&spike(20, 40), 85_000_000_000) - 1_000.0).abs() < 1e-9);
    assert!((rate_at(&spike(20, 40), 151_000_000_000) - 10.0).abs() < 1e-9);
}

#[test]
fn a_week_has_its_mean_and_every_day_its_share() {
    check_records(&weekly(3.0), 14 * 86_400, 14.0 * 86_400.0 * 70.0);
    check_records(&weekly(3.0), 86_400, 86_400.0 * 80.0);
    let week = profile(&weekly(3.0), 7 * 86_400);
    let highest = week.segments(0, u64::MAX).map(|segment| segment.rate).fold(0.0, f64::max) * 1e9;
    assert!((highest - 240.0).abs() < 1e-6, "{highest}");
    assert!((rate_at(&weekly(1.0), 6 * DAY + 1) - 40.0).abs() < 1e-9);
    assert!((rate_at(&weekly(1.0), 7 * DAY) - 80.0).abs() < 1e-9);
    // A run that starts on saturday at six in the morning and three nanoseconds.
    let mut late = weekly(3.0);
    if let Traffic::Weekly { starts_at, .. } = &mut late {
        *starts_at = Span::from_nanoseconds(5 * DAY + DAY / 4 + 3);
    }
    let shifted = 5 * DAY + DAY / 4 + 3;
    for at in [0, DAY, 2 * DAY, 8 * DAY] {
        let difference = rate_at(&late, at) - rate_at(&weekly(3.0), at + shifted);
        assert!(difference.abs() < 1e-9);
    }
    check_records(&late, 14 * 86_400, 14.0 * 86_400.0 * 70.0);
}

#[test]
fn a_week_of_equal_days_is_the_daily_wave() {
    let (mean, peak_to_mean, peak_at) = (rate(70), 2.2, Span::from_seconds(20 * HOUR));
    let week =
        Traffic::Weekly { mean, peak_to_mean, peak_at, days: [1.0; 7], starts_at: Span::ZERO };
    let day = Traffic::Diurnal { mean, peak_to_mean, peak_at };
    let segments = |traffic| profile(traffic, 8 * 86_400).segments(0, u64::MAX).collect::<Vec<_>>();
    assert_eq!(segments(&week), segments(&day));
}

fn growth(per_month: f64, of: Traffic) -> Traffic {
    Traffic::Growth { per_month: Ratio(per_month), of: Box::new(of) }
}

/// integral of (1 + g)^(t / month) = month / ln(1 + g) * ((1 + g)^(T / month) - 1).
#[test]
fn growth_compounds_over_months_of_730_hours() {
    let month = (730 * HOUR) as f64;
    for (per_month, days) in [(0.1, 1u32), (0.1, 365), (1.0, 366), (0.001, 30)] {
        let grown = growth(per_month, Traffic::Constant(rate(7)));
        let months = f64::from(days) * 86_400.0 / month;
        let area = month / f64::ln_1p(per_month) * ((1.0 + per_month).powf(months) - 1.0);
        check_records(&grown, u64::from(days) * 86_400, 7.0 * area);
    }
    let after = rate_at(&growth(0.1, Traffic::Constant(rate(100))), MONTH.nanoseconds());
    assert!((after - 110.0).abs() < 0.001, "{after}");
    // No growth leaves not even a trace in the last bit.
    let none = profile(&growth(0.0, ramp()), 1_200);
    assert!(none.segments(0, u64::MAX).eq(profile(&ramp(), 1_200).segments(0, u64::MAX)));
}

#[test]
fn a_sum_holds_the_records_of_its_parts() {
    let steps = Traffic::Steps(vec![(second(0), rate(5)), (second(333), rate(55))]);
    let sum = Traffic::Sum(vec![ramp(), spike(20, 40), steps.clone(), weekly(2.0)]);
    let records = |traffic: &Traffic| profile(traffic, 1_201).expected_records();
    let parts = [ramp(), spike(20, 40), steps, weekly(2.0)];
    check_records(&sum, 1_201, parts.iter().map(records).sum());
    let nested = Traffic::Sum(vec![sum.clone(), Traffic::Sum(vec![ramp()])]);
    check_records(&nested, 1_201, records(&sum) + records(&ramp()));
}

/// growth(a + b) = growth(a) + growth(b), growth(growth(a)) = growth at the product.
#[test]
fn growth_of_a_sum_is_the_sum_of_the_grown() {
    let day = 86_400;
    let parts = [weekly(2.0), spike(20, 40)];
    let together = profile(&growth(0.2, Traffic::Sum(parts.to_vec())), 20 * day);
    let apart = parts.map(|part| growth(0.2, part));
    let apart: f64 = apart.iter().map(|part| profile(part, 20 * day).expected_records()).sum();
    let records = together.expected_records();
    assert!((records / apart - 1.0).abs() < 1e-12, "{records} {apart}");
    let twice = growth(0.1, growth(0.2, Traffic::Constant(rate(10))));
    let once = growth(0.32, Traffic::Constant(rate(10)));
    let ratio =
        profile(&twice, 90 * day).expected_records() / profile(&once, 90 * day).expected_records();
    assert!((ratio - 1.0).abs() < 1e-9, "{ratio}");
}

/// integral of the rate from `start` to `when_expected(start, records)` = records.
#[test]
fn records_are_expected_when_the_integral_says_so() {
    let seconds = |nanoseconds| nanoseconds as f64 / 1e9;
    let constant = profile(&Traffic::Constant(rate(10)), 1_000);
    assert_eq!(constant.when_expected(5_000_000_000, u64::MAX, 50.0), 10_000_000_000);
    assert_eq!(constant.when_expected(5_000_000_000, 6_000_000_000, 50.0), 6_000_000_000);
    // 60 s of 10 records/s, then 1,000 records/s.
    let spike = profile(&spike(0, 0), 1_000);
    assert!((seconds(spike.when_expected(0, u64::MAX, 1_600.0)) - 61.0).abs() < 1e-6);
    let silent = profile(&Traffic::Constant(rate(0)), 1_000);
    assert_eq!(silent.when_expected(0, 7, 1.0), 7);
}

/// expected(a, c) = expected(a, b) + expected(b, c), wherever b cuts; none after the horizon.
#[test]
fn bins_hold_all_records_wherever_they_cut() {
    let sum = Traffic::Sum(vec![ramp(), spike(20, 40), weekly(2.0)]);
    let profile = profile(&growth(0.5, sum), 1_000);
    let seconds = |seconds: f64| (seconds * 1e9) as u64;
    let bounds = [0.0, 0.1, 85.3, 85.3, 333.333, 600.7, 999.9, 1_000.0, 5_000.0].map(seconds);
    let bins = profile.expected_between(&bounds);
    let (sum, expected) = (bins.iter().sum::<f64>(), profile.expected_records());
    assert!((sum / expected - 1.0).abs() < 1e-9, "{sum} {expected}");
    assert_eq!((bins.len(), bins[2], bins[7]), (8, 0.0, 0.0));
    assert!(profile.expected_between(&bounds[..1]).is_empty());
    // 10 records/s up to the spike at 60 s, then 1,000 records/s up to 90 s.
    let spike = RateProfile::new(&spike(0, 0), Span::from_seconds(1_000));
    let bins = spike.expected_between(&[50.0, 59.5, 60.5, 100.0].map(seconds));
    for (bin, expected) in bins.iter().zip([95.0, 505.0, 29.5 * 1_000.0 + 100.0]) {
        assert!((bin - expected).abs() < 1e-6, "{bins:?}");
    }
}

/// A burst that cuts a ramp in the middle of a step loses no record.
#[test]
fn a_cut_between_borders_keeps_the_area() {
    let profile = profile(&growth(0.5, Traffic::Sum(vec![ramp(), weekly(2.0)])), 1_000);
    let (mut start, mut records) = (0, 0.0);
    while let Some(segment) = profile.segment(start, start + 1_234_567_891) {
        records += segment.rate * (segment.end - start) as f64;
        start = segment.end;
    }
    let expected = profile.expected_records();
    assert!((records / expected - 1.0).abs() < 1e-9, "{records} {expected}");
}
