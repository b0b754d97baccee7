//! The numbers that a control plane keeps to, taken from the quotas of a scenario.

use crate::quotas::Quotas;
use crate::scenario::{RecordDistribution, Scenario};
use crate::units::ByteRate;

/// Regions whose on-demand streams grow to 10 GB/s. Source: Kinesis Data Streams quotas, 2026.
const LARGEST_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// What a control plane keeps to; times in nanoseconds.
#[derive(Clone, Debug)]
pub struct CapacityRules {
    /// UpdateShardCount calls in 24 h.
    pub update_calls: u64,
    /// Most shards that UpdateShardCount may set.
    pub update_shards: usize,
    /// Most open shards of the account.
    pub account_shards: usize,
    /// From a call to its first operation.
    pub reshard_start: u64,
    /// Of each operation.
    pub reshard_operation: u64,
    /// Changes of the mode in 24 h.
    pub mode_changes: u64,
    /// Whether the service distributes records itself.
    pub distributes_itself: bool,
    /// Records that a shard takes in a minute.
    pub shard_records_per_minute: f64,
    /// Bytes that a shard takes in a minute.
    pub shard_bytes_per_minute: f64,
    /// Load of a shard above which an on-demand stream splits it.
    pub split_load: f64,
    /// From a minute to the split that it causes.
    pub split_time: u64,
    /// How long an on-demand stream remembers its highest minute.
    pub memory: u64,
    /// Whether an on-demand standard stream ever merges.
    pub scale_down: bool,
    /// Most shards of an on-demand stream.
    pub on_demand_shards_max: usize,
    /// Fewest shards of an on-demand stream.
    pub on_demand_shards_min: usize,
}

impl CapacityRules {
    /// The rules of a scenario's stream.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let quotas = &scenario.quotas;
        let shard_bytes = quotas.shard_write_bytes.0.as_per_second();
        let ceiling = on_demand_ceiling(quotas, scenario.region.as_deref()).0.as_per_second();
        Self {
            update_calls: quotas.update_shard_count_calls.0,
            update_shards: quotas.update_shard_count_shards.0 as usize,
            account_shards: quotas.account_shards.0 as usize,
            reshard_start: quotas.reshard_start.nanoseconds(),
            reshard_operation: quotas.reshard_operation.nanoseconds(),
            mode_changes: quotas.mode_changes.0,
            distributes_itself: scenario.stream.record_distribution == RecordDistribution::Auto,
            shard_records_per_minute: quotas.shard_write_records.0.as_per_second() * 60.0,
            shard_bytes_per_minute: shard_bytes * 60.0,
            split_load: quotas.on_demand_split_load.0,
            split_time: quotas.on_demand_split_time.nanoseconds(),
            memory: quotas.on_demand_memory.nanoseconds(),
            scale_down: quotas.on_demand_scale_down,
            on_demand_shards_max: (ceiling / shard_bytes) as usize,
            on_demand_shards_min: quotas.on_demand_shards.0 as usize,
        }
    }
}

/// What an on-demand stream grows to in a region; a scenario that names none is taken to be in one
/// of the largest.
const fn on_demand_ceiling_of(quotas: &Quotas, is_largest: bool) -> ByteRate {
    if is_largest {
        quotas.on_demand_write_bytes
    } else {
        quotas.on_demand_write_bytes_other_regions
    }
}

fn on_demand_ceiling(quotas: &Quotas, region: Option<&str>) -> ByteRate {
    let is_largest = region.is_none_or(|region| LARGEST_REGIONS.contains(&region));
    on_demand_ceiling_of(quotas, is_largest)
}
