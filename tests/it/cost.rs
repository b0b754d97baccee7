//! Bills of runs, recomputed from records by another way, and the commands that print them.

use proptest::prelude::*;
use serde_json::Value;
use shardplan::analysis::cost::{CostResult, cost_result};
use shardplan::analysis::price_book::PriceBook;
use shardplan::engine::{Control, Options, simulate};
use shardplan::metrics::Observation;
use shardplan::units::Quantity;

use crate::language::check_good;
use crate::support::observe;

/// A producer of equal records that throttle, are retried, and whose answers are lost; two kinds
/// of consumers.
const EQUAL_RECORDS: &str = "
version: 1
name: equal-records
region: us-east-1
duration: 20 s
warm_up: 3 s
stream: { capacity: { provisioned: { shards: 2 } } }
producers:
  - name: writer
    client:
      put_records:
        { batch_size: 7, retries: { attempts: 3 }, timeouts: { share: 10 %, after: 1 s } }
    traffic: { constant: 300 records/s }
    record_size: { constant: 90 B }
    partition_key: { single: ten-bytes- }
consumers:
  - { name: lake, polling: {} }
  - { name: alerts, enhanced_fan_out: {} }
";

/// The bill of the first replication.
pub(crate) fn bill_of(text: &str, overrides: &[&str]) -> (Observation, CostResult) {
    let scenario = check_good(text, overrides);
    let mut runs = simulate(&scenario, &Options::default(), &|_| Control::Continue).unwrap();
    let cost = cost_result(&scenario, &runs[0], &PriceBook::default()).unwrap();
    (runs.remove(0), cost)
}

/// The number that a JSON number is, in units of 10^-20, by integers alone.
fn exact(number: &Value) -> i128 {
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let power = 20 + exponent.parse::<i32>().unwrap() - fraction.len() as i32;
    digits * 10i128.pow(u32::try_from(power).unwrap())
}

/// `price * quantity` to a millionth of a dollar, halves away from zero.
fn product(price: i128, quantity: i128) -> i128 {
    // Both have twenty decimals here, and at most twelve and six of them in truth.
    let exact = (price / 10i128.pow(8)) * (quantity / 10i128.pow(14));
    let millionth = 10i128.pow(12);
    (exact + millionth / 2) / millionth * 10i128.pow(14)
}

pub(crate) fn check_adds_up(cost: &CostResult) {
    let cost = serde_json::to_value(cost).unwrap();
    let mut total = 0;
    let mut groups = std::collections::BTreeMap::new();
    for line in cost["lines"].as_array().unwrap() {
        let amount = exact(&line["monthly_usd"]);
        assert_eq!(product(exact(&line["price_usd"]), exact(&line["quantity"])), amount, "{line}");
        total += amount;
        *groups.entry(line["group"].to_string()).or_insert(0) += amount;
    }
    assert_eq!(total, exact(&cost["monthly_usd"]));
    for group in cost["groups"].as_array().unwrap() {
        let sum = groups.get(&group["name"].to_string()).copied().unwrap_or(0);
        assert_eq!(sum, exact(&group["monthly_usd"]), "{group}");
    }
}

fn line<'a>(cost: &'a CostResult, item: &str) -> &'a shardplan::analysis::cost::CostLine {
    cost.lines.iter().find(|line| line.item == item).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// amount = round(quantity * price) of every line, total = sum of lines, whatever the scenario.
    #[test]
    fn every_line_is_its_quantity_times_its_price_and_lines_add_up(
        bytes in 1..300_000u32,
        rate in 1..600u32,
        shards in 1..7u32,
        days in 1..300u32,
        seconds in 5..40u32,
        enhanced in 0..3u32,
    ) {
        let p99 = u64::from(bytes) * 3;
        let size = format!("{{ log_normal: {{ median: {bytes} B, p99: {p99} B }} }}");
        let mut overrides = vec![
            format!("producers.writer.record_size={size}"),
            format!("producers.writer.traffic.constant={rate} records/s"),
            format!("stream.capacity.provisioned.shards={shards}"),
            format!("stream.retention={days} d"),
            format!("duration={seconds} s"),
        ];
        if enhanced == 0 {
            overrides.push("consumers.alerts=null".to_owned());
        }
        let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
        let (_, cost) = bill_of(EQUAL_RECORDS, &overrides);
        check_adds_up(&cost);
        let hours = Quantity::from_scaled(u128::from(shards) * 730, 0);
        prop_assert_eq!(line(&cost, "shard_hours").quantity, hours);
    }

    /// billed units = (accepted + duplicates) * ceil(size / 25,600), billed bytes likewise by KiB,
    /// data out = records read * rounded size; throttled attempts are not in it.
    #[test]
    fn equal_records_are_billed_by_their_number(bytes in 1..120_000u64, rate in 1..900u32) {
        let overrides = [
            format!("producers.writer.record_size.constant={bytes} B"),
            format!("producers.writer.traffic.constant={rate} records/s"),
        ];
        let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
        let (seen, cost) = bill_of(EQUAL_RECORDS, &overrides);
        let (writer, size) = (&seen.producers[0], bytes + 10);
        let taken = writer.accepted + writer.duplicate_records;
        prop_assert_eq!(writer.accepted_bytes, taken * size);
        prop_assert_eq!(writer.billed.put_payload_units, taken * size.div_ceil(25 * 1_024));
        let rounded = size.div_ceil(1_024) * 1_024;
        prop_assert_eq!(writer.billed.data_in_bytes, taken * rounded);
        let copies = writer.billed_duplicates.put_payload_units;
        prop_assert_eq!(copies, writer.duplicate_records * size.div_ceil(25 * 1_024));
        for consumer in &seen.consumers {
            prop_assert_eq!(consumer.data_out_bytes, consumer.read_records * rounded);
        }
        // 17 s of the run are measured.
        let units = writer.billed.put_payload_units as f64 * 730.0 * 3_600.0 / 17.0;
        if taken > 0 {
            prop_assert!((line(&cost, "put_payload_units").quantity.as_f64() - units).abs() <= 0.5);
        }
        prop_assert_eq!(cost.retries.throttled_attempts, writer.throttled);
        prop_assert_eq!(cost.retries.duplicate_records, writer.duplicate_records);
    }
}

/// Without rounding, what is billed is what was taken, for any sizes and on either way through a
/// shard.
#[test]
fn billed_bytes_are_the_accepted_bytes_where_nothing_is_rounded() {
    let overrides = [
        "quotas.put_payload_unit=1 B",
        "quotas.on_demand_data_in_rounding=1 B",
        "quotas.on_demand_data_out_rounding=1 B",
        "producers.writer.record_size={ log_normal: { median: 900 B, p99: 90 KiB } }",
        "producers.writer.partition_key={ uniform: { keys: 50 } }",
    ];
    let with_time_outs = observe(EQUAL_RECORDS, &overrides);
    let without = [&overrides[..], &["producers.writer.client.put_records.timeouts=null"]].concat();
    for seen in [with_time_outs, observe(EQUAL_RECORDS, &without)] {
        let writer = &seen.producers[0];
        assert!(writer.throttled > 0, "some records came by retries");
        assert_eq!(writer.billed.put_payload_units, writer.accepted_bytes);
        assert_eq!(writer.billed.data_in_bytes, writer.accepted_bytes);
        for consumer in &seen.consumers {
            assert_eq!(consumer.data_out_bytes, consumer.read_bytes);
        }
    }
}

/// A month is 730 h of what was measured: whole days exactly, and anything else with a remark.
#[test]
fn whole_days_are_told_from_parts_of_days() {
    let light = ["warm_up=0 s", "producers.writer.traffic.constant=1 records/min"];
    let (_, part) = bill_of(EQUAL_RECORDS, &[&light[..], &["duration=36 h"]].concat());
    assert!(!part.whole_days && part.notes[0].contains("no whole number of days"));
    let (seen, whole) = bill_of(EQUAL_RECORDS, &[&light[..], &["duration=2 d"]].concat());
    assert!(whole.whole_days && whole.notes[0].contains("whole days"), "{:?}", whole.notes);
    assert_eq!(line(&whole, "shard_hours").monthly_usd.to_cents(), "21.90");
    let taken = seen.producers[0].accepted + seen.producers[0].duplicate_records;
    let units = (taken as f64 * 730.0 / 48.0).round();
    let units = Quantity::from_scaled(units as u128, 0);
    assert_eq!(line(&whole, "put_payload_units").quantity, units);
}

/// Two shards with all seven metrics are fourteen metrics; three clients ask for the data key of an
/// encrypted stream every five minutes.
#[test]
fn what_the_stream_uses_of_other_services_is_billed() {
    let set = ["stream.shard_level_metrics=7", "stream.encryption=customer_managed_key"];
    let (_, cost) = bill_of(EQUAL_RECORDS, &[&set[..], &["duration=10 min"]].concat());
    let quantity = |item| line(&cost, item).quantity;
    assert_eq!(quantity("cloudwatch_metrics"), Quantity::from_scaled(14, 0));
    assert_eq!(quantity("kms_keys"), Quantity::from_scaled(1, 0));
    // In 597 s: three times 1.99, whole ones, stretched to a month.
    let requests = (5.0 * 730.0 * 3_600.0 / 597.0_f64).round();
    assert_eq!(quantity("kms_requests"), Quantity::from_scaled(requests as u128, 0));
    check_adds_up(&cost);
    let (_, plain) = bill_of(EQUAL_RECORDS, &["stream.encryption=none"]);
    assert!(plain.lines.iter().all(|line| !line.item.starts_with("kms")));
}

/// A consumer that reads data older than seven days pays for it on a provisioned stream.
#[test]
fn only_what_is_older_than_seven_days_is_a_long_term_read() {
    let slow = [
        "duration=20 d",
        "warm_up=0 s",
        "stream.retention=30 d",
        "producers.writer.client={ put_record: {} }",
        "producers.writer.traffic.constant=1 records/min",
        "consumers.alerts=null",
        "consumers.lake.polling={ interval: 1 min, max_records: 1 }",
    ];
    let seen = observe(EQUAL_RECORDS, &slow);
    assert_eq!(seen.consumers[0].long_term_read_bytes, 0, "it keeps up");
    let behind = [&slow[..], &["consumers.lake.polling={ interval: 3 min, max_records: 1 }"]];
    let (seen, cost) = bill_of(EQUAL_RECORDS, &behind.concat());
    let consumer = &seen.consumers[0];
    // It reads a third of what comes: its record of day t was written on day t / 3, which is seven
    // days ago from 10.5 days on.
    let share = consumer.long_term_read_bytes as f64 / consumer.read_bytes as f64;
    assert!((share - 9.5 / 20.0).abs() < 0.03, "{share}");
    assert_eq!(line(&cost, "long_term_retrieval").consumer.as_deref(), Some("lake"));
}
