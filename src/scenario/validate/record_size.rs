//! How large records are, and whether a typical one could ever be accepted.

use super::{Context, partition_key, size_file};
use crate::quotas::WriteLimiter;
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{Producer, PutCalls, RecordSize, Stream, WeightedSize};
use crate::units::Bytes;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// Checks the record size of a producer.
pub(super) fn record_size(
    raw: &raw::RecordSize,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> RecordSize {
    match raw {
        raw::RecordSize::Constant(size) => {
            positive(size.0, node.at("constant"), "constant", context);
            RecordSize::Constant(size.0)
        }
        raw::RecordSize::LogNormal(raw) => log_normal(raw, node.at("log_normal"), context),
        raw::RecordSize::Uniform(raw) => {
            let node = node.at("uniform");
            let (min, max) = (raw.min.0, raw.max.0);
            positive(min, node.at("min"), "min", context);
            if max < min {
                let message = format!("`max` ({max}) is below `min` ({min})");
                context.error("out-of-range", node.at("max"), message).help("swap them");
            }
            RecordSize::Uniform { min, max: max.max(min) }
        }
        raw::RecordSize::Pareto(raw) => {
            let node = node.at("pareto");
            let (min, max) = (raw.min.0, raw.max.as_ref().map(|max| max.0));
            positive(min, node.at("min"), "min", context);
            if let Some(max) = max.filter(|max| *max <= min) {
                let message = format!("`max` ({max}) is not above `min` ({min})");
                let help = "for records that are all the same write `constant`";
                context.error("out-of-range", node.at("max"), message).help(help);
            }
            RecordSize::Pareto { min, shape: raw.shape, max }
        }
        raw::RecordSize::Table(rows) => {
            let node = node.at("table");
            if rows.is_empty() {
                let help = "write at least `- { size: 1 KiB, weight: 1 }`";
                context.error("too-few", node, "`table` is empty").help(help);
            }
            for (index, row) in rows.iter().enumerate() {
                positive(row.size.0, node.item(index).at("size"), "size", context);
            }
            let row =
                |row: &raw::WeightedSize| WeightedSize { size: row.size.0, weight: row.weight };
            RecordSize::Table(rows.iter().map(row).collect())
        }
        raw::RecordSize::File(raw) => {
            let sizes = size_file::read(raw, node.at("file"), context).unwrap_or_default();
            RecordSize::Table(sizes)
        }
    }
}

/// The size as a number, at least one; reports one that is zero.
fn positive(size: Bytes, node: &Node, name: &str, context: &mut Context<'_, '_>) -> f64 {
    if size == Bytes(0) {
        context.error("out-of-range", node, format!("`{name}` must be at least 1 B"));
    }
    size.0.max(1) as f64
}

fn log_normal(raw: &raw::LogNormal, node: &Node, context: &mut Context<'_, '_>) -> RecordSize {
    if let (Some(median), Some(p99)) = (&raw.median, &raw.p99) {
        let (low, high) = (positive(median.0, node.at("median"), "median", context), p99.0);
        if high < median.0 {
            let message = format!("`p99` ({high}) is below `median` ({})", median.0);
            context.error("out-of-range", node.at("p99"), message);
        }
        let sigma = libm::log(high.0.max(1) as f64 / low) / NORMAL_P99;
        return RecordSize::LogNormal { mu: libm::log(low), sigma: sigma.max(0.0) };
    }
    let mean =
        raw.mean.as_ref().map_or(1.0, |mean| positive(mean.0, node.at("mean"), "mean", context));
    let sigma = raw.sigma.unwrap_or(0.0);
    // The mean of the distribution is exp(mu + sigma^2 / 2).
    RecordSize::LogNormal { mu: libm::log(mean) - sigma * sigma / 2.0, sigma }
}

/// The size of a typical record in bytes, what it is, and where it is written; nothing for a table
/// without sizes, which is reported elsewhere, and for recorded ones.
fn typical<'a>(size: &RecordSize, node: &'a Node) -> Option<(u64, &'static str, &'a Node)> {
    const MEDIAN: &str = "the median record";
    Some(match size {
        RecordSize::Constant(size) => (size.0, "a record", node.at("constant")),
        RecordSize::LogNormal { mu, .. } => {
            let median = libm::round(libm::exp(*mu)) as u64;
            (median, MEDIAN, node.at("log_normal").at("median"))
        }
        RecordSize::Uniform { min, max } => {
            (min.0 + (max.0 - min.0) / 2, MEDIAN, node.at("uniform").at("max"))
        }
        RecordSize::Pareto { min, shape, max } => {
            // Half of what is above `min` and not cut off lies beyond the median.
            let beyond = max.map_or(0.0, |max| libm::pow(min.0 as f64 / max.0 as f64, *shape));
            let median = min.0 as f64 * libm::pow((1.0 + beyond) / 2.0, -1.0 / shape);
            (median as u64, MEDIAN, node.at("pareto").at("min"))
        }
        RecordSize::Table(sizes) => {
            let file = node.at("file");
            let at = if file.entry("path").is_some() { file.at("path") } else { node.at("table") };
            (median(sizes)?, MEDIAN, at)
        }
        // Each record is what it was: those that are too large are counted.
        RecordSize::Recorded => return None,
    })
}

/// The smallest size that half of the records do not exceed.
fn median(sizes: &[WeightedSize]) -> Option<u64> {
    let mut sorted: Vec<&WeightedSize> = sizes.iter().collect();
    sorted.sort_by_key(|row| row.size);
    let all: f64 = sorted.iter().map(|row| row.weight).sum();
    let mut below = 0.0;
    let at = sorted.iter().find(|row| {
        below += row.weight;
        below >= all / 2.0
    });
    at.or(sorted.last()).map(|row| row.size.0)
}

/// A typical record that can never be accepted is a mistake, not a result.
pub(super) fn check_fits(
    producer: &Producer,
    stream: &Stream,
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    let Some((size, what, at)) = typical(&producer.record_size, node) else { return };
    let counts = context.quotas.partition_key_bytes_count;
    let key = if counts { partition_key::shortest(&producer.partition_key) } else { 0 };
    let total = Bytes(size.saturating_add(key));
    if total > stream.max_record_size {
        let (size, most) = (Bytes(size), stream.max_record_size);
        let message = match key {
            0 => format!("{what} of {size} exceeds `max_record_size`, {most}"),
            key => {
                let key = Bytes(key);
                format!("{what} of {size} and a key of {key} exceed `max_record_size`, {most}")
            }
        };
        context.error("record-too-large", at, message).help(
            "make the records smaller, or raise `stream.max_record_size`, which may be 10 MiB",
        );
        return;
    }
    let quotas = &context.quotas;
    let (burst, name) = match quotas.shard_write_limiter {
        WriteLimiter::FixedWindow => {
            (quotas.shard_write_bytes.0.as_per_second() as u64, "shard_write_bytes")
        }
        WriteLimiter::TokenBucket
            if stream.max_record_size > crate::quotas::RECORD_SIZE_DEFAULT =>
        {
            let burst = quotas.shard_write_bytes_burst_large_records.0;
            (burst, "shard_write_bytes_burst_large_records")
        }
        WriteLimiter::TokenBucket => (quotas.shard_write_bytes_burst.0, "shard_write_bytes_burst"),
    };
    let step = match producer.client.calls {
        PutCalls::PutRecord => quotas.put_record_rounding.0,
        PutCalls::PutRecords { .. } => quotas.put_records_rounding.0,
    };
    let charged = total.0.checked_next_multiple_of(step.max(1)).unwrap_or(u64::MAX);
    if charged > burst {
        let (charged, burst) = (Bytes(charged), Bytes(burst));
        let message = format!(
            "{what} counts as {charged}, but a shard never accepts more than {burst} at once"
        );
        let help = format!("make the records smaller, or raise the quota `{name}`");
        context.error("record-too-large", at, message).help(help);
    }
}
