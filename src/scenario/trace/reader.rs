//! From lines to records: the one way in which a trace is read, when it is checked and when it is
//! replayed.

use std::fmt;
use std::io;

use super::clock::TraceClock;
use super::keys::hash;
use super::object::{self, Capture, FIELDS};
use super::record::{self, TraceRecord};
use super::row::Row;
use super::{Beyond, Lines, StreamedFile, TraceFormat, TraceLayout};
use crate::scenario::tree::shorten;

/// Index of the explicit hash key among the parts of a record.
const EXPLICIT_HASH_KEY: usize = 2;
/// Multiplier of the fingerprint: 2^64 over the golden ratio, odd.
const FINGERPRINT_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What the next line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A record.
    Record,
    /// Something else, which the reader of the trace describes.
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
    /// Whether its time is too far before that of a line above.
    pub(in crate::scenario) is_backwards: bool,
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
    /// Whether the line is a row that stood where a header could be, and comes next.
    is_row_read: bool,
    /// Records that were earlier than a line above, within the tolerance.
    moved_records: u64,
    /// Records before the start of the run.
    earlier_records: u64,
    /// The first record after the end of the run.
    beyond: Option<Beyond>,
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
        let lines = file.open().and_then(Lines::new).map_err(unreadable)?;
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
            first: layout.starts_at,
            last: 0,
            is_row_read: false,
            moved_records: 0,
            earlier_records: 0,
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
            if !std::mem::take(&mut self.is_row_read) && !self.lines.advance()? {
                return Ok(Step::End);
            }
            match self.read(record) {
                Ok(true) if record.offset >= self.layout.horizon => {
                    self.beyond = Some(Beyond { line: self.line(), offset: record.offset });
                    return Ok(Step::End);
                }
                Ok(true) => {
                    self.fold(record.offset ^ u64::from(record.size_bytes).rotate_right(16));
                    self.fold(hash(&record.key, record.explicit_hash_key));
                    return Ok(Step::Record);
                }
                // A record of another stream, or of a time before the run.
                Ok(false) => {}
                Err(mut malformed) => {
                    if !self.lines.is_ended() && !self.lines.is_damaged() {
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

    /// The first record after the end of the run, if one was met.
    #[must_use]
    pub const fn beyond(&self) -> Option<Beyond> {
        self.beyond
    }

    /// Records so far that were earlier than a line above, within the tolerance.
    pub(in crate::scenario) const fn moved_records(&self) -> u64 {
        self.moved_records
    }

    /// Records so far that were before the start of the run.
    pub(in crate::scenario) const fn earlier_records(&self) -> u64 {
        self.earlier_records
    }

    /// Whether the compressed file is cut off or damaged at the last line that was read.
    pub(in crate::scenario) fn is_damaged(&self) -> bool {
        self.lines.is_damaged()
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
        let read = self.row.read(self.lines.line(), delimiter).map_err(str::to_owned);
        if let Some(message) = self.lines.problem().map(str::to_owned).or(read.err()) {
            return Err(error(message, None, &[]));
        }
        if self.layout.columns.are_defaults && self.clock.clone().read(self.row.field(0)).is_ok() {
            self.indices = self.positions().map_err(|message| error(message, None, &[]))?;
            (self.width, self.is_row_read) = (self.row.len(), true);
            return Ok(());
        }
        let columns: Vec<String> = self.row.fields().map(|name| name.trim().to_owned()).collect();
        for (index, name) in names(&self.layout).into_iter().enumerate() {
            let Some(name) = name else { continue };
            let Some(at) = columns.iter().position(|column| column == name) else {
                if index == EXPLICIT_HASH_KEY && self.layout.columns.are_defaults {
                    continue;
                }
                let message = format!("the header has no column `{}`", shorten(name));
                return Err(error(message, Some(name), &columns));
            };
            self.indices[index] = Some(at);
        }
        self.width = columns.len();
        Ok(())
    }

    /// The columns of a file without a header: time, key, size and explicit hash key in this order.
    fn positions(&self) -> Result<[Option<usize>; FIELDS], String> {
        let width = self.row.len();
        let order = [0, 1, 3, 2];
        let mut indices = [None; FIELDS];
        for ((index, at), name) in indices.iter_mut().zip(order).zip(names(&self.layout)) {
            let Some(name) = name else { continue };
            if at < width {
                *index = Some(at);
            } else if at < order.len() - 1 {
                return Err(format!(
                    "a file without a header has the columns time, key and size; `{name}` is missing"
                ));
            }
        }
        Ok(indices)
    }

    /// Reads the line into `record`; false when it is about another stream, or a time before the
    /// run.
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
                record::fill(&self.layout.columns, parts, &mut self.clock, record)?
            }
            TraceFormat::Ndjson => {
                let fields = object::fields(line, names(&self.layout))?;
                let parts = std::array::from_fn(|index| fields[index].as_deref());
                record::fill(&self.layout.columns, parts, &mut self.clock, record)?
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
                    return Err(Malformed { message, is_other_stream: true, is_backwards: false });
                }
                record::set_key(&capture.partition_key, record)?;
                record.explicit_hash_key = record::hash_key(capture.explicit_hash_key.as_deref())?;
                record.size_bytes = record::size(capture.data_bytes()?)?;
                u128::from(capture.ts) * 1_000_000
            }
        };
        let offset = self.offset(time)?;
        record.offset = offset.unwrap_or_default();
        Ok(offset.is_some())
    }

    /// Simulated nanoseconds from the start of the run to `time`, which must not be before the last
    /// one; nothing for a time before the run.
    fn offset(&mut self, time: u128) -> Result<Option<u64>, Malformed> {
        let first = *self.first.get_or_insert(time);
        if time < self.last {
            let back = self.last - time;
            if back > self.layout.tolerance {
                let back = back as f64 / 1e6;
                let message = format!("the time is {back} ms before that of a line above");
                return Err(Malformed { message, is_other_stream: false, is_backwards: true });
            }
            self.moved_records += 1;
        }
        self.last = self.last.max(time);
        let Some(recorded) = self.last.checked_sub(first) else {
            self.earlier_records += 1;
            return Ok(None);
        };
        let recorded = u64::try_from(recorded).unwrap_or(u64::MAX);
        let speed = self.layout.speed;
        let is_real_time = speed.to_bits() == 1f64.to_bits();
        Ok(Some(if is_real_time { recorded } else { (recorded as f64 / speed) as u64 }))
    }
}

/// The columns of a record in the order of its parts.
fn names(layout: &TraceLayout) -> [Option<&str>; FIELDS] {
    let columns = &layout.columns;
    let (key, explicit) = (columns.key.as_deref(), columns.explicit_hash_key.as_deref());
    [Some(&columns.time), key, explicit, columns.size.as_deref()]
}

impl From<String> for Malformed {
    fn from(message: String) -> Self {
        Self { message, is_other_stream: false, is_backwards: false }
    }
}
