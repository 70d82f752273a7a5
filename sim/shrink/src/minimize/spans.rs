//! The pass that removes spans of events, from the end to the start.

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};
use super::units::units;

/// Tries to remove spans of the trace, in the order of a [`Descent`]. Events that belong together are removed together.
///
/// The last event is never tried, because a truncated trace ends with the event at which the failure shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    /// The events in units that are removed together. Each unit is a list of event numbers.
    units: Vec<Vec<u64>>,
    descent: Option<Descent>,
}

impl Pass for Spans {
    fn name(&self) -> &'static str {
        "span"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn begin(&mut self, view: &dyn View) {
        let numbers = |unit: Vec<usize>| unit.into_iter().map(|place| view.number(place)).collect();
        self.units = units(view).into_iter().map(numbers).collect();
        self.descent = Some(Descent::new(0, self.units.len().saturating_sub(1)));
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let mut numbers = self.units[self.descent.as_mut()?.next()?].concat();
        numbers.sort_unstable();
        Some(view.remove_all(&numbers))
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}
