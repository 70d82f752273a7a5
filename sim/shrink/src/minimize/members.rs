//! Drops single fields and elements.

use super::descent::Descent;
use super::edit::{Edit, Rewrite};
use super::pass::{Pass, View};
use super::sites::{sites, take_away};

/// Goes through the events from the first to the last, since what is far from the failure is the least needed, and through the objects and arrays in each from the outer to the
/// inner; tries to do without some members of each, in the order of a [`Descent`].
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// Events before this place are done.
    place: usize,
    /// The object or array of the event at that place, as the how many-th site.
    container: usize,
    descent: Option<Descent>,
}

impl Pass for Members {
    fn name(&self) -> &'static str {
        "member"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            if self.place >= view.len() {
                return None;
            }
            let text = view.text(self.place).unwrap_or_default();
            let sites = sites(&text);
            if self.container >= sites.len() {
                (self.place, self.container, self.descent) = (self.place + 1, 0, None);
                continue;
            }
            let members: Vec<_> = sites.iter().filter(|site| site.parent == Some(self.container)).collect();
            let descent = self.descent.get_or_insert_with(|| Descent::new(0, members.len()));
            if let Some(range) = descent.next() {
                let going = &members[range];
                let splices = take_away(&sites, |site| going.iter().any(|member| member.span == site.span));
                return Some(Edit::Rewrite(vec![Rewrite { event: view.number(self.place), splices }]));
            }
            // What is before a member that went, or around it, is where it was.
            (self.container, self.descent) = (self.container + 1, None);
        }
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}
