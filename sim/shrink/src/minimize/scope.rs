//! The pass that keeps only the events on which the failure can depend, as far as the oracle can tell.

use super::edit::Edit;
use super::pass::{Pass, View};

/// Tries the scopes that the oracle names, the narrowest first, until the bug shows in one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// The width of the scope to try next.
    next: usize,
    /// Whether the bug showed in a scope.
    done: bool,
}

impl Pass for Scope {
    fn name(&self) -> &'static str {
        "scope"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        while !self.done {
            let numbers = view.scope(self.next)?;
            self.next += 1;
            let edit = view.keep_only(&numbers);
            if edit != Edit::Keep {
                return Some(edit);
            }
        }
        None
    }

    fn judged(&mut self, accepted: bool) {
        self.done = accepted;
    }

    /// Returns false, because an oracle may have to run the whole trace to compute a wider scope.
    fn is_foreseeable(&self) -> bool {
        false
    }
}
