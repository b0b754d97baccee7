//! A page of text: headings, wrapped paragraphs, tables, colour.
//!
//! Text that comes from a scenario or from a key file is freed of control characters here.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::analysis::{Severity, Verdict};

/// Rules below a heading row, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));
/// Columns between two columns of a table.
const GAP: u16 = 2;
/// Columns of a partition key that a table shows.
const KEY_COLUMNS_MAX: usize = 28;
/// Columns that a name or a last column of text keeps in the narrowest table.
const COLUMNS_LEAST: usize = 14;
/// What must not stand at the start of a line, away from its number.
const UNITS: [&str; 16] = [
    "%", "ns", "us", "ms", "s", "min", "h", "d", "B", "KiB", "MiB", "GiB", "TiB", "KiB/s", "MiB/s",
    "GiB/s",
];

/// How a word is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Bold,
    Dim,
    Green,
    Yellow,
    Red,
}

impl Paint {
    /// The escape sequence of ECMA-48.
    const fn sequence(self) -> &'static str {
        match self {
            Self::Bold => "\u{1b}[1m",
            Self::Dim => "\u{1b}[2m",
            Self::Green => "\u{1b}[1;32m",
            Self::Yellow => "\u{1b}[1;33m",
            Self::Red => "\u{1b}[1;31m",
        }
    }

    pub(super) const fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Green,
            Verdict::Fail => Self::Red,
            Verdict::Inconclusive => Self::Yellow,
            Verdict::None => Self::Dim,
        }
    }

    pub(super) const fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Red,
            Severity::Warning => Self::Yellow,
            Severity::Info => Self::Dim,
        }
    }
}

/// A text under construction.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    width: usize,
    color: bool,
}

impl Page {
    pub(super) fn new(width: usize, color: bool) -> Self {
        Self { text: String::new(), width: width.clamp(80, 120), color }
    }

    /// Whether tables have to leave something out.
    pub(super) const fn is_narrow(&self) -> bool {
        self.width < 90
    }

    /// Columns of a line.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Ends the page with what it comes from: version, scenario and its digest, seed.
    pub(super) fn finish_with_origin(
        mut self,
        version: &str,
        (scenario, digest): (&str, &str),
        seed: u64,
    ) -> String {
        self.line("");
        let origin = format!("shardplan {version}, scenario {scenario} {digest}, seed {seed}");
        self.paragraph("", 0, &origin);
        self.finish()
    }

    /// `text` painted, or as it is where there is no colour.
    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        if self.color { format!("{}{text}\u{1b}[0m", paint.sequence()) } else { text.to_owned() }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line and a heading.
    pub(super) fn heading(&mut self, heading: &str) {
        self.line("");
        let heading = self.paint(Paint::Bold, heading);
        self.line(&heading);
    }

    /// Words wrapped to the page; `first` opens the first line, `rest` blanks open the others.
    ///
    /// `first` may hold escape sequences and counts as `rest` columns.
    pub(super) fn paragraph(&mut self, first: &str, rest: usize, words: &str) {
        let mut line = first.to_owned();
        let mut columns = rest;
        let mut empty = true;
        let room = self.width.saturating_sub(rest).max(1);
        for word in unbroken(&clean(words)).iter().flat_map(|word| pieces(word, room)) {
            let length = word.width();
            if !empty && columns + 1 + length > self.width {
                self.line(&line);
                line = " ".repeat(rest);
                (columns, empty) = (rest, true);
            }
            if !empty {
                line.push(' ');
                columns += 1;
            }
            line.push_str(word);
            columns += length;
            empty = false;
        }
        self.line(&line);
    }

    /// A table: headings, rows, and which columns hold text and are flush left.
    ///
    /// The first column holds names and is shortened where the page is too narrow.
    pub(super) fn table(&mut self, headings: &[&str], left: &[usize], mut rows: Vec<Vec<String>>) {
        let widths = self.widths(headings, left, &rows);
        for row in &mut rows {
            row[0] = shorten(&row[0], widths[0]);
        }
        let mut table = Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
        // Two columns for the indent.
        table.set_width(u16::try_from(self.width - 2).unwrap_or(u16::MAX));
        table.set_header(headings.to_vec());
        table.add_rows(rows);
        let last = headings.len() - 1;
        for (index, column) in table.column_iter_mut().enumerate() {
            let gap = if index == last { 0 } else { GAP };
            let width = u16::try_from(widths[index]).unwrap_or(u16::MAX).saturating_add(gap);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            column.set_padding((0, gap));
            if !left.contains(&index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.to_string().lines() {
            self.line(&format!("  {line}"));
        }
    }

    /// Columns of each column. Where the page is too narrow, headings are broken between words
    /// first, then the last column is wrapped if it is text, then names are shortened.
    fn widths(&self, headings: &[&str], left: &[usize], rows: &[Vec<String>]) -> Vec<usize> {
        let last = headings.len() - 1;
        let cells =
            |index: usize| rows.iter().map(move |row| row[index].width()).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            headings.iter().enumerate().map(|(at, text)| cells(at).max(text.width())).collect();
        let least = |index: usize| {
            let word = headings[index].split(' ').map(UnicodeWidthStr::width).max().unwrap_or(0);
            let shrinks = index == 0 || index == last && left.contains(&index);
            word.max(if shrinks { cells(index).min(COLUMNS_LEAST) } else { cells(index) })
        };
        let room = (self.width - 2).saturating_sub(usize::from(GAP) * last);
        for index in (1..=last).rev().chain([0]) {
            let over = widths.iter().sum::<usize>().saturating_sub(room);
            widths[index] -= over.min(widths[index].saturating_sub(least(index)));
        }
        widths
    }
}

/// A verdict as a word.
pub(in crate::report) const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::None => "NO OBJECTIVES",
    }
}

/// The words of a text, a unit joined to its number.
fn unbroken(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let unit = UNITS.contains(&word.trim_end_matches([',', '.', ';', ':', ')', ']', '!']));
        match words.last_mut() {
            Some(number) if unit && number.ends_with(|end: char| end.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// A word as it is, or in pieces where it is wider than a line.
fn pieces(word: &str, columns: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while rest.width() > columns {
        let first = start_of(rest.chars(), columns).len();
        // A character that is wider than a line has a line of its own.
        let first = if first == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { first };
        let (piece, tail) = rest.split_at(first);
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

/// Text without characters that would move a cursor or turn the direction of writing.
pub(in crate::report) fn clean(text: &str) -> String {
    let disturbs = |character: char| {
        let code = u32::from(character);
        character.is_control()
            || matches!(code, 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
    };
    text.chars().map(|character| if disturbs(character) { ' ' } else { character }).collect()
}

/// A partition key for a table: short, without control characters.
pub(super) fn short_key(key: &str) -> String {
    let key = clean(key);
    if key.width() <= KEY_COLUMNS_MAX {
        return key;
    }
    format!("{}…", start_of(key.chars(), KEY_COLUMNS_MAX - 1))
}

/// A name without its middle, where it is longer than `columns`: names differ at their ends.
pub(super) fn shorten(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let end = columns.saturating_sub(1) / 2;
    let tail: String = start_of(name.chars().rev(), end).chars().rev().collect();
    format!("{}…{tail}", start_of(name.chars(), columns.saturating_sub(1 + end)))
}

/// As many of the first characters as fit.
fn start_of(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}
