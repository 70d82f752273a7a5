//! Findings with diffs for people, with colours for terminals.

use std::fmt::{self, Display, Write};

use afresh_check::{Finding, Sighting, Versus};
use afresh_trace::text::{count, escape, name};
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
    let mut text = String::new();
    let mut before = None;
    for finding in findings {
        let on = match finding.keys {
            0 => String::new(),
            keys => format!(" on {}", count(keys as u64, "key", "keys")),
        };
        let times = count(finding.count, "step", "steps");
        let signature = styled(BOLD.fg_color(BAD.get_fg_color()), escape(&finding.signature.to_string())).to_string();
        let is_shown = before == Some(&finding.first);
        let _ =
            writeln!(text, "  {signature} at {times}{on}, first{}", if is_shown { " at the same place" } else { ":" });
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
    let _ = writeln!(text, "    {}: {}", styled(DIM, place), escape(&sighting.found));
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
    text + &changes(side(&versus.left_value), side(&versus.right_value), "      ")
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
