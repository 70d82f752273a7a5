//! What "smaller" means.
//!
//! Of two traces the smaller is the one with fewer events; of as many, the one with fewer bytes in the texts of its events;
//! of as many bytes, the one that is less out of order, which is by how many pairs of events come the wrong way round; and
//! else the one whose texts come first in the order of bytes. The order is total, and nothing comes before something for ever,
//! so a search that moves to smaller traces only comes to an end.
//!
//! How far a trace is out of order counts once few events are left.

use std::cmp::Ordering;

use super::edit::Rewrite;
use super::pass::View;

/// Of more events than this it does not matter in which order they come.
pub(super) const DISORDER_MAX: usize = 32;

/// Whether `rewrites` make a trace smaller.
pub(super) fn is_smaller(view: &dyn View, rewrites: &[Rewrite]) -> bool {
    let (mut longer, mut shorter, mut order) = (0, 0, Ordering::Equal);
    let mut changed = Vec::new();
    for rewrite in rewrites {
        let Some(place) = view.place(rewrite.event) else { return false };
        let Some(before) = view.text(place) else { return false };
        let Some(after) = rewrite.apply(&before) else { return false };
        longer += after.len().saturating_sub(before.len());
        shorter += before.len().saturating_sub(after.len());
        order = order.then_with(|| after.as_bytes().cmp(before.as_bytes()));
        changed.push((place, after));
    }
    longer.cmp(&shorter).then_with(|| disorder(view, &changed)).then(order).is_lt()
}

/// How far the trace is out of order when these events have these texts, held against how far it is now.
fn disorder(view: &dyn View, changed: &[(usize, String)]) -> Ordering {
    let moved = |(place, text): &(usize, String)| view.rank(*place, None) != view.rank(*place, Some(text));
    if view.len() > DISORDER_MAX || !changed.iter().any(moved) {
        return Ordering::Equal;
    }
    let before: Vec<_> = (0..view.len()).map(|place| view.rank(place, None)).collect();
    let mut after = before.clone();
    for (place, text) in changed {
        after[*place] = view.rank(*place, Some(text));
    }
    inversions(&after).cmp(&inversions(&before))
}

/// How many pairs come the wrong way round.
fn inversions(ranks: &[Option<i64>]) -> usize {
    let ranks: Vec<_> = ranks.iter().flatten().collect();
    let after = |(place, rank): (usize, &&i64)| ranks[place..].iter().filter(|other| **other < *rank).count();
    ranks.iter().enumerate().map(after).sum()
}
