//! The pass that removes fields and elements from single events.

use std::collections::BTreeSet;

use super::descent::Descent;
use super::edit::{Edit, Rewrite};
use super::pass::{Pass, View};
use super::sites::{Site, members, sites, take_away};

/// Tries to remove members of each object and array of each event, in the order of a [`Descent`].
///
/// It goes from the first event to the last, since events far from the failure are needed the least, and from the outer
/// objects and arrays of an event to the inner ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// The place before which all events are done.
    place: usize,
    /// The current object or array of the event at `place`, as an index into its sites.
    container: usize,
    descent: Option<Descent>,
}

impl Pass for Members {
    fn name(&self) -> &'static str {
        "member"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        while self.place < view.len() {
            let text = view.text(self.place).unwrap_or_default();
            let sites = sites(&text);
            let members = members(&sites);
            while let Some(members) = members.get(self.container) {
                let descent = self.descent.get_or_insert_with(|| Descent::new(0, members.len()));
                if let Some(range) = descent.next() {
                    let going: BTreeSet<_> = members[range].iter().map(|member| sites[*member].span.start).collect();
                    let goes = |site: &Site| site.parent == Some(self.container) && going.contains(&site.span.start);
                    let splices = take_away(&sites, goes);
                    return Some(Edit::Rewrite(vec![Rewrite { event: view.number(self.place), splices }]));
                }
                // Removed members are behind this site or inside it, so the indices up to it stay valid.
                (self.container, self.descent) = (self.container + 1, None);
            }
            (self.place, self.container, self.descent) = (self.place + 1, 0, None);
        }
        None
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}
