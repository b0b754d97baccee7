//! Three bills of real streams that AWS has published. A model without overheads comes out a few
//! percent below them; how far is known, and held from both sides.
//!
//! Source: AWS Big Data Blog, "On-demand Advantage saves 60 percent", 2026-03-09, us-east-1. That
//! each stream was read once is inferred: it is what makes the sums fit.

use super::golden::{DAY, Load};
use crate::analysis::price_book::PricingMode::{self, OnDemandAdvantage, OnDemandStandard};
use crate::quotas::RETENTION_MINIMUM;
use crate::time::Span;
use crate::units::MIB;

const LOAD: Load = Load {
    records_per_second: 10,
    record_bytes: MIB as u128,
    shards: 0,
    streams: 10,
    shared: 1,
    enhanced: 0,
    retention: RETENTION_MINIMUM,
    span: DAY,
};

/// The published sum over ours, in a period.
#[track_caller]
fn check_ratio(load: &Load, mode: PricingMode, period: Span, published: f64, ratio: f64) {
    let ours = load.bill(mode, "us-east-1", period).total.as_f64();
    let found = published / ours;
    assert!((found - ratio).abs() < 0.001, "{mode:?}: {published} over {ours} is {found}");
}

#[test]
fn ten_streams_of_ten_mebibytes_a_second_for_two_days() {
    let period = Span::from_seconds(2 * 86_400);
    check_ratio(&LOAD, OnDemandStandard, period, 2_071.75, 1.013);
    check_ratio(&LOAD, OnDemandAdvantage, period, 823.44, 1.017);
}

/// The 0.10 USD of extended retention are by the month: charged once for each gigabyte, a day
/// would be 288 USD.
#[test]
fn fifteen_mebibytes_a_second_kept_for_two_days() {
    let mut load = Load { retention: Span::from_seconds(2 * 86_400), ..LOAD };
    // 1.5 MiB/s on each of the ten streams.
    (load.records_per_second, load.record_bytes) = (3, u128::from(MIB) / 2);
    check_ratio(&load, OnDemandStandard, DAY, 176.0, 1.0625);
    check_ratio(&load, OnDemandAdvantage, DAY, 104.0, 1.018);
}

#[test]
fn one_stream_with_ten_enhanced_fan_out_consumers() {
    let load = Load { records_per_second: 25, streams: 1, shared: 0, enhanced: 10, ..LOAD };
    check_ratio(&load, OnDemandStandard, DAY, 1_266.0, 1.034);
    check_ratio(&load, OnDemandAdvantage, DAY, 419.0, 1.035);
}
