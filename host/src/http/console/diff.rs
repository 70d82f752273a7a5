//! Differences between two values, line by line.

use std::time::Duration;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::page::{Visible, lines};

/// The unchanged lines around a change.
const CONTEXT: usize = 3;

/// The most lines of a difference, if the whole is not asked for.
const LINES_MAX: usize = 60;

/// The time after which a difference of two long values need not be the smallest one.
const SEARCH_MAX: Duration = Duration::from_millis(200);

/// A difference.
#[derive(Default)]
pub(super) struct Diff {
    pub(super) lines: Vec<Line>,
    /// The number of lines that are left out at the end.
    pub(super) left_out: usize,
}

/// A line of a difference.
pub(super) struct Line {
    /// The class in the style sheet.
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) text: Visible,
}

impl Diff {
    /// Compares two values, either of which may be missing.
    pub(super) fn new(before: Option<&Value>, after: Option<&Value>, whole: bool) -> Self {
        let text = |value: Option<&Value>| value.map(|value| lines(value) + "\n").unwrap_or_default();
        let (before, after) = (text(before), text(after));
        let diff = TextDiff::configure().timeout(SEARCH_MAX).diff_lines(&before, &after);
        let mut found = Vec::new();
        for (place, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
            if place > 0 {
                found.push(Line { class: "gap", sign: " ", text: "…".into() });
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (class, sign) = match change.tag() {
                    ChangeTag::Delete => ("removed", "-"),
                    ChangeTag::Insert => ("added", "+"),
                    ChangeTag::Equal => ("same", " "),
                };
                found.push(Line { class, sign, text: change.value().trim_end_matches('\n').into() });
            }
        }
        let left_out = if whole { 0 } else { found.len().saturating_sub(LINES_MAX) };
        found.truncate(found.len() - left_out);
        Self { lines: found, left_out }
    }

    /// Returns true if the two values are equal.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}
