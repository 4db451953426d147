//! Floating-point numbers in the two spellings PHP gives them on the wire.

/// As `json_encode` prints it: the shortest digits that give the same number back, no `.0`, exponents as `1.0e+25`.
pub(crate) fn json(number: f64) -> String {
    let scientific = format!("{:e}", number.abs());
    spell(number, &scientific, 17, 'e')
}

/// As a conversion to text prints it, which is what XML shows: at most 14 significant digits, exponents as `1.0E+25`.
pub(crate) fn text(number: f64) -> String {
    let scientific = format!("{:.13e}", number.abs());
    spell(number, &scientific, 14, 'E')
}

/// `scientific` is Rust's `d.ddde±x`; plain notation holds up to `digits_limit` places before the point and three zeros
/// after it.
fn spell(number: f64, scientific: &str, digits_limit: i32, letter: char) -> String {
    if !number.is_finite() {
        // JSON has no such number and no description accepts one; a zero keeps the answer readable.
        return "0".to_owned();
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let trimmed = digits.trim_end_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let exponent = if digits == "0" { 0 } else { exponent };
    let (first, rest) = digits.split_at(1);
    let sign = if number.is_sign_negative() { "-" } else { "" };
    // The place of the decimal point, counted from the first digit.
    let point = exponent + 1;

    if point > digits_limit || point < -3 {
        let rest = if rest.is_empty() { "0" } else { rest };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}.{rest}{letter}{exponent_sign}{}", exponent.abs());
    }
    let Ok(places) = usize::try_from(point) else {
        return format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    };
    match places {
        0 => format!("{sign}0.{digits}"),
        places if places >= digits.len() => format!("{sign}{digits}{}", "0".repeat(places - digits.len())),
        places => format!("{sign}{}.{}", &digits[..places], &digits[places..]),
    }
}

#[cfg(test)]
mod tests {
    use super::{json, text};
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_have_no_point() {
        assert_eq!(json(0.0), "0");
        assert_eq!(json(1.0), "1");
        assert_eq!(json(-12.0), "-12");
        assert_eq!(json(-0.0), "-0");
        assert_eq!(json(1e16), "10000000000000000");
        assert_eq!(text(1.0), "1");
        assert_eq!(text(100.0), "100");
    }

    #[test]
    fn fractions() {
        assert_eq!(json(0.5), "0.5");
        assert_eq!(json(0.1 + 0.2), "0.30000000000000004");
        assert_eq!(text(0.1 + 0.2), "0.3");
        assert_eq!(json(1.0 / 3.0), "0.3333333333333333");
        assert_eq!(text(1.0 / 3.0), "0.33333333333333");
        assert_eq!(json(0.0001), "0.0001");
        assert_eq!(json(1234.5), "1234.5");
        assert_eq!(json(0.05), "0.05");
    }

    #[test]
    fn exponents() {
        assert_eq!(json(0.00001), "1.0e-5");
        assert_eq!(json(1.5e25), "1.5e+25");
        assert_eq!(json(1e25), "1.0e+25");
        assert_eq!(text(1e15), "1.0E+15");
        assert_eq!(text(1e14), "1.0E+14");
        assert_eq!(text(12345678901234.0), "12345678901234");
        assert_eq!(json(f64::NAN), "0");
    }

    proptest! {
        #[test]
        fn json_spelling_gives_the_number_back(number in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            prop_assert_eq!(json(number).parse::<f64>().ok(), Some(number));
        }
    }
}
