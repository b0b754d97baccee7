//! Real partition keys with their counts, from a file of comma or tab separated values.
//!
//! A count may be any positive number: records of an hour, a day or a sample weigh the same.
//! Repeated keys add up, keys that never occur are dropped, and the order is that of first
//! appearance.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use csv::{ByteRecord, Reader, ReaderBuilder};
use rayon::slice::ParallelSliceMut;

use super::Context;
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::WeightedKey;
use crate::scenario::diagnostic::{Diagnostic, Excerpt};
use crate::scenario::raw;
use crate::scenario::structure::did_you_mean;
use crate::scenario::tree::{Node, shorten};

/// Most rows of a file of keys; more would not fit the memory of a small machine.
const ROWS_MAX: usize = 20_000_000;
/// Largest count of a row; beyond it a sum would lose whole records.
const COUNT_MAX: f64 = 1e15;
/// Most bad rows that are reported before the reading ends.
const BAD_ROWS_MAX: usize = 5;

/// The keys of the file; nothing when it has a problem, which is then reported.
pub(super) fn read(
    raw: &raw::KeyFile,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Vec<WeightedKey>> {
    let delimiter = delimiter(raw, node, context)?;
    let path_node = node.at("path");
    let bytes = context.read_file(&raw.path, path_node)?;
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let file = KeyFile { path: &raw.path, bytes, delimiter };
    match file.keys(raw) {
        Ok(keys) if keys.is_empty() => {
            let message = format!("`{}` has no key with a positive count", raw.path);
            context.error("bad-key-file", path_node, message);
            None
        }
        Ok(keys) => Some(keys),
        Err(found) => {
            for diagnostic in found {
                context.problems.push(path_node.place, diagnostic);
            }
            None
        }
    }
}

/// What stands between two fields: as written, or by the name of the file.
fn delimiter(raw: &raw::KeyFile, node: &Node, context: &mut Context<'_, '_>) -> Option<u8> {
    let path = raw.path.to_ascii_lowercase();
    let Some(text) = &raw.delimiter else {
        let is_tabbed = path.ends_with(".tsv") || path.ends_with(".txt");
        return Some(if is_tabbed { b'\t' } else { b',' });
    };
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => {
            let at = node.at("delimiter");
            let message = format!("`{}` cannot separate fields", shorten(text));
            let help = "write one ASCII character, such as `\";\"` or `\"\\t\"`";
            context.error("bad-key-file", at, message).help(help);
            None
        }
    }
}

/// A file while it is read.
struct KeyFile<'a> {
    path: &'a str,
    bytes: &'a [u8],
    delimiter: u8,
}

/// Which fields of a row to take.
#[derive(Clone, Copy)]
struct Columns {
    key: usize,
    count: Option<usize>,
}

impl KeyFile<'_> {
    fn keys(&self, raw: &raw::KeyFile) -> Result<Vec<WeightedKey>, Vec<Diagnostic>> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(self.bytes);
        let mut row = ByteRecord::new();
        if !self.next(&mut reader, &mut row).map_err(|problem| vec![*problem])? {
            return Ok(Vec::new());
        }
        if raw.delimiter.is_none()
            && let Some(problem) = self.other_separator(&row)
        {
            return Err(vec![*problem]);
        }
        let named = raw.key_column.is_some() || raw.count_column.is_some();
        let (columns, is_header) = if named {
            (self.named_columns(raw, &row).map_err(|problem| vec![*problem])?, true)
        } else {
            let columns = Columns { key: 0, count: (row.len() > 1).then_some(1) };
            (columns, columns.count.is_some_and(|count| number(&row[count]).is_none()))
        };
        let mut counted: Vec<WeightedKey> = Vec::new();
        let mut bad = Vec::new();
        let mut rows = 0;
        let mut is_data = !is_header;
        loop {
            if is_data {
                rows += 1;
                match self.counted(&row, columns) {
                    Ok(key) => counted.push(key),
                    Err(problem) => bad.push(*problem),
                }
            }
            if rows > ROWS_MAX {
                bad.push(*self.problem(&row, format!("there are more than {ROWS_MAX} rows")));
                break;
            }
            is_data = true;
            match self.next(&mut reader, &mut row) {
                Ok(true) if bad.len() < BAD_ROWS_MAX => {}
                Ok(_) => break,
                Err(problem) => {
                    bad.push(*problem);
                    break;
                }
            }
        }
        if bad.is_empty() { Ok(merge(counted)) } else { Err(bad) }
    }

    /// A file in one column whose rows end in another separator and a number: key and count were
    /// meant, and each whole row would silently become a key.
    fn other_separator(&self, first: &ByteRecord) -> Option<Box<Diagnostic>> {
        let is_pair = |row: &[u8], separator: u8| {
            let at = row.iter().rposition(|byte| *byte == separator)?;
            number(&row[at + 1..])
        };
        let rows = || self.bytes.split(|byte| *byte == b'\n').filter(|row| !row.is_empty());
        // The first row may be a header.
        let separator = [b';', b'\t', b'|', b','].into_iter().find(|separator| {
            let mut rows = rows().skip(1).take(10).peekable();
            rows.peek().is_some() && rows.all(|row| is_pair(row, *separator).is_some())
        })?;
        (first.len() == 1 && separator != self.delimiter).then(|| {
            let shown = char::from(separator).escape_debug();
            let message = format!("the rows look like a key and a count with `{shown}` between");
            let mut problem = self.problem(first, message);
            let own = char::from(self.delimiter).escape_debug();
            problem.help(format!(
                "write `delimiter: \"{shown}\"`, or `delimiter: \"{own}\"` if each row is one key"
            ));
            problem
        })
    }

    fn next(
        &self,
        reader: &mut Reader<&[u8]>,
        row: &mut ByteRecord,
    ) -> Result<bool, Box<Diagnostic>> {
        reader.read_byte_record(row).map_err(|error| self.problem(row, error.to_string()))
    }

    fn named_columns(
        &self,
        raw: &raw::KeyFile,
        header: &ByteRecord,
    ) -> Result<Columns, Box<Diagnostic>> {
        let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
        let names: Vec<_> = names.iter().map(|name| name.trim()).collect();
        let find = |wanted: &str| {
            names.iter().position(|name| *name == wanted).ok_or_else(|| {
                let message = format!("the header has no column `{}`", shorten(wanted));
                let mut problem = self.problem(header, message);
                problem.help(match did_you_mean(wanted, &names) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the columns are {}", shorten(&names.join(", "))),
                });
                problem
            })
        };
        let key = raw.key_column.as_deref().map_or(Ok(0), find)?;
        let count = match &raw.count_column {
            Some(name) => Some(find(name)?),
            None => None,
        };
        Ok(Columns { key, count })
    }

    /// The key and the count of a row.
    fn counted(&self, row: &ByteRecord, at: Columns) -> Result<WeightedKey, Box<Diagnostic>> {
        let key = row.get(at.key).unwrap_or_default();
        let Ok(key) = std::str::from_utf8(key) else {
            return Err(self.problem(row, "this key is not UTF-8"));
        };
        let characters = key.chars().count();
        if !(1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
            let message = format!("this partition key has {characters} characters");
            let mut problem = self.problem(row, message);
            problem.help(format!("a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters"));
            return Err(problem);
        }
        let Some(column) = at.count else {
            return Ok(weighted(key, 1.0));
        };
        let Some(field) = row.get(column) else {
            return Err(self.problem(row, "this row has no count"));
        };
        match number(field) {
            Some(count) if (0.0..=COUNT_MAX).contains(&count) => Ok(weighted(key, count)),
            _ => {
                let field = String::from_utf8_lossy(field);
                let message = format!("the count of this row is `{}`", shorten(&field));
                let mut problem = self.problem(row, message);
                problem.help("a count is a number from 0 to 1e15, without separators");
                Err(problem)
            }
        }
    }

    /// A problem at a row, which is shown as it stands in the file.
    fn problem(&self, row: &ByteRecord, message: impl Into<String>) -> Box<Diagnostic> {
        let (byte, line) = row.position().map_or((0, 1), |at| (at.byte(), at.line()));
        let start = usize::try_from(byte).unwrap_or(0).min(self.bytes.len());
        let skipped = self.bytes[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        let skipped = skipped.copied().collect::<Vec<_>>();
        let rest = &self.bytes[start + skipped.len()..];
        let newlines = skipped.iter().filter(|byte| **byte == b'\n').count();
        let line = usize::try_from(line).unwrap_or(1) + newlines;
        let shown = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let shown = String::from_utf8_lossy(&shown[..shown.len().min(200)]);
        let span: Range<usize> = 0..shown.trim_end().len();
        let excerpt = Excerpt::new(self.path, shown.trim_end(), line, span);
        Box::new(Diagnostic::new("bad-key-file", message, excerpt))
    }
}

/// A field as a finite number.
fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field).ok()?.trim();
    text.parse::<f64>().ok().filter(|number| number.is_finite())
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

fn weighted(key: &str, weight: f64) -> WeightedKey {
    WeightedKey { key: key.to_owned(), weight, explicit_hash_key: None }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
