//! Converts decimal numbers into integers of a smaller unit and back, without rounding.

use std::io::Write;

/// Reads a JSON number, multiplied by `10^power`, as an integer: `parse("12.5", 6)` is 12,500,000.
///
/// # Errors
///
/// Returns what is wrong with the number: it is not one, is out of range, or has more than `power` decimals.
pub(crate) fn parse(text: &str, power: u32) -> Result<i64, &'static str> {
    const NOT_A_NUMBER: &str = "not a number";
    const OUT_OF_RANGE: &str = "out of range";
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (rest, exponent) = match rest.split_once(['e', 'E']) {
        Some((rest, exponent)) => (rest, exponent.parse::<i32>().map_err(|_| NOT_A_NUMBER)?),
        None => (rest, 0),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() || rest.ends_with('.') {
        return Err(NOT_A_NUMBER);
    }
    let fraction = fraction.trim_end_matches('0');
    let mut value = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return Err(NOT_A_NUMBER);
        }
        value = value.checked_mul(10).and_then(|value| value.checked_add((digit - b'0').into())).ok_or(OUT_OF_RANGE)?;
    }
    let shift = i64::from(exponent) + i64::from(power) - fraction.len() as i64;
    // An i128 has at most 39 digits, so 10^39 overflows. A longer shift would do so too, so it may be cut to 39.
    let scale = 10_i128.checked_pow(shift.unsigned_abs().min(39) as u32);
    let value = match scale {
        _ if value == 0 => 0,
        Some(scale) if shift >= 0 => value.checked_mul(scale).ok_or(OUT_OF_RANGE)?,
        Some(scale) if value % scale == 0 => value / scale,
        None if shift >= 0 => return Err(OUT_OF_RANGE),
        _ => return Err("more precise than a nanosecond"),
    };
    i64::try_from(if negative { -value } else { value }).map_err(|_| OUT_OF_RANGE)
}

/// Appends `value`, divided by `10^power`, to a line as a decimal number without trailing zeros.
pub(crate) fn write(value: i64, power: u32, line: &mut Vec<u8>) {
    let one = 10_u64.pow(power);
    let (whole, fraction) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
    let sign = if value < 0 { "-" } else { "" };
    // Writing to memory cannot fail.
    let _ = write!(line, "{sign}{whole}");
    if fraction > 0 {
        let _ = write!(line, ".{fraction:0width$}", width = power as usize);
        while line.last() == Some(&b'0') {
            line.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_an_error() {
        for (text, power, value) in [
            ("0", 6, 0),
            ("-0.0", 6, 0),
            ("12.5", 6, 12_500_000),
            ("9223372036854.775807", 6, i64::MAX),
            ("-9223372036854.775808", 6, i64::MIN),
            ("1.5e3", 0, 1500),
            ("1500e-3", 9, 1_500_000_000),
            ("0e999999", 6, 0),
            ("1.500000000000000000", 1, 15),
        ] {
            assert_eq!(parse(text, power), Ok(value), "{text}");
        }
        for text in
            ["", "-", ".5", "5.", "1e", "1e99", "1e-99", "0x1", "１", "9223372036854.775808", "0.00000001", "--1"]
        {
            assert!(parse(text, 6).is_err(), "{text}");
        }
        assert!(parse(&"9".repeat(1000), 0).is_err());
    }
}
