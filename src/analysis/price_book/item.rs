//! What is billed: one item a dimension of a price list, with its unit and its rounding.
//!
//! The table is the only place that names an item. A price book is rows for these items, a bill is
//! lines of them.

use schemars::JsonSchema;
use serde::Serialize;

/// How a stream is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PricingMode {
    /// By shard-hours and PUT payload units.
    Provisioned,
    /// By stream-hours and gigabytes.
    OnDemandStandard,
    /// By gigabytes at lower prices, with a commitment for the account and region.
    OnDemandAdvantage,
}

impl PricingMode {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Provisioned, Self::OnDemandStandard, Self::OnDemandAdvantage];

    /// Its name in a price book.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::OnDemandStandard => "on_demand_standard",
            Self::OnDemandAdvantage => "on_demand_advantage",
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::OnDemandStandard => "on-demand Standard",
            Self::OnDemandAdvantage => "on-demand Advantage",
        }
    }
}

/// A part of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The stream: its capacity, what is written, what is kept.
    Stream,
    /// Reading from the stream.
    Consumers,
    /// Other services that consumers use.
    Downstream,
}

impl Group {
    /// All of them, in the order of a bill.
    pub const ALL: [Self; 3] = [Self::Stream, Self::Consumers, Self::Downstream];

    /// Its name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Consumers => "consumers",
            Self::Downstream => "downstream",
        }
    }
}

/// What is fixed of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemFact {
    /// The mode of a stream that it belongs to; none of other services.
    pub mode: Option<PricingMode>,
    /// Its name, unique within the mode.
    pub name: &'static str,
    /// The unit of its price.
    pub unit: &'static str,
    /// The part of a bill that it stands in.
    pub group: Group,
    /// What it is, for a reader.
    pub label: &'static str,
    /// Decimal places to which a quantity of it is rounded.
    pub decimals: u32,
}

/// Decimals of hours, gigabytes and months.
const FINE: u32 = 6;
/// Whole things.
const WHOLE: u32 = 0;

macro_rules! items {
    ($($item:ident: $mode:expr, $name:literal, $unit:literal, $group:ident, $decimals:ident, $label:literal;)+) => {
        /// Something that has a price.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Item {
            $(#[doc = concat!($label, ", a ", $unit, ".")] $item,)+
        }

        impl Item {
            /// All of them, in the order of a price book.
            pub const ALL: &'static [Self] = &[$(Self::$item,)+];

            /// What is fixed of it.
            #[must_use]
            pub const fn fact(self) -> ItemFact {
                match self {
                    $(Self::$item => ItemFact {
                        mode: $mode,
                        name: $name,
                        unit: $unit,
                        group: Group::$group,
                        label: $label,
                        decimals: $decimals,
                    },)+
                }
            }
        }
    };
}

const PROVISIONED: Option<PricingMode> = Some(PricingMode::Provisioned);
const STANDARD: Option<PricingMode> = Some(PricingMode::OnDemandStandard);
const ADVANTAGE: Option<PricingMode> = Some(PricingMode::OnDemandAdvantage);

items! {
    ShardHours: PROVISIONED, "shard_hours", "shard-hour", Stream, FINE, "Open shards";
    PutPayloadUnits: PROVISIONED, "put_payload_units", "unit", Stream, WHOLE, "PUT payload units of 25 KB";
    ExtendedShardHours: PROVISIONED, "extended_retention", "shard-hour", Stream, FINE, "Extended retention, 24 h to 7 d";
    LongTermRetention: PROVISIONED, "long_term_retention", "GB-month", Stream, FINE, "Long-term retention, beyond 7 d";
    LongTermRetrieval: PROVISIONED, "long_term_retrieval", "GB", Consumers, FINE, "Reads of data older than 7 d";
    EnhancedFanOutHours: PROVISIONED, "enhanced_fan_out_hours", "consumer-shard-hour", Consumers, FINE, "Enhanced fan-out, subscribed shards";
    EnhancedFanOutData: PROVISIONED, "enhanced_fan_out_data", "GB", Consumers, FINE, "Enhanced fan-out, data out";

    StreamHours: STANDARD, "stream_hours", "stream-hour", Stream, FINE, "On-demand stream";
    StandardDataIn: STANDARD, "data_in", "GB", Stream, FINE, "Data in, records in whole KB";
    StandardExtended: STANDARD, "extended_retention", "GB-month", Stream, FINE, "Extended retention, 24 h to 7 d";
    StandardLongTerm: STANDARD, "long_term_retention", "GB-month", Stream, FINE, "Long-term retention, beyond 7 d";
    StandardDataOut: STANDARD, "data_out", "GB", Consumers, FINE, "Data out, shared throughput";
    StandardFanOutData: STANDARD, "enhanced_fan_out_data", "GB", Consumers, FINE, "Enhanced fan-out, data out";

    AdvantageDataIn: ADVANTAGE, "data_in", "GB", Stream, FINE, "Data in, records in whole KB";
    AdvantageDataInShortfall: ADVANTAGE, "data_in_shortfall", "GB", Stream, FINE, "Data in, short of the commitment";
    AdvantageExtended: ADVANTAGE, "extended_retention", "GB-month", Stream, FINE, "Extended retention, 24 h to 7 d";
    AdvantageLongTerm: ADVANTAGE, "long_term_retention", "GB-month", Stream, FINE, "Long-term retention, beyond 7 d";
    AdvantageDataOut: ADVANTAGE, "data_out", "GB", Consumers, FINE, "Data out, shared throughput";
    AdvantageFanOutData: ADVANTAGE, "enhanced_fan_out_data", "GB", Consumers, FINE, "Enhanced fan-out, data out";
    AdvantageDataOutShortfall: ADVANTAGE, "data_out_shortfall", "GB", Consumers, FINE, "Data out, short of the commitment";

    LambdaRequests: None, "lambda_requests", "request", Downstream, WHOLE, "Lambda requests";
    LambdaDurationX86: None, "lambda_duration_x86", "GB-second", Downstream, FINE, "Lambda duration, x86";
    LambdaDurationArm: None, "lambda_duration_arm", "GB-second", Downstream, FINE, "Lambda duration, arm";
    FirehoseData: None, "firehose_data", "GB", Downstream, FINE, "Firehose, records in steps of 5 KB";
    FirehoseConversion: None, "firehose_format_conversion", "GB", Downstream, FINE, "Firehose format conversion";
    FirehosePartitioning: None, "firehose_dynamic_partitioning", "GB", Downstream, FINE, "Firehose dynamic partitioning";
    FirehosePartitionedObjects: None, "firehose_dynamic_partitioning_objects", "object", Downstream, WHOLE, "Firehose partitioned objects";
    FirehoseJqHours: None, "firehose_jq_hours", "hour", Downstream, FINE, "Firehose JQ processing";
    FirehoseVpcData: None, "firehose_vpc_data", "GB", Downstream, FINE, "Firehose delivery to a VPC";
    FirehoseVpcHours: None, "firehose_vpc_hours", "zone-hour", Downstream, FINE, "Firehose zones of a VPC";
    S3PutRequests: None, "s3_put_requests", "request", Downstream, WHOLE, "S3 PUT requests";
    S3GetRequests: None, "s3_get_requests", "request", Downstream, WHOLE, "S3 GET requests";
    S3Storage: None, "s3_storage", "GB-month", Downstream, FINE, "S3 storage";
    DynamoDbWrites: None, "dynamodb_write_units", "request unit", Downstream, WHOLE, "DynamoDB writes of leases";
    DynamoDbReads: None, "dynamodb_read_units", "request unit", Downstream, WHOLE, "DynamoDB reads of leases";
    DynamoDbStorage: None, "dynamodb_storage", "GB-month", Downstream, FINE, "DynamoDB storage";
    KmsKeys: None, "kms_keys", "key-month", Downstream, FINE, "KMS keys";
    KmsRequests: None, "kms_requests", "request", Downstream, WHOLE, "KMS requests";
    ShardMetrics: None, "cloudwatch_metrics", "metric-month", Downstream, FINE, "CloudWatch shard-level metrics";
}

impl Item {
    /// The item of that name and mode.
    #[must_use]
    pub fn find(mode: Option<PricingMode>, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|item| item.fact().mode == mode && item.fact().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_found_by_its_mode_and_name() {
        for item in Item::ALL {
            assert_eq!(Item::find(item.fact().mode, item.fact().name), Some(*item));
            assert!(item.fact().label.chars().count() <= 36, "{}", item.fact().label);
        }
        assert_eq!(Item::find(None, "shard_hours"), None);
    }

    #[test]
    fn items_of_a_stream_have_a_mode_and_others_none() {
        for item in Item::ALL {
            assert_eq!(item.fact().mode.is_none(), item.fact().group == Group::Downstream);
        }
    }
}
