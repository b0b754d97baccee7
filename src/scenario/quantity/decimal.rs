//! Exact decimal numbers: digits and a power of ten, with no floating point in between.

/// `digits * 10^exponent`, negative when so marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// Whether a minus sign stands in front.
    pub(crate) negative: bool,
    /// All digits, trailing zeros of a fraction removed.
    pub(crate) digits: u128,
    /// Power of ten.
    pub(crate) exponent: i32,
}

impl Decimal {
    /// Reads `12`, `-0.5`, `+3`, `.5`, `1e12`, `1.5E-3`; nothing when the text is anything else or
    /// has more than 38 digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let mut digits = 0u128;
        for byte in whole.bytes().chain(fraction.bytes()) {
            digits = digits
                .checked_mul(10)?
                .checked_add(u128::from(byte - b'0'))?;
        }
        let exponent = exponent - i32::try_from(fraction.len()).ok()?;
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }

    /// The magnitude when it is a whole number that 128 bits hold.
    pub(crate) fn whole(self) -> Option<u128> {
        self.times(1).ok()
    }

    /// The magnitude times `factor`, exact.
    pub(crate) fn times(self, factor: u128) -> Result<u128, Inexact> {
        if self.digits == 0 {
            return Ok(0);
        }
        let product = self.digits.checked_mul(factor).ok_or(Inexact::Overflow)?;
        let power = 10u128.checked_pow(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            return power
                .and_then(|power| product.checked_mul(power))
                .ok_or(Inexact::Overflow);
        }
        match power {
            Some(power) if product.is_multiple_of(power) => Ok(product / power),
            _ => Err(Inexact::Lossy),
        }
    }

    /// The nearest binary fraction, sign included.
    pub(crate) fn as_f64(self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.exponent)
            .parse()
            .unwrap_or(f64::NAN)
    }
}

/// Why a product is not a whole number of 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inexact {
    /// It has a fraction.
    Lossy,
    /// It is too large.
    Overflow,
}

/// Exponents beyond a hundred serve no one and would only slow the arithmetic down.
fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|exponent: &i32| exponent.abs() <= 100)
}
