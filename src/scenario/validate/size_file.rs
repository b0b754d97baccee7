//! Real record sizes with their counts, from a file: the histogram of a log, or one size a record.
//!
//! A size is a number of bytes, or an amount with its unit. Repeated sizes add up, sizes that never
//! occur are dropped, and the order is that of the sizes.

use std::collections::BTreeMap;

use super::Context;
use super::counted_file::{self, NamedFile, WrongField};
use crate::scenario::WeightedSize;
use crate::scenario::quantity::Quantity;
use crate::scenario::raw;
use crate::scenario::tree::{Node, shorten};
use crate::units::Bytes;

/// The code of problems in a file of sizes.
const CODE: &str = "bad-size-file";
/// Most distinct sizes; each takes 16 bytes of the table that sizes are drawn from.
const SIZES_MAX: usize = 1_000_000;

/// The sizes of the file; nothing when it has a problem, which is then reported.
pub(super) fn read(
    raw: &raw::SizeFile,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Vec<WeightedSize>> {
    let file = NamedFile {
        what: "size",
        code: CODE,
        path: &raw.path,
        field_column: raw.size_column.as_deref(),
        count_column: raw.count_column.as_deref(),
        delimiter: raw.delimiter.as_deref(),
    };
    let mut counted: BTreeMap<Bytes, f64> = BTreeMap::new();
    let mut take = |field: &[u8], count: f64| {
        let size = size(field).map_err(|message| WrongField {
            message,
            help: "a size is a whole number of bytes from 1 up, or has a unit: `4 KiB`".to_owned(),
        })?;
        if count > 0.0 {
            *counted.entry(size).or_insert(0.0) += count;
        }
        Ok(())
    };
    counted_file::read(&file, node, context, &|field| size(field).is_ok(), &mut take)?;
    let path = node.at("path");
    if counted.is_empty() {
        let message = format!("`{}` has no size with a positive count", raw.path);
        context.error(CODE, path, message);
        return None;
    }
    if counted.len() > SIZES_MAX {
        let message = format!("`{}` has more than {SIZES_MAX} different sizes", raw.path);
        let help = "round the sizes: no limit of a shard tells a byte from the next";
        context.error(CODE, path, message).help(help);
        return None;
    }
    Some(counted.into_iter().map(|(size, weight)| WeightedSize { size, weight }).collect())
}

/// A field as a size, bytes when it has no unit; or what is wrong with it.
fn size(field: &[u8]) -> Result<Bytes, String> {
    let text = String::from_utf8_lossy(field);
    let text = text.trim();
    let size = match text.parse::<u64>() {
        Ok(bytes) => Ok(Bytes(bytes)),
        Err(_) => Bytes::parse(text).map_err(|error| error.message),
    };
    match size {
        Ok(size) if size > Bytes(0) => Ok(size),
        Ok(_) => Err(format!("the size of this row is `{}`", shorten(text))),
        Err(message) => Err(message),
    }
}
