//! The pass that makes numbers small, so that fewer events are enough for the failure.

use super::edit::{Edit, Rewrite, Splice};
use super::nearness::{FEW, nearest};
use super::pass::{Pass, View};
use super::sites::{Kind, sites};

/// The most events of a trace on which this pass tries nothing, because finding the few needed events is cheap there.
const LONG: usize = 256;

/// The numbers to try, the next one last.
const SMALL: [&str; 2] = ["1", "0"];

/// Makes numbers small in the few events that are nearest to the failing one, if the trace is still long.
///
/// Where the failure needs a large amount, hundreds of events may each contribute to it, and hardly any of them can be
/// removed. For a small amount, one event is enough. A number in a line that is not JSON is rarely an amount, so such
/// lines stay as they are until no more of them can be removed.
#[derive(Clone, Debug, Default)]
pub(super) struct Ease {
    /// The numbers of the events still to try, the next one last.
    events: Vec<u64>,
    /// The current value of the next event, as an index into its sites.
    site: usize,
    /// How many of the small numbers are still to try for the current value.
    left: usize,
}

impl Pass for Ease {
    fn name(&self) -> &'static str {
        "ease"
    }

    fn begin(&mut self, view: &dyn View) {
        self.left = SMALL.len();
        if view.len() > LONG {
            let near = nearest(view).into_iter().take(FEW).map(|place| view.number(place));
            self.events = near.collect();
        }
        // The only event is the failing one: it is linked to no other, so no event is near.
        if self.events.len() == 1 {
            self.events.clear();
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            let event = *self.events.last()?;
            let text = view.place(event).and_then(|place| view.text(place)).unwrap_or_default();
            let sites = sites(&text);
            let is_json = sites.first().is_some_and(|first| !first.kind.is_single());
            while let Some(site) = sites.get(self.site).filter(|_| is_json) {
                if site.kind == Kind::Number && self.left > 0 {
                    self.left -= 1;
                    let splice = Splice(site.span.start, site.span.end, SMALL[self.left].to_owned());
                    return Some(Edit::Rewrite(vec![Rewrite { event, splices: vec![splice] }]));
                }
                (self.site, self.left) = (self.site + 1, SMALL.len());
            }
            self.events.pop();
            self.site = 0;
        }
    }

    fn judged(&mut self, accepted: bool) {
        if accepted {
            self.left = 0;
        }
    }
}
