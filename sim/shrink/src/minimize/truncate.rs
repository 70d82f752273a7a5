//! Drops what follows the failure.

use super::edit::Edit;
use super::pass::{Pass, View};

/// Cuts after the event at which the failure shows; where the oracle cannot tell that event, bisects for it.
///
/// Bisection takes for granted that a longer beginning fails once a shorter one does. Where that is wrong the
/// result is still a verified trace, only perhaps not the shortest beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Truncate {
    /// The longest beginning that was seen not to fail; none of it can be the whole bug.
    passing: usize,
    /// The length that was proposed last.
    proposed: usize,
    /// The event that was last taken for the one that fails.
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
        // The failure shows at the last event: no need to ask whether it shows earlier.
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
