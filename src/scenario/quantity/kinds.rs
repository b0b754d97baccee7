//! How each amount of the vocabulary reads itself from the scalar of a scenario.

use serde_json::{Value, json};

use super::decimal::{Decimal, Inexact};
use super::unit::{self, Dimension};
use super::{Quantity, QuantityError};
use crate::scenario::tree::shorten;
use crate::time::{NANOSECONDS_PER_SECOND, Span};
use crate::units::{
    AMOUNT_DECIMALS, ByteRate, Bytes, CallRate, Calls, Multiple, Rate, Ratio, RecordRate, Records,
    Shards, Usd,
};

/// The units of a duration, for help texts.
const TIME_UNITS: &str = "ns, us, ms, s, min, h, d and w";
/// The units of a size, for help texts.
const SIZE_UNITS: &str = "B, kB, KiB, MB, MiB, GB, GiB, TB and TiB";
/// Highest rate of records or calls, a second.
const COUNT_RATE_MAX: u64 = 1_000_000_000;
/// Highest rate of bytes, a second: 1 TB/s.
const BYTE_RATE_MAX: u64 = 1_000_000_000_000;
/// Longest span of any kind: a run cannot be longer.
const DURATION_MAX: Span = Span::from_seconds(366 * 86_400);
/// Most money, in millionths of a dollar.
const MONEY_MILLIONTHS_MAX: u128 = 1_000_000_000_000_000;
/// Most that anything is of something else.
const MULTIPLE_MAX: f64 = 100.0;
/// A number, as the patterns of the schema write it.
const NUMBER: &str = r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?";

/// The schema of a number with a unit, or a bare zero.
fn with_unit(units: &str, examples: &[&str]) -> Value {
    json!({
        "type": ["string", "integer"],
        "pattern": format!(r"^\s*({NUMBER}\s*({units})|\+?0+(\.0*)?)\s*$"),
        "minimum": 0,
        "maximum": 0,
        "examples": examples,
    })
}

/// A whole amount of base units, with the unit required unless the amount is zero.
fn whole_amount(
    text: &str,
    dimension: Dimension,
    fits: &str,
    example: &str,
) -> Result<u64, QuantityError> {
    let (decimal, name) = unit::split(text, dimension.noun(), example)?;
    let factor = match name {
        "" if decimal.digits == 0 => 1,
        "" => return Err(no_unit(text, dimension.noun(), fits, example)),
        name => unit::resolve(name, dimension, fits)?.factor,
    };
    let base = if dimension == Dimension::Time { "nanoseconds" } else { "bytes" };
    scaled(decimal, u128::from(factor), text, base)
}

fn no_unit(text: &str, noun: &str, fits: &str, example: &str) -> QuantityError {
    let text = shorten(text.trim());
    let unit = example.split_once(' ').map_or("", |(_, unit)| unit);
    QuantityError::unit(format!("`{text}` has no unit, but {noun} is wanted"))
        .help(format!("write for example `{text} {unit}`; the units are {fits}"))
}

/// `decimal * factor` as 64 bits.
fn scaled(decimal: Decimal, factor: u128, text: &str, base: &str) -> Result<u64, QuantityError> {
    let text = shorten(text.trim());
    match decimal.times(factor) {
        Ok(amount) => u64::try_from(amount)
            .map_err(|_| QuantityError::range(format!("`{text}` is larger than can be held"))),
        Err(Inexact::Overflow) => {
            Err(QuantityError::range(format!("`{text}` is larger than can be held")))
        }
        Err(Inexact::Lossy) => {
            Err(QuantityError::lossy(format!("`{text}` is not a whole number of {base}"))
                .help("amounts are kept in whole numbers, so no digit is rounded away silently"))
        }
    }
}

/// A plain count, which may name what it counts.
fn count(
    text: &str,
    dimension: Dimension,
    fits: &str,
    example: &str,
) -> Result<u64, QuantityError> {
    let (decimal, name) = unit::split(text, dimension.noun(), example)?;
    if !name.is_empty() {
        unit::resolve(name, dimension, fits)?;
    }
    scaled(decimal, 1, text, fits)
}

/// An exact rate: an amount with a unit, a slash and a unit of time.
fn rate(
    text: &str,
    dimension: Dimension,
    fits: &str,
    example: &str,
    most: u64,
) -> Result<Rate, QuantityError> {
    let (decimal, name) = unit::split(text, "a rate", example)?;
    if name.is_empty() {
        return match decimal.digits {
            0 => Ok(Rate::per_second(0)),
            _ => Err(no_unit(text, "a rate", fits, example)),
        };
    }
    let wrong = |message: String| QuantityError::unit(message).help(format!("write {fits}"));
    let Some((amount_unit, time_unit)) = name.split_once('/') else {
        return Err(wrong(format!("`{}` is not a rate: a unit of time is missing", shorten(name))));
    };
    let amount_unit = unit::resolve(amount_unit.trim(), dimension, fits)?;
    let time_unit = unit::resolve(time_unit.trim(), Dimension::Time, "s, min, h and d")?;
    let (amount, per) =
        exact_fraction(decimal, amount_unit.factor, time_unit.factor).ok_or_else(|| {
            let message = format!("`{}` has too many digits", shorten(text.trim()));
            QuantityError::range(message)
        })?;
    let per_second = u128::from(amount) * u128::from(NANOSECONDS_PER_SECOND);
    if per_second > u128::from(most) * u128::from(per) {
        let message = format!("`{}` is more than {most} a second", shorten(text.trim()));
        return Err(QuantityError::range(message).help("no stream carries so much"));
    }
    Ok(Rate::new(amount, Span::from_nanoseconds(per)))
}

/// `decimal * amount / per` in lowest terms, when both fit 64 bits.
fn exact_fraction(decimal: Decimal, amount: u64, per: u64) -> Option<(u64, u64)> {
    let (mut amount, mut per) = (decimal.digits.checked_mul(u128::from(amount))?, u128::from(per));
    let power = 10u128.checked_pow(decimal.exponent.unsigned_abs())?;
    if decimal.exponent >= 0 {
        amount = amount.checked_mul(power)?;
    } else {
        per = per.checked_mul(power)?;
    }
    let (mut a, mut b) = (amount, per);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    Some((u64::try_from(amount / a).ok()?, u64::try_from(per / a).ok()?))
}

impl Quantity for Span {
    const FORMAT: &'static str = "duration-with-unit";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let span =
            whole_amount(text, Dimension::Time, TIME_UNITS, "10 s").map(Self::from_nanoseconds)?;
        if span > DURATION_MAX {
            let message = format!("`{}` is longer than 366 d", shorten(text.trim()));
            return Err(QuantityError::range(message).help("no run is longer than that"));
        }
        Ok(span)
    }

    fn keywords() -> Value {
        with_unit("ns|us|µs|μs|ms|s|min|h|d|w", &["250 ms", "10 s", "1.5 h", "7 d"])
    }
}

/// How long the start of a run is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum WarmUp {
    /// As long as it takes the run to settle.
    Auto,
    /// So long.
    Of(Span),
}

impl Quantity for WarmUp {
    const FORMAT: &'static str = "duration-or-auto";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.trim() == "auto" { Ok(Self::Auto) } else { Span::parse(text).map(Self::Of) }
    }

    fn keywords() -> Value {
        let mut keywords = Span::keywords();
        if let Some(pattern) = keywords.get_mut("pattern") {
            let of_span = pattern.as_str().unwrap_or_default();
            *pattern = format!("({of_span})|^auto$").into();
        }
        keywords
    }
}

impl Quantity for Bytes {
    const FORMAT: &'static str = "size-with-unit";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        whole_amount(text, Dimension::Size, SIZE_UNITS, "600 B").map(Self)
    }

    fn keywords() -> Value {
        with_unit("[kKMGT]?B|[KMGT]iB", &["600 B", "4 KiB", "1 MiB"])
    }
}

impl Quantity for Records {
    const FORMAT: &'static str = "number-of-records";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        count(text, Dimension::Records, "records", "500 records").map(Self)
    }

    fn keywords() -> Value {
        json!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": format!(r"^\s*{NUMBER}\s*(records?)?\s*$"),
            "examples": [500, "500 records"],
        })
    }
}

impl Quantity for Calls {
    const FORMAT: &'static str = "number-of-calls";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        count(text, Dimension::Calls, "calls", "5 calls").map(Self)
    }

    fn keywords() -> Value {
        json!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": format!(r"^\s*{NUMBER}\s*(calls?)?\s*$"),
            "examples": [5, "5 calls"],
        })
    }
}

impl Quantity for Shards {
    const FORMAT: &'static str = "number-of-shards";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        count(text, Dimension::Shards, "shards", "4 shards").map(Self)
    }

    fn keywords() -> Value {
        json!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": format!(r"^\s*{NUMBER}\s*(shards?)?\s*$"),
            "examples": [4, "4 shards"],
        })
    }
}

impl Quantity for RecordRate {
    const FORMAT: &'static str = "records-per-time";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let fits = "records/s, records/min or records/h";
        rate(text, Dimension::Records, fits, "9000 records/s", COUNT_RATE_MAX).map(Self)
    }

    fn keywords() -> Value {
        let units = r"records?\s*/\s*(ns|us|µs|μs|ms|s|min|h|d|w)";
        with_unit(units, &["9000 records/s", "0.5 records/s", "100 records/min"])
    }
}

impl Quantity for ByteRate {
    const FORMAT: &'static str = "size-per-time";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        rate(text, Dimension::Size, "B/s, KiB/s or MiB/s", "2 MiB/s", BYTE_RATE_MAX).map(Self)
    }

    fn keywords() -> Value {
        let units = r"([kKMGT]?B|[KMGT]iB)\s*/\s*(ns|us|µs|μs|ms|s|min|h|d|w)";
        with_unit(units, &["1 MiB/s", "500 kB/s"])
    }
}

impl Quantity for CallRate {
    const FORMAT: &'static str = "calls-per-time";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        rate(text, Dimension::Calls, "calls/s or calls/min", "5 calls/s", COUNT_RATE_MAX).map(Self)
    }

    fn keywords() -> Value {
        with_unit(r"calls?\s*/\s*(ns|us|µs|μs|ms|s|min|h|d|w)", &["5 calls/s", "100 calls/min"])
    }
}

impl Quantity for Usd {
    const FORMAT: &'static str = "money";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let example = "500 USD";
        let (decimal, name) = unit::split(text, Dimension::Money.noun(), example)?;
        match name {
            "" if decimal.digits == 0 => {}
            "" => return Err(no_unit(text, Dimension::Money.noun(), "USD", example)),
            name => {
                unit::resolve(name, Dimension::Money, "USD")?;
            }
        }
        let shown = shorten(text.trim());
        let millionths =
            decimal.times(10u128.pow(AMOUNT_DECIMALS)).map_err(|error| match error {
                Inexact::Lossy => {
                    QuantityError::lossy(format!("`{shown}` is finer than a millionth of a dollar"))
                }
                Inexact::Overflow => {
                    QuantityError::range(format!("`{shown}` is larger than can be held"))
                }
            })?;
        if millionths > MONEY_MILLIONTHS_MAX {
            let message = format!("`{shown}` is more than a thousand million dollars");
            return Err(QuantityError::range(message).help("no stream costs so much"));
        }
        Ok(Self::from_millionths(millionths as u64))
    }

    fn keywords() -> Value {
        with_unit("USD", &["500 USD", "1499.50 USD"])
    }
}

impl Quantity for Ratio {
    const FORMAT: &'static str = "share";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let (ratio, is_percentage) = ratio(text, "a share", "0.1 %", "a number from 0 to 1")?;
        if (0.0..=1.0).contains(&ratio) {
            return Ok(Self(ratio));
        }
        let error = QuantityError::range(format!("`{}` is more than all", shorten(text.trim())));
        Err(if !is_percentage && ratio <= 100.0 {
            error.help(format!("for a percentage write `{} %`", text.trim()))
        } else {
            error.help("a share is at most 100 %, or 1")
        })
    }

    fn keywords() -> Value {
        ratio_keywords(&json!(1), &json!(["0.1 %", 0.001]))
    }
}

impl Quantity for Multiple {
    const FORMAT: &'static str = "multiple";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let (ratio, is_percentage) = ratio(text, "a percentage", "150 %", "a number, like 1.5")?;
        if (0.0..=MULTIPLE_MAX).contains(&ratio) {
            return Ok(Self(ratio));
        }
        let error = QuantityError::range(format!("`{}` is too much", shorten(text.trim())));
        Err(if is_percentage {
            error.help("it is at most 10,000 %")
        } else {
            error.help(format!("for a percentage write `{} %`", text.trim()))
        })
    }

    fn keywords() -> Value {
        ratio_keywords(&json!(MULTIPLE_MAX), &json!(["150 %", 1.5]))
    }
}

/// The schema of a number up to `most`, or a percentage of one.
fn ratio_keywords(most: &Value, examples: &Value) -> Value {
    json!({
        "type": ["string", "number"],
        "pattern": format!(r"^\s*{NUMBER}\s*%?\s*$"),
        "minimum": 0,
        "maximum": most,
        "examples": examples,
    })
}

/// A number, or a percentage of one; and whether it is the latter.
fn ratio(
    text: &str,
    what: &str,
    example: &str,
    without: &str,
) -> Result<(f64, bool), QuantityError> {
    let (mut decimal, name) = unit::split(text, what, example)?;
    if !name.is_empty() {
        unit::resolve(name, Dimension::Share, &format!("%, or none for {without}"))?;
        decimal.exponent -= 2;
    }
    Ok((decimal.as_f64(), !name.is_empty()))
}
