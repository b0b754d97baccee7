//! Published bills and billing rules, reproduced to the cent where their source is.

use super::downstream::{FirehoseUsage, LambdaUsage};
use super::*;
use crate::analysis::price_book::{Item, PriceBook, PricingMode};
use crate::quotas::{Quotas, RETENTION_MINIMUM};
use crate::time::{MONTH, Span};
use crate::units::{GIB, KIB, MIB, Usd};

pub(super) const DAY: Span = Span::from_seconds(86_400);

/// A stream of equal records, billed without rounding of records, as calculators do.
pub(super) struct Load {
    pub(super) records_per_second: u128,
    pub(super) record_bytes: u128,
    pub(super) shards: u64,
    pub(super) streams: u64,
    pub(super) shared: usize,
    pub(super) enhanced: usize,
    pub(super) retention: Span,
    pub(super) span: Span,
}

impl Load {
    pub(super) fn usage(&self) -> Usage {
        let seconds = u128::from(self.span.nanoseconds()) / 1_000_000_000;
        let records = self.records_per_second * seconds * u128::from(self.streams);
        let bytes = records * self.record_bytes;
        let shard_nanoseconds = u128::from(self.shards) * u128::from(self.span.nanoseconds());
        let consumer = |kind| ConsumerUsage {
            name: "reader".to_owned(),
            kind,
            shard_nanoseconds,
            read_bytes: bytes,
            data_out_bytes: bytes,
            long_term_bytes: 0,
        };
        let mut consumers = vec![consumer(ReadKind::Shared); self.shared];
        consumers.extend(vec![consumer(ReadKind::EnhancedFanOut); self.enhanced]);
        Usage {
            span: self.span,
            active: self.span,
            stream: StreamUsage {
                streams: self.streams,
                shard_nanoseconds,
                put_payload_units: records * self.record_bytes.div_ceil(25 * u128::from(KIB)),
                data_in_bytes: bytes,
                stored_bytes: bytes,
                retention: self.retention,
                commitment: Quotas::default().on_demand_advantage_commitment,
            },
            consumers,
            downstream: Vec::new(),
        }
    }

    /// The bill of a period in a region.
    pub(super) fn bill(&self, mode: PricingMode, region: &str, period: Span) -> Bill {
        bill(&self.usage(), mode, region, &PriceBook::default(), period).unwrap()
    }
}

const LOAD: Load = Load {
    records_per_second: 10,
    record_bytes: 10 * KIB as u128,
    shards: 2,
    streams: 1,
    shared: 10,
    enhanced: 10,
    retention: RETENTION_MINIMUM,
    span: DAY,
};

/// The bill of a month of nothing but `downstream`.
pub(super) fn idle_bill(downstream: Vec<DownstreamUsage>) -> Bill {
    let idle = Load { records_per_second: 0, shards: 0, shared: 0, enhanced: 0, ..LOAD };
    let usage = Usage { span: MONTH, active: MONTH, downstream, ..idle.usage() };
    bill(&usage, PricingMode::Provisioned, "us-east-1", &PriceBook::default(), MONTH).unwrap()
}

#[track_caller]
fn check_amount(bill: &Bill, item: Item, dollars: &str) {
    let lines = bill.lines.iter().filter(|line| line.item == item);
    let amount: Usd = lines.map(|line| line.amount).sum();
    assert_eq!(amount.to_cents(), dollars, "{item:?}");
}

/// Source: AWS Pricing Calculator, provisioned, us-east-2: 273.85 USD.
#[test]
fn the_calculator_on_a_provisioned_stream() {
    let bill = LOAD.bill(PricingMode::Provisioned, "us-east-2", MONTH);
    assert_eq!(bill.total.to_cents(), "273.85");
    assert_eq!(bill.quantity(Item::PutPayloadUnits).to_string(), "26,280,000");
    check_amount(&bill, Item::ShardHours, "21.90");
    check_amount(&bill, Item::EnhancedFanOutHours, "219.00");
}

/// Source: AWS Pricing Calculator, on-demand Standard, us-east-2: 274.81 USD.
#[test]
fn the_calculator_on_an_on_demand_stream() {
    let bill = LOAD.bill(PricingMode::OnDemandStandard, "us-east-2", MONTH);
    assert_eq!(bill.total.to_cents(), "274.81");
    assert_eq!(bill.quantity(Item::StandardDataIn).to_string(), "250.62561");
}

/// Source: AWS Pricing Calculator, on-demand Advantage, us-east-2: it shows 3,079.73 USD, its own
/// formula gives 3,079.69.
#[test]
fn the_calculator_on_the_commitment_of_advantage() {
    let load = Load {
        records_per_second: 3,
        record_bytes: 200 * u128::from(KIB),
        shared: 2,
        enhanced: 0,
        ..LOAD
    };
    let bill = load.bill(PricingMode::OnDemandAdvantage, "us-east-2", MONTH);
    assert_eq!(bill.total.to_cents(), "3,079.69");
}

/// Source: Kinesis Data Streams pricing, example of a provisioned stream over 31 days.
#[test]
fn the_price_page_on_four_shards() {
    let month = Span::from_seconds(31 * 86_400);
    let load = Load {
        records_per_second: 100,
        record_bytes: 35 * u128::from(KIB),
        shards: 4,
        shared: 0,
        enhanced: 0,
        retention: EXTENDED,
        ..LOAD
    };
    let bill = load.bill(PricingMode::Provisioned, "us-east-1", month);
    check_amount(&bill, Item::ShardHours, "44.64");
    assert_eq!(bill.quantity(Item::PutPayloadUnits).to_string(), "535,680,000");
    check_amount(&bill, Item::PutPayloadUnits, "7.50");
    check_amount(&bill, Item::ExtendedShardHours, "59.52");
    assert_eq!(bill.total.to_cents(), "111.66");
    let short = Load { retention: RETENTION_MINIMUM, ..load };
    let bill = short.bill(PricingMode::Provisioned, "us-east-1", month);
    assert_eq!(bill.total.to_cents(), "52.14");
}

const EXTENDED: Span = Span::from_seconds(7 * 86_400);

/// Source: Kinesis Data Streams FAQ: one consumer of ten shards is 0.15 USD an hour, two are 0.30.
#[test]
fn enhanced_fan_out_is_by_consumer_and_shard() {
    for (enhanced, dollars) in [(1, "0.15"), (2, "0.30")] {
        let load = Load { shards: 10, enhanced, ..LOAD };
        let hour = Span::from_seconds(3_600);
        let bill = load.bill(PricingMode::Provisioned, "us-east-1", hour);
        check_amount(&bill, Item::EnhancedFanOutHours, dollars);
    }
}

/// Source: AWS Big Data Blog, 2026-03-09: the commitment is about 100 USD a day.
#[test]
fn the_commitment_of_a_day() {
    let idle = Load { records_per_second: 0, shared: 0, enhanced: 0, ..LOAD };
    let bill = idle.bill(PricingMode::OnDemandAdvantage, "us-east-1", DAY);
    assert_eq!(bill.quantity(Item::AdvantageDataInShortfall).to_string(), "2,109.375");
    assert_eq!(bill.total.to_cents(), "101.25");
}

/// Source: golden outputs of infracost for `aws_kinesis_stream`. Four shards are 43.80 USD a month
/// of 730 h, whatever has been printed elsewhere.
#[test]
fn infracost_on_streams() {
    let four = Load { shards: 4, shared: 0, enhanced: 0, ..LOAD };
    let mut usage = four.usage();
    (usage.span, usage.active) = (MONTH, MONTH);
    usage.stream.shard_nanoseconds = 4 * u128::from(MONTH.nanoseconds());
    usage.stream.put_payload_units = 6_500_000;
    let book = PriceBook::default();
    let provisioned = bill(&usage, PricingMode::Provisioned, "us-east-1", &book, MONTH).unwrap();
    assert_eq!(provisioned.quantity(Item::ShardHours).to_string(), "2,920");
    check_amount(&provisioned, Item::ShardHours, "43.80");
    check_amount(&provisioned, Item::PutPayloadUnits, "0.09");
    let standard = bill(&usage, PricingMode::OnDemandStandard, "us-east-1", &book, MONTH).unwrap();
    check_amount(&standard, Item::StreamHours, "29.20");
}

/// Source: golden outputs of infracost for `aws_kinesis_firehose_delivery_stream`, eu-west-2.
#[test]
fn infracost_on_firehose() {
    const GIGABYTES: u64 = 7_000_000;
    let bytes = GIGABYTES * GIB;
    let firehose = FirehoseUsage {
        data_bytes: bytes,
        converted_bytes: bytes,
        vpc_bytes: bytes,
        ..FirehoseUsage::default()
    };
    // That region has no prices of streams in the book, so they are laid over it.
    let stream = "region,mode,dimension,from,unit,price_usd,date,confidence,source\n\
        eu-west-2,provisioned,shard_hours,0,shard-hour,0.017,2026-08-01,assumed,a test\n";
    let book = PriceBook::default().with(PriceBook::parse(stream).unwrap());
    let idle = Load { records_per_second: 0, shards: 0, shared: 0, enhanced: 0, ..LOAD };
    let usage =
        Usage { span: MONTH, active: MONTH, downstream: firehose.used("lake"), ..idle.usage() };
    let bill = bill(&usage, PricingMode::Provisioned, "eu-west-2", &book, MONTH).unwrap();
    let tiers: Vec<String> = bill
        .lines
        .iter()
        .filter(|line| line.item == Item::FirehoseData)
        .map(|line| line.amount.to_cents())
        .collect();
    assert_eq!(tiers, ["17,920.00", "46,080.00", "118,848.00"]);
    check_amount(&bill, Item::FirehoseConversion, "147,000.00");
    check_amount(&bill, Item::FirehoseVpcData, "70,000.00");
}

/// Source: PUT payload units by record, Kinesis Data Streams pricing: 25 records of 1,000 B that the
/// KPL packs into one are one unit instead of 25, and the bill falls from 47.74 to 12.42 USD.
#[test]
fn aggregation_saves_units_and_no_shards() {
    let load = Load { shards: 1, shared: 0, enhanced: 0, ..LOAD };
    let plain = Load { records_per_second: 1_000, record_bytes: 1_000, ..load };
    let packed = Load { records_per_second: 40, record_bytes: 25_000, ..load };
    let total = |load: &Load| load.bill(PricingMode::Provisioned, "us-east-1", MONTH).total;
    assert_eq!(
        (total(&plain).to_cents(), total(&packed).to_cents()),
        ("47.74".to_owned(), "12.42".to_owned())
    );
}

/// Source: golden outputs of infracost for `aws_lambda_function`: 0.20 USD a million requests.
#[test]
fn lambda_is_billed_by_requests_and_gigabyte_seconds() {
    let lambda = LambdaUsage {
        memory: crate::units::Bytes(512 * MIB),
        requests: 1_000_000,
        milliseconds: 200_000_000,
        ..LambdaUsage::default()
    };
    let idle = Load { records_per_second: 0, shards: 0, shared: 0, enhanced: 0, ..LOAD };
    let usage =
        Usage { span: MONTH, active: MONTH, downstream: lambda.used("alerts"), ..idle.usage() };
    let book = PriceBook::default();
    let bill = bill(&usage, PricingMode::Provisioned, "us-east-1", &book, MONTH).unwrap();
    check_amount(&bill, Item::LambdaRequests, "0.20");
    assert_eq!(bill.quantity(Item::LambdaDurationX86).to_string(), "100,000");
    check_amount(&bill, Item::LambdaDurationX86, "1.67");
}
