//! The pass that removes single events, until none can be removed.

use super::edit::Edit;
use super::pass::{Pass, View};

/// The name of the pass.
pub(super) const SINGLE: &str = "single";

/// Tries to remove every single event, from the end to the start, again and again until a whole round changes nothing.
/// The trace is then 1-minimal.
///
/// A candidate that was run in an earlier round is not run again, so the last round costs almost nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Singles {
    /// The place from which on all events were tried in this round. `None` before the first round.
    end: Option<usize>,
    /// Whether this round has removed an event.
    changed: bool,
}

impl Pass for Singles {
    fn name(&self) -> &'static str {
        SINGLE
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
