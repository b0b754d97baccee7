//! A page of text: headings, wrapped paragraphs, tables, colour.
//!
//! Text that comes from a scenario or from a key file is freed of control characters here.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use crate::analysis::{Severity, Verdict};

/// Rules below a heading row, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));
/// Characters of a partition key that a table shows.
const KEY_CHARACTERS_MAX: usize = 28;

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
        for word in clean(words).split_whitespace() {
            let length = word.chars().count();
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
    pub(super) fn table(&mut self, headings: &[&str], left: &[usize], rows: Vec<Vec<String>>) {
        // Characters of the widest cell of each column.
        let widest: Vec<usize> = (0..headings.len())
            .map(|index| rows.iter().map(|row| row[index].chars().count()).max().unwrap_or(0))
            .collect();
        let mut table = Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
        // Two columns for the indent.
        table.set_width(u16::try_from(self.width - 2).unwrap_or(u16::MAX));
        table.set_header(headings.to_vec());
        table.add_rows(rows);
        let last = headings.len() - 1;
        for (index, column) in table.column_iter_mut().enumerate() {
            let wraps = index == last && left.contains(&index);
            column.set_constraint(constraint(headings[index], widest[index], wraps, index));
            column.set_padding((0, if index == last { 0 } else { 2 }));
            if !left.contains(&index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.to_string().lines() {
            self.line(&format!("  {line}"));
        }
    }
}

/// Every column keeps to one line but the last one, if that is text; no heading breaks in a word.
fn constraint(heading: &str, widest: usize, wraps: bool, index: usize) -> ColumnConstraint {
    if index == 0 {
        return ColumnConstraint::ContentWidth;
    }
    let word = heading.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    let least = if wraps { word } else { word.max(widest) };
    let padded = u16::try_from(least + 2).unwrap_or(u16::MAX);
    ColumnConstraint::LowerBoundary(Width::Fixed(padded))
}

/// A verdict as a word.
pub(super) const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::None => "NO OBJECTIVES",
    }
}

/// Text without control characters.
fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A partition key for a table: short, without control characters.
pub(super) fn short_key(key: &str) -> String {
    if key.chars().count() <= KEY_CHARACTERS_MAX {
        return clean(key);
    }
    let head: String = key.chars().take(KEY_CHARACTERS_MAX - 1).collect();
    format!("{}…", clean(&head))
}
