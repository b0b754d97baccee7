//! The result document as people and programs read it.
//!
//! One format a file: `text` is what a reviewer reads in ten seconds, `json` the document itself,
//! `csv` the series, `markdown` a bill for a review, `infracost` the usage for that tool. Each takes
//! plain data and gives a text; none reads a clock, a file or the terminal, so the same result always
//! gives the same bytes.

mod csv;
mod infracost;
mod json;
mod markdown;
mod text;

pub use csv::{series_csv, shards_csv};
pub use infracost::infracost;
pub use json::json;
pub use markdown::{bill_markdown, modes_markdown};
pub use text::{
    TextOptions, compare_text, keys_text, modes_text, reverse_text, sizing_text, sweep_csv,
    sweep_text, text,
};

#[cfg(test)]
pub(crate) mod testing {
    //! Results for the tests of the formats.

    use crate::analysis::{Options, ResultDocument, analyse, testing};

    /// The result of the run made by hand.
    pub(crate) fn document() -> ResultDocument {
        analyse(&testing::scenario(), &[testing::observation()], &Options::default())
    }
}
