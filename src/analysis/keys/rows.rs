//! Rows of real keys: which part of a line is the key, and which the count.
//!
//! A line is a key, or a key and a count behind a separator, or fields of which two are named in a
//! header. What the format is, is decided once, on the first lines. Counts may be any number from
//! zero up: records of an hour, a day or a sample weigh the same.

use std::borrow::Cow;

use csv::{ByteRecord, ReaderBuilder};

use crate::quotas::PARTITION_KEY_CHARACTERS;

/// Separators that are looked for where nobody names one.
const SEPARATORS: [u8; 4] = [b'\t', b',', b';', b'|'];
/// First lines on which the format is decided.
const LINES_LOOKED_AT: usize = 20;
/// Largest count of a row; beyond it a sum would lose whole records.
const COUNT_MAX: f64 = 1e15;

/// What the command line says of the format.
#[derive(Clone, Debug, Default)]
pub struct KeyColumns {
    /// Header of the column of the key; the first column when not given.
    pub key: Option<String>,
    /// Header of the column of counts; the second column, if there is one, when not given.
    pub count: Option<String>,
    /// What stands between two fields; looked for when not given.
    pub delimiter: Option<u8>,
}

/// Which part of a line is the key, and which the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowFormat {
    /// What stands between two fields; none where a whole line is a key.
    delimiter: Option<u8>,
    key: usize,
    count: Option<usize>,
    /// Whether the first line names the columns.
    pub(super) has_header: bool,
}

impl RowFormat {
    /// The format of a text that begins with `start`; `name` is that of the file.
    pub(super) fn of(start: &[u8], name: &str, columns: &KeyColumns) -> Result<Self, String> {
        let lines: Vec<&[u8]> = lines(start).filter(|line| !line.is_empty()).collect();
        let lines = &lines[..lines.len().min(LINES_LOOKED_AT)];
        let name = name.to_ascii_lowercase();
        if columns.key.is_some() || columns.count.is_some() {
            let by_name = if name.ends_with(".tsv") { b'\t' } else { b',' };
            return Self::named(lines, columns.delimiter.unwrap_or(by_name), columns);
        }
        let delimiter = columns.delimiter.or_else(|| match name.rsplit('.').next() {
            Some("csv") => Some(b','),
            Some("tsv") => Some(b'\t'),
            _ => None,
        });
        let Some(delimiter) = delimiter.or_else(|| counted_by(lines)) else {
            return Ok(Self { delimiter: None, key: 0, count: None, has_header: false });
        };
        let fields: Vec<Vec<Cow<'_, [u8]>>> =
            lines.iter().map(|line| fields(line, delimiter)).collect();
        let count = fields.iter().any(|row| row.len() > 1).then_some(1);
        let has_number =
            |row: &Vec<Cow<'_, [u8]>>| row.get(1).is_some_and(|field| number(field).is_some());
        let has_header = count.is_some() && fields.first().is_some_and(|row| !has_number(row));
        Ok(Self { delimiter: Some(delimiter), key: 0, count, has_header })
    }

    /// The columns that the header names.
    fn named(lines: &[&[u8]], delimiter: u8, columns: &KeyColumns) -> Result<Self, String> {
        let header = lines.first().map(|line| fields(line, delimiter)).unwrap_or_default();
        let names: Vec<String> =
            header.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
        let find = |wanted: &String| {
            names.iter().position(|name| name == wanted).ok_or_else(|| {
                format!("the header has no column `{wanted}`; its columns are {}", names.join(", "))
            })
        };
        Ok(Self {
            delimiter: Some(delimiter),
            key: columns.key.as_ref().map_or(Ok(0), find)?,
            count: columns.count.as_ref().map(find).transpose()?,
            has_header: true,
        })
    }

    /// The key and the count of a line; what is wrong with it otherwise.
    pub(super) fn read<'a>(&self, line: &'a [u8]) -> Result<(Cow<'a, [u8]>, f64), String> {
        let (key, count) = match self.delimiter {
            None => (Cow::Borrowed(line), 1.0),
            Some(delimiter) if line.contains(&b'"') => {
                let mut fields = fields(line, delimiter);
                let count = self.count.map(|column| count(fields.get(column).map(|f| &**f)));
                let key = if self.key < fields.len() {
                    fields.swap_remove(self.key)
                } else {
                    Cow::Borrowed(&line[..0])
                };
                (key, count.unwrap_or(Ok(1.0))?)
            }
            Some(delimiter) => {
                let field = |column| line.split(|byte| *byte == delimiter).nth(column);
                let count = self.count.map_or(Ok(1.0), |column| count(field(column)));
                (Cow::Borrowed(field(self.key).unwrap_or_default()), count?)
            }
        };
        check(&key)?;
        Ok((key, count))
    }
}

/// The lines of a text without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The separator after which every line but perhaps the first ends in a number.
fn counted_by(lines: &[&[u8]]) -> Option<u8> {
    let rows = lines.get(1..).filter(|rows| !rows.is_empty()).unwrap_or(lines);
    let ends_in_number = |line: &[u8], separator| {
        let parts: Vec<&[u8]> = line.split(|byte| *byte == separator).collect();
        parts.len() == 2 && number(parts[1]).is_some()
    };
    let fits = |separator: &u8| {
        !rows.is_empty() && rows.iter().all(|line| ends_in_number(line, *separator))
    };
    SEPARATORS.into_iter().find(fits)
}

/// The fields of a line, quotes taken away.
fn fields(line: &[u8], delimiter: u8) -> Vec<Cow<'_, [u8]>> {
    if !line.contains(&b'"') {
        return line.split(|byte| *byte == delimiter).map(Cow::Borrowed).collect();
    }
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(line);
    let mut row = ByteRecord::new();
    match reader.read_byte_record(&mut row) {
        Ok(true) => row.iter().map(|field| Cow::Owned(field.to_vec())).collect(),
        _ => vec![Cow::Borrowed(line)],
    }
}

/// A field as a finite number.
fn number(field: &[u8]) -> Option<f64> {
    let is_short = (1..=15).contains(&field.len());
    if is_short && field.iter().all(u8::is_ascii_digit) {
        let whole = field.iter().fold(0, |sum: u64, digit| sum * 10 + u64::from(digit - b'0'));
        return Some(whole as f64);
    }
    let text = std::str::from_utf8(field).ok()?.trim();
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn count(field: Option<&[u8]>) -> Result<f64, String> {
    let Some(field) = field else { return Err("has no count".to_owned()) };
    number(field).filter(|count| (0.0..=COUNT_MAX).contains(count)).ok_or_else(|| {
        let field: String = String::from_utf8_lossy(field).chars().take(40).collect();
        let shown = field.escape_debug();
        format!("has the count `{shown}`, which is not a number from 0 to 1e15")
    })
}

/// A partition key is UTF-8 of 1 to 256 characters.
fn check(key: &[u8]) -> Result<(), String> {
    let wrong = |what: String| {
        Err(format!("{what}; a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters"))
    };
    if key.is_ascii() && (1..=PARTITION_KEY_CHARACTERS).contains(&key.len()) {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(key) else {
        return wrong("has a key that is not UTF-8".to_owned());
    };
    let characters = text.chars().count();
    if (1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
        return Ok(());
    }
    wrong(format!("has a key of {characters} characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str, name: &str) -> RowFormat {
        RowFormat::of(text.as_bytes(), name, &KeyColumns::default()).unwrap()
    }

    #[test]
    fn a_line_is_a_key_unless_every_line_ends_in_a_count() {
        assert_eq!(format("a\nb,c\nd", "-").read(b"b,c").unwrap(), (b"b,c"[..].into(), 1.0));
        assert_eq!(format("a,1\nb,2\n", "-").read(b"b,2").unwrap(), (b"b"[..].into(), 2.0));
        let tabbed = format("a\t1\nb\t2\n", "x.txt");
        assert_eq!(tabbed.read(b"b\t2").unwrap(), (b"b"[..].into(), 2.0));
        let headed = format("key,count\na,1\nb,2.5\n", "-");
        assert!(headed.has_header);
        assert_eq!(headed.read(b"b,2.5").unwrap(), (b"b"[..].into(), 2.5));
    }

    #[test]
    fn columns_go_by_their_names_and_quotes_are_taken_away() {
        let columns = KeyColumns {
            key: Some("tenant".to_owned()),
            count: Some("records".to_owned()),
            delimiter: None,
        };
        let text = b"day,records,tenant\nmonday,7,\"acme, inc\"\n";
        let format = RowFormat::of(text, "x.csv", &columns).unwrap();
        let row = format.read(b"monday,7,\"acme, inc\"").unwrap();
        assert_eq!(row, (b"acme, inc"[..].into(), 7.0));
        let missing = KeyColumns { key: Some("shop".to_owned()), ..KeyColumns::default() };
        let problem = RowFormat::of(text, "x.csv", &missing).unwrap_err();
        assert!(problem.contains("day, records, tenant"), "{problem}");
    }

    #[test]
    fn a_bad_row_says_what_is_wrong() {
        let format = format("a,1\nb,2\n", "x.csv");
        for (line, what) in [
            (&b"a,x"[..], "has the count `x`"),
            (b"a,-1", "has the count `-1`"),
            (b"a", "has no count"),
            (b",1", "a key of 0 characters"),
            (b"\xff,1", "not UTF-8"),
        ] {
            let problem = format.read(line).unwrap_err();
            assert!(problem.contains(what), "{problem}");
        }
        assert!(check("é".repeat(256).as_bytes()).is_ok());
        assert!(check("é".repeat(257).as_bytes()).is_err());
    }
}
