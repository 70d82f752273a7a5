//! The pass that removes events which can go only together.

use super::edit::Edit;
use super::pass::{Pass, View};

/// The longest span that is tried.
const SPAN_MAX: usize = 6;

/// The most events of a trace in which every pair is tried.
pub(super) const FEW: usize = 40;

/// In a longer trace, the most pairs that are tried for each event, the nearest ones.
const NEAR: usize = 4;

/// Tries to remove every span of 2 to 6 events, and then pairs of events that do not lie beside each other, the nearest
/// ones first. It tries all pairs if few events are left.
///
/// Where no single event can go, this removes an opening and its closing, or a change and what undoes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Together {
    /// The distance between the first and the last event of the next part.
    apart: usize,
    /// The place of the last event of the next part plus one.
    end: usize,
    /// Whether pairs are tried, instead of spans.
    pairs: bool,
    /// Whether this round of spans or pairs has removed anything.
    changed: bool,
}

impl Pass for Together {
    fn name(&self) -> &'static str {
        "together"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn is_for_events(&self) -> bool {
        true
    }

    fn begin(&mut self, view: &dyn View) {
        (self.apart, self.end) = (1, view.len());
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            let most = if !self.pairs {
                SPAN_MAX - 1
            } else if view.len() <= FEW {
                view.len()
            } else {
                NEAR
            };
            if self.apart > most.min(view.len().saturating_sub(1)) {
                if self.pairs && !self.changed {
                    return None;
                }
                (self.pairs, self.changed) = (!self.changed, false);
                (self.apart, self.end) = (if self.pairs { 2 } else { 1 }, view.len());
                continue;
            }
            let Some(start) = self.end.min(view.len()).checked_sub(self.apart + 1) else {
                (self.apart, self.end) = (self.apart + 1, view.len());
                continue;
            };
            self.end = start + self.apart;
            let last = start + self.apart;
            return Some(if self.pairs {
                Edit::Remove(vec![(view.number(start), view.number(start)), (view.number(last), view.number(last))])
            } else {
                view.remove(start..last + 1)
            });
        }
    }

    fn judged(&mut self, accepted: bool) {
        self.changed |= accepted;
    }
}
