//! How near events are to the failing one, by the values that they share.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::pass::View;

/// A value that more than this fraction of the events share says nothing about any of them.
const COMMON: usize = 16;

/// A value that no more events share says something, however short the trace is.
const RARE: usize = 4;

/// How many events are the few nearest.
pub(super) const FEW: usize = 4;

/// The places of the events that are linked to the last one, the nearest first, beginning with the last one itself.
///
/// Two events are linked by a value that both have. Walking at random from event to event by a value that `n` events
/// share, one arrives at a certain one of them with a chance of 1 in `n`: so the way by rare values is the short one. The
/// length of a way is the logarithm of its chance, and the order is that of shortest ways (Dijkstra, 1959). Of the events
/// that a value brings in, the first is the nearest, since it is where the value comes from, and then the latest.
pub(super) fn nearest(view: &dyn View) -> Vec<usize> {
    let Some(last) = view.len().checked_sub(1) else { return Vec::new() };
    let values = Values::new(view);
    let (mut order, mut reached) = (Vec::new(), vec![false; view.len()]);
    let mut seen = BTreeSet::new();
    // The length of the shortest way so far to each value that is known, in 1/256 of a bit.
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

/// Which events have which values. A value is named by its rank among those that link anything.
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

    /// The length of a step by this value.
    fn length(&self, value: usize) -> u64 {
        bits(self.places[value].len() as u64)
    }
}

/// The logarithm of `count`, in 1/256 of a bit: a whole number is the same on every machine. Between powers of two a straight
/// line is near enough.
pub(super) fn bits(count: u64) -> u64 {
    let whole = count.max(1).ilog2();
    (u64::from(whole) << 8) + (((count.max(1) << 8) >> whole) - 256)
}
