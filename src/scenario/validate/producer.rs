//! A producer, and what its parts have to do with one another.

use super::{Context, client, partition_key, record_size, traffic};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{PartitionKey, Producer, RecordDistribution, Stream};

/// Checks one producer.
pub(super) fn producer(
    raw: &raw::Producer,
    node: &Node,
    stream: &Stream,
    context: &mut Context<'_, '_>,
) -> Producer {
    let client = client::client(&raw.client, node.at("client"), context);
    let traffic = traffic::traffic(&raw.traffic, node.at("traffic"), context);
    let arrivals = traffic::arrivals(raw.arrivals.as_ref(), &traffic, node.at("arrivals"), context);
    let record_size = record_size::record_size(&raw.record_size, node.at("record_size"), context);
    let partition_key =
        partition_key::partition_key(&raw.partition_key, node.at("partition_key"), context);
    let explicit_hash_key = raw.explicit_hash_key.as_ref().map(|written| written.0);
    if let PartitionKey::Weighted { keys, .. } = &partition_key
        && explicit_hash_key.is_some()
        && keys.iter().any(|key| key.explicit_hash_key.is_some())
    {
        let at = node.at("explicit_hash_key");
        let message = "the producer and its weighted keys both set `explicit_hash_key`";
        context.error("conflict", at, message).help("keep one of them");
    }
    if raw.partition_key.salt.is_some() && explicit_hash_key.is_some() {
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
