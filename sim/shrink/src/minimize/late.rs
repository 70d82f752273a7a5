//! The pass that moves late and reordered events back to where they belong. Events that stay out of order afterwards
//! are needed in that order.

use super::edit::{Edit, Rewrite, Splice};
use super::order::DISORDER_MAX;
use super::pass::{Pass, View};

/// Tries to move each late event to its place: before the first event that belongs after it. The events in between move
/// back by one place each.
#[derive(Clone, Debug, Default)]
pub(super) struct Late {
    /// The place of the event to look at next.
    next: usize,
}

impl Pass for Late {
    fn name(&self) -> &'static str {
        "late"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        if view.len() > DISORDER_MAX {
            return None;
        }
        let ranks: Vec<_> = (0..view.len()).map(|place| view.rank(place, None)).collect();
        while let Some(rank) = ranks.get(self.next) {
            let place = self.next;
            self.next += 1;
            let belongs_after = |other: &Option<i64>| rank.zip(*other).is_some_and(|(rank, other)| rank < other);
            if let Some(first) = ranks[..place].iter().position(belongs_after) {
                return move_to(view, place, first);
            }
        }
        None
    }

    fn judged(&mut self, _: bool) {}
}

/// Returns the edit that moves the event at place `from` to the earlier place `to`. Numbers stay where they are, so the
/// edit gives other texts to all events from `to` to `from`.
fn move_to(view: &dyn View, from: usize, to: usize) -> Option<Edit> {
    let texts: Vec<_> = (to..=from).map(|place| Some(view.text(place)?.into_owned())).collect::<Option<_>>()?;
    let mut moved = texts.clone();
    moved.rotate_right(1);
    let changed = (to..).zip(texts.iter().zip(moved)).filter(|(_, (before, after))| *before != after);
    let rewrite = |(place, (before, after)): (usize, (&String, String))| Rewrite {
        event: view.number(place),
        splices: vec![Splice(0, before.len(), after)],
    };
    Some(Edit::Rewrite(changed.map(rewrite).collect()))
}
