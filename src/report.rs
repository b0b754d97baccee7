//! The result document as people and programs read it.
//!
//! One format a file: `text` is what a reviewer reads in ten seconds, `json` the document itself,
//! `csv` and `parquet` the series, `html` and `markdown` the report for a review, `chart` its
//! pictures, `bill` what a month costs as Markdown, `infracost` the usage for that tool, `lock` what
//! it was made from, `decision` the same for `size`, `compare` and `sweep`. Each takes plain data and gives a text; none reads a clock, a file or the
//! terminal, so the same result always gives the same bytes.

mod bill;
mod chart;
mod csv;
mod decision;
mod html;
mod infracost;
mod json;
mod junit;
mod lock;
mod markdown;
mod parquet;
mod template;
mod text;
mod tried;

pub use bill::{bill_markdown, modes_markdown};
pub use chart::{
    CHART_IDS, Chart, ChartError, DECISION_CHART_IDS, Hover, PngError, chart_style, charts,
    decision_charts, png, standalone,
};
pub use csv::{series_csv, shards_csv};
pub use decision::{Decision, DecisionLock};
pub use html::html;
pub use infracost::infracost;
pub use json::json;
pub use junit::junit;
pub use lock::{Lock, lock};
pub use markdown::markdown;
pub use parquet::series_parquet;
pub use text::{
    TextOptions, compare_text, evening_text, keys_text, modes_text, reverse_text, sizing_text,
    sweep_csv, sweep_text, text, text_with_bars,
};

use text::compare::signed;
use text::figure_of_point;

#[cfg(test)]
pub(crate) mod testing {
    //! Results for the tests of the formats.

    use crate::analysis::{Options, ResultDocument, analyse, testing};

    /// The result of the run made by hand.
    pub(crate) fn document() -> ResultDocument {
        analyse(&testing::scenario(), &[testing::observation()], &Options::default())
    }
}
