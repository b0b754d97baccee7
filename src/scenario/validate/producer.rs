//! A producer, and what its parts have to do with one another.

use super::trace::Generated;
use super::{Context, client, partition_key, record_size, trace, traffic};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{PartitionKey, Producer, RecordDistribution, RecordSize, Stream};
use crate::units::Bytes;

/// Checks one producer.
pub(super) fn producer(
    raw: &raw::Producer,
    node: &Node,
    stream: &Stream,
    context: &mut Context<'_, '_>,
) -> Producer {
    let client = client::client(&raw.client, node.at("client"), context);
    let Generated { traffic, arrivals, record_size, partition_key } = match &raw.traffic {
        raw::Traffic::Trace(recorded) => trace::recorded(raw, recorded, node, stream, context),
        _ => drawn(raw, node, context),
    };
    let explicit_hash_key = raw.explicit_hash_key.as_ref().map(|written| written.0);
    if let PartitionKey::Weighted { keys, .. } = &partition_key
        && explicit_hash_key.is_some()
        && keys.iter().any(|key| key.explicit_hash_key.is_some())
    {
        let at = node.at("explicit_hash_key");
        let message = "the producer and its weighted keys both set `explicit_hash_key`";
        context.error("conflict", at, message).help("keep one of them");
    }
    let is_salted = raw.partition_key.as_ref().is_some_and(|key| key.salt.is_some());
    if is_salted && explicit_hash_key.is_some() {
        let at = node.at("partition_key").at("salt");
        let message = "the salt changes nothing, because `explicit_hash_key` replaces the key";
        context.error("conflict", at, message).help("keep one of them");
    }
    if partition_key == PartitionKey::Absent
        && stream.record_distribution == RecordDistribution::UserPartitionKey
    {
        let at = node.at("partition_key").at("none");
        let message = "the stream needs a partition key in every record";
        context.error("conflict", at, message).help(
            "write `random: {}` for an even spread, or `record_distribution: auto` where the \
             stream is on-demand",
        );
    }
    let producer = Producer {
        name: raw.name.0.0.clone(),
        client,
        traffic,
        arrivals,
        record_size,
        partition_key,
        explicit_hash_key,
    };
    record_size::check_fits(&producer, stream, node.at("record_size"), context);
    producer
}

/// What a producer generates that draws its records.
fn drawn(raw: &raw::Producer, node: &Node, context: &mut Context<'_, '_>) -> Generated {
    for (key, is_given) in
        [("record_size", raw.record_size.is_some()), ("partition_key", raw.partition_key.is_some())]
    {
        if !is_given {
            let message = format!("the producer needs the key `{key}`");
            context.error("missing-key", node, message);
        }
    }
    let traffic = traffic::traffic(&raw.traffic, node.at("traffic"), context);
    let arrivals = traffic::arrivals(raw.arrivals.as_ref(), &traffic, node.at("arrivals"), context);
    // What is missing was reported, and its stand-in is thrown away.
    let record_size = raw.record_size.as_ref().map_or(RecordSize::Constant(Bytes(1)), |size| {
        record_size::record_size(size, node.at("record_size"), context)
    });
    let fresh = PartitionKey::Random { key_bytes: Bytes(1) };
    let partition_key = raw
        .partition_key
        .as_ref()
        .map_or(fresh, |key| partition_key::partition_key(key, node.at("partition_key"), context));
    Generated { traffic, arrivals, record_size, partition_key }
}
