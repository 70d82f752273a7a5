//! Findings with diffs for people, with colours for terminals.

use std::fmt::{self, Display, Write};

use afresh_check::{Deny, Exclusion, Finding, NotDerivable, Notes, Sighting, Versus};
use afresh_trace::text::{count, escape, name, shorten};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();

/// Returns `text` in `style`. Printing removes the colours if there is no terminal.
pub(crate) fn styled(style: Style, text: impl Display) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{style}{text}{style:#}"))
}

/// Returns findings as text: the signature of each, how often it showed, and where first.
///
/// If a finding first showed at the same place as the one before it, the place is not repeated. `file` is the name of
/// the trace.
pub fn findings<'f>(findings: impl IntoIterator<Item = &'f Finding>, file: &str) -> String {
    noted(findings.into_iter().map(|finding| (finding, String::new())), file)
}

/// Returns findings as [`findings`] does, each with a note behind its count.
pub(crate) fn noted<'f>(findings: impl IntoIterator<Item = (&'f Finding, String)>, file: &str) -> String {
    let mut text = String::new();
    let mut before = None;
    for (finding, note) in findings {
        let on = match finding.keys {
            0 => String::new(),
            keys => format!(" on {}", count(keys as u64, "key", "keys")),
        };
        let times = count(finding.count, "step", "steps");
        let signature = styled(BOLD.fg_color(BAD.get_fg_color()), shorten(&finding.signature.to_string())).to_string();
        let is_shown = before == Some(&finding.first);
        let first = if is_shown { " at the same place" } else { ":" };
        let _ = writeln!(text, "  {signature} at {times}{on}{note}, first{first}");
        if !is_shown {
            text += &sighting(&finding.first, file);
        }
        before = Some(&finding.first);
    }
    text
}

/// Returns one bug at one step, with a diff of the two values that should be equal.
pub(crate) fn sighting(sighting: &Sighting, file: &str) -> String {
    let mut text = String::new();
    let key = sighting.key.as_ref().map(|key| format!(", key {}", name(key.as_str()))).unwrap_or_default();
    let place = format!("{}:{}: event {}{key}", escape(file), sighting.line, sighting.event);
    let _ = writeln!(text, "    {}: {}", styled(DIM, place), shorten(&sighting.found));
    if let Some(versus) = &sighting.versus {
        text += &diff(versus);
    }
    text
}

/// Returns a diff of two values, line by line: `-` is the first, `+` the second.
pub(crate) fn diff(versus: &Versus) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "      {}", styled(BAD, format!("- {}", versus.left)));
    let _ = writeln!(text, "      {}", styled(GOOD, format!("+ {}", versus.right)));
    // Null means that there is no output or no view.
    let side = |value| Some(value).filter(|value: &&Value| !value.is_null());
    text += &changes(side(&versus.left_value), side(&versus.right_value), "      ");
    if !versus.not_derivable.is_empty() {
        let _ = writeln!(text, "      not compared, because not derivable: {}", versus.not_derivable.join(", "));
    }
    text
}

/// Returns the number of messages and keys that do not count, by kind, to be appended to the first line of a verdict.
pub(crate) fn excluded(notes: &Notes) -> String {
    let mut text = String::new();
    for kind in Exclusion::ALL {
        match notes.excluded.iter().filter(|one| one.kind == kind).count() as u64 {
            0 => {}
            number => {
                text += if text.is_empty() { "; " } else { ", " };
                text += &format!("{} {}", afresh_trace::text::number(number), kind.adjective());
            }
        }
    }
    text
}

/// Returns the notes of a verdict, one on each line: the first of each kind of exclusion, what was not derivable, and
/// what is not recorded yet.
pub(crate) fn notes(notes: &Notes, file: &str) -> String {
    let mut text = String::new();
    for kind in Exclusion::ALL {
        if let Some(first) = notes.excluded.iter().find(|one| one.kind == kind) {
            let place = styled(DIM, format!("{}:{}: event {}", escape(file), first.line, first.event));
            let _ = writeln!(text, "  {}, first: {place}: {}", kind.adjective(), shorten(&first.in_words()));
        }
    }
    text += &not_derivable(&notes.not_derivable);
    if let Some(first) = notes.not_recorded_yet.first() {
        let number = notes.not_recorded_yet.len() as u64;
        let ends = "of the last stimulus: the record ends before them";
        let _ = writeln!(text, "  not recorded yet: {} {ends}; first:", count(number, "observation", "observations"));
        text += &sighting(first, file);
    }
    text
}

/// Returns how often each part could not be compared, because it depends on messages before the window.
pub(crate) fn not_derivable(parts: &NotDerivable) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let parts = parts.parts().map(|(part, times)| format!("{part} {}", count(times, "time", "times")));
    format!("  not derivable from this window: {}\n", parts.collect::<Vec<_>>().join(", "))
}

/// Reads the name of a kind of note, as an argument.
pub(crate) fn deny(text: &str) -> Result<Deny, String> {
    Deny::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
        let names = Deny::ALL.map(Deny::name);
        format!("expected one of {}", names.join(", "))
    })
}

/// Returns the differences between two values, line by line, indented by `margin`. Either value may be missing.
pub(crate) fn changes(left: Option<&Value>, right: Option<&Value>, margin: &str) -> String {
    let (left, right) = (left.map(lines).unwrap_or_default(), right.map(lines).unwrap_or_default());
    let mut text = String::new();
    let diff = TextDiff::from_lines(&left, &right);
    for (place, group) in diff.grouped_ops(3).iter().enumerate() {
        if place > 0 {
            let _ = writeln!(text, "{margin}  …");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', BAD),
                ChangeTag::Insert => ('+', GOOD),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = format!("{sign} {}", escape(change.value().trim_end_matches('\n')));
            let _ = writeln!(text, "{margin}{}", styled(style, line));
        }
    }
    text
}

/// Returns a value as text, with each part on its own line.
fn lines(value: &Value) -> String {
    let text = match value {
        // The debug format of a state already has line ends.
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string()),
    };
    text + "\n"
}
