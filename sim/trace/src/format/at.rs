//! The time of an event in JSON: RFC 3339 text for an exported time, a number of milliseconds for a simulated time.

use afresh_core::At;
use jiff::Timestamp;

use super::decimal;

/// The exponent of ten that converts milliseconds into nanoseconds.
const MILLISECOND: u32 = 6;

/// Reads the time of an event from a JSON value.
///
/// # Errors
///
/// Returns a text that says what is wrong with the value, and what was expected.
pub(crate) fn parse(json: &str) -> Result<At, String> {
    if !json.starts_with('"') {
        return decimal::parse(json, MILLISECOND).map(At::Offset).map_err(|wrong| {
            format!("{wrong}, expected a number of milliseconds, or a time such as \"2026-03-14T09:26:53Z\"")
        });
    }
    match json[1..].strip_suffix('"') {
        Some(text) if !text.contains('\\') => parse_stamp(text),
        _ => parse_stamp(&serde_json::from_str::<String>(json).map_err(|error| error.to_string())?),
    }
}

/// Reads the time of an event from RFC 3339 text.
fn parse_stamp(text: &str) -> Result<At, String> {
    let stamp: Timestamp = text
        .parse()
        .map_err(|_| format!("invalid time {text:?}, expected RFC 3339 such as \"2026-03-14T09:26:53.589Z\""))?;
    stamp_of(stamp).ok_or_else(|| format!("time {text:?} is out of range, expected a year from 1678 to 2261"))
}

/// Converts a timestamp into the time of an event, or returns `None` if its nanoseconds do not fit 64 bits.
pub(crate) fn stamp_of(stamp: Timestamp) -> Option<At> {
    i64::try_from(stamp.as_nanosecond()).ok().map(At::Stamp)
}

/// Appends the time of an event to a line, as a JSON value without trailing zeros.
pub(crate) fn write(at: At, line: &mut Vec<u8>) {
    use std::io::Write;
    // Writing to memory cannot fail.
    let _ = match at {
        At::Offset(nanoseconds) => {
            decimal::write(nanoseconds, MILLISECOND, line);
            Ok(())
        }
        At::Stamp(nanoseconds) => match Timestamp::from_nanosecond(nanoseconds.into()) {
            Ok(stamp) => write!(line, "\"{stamp}\""),
            // This never happens: 64 bits of nanoseconds reach from the year 1677 to 2262, and jiff supports all of
            // these years.
            Err(_) => write!(line, "null"),
        },
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(at: At) -> String {
        let mut line = Vec::new();
        write(at, &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn times_read_as_documented() {
        for (json, at) in [
            ("12.5", At::Offset(12_500_000)),
            ("-0.000001", At::Offset(-1)),
            ("1e3", At::Offset(1_000_000_000)),
            ("\"1970-01-01T00:00:01Z\"", At::Stamp(1_000_000_000)),
            ("\"1970-01-01T02:00:01.5+02:00\"", At::Stamp(1_500_000_000)),
            (r#""1970\u002d01-01T00:00:01Z""#, At::Stamp(1_000_000_000)),
        ] {
            assert_eq!(parse(json), Ok(at), "{json}");
        }
        for json in
            ["\"yesterday\"", "\"2026-03-14T09:26:53\"", "0.0000001", "1e30", "true", "\"", "\"9000-01-01T00:00:00Z\""]
        {
            assert!(parse(json).is_err(), "{json}");
        }
    }

    #[test]
    fn times_are_written_in_the_shortest_form_and_come_back() {
        assert_eq!(written(At::Stamp(1_500_000_000)), "\"1970-01-01T00:00:01.5Z\"");
        assert_eq!(written(At::Stamp(0)), "\"1970-01-01T00:00:00Z\"");
        assert_eq!(written(At::Offset(12_500_000)), "12.5");
        assert_eq!(written(At::Offset(-7)), "-0.000007");
        for nanoseconds in [0, 1, -1, i64::MAX, i64::MIN, 1_000_000, 999_999, 1_773_480_413_589_793_001] {
            for at in [At::Stamp(nanoseconds), At::Offset(nanoseconds)] {
                assert_eq!(parse(&written(at)), Ok(at));
            }
        }
    }
}
