//! Scalars without a unit: hash keys, names and words, and how each reads itself.

use serde_json::{Value, json};

use super::{Quantity, QuantityError};
use crate::hash_key::HashKey;
use crate::quotas::{PARTITION_KEY_CHARACTERS, WriteLimiter};
use crate::scenario::ExplicitHashKey;
use crate::scenario::tree::shorten;
use crate::time::{Civil, Timestamp};

/// The name of a scenario, a producer or a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Name(pub(in crate::scenario) String);

/// An AWS region code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Region(pub(in crate::scenario) String);

/// The text of a partition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct KeyText(pub(in crate::scenario) String);

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
        HashKey::parse(text).map(Self::Fixed).map_err(|error| QuantityError {
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

impl Quantity for Timestamp {
    const FORMAT: &'static str = "moment-in-utc";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let wrong = || {
            let message = format!("`{}` is not a moment in UTC", shorten(text));
            QuantityError::syntax(message)
                .help("write a date from 1970 on, or a date and a time: `2026-01-01T00:00:00Z`")
        };
        // Two digits, or four, between fixed signs.
        let digits = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|digits| digits.bytes().all(is_digit));
            digits.and_then(|digits| digits.parse::<u64>().ok()).ok_or_else(wrong)
        };
        let signs: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let (hour, minute, second) = match (signs.as_str(), text.len()) {
            ("--", 10) => (0, 0, 0),
            ("--T::Z", 20) => (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?),
            _ => return Err(wrong()),
        };
        let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
        Self::new(Civil { year, month, day, hour, minute, second }).ok_or_else(wrong)
    }

    fn keywords() -> Value {
        json!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$",
            "examples": ["2026-01-01T00:00:00Z", "2026-03-29"],
        })
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
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
            help: Some(format!("a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters")),
        })
    }

    fn keywords() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": PARTITION_KEY_CHARACTERS })
    }
}
