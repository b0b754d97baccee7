//! Bills of streams whose shards or whose mode change, recomputed from the records of single
//! seconds: the series knows nothing of bills.

use proptest::prelude::*;
use shardplan::analysis::cost::CostResult;
use shardplan::metrics::Observation;
use shardplan::units::Quantity;

use crate::cost::{bill_of, check_adds_up};

/// Records of 100 B with their keys, for a day; each consumer reads every one.
const DAY: &str = "
version: 1
name: a-day
region: us-east-1
duration: 24 h
stream:
  capacity: { provisioned: { shards: 2 } }
  retention: 48 h
producers:
  - name: writer
    client: { put_record: {} }
    traffic: { constant: 3 records/s }
    record_size: { constant: 90 B }
    partition_key: { single: ten-bytes- }
consumers:
  - { name: lake, polling: {} }
  - { name: alerts, enhanced_fan_out: {} }
";

const HOUR: usize = 3_600;
/// A day is stretched to 730 h.
const STRETCH: f64 = 730.0 / 24.0;
const GIGABYTE: f64 = (1u64 << 30) as f64;

/// Quantity of an item of a mode; nothing where the bill has no such line.
fn quantity(cost: &CostResult, mode: &str, item: &str) -> Option<f64> {
    let lines = cost.lines.iter().filter(|line| line.item == item);
    let mut of_mode = lines.filter(|line| line.mode.is_some_and(|own| own.name() == mode));
    let quantity = of_mode.next()?.quantity.as_f64();
    assert!(of_mode.next().is_none(), "{mode}.{item} has one line");
    Some(quantity)
}

#[track_caller]
fn check_quantity(cost: &CostResult, (mode, item): (&str, &str), expected: f64) {
    let found = quantity(cost, mode, item);
    // Quantities are rounded to whole things or to a millionth.
    let bound = if item == "put_payload_units" { 0.5 } else { 1e-6 };
    let is_close = found.is_some_and(|found| (found - expected).abs() <= bound);
    assert!(is_close, "{mode}.{item} is {found:?}, expected {expected}");
}

/// Records that the stream took in some hours, by the seconds of the series.
fn taken(seen: &Observation, hours: &[(usize, usize)]) -> f64 {
    let seconds: Vec<u64> = seen.series.rows().map(|row| row.incoming_records).collect();
    assert_eq!(seconds.len(), 24 * HOUR);
    let of =
        |(from, until): &(usize, usize)| seconds[from * HOUR..until * HOUR].iter().sum::<u64>();
    hours.iter().map(of).sum::<u64>() as f64
}

/// Standard: stream-hours, gigabytes of whole KB in and out, retention by what is kept.
#[test]
fn an_on_demand_stream_is_billed_by_hours_and_whole_kilobytes() {
    let (seen, cost) = bill_of(DAY, &["stream.capacity={ on_demand: {} }"]);
    check_adds_up(&cost);
    let records = taken(&seen, &[(0, 24)]);
    let standard = |item| ("on_demand_standard", item);
    check_quantity(&cost, standard("stream_hours"), 730.0);
    check_quantity(&cost, standard("data_in"), records * 1_024.0 * STRETCH / GIGABYTE);
    // All of a day's bytes are kept for a second day: at any moment a day's worth.
    check_quantity(&cost, standard("extended_retention"), records * 100.0 / GIGABYTE);
    for (consumer, item) in [(0, "data_out"), (1, "enhanced_fan_out_data")] {
        let read = seen.consumers[consumer].read_records as f64;
        assert!(read > 0.99 * records && read <= records);
        check_quantity(&cost, standard(item), read * 1_024.0 * STRETCH / GIGABYTE);
    }
    assert!(
        cost.lines
            .iter()
            .all(|line| line.mode.is_none_or(|mode| mode.name() == "on_demand_standard"))
    );
}

/// Advantage: no stream-hours; used and short of 25 MiB/s are 25 MiB/s together, in and out.
#[test]
fn the_commitment_of_advantage_is_filled_up_by_a_shortfall() {
    let (seen, cost) = bill_of(DAY, &["stream.capacity={ on_demand_advantage: {} }"]);
    check_adds_up(&cost);
    let advantage = |item| ("on_demand_advantage", item);
    let committed = 25.0 * 730.0 * 3_600.0 / 1_024.0;
    let written = taken(&seen, &[(0, 24)]) * 1_024.0 * STRETCH / GIGABYTE;
    check_quantity(&cost, advantage("data_in"), written);
    let close = |sum: f64| (sum - committed).abs() < 3e-6;
    let of = |item| quantity(&cost, "on_demand_advantage", item).unwrap();
    assert!(close(of("data_in") + of("data_in_shortfall")));
    assert!(close(of("data_out") + of("enhanced_fan_out_data") + of("data_out_shortfall")));
    assert!(cost.lines.iter().all(|line| line.item != "stream_hours"));
    assert!(cost.notes.iter().any(|note| note.contains("all on-demand streams of the account")));
}

/// Six hours provisioned, twelve on-demand, six provisioned again.
#[test]
fn each_stretch_is_billed_in_its_own_mode() {
    let switches = "stream.scaling={ schedule: [ { at: 6 h, mode: on_demand }, \
                    { at: 18 h, mode: provisioned } ] }";
    let (seen, cost) = bill_of(DAY, &[switches]);
    check_adds_up(&cost);
    let (shards, service) = (taken(&seen, &[(0, 6), (18, 24)]), taken(&seen, &[(6, 18)]));
    let provisioned = |item| ("provisioned", item);
    check_quantity(&cost, provisioned("shard_hours"), 730.0);
    check_quantity(&cost, provisioned("extended_retention"), 730.0);
    check_quantity(&cost, provisioned("enhanced_fan_out_hours"), 730.0);
    check_quantity(&cost, provisioned("put_payload_units"), shards * STRETCH);
    let standard = |item| ("on_demand_standard", item);
    check_quantity(&cost, standard("stream_hours"), 365.0);
    check_quantity(&cost, standard("data_in"), service * 1_024.0 * STRETCH / GIGABYTE);
    check_quantity(&cost, standard("extended_retention"), service * 100.0 / GIGABYTE);
    let modes: Vec<(&str, Quantity)> =
        cost.modes.iter().map(|each| (each.mode.name(), each.measured_seconds)).collect();
    let half = Quantity::from_scaled(43_200, 0);
    assert_eq!(modes, [("provisioned", half), ("on_demand_standard", half)]);
    // What is read is billed in the mode of the time at which it is read.
    let out = quantity(&cost, "on_demand_standard", "data_out").unwrap();
    assert!((out / (service * 1_024.0 * STRETCH / GIGABYTE) - 1.0).abs() < 0.01);
}

/// A mode that is left during the warm-up is not on the bill.
#[test]
fn the_warm_up_has_no_bill() {
    let overrides = [
        "stream.scaling={ schedule: [ { at: 1 h, mode: on_demand } ] }",
        "warm_up=2 h",
        "duration=6 h",
    ];
    let (_, cost) = bill_of(DAY, &overrides);
    assert!(
        cost.lines.iter().all(|line| line.mode.is_none_or(|mode| mode.name() != "provisioned"))
    );
    check_quantity(&cost, ("on_demand_standard", "stream_hours"), 730.0);
    assert_eq!(cost.measured_seconds, Quantity::from_scaled(4 * 3_600, 0));
}

/// Shard-hours are those of the shards that are open, not of all that there have been.
#[test]
fn closed_shards_cost_nothing() {
    let doubled = "stream.scaling={ schedule: [ { at: 12 h, update_shard_count: 4 } ] }";
    let (seen, cost) = bill_of(DAY, &[doubled]);
    assert_eq!(seen.shards.len(), 6, "two closed and four open");
    let hours = seen.series.rows().map(|row| f64::from(row.open_shards)).sum::<f64>() / 3_600.0;
    let found = quantity(&cost, "provisioned", "shard_hours").unwrap();
    // The series has whole seconds.
    assert!((found / STRETCH - hours).abs() < 4.0 / 3_600.0, "{found} {hours}");
    assert!((found / STRETCH - 72.0).abs() < 0.05, "{found}");
    check_quantity(&cost, ("provisioned", "enhanced_fan_out_hours"), found);
    check_quantity(&cost, ("provisioned", "extended_retention"), found);
    check_adds_up(&cost);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// amount = round(quantity * price), total = sum of lines, whatever the mode and its changes;
    /// units and whole kilobytes over all modes are those of the records taken.
    #[test]
    fn bills_of_any_mode_add_up(
        bytes in 1..60_000u64,
        first in 0..3usize,
        second in 0..3usize,
        minutes in 2..30u32,
        retention in 1..20u32,
    ) {
        const MODES: [(&str, &str); 3] = [
            ("{ provisioned: { shards: 3 } }", "provisioned"),
            ("{ on_demand: {} }", "on_demand"),
            ("{ on_demand_advantage: {} }", "on_demand_advantage"),
        ];
        let overrides = [
            "duration=30 min".to_owned(),
            format!("stream.capacity={}", MODES[first].0),
            format!("stream.retention={retention} d"),
            format!("producers.writer.record_size.constant={bytes} B"),
            format!(
                "stream.scaling={{ schedule: [ {{ at: {} s, mode: {} }} ] }}",
                minutes * 60 - 7,
                MODES[second].1
            ),
        ];
        let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
        let (seen, cost) = bill_of(DAY, &overrides);
        check_adds_up(&cost);
        let size = bytes + 10;
        let stretch = 730.0 * 2.0;
        let units = quantity(&cost, "provisioned", "put_payload_units").unwrap_or(0.0)
            / size.div_ceil(25 * 1_024) as f64;
        let rounded = size.div_ceil(1_024) as f64 * 1_024.0 / GIGABYTE;
        let in_modes = ["on_demand_standard", "on_demand_advantage"]
            .map(|mode| quantity(&cost, mode, "data_in").unwrap_or(0.0) / rounded);
        let records = units + in_modes.iter().sum::<f64>();
        let expected = seen.producers[0].accepted as f64 * stretch;
        prop_assert!((records / expected - 1.0).abs() < 1e-4, "{} {}", records, expected);
    }
}
