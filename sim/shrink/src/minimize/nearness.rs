//! Nearness: how closely events are linked to the failing one, by the values that they share.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::pass::View;

/// A value is ignored if more than one in this many events have it, because it then links nothing.
const COMMON: usize = 16;

/// A value is never ignored if at most this many events have it, however short the trace is.
const RARE: usize = 4;

/// How many of the nearest events a pass looks at if it needs only a few.
pub(super) const FEW: usize = 4;

/// Returns the places of the events that are linked to the last one, the nearest first. The last event itself is the
/// first of them.
///
/// Two events are linked if they share a value. A random walk over a value that `n` events share reaches a given one of
/// them with probability 1/n. The length of a path is the negative logarithm of its probability, so paths over rare
/// values are short. Events are ordered by their shortest paths (Dijkstra, 1959).
///
/// Among events reached by the same value, the first in the trace is the nearest, since the value comes from there. The
/// others follow from the latest to the earliest.
pub(super) fn nearest(view: &dyn View) -> Vec<usize> {
    let Some(last) = view.len().checked_sub(1) else { return Vec::new() };
    let values = Values::new(view);
    let (mut order, mut reached) = (Vec::new(), vec![false; view.len()]);
    let mut seen = BTreeSet::new();
    // The shortest path found so far to each value, in 1/256 of a bit.
    let mut ways = BinaryHeap::new();
    let mut reach = |place: usize, length: u64, ways: &mut BinaryHeap<Reverse<(u64, usize)>>| {
        if !std::mem::replace(&mut reached[place], true) {
            order.push(place);
            for value in values.of(place).filter(|value| seen.insert(*value)) {
                ways.push(Reverse((length + values.length(value), value)));
            }
        }
    };
    reach(last, 0, &mut ways);
    while let Some(Reverse((length, value))) = ways.pop() {
        let places = values.places(value);
        for place in places.iter().take(1).chain(places.iter().skip(1).rev()) {
            reach(*place, length, &mut ways);
        }
    }
    order
}

/// The values that link events, and the events that have them. Values are numbered from 0.
struct Values {
    /// For each value, the places of the events that have it.
    places: Vec<Vec<usize>>,
    /// For each event, the values that it has.
    values: Vec<Vec<usize>>,
}

impl Values {
    fn new(view: &dyn View) -> Self {
        let mut all: Vec<(u64, usize)> = Vec::new();
        for place in 0..view.len() {
            all.extend(view.links(place).into_iter().map(|value| (value, place)));
        }
        all.sort_unstable();
        all.dedup();
        let most = (view.len() / COMMON).max(RARE);
        let (mut places, mut values) = (Vec::new(), vec![Vec::new(); view.len()]);
        for same in all.chunk_by(|a, b| a.0 == b.0).filter(|same| (2..=most).contains(&same.len())) {
            for (_, place) in same {
                values[*place].push(places.len());
            }
            places.push(same.iter().map(|(_, place)| *place).collect());
        }
        Self { places, values }
    }

    fn of(&self, place: usize) -> impl Iterator<Item = usize> {
        self.values[place].iter().copied()
    }

    fn places(&self, value: usize) -> &[usize] {
        &self.places[value]
    }

    /// Returns the length of a step over this value, in 1/256 of a bit.
    fn length(&self, value: usize) -> u64 {
        bits(self.places[value].len() as u64)
    }
}

/// Returns the binary logarithm of `count`, in 1/256 of a bit, interpolated linearly between powers of two.
///
/// The result is an integer, so that it is the same on every machine.
pub(super) fn bits(count: u64) -> u64 {
    let whole = count.max(1).ilog2();
    (u64::from(whole) << 8) + (((count.max(1) << 8) >> whole) - 256)
}
