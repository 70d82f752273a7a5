//! Makes some messages of a run late, and sends some of them twice.

use std::collections::{BTreeMap, VecDeque};

use afresh_core::{Message, System};

use super::Recording;
use crate::rng::Rng;

/// Returns the messages at these places of a trace, in the order in which the upstream sends them.
///
/// Only a system with positions gets late messages: without positions, the order says what the messages mean. The
/// revisions of a fact stay in their order.
pub(super) fn draw<S: System>(
    trace: &Recording<S>,
    places: &[usize],
    positioned: bool,
    rng: &mut Rng,
) -> Vec<Message<S::In>> {
    let late = if rng.below(2) == 0 { 0 } else { rng.below(250_000) as u32 };
    let twice = if rng.below(2) == 0 { 0 } else { rng.below(100_000) as u32 };
    let mut order = places.to_vec();
    if positioned {
        order = postponed(&order, late, rng, false);
        keep_revisions_in_order(trace, &mut order);
    }
    order = postponed(&order, twice, rng, true);
    order.into_iter().map(|place| trace.messages[place].clone()).collect()
}

/// Moves some entries to a later place, which is `often` in a million. With `copies`, the entry also stays at its own.
fn postponed(order: &[usize], often: u32, rng: &mut Rng, copies: bool) -> Vec<usize> {
    let mut timed = Vec::with_capacity(order.len());
    for (time, place) in order.iter().enumerate() {
        let later = rng.in_a_million(often).then(|| time + 1 + rng.place(order.len()));
        if copies || later.is_none() {
            timed.push((time, *place));
        }
        timed.extend(later.map(|later| (later, *place)));
    }
    // The sort is stable.
    timed.sort_by_key(|(time, _)| *time);
    timed.into_iter().map(|(_, place)| place).collect()
}

/// Sorts the revisions of each fact among the places that they have.
fn keep_revisions_in_order<S: System>(trace: &Recording<S>, order: &mut [usize]) {
    let fact = |place: usize| (&trace.messages[place].from, &trace.messages[place].id);
    let mut revisions = BTreeMap::<_, VecDeque<usize>>::new();
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    for place in sorted {
        revisions.entry(fact(place)).or_default().push_back(place);
    }
    for place in order {
        *place = revisions.get_mut(&fact(*place)).and_then(VecDeque::pop_front).unwrap_or(*place);
    }
}
