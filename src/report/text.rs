//! Text: what a reviewer reads in ten seconds, then the tables behind it.
//!
//! From the top: the question and the verdict, the objectives, a handful of figures, the run over
//! time, the hottest shards, the clients, the findings, and what it all rests on. `layout` wraps and
//! paints, `head` is the part above the tables, `glance` the run over time, `tables`, `reading`,
//! `services`, `incidents` and `scaling` (what changed the shards) are the tables, `notes` the part below them.
//! `compare`, `cost`, `keys`, `sizing` and `sweep` are the texts of the commands of those names.

pub(super) mod compare;
mod cost;
mod evening;
mod glance;
pub(super) mod head;
mod incidents;
mod keys;
pub(super) mod layout;
mod notes;
mod reading;
mod scaling;
mod sensitivity;
mod services;
pub(super) mod sizing;
mod sweep;
mod tables;

pub use self::cost::modes_text;
pub(in crate::report) use self::cost::{
    break_even, capital, item_title, mode_notes, mode_row, price, replications, retries, titles,
};
pub(in crate::report) use self::sweep::figure_of_point;
pub use compare::compare_text;
pub use evening::evening_text;
pub use keys::keys_text;
pub use sizing::{reverse_text, sizing_text};
pub use sweep::{sweep_csv, sweep_text};

use self::layout::Page;
use crate::analysis::{Picture, ResultDocument};

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
    write(document, None, options)
}

/// The same with the run over time as lines of small bars.
#[must_use]
pub fn text_with_bars(
    document: &ResultDocument,
    picture: &Picture,
    options: TextOptions,
) -> String {
    write(document, Some(picture), options)
}

fn write(document: &ResultDocument, picture: Option<&Picture>, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    head::title(document, &mut page);
    head::objectives(document, &mut page);
    head::key_figures(document, &mut page);
    if let Some(picture) = picture {
        glance::over_time(picture, &mut page);
    }
    tables::shards(document, &mut page);
    scaling::scaling(document, &mut page);
    tables::producers(document, &mut page);
    tables::consumers(document, &mut page);
    reading::bounds(document, &mut page);
    cost::bill(document, &mut page);
    services::functions(document, &mut page);
    services::deliveries(document, &mut page);
    reading::batches(document, &mut page);
    incidents::incidents(document, &mut page);
    tables::replications(document, &mut page);
    notes::findings(document, &mut page);
    notes::assumptions(document, &mut page);
    sensitivity::sensitivity(document, &mut page);
    notes::accounting(document, &mut page);
    notes::origin(document, &mut page);
    page.finish()
}

#[cfg(test)]
mod tests;
