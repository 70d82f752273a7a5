//! Drops contiguous spans, from the end to the start.

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};

/// Tries spans of the trace in the order of a [`Descent`]. The last event is passed over: it is where the failure shows
/// once a trace is truncated.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    descent: Option<Descent>,
}

impl Pass for Spans {
    fn name(&self) -> &'static str {
        "span"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let last = view.len().saturating_sub(1);
        let descent = self.descent.get_or_insert_with(|| Descent::new(0, last));
        // What lies before a span that went has the places that it had.
        Some(view.remove(descent.next()?))
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}
