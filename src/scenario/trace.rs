//! Recorded traffic: time, partition key and size of each record, from a file of any length.
//!
//! A trace is read twice, from start to end, a line at a time: once when the scenario is read, to
//! check every line that will be replayed and to learn how many records come when and with which
//! keys; and once in each replication, by the engine, which draws nothing then. What is held in
//! memory does not grow with the file: one line, the distinct keys up to a bound, and the counts
//! of at most 65,536 stretches of time.
//!
//! Behind this door: `lines` cuts a file into lines of bounded length, `row` takes a line of
//! comma separated values apart, `object` a line of JSON, `clock` reads times, `record` makes a
//! record of the parts, `keys` numbers the partition keys, and `reader` is the way through all of
//! them.

mod clock;
mod keys;
mod lines;
mod object;
mod reader;
mod record;
mod row;

use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

pub(super) use clock::TimeUnit;
pub(super) use keys::KeyTable;
pub(super) use lines::Lines;
pub(super) use reader::OpenError;
pub use reader::{Step, TraceReader};
pub use record::TraceRecord;

use crate::hash_key::HashKey;
use crate::time::Span;

/// Most stretches of time whose records are counted.
const STRETCHES_MAX: u64 = 65_536;

/// Opens a file at its start.
type OpenFile = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;

/// A file that is read from its start as often as it is needed, and never held as a whole.
#[derive(Clone)]
pub struct StreamedFile {
    open: Arc<OpenFile>,
}

impl StreamedFile {
    /// A file that `open` opens at its start, every time anew.
    #[must_use]
    pub fn new(
        open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self { open: Arc::new(open) }
    }

    /// A file that is in memory already.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        let bytes: Arc<[u8]> = bytes.into();
        Self::new(move || Ok(Box::new(Cursor::new(Arc::clone(&bytes)))))
    }

    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        (self.open)()
    }
}

impl fmt::Debug for StreamedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StreamedFile")
    }
}

/// How the lines of a trace are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TraceFormat {
    /// Comma separated values below a header; a row is one line.
    Csv {
        /// What stands between two fields.
        delimiter: u8,
    },
    /// One JSON object a line.
    Ndjson,
    /// The capture of the ferrokinesis emulator: one JSON object a line, with fields of its own.
    Ferrokinesis {
        /// The stream whose records are taken; when not given, the file must have one stream.
        stream: Option<String>,
    },
}

/// Where the parts of a record stand: headers of columns, or names of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TraceColumns {
    /// The time.
    pub(super) time: String,
    /// The partition key; nothing where the scenario gives the keys.
    pub(super) key: Option<String>,
    /// The explicit hash key, which a record may leave empty.
    pub(super) explicit_hash_key: Option<String>,
    /// Bytes of data; nothing where the scenario gives the sizes.
    pub(super) size: Option<String>,
    /// Whether the scenario names none of them: then an explicit hash key may be absent, and a file
    /// of comma separated values may have no header.
    pub(super) are_defaults: bool,
}

/// How a file becomes records: everything but what is in it.
#[derive(Clone, Debug)]
pub(super) struct TraceLayout {
    /// How lines are written.
    pub(super) format: TraceFormat,
    /// Where the parts of a record stand.
    pub(super) columns: TraceColumns,
    /// Unit of times that are numbers; by the size of the first one when not given.
    pub(super) time_unit: Option<TimeUnit>,
    /// How much earlier than a line above a record may be, in nanoseconds.
    pub(super) tolerance: u128,
    /// The time that is the start of the run, in nanoseconds since 1970; that of the first record
    /// when not given.
    pub(super) starts_at: Option<u128>,
    /// Recorded time over simulated time: at 2 an hour is replayed in half an hour.
    pub(super) speed: f64,
    /// End of the run in nanoseconds; later records are not replayed.
    pub(super) horizon: u64,
}

/// Recorded traffic, its lines checked and counted.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The file, as the scenario names it.
    pub path: String,
    /// Records of the run for each one of the file: whole copies, and one more by chance.
    pub rate_scale: f64,
    /// Records of the file within the run, before `rate_scale`.
    pub records: u64,
    /// Lines among them that could not be read and were left out.
    pub malformed_lines: u64,
    /// Number of the first such line, from one.
    pub malformed_line_first: Option<u64>,
    /// The line at which a compressed file is cut off or damaged, so that nothing follows it.
    pub damaged_line: Option<u64>,
    /// Records that were earlier than a line above, within the tolerance.
    pub moved_records: u64,
    /// Records before the recorded moment at which the run starts.
    pub earlier_records: u64,
    /// When the last record of the run comes, before `rate_scale` makes copies of it.
    pub last_at: Span,
    /// Where the file goes on after the end of the run.
    pub beyond: Option<Beyond>,
    pub(super) file: StreamedFile,
    pub(super) layout: TraceLayout,
    /// What the lines of the run said, in one number.
    pub(super) fingerprint: u64,
    /// Records in each stretch of time of equal length.
    pub(super) counts: StretchCounts,
    /// The keys that are told apart, by falling count.
    pub(super) keys: KeyTable,
    /// Records of all other keys by the shard of their hash key.
    pub(super) other_keys_by_shard: Vec<u64>,
}

/// The first record of a trace that comes after the end of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// Number of its line, from one.
    pub line: u64,
    /// When it would come, in nanoseconds since the start of the run.
    pub offset: u64,
}

/// Why a trace that was good when the scenario was read could not be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read to its end.
    #[error("cannot read the trace `{path}` beyond line {line}: {reason}")]
    Unreadable {
        /// The file, as the scenario names it.
        path: String,
        /// The last line that was read, from one.
        line: u64,
        /// Why not.
        reason: String,
    },
    /// The file does not say what it said before.
    #[error("the trace `{path}` has changed since the scenario was read")]
    Changed {
        /// The file, as the scenario names it.
        path: String,
    },
}

impl Trace {
    /// Lines of the run, good or not.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.records + self.malformed_lines
    }

    /// A reader at the start of the file.
    ///
    /// # Errors
    /// When the file cannot be opened, or has another header than before.
    pub fn reader(&self) -> Result<TraceReader, TraceError> {
        TraceReader::open(&self.file, &self.layout).map_err(|error| match error {
            OpenError::Unreadable(reason) => self.unreadable(0, reason),
            OpenError::Empty | OpenError::Header { .. } => self.changed(),
        })
    }

    /// The error of a file that cannot be read beyond `line`.
    #[must_use]
    pub fn unreadable(&self, line: u64, reason: impl Into<String>) -> TraceError {
        TraceError::Unreadable { path: self.path.clone(), line, reason: reason.into() }
    }

    /// The error of a file that does not say what it said before.
    #[must_use]
    pub fn changed(&self) -> TraceError {
        TraceError::Changed { path: self.path.clone() }
    }

    /// Whether `reader`, at its end, has read what was read before.
    #[must_use]
    pub fn is_what_was_read(&self, reader: &TraceReader) -> bool {
        reader.fingerprint() == self.fingerprint
    }

    /// Whether the records bring their partition keys.
    #[must_use]
    pub const fn has_keys(&self) -> bool {
        self.layout.columns.key.is_some()
    }

    /// Whether the records bring their sizes.
    #[must_use]
    pub const fn has_sizes(&self) -> bool {
        self.layout.columns.size.is_some()
    }

    /// The number of a key among those that are told apart, by falling count; nothing for others.
    #[must_use]
    pub fn key_number(&self, key: &str, explicit: Option<HashKey>) -> Option<u32> {
        self.keys.find(key, explicit)
    }

    /// Records of keys that are not told apart, by the shard of their hash key.
    #[must_use]
    pub fn other_keys_by_shard(&self) -> &[u64] {
        &self.other_keys_by_shard
    }

    /// Stretches of time and the records to expect in each: end in nanoseconds, records.
    pub fn stretches(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        let length = self.counts.length;
        let ends = (1..).map(move |number: u64| number.saturating_mul(length));
        ends.zip(self.counts.records.iter().map(|records| *records as f64 * self.rate_scale))
    }

    /// The highest rate of a stretch, in records a second.
    #[must_use]
    pub fn highest_per_second(&self) -> f64 {
        let seconds = Span::from_nanoseconds(self.counts.length).as_seconds();
        let most = self.counts.records.iter().copied().max().unwrap_or(0);
        most as f64 * self.rate_scale / seconds
    }
}

impl PartialEq for Trace {
    /// The same lines, replayed in the same way.
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
            && self.fingerprint == other.fingerprint
            && self.rate_scale.to_bits() == other.rate_scale.to_bits()
            && self.layout.speed.to_bits() == other.layout.speed.to_bits()
            && self.layout.starts_at == other.layout.starts_at
    }
}

/// Counts of records in stretches of equal length from the start of a run to its end.
#[derive(Clone, Debug)]
pub(super) struct StretchCounts {
    /// Length of a stretch in nanoseconds: a second, or more in a long run.
    length: u64,
    records: Vec<u64>,
}

impl StretchCounts {
    /// No record yet, in a run of `horizon` nanoseconds.
    pub(super) fn new(horizon: u64) -> Self {
        let second = Span::SECOND.nanoseconds();
        let stretches = horizon.div_ceil(second).clamp(1, STRETCHES_MAX);
        let length = horizon.div_ceil(stretches).max(1);
        Self { length, records: vec![0; stretches as usize] }
    }

    /// One more record at `offset`, in nanoseconds.
    pub(super) fn add(&mut self, offset: u64) {
        let last = self.records.len() - 1;
        let stretch = ((offset / self.length) as usize).min(last);
        self.records[stretch] += 1;
    }
}
