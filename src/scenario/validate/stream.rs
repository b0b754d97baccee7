//! The stream: its shards, its retention, its largest record.

use super::{Context, or, scaling, shard_file};
use crate::quotas::{RECORD_SIZE_DEFAULT, RECORD_SIZE_LIMIT, RETENTION_MAXIMUM, RETENTION_MINIMUM};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::variation::created;
use crate::scenario::{CapacityMode, Encryption, RecordDistribution, ShardDefinition, Stream};
use crate::units::{ByteRate, MIB};

/// Checks the stream.
pub(super) fn stream(raw: &raw::Stream, node: &Node, context: &mut Context<'_, '_>) -> Stream {
    let retention = or(raw.retention.as_ref(), RETENTION_MINIMUM);
    if retention < RETENTION_MINIMUM || retention > RETENTION_MAXIMUM {
        let message = format!("`retention` must be from 24 h to 365 d, but it is {retention}");
        context.error("out-of-range", node.at("retention"), message);
    }
    let max_record_size = or(raw.max_record_size.as_ref(), RECORD_SIZE_DEFAULT);
    if max_record_size < RECORD_SIZE_DEFAULT || max_record_size > RECORD_SIZE_LIMIT {
        let message =
            format!("`max_record_size` must be from 1 MiB to 10 MiB, but it is {max_record_size}");
        context.error("out-of-range", node.at("max_record_size"), message);
    }
    let record_distribution = record_distribution(raw, node, context);
    let mode = mode(raw, node, context);
    let shards = shards(raw, mode, node, context);
    let imported = raw.hash_ranges.is_some();
    let encryption = match raw.encryption {
        None | Some(raw::Encryption::None) => Encryption::None,
        Some(raw::Encryption::AwsManagedKey) => Encryption::AwsManagedKey,
        Some(raw::Encryption::CustomerManagedKey) => Encryption::CustomerManagedKey,
    };
    let scaling = scaling::scaling(raw.scaling.as_ref(), mode, node.at("scaling"), context);
    Stream {
        mode,
        scaling,
        shards,
        imported,
        record_distribution,
        retention,
        max_record_size,
        encryption,
        shard_level_metrics: raw.shard_level_metrics.unwrap_or(0),
    }
}

fn mode(raw: &raw::Stream, node: &Node, context: &mut Context<'_, '_>) -> CapacityMode {
    match &raw.capacity {
        None | Some(raw::Capacity::Provisioned(_)) => CapacityMode::Provisioned,
        Some(raw::Capacity::OnDemand(_)) => CapacityMode::OnDemand,
        Some(raw::Capacity::OnDemandAdvantage(of)) => {
            let warm_throughput = of.warm_throughput.as_ref().map(|warm| warm.0);
            if let Some(warm) = warm_throughput {
                let node = node.at("capacity").at("on_demand_advantage").at("warm_throughput");
                scaling::check_warm_throughput(warm, node, context);
            }
            CapacityMode::OnDemandAdvantage { warm_throughput }
        }
    }
}

/// Shards that carry a warm throughput: one for each MiB a second.
fn warm_shards(warm: ByteRate) -> u32 {
    (warm.0.as_per_second() / MIB as f64).ceil() as u32
}

/// A provisioned stream cannot distribute its records itself. Source: Kinesis API reference,
/// UpdateStreamRecordDistributionStrategy.
fn record_distribution(
    raw: &raw::Stream,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> RecordDistribution {
    match raw.record_distribution {
        None | Some(raw::RecordDistribution::UserPartitionKey) => {
            RecordDistribution::UserPartitionKey
        }
        Some(raw::RecordDistribution::Auto) => {
            if let Some(raw::Capacity::Provisioned(_)) = raw.capacity {
                let at = node.at("record_distribution");
                let message = "a provisioned stream cannot distribute its records itself";
                context.error("conflict", at, message).help(
                    "only on-demand streams do: write `capacity: { on_demand: {} }`; for the shards \
                     of a real one as they are, import them with `hash_ranges` and leave \
                     `capacity` out",
                );
            }
            RecordDistribution::Auto
        }
    }
}

fn shards(
    raw: &raw::Stream,
    mode: CapacityMode,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Vec<ShardDefinition> {
    let wanted = raw.capacity.as_ref().and_then(|capacity| match capacity {
        raw::Capacity::Provisioned(of) => Some(of.shards),
        raw::Capacity::OnDemand(of) => of.shards,
        raw::Capacity::OnDemandAdvantage(of) => of.shards,
    });
    let Some(ranges) = &raw.hash_ranges else {
        let default = context.quotas.on_demand_shards.0 as u32;
        let default = if mode.is_on_demand() { default } else { 1 };
        let warm = match mode {
            CapacityMode::OnDemandAdvantage { warm_throughput: Some(warm) } => warm_shards(warm),
            _ => 0,
        };
        return created(wanted.unwrap_or(default).max(warm));
    };
    let file_node = node.at("hash_ranges").at("list_shards");
    let Some(shards) = shard_file::read(&ranges.list_shards, file_node, context) else {
        return created(1);
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted as usize != shards.len()) {
        let at = node.at("capacity").at(mode.as_str()).at("shards");
        let found = shards.len();
        let path = &ranges.list_shards;
        let message = format!("`shards` is {wanted}, but `{path}` has {found} open shards");
        context.error("shards-differ", at, message).help(
            "leave `capacity` out to take the file's shards, or leave `hash_ranges` out to try \
             another number (`--set stream.hash_ranges=null`)",
        );
    }
    shards
}
