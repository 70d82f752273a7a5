//! Drops single events, until none can go.

use super::edit::Edit;
use super::pass::{Pass, View};

/// Tries every event on its own, from the end to the start, again and again until a whole round changes nothing.
/// What is left then is 1-minimal.
///
/// Candidates that a round has in common with the one before are not run again, so the last round is nearly free.
#[derive(Clone, Debug, Default)]
pub(super) struct Singles {
    /// Events from here on were tried in this round; `None` before a round.
    end: Option<usize>,
    /// Whether this round has removed anything.
    changed: bool,
}

impl Pass for Singles {
    fn name(&self) -> &'static str {
        "single"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let mut end = self.end.unwrap_or(view.len());
        if end == 0 {
            if !self.changed {
                return None;
            }
            self.changed = false;
            end = view.len();
        }
        let item = end.checked_sub(1)?;
        self.end = Some(item);
        Some(view.remove(item..end))
    }

    fn judged(&mut self, accepted: bool) {
        self.changed |= accepted;
    }
}
