//! From lines to records: the one way in which a trace is read, when it is checked and when it is
//! replayed.

use std::fmt;
use std::io;

use super::clock::TraceClock;
use super::keys::hash;
use super::object::{self, Capture, FIELDS};
use super::row::Row;
use super::{Lines, StreamedFile, TraceFormat, TraceLayout};
use crate::hash_key::HashKey;
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::tree::shorten;

/// Larger than any record that a stream takes.
const SIZE_BYTES_MAX: u64 = 1_000_000_000;
/// Multiplier of the fingerprint: 2^64 over the golden ratio, odd.
const FINGERPRINT_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// One record of a trace; keeps its memory from record to record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceRecord {
    /// Nanoseconds of simulated time since the first record.
    pub offset: u64,
    /// The partition key; empty where the trace has none.
    pub key: String,
    /// Replaces the MD5 of the key when present.
    pub explicit_hash_key: Option<HashKey>,
    /// Bytes of data; zero where the trace has no sizes.
    pub size_bytes: u32,
}

/// What the next line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A record.
    Record,
    /// Something else, which [`TraceReader::malformed`] describes.
    Malformed,
    /// Nothing: the file or the run is over.
    End,
}

/// A line that is no record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::scenario) struct Malformed {
    /// What is wrong with it.
    pub(in crate::scenario) message: String,
    /// Whether it speaks of another stream, which is for the scenario to settle.
    pub(in crate::scenario) is_other_stream: bool,
}

/// Why the reading of a file could not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum OpenError {
    /// It cannot be opened or read.
    Unreadable(String),
    /// There is nothing in it.
    Empty,
    /// The header cannot be used.
    Header {
        /// What is wrong with it.
        message: String,
        /// The column that it lacks, if that is it.
        missing: Option<String>,
        /// Its columns.
        columns: Vec<String>,
        /// The line as it stands in the file.
        line: String,
    },
}

/// Reads the records of a trace in order.
pub struct TraceReader {
    layout: TraceLayout,
    lines: Lines,
    clock: TraceClock,
    row: Row,
    /// Index of the time, the key, the explicit hash key and the size among the columns.
    indices: [Option<usize>; FIELDS],
    /// Number of columns.
    width: usize,
    /// The only stream whose records are taken.
    stream: Option<String>,
    /// The first time, in nanoseconds since 1970 or where its numbers start.
    first: Option<u128>,
    /// The last time.
    last: u128,
    /// Offset of the first record after the end of the run.
    beyond: Option<u64>,
    fingerprint: u64,
    malformed: Malformed,
}

impl fmt::Debug for TraceReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TraceReader").field("line", &self.line()).finish_non_exhaustive()
    }
}

impl TraceReader {
    /// A reader at the start of `file`.
    pub(in crate::scenario) fn open(
        file: &StreamedFile,
        layout: &TraceLayout,
    ) -> Result<Self, OpenError> {
        let unreadable = |error: io::Error| OpenError::Unreadable(error.to_string());
        let lines = Lines::new(file.open().map_err(unreadable)?, layout.is_compressed);
        let stream = match &layout.format {
            TraceFormat::Ferrokinesis { stream } => stream.clone(),
            TraceFormat::Csv { .. } | TraceFormat::Ndjson => None,
        };
        let mut reader = Self {
            layout: layout.clone(),
            lines,
            clock: TraceClock::new(layout.time_unit),
            row: Row::default(),
            indices: [None; FIELDS],
            width: 0,
            stream,
            first: None,
            last: 0,
            beyond: None,
            fingerprint: 0,
            malformed: Malformed::default(),
        };
        if let TraceFormat::Csv { delimiter } = layout.format {
            reader.read_header(delimiter)?;
        }
        Ok(reader)
    }

    /// Puts the next record before the end of the run into `record`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next(&mut self, record: &mut TraceRecord) -> io::Result<Step> {
        if self.beyond.is_some() {
            return Ok(Step::End);
        }
        loop {
            if !self.lines.advance()? {
                return Ok(Step::End);
            }
            match self.read(record) {
                Ok(true) if record.offset >= self.layout.horizon => {
                    self.beyond = Some(record.offset);
                    return Ok(Step::End);
                }
                Ok(true) => {
                    self.fold(record.offset ^ u64::from(record.size_bytes).rotate_right(16));
                    self.fold(hash(&record.key, record.explicit_hash_key));
                    return Ok(Step::Record);
                }
                // A record of another stream than the one that was asked for.
                Ok(false) => {}
                Err(mut malformed) => {
                    if !self.lines.is_ended() {
                        malformed
                            .message
                            .push_str("; no line end follows, the file may be cut off");
                    }
                    self.fold(self.lines.number());
                    self.malformed = malformed;
                    return Ok(Step::Malformed);
                }
            }
        }
    }

    /// The number of the last line that was read, from one.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Offset of the first record after the end of the run, if one was met.
    #[must_use]
    pub const fn beyond(&self) -> Option<u64> {
        self.beyond
    }

    /// What is wrong with the last line, where it is malformed.
    pub(in crate::scenario) fn malformed(&self) -> &Malformed {
        &self.malformed
    }

    /// The last line as it stands in the file.
    pub(in crate::scenario) fn text(&self) -> &[u8] {
        self.lines.line()
    }

    /// What all lines so far said, in one number.
    pub(in crate::scenario) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn fold(&mut self, value: u64) {
        let folded = (self.fingerprint.rotate_left(23) ^ value).wrapping_mul(FINGERPRINT_STEP);
        self.fingerprint = folded ^ folded >> 32;
    }

    fn read_header(&mut self, delimiter: u8) -> Result<(), OpenError> {
        let is_any = self.lines.advance().map_err(|error| OpenError::Unreadable(error.to_string()));
        if !is_any? {
            return Err(OpenError::Empty);
        }
        let line = String::from_utf8_lossy(self.lines.line()).into_owned();
        let error =
            |message: String, missing: Option<&str>, columns: &[String]| OpenError::Header {
                message,
                missing: missing.map(str::to_owned),
                columns: columns.to_vec(),
                line: line.clone(),
            };
        if let Err(message) = self.row.read(self.lines.line(), delimiter) {
            return Err(error(message.to_owned(), None, &[]));
        }
        let columns: Vec<String> = self.row.fields().map(|name| name.trim().to_owned()).collect();
        for (index, name) in names(&self.layout).into_iter().enumerate() {
            let Some(name) = name else { continue };
            let Some(at) = columns.iter().position(|column| column == name) else {
                let message = format!("the header has no column `{}`", shorten(name));
                return Err(error(message, Some(name), &columns));
            };
            self.indices[index] = Some(at);
        }
        self.width = columns.len();
        Ok(())
    }

    /// Reads the line into `record`; false when it is about another stream.
    fn read(&mut self, record: &mut TraceRecord) -> Result<bool, Malformed> {
        if let Some(problem) = self.lines.problem() {
            return Err(problem.to_owned().into());
        }
        let line = self.lines.line();
        let time = match &self.layout.format {
            TraceFormat::Csv { delimiter } => {
                self.row.read(line, *delimiter).map_err(str::to_owned)?;
                if self.row.len() != self.width {
                    let (fields, width) = (self.row.len(), self.width);
                    let message = format!("the row has {fields} fields, the header {width}");
                    return Err(message.into());
                }
                let parts = self.indices.map(|index| index.map(|at| self.row.field(at)));
                fill(&self.layout, parts, &mut self.clock, record)?
            }
            TraceFormat::Ndjson => {
                let fields = object::fields(line, names(&self.layout))?;
                let parts = std::array::from_fn(|index| fields[index].as_deref());
                fill(&self.layout, parts, &mut self.clock, record)?
            }
            TraceFormat::Ferrokinesis { stream: wanted } => {
                let capture = Capture::read(line)?;
                let stream = self.stream.get_or_insert_with(|| capture.stream.clone().into_owned());
                if *stream != capture.stream {
                    if wanted.is_some() {
                        return Ok(false);
                    }
                    let (one, other) = (shorten(stream), shorten(&capture.stream));
                    let message = format!("the file has records of `{one}` and of `{other}`");
                    return Err(Malformed { message, is_other_stream: true });
                }
                set_key(&capture.partition_key, record)?;
                record.explicit_hash_key = hash_key(capture.explicit_hash_key.as_deref())?;
                record.size_bytes = size(capture.data_bytes()?)?;
                u128::from(capture.ts) * 1_000_000
            }
        };
        record.offset = self.offset(time)?;
        Ok(true)
    }

    /// Simulated nanoseconds from the first record to `time`, which must not be before the last.
    fn offset(&mut self, time: u128) -> Result<u64, Malformed> {
        let first = *self.first.get_or_insert(time);
        if time < self.last {
            let back = (self.last - time) as f64 / 1e6;
            let message = format!("the time is {back} ms before that of a line above");
            return Err(message.into());
        }
        self.last = time;
        let recorded = u64::try_from(time - first).unwrap_or(u64::MAX);
        let speed = self.layout.speed;
        let is_real_time = speed.to_bits() == 1f64.to_bits();
        Ok(if is_real_time { recorded } else { (recorded as f64 / speed) as u64 })
    }
}

/// The columns of a record in the order of its parts.
fn names(layout: &TraceLayout) -> [Option<&str>; FIELDS] {
    let columns = &layout.columns;
    let (key, explicit) = (columns.key.as_deref(), columns.explicit_hash_key.as_deref());
    [Some(&columns.time), key, explicit, columns.size.as_deref()]
}

/// Fills `record` but for its offset; answers with its time.
fn fill(
    layout: &TraceLayout,
    [time, key, explicit, size_text]: [Option<&str>; FIELDS],
    clock: &mut TraceClock,
    record: &mut TraceRecord,
) -> Result<u128, Malformed> {
    let columns = &layout.columns;
    let absent = |name: &str| Malformed::from(format!("the line has no `{}`", shorten(name)));
    let time = time.ok_or_else(|| absent(&columns.time))?;
    if let Some(name) = &columns.key {
        set_key(key.ok_or_else(|| absent(name))?, record)?;
        record.explicit_hash_key = hash_key(explicit)?;
    }
    if let Some(name) = &columns.size {
        let text = size_text.ok_or_else(|| absent(name))?.trim();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = text.parse().ok().filter(|_| is_number).ok_or_else(|| {
            format!("the size `{}` is not a whole number of bytes", shorten(text))
        })?;
        record.size_bytes = size(bytes)?;
    }
    // Last, so that the notation of times is that of the first good line.
    clock.read(time).map_err(|what| format!("the time `{}` {what}", shorten(time)).into())
}

fn set_key(key: &str, record: &mut TraceRecord) -> Result<(), Malformed> {
    let characters =
        if key.len() > PARTITION_KEY_CHARACTERS { key.chars().count() } else { key.len() };
    if !(1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
        let message = format!(
            "the partition key has {characters} characters, not 1 to {PARTITION_KEY_CHARACTERS}"
        );
        return Err(message.into());
    }
    record.key.clear();
    record.key.push_str(key);
    Ok(())
}

/// The explicit hash key, where there is one.
fn hash_key(text: Option<&str>) -> Result<Option<HashKey>, Malformed> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let hash_key = text.parse().ok().filter(|_| is_number).map(HashKey);
    let wrong = || format!("`{}` is not a hash key, 0 to 2^128 - 1", shorten(text));
    Ok(Some(hash_key.ok_or_else(wrong)?))
}

fn size(bytes: u64) -> Result<u32, Malformed> {
    let fits = bytes <= SIZE_BYTES_MAX;
    let wrong = || Malformed::from(format!("the size is {bytes} bytes, more than a gigabyte"));
    if fits { Ok(bytes as u32) } else { Err(wrong()) }
}

impl From<String> for Malformed {
    fn from(message: String) -> Self {
        Self { message, is_other_stream: false }
    }
}
