//! The table of units, and the split of a text into its number and its unit.

use super::QuantityError;
use super::decimal::Decimal;
use crate::scenario::tree::shorten;
use crate::units::{GIB, KIB, MIB};

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Size,
    /// Records.
    Records,
    /// API calls.
    Calls,
    /// Shards.
    Shards,
    /// Hundredths.
    Share,
    /// Dollars.
    Money,
}

impl Dimension {
    /// The kind of amount, with an article.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Time => "a duration",
            Self::Size => "a size",
            Self::Records => "a number of records",
            Self::Calls => "a number of calls",
            Self::Shards => "a number of shards",
            Self::Share => "a share",
            Self::Money => "an amount of money",
        }
    }
}

/// One unit: how it is written, what it measures, how many base units it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// As it is written.
    pub(super) name: &'static str,
    /// What it measures.
    pub(super) dimension: Dimension,
    /// Base units in one of it.
    pub(super) factor: u64,
}

const fn unit(name: &'static str, dimension: Dimension, factor: u64) -> Unit {
    Unit { name, dimension, factor }
}

/// Every unit of the language, small to large.
pub(super) const UNITS: [Unit; 28] = [
    unit("ns", Dimension::Time, 1),
    unit("us", Dimension::Time, 1_000),
    unit("µs", Dimension::Time, 1_000),
    unit("μs", Dimension::Time, 1_000),
    unit("ms", Dimension::Time, 1_000_000),
    unit("s", Dimension::Time, 1_000_000_000),
    unit("min", Dimension::Time, 60_000_000_000),
    unit("h", Dimension::Time, 3_600_000_000_000),
    unit("d", Dimension::Time, 86_400_000_000_000),
    unit("w", Dimension::Time, 604_800_000_000_000),
    unit("B", Dimension::Size, 1),
    unit("kB", Dimension::Size, 1_000),
    unit("KB", Dimension::Size, 1_000),
    unit("KiB", Dimension::Size, KIB),
    unit("MB", Dimension::Size, 1_000_000),
    unit("MiB", Dimension::Size, MIB),
    unit("GB", Dimension::Size, 1_000_000_000),
    unit("GiB", Dimension::Size, GIB),
    unit("TB", Dimension::Size, 1_000_000_000_000),
    unit("TiB", Dimension::Size, 1 << 40),
    unit("record", Dimension::Records, 1),
    unit("records", Dimension::Records, 1),
    unit("call", Dimension::Calls, 1),
    unit("calls", Dimension::Calls, 1),
    unit("shard", Dimension::Shards, 1),
    unit("shards", Dimension::Shards, 1),
    unit("%", Dimension::Share, 1),
    unit("USD", Dimension::Money, 1),
];

/// What other tools call a unit of ours.
const ALIASES: [(&str, &str); 27] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("m", "min"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("msec", "ms"),
    ("b", "B"),
    ("bytes", "B"),
    ("byte", "B"),
    ("percent", "%"),
    ("rec", "records"),
    ("recs", "records"),
    ("kb", "KB"),
    ("$", "USD"),
    ("dollar", "USD"),
    ("dollars", "USD"),
];

/// The unit with the given name.
pub(super) fn find(name: &str) -> Option<Unit> {
    UNITS.into_iter().find(|unit| unit.name == name)
}

/// The unit that someone who wrote `name` probably means.
pub(super) fn suggest(name: &str, dimension: Dimension) -> Option<&'static str> {
    if let Some((_, unit)) = ALIASES.iter().find(|alias| alias.0.eq_ignore_ascii_case(name)) {
        return find(unit).filter(|unit| unit.dimension == dimension).map(|unit| unit.name);
    }
    UNITS
        .into_iter()
        .filter(|unit| unit.dimension == dimension)
        .find(|unit| unit.name.eq_ignore_ascii_case(name))
        .map(|unit| unit.name)
}

/// A number and the text of its unit, which may be empty.
pub(super) fn split<'a>(
    text: &'a str,
    noun: &str,
    example: &str,
) -> Result<(Decimal, &'a str), QuantityError> {
    let trimmed = text.trim();
    let example = || format!("write {noun} like `{example}`");
    if is_not_finite(trimmed) {
        let message = format!("`{}` is not finite", shorten(trimmed));
        return Err(QuantityError::range(message).help(example()));
    }
    let end = number_end(trimmed);
    let (number, unit) = (&trimmed[..end], trimmed[end..].trim_start());
    let Some(decimal) = Decimal::parse(number) else {
        let message = format!("`{}` is not {noun}", shorten(trimmed));
        return Err(QuantityError::syntax(message).help(example()));
    };
    if unit.starts_with(['_', ',', '\'']) {
        let message = format!("`{}` is not {noun}", shorten(trimmed));
        let help = "write digits without separators, such as `10000`";
        return Err(QuantityError::syntax(message).help(help));
    }
    if decimal.negative && decimal.digits > 0 {
        let message = format!("`{}` is negative", shorten(trimmed));
        return Err(QuantityError::range(message).help(example()));
    }
    Ok((decimal, unit))
}

/// Whether the text starts with a spelling of infinity or of no number.
fn is_not_finite(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-', '.']).to_ascii_lowercase();
    let word = bare.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    matches!(word, "nan" | "inf" | "infinity")
}

/// Where the number at the start of the text ends.
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits_from = |mut at: usize| {
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
            at += 1;
        }
        at
    };
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let end = digits_from(sign);
    if !matches!(bytes.get(end), Some(b'e' | b'E')) {
        return end;
    }
    let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
    let exponent_end = digits_from(end + 1 + sign);
    if exponent_end > end + 1 + sign { exponent_end } else { end }
}

/// The unit that `name` stands for, which must measure `dimension`.
pub(super) fn resolve(name: &str, dimension: Dimension, fits: &str) -> Result<Unit, QuantityError> {
    match find(name) {
        Some(unit) if unit.dimension == dimension => Ok(unit),
        Some(unit) => Err(QuantityError::unit(format!(
            "`{name}` is a unit of {}, but {} is wanted",
            unit.dimension.noun().trim_start_matches("a ").trim_start_matches("number of "),
            dimension.noun(),
        ))
        .help(format!("the units that fit are {fits}"))),
        None => {
            let error = QuantityError::unit(format!("`{}` is not a unit", shorten(name)));
            Err(match suggest(name, dimension) {
                Some(meant) => error.help(format!("did you mean `{meant}`? Units: {fits}")),
                None => error.help(format!("the units that fit are {fits}")),
            })
        }
    }
}
