//! Tests of the reading of quantities.

use proptest::prelude::*;

use super::*;
use crate::time::Span;
use crate::units::{ByteRate, Bytes, Multiple, Rate, Ratio, RecordRate, Records};

fn check_code<Q: Quantity + fmt::Debug>(text: &str, code: &str) {
    let error = Q::parse(text).expect_err(text);
    assert_eq!(error.code, code, "{text}: {}", error.message);
}

#[test]
fn a_duration_reads_exact_decimals_with_and_without_a_blank() {
    for (text, nanoseconds) in [
        ("1.5 h", 5_400_000_000_000),
        ("24h", 86_400_000_000_000),
        ("0", 0),
        ("0 s", 0),
        ("500 us", 500_000),
        ("500 µs", 500_000),
        ("0.000000001 s", 1),
        ("1e3 ms", 1_000_000_000),
        (" 7 d ", 604_800_000_000_000),
    ] {
        assert_eq!(Span::parse(text), Ok(Span::from_nanoseconds(nanoseconds)), "{text}");
    }
}

#[test]
fn what_is_not_a_duration_says_which_way_it_fails() {
    for (text, code) in [
        ("", "quantity-syntax"),
        ("soon", "quantity-syntax"),
        ("10", "quantity-unit"),
        ("5 MiB", "quantity-unit"),
        ("5 sec", "quantity-unit"),
        ("0.1 ns", "quantity-lossy"),
        ("-5 s", "quantity-range"),
        ("nan s", "quantity-range"),
        (".inf", "quantity-range"),
        ("1000 w w", "quantity-unit"),
        ("1e30 d", "quantity-range"),
        ("1_000 s", "quantity-syntax"),
        ("1e99999999999 s", "quantity-syntax"),
    ] {
        check_code::<Span>(text, code);
    }
}

#[test]
fn a_unit_of_another_tool_is_recognized() {
    let help = |text: &str| Span::parse(text).unwrap_err().help.unwrap();
    assert!(help("5 seconds").contains("did you mean `s`?"));
    assert!(help("5 m").contains("did you mean `min`?"));
    assert!(help("5 MS").contains("did you mean `ms`?"));
    let error = Span::parse("5 MiB").unwrap_err();
    assert_eq!(error.message, "`MiB` is a unit of size, but a duration is wanted");
}

#[test]
fn a_rate_is_exact() {
    let rate = |amount, seconds| RecordRate(Rate::new(amount, Span::from_seconds(seconds)));
    assert_eq!(RecordRate::parse("9000 records/s"), Ok(rate(9000, 1)));
    assert_eq!(RecordRate::parse("0.5 records/s"), Ok(rate(1, 2)));
    assert_eq!(RecordRate::parse("100 records / min"), Ok(rate(100, 60)));
    assert_eq!(RecordRate::parse("0"), Ok(rate(0, 1)));
    assert_eq!(ByteRate::parse("1 MiB/s"), Ok(ByteRate(Rate::per_second(1 << 20))));
    check_code::<RecordRate>("9000", "quantity-unit");
    check_code::<RecordRate>("9000 records", "quantity-unit");
    check_code::<RecordRate>("1 MiB/s", "quantity-unit");
    check_code::<RecordRate>("1e10 records/s", "quantity-range");
    check_code::<RecordRate>("1e-40 records/s", "quantity-range");
}

#[test]
fn a_share_is_a_percentage_or_a_number_up_to_one() {
    assert_eq!(Ratio::parse("0.1 %"), Ok(Ratio(0.001)));
    assert_eq!(Ratio::parse("0.001"), Ok(Ratio(0.001)));
    assert_eq!(Ratio::parse("100%"), Ok(Ratio(1.0)));
    check_code::<Ratio>("5", "quantity-range");
    check_code::<Ratio>("101 %", "quantity-range");
}

#[test]
fn a_multiple_may_be_above_one() {
    assert_eq!(Multiple::parse("150 %"), Ok(Multiple(1.5)));
    assert_eq!(Multiple::parse("1.5"), Ok(Multiple(1.5)));
    assert_eq!(Multiple::parse("10000 %"), Ok(Multiple(100.0)));
    check_code::<Multiple>("150", "quantity-range");
    check_code::<Multiple>("10001 %", "quantity-range");
    check_code::<Multiple>("-1 %", "quantity-range");
}

#[test]
fn sizes_and_counts_keep_every_digit() {
    assert_eq!(Bytes::parse("1.5 KiB"), Ok(Bytes(1536)));
    assert_eq!(Bytes::parse("1 kB"), Ok(Bytes(1000)));
    assert_eq!(Bytes::parse("1 KB"), Ok(Bytes(1000)));
    assert_eq!(Records::parse("500 records"), Ok(Records(500)));
    assert_eq!(Records::parse("1e3"), Ok(Records(1000)));
    check_code::<Bytes>("0.5 B", "quantity-lossy");
    check_code::<Bytes>("18446744073709551616 B", "quantity-range");
    check_code::<Records>("1.5", "quantity-lossy");
}

proptest! {
    // parse(display(x)) = x, for every span and size.
    #[test]
    fn a_span_and_a_size_read_what_they_print(amount in any::<u64>()) {
        let span = Span::from_nanoseconds(amount % (366 * 86_400_000_000_000));
        prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
        prop_assert_eq!(Bytes::parse(&Bytes(amount).to_string()), Ok(Bytes(amount)));
        prop_assert_eq!(Records::parse(&Records(amount).to_string()), Ok(Records(amount)));
    }

    // A rate of n in every k seconds reads back as exactly n / k.
    #[test]
    fn a_rate_reads_as_the_exact_fraction(amount in 0u64..1_000_000_000, hundredths in 0u64..100) {
        let text = format!("{amount}.{hundredths:02} records/min");
        let expected = Rate::new(amount * 100 + hundredths, Span::from_seconds(6_000));
        prop_assert_eq!(RecordRate::parse(&text), Ok(RecordRate(expected)));
    }

    // No text makes the readers panic.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = Span::parse(&text);
        let _ = ByteRate::parse(&text);
        let _ = Ratio::parse(&text);
        let _ = crate::hash_key::HashKey::parse(&text);
    }
}
