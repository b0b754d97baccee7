//! Bins over a run of known rates.

use super::*;
use crate::analysis::testing;
use crate::metrics::ShardSecond;

#[test]
fn a_chosen_width_gives_a_readable_number_of_rows() {
    let cases = [
        (10, 1),
        (300, 1),
        (301, 5),
        (3_600, 30),
        (7_200, 30),
        (86_400, 300),
        (7 * 86_400, 3_600),
        (365 * 86_400, 86_400),
    ];
    for (simulated, width) in cases {
        let bin = default_bin(Span::from_seconds(simulated), Span::SECOND);
        assert_eq!(bin, Span::from_seconds(width), "{simulated} s");
    }
    // A width that is not in whole steps is not chosen.
    let bin = default_bin(Span::from_seconds(301), Span::from_seconds(10));
    assert_eq!(bin, Span::from_seconds(10));
}

#[test]
fn a_wish_is_rounded_up_to_whole_steps() {
    let wish = |milliseconds, step| {
        let bin = Some(Span::from_milliseconds(milliseconds));
        effective_bin(bin, Span::SECOND, Span::from_seconds(step))
    };
    assert_eq!(wish(1_500, 1), Span::from_seconds(2));
    assert_eq!(wish(0, 1), Span::SECOND);
    assert_eq!(wish(1_500, 10), Span::from_seconds(10));
    assert_eq!(wish(70_000, 60), Span::from_seconds(120));
}

#[test]
fn every_width_sums_to_the_same_counts() {
    let (scenario, observation) = (testing::scenario(), testing::observation());
    for width in [1, 7, 10, 60, 90, 1_000] {
        let rows = stream_series(&scenario, &observation, Span::from_seconds(width));
        let sum = |of: fn(&SeriesRow) -> u64| rows.iter().map(of).sum::<u64>();
        assert_eq!(sum(|row| row.incoming_records), 1_800 * testing::SECONDS, "{width} s");
        assert_eq!(sum(|row| row.write_throttled_records), 200 * testing::SECONDS, "{width} s");
        for row in &rows {
            assert!((row.write_throttled_ratio - 0.1).abs() < 1e-12, "{width} s");
            assert!((row.incoming_records_per_second - 1_800.0).abs() < 1e-9, "{width} s");
        }
    }
}

#[test]
fn the_last_bin_ends_with_the_run() {
    let rows = stream_series(&testing::scenario(), &testing::observation(), Span::from_seconds(90));
    let last = rows.last().unwrap();
    assert_eq!((rows.len(), last.start_seconds as u64, last.span_seconds as u64), (4, 270, 30));
}

#[test]
fn a_ratio_is_made_from_sums_and_not_from_ratios() {
    let mut observation = testing::observation();
    // One quiet second, all of it refused, beside one busy second without a refusal.
    testing::change_seconds(&mut observation, |index, second| {
        (second.incoming_records, second.write_throttled_records) =
            if index == 0 { (0, 10) } else { (990, 0) };
    });
    let rows = stream_series(&testing::scenario(), &observation, Span::from_seconds(2));
    assert!((rows[0].write_throttled_ratio - 0.01).abs() < 1e-12);
}

#[test]
fn a_minute_column_shows_the_minute_and_a_peak_the_second() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    // One second at the full limit in an idle minute.
    let mut series = crate::metrics::ShardSeries::new(Span::SECOND);
    for second in 0..testing::SECONDS {
        let records = if second == 65 { 1_000 } else { 0 };
        series.push(ShardSecond { incoming_records: records, ..ShardSecond::default() });
    }
    observation.shards.truncate(1);
    observation.shards[0].series = series;
    let rows = shard_series(&scenario, &observation, 0, Span::from_seconds(10));
    assert!((rows[6].utilization_peak_1s - 1.0).abs() < 1e-12);
    assert!((rows[6].utilization_mean - 0.1).abs() < 1e-12);
    assert!((rows[6].cloudwatch_utilization_1min - 1.0 / 60.0).abs() < 1e-12);
    assert!(rows[5].cloudwatch_utilization_1min.abs() < 1e-12, "the minute before is idle");
    let stream = stream_series(&scenario, &observation, Span::from_seconds(120));
    assert!((stream[0].cloudwatch_hottest_shard_utilization_1min - 1.0 / 60.0).abs() < 1e-12);
    assert_eq!(stream[0].cloudwatch_incoming_records_1min, 108_000);
}

#[test]
fn a_backlog_is_that_at_the_end_of_the_bin() {
    let rows =
        stream_series(&testing::scenario(), &testing::observation(), Span::from_seconds(100));
    let backlog: Vec<u64> = rows.iter().map(|row| row.consumers[1].backlog_records).collect();
    assert_eq!(backlog, [10_000, 20_000, 30_000]);
    assert_eq!(rows[2].consumers[1].name, "alerts");
}
