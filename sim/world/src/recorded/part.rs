//! Draws the part of a recorded trace that a run is made of: a span of it, or the messages of some keys.

use std::collections::BTreeSet;

use afresh_core::System;

use super::{BYTES_MAX, Options, Recording};
use crate::rng::Rng;

/// Draws the places of the messages of a run, in ascending order. There is at least one.
pub(super) fn draw<S: System>(trace: &Recording<S>, options: Options, rng: &mut Rng) -> Vec<usize> {
    let most = (options.messages_max >> rng.below(4)).max(1);
    let wanted = rng.between(1, most as i64) as usize;
    let candidates = match rng.below(2) {
        0 => span(trace, options, wanted, rng),
        _ => of_keys(trace, options, wanted, rng),
    };
    let mut chosen = Chosen { trace, options, wanted, bytes_max: BYTES_MAX, places: BTreeSet::new() };
    for place in &candidates {
        let is_added = chosen.add(*place);
        // A whole history ends where there is no room for the next message.
        if chosen.places.len() >= wanted || options.whole && !is_added {
            break;
        }
    }
    if chosen.places.is_empty() {
        // A run has at least one message, even if that exceeds a limit. Nothing has to come before the first one.
        let first = candidates.first().filter(|_| !options.whole).copied().unwrap_or(0);
        (chosen.wanted, chosen.bytes_max) = (usize::MAX, usize::MAX);
        chosen.add(first);
    }
    chosen.places.into_iter().collect()
}

/// Draws a span of the trace.
fn span<S: System>(trace: &Recording<S>, options: Options, wanted: usize, rng: &mut Rng) -> Vec<usize> {
    let length = trace.messages.len();
    let place = rng.place(length);
    let start = if options.whole || rng.below(4) == 0 { 0 } else { place };
    (start..length).take(wanted).collect()
}

/// Draws a few keys or many, and the messages that concern them, from the beginning of the first key or from any of its
/// messages.
fn of_keys<S: System>(trace: &Recording<S>, options: Options, wanted: usize, rng: &mut Rng) -> Vec<usize> {
    let index = &trace.index;
    let most = 1 << rng.below(6);
    let count = rng.between(1, most);
    let mut keys = BTreeSet::new();
    let mut start = 0;
    for number in 0..count {
        // A key of a random message is likely to be a busy one.
        let of_message = index.keys_of(rng.place(trace.messages.len()));
        let (place, key) = (rng.place(of_message.len()), rng.place(index.keys()));
        let key = match of_message.get(place) {
            Some(busy) if rng.below(2) == 0 => *busy,
            _ if index.keys() > 0 => key as u32,
            _ => continue,
        };
        keys.insert(key);
        if number == 0 && !options.whole && rng.below(2) == 0 {
            let places = index.of_key(key);
            start = places.get(rng.place(places.len())).copied().unwrap_or(0);
        }
    }
    let of_key = |key: &u32| {
        let places = index.of_key(*key);
        places[places.partition_point(|place| *place < start)..].iter().take(wanted)
    };
    let places: BTreeSet<_> = keys.iter().flat_map(of_key).map(|place| *place as usize).collect();
    if places.is_empty() { span(trace, options, wanted, rng) } else { places.into_iter().take(wanted).collect() }
}

/// The messages that were chosen so far.
struct Chosen<'t, S: System> {
    trace: &'t Recording<S>,
    options: Options,
    wanted: usize,
    /// The number of bytes for which there is room.
    bytes_max: usize,
    places: BTreeSet<usize>,
}

impl<S: System> Chosen<'_, S> {
    /// Adds a message with everything that must come before it, if there is room for that.
    fn add(&mut self, place: usize) -> bool {
        let Some(new) = self.with_those_before(place) else { return false };
        let bytes: usize = new.iter().map(|place| self.trace.lengths[*place] as usize).sum();
        let Some(left) = self.bytes_max.checked_sub(bytes) else { return false };
        self.bytes_max = left;
        self.places.extend(new);
        true
    }

    /// Returns the new messages among this one and those that must come before it, or `None` if they are too many.
    ///
    /// A revision needs the one before it or, if that withdraws the fact, the body before that. In whole histories, a
    /// message needs all earlier messages of its keys.
    fn with_those_before(&self, place: usize) -> Option<BTreeSet<usize>> {
        let (Recording { index, messages, .. }, mut new, mut left) = (self.trace, BTreeSet::new(), vec![(place, true)]);
        while let Some((place, needs_before)) = left.pop() {
            if self.places.contains(&place) || !new.insert(place) {
                continue;
            }
            if self.places.len().saturating_add(new.len()) > self.wanted {
                return None;
            }
            if needs_before || messages[place].body.is_none() {
                left.extend(index.before(place).map(|before| (before, self.options.whole)));
            }
            if self.options.whole {
                let keys = index.keys_of(place).iter();
                left.extend(keys.filter_map(|key| index.before_in_key(*key, place)).map(|before| (before, true)));
            }
        }
        Some(new)
    }
}
