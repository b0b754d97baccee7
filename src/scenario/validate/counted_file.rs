//! Rows of a field and a count, from a file of comma or tab separated values.
//!
//! What the field is, the caller knows: a partition key, or a size. A count may be any number from
//! zero up: records of an hour, a day or a sample weigh the same.

use std::ops::Range;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::Context;
use crate::scenario::diagnostic::{Diagnostic, Excerpt};
use crate::scenario::structure::did_you_mean;
use crate::scenario::tree::{Node, shorten};

/// Most rows of a file; more keys would not fit the memory of a small machine.
const ROWS_MAX: usize = 20_000_000;
/// Largest count of a row; beyond it a sum would lose whole records.
const COUNT_MAX: f64 = 1e15;
/// Most bad rows that are reported before the reading ends.
const BAD_ROWS_MAX: usize = 5;

/// A file as the scenario names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedFile<'a> {
    /// What the field is, in one word, for messages: `key`.
    pub(super) what: &'static str,
    /// The code of problems in the file.
    pub(super) code: &'static str,
    /// The file, relative to the scenario.
    pub(super) path: &'a str,
    /// Header of the column of the field; the first column when not given.
    pub(super) field_column: Option<&'a str>,
    /// Header of the column of counts; the second column, if there is one, when not given.
    pub(super) count_column: Option<&'a str>,
    /// What stands between two fields; by the name of the file when not given.
    pub(super) delimiter: Option<&'a str>,
}

/// What is wrong with a field, and what it should be.
#[derive(Debug)]
pub(super) struct WrongField {
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: String,
}

/// Takes the field and the count of a row.
pub(super) type Take<'a> = dyn FnMut(&[u8], f64) -> Result<(), WrongField> + 'a;

/// Reads the file that `node` names; nothing when it has a problem, which is then reported.
/// `is_field` tells a first row of data from a header where no column is named.
pub(super) fn read(
    raw: &NamedFile<'_>,
    node: &Node,
    context: &mut Context<'_, '_>,
    is_field: &dyn Fn(&[u8]) -> bool,
    take: &mut Take<'_>,
) -> Option<()> {
    let delimiter = delimiter(raw.code, raw.path, raw.delimiter, node, context)?;
    let path_node = node.at("path");
    let bytes = context.read_file(raw.path, path_node)?;
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let NamedFile { code, what, path, .. } = *raw;
    let file = CountedFile { code, what, path, bytes, delimiter };
    match file.rows(raw, is_field, take) {
        Ok(()) => Some(()),
        Err(found) => {
            for diagnostic in found {
                context.problems.push(path_node.place, diagnostic);
            }
            None
        }
    }
}

/// What stands between two fields: as written, or by the name of the file.
pub(super) fn delimiter(
    code: &'static str,
    path: &str,
    written: Option<&str>,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<u8> {
    let path = path.to_ascii_lowercase();
    let Some(text) = written else {
        let is_tabbed = path.ends_with(".tsv") || path.ends_with(".txt");
        return Some(if is_tabbed { b'\t' } else { b',' });
    };
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => {
            let at = node.at("delimiter");
            let message = format!("`{}` cannot separate fields", shorten(text));
            let help = "write one ASCII character, such as `\";\"` or `\"\\t\"`";
            context.error(code, at, message).help(help);
            None
        }
    }
}

/// A file while it is read.
struct CountedFile<'a> {
    code: &'static str,
    what: &'static str,
    path: &'a str,
    bytes: &'a [u8],
    delimiter: u8,
}

/// Which fields of a row to take.
#[derive(Clone, Copy)]
struct Columns {
    field: usize,
    count: Option<usize>,
}

impl CountedFile<'_> {
    /// Gives every row to `take`; or everything that is wrong with them.
    fn rows(
        &self,
        raw: &NamedFile<'_>,
        is_field: &dyn Fn(&[u8]) -> bool,
        take: &mut Take<'_>,
    ) -> Result<(), Vec<Diagnostic>> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(self.bytes);
        let mut row = ByteRecord::new();
        if !self.next(&mut reader, &mut row).map_err(|problem| vec![*problem])? {
            return Ok(());
        }
        if raw.delimiter.is_none()
            && let Some(problem) = self.other_separator(&row)
        {
            return Err(vec![*problem]);
        }
        let named = raw.field_column.is_some() || raw.count_column.is_some();
        let (columns, is_header) = if named {
            (self.named_columns(raw, &row).map_err(|problem| vec![*problem])?, true)
        } else {
            let columns = Columns { field: 0, count: (row.len() > 1).then_some(1) };
            let no_count = columns.count.is_some_and(|count| number(&row[count]).is_none());
            (columns, no_count || !is_field(row.get(0).unwrap_or_default()))
        };
        let mut bad = Vec::new();
        let mut rows = 0;
        let mut is_data = !is_header;
        loop {
            if is_data {
                rows += 1;
                if let Err(problem) = self.counted(&row, columns, take) {
                    bad.push(*problem);
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
        if bad.is_empty() { Ok(()) } else { Err(bad) }
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
            let message =
                format!("the rows look like a {} and a count with `{shown}` between", self.what);
            let mut problem = self.problem(first, message);
            let own = char::from(self.delimiter).escape_debug();
            problem.help(format!(
                "write `delimiter: \"{shown}\"`, or `delimiter: \"{own}\"` if each row is one {}",
                self.what
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
        raw: &NamedFile<'_>,
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
        let field = raw.field_column.map_or(Ok(0), find)?;
        let count = raw.count_column.map(find).transpose()?;
        Ok(Columns { field, count })
    }

    /// Takes the field and the count of a row.
    fn counted(
        &self,
        row: &ByteRecord,
        at: Columns,
        take: &mut Take<'_>,
    ) -> Result<(), Box<Diagnostic>> {
        let field = row.get(at.field).unwrap_or_default();
        let count = match at.count {
            Some(column) => self.count(row, column)?,
            None => 1.0,
        };
        take(field, count).map_err(|wrong| {
            let mut problem = self.problem(row, wrong.message);
            problem.help(wrong.help);
            problem
        })
    }

    fn count(&self, row: &ByteRecord, column: usize) -> Result<f64, Box<Diagnostic>> {
        let Some(field) = row.get(column) else {
            return Err(self.problem(row, "this row has no count"));
        };
        number(field).filter(|count| (0.0..=COUNT_MAX).contains(count)).ok_or_else(|| {
            let field = String::from_utf8_lossy(field);
            let message = format!("the count of this row is `{}`", shorten(&field));
            let mut problem = self.problem(row, message);
            problem.help("a count is a number from 0 to 1e15, without separators");
            problem
        })
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
        Box::new(Diagnostic::new(self.code, message, excerpt))
    }
}

/// A field as a finite number.
fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field).ok()?.trim();
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}
