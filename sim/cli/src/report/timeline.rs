//! The timeline of a trace for people: one line for each event, and below it the views that it changed.

use std::fmt::Write;

use afresh_check::show::{Entry, Seen, Sign, ViewChange};
use afresh_trace::format::{Kind, time};
use afresh_trace::text::{brief, escape, name};

use super::terminal::{BAD, BOLD, DIM, GOOD, changes, styled};

/// The most characters that are shown of a body on a terminal.
const BODY_MAX: usize = 120;

/// The indentation of views.
const MARGIN: &str = "          ";

/// Writes events as lines of columns, each as wide as its longest content so far.
#[derive(Debug)]
pub(crate) struct Columns {
    /// The length of the longest time so far.
    time: usize,
    /// The most characters that are shown of a body.
    body_max: usize,
}

impl Columns {
    /// Begins with empty columns. If `brief`, long bodies are cut off.
    pub(crate) fn new(brief: bool) -> Self {
        Self { time: 0, body_max: if brief { BODY_MAX } else { usize::MAX } }
    }

    /// Returns the line of one event, and the views that it changed.
    pub(crate) fn entry(&mut self, entry: &Entry) -> String {
        let (sign, style) = match entry.sign {
            Sign::Same => (' ', None),
            Sign::Gone => ('-', Some(BAD)),
            Sign::New => ('+', Some(GOOD)),
            Sign::NotDerivable => ('?', Some(DIM)),
        };
        let number = entry.number.map(|number| number.to_string()).unwrap_or_default();
        let at = entry.at.map(|at| time(at).trim_matches('"').to_owned() + " ").unwrap_or_default();
        self.time = self.time.max(at.len());
        let (when, kind) =
            (format!("{sign}{number:>7} {at:<width$}", width = self.time), format!(" {:<11} ", entry.kind));
        let mut text = match style {
            None => format!("{}{}{}", styled(DIM, when), styled(BOLD, kind), self.line(entry)),
            Some(style) => styled(style, format!("{when}{kind}{}", self.line(entry))).to_string(),
        };
        if let Some(note) = &entry.note {
            let _ = write!(text, " {}", styled(DIM, format!("({note})")));
        }
        if let Some(cause) = entry.cause {
            let _ = write!(text, " {}", styled(DIM, format!("caused by {cause}")));
        }
        text.push('\n');
        entry.views.iter().for_each(|change| text += &view_change(change));
        text
    }

    /// Returns the line of an event without its sign, number, time, kind and cause.
    fn line(&self, entry: &Entry) -> String {
        let mut words = Vec::new();
        words.extend(entry.id.as_ref().map(|id| name(id).to_string()));
        words.extend(entry.from.as_ref().map(|from| format!("from {}", name(from.as_str()))));
        words.extend(entry.to.as_ref().map(|to| format!("to {}", name(to.as_str()))));
        words.extend(entry.revision.filter(|revision| *revision > 1).map(|revision| format!("revision {revision}")));
        // The id of an output begins with its key, and a message between nodes has named its nodes.
        if !matches!(entry.kind, Kind::Out | Kind::Settled | Kind::Deliver | Kind::Drop) && !entry.keys.is_empty() {
            let keys: Vec<_> = entry.keys.iter().map(|key| name(key.as_str()).to_string()).collect();
            words.push(format!("[{}]", brief(&keys.join(", "), self.body_max)));
        }
        match &entry.body {
            Some(body) => words.push(brief(body.get(), self.body_max)),
            None if entry.is_withdrawal() => words.push("withdrawn".to_owned()),
            None => {}
        }
        words.extend(entry.content.as_ref().map(|content| brief(&escape(content).to_string(), self.body_max)));
        words.join(" ")
    }
}

fn view_change(change: &ViewChange) -> String {
    let ViewChange { key, before, after, recomputed } = change;
    let key = styled(BOLD, name(key.as_str()));
    let mut text = if before == after {
        format!("{MARGIN}{key} is unchanged\n")
    } else {
        format!("{MARGIN}{key}\n{}", changes(shown(before).as_ref(), shown(after).as_ref(), MARGIN))
    };
    if let Some(recomputed) = recomputed {
        let wrong = styled(BAD, "differs from the recomputed state:");
        text +=
            &format!("{MARGIN}{key} {wrong}\n{}", changes(shown(after).as_ref(), shown(recomputed).as_ref(), MARGIN));
    }
    text
}

/// Returns the view, or the reason why there is none, as a value to compare.
fn shown(seen: &Seen) -> Option<serde_json::Value> {
    match seen {
        Seen::View(view) => Some(view.clone()),
        Seen::Quarantined(why) => Some(format!("quarantined: {why}").into()),
        Seen::NotDerivable => Some("not derivable".into()),
        Seen::Nothing => None,
    }
}
