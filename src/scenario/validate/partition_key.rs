//! Which partition key a record gets: names of generated keys, lists and files of real ones.
//!
//! Keys of several parts are read by `key_template`.

use std::collections::BTreeMap;

use super::{Context, key_file, key_template, or};
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::quantity::{KeyText, Written};
use crate::scenario::raw;
use crate::scenario::tree::{Node, Place, shorten};
use crate::scenario::{KeyFormat, KeyPiece, PartitionKey, WeightedKey};
use crate::units::Bytes;

/// Where the index stands in the names of generated keys.
const INDEX: &str = "{n}";
/// Length of a random key when none is given: that of a UUID as text.
const RANDOM_KEY: Bytes = Bytes(36);

/// One kind of simple keys as it is written, of a producer or of a part of a template.
pub(super) enum Kind<'a> {
    Uniform(&'a raw::Uniform),
    Zipf(&'a raw::Zipf),
    HotSet(&'a raw::HotSet),
    Weighted(&'a [raw::WeightedKey]),
    Single(&'a KeyText),
    Random(&'a raw::Random),
    File(&'a raw::KeyFile),
}

/// Checks the partition keys of a producer.
pub(super) fn partition_key(
    raw: &raw::PartitionKey,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PartitionKey {
    let keys = if let Some(raw) = &raw.template {
        key_template::template(raw, node.at("template"), context)
    } else if let Some(raw) = &raw.time {
        key_template::time(raw, node.at("time"), context)
    } else {
        match kind(raw) {
            Some(kind) => simple(&kind, "key-{n}", node, context),
            None => PartitionKey::Absent,
        }
    };
    key_template::salted(keys, raw, node, context)
}

/// The simple kind that a producer's keys are of.
fn kind(raw: &raw::PartitionKey) -> Option<Kind<'_>> {
    let raw::PartitionKey { uniform, zipf, hot_set, weighted, single, random, file, .. } = raw;
    let kinds = [
        uniform.as_ref().map(Kind::Uniform),
        zipf.as_ref().map(Kind::Zipf),
        hot_set.as_ref().map(Kind::HotSet),
        weighted.as_deref().map(Kind::Weighted),
        single.as_ref().map(|key| Kind::Single(&key.0)),
        random.as_ref().map(Kind::Random),
        file.as_ref().map(Kind::File),
    ];
    kinds.into_iter().flatten().next()
}

/// Checks simple keys; `naming` is the format of generated ones that have none.
pub(super) fn simple(
    kind: &Kind<'_>,
    naming: &str,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PartitionKey {
    match kind {
        Kind::Uniform(raw) => {
            let names = format(raw.format.as_ref(), naming, raw.keys, node.at("uniform"), context);
            match names {
                Ok(format) => PartitionKey::Uniform { keys: raw.keys, format },
                Err(key) => single(key),
            }
        }
        Kind::Zipf(raw) => {
            let names = format(raw.format.as_ref(), naming, raw.keys, node.at("zipf"), context);
            match names {
                Ok(format) => PartitionKey::Zipf { keys: raw.keys, exponent: raw.exponent, format },
                Err(key) => single(key),
            }
        }
        Kind::HotSet(raw) => hot_set(raw, naming, node.at("hot_set"), context),
        Kind::Weighted(keys) => weighted(keys, node.at("weighted"), context),
        Kind::Single(key) => single(key.0.clone()),
        Kind::Random(raw) => {
            let key_bytes = or(raw.bytes.as_ref(), RANDOM_KEY);
            if !(1..=PARTITION_KEY_CHARACTERS as u64).contains(&key_bytes.0) {
                let at = node.at("random").at("bytes");
                let message = format!("a random key has 1 B to 256 B, but here {key_bytes}");
                context.error("out-of-range", at, message);
            }
            PartitionKey::Random { key_bytes }
        }
        Kind::File(raw) => {
            let keys = key_file::read(raw, node.at("file"), context).unwrap_or_default();
            PartitionKey::Weighted { keys, file: Some(raw.path.clone()) }
        }
    }
}

fn hot_set(
    raw: &raw::HotSet,
    naming: &str,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PartitionKey {
    let raw::HotSet { keys, hot, share: Written(share), format: names } = raw;
    let (keys, hot, share) = (*keys, *hot, *share);
    if hot >= keys {
        let message = format!("{hot} of {keys} keys cannot be hotter than the others");
        let help = "write fewer hot keys than keys, or `uniform`";
        context.error("out-of-range", node.at("hot"), message).help(help);
    } else if share.0 * keys as f64 <= hot as f64 {
        let even = hot as f64 / keys as f64 * 100.0;
        let message = format!(
            "{hot} of {keys} keys have {even} % of the records when all are equal, so with this \
             share they are not hot"
        );
        let help = "raise `share`, lower `hot`, or write `uniform`";
        context.error("out-of-range", node.at("share"), message).help(help);
    }
    match format(names.as_ref(), naming, keys, node, context) {
        Ok(format) => PartitionKey::HotSet { keys, hot, share, format },
        Err(key) => single(key),
    }
}

/// Bytes of the shortest key that a producer can draw.
pub(super) fn shortest(keys: &PartitionKey) -> u64 {
    match keys {
        PartitionKey::Uniform { format, .. }
        | PartitionKey::Zipf { format, .. }
        | PartitionKey::HotSet { format, .. } => {
            (format.prefix.len() + format.suffix.len() + 1) as u64
        }
        PartitionKey::Weighted { keys, .. } => {
            keys.iter().map(|key| key.key.len() as u64).min().unwrap_or(0)
        }
        PartitionKey::Random { key_bytes } => key_bytes.0,
        PartitionKey::Composed(composition) => {
            let of_piece = |piece: &KeyPiece| match piece {
                KeyPiece::Text(text) => text.len() as u64,
                KeyPiece::Part(part) => shortest(&composition.parts[*part].values),
                KeyPiece::Time(unit) => unit.characters() as u64,
            };
            composition.pieces.iter().map(of_piece).sum()
        }
        PartitionKey::Absent => 0,
    }
}

/// Characters of the longest key that a producer can draw.
pub(super) fn longest(keys: &PartitionKey) -> usize {
    match keys {
        PartitionKey::Uniform { keys, format }
        | PartitionKey::Zipf { keys, format, .. }
        | PartitionKey::HotSet { keys, format, .. } => {
            format.key(keys.saturating_sub(1)).chars().count()
        }
        PartitionKey::Weighted { keys, .. } => {
            keys.iter().map(|key| key.key.chars().count()).max().unwrap_or(0)
        }
        PartitionKey::Random { key_bytes } => key_bytes.0 as usize,
        PartitionKey::Composed(composition) => {
            let of_piece = |piece: &KeyPiece| match piece {
                KeyPiece::Text(text) => text.chars().count(),
                KeyPiece::Part(part) => longest(&composition.parts[*part].values),
                KeyPiece::Time(unit) => unit.characters(),
            };
            composition.pieces.iter().map(of_piece).sum()
        }
        PartitionKey::Absent => 0,
    }
}

fn single(key: String) -> PartitionKey {
    let key = WeightedKey { key, weight: 1.0, explicit_hash_key: None };
    PartitionKey::Weighted { keys: vec![key], file: None }
}

/// The names of generated keys; the one name when there is one key and no place for an index.
fn format(
    format: Option<&String>,
    naming: &str,
    keys: u64,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Result<KeyFormat, String> {
    let text = format.map_or(naming, String::as_str);
    let node = node.at("format");
    let digits = if keys > 1 { (keys - 1).to_string().len() } else { 1 };
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
    Ok(KeyFormat { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
}

fn weighted(keys: &[raw::WeightedKey], node: &Node, context: &mut Context<'_, '_>) -> PartitionKey {
    if keys.is_empty() {
        let help = "write at least `- { key: a, weight: 1 }`";
        context.error("too-few", node, "`weighted` is empty").help(help);
    }
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for (index, raw) in keys.iter().enumerate() {
        let at = node.item(index).at("key");
        if let Some(first) = seen.insert(&raw.key.0.0, at.place) {
            let message = format!("the key `{}` stands twice in the list", shorten(&raw.key.0.0));
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
