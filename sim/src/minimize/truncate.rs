//! Drops what follows the failure.

use super::edit::Edit;
use super::pass::{Pass, Verified};

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

impl<T> Pass<T> for Truncate {
    fn name(&self) -> &'static str {
        "truncate"
    }

    fn propose(&mut self, verified: &Verified<T>) -> Option<Edit> {
        let Verified { items, at } = verified;
        let len = items.len();
        if let Some(number) = at.filter(|number| self.told != Some(*number)) {
            self.told = Some(number);
            let end = items.partition_point(|item| item.number <= number);
            if end < len {
                self.proposed = end;
                return Some(Edit::remove(&items[end..]));
            }
        }
        // The failure shows at the last event: no need to ask whether it shows earlier.
        if at.is_some() && *at == items.last().map(|item| item.number) {
            return None;
        }
        if len - self.passing <= 1 {
            return None;
        }
        self.proposed = self.passing + (len - self.passing) / 2;
        Some(Edit::remove(&items[self.proposed..]))
    }

    fn judged(&mut self, accepted: bool) {
        if !accepted {
            self.passing = self.proposed;
        }
    }
}
