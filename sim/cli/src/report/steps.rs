//! The steps of a walk for people: what each step removed and changed.

use std::fmt::Write;

use afresh_shrink::minimize::Item;
use afresh_shrink::minimize::walk::Intent;
use afresh_trace::text::{count, escape, number as grouped, shorten};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::terminal::{BAD, BOLD, DIM, GOOD, styled};

/// The most items of a stretch that are all shown. Of a longer stretch, only the ends are shown.
const STRETCH_MAX: usize = 7;

/// The number of items that are shown at each end of a long stretch.
const END: usize = 3;

/// The most removed stretches that are shown for a step.
const STRETCHES_MAX: usize = 20;

/// An accepted step: what it removed and changed.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    run: u64,
    pass: String,
    before: usize,
    after: usize,
    /// The removed items, in stretches of neighbours.
    removed: Vec<Vec<Line>>,
    changed: Vec<Changed>,
}

/// An item as text.
#[derive(Debug, Serialize)]
struct Line {
    number: u64,
    text: String,
}

/// An item before and after the step.
#[derive(Debug, Serialize)]
struct Changed {
    number: u64,
    from: String,
    to: String,
}

impl Step {
    /// Compares the items before and after the run `intent`; `text` turns an item into text.
    pub(crate) fn new<T>(intent: &Intent, before: &[Item<T>], after: &[Item<T>], text: impl Fn(&T) -> String) -> Self {
        let (mut removed, mut changed) = (Vec::<Vec<Line>>::new(), Vec::new());
        let mut goes_on = false;
        let mut left = after.iter().peekable();
        for item in before {
            let was = text(&item.value);
            match left.next_if(|other| other.number == item.number) {
                None => {
                    let line = Line { number: item.number, text: was };
                    match removed.last_mut().filter(|_| goes_on) {
                        Some(stretch) => stretch.push(line),
                        None => removed.push(vec![line]),
                    }
                    goes_on = true;
                }
                Some(other) => {
                    goes_on = false;
                    let is = text(&other.value);
                    if is != was {
                        changed.push(Changed { number: item.number, from: was, to: is });
                    }
                }
            }
        }
        let pass = intent.pass.clone();
        Self { run: intent.run, pass, before: before.len(), after: after.len(), removed, changed }
    }
}

/// Returns the first line: the input and its size.
pub(crate) fn beginning(input: &str, items: usize) -> String {
    format!("{}: {}\n", escape(input), count(items as u64, "message", "messages"))
}

/// Returns the last line: the numbers of steps and runs.
pub(crate) fn ending(steps: usize, runs: usize) -> String {
    let (steps, runs) = (count(steps as u64, "step", "steps"), count(runs as u64, "run", "runs"));
    format!("{}\n", styled(DIM, format!("{steps} in {runs}")))
}

/// Formats one step of a walk as text. `number` is the number of the step, from 1.
pub(crate) fn step(step: &Step, number: usize) -> String {
    let Step { run, pass, before, after, removed, changed } = step;
    let size = if before == after {
        String::new()
    } else {
        format!(": {} → {}", grouped(*before as u64), grouped(*after as u64))
    };
    let mut text =
        format!("{} {}\n", styled(BOLD, format!("step {number}, {pass}{size}")), styled(DIM, format!("(run {run})")));
    for stretch in removed.iter().take(STRETCHES_MAX) {
        let hidden = if stretch.len() > STRETCH_MAX { stretch.len() - 2 * END } else { 0 };
        for (place, line) in stretch.iter().enumerate() {
            if hidden == 0 || place < END || place >= END + hidden {
                let _ = writeln!(text, "  {}", styled(BAD, format!("- {:>6} {}", line.number, shorten(&line.text))));
            } else if place == END {
                let _ = writeln!(text, "  {}", styled(DIM, format!("         … {} more", grouped(hidden as u64))));
            }
        }
    }
    let more = removed.len().saturating_sub(STRETCHES_MAX);
    if more > 0 {
        let _ = writeln!(
            text,
            "  {}",
            styled(DIM, format!("         … and in {} more", count(more as u64, "place", "places")))
        );
    }
    changed.iter().for_each(|changed| text += &difference(changed));
    text
}

/// Returns an item before and after, with the differences in bold.
fn difference(Changed { number, from, to }: &Changed) -> String {
    let mut text = String::new();
    let diff = TextDiff::from_words(from.as_str(), to.as_str());
    for (sign, tag, style) in [('-', ChangeTag::Delete, BAD), ('+', ChangeTag::Insert, GOOD)] {
        let _ = write!(text, "  {}", styled(style, format!("{sign} {number:>6} ")));
        for change in diff.iter_all_changes() {
            if change.tag() == tag {
                let _ = write!(text, "{}", styled(style.bold(), escape(change.value())));
            } else if change.tag() == ChangeTag::Equal {
                let _ = write!(text, "{}", styled(style, escape(change.value())));
            }
        }
        text.push('\n');
    }
    text
}
