//! A price book as CSV: one row a price, comments after `#`.

use super::{Confidence, Date, Item, Price, PriceBook, PricingMode};
use crate::units::{Quantity, Usd};

/// The columns, in the order in which a book is written; they may be read in any order.
const COLUMNS: [&str; 9] =
    ["region", "mode", "dimension", "from", "unit", "price_usd", "date", "confidence", "source"];
/// Problems that are told of one file.
const ERRORS_MAX: usize = 20;

/// What is wrong with a row of a price book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct TableError {
    /// Line of the file, from one.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

impl PriceBook {
    /// Reads a book from CSV.
    ///
    /// # Errors
    /// What is wrong with each row, at most twenty of them.
    pub fn parse(text: &str) -> Result<Self, Vec<TableError>> {
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let headers = reader.headers().map_err(|error| vec![broken(&error)])?.clone();
        let columns = columns(&headers)?;
        let (mut prices, mut errors) = (Vec::<Price>::new(), Vec::new());
        for record in reader.records() {
            let row = record.map_err(|error| broken(&error)).and_then(|record| {
                let line = record.position().map_or(0, csv::Position::line);
                row(&columns, &record).map_err(|message| TableError { line, message }).and_then(
                    |price| match prices.iter().any(|other| is_same(other, &price)) {
                        true => Err(TableError {
                            line,
                            message: "this price stands twice in the book".to_owned(),
                        }),
                        false => Ok(price),
                    },
                )
            });
            match row {
                Ok(price) => prices.push(price),
                Err(error) => errors.push(error),
            }
            if errors.len() == ERRORS_MAX {
                return Err(errors);
            }
        }
        errors.extend(missing_starts(&prices));
        if errors.is_empty() { Ok(Self::new(prices)) } else { Err(errors) }
    }

    /// The book as CSV.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory does not fail.
        let _ = writer.write_record(COLUMNS);
        for price in self.prices() {
            let fact = price.item.fact();
            let _ = writer.write_record([
                price.region.as_str(),
                fact.mode.map_or("", PricingMode::name),
                fact.name,
                &price.from.decimal().to_string(),
                fact.unit,
                &price.price.dollars().to_string(),
                &price.date.to_string(),
                price.confidence.name(),
                &price.source,
            ]);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

fn is_same(one: &Price, other: &Price) -> bool {
    one.item == other.item && one.from == other.from && one.region == other.region
}

fn broken(error: &csv::Error) -> TableError {
    let line = error.position().map_or(0, csv::Position::line);
    TableError { line, message: error.to_string() }
}

/// The place of each column.
fn columns(headers: &csv::StringRecord) -> Result<[usize; 9], Vec<TableError>> {
    let places = COLUMNS.map(|name| headers.iter().position(|header| header == name));
    let missing: Vec<&str> = COLUMNS
        .iter()
        .zip(places)
        .filter(|(_, place)| place.is_none())
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(places.map(Option::unwrap_or_default));
    }
    let line = headers.position().map_or(1, csv::Position::line);
    let message = format!(
        "the head of a price book is {}; missing: {}",
        COLUMNS.join(","),
        missing.join(", ")
    );
    Err(vec![TableError { line, message }])
}

fn row(columns: &[usize; 9], record: &csv::StringRecord) -> Result<Price, String> {
    let [region, mode, name, from, unit, price, date, confidence, source] =
        columns.map(|place| record.get(place).unwrap_or_default());
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(is_code) {
        return Err(format!("`{region}` is not the code of a region, such as us-east-1"));
    }
    let item = item(mode, name)?;
    if unit != item.fact().unit {
        return Err(format!("the unit of {name} is `{}`, not `{unit}`", item.fact().unit));
    }
    let wrong = |what: &str, text: &str| format!("`{text}` is not {what}");
    let usd = Usd::parse(price).filter(|price| !price.is_negative());
    Ok(Price {
        region: region.to_owned(),
        item,
        from: Quantity::parse(if from.is_empty() { "0" } else { from })
            .filter(|from| *from >= Quantity::ZERO)
            .ok_or_else(|| wrong("a quantity", from))?,
        price: usd.ok_or_else(|| wrong("a price in dollars, such as 0.015", price))?,
        date: Date::parse(date).ok_or_else(|| wrong("a date, such as 2026-05-01", date))?,
        confidence: Confidence::ALL
            .into_iter()
            .find(|known| known.name() == confidence)
            .ok_or_else(|| wrong("confirmed, inferred or assumed", confidence))?,
        source: source.to_owned(),
    })
}

fn item(mode: &str, name: &str) -> Result<Item, String> {
    let mode = match mode {
        "" => None,
        text => {
            let known = PricingMode::ALL.into_iter().find(|known| known.name() == text);
            let names = PricingMode::ALL.map(PricingMode::name).join(", ");
            Some(known.ok_or_else(|| format!("`{text}` is no mode; write {names} or nothing"))?)
        }
    };
    Item::find(mode, name).ok_or_else(|| {
        let of_mode = Item::ALL.iter().map(|item| item.fact()).filter(|fact| fact.mode == mode);
        let known: Vec<&str> = of_mode.map(|fact| fact.name).collect();
        format!("`{name}` is no dimension here; there are {}", known.join(", "))
    })
}

/// An item whose first price does not hold from zero would have no price for small quantities.
fn missing_starts(prices: &[Price]) -> Vec<TableError> {
    let has_start = |price: &Price| {
        let same = |other: &&Price| other.item == price.item && other.region == price.region;
        prices.iter().filter(same).any(|other| other.from.is_zero())
    };
    let mut errors: Vec<TableError> = Vec::new();
    for price in prices.iter().filter(|price| !has_start(price)) {
        let name = price.item.fact().name;
        let message = format!("{name} in {} has no price from 0", price.region);
        if !errors.iter().any(|error| error.message == message) {
            errors.push(TableError { line: 0, message });
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "region,mode,dimension,from,unit,price_usd,date,confidence,source\n";
    const ROW: &str =
        "us-east-1,provisioned,shard_hours,0,shard-hour,0.015,2026-05-01,confirmed,a page\n";

    #[test]
    fn a_book_is_read_as_it_is_written() {
        let book = PriceBook::default();
        assert_eq!(PriceBook::parse(&book.to_csv()), Ok(book));
    }

    #[test]
    fn columns_may_stand_in_any_order_with_others_beside_them() {
        let text = "note,source,confidence,date,price_usd,unit,from,dimension,mode,region\n\
                    x,a page,confirmed,2026-05-01,0.015,shard-hour,,shard_hours,provisioned,us-east-1\n";
        assert_eq!(PriceBook::parse(text), PriceBook::parse(&format!("{HEADER}{ROW}")));
    }

    #[test]
    fn every_wrong_row_is_told_with_its_line() {
        let changes = [
            ("us-east-1", "US East", "code of a region"),
            ("provisioned", "serverless", "is no mode; write provisioned, on_demand_standard"),
            ("shard_hours", "shards", "no dimension here; there are shard_hours"),
            ("shard-hour,", "hour,", "the unit of shard_hours is `shard-hour`"),
            ("0.015", "free", "not a price in dollars"),
            ("0.015", "-1", "not a price in dollars"),
            ("2026-05-01", "May 2026", "not a date"),
            ("confirmed", "sure", "confirmed, inferred or assumed"),
        ];
        let mut text = format!("# a comment\n{HEADER}");
        for (from, to, _) in changes {
            text.push_str(&ROW.replacen(from, to, 1));
        }
        let errors = PriceBook::parse(&text).unwrap_err();
        assert_eq!(errors.len(), changes.len(), "{errors:?}");
        for ((line, error), (_, to, message)) in (3..).zip(&errors).zip(changes) {
            assert_eq!(error.line, line, "{to}");
            assert!(error.message.contains(message), "{error}");
        }
    }

    #[test]
    fn a_price_stands_once_and_the_first_holds_from_zero() {
        let errors = PriceBook::parse(&format!("{HEADER}{ROW}{ROW}")).unwrap_err();
        assert!(errors[0].message.contains("twice"), "{errors:?}");
        let late = ROW.replace("shard_hours,0", "shard_hours,10");
        let errors = PriceBook::parse(&format!("{HEADER}{late}")).unwrap_err();
        assert!(errors[0].message.contains("no price from 0"), "{errors:?}");
        let errors = PriceBook::parse("region,price\n").unwrap_err();
        assert!(errors[0].message.contains("missing: mode, dimension"), "{errors:?}");
    }
}
