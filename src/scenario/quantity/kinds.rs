//! How each type of the vocabulary reads itself from the scalar of a scenario.

use serde_json::{Value, json};

use super::decimal::{Decimal, Inexact};
use super::unit::{self, Dimension};
use super::{Quantity, QuantityError};
use crate::hash_key::HashKey;
use crate::quotas::{PARTITION_KEY_CHARACTERS, WriteLimiter};
use crate::scenario::ExplicitHashKey;
use crate::scenario::tree::shorten;
use crate::time::{NANOSECONDS_PER_SECOND, Span};
use crate::units::{ByteRate, Bytes, CallRate, Calls, Rate, Ratio, RecordRate, Records};

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
/// A number, as the patterns of the schema write it.
const NUMBER: &str = r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?";

/// The name of a scenario, a producer or a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Name(pub(in crate::scenario) String);

/// An AWS region code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Region(pub(in crate::scenario) String);

/// The text of a partition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct KeyText(pub(in crate::scenario) String);

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
    let base = if dimension == Dimension::Time {
        "nanoseconds"
    } else {
        "bytes"
    };
    scaled(decimal, u128::from(factor), text, base)
}

fn no_unit(text: &str, noun: &str, fits: &str, example: &str) -> QuantityError {
    QuantityError::unit(format!(
        "`{}` has no unit, but {noun} is wanted",
        shorten(text.trim())
    ))
    .help(format!("write it like `{example}`; the units are {fits}"))
}

/// `decimal * factor` as 64 bits.
fn scaled(decimal: Decimal, factor: u128, text: &str, base: &str) -> Result<u64, QuantityError> {
    let text = shorten(text.trim());
    match decimal.times(factor) {
        Ok(amount) => u64::try_from(amount)
            .map_err(|_| QuantityError::range(format!("`{text}` is larger than can be held"))),
        Err(Inexact::Overflow) => Err(QuantityError::range(format!(
            "`{text}` is larger than can be held"
        ))),
        Err(Inexact::Lossy) => Err(QuantityError::lossy(format!(
            "`{text}` is not a whole number of {base}"
        ))
        .help("amounts are kept in whole numbers, so no digit is rounded away silently")),
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
        return Err(wrong(format!(
            "`{}` is not a rate: a unit of time is missing",
            shorten(name)
        )));
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
    let (mut amount, mut per) = (
        decimal.digits.checked_mul(u128::from(amount))?,
        u128::from(per),
    );
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
    Some((
        u64::try_from(amount / a).ok()?,
        u64::try_from(per / a).ok()?,
    ))
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
        with_unit(
            "ns|us|µs|μs|ms|s|min|h|d|w",
            &["250 ms", "10 s", "1.5 h", "7 d"],
        )
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

impl Quantity for RecordRate {
    const FORMAT: &'static str = "records-per-time";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let fits = "records/s, records/min or records/h";
        rate(
            text,
            Dimension::Records,
            fits,
            "9000 records/s",
            COUNT_RATE_MAX,
        )
        .map(Self)
    }

    fn keywords() -> Value {
        let units = r"records?\s*/\s*(ns|us|µs|μs|ms|s|min|h|d|w)";
        with_unit(
            units,
            &["9000 records/s", "0.5 records/s", "100 records/min"],
        )
    }
}

impl Quantity for ByteRate {
    const FORMAT: &'static str = "size-per-time";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        rate(
            text,
            Dimension::Size,
            "B/s, KiB/s or MiB/s",
            "2 MiB/s",
            BYTE_RATE_MAX,
        )
        .map(Self)
    }

    fn keywords() -> Value {
        let units = r"([kKMGT]?B|[KMGT]iB)\s*/\s*(ns|us|µs|μs|ms|s|min|h|d|w)";
        with_unit(units, &["1 MiB/s", "500 kB/s"])
    }
}

impl Quantity for CallRate {
    const FORMAT: &'static str = "calls-per-time";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        rate(
            text,
            Dimension::Calls,
            "calls/s or calls/min",
            "5 calls/s",
            COUNT_RATE_MAX,
        )
        .map(Self)
    }

    fn keywords() -> Value {
        with_unit(
            r"calls?\s*/\s*(ns|us|µs|μs|ms|s|min|h|d|w)",
            &["5 calls/s", "100 calls/min"],
        )
    }
}

impl Quantity for Ratio {
    const FORMAT: &'static str = "share";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let (mut decimal, name) = unit::split(text, "a share", "0.1 %")?;
        if !name.is_empty() {
            unit::resolve(
                name,
                Dimension::Share,
                "%, or none for a number from 0 to 1",
            )?;
            decimal.exponent -= 2;
        }
        let ratio = decimal.as_f64();
        if (0.0..=1.0).contains(&ratio) {
            return Ok(Self(ratio));
        }
        let error = QuantityError::range(format!("`{}` is more than all", shorten(text.trim())));
        Err(if name.is_empty() && ratio <= 100.0 {
            error.help(format!("for a percentage write `{} %`", text.trim()))
        } else {
            error.help("a share is at most 100 %, or 1")
        })
    }

    fn keywords() -> Value {
        json!({
            "type": ["string", "number"],
            "pattern": format!(r"^\s*{NUMBER}\s*%?\s*$"),
            "minimum": 0,
            "maximum": 1,
            "examples": ["0.1 %", 0.001],
        })
    }
}

impl Quantity for HashKey {
    const FORMAT: &'static str = "hash-key";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = is_digits && (text == "0" || !text.starts_with('0'));
        if !canonical {
            let message = format!("`{}` is not a hash key", shorten(text));
            return Err(QuantityError::syntax(message)
                .help("write a decimal number from 0 to 2^128 - 1 without leading zeros"));
        }
        text.parse().map(Self).map_err(|_| {
            QuantityError::range(format!("`{}` is beyond the hash space", shorten(text)))
                .help(format!("the last hash key is 2^128 - 1 = {}", u128::MAX))
        })
    }

    fn keywords() -> Value {
        json!({
            "type": ["string", "integer"],
            "minimum": 0,
            "pattern": "^(0|[1-9][0-9]{0,38})$",
            "examples": ["170141183460469231731687303715884105728"],
        })
    }
}

impl Quantity for ExplicitHashKey {
    const FORMAT: &'static str = "random-or-hash-key";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        if text == "random" {
            return Ok(Self::Random);
        }
        HashKey::parse(text)
            .map(Self::Fixed)
            .map_err(|error| QuantityError {
                help: Some("write `random` or a decimal number from 0 to 2^128 - 1".to_owned()),
                message: format!("{}, and not `random` either", error.message),
                code: error.code,
            })
    }

    fn keywords() -> Value {
        json!({
            "type": ["string", "integer"],
            "minimum": 0,
            "pattern": "^(random|0|[1-9][0-9]{0,38})$",
            "examples": ["random", "170141183460469231731687303715884105728"],
        })
    }
}

impl Quantity for WriteLimiter {
    const FORMAT: &'static str = "write-limiter";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        match text {
            "token_bucket" => Ok(Self::TokenBucket),
            "fixed_window" => Ok(Self::FixedWindow),
            _ => Err(QuantityError {
                code: "unknown-word",
                message: format!("`{}` is not a write limiter", shorten(text)),
                help: Some("write `token_bucket` or `fixed_window`".to_owned()),
            }),
        }
    }

    fn keywords() -> Value {
        json!({ "type": "string", "enum": ["token_bucket", "fixed_window"] })
    }
}

impl Quantity for bool {
    const FORMAT: &'static str = "true-or-false";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        text.parse().map_err(|_| QuantityError {
            code: "wrong-type",
            message: format!("`{}` is neither `true` nor `false`", shorten(text)),
            help: None,
        })
    }

    fn keywords() -> Value {
        json!({ "type": "boolean" })
    }
}

impl Quantity for Name {
    const FORMAT: &'static str = "name";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_dots = text.chars().all(|c| c == '.');
        if text.is_empty() || text.len() > 100 || is_dots || !text.chars().all(is_plain) {
            return Err(QuantityError {
                code: "bad-name",
                message: format!("`{}` is not a name", shorten(text)),
                help: Some("use letters, digits, `-`, `_` and `.`, at most 100 of them".to_owned()),
            });
        }
        Ok(Self(text.to_owned()))
    }

    fn keywords() -> Value {
        json!({
            "type": "string",
            "pattern": r"^(?!\.+$)[A-Za-z0-9._-]{1,100}$",
            "examples": ["orders"],
        })
    }
}

impl Quantity for Region {
    const FORMAT: &'static str = "region";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > 32 || !text.chars().all(is_plain) {
            return Err(QuantityError {
                code: "bad-name",
                message: format!("`{}` is not the code of an AWS region", shorten(text)),
                help: Some("write a code such as `us-east-1`".to_owned()),
            });
        }
        Ok(Self(text.to_owned()))
    }

    fn keywords() -> Value {
        json!({ "type": "string", "pattern": "^[a-z0-9-]{1,32}$", "examples": ["us-east-1"] })
    }
}

impl Quantity for KeyText {
    const FORMAT: &'static str = "partition-key";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let characters = text.chars().count();
        if (1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
            return Ok(Self(text.to_owned()));
        }
        Err(QuantityError {
            code: "key-length",
            message: format!("this partition key has {characters} characters"),
            help: Some(format!(
                "a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters"
            )),
        })
    }

    fn keywords() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": PARTITION_KEY_CHARACTERS })
    }
}
