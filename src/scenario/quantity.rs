//! Amounts with units as a scenario writes them: `4 KiB`, `9000 records/s`, `1.5 h`, `0.1 %`.
//!
//! Everything that is counted in whole things (nanoseconds, bytes, records) is read in integer
//! arithmetic and refused when a digit would be lost. `kinds` says how each amount
//! reads itself, `words` how names and keys do; `unit` is the table of units.

mod decimal;
mod kinds;
mod unit;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::time::Span;
use crate::units::{Bytes, Ratio, RecordRate};

pub(super) use decimal::Decimal;
pub(super) use kinds::WarmUp;
pub(super) use words::{KeyText, Name, Region};

/// Why a text is not an amount of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QuantityError {
    /// Stable code.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) message: String,
    /// What to write in its place.
    pub(super) help: Option<String>,
}

impl QuantityError {
    /// The text is not an amount at all.
    fn syntax(message: String) -> Self {
        Self { code: "quantity-syntax", message, help: None }
    }

    /// The unit is missing, unknown or of another kind.
    fn unit(message: String) -> Self {
        Self { code: "quantity-unit", message, help: None }
    }

    /// A digit would be lost.
    fn lossy(message: String) -> Self {
        Self { code: "quantity-lossy", message, help: None }
    }

    /// The amount is negative, not finite, too small or too large.
    fn range(message: String) -> Self {
        Self { code: "quantity-range", message, help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// A type that a scenario writes as one scalar.
pub(super) trait Quantity: Sized {
    /// The name of the kind: the `format` of the schema and the name of its definition.
    const FORMAT: &'static str;

    /// Reads the text of a scalar.
    fn parse(text: &str) -> Result<Self, QuantityError>;

    /// The keywords of the schema beside `format`.
    fn keywords() -> serde_json::Value;
}

/// A duration as a scenario writes it: `10 s`, `1.5h`, `250ms`.
///
/// # Errors
/// What is wrong and what to write instead, in one line.
pub fn parse_span(text: &str) -> Result<Span, String> {
    in_one_line(Span::parse(text))
}

/// A rate of records as a scenario writes it: `9000 records/s`.
///
/// # Errors
/// What is wrong and what to write instead, in one line.
pub fn parse_record_rate(text: &str) -> Result<RecordRate, String> {
    in_one_line(RecordRate::parse(text))
}

/// A size as a scenario writes it: `600 B`, `4 KiB`.
///
/// # Errors
/// What is wrong and what to write instead, in one line.
pub fn parse_size(text: &str) -> Result<Bytes, String> {
    in_one_line(Bytes::parse(text))
}

/// A share as a scenario writes it, `5 %` or `0.05`: the ratio.
///
/// # Errors
/// What is wrong and what to write instead, in one line.
pub fn parse_ratio(text: &str) -> Result<f64, String> {
    in_one_line(Ratio::parse(text)).map(|ratio| ratio.0)
}

fn in_one_line<Q>(parsed: Result<Q, QuantityError>) -> Result<Q, String> {
    parsed.map_err(|error| match error.help {
        Some(help) => format!("{}; {help}", error.message),
        None => error.message,
    })
}

/// A quantity as a field of the raw file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Written<Q>(pub(super) Q);

impl<'de, Q: Quantity> Deserialize<'de> for Written<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor(PhantomData))
    }
}

/// Takes a scalar of any type as the text that it is written as.
struct WrittenVisitor<Q>(PhantomData<Q>);

impl<Q: Quantity> Visitor<'_> for WrittenVisitor<Q> {
    type Value = Written<Q>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Q::FORMAT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written<Q>, E> {
        Q::parse(text).map(Written).map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Written<Q>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Written<Q>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Written<Q>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Written<Q>, E> {
        self.visit_str(&value.to_string())
    }
}

impl<Q: Quantity> JsonSchema for Written<Q> {
    fn schema_name() -> Cow<'static, str> {
        Q::FORMAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = serde_json::Map::new();
        schema.insert("format".to_owned(), Q::FORMAT.into());
        if let serde_json::Value::Object(keywords) = Q::keywords() {
            schema.extend(keywords);
        }
        schema.into()
    }
}

/// Checks a scalar against a `format` of the schema; nothing when the format is not one of ours.
pub(super) fn check(format: &str, text: &str) -> Option<Result<(), QuantityError>> {
    use crate::hash_key::HashKey;
    use crate::quotas::WriteLimiter;
    use crate::scenario::ExplicitHashKey;
    use crate::time::{Span, Timestamp};
    use crate::units::{
        ByteRate, Bytes, CallRate, Calls, Multiple, Ratio, RecordRate, Records, Shards, Usd,
    };

    /// Asks one type after the other whether the format is its own.
    macro_rules! first_of {
        ($($kind:ty),+ $(,)?) => {
            $(if format == <$kind as Quantity>::FORMAT {
                return Some(<$kind as Quantity>::parse(text).map(drop));
            })+
        };
    }
    first_of!(
        Span,
        Bytes,
        Records,
        Calls,
        Shards,
        RecordRate,
        ByteRate,
        CallRate,
        Ratio,
        Multiple,
        Usd,
        HashKey,
        ExplicitHashKey,
        WriteLimiter,
        bool,
        Name,
        Region,
        KeyText,
        Timestamp,
        WarmUp,
    );
    None
}

#[cfg(test)]
mod tests;
