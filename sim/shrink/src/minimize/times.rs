//! Times as programs write them: where they are in a line, and the plain times of the same form.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The names of the months, as logs write them.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The forms of times: RFC 3339 and its relatives, the log of a web server, syslog, and a clock.
static FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    let month = MONTHS.join("|");
    let clock = r"(?<hour>\d\d):(?<minute>\d\d)";
    let second = r":(?<second>\d\d)(?:[.,](?<fraction>\d+))?";
    let zone = r"(?<zone>Z|[+-]\d\d:?\d\d)";
    [
        format!(r"\b(?<year>\d{{4}})[-/](?<month>\d\d)[-/](?<day>\d\d)(?:[T ]{clock}(?:{second})?{zone}?)?"),
        format!(r"\b(?<day>\d\d)/(?<name>{month})/(?<year>\d{{4}}):{clock}{second}(?: {zone})?"),
        format!(r"\b(?<name>{month}) (?<day>[ \d]\d) {clock}{second}"),
        format!(r"\b{clock}{second}"),
    ]
    .map(|form| Regex::new(&form).expect("the pattern is constant"))
});

/// The places of all times in a line, in order.
///
/// Only a time that stands alone counts: in `12:34:56:78`, there is none.
pub(super) fn times(line: &str) -> Vec<Range<usize>> {
    let is_part = |char: char| char.is_alphanumeric() || ":-_/".contains(char);
    let mut found: Vec<Range<usize>> = Vec::new();
    for form in FORMS.iter() {
        let is_new = |span: &Range<usize>| {
            let (before, after) = (&line[..span.start], &line[span.end..]);
            // Found with the forms before, in order.
            let next = found.partition_point(|other| other.end <= span.start);
            let is_free = found.get(next).is_none_or(|other| span.end <= other.start);
            is_free && !before.ends_with(is_part) && !after.starts_with(is_part)
        };
        let more: Vec<_> = form.find_iter(line).map(|time| time.range()).filter(is_new).collect();
        found.extend(more);
        found.sort_by_key(|span| span.start);
    }
    found
}

/// A time: what it says, and its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// Year, month, day, hour, minute, second and nanosecond, as they are written, whatever the zone.
    pub(super) rank: [u64; 7],
    /// The plain time with number 0 of the same form, without a fraction, and in UTC if it has a zone. Many programs
    /// write no fraction, or fewer digits, where the rest would be zeros.
    pub(super) form: String,
}

impl Time {
    /// Returns the time that `text` is, or `None` if it is none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let found = whole(text)?;
        let part = |name: &str| found.name(name).map_or("0", |part| part.as_str().trim_start());
        let month = MONTHS
            .iter()
            .position(|month| *month == part("name"))
            .map_or(part("month").to_owned(), |month| (month + 1).to_string());
        let parts = [part("year"), &month, part("day"), part("hour"), part("minute"), part("second")];
        let mut rank = [0; 7];
        for (place, part) in parts.into_iter().enumerate() {
            rank[place] = part.parse().ok()?;
        }
        rank[6] = format!("{:0<9.9}", part("fraction")).parse().ok()?;
        let mut form = written(text, &found, 0);
        if let Some(zone) = found.name("zone") {
            form.replace_range(zone.range(), "Z");
        }
        if let Some(fraction) = found.name("fraction") {
            form.replace_range(fraction.start() - 1..fraction.end(), "");
        }
        Some(Self { rank, form })
    }
}

/// Returns the plain time with this number that is written as `time` is: so many seconds after the beginning of 2000,
/// or so many minutes or days where it has no seconds or no clock.
pub(super) fn plain(time: &str, number: usize) -> String {
    whole(time).map_or_else(|| time.to_owned(), |found| written(time, &found, number))
}

/// Finds the parts of a text that is a time as a whole.
fn whole(text: &str) -> Option<Captures<'_>> {
    FORMS.iter().find_map(|form| form.captures(text).filter(|found| found[0].len() == text.len()))
}

/// Writes the plain time with this number in the form of `text`, whose parts are `found`. All parts keep their length.
fn written(text: &str, found: &Captures<'_>, number: usize) -> String {
    let unit = match (found.name("hour"), found.name("second")) {
        (Some(_), Some(_)) => 1,
        (Some(_), None) => 60,
        (None, _) => 86_400,
    };
    let seconds = number * unit;
    let days = seconds / 86_400;
    // Every month has this many days, so that each is a date of the calendar.
    let (year, month, day) = (2000 + days / 336, days / 28 % 12, days % 28 + 1);
    let mut plain = text.to_owned();
    let mut put = |name: &str, value: &dyn Fn(&str) -> String| {
        if let Some(part) = found.name(name) {
            plain.replace_range(part.range(), &value(part.as_str()));
        }
    };
    put("year", &|_| year.to_string());
    put("month", &|_| format!("{:02}", month + 1));
    // The name that comes first in the order of bytes, because only a smaller trace is tried.
    put("name", &|_| "Apr".to_owned());
    // Only syslog pads the day with a blank. It has no year.
    let is_blank = |old: &str| found.name("year").is_none() && !old.starts_with('0');
    put("day", &|old| if is_blank(old) { format!("{day:2}") } else { format!("{day:02}") });
    put("hour", &|_| format!("{:02}", seconds / 3600 % 24));
    put("minute", &|_| format!("{:02}", seconds / 60 % 60));
    put("second", &|_| format!("{:02}", seconds % 60));
    put("fraction", &|old| "0".repeat(old.len()));
    put("zone", &|old| old.replace(|char: char| char.is_ascii_digit(), "0").replace('-', "+"));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_plain_times_that_keep_it_and_their_order() {
        for (time, first, later) in [
            ("2026-11-29T05:06:07Z", "2000-01-01T00:00:01Z", "2000-01-01T01:01:01Z"),
            (
                "2026-11-29T05:06:07.123456+01:00",
                "2000-01-01T00:00:01.000000+00:00",
                "2000-01-01T01:01:01.000000+00:00",
            ),
            ("2026-11-29 05:06:07,123", "2000-01-01 00:00:01,000", "2000-01-01 01:01:01,000"),
            ("2026/11/29 05:06", "2000/01/01 00:01", "2000/01/03 13:01"),
            ("2026-11-29", "2000-01-02", "2010-11-22"),
            ("10/Oct/2026:13:55:36 -0700", "01/Apr/2000:00:00:01 +0000", "01/Apr/2000:01:01:01 +0000"),
            ("Oct 10 13:55:36", "Apr  1 00:00:01", "Apr  1 01:01:01"),
            ("Oct  9 13:55:36", "Apr  1 00:00:01", "Apr  1 01:01:01"),
            ("13:55:36.5", "00:00:01.0", "01:01:01.0"),
        ] {
            assert_eq!((plain(time, 1).as_str(), plain(time, 3661).as_str()), (first, later), "{time}");
            let of = |text: &str| Time::of(text).expect("it is a time");
            let form = of(time).form;
            assert!(of(first).rank < of(later).rank && of(first).form == form && of(later).form == form, "{time}");
        }
        for text in ["", "12", "2026-1-2", "12:34", "10/Okt/2026:13:55:36", "2026-11-29T05:06:07Z x"] {
            assert_eq!(Time::of(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_in_the_order_of_what_they_say() {
        let rank = |text: &str| Time::of(text).expect("it is a time").rank;
        assert!(rank("30/Sep/2026:23:00:00") < rank("01/Oct/2026:00:00:00"));
        assert!(rank("05:06:07.5") > rank("05:06:07.49"));
        assert_eq!(Time::of("2026-11-29T05:06:07.5+01:00").expect("a time").form, "2000-01-01T00:00:00Z");
    }

    #[test]
    fn only_a_time_that_stands_alone_counts() {
        let found = |line: &str| times(line).into_iter().map(|span| line[span].to_owned()).collect::<Vec<_>>();
        let line = r#"7 - [10/Oct/2026:13:55:36 -0700] "GET /a" at=2026-11-29T05:06:07.5Z, 05:06:07"#;
        assert_eq!(found(line), ["10/Oct/2026:13:55:36 -0700", "2026-11-29T05:06:07.5Z", "05:06:07"]);
        // A long line takes no time that grows with its square.
        assert_eq!(times(&"2026-11-29 05:06:07, ".repeat(200_000)).len(), 200_000);
        for line in ["12:34:56:78", "v2026-11-29", "/2026/11/29/a", "2026-11-29-a", "00:1b:44:11:3a:b7", "1.2.3"] {
            assert!(found(line).is_empty(), "{line}: {:?}", found(line));
        }
    }
}
