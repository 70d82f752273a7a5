//! The order of traces: which of two traces is smaller.
//!
//! The first of these criteria in which two traces differ decides:
//!
//! * A trace with fewer events is smaller.
//! * A trace with fewer bytes in the texts of its events is smaller.
//! * A trace with fewer pairs of events in the wrong order is smaller. This counts only in traces of up to
//!   [`DISORDER_MAX`] events.
//! * The trace whose values come first is smaller: a shorter value comes before a longer one, and values of the same
//!   length are in byte order.
//! * The trace whose texts come first in byte order is smaller.
//!
//! This order is total, and no sequence of ever smaller traces is endless. So a search that only moves to smaller
//! traces ends.

use std::cmp::Ordering;

use super::edit::Rewrite;
use super::pass::View;
use super::sites::sites;

/// The most events that a trace can have if the order of its events matters for its size.
pub(super) const DISORDER_MAX: usize = 32;

/// Returns whether `rewrites` make the trace smaller.
pub(super) fn is_smaller(view: &dyn View, rewrites: &[Rewrite]) -> bool {
    let (mut longer, mut shorter, mut order) = (0, 0, Ordering::Equal);
    let mut changed = Vec::new();
    for rewrite in rewrites {
        let Some(place) = view.place(rewrite.event) else { return false };
        let Some(before) = view.text(place) else { return false };
        let Some(after) = rewrite.apply(&before) else { return false };
        longer += after.len().saturating_sub(before.len());
        shorter += before.len().saturating_sub(after.len());
        order = order.then_with(|| values(&after).cmp(&values(&before))).then_with(|| after.as_str().cmp(&before));
        changed.push((place, after));
    }
    longer.cmp(&shorter).then_with(|| disorder(view, &changed)).then(order).is_lt()
}

/// Returns the values of a text that have no members, each with its length.
fn values(text: &str) -> Vec<(usize, &str)> {
    let single = sites(text).into_iter().filter(|site| site.kind.is_single());
    single.map(|site| (site.span.len(), &text[site.span])).collect()
}

/// Compares how far out of order the trace is with the texts in `changed`, and how far it is now. `changed` holds
/// places and new texts.
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

/// Returns how many pairs of ranks are in the wrong order.
fn inversions(ranks: &[Option<i64>]) -> usize {
    let ranks: Vec<_> = ranks.iter().flatten().collect();
    let after = |(place, rank): (usize, &&i64)| ranks[place..].iter().filter(|other| **other < *rank).count();
    ranks.iter().enumerate().map(after).sum()
}
