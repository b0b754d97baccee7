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
    pub requests: u64,
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
            (Item::KmsRequests, count(self.requests)),
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
