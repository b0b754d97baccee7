//! `prices`: what the price book holds, and a book of one's own from the price lists of AWS.
//!
//! Also here, because every command with a bill needs it: the book of `--prices`, the check that it
//! knows the region, and the warning that it is old.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};

use super::failure::{Failure, Outcome};
use super::files;
use super::terminal::Terminal;
use crate::analysis::cost::{bill_of_modes, modes_of, probe_of};
use crate::analysis::number::{count, of};
use crate::analysis::price_book::{
    Date, HOW_TO_IMPORT, Imported, Price, PriceBook, TableError, import,
};
use crate::scenario::{Objective, Scenario};
use crate::time::{MONTH, Timestamp};

/// From this age on a price is called old.
const OLD_DAYS: u64 = 365;
/// Usage types that are named among those left out.
const LEFT_OUT_SHOWN: usize = 5;

/// Arguments of `prices`.
#[derive(Debug, Args)]
pub(super) struct PricesArguments {
    #[command(subcommand)]
    command: PricesCommand,
}

/// What to do with prices.
#[derive(Debug, Subcommand)]
enum PricesCommand {
    /// Print the price book as CSV.
    Show {
        /// A book to lay over the built-in one.
        #[arg(long, value_name = "FILE")]
        prices: Option<PathBuf>,
        /// Only this region.
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
    },
    /// Turn price lists of AWS (AmazonKinesis, AmazonKinesisFirehose, AWSLambda) into a price book.
    Import {
        /// Price list files in JSON, or the output of `aws pricing get-products`.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Write the book to this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(super) fn execute(
    arguments: &PricesArguments,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    match &arguments.command {
        PricesCommand::Show { prices, region } => {
            let mut book = book(prices.as_deref())?;
            if let Some(region) = region {
                let of_region = book.prices().iter().filter(|price| price.region == *region);
                let of_region: Vec<Price> = of_region.cloned().collect();
                if of_region.is_empty() {
                    check_region(region, &book)?;
                }
                book = PriceBook::new(of_region);
            }
            terminal.print(book.to_csv().as_bytes())?;
        }
        PricesCommand::Import { files, out } => {
            let book = imported(files, terminal)?;
            match out {
                Some(path) => {
                    std::fs::write(path, book.to_csv())
                        .map_err(|error| Failure::write(path, &error))?;
                    let prices = of(book.prices().len() as u64, "price");
                    terminal.complain(&format!("{prices} written to {}", path.display()));
                }
                None => terminal.print(book.to_csv().as_bytes())?,
            }
        }
    }
    Ok(Outcome::Done)
}

/// The prices of all `files` as one book.
fn imported(paths: &[PathBuf], terminal: &Terminal) -> Result<PriceBook, Failure> {
    let mut prices: Vec<Price> = Vec::new();
    for path in paths {
        let text = files::text(path)?;
        let Imported { prices: found, left_out } = import(&text)
            .map_err(|error| Failure::Read { path: path.clone(), reason: error.to_string() })?;
        if !left_out.is_empty() {
            let shown: Vec<&str> =
                left_out.iter().take(LEFT_OUT_SHOWN).map(String::as_str).collect();
            terminal.complain(&format!(
                "{}: {} taken, {} left out that no bill here has: {}{}",
                path.display(),
                of(found.len() as u64, "price"),
                of(left_out.len() as u64, "usage type"),
                shown.join(", "),
                if left_out.len() > LEFT_OUT_SHOWN { ", ..." } else { "" },
            ));
        }
        for price in found {
            let key = |price: &Price| (price.region.clone(), price.item, price.from);
            if let Some(other) = prices.iter().find(|other| key(other) == key(&price)) {
                return Err(Failure::Usage(format!(
                    "{} has a price of {} in {} again, after one from {}; give each price list \
                     once",
                    path.display(),
                    price.item.fact().name,
                    price.region,
                    other.source,
                )));
            }
            prices.push(price);
        }
    }
    Ok(PriceBook::new(prices))
}

/// The built-in book, with that of `--prices` laid over it.
pub(super) fn book(path: Option<&Path>) -> Result<PriceBook, Failure> {
    let built_in = PriceBook::default();
    let Some(path) = path else {
        return Ok(built_in);
    };
    let text = files::text(path)?;
    let own = PriceBook::parse(&text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(TableError::to_string).collect();
        let help = if text.trim_start().starts_with('{') {
            "\nit looks like JSON; make a book of a price list with `shardplan prices import`"
        } else {
            ""
        };
        let reason = format!("it is no price book:\n  {}{help}", lines.join("\n  "));
        Failure::Read { path: path.to_owned(), reason }
    })?;
    Ok(built_in.with(own))
}

/// Refuses a region without prices where a bill is asked for, before any run.
pub(super) fn check_region(region: &str, book: &PriceBook) -> Result<(), Failure> {
    book.check_region(region)
        .map_err(|error| Failure::Usage(format!("{error}\nhelp: {HOW_TO_IMPORT}")))
}

/// Refuses a scenario of which something has no price in its region, before any run.
pub(super) fn check_prices(
    scenario: &Scenario,
    region: &str,
    book: &PriceBook,
) -> Result<(), Failure> {
    let probe = probe_of(scenario);
    let parts = modes_of(scenario).into_iter().map(|mode| (mode, &probe));
    bill_of_modes(parts, region, book, MONTH)
        .map(drop)
        .map_err(|error| Failure::Usage(format!("{error}\nhelp: {HOW_TO_IMPORT}")))
}

/// What a command that can do without a bill asks of the book: that it has the prices where the
/// scenario bounds the cost, or where the user has given prices.
pub(super) fn check_asked(
    scenario: &Scenario,
    book: &PriceBook,
    own_prices: bool,
) -> Result<(), Failure> {
    let bounds = |objective: &Objective| matches!(objective, Objective::CostPerMonth(_));
    match &scenario.region {
        Some(region) if own_prices || scenario.objectives.iter().any(bounds) => {
            check_prices(scenario, region, book)
        }
        _ => Ok(()),
    }
}

/// Says on standard error that the prices of a bill are old.
pub(super) fn warn_of_age(price_date: &str, terminal: &Terminal) {
    if let Some(message) = Date::parse(price_date).and_then(|date| warning(date, now())) {
        terminal.complain(&message);
    }
}

fn warning(date: Date, now: Timestamp) -> Option<String> {
    let days = date.days_until(now);
    (days > OLD_DAYS).then(|| {
        format!(
            "warning: the bill has prices of {date}, which are {} old; make a book of today's \
             price list with `shardplan prices import` and give it with `--prices`",
            if days == 1 { "1 day".to_owned() } else { format!("{} days", count(days)) },
        )
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the age of prices is told to the user and stands in no report"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_unix_seconds(since.map_or(0, |since| since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_more_than_a_year_are_old() {
        let date = Date::parse("2025-01-01").unwrap();
        let after = |days: u64| {
            let start = Timestamp::DEFAULT_START.unix_seconds();
            warning(date, Timestamp::from_unix_seconds(start + days * 86_400))
        };
        assert_eq!(after(0), None, "365 days");
        let message = after(1).unwrap();
        assert!(message.contains("prices of 2025-01-01, which are 366 days old"), "{message}");
    }

    #[test]
    fn a_region_without_prices_is_refused_with_a_way_out() {
        let failure = check_region("eu-north-1", &PriceBook::default()).unwrap_err();
        let message = failure.render(false);
        assert!(message.contains("it knows ap-northeast-1, us-east-1"), "{message}");
        assert!(message.contains("shardplan prices import"), "{message}");
    }
}
