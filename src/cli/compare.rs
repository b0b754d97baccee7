//! `compare`: the variants of one scenario, or several scenarios, side by side.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::decision::{Origin, OutArguments, printed};
use super::failure::{Failure, Outcome};
use super::files;
use super::overrides::OverrideArguments;
use super::prices;
use super::size::watched;
use super::terminal::Terminal;
use super::warm_up;
use crate::analysis::compare::compare;
use crate::report::Decision;
use crate::scenario::Variant;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// The scenarios; the first is the baseline, and each brings its `variants`.
    #[arg(required = true)]
    scenario: Vec<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArguments,
    #[command(flatten)]
    out: OutArguments,
    /// A price book (CSV) to lay over the built-in one; see `shardplan prices import`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What `compare` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a reader.
    Text,
    /// One JSON document, and nothing else.
    Json,
}

pub(super) fn execute(
    arguments: &CompareArguments,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let overrides = arguments.overrides.parse()?;
    let several = arguments.scenario.len() > 1;
    let mut variants: Vec<Variant> = Vec::new();
    let mut origin = Origin::default();
    for path in &arguments.scenario {
        let source = files::source(path)?;
        origin.texts.push(source.text.clone());
        for mut variant in files::variants(path, &source, &overrides)? {
            if several {
                let own = &variant.scenario.name;
                variant.name = match variant.changes.is_empty() {
                    true => own.clone(),
                    false => format!("{own}/{}", variant.name),
                };
            }
            variants.push(variant);
        }
    }
    if variants.len() < 2 {
        return Err(Failure::Usage(
            "there is nothing to compare: write `variants` in the scenario, or name more scenarios"
                .to_owned(),
        ));
    }
    // Every variant leaves out the same start, found in the baseline.
    if let Some((first, others)) = variants.split_first_mut() {
        let others = others.iter_mut().map(|variant| &mut variant.scenario);
        warm_up::settle_all(&mut first.scenario, others)?;
    }
    let book = prices::book(arguments.prices.as_deref())?;
    for variant in &variants {
        prices::check_asked(&variant.scenario, &book, arguments.prices.is_some())?;
    }
    let pack = arguments.out.prepare()?;
    let digest = |each: &Variant| (each.name.clone(), each.scenario.digest.clone());
    origin.scenarios = variants.iter().map(digest).collect();
    origin.overrides = overrides.iter().map(|set| format!("{}={}", set.path, set.value)).collect();
    let document = watched(|observer| compare(&variants, &book, observer))?;
    let decision = Decision::Compare(&document);
    let text = printed(&decision, arguments.format == Format::Json, terminal)?;
    arguments.out.finish(pack, (&decision, &origin), text.as_bytes(), terminal)?;
    Ok(Outcome::Done)
}
