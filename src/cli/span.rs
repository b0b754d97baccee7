//! Spans of the command line: `--bin 10s`, `--window 250ms`.

use crate::time::Span;

/// Units and their nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Reads a whole number with a unit, with or without a blank between them; more than zero.
pub(super) fn parse(text: &str) -> Result<Span, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim());
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a whole number with a unit, such as 10s or 5 min".to_owned())?;
    let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("unknown unit `{unit}`; use one of ns, us, ms, s, min, h, d"));
    };
    match number.checked_mul(*nanoseconds) {
        Some(0) => Err("must be more than zero".to_owned()),
        Some(nanoseconds) => Ok(Span::from_nanoseconds(nanoseconds)),
        None => Err("is longer than any run".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(parse("10s"), Ok(Span::from_seconds(10)));
        assert_eq!(parse("5 min"), Ok(Span::from_seconds(300)));
        assert_eq!(parse("250ms"), Ok(Span::from_milliseconds(250)));
    }

    #[test]
    fn anything_else_says_what_is_expected() {
        for text in ["", "s", "10", "10 m", "1.5s", "-3s", "0s", "999999999999999999 d"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("10 m").unwrap_err().contains("use one of"));
    }
}
