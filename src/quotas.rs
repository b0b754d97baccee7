//! Every constant of the service, in one place: value, unit, provenance and source.
//!
//! A quota is the number AWS sets; the mechanism that holds it is a limit and lives in `model`.
//! A scenario can override any of them by name under `quotas:`, for tests and for what-if. What
//! AWS does not publish is here too, marked *inferred* or *assumed*, so that it is never hidden.
//!
//! The table is a macro that is handed the name of another macro: the struct below, the mirror
//! that reads a scenario file and the list of assumptions in a report all come from it.

use crate::time::Span;
use crate::units::{
    ByteRate, Bytes, CallRate, Calls, KIB, MIB, Rate, Ratio, RecordRate, Records, Shards,
};

/// How sure a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// Published by AWS.
    Documented,
    /// Follows from published evidence, which the source names.
    Inferred,
    /// Not published; a stated guess that the user can change.
    Assumed,
    /// Written in the scenario.
    Scenario,
    /// Read from an export of the real stream.
    Imported,
}

impl Provenance {
    /// The mark as it stands in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Inferred => "inferred",
            Self::Assumed => "assumed",
            Self::Scenario => "scenario",
            Self::Imported => "imported",
        }
    }
}

/// How a shard's write limits count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteLimiter {
    /// Tokens flow back continuously up to a burst.
    #[default]
    TokenBucket,
    /// The amount of one second is given at the start of each whole second and not carried over.
    FixedWindow,
}

impl std::fmt::Display for WriteLimiter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::TokenBucket => "token_bucket",
            Self::FixedWindow => "fixed_window",
        })
    }
}

/// Hands the whole table of quotas to the macro `$then`.
///
/// A row reads: documentation, `name: Kind = value, Provenance, source;`.
macro_rules! quota_table {
    ($then:ident) => {
        $then! {
            /// Records that one shard accepts a second.
            shard_write_records: RecordRate = RecordRate(Rate::per_second(1_000)), Documented,
                "Kinesis Data Streams quotas, 2026";
            /// Records that a rested shard accepts at once.
            shard_write_records_burst: Records = Records(1_000), Inferred,
                "one second of the limit; the KPL's own limiter has the same capacity";
            /// Bytes of data and partition key that one shard accepts a second.
            shard_write_bytes: ByteRate = ByteRate(Rate::per_second(MIB)), Documented,
                "Kinesis API reference CreateStream, 2026: 1 MiB (the quotas page prints 1 MB)";
            /// Bytes that a rested shard accepts at once on a stream of records up to 1 MiB.
            shard_write_bytes_burst: Bytes = Bytes(MIB), Inferred,
                "one second of the limit; a 2019 test saw one record of 1 MiB pass and the next throttled";
            /// Bytes that a rested shard accepts at once where the stream allows records over 1 MiB.
            shard_write_bytes_burst_large_records: Bytes = Bytes(10 * MIB), Documented,
                "Kinesis developer guide, large records, 2025-11";
            /// How the write limits count: `token_bucket` or `fixed_window` (whole seconds).
            shard_write_limiter: WriteLimiter = WriteLimiter::TokenBucket, Assumed,
                "AWS does not say which; throttling is seen on a scale of about one second";
            /// Step to which the write limit rounds up each record of a PutRecord call; a power of two.
            put_record_rounding: Bytes = Bytes(KIB), Documented,
                "Kinesis developer guide, troubleshooting producers, 2023";
            /// Step to which the write limit rounds up a PutRecords call's bytes on a shard; a power of two.
            put_records_rounding: Bytes = Bytes(KIB), Documented,
                "Kinesis developer guide, troubleshooting producers, 2023; per shard rather than per call is assumed";
            /// Whether the bytes of the partition key count toward the size of a record.
            partition_key_bytes_count: bool = true, Documented,
                "Kinesis Data Streams quotas and FAQ, 2026";
            /// Most records in one PutRecords call.
            put_records_max_records: Records = Records(500), Documented,
                "Kinesis API reference PutRecords, 2026";
            /// Most bytes, keys included, in one PutRecords call.
            put_records_max_bytes: Bytes = Bytes(10 * MIB), Documented,
                "Kinesis API reference PutRecords, 2026 (5 MiB before 2025-10-28)";
            /// GetRecords calls a second on one shard, shared by all polling consumers.
            get_records_calls: CallRate = CallRate(Rate::per_second(5)), Documented,
                "Kinesis Data Streams quotas, 2026";
            /// GetRecords calls that a rested shard answers at once.
            get_records_calls_burst: Calls = Calls(5), Inferred,
                "one second of the limit";
            /// Bytes a second that all polling consumers of one shard share.
            shard_read_bytes: ByteRate = ByteRate(Rate::per_second(2 * MIB)), Documented,
                "Kinesis API reference GetRecords, 2026";
            /// Read credit of a rested shard; a larger answer puts the shard in debt.
            shard_read_bytes_burst: Bytes = Bytes(2 * MIB), Assumed,
                "one second of the limit; AWS publishes the debt rule but no credit";
            /// Most records in one GetRecords answer.
            get_records_max_records: Records = Records(10_000), Documented,
                "Kinesis API reference GetRecords, 2026";
            /// Most bytes in one GetRecords answer.
            get_records_max_bytes: Bytes = Bytes(10 * MIB), Documented,
                "Kinesis API reference GetRecords, 2026";
            /// How long calls on a shard are refused after an answer of the most bytes.
            get_records_penalty: Span = Span::from_seconds(5), Documented,
                "Kinesis API reference GetRecords, 2026";
            /// Time from a record's acceptance until GetRecords can return it.
            get_records_propagation: Span = Span::from_milliseconds(100), Inferred,
                "Kinesis developer guide, consumers, 2023: about 200 ms with one poller of five calls a second, less half the interval";
            /// By how much each polling consumer after the first makes that time longer, for all of them.
            get_records_propagation_each_more: Span = Span::from_milliseconds(100), Inferred,
                "Kinesis developer guide, consumers, 2023: about 1,000 ms with five pollers, which can call once a second, less half that interval; linear in between is assumed";
            /// Bytes a second that one enhanced fan-out consumer gets from one shard.
            enhanced_fan_out_bytes: ByteRate = ByteRate(Rate::per_second(2 * MIB)), Documented,
                "Kinesis API reference SubscribeToShard, 2026";
            /// Time from a record's acceptance until it is pushed to an enhanced fan-out consumer.
            enhanced_fan_out_propagation: Span = Span::from_milliseconds(70), Documented,
                "Kinesis Data Streams FAQ, 2026: typically about 70 ms";
            /// Most bytes in one event of a subscription.
            enhanced_fan_out_event_bytes: Bytes = Bytes(MIB), Assumed,
                "not published; about 1 MiB is seen in practice";
            /// Most records in one event of a subscription.
            enhanced_fan_out_event_records: Records = Records(10_000), Assumed,
                "not published; taken from GetRecords";
            /// How long one SubscribeToShard call lasts before the consumer must renew it.
            subscription_duration: Span = Span::from_seconds(300), Documented,
                "Kinesis API reference SubscribeToShard, 2026";
            /// Most bytes of records, in base64 and with what stands around them, that one invocation of Lambda gets.
            lambda_payload_bytes: Bytes = Bytes(6 * MIB), Documented,
                "Lambda developer guide, Kinesis event source mappings, 2022";
            /// Invocations that all functions of an account without reserved concurrency run at the same time.
            lambda_account_concurrency: Calls = Calls(1_000), Documented,
                "Lambda quotas, 2022";
            /// Least time between two GetRecords calls of Lambda on a shard on which more records wait.
            lambda_poll_least: Span = Span::from_milliseconds(200), Assumed,
                "Lambda developer guide, 2022: polls once a second, and on while records wait; five calls a second are all that a shard allows";
            /// Most enhanced fan-out consumers on one provisioned stream.
            enhanced_fan_out_consumers: Records = Records(20), Documented,
                "Kinesis API reference RegisterStreamConsumer, 2026";
            /// Bytes of a record, key included, that one PUT payload unit of a bill pays for.
            put_payload_unit: Bytes = Bytes(25 * KIB), Inferred,
                "Kinesis Data Streams pricing, 2026: chunks of 25 KB; 25,600 B and counting the key are inferred";
            /// Step to which a bill rounds up each record written to an on-demand stream; a power of two.
            on_demand_data_in_rounding: Bytes = Bytes(KIB), Documented,
                "Kinesis Data Streams pricing, 2026: 4.5 KB is billed as 5 KB";
            /// Step to which a bill rounds up each record read from an on-demand stream; a power of two.
            on_demand_data_out_rounding: Bytes = Bytes(KIB), Assumed,
                "not published; taken from the rounding of written records";
            /// Bytes a second, written and read alike, that on-demand Advantage bills at least for an account and region.
            on_demand_advantage_commitment: ByteRate = ByteRate(Rate::per_second(25 * MIB)), Documented,
                "Kinesis developer guide, on-demand Advantage, 2025-11";
            /// Most enhanced fan-out consumers on one on-demand advantage stream.
            enhanced_fan_out_consumers_advantage: Records = Records(50), Documented,
                "Kinesis API reference RegisterStreamConsumer, 2026";
            /// UpdateShardCount calls on one stream in any 24 h.
            update_shard_count_calls: Calls = Calls(10), Documented,
                "Kinesis API reference UpdateShardCount, 2026 (2 in texts of 2016)";
            /// Most open shards that UpdateShardCount may set.
            update_shard_count_shards: Shards = Shards(10_000), Documented,
                "Kinesis API reference UpdateShardCount, 2026";
            /// Open shards that the account may have, those in the middle of an update included.
            account_shards: Shards = Shards(20_000), Documented,
                "Kinesis Data Streams quotas, 2026: 20,000 in us-east-1, us-west-2 and eu-west-1, 6,000 or 1,000 elsewhere";
            /// Time from a call that splits or merges to the first change of the open shards.
            reshard_start: Span = Span::from_seconds(30), Assumed,
                "AWS says a few minutes for an update; one split is seen to take up to 30 s";
            /// Time that each split or merge of an update takes, one after another.
            reshard_operation: Span = Span::from_milliseconds(1_500), Assumed,
                "AWS says that larger updates take longer; 1 s to 2 s a shard is seen";
            /// Changes of the capacity mode of one stream in any 24 h.
            mode_changes: Calls = Calls(2), Documented,
                "Kinesis API reference UpdateStreamMode, 2026";
            /// Open shards of an on-demand stream that was created empty.
            on_demand_shards: Shards = Shards(4), Documented,
                "Kinesis Data Streams quotas, 2026: 4 MB/s and 4,000 records/s";
            /// Mean load of a minute, of the scarcer write limit, above which an on-demand shard is split.
            on_demand_split_load: Ratio = Ratio(0.5), Documented,
                "Kinesis developer guide, on-demand mode, 2026: above 500 KB/s; for records it is inferred";
            /// Time from the minute that is above to the two shards that take its place.
            on_demand_split_time: Span = Span::from_seconds(15 * 60), Documented,
                "Kinesis developer guide, on-demand mode, 2026: within 15 minutes";
            /// How long an on-demand stream remembers its highest minute, for twice of which it has shards.
            on_demand_memory: Span = Span::from_seconds(30 * 86_400), Documented,
                "Kinesis developer guide, on-demand mode, 2026: the last 30 days";
            /// Whether an on-demand standard stream merges shards that its memory no longer asks for.
            on_demand_scale_down: bool = true, Assumed,
                "AWS publishes no rule; twice the highest minute of the last 30 days is kept";
            /// Bytes a second that an on-demand stream grows to in us-east-1, us-west-2 and eu-west-1.
            on_demand_write_bytes: ByteRate = ByteRate(Rate::per_second(10_000_000_000)), Documented,
                "Kinesis Data Streams quotas, 2026: 10 GB/s";
            /// Bytes a second that an on-demand stream grows to in all other regions.
            on_demand_write_bytes_other_regions: ByteRate = ByteRate(Rate::per_second(200_000_000)), Documented,
                "Kinesis Data Streams quotas, 2026: 200 MB/s, more by ticket";
            /// Time from the end of a minute until its metrics can be read from CloudWatch.
            cloudwatch_delay: Span = Span::from_seconds(60), Assumed,
                "minute metrics are published within minutes; AWS promises no time";
        }
    };
}
pub(crate) use quota_table;

macro_rules! define_quotas {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $value:expr, $provenance:ident, $source:literal;)+) => {
        /// The constants of the service that a run uses.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Quotas {
            $($(#[doc = $doc])+ pub $name: $kind,)+
        }

        impl Default for Quotas {
            fn default() -> Self {
                Self { $($name: $value,)+ }
            }
        }

        impl Quotas {
            /// Every quota with the value in force, in the order of the table.
            #[must_use]
            pub fn facts(&self) -> Vec<QuotaFact> {
                let default = Self::default();
                vec![$(QuotaFact {
                    name: stringify!($name),
                    description: concat!($($doc),+).trim(),
                    value: self.$name.to_string(),
                    overridden: self.$name != default.$name,
                    provenance: Provenance::$provenance,
                    source: $source,
                },)+]
            }
        }
    };
}
quota_table!(define_quotas);

/// One row of the table of quotas with the value that a run uses.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaFact {
    /// Name, as a scenario writes it under `quotas:`.
    pub name: &'static str,
    /// What the number means, with its unit.
    pub description: &'static str,
    /// The value in force, as a scenario would write it.
    pub value: String,
    /// Whether the scenario set another value than the default.
    pub overridden: bool,
    /// How sure the default is.
    pub provenance: Provenance,
    /// Where the default is from.
    pub source: &'static str,
}

/// Most bytes of one record in a stream whose owner raised the maximum record size.
///
/// Source: Kinesis API reference, `MaxRecordSizeInKiB` 1,024 to 10,240.
pub const RECORD_SIZE_LIMIT: Bytes = Bytes(10 * MIB);
/// Most bytes of one record where the owner did not raise the maximum.
pub const RECORD_SIZE_DEFAULT: Bytes = Bytes(MIB);
/// Most Unicode characters in a partition key. Source: Kinesis API reference PutRecord.
pub const PARTITION_KEY_CHARACTERS: usize = 256;
/// Most shards of one stream. Source: Kinesis API reference UpdateShardCount (10,000), account
/// quota of the three largest regions (20,000).
pub const SHARDS_LIMIT: u32 = 20_000;
/// Shortest retention. Source: Kinesis API reference.
pub const RETENTION_MINIMUM: Span = Span::from_seconds(24 * 3_600);
/// Retention beyond which data is billed as long-term. Source: Kinesis Data Streams FAQ.
pub const EXTENDED_RETENTION: Span = Span::from_seconds(7 * 24 * 3_600);
/// Longest retention. Source: Kinesis API reference.
pub const RETENTION_MAXIMUM: Span = Span::from_seconds(8_760 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quota_names_a_source_and_a_meaning() {
        for fact in Quotas::default().facts() {
            assert!(!fact.source.is_empty(), "{}", fact.name);
            assert!(fact.description.ends_with('.'), "{}", fact.name);
            assert!(!fact.overridden, "{}", fact.name);
        }
    }
}
