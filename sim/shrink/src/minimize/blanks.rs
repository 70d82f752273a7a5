//! The pass that removes blanks between the values of JSON, where they mean nothing.

use super::edit::{Edit, Splice};
use super::pass::{Pass, View};
use super::sites::{blanks, rewrite_each};

/// Tries to remove all blanks from all events, in one edit.
#[derive(Clone, Debug, Default)]
pub(super) struct Blanks {
    proposed: bool,
}

impl Pass for Blanks {
    fn name(&self) -> &'static str {
        "blank"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        if std::mem::replace(&mut self.proposed, true) {
            return None;
        }
        let splice = |span: std::ops::Range<usize>| Splice(span.start, span.end, String::new());
        Some(rewrite_each(view, |text, sites| blanks(text, sites).into_iter().map(splice).collect()))
    }

    fn judged(&mut self, _: bool) {}
}
