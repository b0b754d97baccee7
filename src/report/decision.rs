//! An answer that rests on many simulations, in the formats of a report.

use minijinja::Error;
use serde::Serialize;

use super::chart::Chart;
use super::template::View;
use super::text::{TextOptions, compare_text, reverse_text, sizing_text, sweep_csv, sweep_text};
use super::{html, json, markdown};
use crate::analysis::compare::ComparisonDocument;
use crate::analysis::sizing::{ReverseDocument, SizingDocument};
use crate::analysis::sweep::SweepDocument;

/// What was answered.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'document> {
    /// `size`.
    Size(&'document SizingDocument),
    /// `size --reverse`.
    Reverse(&'document ReverseDocument),
    /// `compare`.
    Compare(&'document ComparisonDocument),
    /// `sweep`.
    Sweep(&'document SweepDocument),
}

/// What a decision was made from, so that it can be made again to the byte.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionLock {
    /// Version of shardplan.
    pub tool_version: String,
    /// `size`, `compare` or `sweep`.
    pub command: String,
    /// Options of the command beside those that replace values of the scenario.
    pub options: Vec<String>,
    /// Names of the scenarios.
    pub scenarios: Vec<String>,
    /// MD5 in hexadecimal of each resolved scenario, overrides and named files included.
    pub scenario_digests: Vec<String>,
    /// Settings of the command line that replaced those of the file, as `path=value`.
    pub overrides: Vec<String>,
    /// Seed of every random stream.
    pub seed: u64,
}

impl Decision<'_> {
    /// The command that answers it.
    #[must_use]
    pub const fn command(&self) -> &'static str {
        match self {
            Self::Size(_) | Self::Reverse(_) => "size",
            Self::Compare(_) => "compare",
            Self::Sweep(_) => "sweep",
        }
    }

    /// Seed of every random stream.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        match self {
            Self::Size(document) => document.seed,
            Self::Reverse(document) => document.seed,
            Self::Compare(document) => document.seed,
            Self::Sweep(document) => document.seed,
        }
    }

    /// What a terminal shows.
    #[must_use]
    pub fn text(&self, options: TextOptions) -> String {
        match self {
            Self::Size(document) => sizing_text(document, options),
            Self::Reverse(document) => reverse_text(document, options),
            Self::Compare(document) => compare_text(document, options),
            Self::Sweep(document) => sweep_text(document, options),
        }
    }

    /// The document itself.
    ///
    /// # Errors
    /// When it has no form in JSON, which would be a defect.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Size(document) => json(document),
            Self::Reverse(document) => json(document),
            Self::Compare(document) => json(document),
            Self::Sweep(document) => json(document),
        }
    }

    /// The page with its charts.
    ///
    /// # Errors
    /// When the template does not fit the answer, which would be a defect.
    pub fn html(&self, charts: &[Chart]) -> Result<String, Error> {
        html::page(&View::of_decision(self), charts)
    }

    /// The summary.
    ///
    /// # Errors
    /// When the template does not fit the answer, which would be a defect.
    pub fn markdown(&self) -> Result<String, Error> {
        markdown::summary(&View::of_decision(self), None)
    }

    /// Its points as CSV; none but of a sweep.
    ///
    /// # Errors
    /// When memory for the text cannot be written to; in practice never.
    pub fn csv(&self) -> Result<Option<Vec<u8>>, csv::Error> {
        match self {
            Self::Sweep(document) => sweep_csv(document).map(Some),
            Self::Size(_) | Self::Reverse(_) | Self::Compare(_) => Ok(None),
        }
    }
}
