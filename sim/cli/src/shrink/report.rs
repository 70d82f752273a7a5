//! The report of a search: as text for people, as JSON for programs, and as an HTML page.

use std::path::PathBuf;
use std::process::ExitCode;

use afresh_shrink::minimize::{End, Minimized, Rate, Verdict, passes_after};
use afresh_trace::format::files::{Identity, Target};
use afresh_trace::text::{brief, count, escape, number};
use serde::Serialize;

use super::Args;
use super::files::{self, Places};
use super::other_bugs::OtherBug;
use super::resume::say_how_to_go_on;
use super::search::Journey;
use crate::console::{CliError, Console, json};
use crate::input;
use crate::report::curve::{Curve, class};
use crate::report::page::{Page, Row, is_page};
use crate::source::Format;

/// The report of a search.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    input: String,
    /// The path of the result; `None` if it went to standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<String>,
    /// The path of the HTML page, if one was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
    /// The signature of the bug; `None` if a command cannot tell one failure from another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
    /// The number of items in the input.
    before: usize,
    /// The numbers of the items that are left.
    left: Vec<u64>,
    /// The number of bytes in the input and in the result, if the input is one JSON value.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<(usize, usize)>,
    runs: u64,
    /// The number of runs after which the result was 1-minimal for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    one_minimal_after: Option<u64>,
    /// The number of further runs that confirmed the result.
    #[serde(skip_serializing_if = "is_zero")]
    confirming: u64,
    /// Whether the result did not show the bug when it was run again, and the search was stopped then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    doubted: bool,
    /// How often the result has shown the bug, if it does not show in every run.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<Shown>,
    /// Whether the verdicts contradicted each other, so that the search went on as with `--flaky`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    went_flaky: bool,
    one_minimal: bool,
    /// What else cannot be removed: `spans` of 2 to 6 items, and `pairs`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    also_minimal_for: &'static [&'static str],
    /// The pass at which the search was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<&'static str>,
    /// The passes that would have come after that one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_tried: Vec<&'static str>,
    /// Whether any failure counted as the bug, because the command cannot tell one from another.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) any_failure: bool,
    /// Whether the correct twin passes on the result; `None` if there is no twin, or it was not to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    twin_passes: Option<bool>,
    /// The items that are left, and what happened without each.
    certificate: Vec<Needed>,
    /// Other failures that candidates showed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<OtherBug>,
}

/// In how many of its runs the result has shown the bug.
#[derive(Clone, Copy, Debug, Serialize)]
struct Shown {
    shows: u64,
    runs: u64,
}

/// Tells `serde` to leave out a number.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An item of the result, and why it is needed.
#[derive(Debug, Serialize)]
struct Needed {
    number: u64,
    /// The time of the item, if it has one.
    #[serde(skip)]
    at: Option<String>,
    text: String,
    /// The verdict on the result without this item, if that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<Verdict>,
}

/// The note of a report in which any failure counted as the bug.
const ANY_FAILURE: &str = "any failure of the command counted as the bug; use --signature to keep one failure";

/// The note of a report if the last run of the result did not show the bug.
const DOUBTED: &str = "the result did not show the bug when it was run again, and the search was stopped then: continue \
                       with `--resume`";

/// The note of a report if the verdicts contradicted each other in a search without `--flaky`.
const WENT_FLAKY: &str = "the bug is flaky: equal runs had different verdicts, so the search went on as with --flaky, and ran each \
     candidate until a test had decided";

/// The largest number of items in a certificate for people.
const NEEDED_MAX: usize = 20;

/// The width of an item in a certificate for people, in characters.
const NEEDED_WIDTH: usize = 64;

/// The parts of a report that depend on the kind of input.
pub(super) struct About<'a, T> {
    /// The name of an item: one, and several.
    pub(super) unit: (&'static str, &'static str),
    /// The number of bytes in the input and in the result, if it is no list of items.
    pub(super) bytes: Option<(usize, usize)>,
    /// Returns the time and the text of an item for people.
    pub(super) text: fn(&T) -> (Option<String>, String),
    /// The signature of the bug, if it has one.
    pub(super) signature: Option<String>,
    /// Whether any failure counted as the bug.
    pub(super) any_failure: bool,
    /// Whether the correct twin passes on the result, if it was asked.
    pub(super) twin: Option<bool>,
    /// Further lines for people.
    pub(super) more: &'a [String],
}

/// Prints the report of a search, and writes it as a page if one was requested.
///
/// The report goes to standard output, or to standard error if the result itself goes to standard output.
pub(super) fn write<T>(
    args: &Args,
    places: &Places,
    about: About<'_, T>,
    minimized: Minimized<T>,
    journey: Journey,
    console: &Console,
) -> Result<ExitCode, CliError> {
    let (unit, more) = (about.unit, about.more);
    let Journey { before, found, curve } = journey;
    let report = Report::new(args, places, about, minimized, before, found);
    let text = match args.format {
        Format::Json => json("shrink", &report),
        Format::Text => report.text(unit, more),
    };
    if places.output.is_some() {
        console.print(&text)?;
    } else {
        console.say(&text);
    }
    if let Some(path) = &places.report {
        let is_ours = args.force || args.resume && std::fs::read(path).is_ok_and(|found| is_page(&found));
        let ours = Identity::of(path).filter(|_| is_ours);
        files::save(&mut Target::new(path.clone(), ours), report.page(unit, curve))?;
    }
    if report.stopped.is_some() {
        say_how_to_go_on(places, console);
    }
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn new<T>(
        args: &Args,
        places: &Places,
        about: About<'_, T>,
        minimized: Minimized<T>,
        before: usize,
        found: Vec<OtherBug>,
    ) -> Self {
        let name = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let stopped = match minimized.end {
            End::OneMinimal => None,
            End::Stopped(pass) => Some(pass),
        };
        let also_minimal_for = minimized.also_minimal_for();
        let mut certificate = minimized.certificate.into_iter().peekable();
        let needed = minimized.items.iter().map(|item| {
            let without = certificate.next_if(|without| without.number == item.number).map(|without| without.verdict);
            let (at, text) = (about.text)(&item.value);
            Needed { number: item.number, at, text, without }
        });
        Self {
            input: input::name(&args.file),
            output: name(&places.output),
            walk: name(&places.walk),
            report: name(&places.report),
            signature: about.signature,
            before,
            left: minimized.items.iter().map(|item| item.number).collect(),
            bytes: about.bytes,
            runs: minimized.runs,
            one_minimal_after: minimized.one_minimal_after,
            confirming: minimized.confirming,
            doubted: minimized.doubted,
            rate: minimized.rate.map(|Rate { shows, runs }| Shown { shows, runs }),
            went_flaky: minimized.rate.is_some() && !args.flaky,
            one_minimal: stopped.is_none(),
            also_minimal_for,
            stopped,
            not_tried: stopped.map(|pass| passes_after(pass, args.verbatim)).unwrap_or_default(),
            any_failure: about.any_failure,
            twin_passes: about.twin,
            certificate: needed.collect(),
            found,
        }
    }

    /// The first line: the sizes before and after, how the search ended, and its runs.
    fn summary(&self, (one, many): (&str, &str)) -> String {
        let how = match (self.stopped, self.also_minimal_for) {
            (Some(pass), _) => format!("stopped at {pass}"),
            (None, []) => "1-minimal".to_owned(),
            (None, also) => format!("1-minimal, also for {}", also.join(" and ")),
        };
        let (before, left) = match self.bytes {
            Some((before, left)) => (before, count(left as u64, "byte", "bytes")),
            None => (self.before, count(self.left.len() as u64, one, many)),
        };
        format!("{} → {left}, {how}, {}", number(before as u64), count(self.runs, "run", "runs"))
    }

    /// Remarks on the result, one line each.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.doubted.then(|| DOUBTED.to_owned()));
        notes.extend(self.rate.map(|Shown { shows, runs }| {
            format!("the result showed the bug in {} of {}", number(shows), count(runs, "run", "runs"))
        }));
        notes.extend(self.went_flaky.then(|| WENT_FLAKY.to_owned()));
        notes.extend(self.any_failure.then(|| ANY_FAILURE.to_owned()));
        notes.extend(self.stopped.map(|pass| {
            let rest = [&[pass][..], &self.not_tried].concat();
            format!("not yet tried: the rest of {}", rest.join(", "))
        }));
        notes.extend(self.found.iter().map(OtherBug::text));
        notes
    }

    fn text(&self, unit: (&str, &str), more: &[String]) -> String {
        let mut text = self.summary(unit) + "\n";
        let files = [&self.output, &self.walk, &self.report].into_iter().flatten().cloned();
        let shows = self.signature.as_ref().map(|signature| format!("shows {}", escape(signature)));
        let notes = files.chain(shows).chain(more.iter().cloned()).chain(self.notes());
        notes.for_each(|line| text += &format!("  {line}\n"));
        // A document is not removed from itself.
        let tried = self.certificate.iter().filter(|needed| needed.without.is_some() && self.bytes.is_none());
        if tried.clone().next().is_some() {
            text += &format!("  what happens if one of the {} that are left is removed:\n", unit.1);
        }
        let lines = tried.clone().take(NEEDED_MAX).map(|needed| {
            let Needed { number, text, without, .. } = needed;
            let without = without.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("    {number} {}: {}\n", brief(text, NEEDED_WIDTH), escape(&without))
        });
        text.extend(lines);
        let more = tried.count().saturating_sub(NEEDED_MAX);
        if more > 0 {
            text += &format!("    … and {} more\n", number(more as u64));
        }
        text
    }

    fn page(&self, unit: (&str, &'static str), curve: Curve) -> std::io::Result<Vec<u8>> {
        let rows = self.certificate.iter().map(|needed| Row {
            number: needed.number,
            at: needed.at.clone().unwrap_or_default().into(),
            text: needed.text.clone().into(),
            without: needed.without.as_ref().map_or("not tried".to_owned(), ToString::to_string).into(),
            class: needed.without.as_ref().map_or("", class),
        });
        let page = Page {
            title: self.input.as_str().into(),
            summary: self.summary(unit).into(),
            signature: self.signature.as_deref().unwrap_or_default().into(),
            notes: self.notes().into_iter().map(Into::into).collect(),
            unit: unit.1,
            rows: rows.collect(),
            curve: &curve,
        };
        page.to_html()
    }
}
