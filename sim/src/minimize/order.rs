//! What "smaller" means.
//!
//! Of two traces the smaller is the one with fewer events; of as many, the one with fewer bytes in the texts of its events;
//! of as many bytes, the one whose texts come first in the order of bytes. The order is total, and nothing comes before
//! something for ever, so a search that moves to smaller traces only comes to an end.

use std::cmp::Ordering;

use super::edit::Rewrite;
use super::pass::View;

/// Whether `rewrites` make a trace smaller.
pub(super) fn is_smaller(view: &dyn View, rewrites: &[Rewrite]) -> bool {
    let (mut longer, mut shorter, mut order) = (0, 0, Ordering::Equal);
    for rewrite in rewrites {
        let Some(place) = view.place(rewrite.event) else { return false };
        let Some(before) = view.text(place) else { return false };
        let Some(after) = rewrite.apply(&before) else { return false };
        longer += after.len().saturating_sub(before.len());
        shorter += before.len().saturating_sub(after.len());
        order = order.then_with(|| after.as_bytes().cmp(before.as_bytes()));
    }
    longer.cmp(&shorter).then(order).is_lt()
}
