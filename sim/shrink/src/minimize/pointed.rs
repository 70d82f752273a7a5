//! The pass that removes an event together with those that fail without it.

use super::edit::Edit;
use super::pass::{Pass, View};

/// The most events that are removed at once.
const MANY: usize = 8;

/// Tries to remove each event, the last one first. Where the trace then fails in another way, tries to remove the event
/// at which it fails as well, again and again.
///
/// So a change goes together with the one that undoes it, and an object with all that is done to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointed {
    /// The place of the event that is tried plus one.
    end: usize,
    /// The numbers of the events that go with it. It is empty if the next event is still to begin.
    numbers: Vec<u64>,
    /// The event at which the trace failed without them.
    failed: Option<u64>,
}

impl Pass for Pointed {
    fn name(&self) -> &'static str {
        "pointed"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn is_for_events(&self) -> bool {
        true
    }

    fn begin(&mut self, view: &dyn View) {
        // The last event is the one at which the failure shows.
        self.end = view.len().saturating_sub(1);
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        match self.failed.take().filter(|number| view.place(*number).is_some() && !self.numbers.contains(number)) {
            Some(number) if (1..MANY).contains(&self.numbers.len()) => self.numbers.push(number),
            _ => {
                self.end = self.end.min(view.len()).checked_sub(1)?;
                self.numbers = vec![view.number(self.end)];
            }
        }
        self.numbers.sort_unstable();
        Some(view.remove_all(&self.numbers))
    }

    fn judged(&mut self, accepted: bool) {
        if accepted {
            self.numbers.clear();
        }
    }

    fn failed_at(&mut self, number: u64) {
        self.failed = Some(number);
    }

    /// Returns false, because the next proposal depends on where the trace fails.
    fn is_foreseeable(&self) -> bool {
        false
    }
}
