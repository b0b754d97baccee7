//! Prices of AWS as dated data: what a unit of each item costs in a region, and who says so.
//!
//! The built-in book is a CSV file beside this one, read at compile time. A book of the user is laid
//! over it; its rows replace those of the same region and item. What has no price has no default:
//! whoever needs it is told. Behind this door: `item` (what is billed), `table` (a book as CSV),
//! `offer` (the price list files of AWS).

mod item;
mod offer;
mod table;

pub use item::{Group, Item, ItemFact, PricingMode};
pub use offer::{Imported, OfferError, import};
pub use table::TableError;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::time::{Civil, Timestamp};
use crate::units::{Quantity, Usd};

/// The book that comes with the program.
const BUILT_IN: &str = include_str!("price_book/aws-2026-08.csv");

/// How sure a price is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Stands in a public source.
    Confirmed,
    /// Follows from a public source.
    Inferred,
    /// A stated guess.
    Assumed,
}

impl Confidence {
    const ALL: [Self; 3] = [Self::Confirmed, Self::Inferred, Self::Assumed];

    /// Its word in a price book.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Inferred => "inferred",
            Self::Assumed => "assumed",
        }
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(Timestamp);

impl Date {
    /// Reads `2026-05-01`, also at the start of a longer text as `2026-05-01T00:00:00Z`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let has_dashes = text.get(4..5)? == "-" && text.get(7..8)? == "-";
        let ends = text.len() == 10 || text.get(10..11)? == "T";
        let midnight = Civil { year, month, day, hour: 0, minute: 0, second: 0 };
        if has_dashes && ends { Timestamp::new(midnight).map(Self) } else { None }
    }

    /// Whole days from this one to `later`; none when that is earlier.
    #[must_use]
    pub const fn days_until(self, later: Timestamp) -> u64 {
        later.unix_seconds().saturating_sub(self.0.unix_seconds()) / 86_400
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, .. } = self.0.civil();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

/// One row of a price book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// AWS region.
    pub region: String,
    /// What it is the price of.
    pub item: Item,
    /// The quantity of a month from which it holds; zero for the first price of an item.
    pub from: Quantity,
    /// Dollars a unit.
    pub price: Usd,
    /// When it was published or seen.
    pub date: Date,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it is from.
    pub source: String,
}

/// Prices by region and item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    /// In the order of region, item and quantity.
    prices: Vec<Price>,
}

impl Default for PriceBook {
    /// The book that comes with the program.
    fn default() -> Self {
        match Self::parse(BUILT_IN) {
            Ok(book) => book,
            Err(errors) => unreachable!("the built-in price book: {errors:?}"),
        }
    }
}

impl PriceBook {
    /// A book of the given prices, in whatever order.
    #[must_use]
    pub fn new(mut prices: Vec<Price>) -> Self {
        prices.sort_by(|one, other| {
            (&one.region, one.item, one.from).cmp(&(&other.region, other.item, other.from))
        });
        Self { prices }
    }

    /// All prices.
    #[must_use]
    pub fn prices(&self) -> &[Price] {
        &self.prices
    }

    /// This book with `other` laid over it: where both have prices of an item in a region, those
    /// of `other` hold.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let replaced = |price: &Price| !other.of(&price.region, price.item).is_empty();
        let mut prices: Vec<Price> =
            self.prices.into_iter().filter(|price| !replaced(price)).collect();
        prices.extend(other.prices);
        Self::new(prices)
    }

    /// The prices of an item in a region, cheapest quantity first; empty when there is none.
    #[must_use]
    pub fn of(&self, region: &str, item: Item) -> &[Price] {
        let key = |price: &Price| (price.region.as_str(), price.item).cmp(&(region, item));
        let start = self.prices.partition_point(|price| key(price).is_lt());
        let length = self.prices[start..].partition_point(|price| key(price).is_eq());
        &self.prices[start..start + length]
    }

    /// Regions with prices of a stream, in the order of the alphabet.
    #[must_use]
    pub fn regions(&self) -> Vec<&str> {
        let mut regions: Vec<&str> = self
            .prices
            .iter()
            .filter(|price| price.item.fact().mode.is_some())
            .map(|price| price.region.as_str())
            .collect();
        regions.dedup();
        regions
    }

    /// Checks that a stream in `region` can be billed at all.
    ///
    /// # Errors
    /// [`UnknownRegion`] with the regions that can.
    pub fn check_region(&self, region: &str) -> Result<(), UnknownRegion> {
        let known = self.regions();
        if known.contains(&region) {
            return Ok(());
        }
        let known = known.into_iter().map(str::to_owned).collect();
        Err(UnknownRegion { region: region.to_owned(), known })
    }

    /// The oldest date of the prices of streams in a region.
    #[must_use]
    pub fn oldest(&self, region: &str) -> Option<Date> {
        let is_stream = |price: &&Price| price.region == region && price.item.fact().mode.is_some();
        self.prices.iter().filter(is_stream).map(|price| price.date).min()
    }
}

/// How to get prices that are missing.
pub const HOW_TO_IMPORT: &str = "get the price list of the region, \
    https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonKinesis/current/REGION/index.json \
    (and those of AmazonKinesisFirehose and AWSLambda), make a book of it with `shardplan prices \
    import FILE... > book.csv`, and give it with `--prices book.csv`";

/// A region without prices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the price book has no prices of streams in {region}; it knows {}", .known.join(", ")
)]
pub struct UnknownRegion {
    /// The region that was asked for.
    pub region: String,
    /// Those that could have been.
    pub known: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(text: &str) -> PriceBook {
        let header = "region,mode,dimension,from,unit,price_usd,date,confidence,source\n";
        PriceBook::parse(&format!("{header}{text}")).unwrap()
    }

    #[test]
    fn the_built_in_book_prices_every_item_where_it_is_said_to_be_whole() {
        let book = PriceBook::default();
        for region in ["us-east-1", "us-east-2", "us-west-2"] {
            for item in Item::ALL {
                let outside = [Item::FirehoseVpcData, Item::FirehoseVpcHours];
                let found = !book.of(region, *item).is_empty();
                assert_eq!(found, !outside.contains(item), "{region} {item:?}");
            }
        }
        assert_eq!(book.regions(), ["ap-northeast-1", "us-east-1", "us-east-2", "us-west-2"]);
    }

    /// Source: infracost, cost breakdown of `aws_kinesis_stream`.
    #[test]
    fn the_prices_are_those_of_the_price_list() {
        let book = PriceBook::default();
        let price = |item| book.of("us-east-1", item)[0].price.to_string();
        assert_eq!(price(Item::ShardHours), "0.015 USD");
        assert_eq!(price(Item::PutPayloadUnits), "0.000000014 USD");
        assert_eq!(price(Item::StandardExtended), "0.1 USD");
        assert_eq!(price(Item::AdvantageDataIn), "0.032 USD");
    }

    #[test]
    fn a_region_without_streams_names_those_that_have() {
        let error = PriceBook::default().check_region("eu-west-2").unwrap_err();
        let message = error.to_string();
        assert!(message.contains("no prices of streams in eu-west-2; it knows ap-northeast-1, us"));
    }

    #[test]
    fn rows_laid_over_a_book_replace_all_prices_of_their_item() {
        let own = book(
            "us-east-1,,firehose_data,0,GB,0.02,2026-11-01,confirmed,contract\n\
             eu-north-1,provisioned,shard_hours,0,shard-hour,0.016,2026-11-01,confirmed,list\n",
        );
        let book = PriceBook::default().with(own);
        assert_eq!(book.of("us-east-1", Item::FirehoseData).len(), 1);
        assert_eq!(book.of("us-east-2", Item::FirehoseData).len(), 3);
        assert_eq!(book.check_region("eu-north-1"), Ok(()));
        assert_eq!(book.oldest("eu-north-1"), Date::parse("2026-11-01"));
    }

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        for text in ["2026-02-30", "2026-13-01", "26-01-01", "2026/01/01", "2026-01-01x", ""] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        let date = Date::parse("2026-05-05T12:00:00Z").unwrap();
        assert_eq!(date.to_string(), "2026-05-05");
        assert_eq!(date.days_until(Timestamp::DEFAULT_START), 0);
    }
}
