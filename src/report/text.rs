//! Text: what a reviewer reads in ten seconds, then the tables behind it.
//!
//! From the top: the question and the verdict, the objectives, a handful of figures, the hottest
//! shards, the clients, the findings, and what it all rests on. `layout` wraps and paints, `head`
//! is the part above the tables, `tables` are the tables, `scaling` what changed the shards,
//! `notes` the part below them.

mod head;
mod layout;
mod notes;
mod scaling;
mod tables;

use self::layout::Page;
use crate::analysis::ResultDocument;

/// How a text is laid out.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// Columns of a line; between 80 and 120 are used.
    pub width: usize,
    /// Whether verdicts and headings are in colour.
    pub color: bool,
}

impl Default for TextOptions {
    /// A text for a file: 100 columns, no colour.
    fn default() -> Self {
        Self { width: 100, color: false }
    }
}

/// The report as text; ends with a line feed.
#[must_use]
pub fn text(document: &ResultDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    head::title(document, &mut page);
    head::objectives(document, &mut page);
    head::key_figures(document, &mut page);
    tables::shards(document, &mut page);
    scaling::scaling(document, &mut page);
    tables::producers(document, &mut page);
    tables::consumers(document, &mut page);
    tables::replications(document, &mut page);
    notes::findings(document, &mut page);
    notes::assumptions(document, &mut page);
    notes::accounting(document, &mut page);
    notes::origin(document, &mut page);
    page.finish()
}

#[cfg(test)]
mod tests;
