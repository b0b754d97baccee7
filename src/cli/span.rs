//! Spans of the command line: `--bin 10s`, `--window 250ms`, read as a scenario reads durations.

use crate::scenario;
use crate::time::Span;

/// Shortest window: below it a run is nothing but barriers.
const WINDOW_LEAST: Span = Span::from_milliseconds(1);

/// Width of a row of the series; a width that is not in whole seconds would silently become
/// another one.
pub(super) fn bin(text: &str) -> Result<Span, String> {
    let bin = more_than_zero(text)?;
    if bin.nanoseconds().is_multiple_of(Span::SECOND.nanoseconds()) {
        Ok(bin)
    } else {
        Err("must be in whole seconds".to_owned())
    }
}

/// Simulated time between two barriers.
pub(super) fn window(text: &str) -> Result<Span, String> {
    let window = more_than_zero(text)?;
    if window < WINDOW_LEAST { Err(format!("must be at least {WINDOW_LEAST}")) } else { Ok(window) }
}

fn more_than_zero(text: &str) -> Result<Span, String> {
    match scenario::parse_span(text)? {
        Span::ZERO => Err("must be more than zero".to_owned()),
        span => Ok(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(bin("10s"), Ok(Span::from_seconds(10)));
        assert_eq!(bin("1.5 min"), Ok(Span::from_seconds(90)));
        assert_eq!(window("250ms"), Ok(Span::from_milliseconds(250)));
    }

    #[test]
    fn anything_else_says_what_is_expected() {
        for text in ["", "s", "10", "10 m", "1.5s", "1500ms", "-3s", "0s", "0", "9e99 d", "inf"] {
            assert!(bin(text).is_err(), "{text}");
        }
        assert!(bin("1500ms").unwrap_err().contains("whole seconds"));
        assert!(bin("10").unwrap_err().contains("for example `10 s`"));
        assert!(bin("10 m").unwrap_err().contains("did you mean `min`?"));
        assert!(window("1 ns").unwrap_err().contains("at least 1 ms"));
    }
}
