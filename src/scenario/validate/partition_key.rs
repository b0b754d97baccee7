//! Which partition key a record gets: names of generated keys, lists and files of real ones.

use std::collections::BTreeMap;

use super::{Context, key_file, or};
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::raw;
use crate::scenario::tree::{Node, Place, shorten};
use crate::scenario::{KeyFormat, PartitionKey, WeightedKey};
use crate::units::Bytes;

/// Where the index stands in the names of generated keys.
const INDEX: &str = "{n}";
/// Length of a random key when none is given: that of a UUID as text.
const RANDOM_KEY: Bytes = Bytes(36);

/// Checks the partition keys of a producer.
pub(super) fn partition_key(
    raw: &raw::PartitionKey,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PartitionKey {
    match raw {
        raw::PartitionKey::Uniform(raw) => {
            let names = format(raw.format.as_ref(), raw.keys, node.at("uniform"), context);
            match names {
                Ok(format) => PartitionKey::Uniform {
                    keys: raw.keys,
                    format,
                },
                Err(key) => single(key),
            }
        }
        raw::PartitionKey::Zipf(raw) => {
            let names = format(raw.format.as_ref(), raw.keys, node.at("zipf"), context);
            match names {
                Ok(format) => PartitionKey::Zipf {
                    keys: raw.keys,
                    exponent: raw.exponent,
                    format,
                },
                Err(key) => single(key),
            }
        }
        raw::PartitionKey::Weighted(keys) => weighted(keys, node.at("weighted"), context),
        raw::PartitionKey::Single(key) => single(key.0.0.clone()),
        raw::PartitionKey::Random(raw) => {
            let key_bytes = or(raw.bytes.as_ref(), RANDOM_KEY);
            if !(1..=PARTITION_KEY_CHARACTERS as u64).contains(&key_bytes.0) {
                let at = node.at("random").at("bytes");
                let message = format!("a random key has 1 B to 256 B, but here {key_bytes}");
                context.error("out-of-range", at, message);
            }
            PartitionKey::Random { key_bytes }
        }
        raw::PartitionKey::File(raw) => {
            let keys = key_file::read(raw, node.at("file"), context).unwrap_or_default();
            PartitionKey::Weighted {
                keys,
                file: Some(raw.path.clone()),
            }
        }
    }
}

/// Bytes of the shortest key that a producer can draw.
pub(super) fn shortest(keys: &PartitionKey) -> u64 {
    match keys {
        PartitionKey::Uniform { format, .. } | PartitionKey::Zipf { format, .. } => {
            (format.prefix.len() + format.suffix.len() + 1) as u64
        }
        PartitionKey::Weighted { keys, .. } => keys
            .iter()
            .map(|key| key.key.len() as u64)
            .min()
            .unwrap_or(0),
        PartitionKey::Random { key_bytes } => key_bytes.0,
    }
}

fn single(key: String) -> PartitionKey {
    let key = WeightedKey {
        key,
        weight: 1.0,
        explicit_hash_key: None,
    };
    PartitionKey::Weighted {
        keys: vec![key],
        file: None,
    }
}

/// The names of generated keys; the one name when there is one key and no place for an index.
fn format(
    format: Option<&String>,
    keys: u64,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Result<KeyFormat, String> {
    let text = format.map_or("key-{n}", String::as_str);
    let node = node.at("format");
    let digits = if keys > 1 {
        (keys - 1).to_string().len()
    } else {
        1
    };
    let indices = text.matches(INDEX).count();
    let longest = text.chars().count() - indices * INDEX.len() + indices * digits;
    if longest == 0 || longest > PARTITION_KEY_CHARACTERS {
        let message = format!("the longest of these keys has {longest} characters");
        let help = format!("a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters");
        context.error("key-length", node, message).help(help);
    }
    let Some((prefix, suffix)) = text.split_once(INDEX) else {
        if keys > 1 {
            let message = format!("`{}` gives {keys} keys the same name", shorten(text));
            let help = "write `{n}` where the index belongs, such as `orders-{n}`";
            context.error("bad-key-format", node, message).help(help);
        }
        return Err(text.to_owned());
    };
    if suffix.contains(INDEX) {
        let message = format!("`{}` has `{{n}}` more than once", shorten(text));
        let help = "write `{n}` once; other braces stand for themselves";
        context.error("bad-key-format", node, message).help(help);
    }
    Ok(KeyFormat {
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
    })
}

fn weighted(keys: &[raw::WeightedKey], node: &Node, context: &mut Context<'_, '_>) -> PartitionKey {
    if keys.is_empty() {
        let help = "write at least `- { key: a, weight: 1 }`";
        context
            .error("too-few", node, "`weighted` is empty")
            .help(help);
    }
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for (index, raw) in keys.iter().enumerate() {
        let at = node.item(index).at("key");
        if let Some(first) = seen.insert(&raw.key.0.0, at.place) {
            let message = format!(
                "the key `{}` stands twice in the list",
                shorten(&raw.key.0.0)
            );
            let problem = context.error("duplicate-name", at, message);
            problem.help("write it once, with the sum of the weights");
            if first.source == at.place.source {
                problem.context(first.start..first.end, "first used here");
            }
        }
    }
    let keys = keys
        .iter()
        .map(|raw| WeightedKey {
            key: raw.key.0.0.clone(),
            weight: raw.weight,
            explicit_hash_key: raw.explicit_hash_key.as_ref().map(|written| written.0),
        })
        .collect();
    PartitionKey::Weighted { keys, file: None }
}
