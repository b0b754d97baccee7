//! What consumers use of other services, in the units that those bill.
//!
//! Each type is plain counts of what happened; `used` turns them into amounts of items. Sources:
//! the price pages of Lambda, Data Firehose, S3, DynamoDB, KMS and CloudWatch, 2026, and of KCL 3
//! the defaults of its lease table.

use super::usage::{Amount, DownstreamUsage};
use crate::analysis::price_book::Item;
use crate::time::Span;
use crate::units::{Bytes, KIB};

/// Step to which Firehose rounds up each record. Source: Amazon Data Firehose pricing.
pub const FIREHOSE_ROUNDING: Bytes = Bytes(5 * KIB);
/// Metrics of one shard, all of which `ALL` turns on. Source: CloudWatch metrics of Kinesis.
pub const METRICS_PER_SHARD: u64 = 7;
/// How often KCL renews each lease, one write each: a third of its failover time of 10 s.
/// Inferred from the defaults of KCL 3.
pub const LEASE_RENEWAL: Span = Span::from_nanoseconds(3_333_333_333);

/// From one request for the data key of an encrypted stream to the next, for each credential.
/// Source: Kinesis Data Streams FAQ: about every five minutes.
pub const KMS_ROTATION: Span = Span::from_seconds(300);

/// Bytes that Firehose bills for a record of `size` bytes.
#[must_use]
pub const fn firehose_bytes(size: u64) -> u64 {
    size.div_ceil(FIREHOSE_ROUNDING.0) * FIREHOSE_ROUNDING.0
}

/// Milliseconds that Lambda bills for an invocation: rounded up to whole ones.
#[must_use]
pub const fn lambda_milliseconds(duration: Span) -> u64 {
    duration.nanoseconds().div_ceil(1_000_000)
}

/// The processor of a Lambda function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// x86-64.
    #[default]
    X86,
    /// arm64.
    Arm,
}

/// Invocations of a Lambda function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LambdaUsage {
    /// Its processor.
    pub architecture: Architecture,
    /// Its memory.
    pub memory: Bytes,
    /// Invocations, those that failed included.
    pub requests: u64,
    /// Their durations added up, each by [`lambda_milliseconds`].
    pub milliseconds: u64,
}

/// A Firehose stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirehoseUsage {
    /// Bytes of its records, each by [`firehose_bytes`].
    pub data_bytes: u64,
    /// Those of them that are converted to Parquet or ORC.
    pub converted_bytes: u64,
    /// Those of them that are partitioned dynamically.
    pub partitioned_bytes: u64,
    /// Objects delivered by dynamic partitioning.
    pub partitioned_objects: u64,
    /// Nanoseconds of JQ processing.
    pub jq_nanoseconds: u64,
    /// Bytes delivered into a VPC.
    pub vpc_bytes: u64,
    /// Nanoseconds of delivery into a VPC over all its zones.
    pub vpc_zone_nanoseconds: u128,
}

/// Objects in S3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct S3Usage {
    /// PUT, COPY, POST and LIST requests.
    pub put_requests: u64,
    /// GET and other requests.
    pub get_requests: u64,
    /// Bytes times the seconds for which they are kept.
    pub stored_byte_seconds: u128,
}

/// The lease table of a KCL application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseUsage {
    /// Nanoseconds for which leases were held, over all shards.
    pub lease_nanoseconds: u128,
    /// From one renewal of a lease to the next; [`LEASE_RENEWAL`] unless the application sets it.
    pub renewal: Span,
    /// Checkpoints, one write each.
    pub checkpoints: u64,
    /// Read request units of scans of the table.
    pub read_units: u64,
}

/// Encryption by a key of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KmsUsage {
    /// Nanoseconds for which keys exist, over all keys.
    pub key_nanoseconds: u128,
    /// Requests.
    pub requests: u128,
}

/// Shard-level metrics of CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardMetricsUsage {
    /// Nanoseconds for which shards were open, over all shards.
    pub shard_nanoseconds: u128,
    /// Metrics of each shard, at most [`METRICS_PER_SHARD`].
    pub metrics: u64,
}

fn all(consumer: Option<&str>, amounts: &[(Item, Amount)]) -> Vec<DownstreamUsage> {
    amounts
        .iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(item, amount)| DownstreamUsage {
            consumer: consumer.map(str::to_owned),
            item: *item,
            amount: *amount,
        })
        .collect()
}

const fn count(things: u64) -> Amount {
    Amount::count(things as u128)
}

const fn bytes(bytes: u64) -> Amount {
    Amount::bytes(bytes as u128)
}

const fn seconds(nanoseconds: u128) -> u128 {
    nanoseconds / 1_000_000_000
}

impl LambdaUsage {
    /// Requests and gigabyte-seconds.
    #[must_use]
    pub fn used(&self, consumer: &str) -> Vec<DownstreamUsage> {
        let duration = match self.architecture {
            Architecture::X86 => Item::LambdaDurationX86,
            Architecture::Arm => Item::LambdaDurationArm,
        };
        let spent = u128::from(self.milliseconds) * u128::from(self.memory.0);
        let amounts = [
            (Item::LambdaRequests, count(self.requests)),
            (duration, Amount::byte_milliseconds(spent)),
        ];
        all(Some(consumer), &amounts)
    }
}

impl FirehoseUsage {
    /// Data, conversion, partitioning and delivery.
    #[must_use]
    pub fn used(&self, consumer: &str) -> Vec<DownstreamUsage> {
        let amounts = [
            (Item::FirehoseData, bytes(self.data_bytes)),
            (Item::FirehoseConversion, bytes(self.converted_bytes)),
            (Item::FirehosePartitioning, bytes(self.partitioned_bytes)),
            (Item::FirehosePartitionedObjects, count(self.partitioned_objects)),
            (Item::FirehoseJqHours, Amount::nanoseconds(u128::from(self.jq_nanoseconds))),
            (Item::FirehoseVpcData, bytes(self.vpc_bytes)),
            (Item::FirehoseVpcHours, Amount::nanoseconds(self.vpc_zone_nanoseconds)),
        ];
        all(Some(consumer), &amounts)
    }
}

impl S3Usage {
    /// Requests and storage.
    #[must_use]
    pub fn used(&self, consumer: &str) -> Vec<DownstreamUsage> {
        let amounts = [
            (Item::S3PutRequests, count(self.put_requests)),
            (Item::S3GetRequests, count(self.get_requests)),
            (Item::S3Storage, Amount::byte_seconds(self.stored_byte_seconds)),
        ];
        all(Some(consumer), &amounts)
    }
}

impl LeaseUsage {
    /// Renewals and checkpoints are writes of one unit; scans are reads.
    #[must_use]
    pub fn used(&self, consumer: &str) -> Vec<DownstreamUsage> {
        let renewals = self.lease_nanoseconds / u128::from(self.renewal.nanoseconds().max(1));
        let amounts = [
            (Item::DynamoDbWrites, Amount::count(renewals + u128::from(self.checkpoints))),
            (Item::DynamoDbReads, count(self.read_units)),
        ];
        all(Some(consumer), &amounts)
    }
}

impl KmsUsage {
    /// Keys and requests, of the stream.
    #[must_use]
    pub fn used(&self) -> Vec<DownstreamUsage> {
        let amounts = [
            (Item::KmsKeys, Amount::thing_seconds(seconds(self.key_nanoseconds))),
            (Item::KmsRequests, Amount::count(self.requests)),
        ];
        all(None, &amounts)
    }
}

impl ShardMetricsUsage {
    /// Metrics, of the stream.
    #[must_use]
    pub fn used(&self) -> Vec<DownstreamUsage> {
        let metrics = seconds(self.shard_nanoseconds) * u128::from(self.metrics);
        all(None, &[(Item::ShardMetrics, Amount::thing_seconds(metrics))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::cost::golden::idle_bill;
    use crate::time::MONTH;
    use crate::units::GIB;

    const MONTH_NANOSECONDS: u128 = MONTH.nanoseconds() as u128;

    #[track_caller]
    fn check(used: Vec<DownstreamUsage>, item: Item, dollars: &str) {
        let bill = idle_bill(used);
        let amount: crate::units::Usd =
            bill.lines.iter().filter(|line| line.item == item).map(|line| line.amount).sum();
        assert_eq!(amount.to_cents(), dollars, "{item:?}");
    }

    /// Inferred from the defaults of KCL 3: a renewal every 3.3 s is about half a dollar a month
    /// for each shard, and a checkpoint every second 1.64 more.
    #[test]
    fn a_lease_is_half_a_dollar_a_month() {
        let lease = LeaseUsage {
            lease_nanoseconds: MONTH_NANOSECONDS,
            renewal: LEASE_RENEWAL,
            checkpoints: 0,
            read_units: 0,
        };
        check(lease.used("lake"), Item::DynamoDbWrites, "0.49");
        let each_second = LeaseUsage { checkpoints: 730 * 3_600, ..lease };
        check(each_second.used("lake"), Item::DynamoDbWrites, "2.14");
    }

    /// Source: CloudWatch pricing, custom metrics: 0.30 USD each in the first tier, seven a shard;
    /// ten thousand are at that price, the next at a third of it.
    #[test]
    fn shard_level_metrics_are_billed_by_shard_in_tiers() {
        let metrics = |shards: u128| ShardMetricsUsage {
            shard_nanoseconds: shards * MONTH_NANOSECONDS,
            metrics: METRICS_PER_SHARD,
        };
        check(metrics(1).used(), Item::ShardMetrics, "2.10");
        check(metrics(2_000).used(), Item::ShardMetrics, "3,400.00");
    }

    /// Source: KMS pricing: 1 USD a key and month, 0.03 USD for 10,000 requests.
    #[test]
    fn a_key_is_a_dollar_and_its_requests_cents() {
        let kms = KmsUsage { key_nanoseconds: MONTH_NANOSECONDS, requests: 10_000 };
        check(kms.used(), Item::KmsKeys, "1.00");
        check(kms.used(), Item::KmsRequests, "0.03");
    }

    #[test]
    fn objects_are_billed_by_request_and_by_what_they_hold() {
        let s3 = S3Usage {
            put_requests: 1_000_000,
            get_requests: 1_000_000,
            stored_byte_seconds: u128::from(100 * GIB) * 730 * 3_600,
        };
        check(s3.used("lake"), Item::S3PutRequests, "5.00");
        check(s3.used("lake"), Item::S3GetRequests, "0.40");
        check(s3.used("lake"), Item::S3Storage, "2.30");
    }

    /// Source: Amazon Data Firehose pricing: each record rounded up to the next 5 KB.
    #[test]
    fn firehose_bills_five_kilobytes_of_each_record_at_least() {
        for (size, billed) in [(1, 5_120), (5_120, 5_120), (5_121, 10_240)] {
            assert_eq!(firehose_bytes(size), billed);
        }
        let firehose = FirehoseUsage {
            partitioned_bytes: 1_000 * GIB,
            partitioned_objects: 100_000,
            jq_nanoseconds: 10 * 3_600_000_000_000,
            ..FirehoseUsage::default()
        };
        check(firehose.used("lake"), Item::FirehosePartitioning, "20.00");
        check(firehose.used("lake"), Item::FirehosePartitionedObjects, "0.50");
        check(firehose.used("lake"), Item::FirehoseJqHours, "0.70");
    }

    #[test]
    fn lambda_bills_whole_milliseconds() {
        assert_eq!(lambda_milliseconds(Span::from_nanoseconds(1)), 1);
        assert_eq!(lambda_milliseconds(Span::from_milliseconds(20)), 20);
    }
}
