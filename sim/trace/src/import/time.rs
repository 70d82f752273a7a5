//! Reads times in the forms in which message tables hold them.

use afresh_core::At;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::format::{decimal, stamp_of};

/// Reads a time, in any of the usual forms:
///
/// * RFC 3339.
/// * A date and a time as databases print them, in UTC if they name no time zone.
/// * A number of seconds, milliseconds, microseconds or nanoseconds since 1970. The size of the number tells the unit.
pub(super) fn parse(text: &str) -> Result<At, String> {
    let text = text.trim();
    let found =
        if text.bytes().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte)) { epoch(text) } else { None };
    found.or_else(|| calendar(text)).ok_or_else(|| {
        format!("invalid time {text:?}, expected one such as 2026-03-14T09:26:53Z or 2026-03-14 09:26:53+00, or a number since 1970")
    })
}

/// Reads a number since 1970, whose size tells its unit.
fn epoch(text: &str) -> Option<At> {
    // For the same time, each smaller unit needs three more digits. So the ranges do not overlap until the year 5138.
    const RANGES: [(i64, u32); 3] = [(100_000_000_000, 9), (100_000_000_000_000, 6), (100_000_000_000_000_000, 3)];
    let whole = text.split('.').next().and_then(|whole| decimal::parse(whole, 0).ok())?;
    let power =
        RANGES.iter().find(|(below, _)| whole.unsigned_abs() < below.unsigned_abs()).map_or(0, |(_, power)| *power);
    decimal::parse(text, power).ok().map(At::Stamp)
}

/// Reads a date and a time, in UTC if they name no time zone.
fn calendar(text: &str) -> Option<At> {
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    });
    stamp.and_then(stamp_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_every_form() {
        for text in [
            "2026-03-14T09:26:53.5Z",
            "2026-03-14T10:26:53.500+01:00",
            "2026-03-14 09:26:53.5+00",
            "2026-03-14 09:26:53.50+00:00",
            "2026-03-14 11:56:53.5+0230",
            "2026-03-14 04:26:53.5-05",
            "2026-03-14 09:26:53.5 ",
            "2026-03-14T09:26:53.5",
            "1773480413.5",
            "1773480413500",
            "1773480413500000",
            "1773480413500000000",
        ] {
            assert_eq!(parse(text), Ok(At::Stamp(1_773_480_413_500_000_000)), "{text}");
        }
        assert_eq!(parse("1970-01-02"), Ok(At::Stamp(86_400_000_000_000)));
        assert_eq!(parse("-1"), Ok(At::Stamp(-1_000_000_000)));
        for text in ["", "infinity", "yesterday", "14.03.2026", "2026-13-01", "1e40", "1773480413500000000.5"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
