//! The result document as people and programs read it.
//!
//! One format a file: `text` is what a reviewer reads in ten seconds, `json` the document itself,
//! `csv` the series. Each takes plain data and gives a text; none reads a clock, a file or the
//! terminal, so the same result always gives the same bytes.

mod csv;
mod json;
mod junit;
mod text;

pub use csv::{series_csv, shards_csv};
pub use json::json;
pub use junit::junit;
pub use text::{
    TextOptions, compare_text, keys_text, reverse_text, sizing_text, sweep_csv, sweep_text, text,
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
