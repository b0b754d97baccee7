//! Counting real keys as they are read, block by block.
//!
//! Every key is hashed with the MD5 that Kinesis uses, and that hash also tells equal keys: they
//! land in the same place anyway. Memory grows with the distinct keys, not with the rows: once many
//! rows are pending, they are sorted by hash and equal ones become one.

use rayon::prelude::*;

use super::rows::{KeyColumns, RowFormat, lines};
use super::table::KeyTable;
use crate::hash_key::hash_each;

/// Bytes of one task; a constant, so that the outcome does not depend on the number of threads.
const CHUNK_BYTES: usize = 1 << 18;
/// Rows that may be pending beyond twice the distinct keys.
const PENDING_ROWS: usize = 16_000_000;
/// Most distinct keys; more would not fit the memory of a common machine.
const KEYS_MAX: usize = 200_000_000;
/// Most bad rows that are described.
const BAD_ROWS_SHOWN: usize = 5;

/// A key: where it lands, how much of it there is, where its name stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) hash: u128,
    pub(super) weight: f64,
    /// Start of the name in the texts, times 2^16, plus its length.
    pub(super) name: u64,
}

impl Entry {
    /// Where the name stands.
    pub(super) fn place(&self) -> std::ops::Range<usize> {
        let start = (self.name >> 16) as usize;
        start..start + (self.name & 0xffff) as usize
    }
}

/// Counts keys.
#[derive(Debug)]
pub struct KeyCounter {
    source: String,
    columns: KeyColumns,
    format: Option<RowFormat>,
    entries: Vec<Entry>,
    /// Entries at the front that are distinct and in order.
    distinct: usize,
    names: Vec<u8>,
    rows: u64,
    lines: u64,
    bad_rows: u64,
    problems: Vec<String>,
    /// Bytes that are still to come, as far as that is known.
    bytes_ahead: usize,
}

/// What one task read.
#[derive(Default)]
struct Chunk {
    entries: Vec<Entry>,
    /// Names that do not stand in the text as they are.
    unquoted: Vec<u8>,
    lines: u64,
    /// Line within the chunk, and what is wrong with it.
    problems: Vec<(u64, String)>,
    bad_rows: u64,
}

impl KeyCounter {
    /// A counter for the keys of `source`, the name of a file.
    #[must_use]
    pub fn new(source: &str, columns: KeyColumns) -> Self {
        Self {
            source: source.to_owned(),
            columns,
            format: None,
            entries: Vec::new(),
            distinct: 0,
            names: Vec::new(),
            rows: 0,
            lines: 0,
            bad_rows: 0,
            problems: Vec::new(),
            bytes_ahead: 0,
        }
    }

    /// Makes room for so many bytes of text at once, which is quicker than growing.
    pub fn expect(&mut self, bytes: usize) {
        self.bytes_ahead = bytes;
        self.names.reserve(bytes);
    }

    /// Takes the next block of the text, which ends at the end of a line or of the text.
    ///
    /// # Errors
    /// When the header lacks a column, or there are too many distinct keys.
    pub fn add(&mut self, block: &[u8]) -> Result<(), String> {
        let mut block = block;
        let format = match self.format {
            Some(format) => format,
            None => {
                block = block.strip_prefix("\u{feff}".as_bytes()).unwrap_or(block);
                let format = RowFormat::of(block, &self.source, &self.columns)?;
                if format.has_header {
                    let line = block.iter().position(|byte| *byte == b'\n');
                    block = line.map_or(&block[..0], |end| &block[end + 1..]);
                    self.lines += 1;
                }
                *self.format.insert(format)
            }
        };
        let first_name = self.names.len();
        self.names.extend_from_slice(block);
        let chunks: Vec<Chunk> = chunks(block)
            .par_iter()
            .map(|range| read_chunk(&block[range.clone()], first_name + range.start, format))
            .collect();
        self.make_room(block.len(), chunks.iter().map(|chunk| chunk.entries.len()).sum());
        for chunk in chunks {
            self.take(chunk);
        }
        if self.entries.len() > 2 * self.distinct + PENDING_ROWS {
            self.collapse();
            self.keep_names();
        }
        if self.distinct > KEYS_MAX {
            return Err(format!("{} has more than {KEYS_MAX} distinct keys", self.source));
        }
        Ok(())
    }

    /// Makes room for the rows of a block and for as many in each byte of what is still to come.
    fn make_room(&mut self, bytes: usize, rows: usize) {
        self.bytes_ahead = self.bytes_ahead.saturating_sub(bytes);
        if self.entries.capacity() - self.entries.len() >= rows {
            return;
        }
        let ahead = rows as f64 * (1.01 * self.bytes_ahead as f64 / bytes.max(1) as f64);
        self.entries.reserve(rows + (ahead as usize).min(2 * PENDING_ROWS));
    }

    fn take(&mut self, chunk: Chunk) {
        let own = self.names.len() as u64;
        self.names.extend_from_slice(&chunk.unquoted);
        self.rows += chunk.entries.len() as u64;
        self.entries.extend(chunk.entries.into_iter().map(|mut entry| {
            if entry.name & OWN != 0 {
                entry.name = (entry.name & !OWN) + (own << 16);
            }
            entry
        }));
        for (line, problem) in chunk.problems {
            if self.problems.len() < BAD_ROWS_SHOWN {
                self.problems.push(format!("line {} {problem}", self.lines + line));
            }
        }
        self.bad_rows += chunk.bad_rows;
        self.lines += chunk.lines;
    }

    /// Brings equal keys together; the name and the place of the first one stay.
    fn collapse(&mut self) {
        self.entries.par_sort_unstable_by_key(|entry| (entry.hash, entry.name));
        self.entries.dedup_by(|next, first| {
            let equal = next.hash == first.hash;
            if equal {
                first.weight += next.weight;
            }
            equal
        });
        self.distinct = self.entries.len();
    }

    /// Drops the texts of keys that are counted elsewhere.
    fn keep_names(&mut self) {
        let bytes = self.entries.iter().map(|entry| entry.place().len()).sum();
        let mut kept = Vec::with_capacity(bytes);
        for entry in &mut self.entries {
            let place = entry.place();
            entry.name = (kept.len() as u64) << 16 | place.len() as u64;
            kept.extend_from_slice(&self.names[place]);
        }
        self.names = kept;
    }

    /// All keys that were counted.
    ///
    /// # Errors
    /// What is wrong with the rows, when anything is, or that there are none.
    pub fn finish(mut self) -> Result<KeyTable, String> {
        if self.bad_rows > 0 {
            let more = self.bad_rows - self.problems.len() as u64;
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            return Err(format!("{}: {}{more}", self.source, self.problems.join("\n  ")));
        }
        self.collapse();
        self.entries.retain(|entry| entry.weight > 0.0);
        if self.entries.is_empty() {
            return Err(format!("{} has no key with a positive count", self.source));
        }
        Ok(KeyTable::new(self.entries, self.names, self.rows))
    }
}

/// Marks a name that stands among those of its own chunk.
const OWN: u64 = 1 << 63;

/// Ranges of about one chunk each that end at line ends.
fn chunks(block: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < block.len() {
        let least = (start + CHUNK_BYTES).min(block.len());
        let rest = &block[least..];
        let end =
            rest.iter().position(|byte| *byte == b'\n').map_or(block.len(), |at| least + at + 1);
        ranges.push(start..end);
        start = end;
    }
    ranges
}

/// Reads and hashes the rows of `text`, which begins at `offset` of all names.
fn read_chunk(text: &[u8], offset: usize, format: RowFormat) -> Chunk {
    let mut chunk = Chunk::default();
    let mut rows: Vec<(u64, f64)> = Vec::with_capacity(text.len() / 16);
    let base = text.as_ptr() as usize;
    for line in lines(text) {
        chunk.lines += 1;
        if line.is_empty() {
            continue;
        }
        match format.read(line) {
            Ok((std::borrow::Cow::Borrowed(key), weight)) => {
                let start = key.as_ptr() as usize - base;
                rows.push(((start as u64) << 16 | key.len() as u64, weight));
            }
            Ok((std::borrow::Cow::Owned(key), weight)) => {
                let start = chunk.unquoted.len() as u64;
                rows.push((OWN | start << 16 | key.len() as u64, weight));
                chunk.unquoted.extend_from_slice(&key);
            }
            Err(problem) => {
                chunk.bad_rows += 1;
                if chunk.problems.len() < BAD_ROWS_SHOWN {
                    chunk.problems.push((chunk.lines, problem));
                }
            }
        }
    }
    if text.ends_with(b"\n") {
        // What follows the last line end is no line.
        chunk.lines -= 1;
    }
    chunk.entries = Vec::with_capacity(rows.len());
    let unquoted = &chunk.unquoted;
    let entries = &mut chunk.entries;
    hash_each(
        0..rows.len(),
        |row, buffer| {
            let name = rows[row].0;
            let start = ((name & !OWN) >> 16) as usize;
            let names = if name & OWN == 0 { text } else { unquoted };
            buffer.extend_from_slice(&names[start..start + (name & 0xffff) as usize]);
        },
        |row, hash_key, _| {
            let (name, weight) = rows[row];
            let shift = if name & OWN == 0 { (offset as u64) << 16 } else { 0 };
            entries.push(Entry { hash: hash_key.0, weight, name: name + shift });
        },
    );
    chunk
}
