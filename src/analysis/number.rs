//! Numbers as people read them: `12,000`, `63.4 %`, `5.3 s`, `1.2 GiB`.
//!
//! Three digits are enough for a reader; whoever wants all of them has the JSON. Nothing that is
//! not zero prints as zero.

use crate::units::{GIB, KIB, MIB, Usd};

/// A whole number with a comma every three digits: `1,234,567`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number for a narrow column: exact up to ten million, then `51.4 M` and `7.3 G`.
#[must_use]
pub fn short_count(value: u64) -> String {
    match value {
        0..10_000_000 => count(value),
        10_000_000..1_000_000_000 => format!("{} M", plain(value as f64 / 1e6)),
        _ => format!("{} G", plain(value as f64 / 1e9)),
    }
}

/// A number with three significant digits and commas: `0.0123`, `6.45`, `12,345`.
#[must_use]
pub fn plain(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let magnitude = value.abs();
    if magnitude >= 99.95 {
        let whole = count(magnitude.round() as u64);
        return if value < 0.0 { format!("-{whole}") } else { whole };
    }
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    // 9.995 rounds up to 10.0, hence the halves of the last digit.
    let decimals = if magnitude >= 9.995 {
        1
    } else if magnitude >= 0.9995 {
        2
    } else {
        let leading_zeros = (-magnitude.log10()).floor().clamp(0.0, 12.0) as usize;
        leading_zeros + 3
    };
    trim(&format!("{value:.decimals$}")).to_owned()
}

/// A share as a percentage: `63.4 %`.
#[must_use]
pub fn percent(ratio: f64) -> String {
    // What is nearly all is not all.
    if ratio < 1.0 && ratio > 0.999_5 {
        return if ratio < 0.999_995 {
            format!("{:.3} %", floor(ratio * 100.0))
        } else {
            plain_percent(ratio)
        };
    }
    plain_percent(ratio)
}

fn plain_percent(ratio: f64) -> String {
    format!("{} %", plain(ratio * 100.0))
}

fn floor(percent: f64) -> f64 {
    (percent * 1_000.0).floor() / 1_000.0
}

/// A length of time given in milliseconds: `340 us`, `12 ms`, `5.3 s`, `16 min`, `2.5 h`, `3 d`.
#[must_use]
pub fn milliseconds(value: f64) -> String {
    const UNITS: [(f64, &str); 5] =
        [(86_400_000.0, "d"), (3_600_000.0, "h"), (60_000.0, "min"), (1_000.0, "s"), (1.0, "ms")];
    if value == 0.0 {
        return "0 ms".to_owned();
    }
    for (size, name) in UNITS {
        // Two minutes read better as 120 s, and two days as 48 h.
        let least = if size > 1_000.0 { 2.0 * size } else { size };
        if value >= least {
            return format!("{} {name}", plain(value / size));
        }
    }
    format!("{} us", plain(value * 1_000.0))
}

/// Dollars to the cent, such as `1,234.50`.
#[must_use]
pub fn dollars(value: f64) -> String {
    Usd::from_f64(value).map_or_else(|| "-".to_owned(), Usd::to_cents)
}

/// A length of time given in seconds.
#[must_use]
pub fn seconds(value: f64) -> String {
    milliseconds(value * 1_000.0)
}

/// An amount of data: `600 B`, `4 KiB`, `1.2 GiB`.
#[must_use]
pub fn bytes(value: f64) -> String {
    for (size, name) in [(1024.0 * GIB as f64, "TiB"), (GIB as f64, "GiB"), (MIB as f64, "MiB")] {
        if value >= size {
            return format!("{} {name}", plain(value / size));
        }
    }
    if value >= KIB as f64 {
        return format!("{} KiB", plain(value / KIB as f64));
    }
    format!("{} B", plain(value))
}

/// `1 shard`, `2 shards`.
#[must_use]
pub fn of(value: u64, thing: &str) -> String {
    if value == 1 { format!("1 {thing}") } else { format!("{} {thing}s", count(value)) }
}

/// Without zeros at the end of the decimals.
fn trim(decimals: &str) -> &str {
    if decimals.contains('.') {
        decimals.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_a_comma_every_three_digits() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (value, text) in cases {
            assert_eq!(count(value), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn a_large_number_is_short_in_a_column() {
        let cases = [(9_999_999, "9,999,999"), (51_380_643, "51.4 M"), (7_300_000_000, "7.3 G")];
        for (value, text) in cases {
            assert_eq!(short_count(value), text);
        }
    }

    #[test]
    fn numbers_have_three_digits_and_nothing_prints_as_zero_but_zero() {
        let cases = [
            (0.0, "0"),
            (0.000_012_34, "0.0000123"),
            (0.5, "0.5"),
            (0.999_6, "1"),
            (1.0, "1"),
            (6.449, "6.45"),
            (9.996, "10"),
            (63.44, "63.4"),
            (99.96, "100"),
            (12_345.6, "12,346"),
            (-250.4, "-250"),
            (f64::NAN, "unknown"),
        ];
        for (value, text) in cases {
            assert_eq!(plain(value), text, "{value}");
        }
    }

    #[test]
    fn a_percentage_says_whole_only_of_the_whole() {
        let cases = [(0.634, "63.4 %"), (1.0, "100 %"), (0.999_9, "99.990 %"), (0.000_1, "0.01 %")];
        for (ratio, text) in cases {
            assert_eq!(percent(ratio), text);
        }
    }

    #[test]
    fn times_and_amounts_take_the_unit_that_reads_well() {
        let times = [
            (0.34, "340 us"),
            (12.0, "12 ms"),
            (5_300.0, "5.3 s"),
            (90_000.0, "90 s"),
            (960_000.0, "16 min"),
            (9_000_000.0, "2.5 h"),
            (259_200_000.0, "3 d"),
        ];
        for (value, text) in times {
            assert_eq!(milliseconds(value), text);
        }
        assert_eq!(bytes(600.0), "600 B");
        assert_eq!(bytes(1_288_490_188.8), "1.2 GiB");
        assert_eq!(of(1, "shard"), "1 shard");
        assert_eq!(of(1_200, "shard"), "1,200 shards");
    }
}
