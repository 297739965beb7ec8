//! Perl's strings and numbers as text, and back. Knows nothing of perl itself.
//!
//! A perl string is either characters below 256, one byte each, or stored as
//! (lax) UTF-8; the same string can be in either form.

use std::borrow::Cow;

use crate::value::ascii;

/// Why a string is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextError {
    /// A surrogate or a code point above U+10FFFF.
    NotUnicode,
    /// A character above 255 in what should be bytes.
    Wide,
}

impl TextError {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NotUnicode => "invalid value: string contains characters that are not Unicode",
            Self::Wide => "invalid value: string contains wide characters, expected bytes",
        }
    }
}

/// The characters of a stored string.
pub(crate) fn characters(stored: &[u8], utf8: bool) -> Result<Cow<'_, str>, TextError> {
    if let Some(text) = ascii::text(stored) {
        return Ok(Cow::Borrowed(text));
    }
    if utf8 {
        return match std::str::from_utf8(stored) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => Err(TextError::NotUnicode),
        };
    }
    Ok(Cow::Owned(
        stored.iter().map(|&byte| char::from(byte)).collect(),
    ))
}

/// The bytes of a stored string: each character must be below 256.
pub(crate) fn bytes(stored: &[u8], utf8: bool) -> Result<Cow<'_, [u8]>, TextError> {
    if !utf8 || stored.is_ascii() {
        return Ok(Cow::Borrowed(stored));
    }
    let text = characters(stored, true).map_err(|_| TextError::Wide)?;
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).map_err(|_| TextError::Wide))
        .collect::<Result<Vec<u8>, _>>()
        .map(Cow::Owned)
}

/// A whole number of at most 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Int {
    Signed(i64),
    Unsigned(u64),
}

/// Reads `[+-]?[0-9]+` that fits in 64 bits.
pub(crate) fn integer(text: &[u8]) -> Option<Int> {
    let text = std::str::from_utf8(text).ok()?;
    match text.parse::<i64>() {
        Ok(number) => Some(Int::Signed(number)),
        Err(_) => text.parse::<u64>().ok().map(Int::Unsigned),
    }
}

/// The number that a float is exactly, if it is whole and fits.
pub(crate) fn whole(float: f64) -> Option<Int> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if float.fract() != 0.0 {
        None
    } else if (-TWO_63..TWO_63).contains(&float) {
        Some(Int::Signed(float as i64))
    } else if (TWO_63..2.0 * TWO_63).contains(&float) {
        Some(Int::Unsigned(float as u64))
    } else {
        None
    }
}

/// Reads a decimal number that is not too large, `Inf` or `NaN`.
pub(crate) fn float(text: &[u8]) -> Option<f64> {
    let number = any_float(text)?;
    (number.is_finite() || !text.iter().any(u8::is_ascii_digit)).then_some(number)
}

fn any_float(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A float as perl writes it, without any locale: 15 significant digits.
pub(crate) fn decimal(float: f64) -> String {
    const DIGITS: usize = 15;
    if float == 0.0 {
        return "0".to_string();
    }
    if !float.is_finite() {
        let name = if float.is_nan() { "NaN" } else { "Inf" };
        let sign = if float == f64::NEG_INFINITY { "-" } else { "" };
        return format!("{sign}{name}");
    }
    let scientific = format!("{float:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..DIGITS as i32).contains(&exponent) {
        let places = (DIGITS as i32 - 1 - exponent).unsigned_abs() as usize;
        return without_zeros(&format!("{float:.places$}")).to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let mantissa = without_zeros(mantissa);
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// Whether perl takes this string for a number without a warning.
pub(crate) fn is_numeric(text: &[u8]) -> bool {
    // a space to perl but not to Rust
    const VERTICAL_TAB: char = '\x0b';
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let number = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == VERTICAL_TAB);
    text == "0 but true" || any_float(number.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_in_both_forms_are_equal() {
        assert_eq!(characters(b"\xfc", false).as_deref(), Ok("ü"));
        assert_eq!(characters("ü".as_bytes(), true).as_deref(), Ok("ü"));
        assert_eq!(bytes(b"\xfc", false).as_deref(), Ok(&b"\xfc"[..]));
        assert_eq!(bytes("ü".as_bytes(), true).as_deref(), Ok(&b"\xfc"[..]));
        assert_eq!(characters(b"\xc3\xbc", false).as_deref(), Ok("Ã¼"));
    }

    #[test]
    fn numbers_are_what_perl_takes_for_them() {
        for yes in [
            "1",
            " 1\n",
            "\x0b1",
            "1.",
            ".5",
            "1e400",
            "Inf",
            "0 but true",
        ] {
            assert!(is_numeric(yes.as_bytes()), "{yes:?}");
        }
        for no in ["", "five", "1x", "0x10", "1_0", "1 but true", "\u{a0}1"] {
            assert!(!is_numeric(no.as_bytes()), "{no:?}");
        }
        assert_eq!(float(b"1e400"), None);
        assert_eq!(float(b"-Inf"), Some(f64::NEG_INFINITY));
    }

    #[test]
    fn floats_are_written_as_perl_does() {
        for (float, text) in [
            (1.5, "1.5"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (0.000_1, "0.0001"),
            (0.000_01, "1e-05"),
            (-1.0 / 3.0, "-0.333333333333333"),
            (999_999_999_999_999.9, "1e+15"),
            (f64::MAX, "1.79769313486232e+308"),
            (5e-324, "4.94065645841247e-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(decimal(float), text);
        }
    }

    #[test]
    fn only_unicode_is_text() {
        assert_eq!(
            characters(b"\xed\xa0\x80", true),
            Err(TextError::NotUnicode)
        );
        assert_eq!(
            characters(b"\xf4\x90\x80\x80", true),
            Err(TextError::NotUnicode)
        );
        assert_eq!(bytes("€".as_bytes(), true), Err(TextError::Wide));
    }

    #[test]
    fn integers_are_exact_or_nothing() {
        assert_eq!(
            integer(b"-9223372036854775808"),
            Some(Int::Signed(i64::MIN))
        );
        assert_eq!(
            integer(b"18446744073709551615"),
            Some(Int::Unsigned(u64::MAX))
        );
        for bad in [
            "",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x10",
            "12abc",
            "18446744073709551616",
            "-",
        ] {
            assert_eq!(integer(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(
            whole(-9_223_372_036_854_775_808.0),
            Some(Int::Signed(i64::MIN))
        );
        assert_eq!(
            whole(9_223_372_036_854_775_808.0),
            Some(Int::Unsigned(1 << 63))
        );
        for bad in [1.5, f64::NAN, f64::INFINITY, 18_446_744_073_709_551_616.0] {
            assert_eq!(whole(bad), None, "{bad}");
        }
    }
}
