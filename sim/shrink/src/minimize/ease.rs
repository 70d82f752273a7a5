//! Makes the failure need less.

use super::edit::{Edit, Rewrite, Splice};
use super::nearness::{FEW, nearest};
use super::pass::{Pass, View};
use super::sites::{Kind, sites};

/// A trace that is no longer than this has few events to find, and it is as cheap to find them as they are.
const LONG: usize = 256;

/// What is tried for a number; the next one is the last.
const SMALL: [&str; 2] = ["1", "0"];

/// In a trace that is still long, makes the numbers small in the few events that are nearest to the failing one.
///
/// Where a large amount has to come together before the failure can show, hundreds of events may each have a share in it, and
/// hardly any part of them can go. Of a small amount one event is the whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Ease {
    /// The numbers of the events that are left, the next one last.
    events: Vec<u64>,
    /// The number in the text of the next one, as the how many-th site.
    site: usize,
    /// How many of the small numbers are left to try.
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
        // Nothing is near that is linked to nothing.
        if self.events.len() == 1 {
            self.events.clear();
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            let event = *self.events.last()?;
            let text = view.place(event).and_then(|place| view.text(place)).unwrap_or_default();
            let sites = sites(&text);
            match sites.get(self.site) {
                None => {
                    self.events.pop();
                    self.site = 0;
                }
                Some(site) if site.kind == Kind::Number && self.left > 0 => {
                    self.left -= 1;
                    let splice = Splice(site.span.start, site.span.end, SMALL[self.left].to_owned());
                    return Some(Edit::Rewrite(vec![Rewrite { event, splices: vec![splice] }]));
                }
                Some(_) => (self.site, self.left) = (self.site + 1, SMALL.len()),
            }
        }
    }

    fn judged(&mut self, accepted: bool) {
        if accepted {
            self.left = 0;
        }
    }
}
