//! Real partition keys with their counts, from a file.
//!
//! Repeated keys add up, keys that never occur are dropped, and the order is that of first
//! appearance.

use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::slice::ParallelSliceMut;

use super::Context;
use super::counted_file::{self, NamedFile, WrongField};
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::WeightedKey;
use crate::scenario::raw;
use crate::scenario::tree::Node;

/// The code of problems in a file of keys.
const CODE: &str = "bad-key-file";

/// The keys of the file; nothing when it has a problem, which is then reported.
pub(super) fn read(
    raw: &raw::KeyFile,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Vec<WeightedKey>> {
    let file = NamedFile {
        what: "key",
        code: CODE,
        path: &raw.path,
        field_column: raw.key_column.as_deref(),
        count_column: raw.count_column.as_deref(),
        delimiter: raw.delimiter.as_deref(),
    };
    let mut counted: Vec<WeightedKey> = Vec::new();
    let mut take = |field: &[u8], count: f64| {
        let weighted = weighted(field, count)?;
        counted.push(weighted);
        Ok(())
    };
    // Any text can be a key, so only its count tells a row from a header.
    counted_file::read(&file, node, context, &|_| true, &mut take)?;
    let keys = merge(counted);
    if keys.is_empty() {
        let message = format!("`{}` has no key with a positive count", raw.path);
        context.error(CODE, node.at("path"), message);
        return None;
    }
    Some(keys)
}

/// A key and its weight.
fn weighted(field: &[u8], weight: f64) -> Result<WeightedKey, WrongField> {
    let help = || format!("a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters");
    let Ok(key) = std::str::from_utf8(field) else {
        let message = "this key is not UTF-8".to_owned();
        return Err(WrongField { message, help: help() });
    };
    let characters = key.chars().count();
    if !(1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
        let message = format!("this partition key has {characters} characters");
        return Err(WrongField { message, help: help() });
    }
    Ok(WeightedKey { key: key.to_owned(), weight, explicit_hash_key: None })
}

/// Adds up repeated keys and drops those that never occur.
///
/// Equal keys are brought together by sorting hashes, which is several times faster than sorting
/// the keys. The hash decides nothing but which keys are compared.
fn merge(mut counted: Vec<WeightedKey>) -> Vec<WeightedKey> {
    let mut order: Vec<(u64, usize)> =
        counted.iter().enumerate().map(|(row, counted)| (hash(&counted.key), row)).collect();
    order.par_sort_unstable();
    for run in order.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
        let mut distinct: Vec<usize> = Vec::new();
        for (_, row) in run {
            match distinct.iter().find(|first| counted[**first].key == counted[*row].key) {
                Some(first) => {
                    counted[*first].weight += counted[*row].weight;
                    counted[*row].weight = 0.0;
                }
                None => distinct.push(*row),
            }
        }
    }
    // In place: a copy of twenty million keys would double the memory.
    counted.retain(|counted| counted.weight > 0.0);
    counted
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
