//! Reads times in the forms in which message tables hold them.

use afresh_core::At;
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

use crate::format::{decimal, stamp_of};

/// The unit of the times of an export that are numbers since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds: 10⁻³ s.
    Milliseconds,
    /// Microseconds: 10⁻⁶ s.
    Microseconds,
    /// Nanoseconds: 10⁻⁹ s.
    Nanoseconds,
}

impl Unit {
    const ALL: [Self; 4] = [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds];

    /// The power of ten that converts the unit into nanoseconds.
    fn power(self) -> u32 {
        match self {
            Self::Seconds => 9,
            Self::Milliseconds => 6,
            Self::Microseconds => 3,
            Self::Nanoseconds => 0,
        }
    }
}

/// The first and last nanosecond that is taken for a time without a word of the user: 1990 up to and with 2100.
///
/// A number that means something else, such as a Julian day, is a time far from these years. For a time between them,
/// each smaller unit needs three more digits, so at most one unit fits a number.
const USUAL: (i64, i64) = (631_152_000_000_000_000, 4_133_980_800_000_000_000 - 1);

/// The first number that is taken for nanoseconds, in 2001. Hardly anybody has recorded earlier ones, but ticks of
/// 100 ns since the year 1, as .NET counts them, are smaller numbers from 1990 on.
const NANOSECONDS_MIN: i64 = 1_000_000_000_000_000_000;

/// Reads a time, in any of the usual forms:
///
/// * RFC 3339.
/// * A date and a time as databases print them, in UTC if they name no time zone.
/// * A number since 1970. The size of the number tells its unit, unless `unit` does.
///
/// Without `unit`, the time must be in the years from 1990 to 2100.
pub(super) fn parse(text: &str, unit: Option<Unit>) -> Result<At, String> {
    let text = text.trim();
    let units = unit.as_ref().map_or(&Unit::ALL[..], std::slice::from_ref);
    let is_usual = |known: Unit, time: i64| {
        unit.is_some() || (USUAL.0..=USUAL.1).contains(&time) && (known != Unit::Nanoseconds || time >= NANOSECONDS_MIN)
    };
    let number = |unit: &Unit| decimal::parse(text, unit.power()).ok().map(|time| (time, is_usual(*unit, time)));
    let numbers: Vec<(i64, bool)> = units.iter().filter_map(number).collect();
    let named = || calendar(text).map(|time| (time, unit.is_some() || (USUAL.0..=USUAL.1).contains(&time)));
    let times = if numbers.is_empty() { named().into_iter().collect() } else { numbers };
    match times.iter().find(|(_, usual)| *usual) {
        Some((time, _)) => Ok(At::Stamp(*time)),
        None if times.is_empty() => Err(format!(
            "invalid time {text:?}, expected one such as 2026-03-14T09:26:53Z or 2026-03-14 09:26:53+00, or a number \
             since 1970"
        )),
        None => Err(format!(
            "{text:?} is no time from 1990 to 2100; if it is right, name the unit of numbers with `--at-unit`, which \
             permits times of any year"
        )),
    }
}

/// Reads a date and a time, in UTC if they name no time zone.
fn calendar(text: &str) -> Option<i64> {
    // A leap second is the last one of an hour. The parser takes any.
    if text.contains(":60") && !text.contains(":59:60") {
        return None;
    }
    let pieces = Pieces::parse(text).ok()?;
    let stamp: Timestamp = match (pieces.to_numeric_offset(), pieces.time_zone_annotation()) {
        (Some(_), _) => text.parse().ok()?,
        (None, None) => {
            TimeZone::UTC.to_timestamp(pieces.date().to_datetime(pieces.time().unwrap_or_default())).ok()?
        }
        // The name of a time zone alone needs a table of time zones.
        (None, Some(_)) => return None,
    };
    stamp_of(stamp).and_then(|at| if let At::Stamp(time) = at { Some(time) } else { None })
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
            assert_eq!(parse(text, None), Ok(At::Stamp(1_773_480_413_500_000_000)), "{text}");
        }
        assert_eq!(parse("1990-01-01", None), Ok(At::Stamp(USUAL.0)));
        assert_eq!(parse("2100-12-31T23:59:59.999999999Z", None), Ok(At::Stamp(USUAL.1)));
        for text in [
            "",
            "infinity",
            "yesterday",
            "14.03.2026",
            "2026-13-01",
            "1e40",
            "1773480413500000000.5",
            "2026-03-14 09:26:53[America/New_York]",
            "2026-03-14 09:26:53 -0700",
            "2026-03-14T12:30:60Z",
        ] {
            assert!(parse(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_far_from_now_is_no_time_unless_the_unit_is_named() {
        // A Julian day, a date as a number, ticks since the year 1, a zero, the first and the last day of a calendar.
        let days = ["2461113.9", "20260314", "20260314092653", "639091276130000000"];
        for text in days.into_iter().chain(["0", "-1", "0001-01-01T00:00:00Z", "9999-12-31"]) {
            assert!(parse(text, None).is_err(), "{text}");
        }
        assert_eq!(parse("1970-01-02", Some(Unit::Seconds)), Ok(At::Stamp(86_400_000_000_000)));
        assert_eq!(parse("-1", Some(Unit::Milliseconds)), Ok(At::Stamp(-1_000_000)));
        assert_eq!(parse("1.5", Some(Unit::Microseconds)), Ok(At::Stamp(1_500)));
        assert_eq!(parse("7", Some(Unit::Nanoseconds)), Ok(At::Stamp(7)));
    }
}
