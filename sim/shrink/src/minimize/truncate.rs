//! The pass that removes the events after the failure.

use super::edit::Edit;
use super::pass::{Pass, View};

/// Cuts the trace after the event at which the failure shows. If the oracle cannot tell that event, bisects for it.
///
/// Bisection assumes that every beginning longer than a failing one fails too. Where this is wrong, the result is still
/// a verified trace, but perhaps not the shortest beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Truncate {
    /// The length of the longest beginning that is known not to show the bug.
    passing: usize,
    /// The length of the beginning proposed last.
    proposed: usize,
    /// The number of the failing event that the oracle told last, after which a cut was tried.
    told: Option<u64>,
}

impl Pass for Truncate {
    fn name(&self) -> &'static str {
        "truncate"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let len = view.len();
        if let Some(number) = view.failing().filter(|number| self.told != Some(*number)) {
            self.told = Some(number);
            let end = (0..len).rfind(|place| view.number(*place) <= number).map_or(0, |place| place + 1);
            if end < len {
                self.proposed = end;
                return Some(view.remove(end..len));
            }
        }
        // The failure shows at the last event, so no shorter beginning shows it.
        if view.failing().is_some_and(|number| len.checked_sub(1).is_some_and(|last| view.number(last) == number)) {
            return None;
        }
        if len - self.passing <= 1 {
            return None;
        }
        self.proposed = self.passing + (len - self.passing) / 2;
        Some(view.remove(self.proposed..len))
    }

    fn judged(&mut self, accepted: bool) {
        if !accepted {
            self.passing = self.proposed;
        }
    }
}
