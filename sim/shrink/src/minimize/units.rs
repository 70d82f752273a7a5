//! Units: events that are likely to be needed together, such as a request and its reply.

use std::collections::BTreeMap;

use super::nearness::bits;
use super::pass::View;
use super::sites::{Value, sites};

/// The most events of a trace that is searched for units. In a longer trace, events that belong together share values
/// that few others have, as a rule.
const LONG: usize = 1024;

/// The greatest distance between the two events of a pair, in places.
const APART: usize = 8;

/// The least information that two events must share to be a pair, in 1/256 of a bit. This much is shared by chance in
/// one case of 16.
const COMMON: u64 = 4 << 8;

/// Returns the events of a trace as units that are likely to be needed together. Each unit is a list of places, and
/// units are in the order of their last events.
///
/// A unit is a single event or a pair. An event is paired with the one among the few events before it with which it
/// shares most information: an equal value in the same field counts the more, the rarer the value is.
pub(super) fn units(view: &dyn View) -> Vec<Vec<usize>> {
    if view.len() > LONG {
        return (0..view.len()).map(|place| vec![place]).collect();
    }
    let values: Vec<Vec<(String, Value)>> = (0..view.len()).map(|place| values(view, place)).collect();
    let mut counts: BTreeMap<&(String, Value), u64> = BTreeMap::new();
    for value in values.iter().flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let tells = |value| bits(view.len() as u64).saturating_sub(bits(counts[value]));
    let common = |one: usize, other: usize| {
        let shared = values[one].iter().filter(|value| values[other].binary_search(value).is_ok());
        shared.map(tells).sum::<u64>()
    };
    let mut taken = vec![false; view.len()];
    let mut units = Vec::new();
    for place in (0..view.len()).rev() {
        if std::mem::replace(&mut taken[place], true) {
            continue;
        }
        let near = (place.saturating_sub(APART)..place).filter(|near| !taken[*near]);
        // Among equally good events, `max` takes the last, which is the nearest.
        let best = near.map(|near| (common(near, place), near)).max().filter(|(common, _)| *common >= COMMON);
        units.push(best.map_or(vec![place], |(_, near)| {
            taken[near] = true;
            vec![near, place]
        }));
    }
    units.reverse();
    units
}

/// Returns the values of an event without duplicates, each with its field.
fn values(view: &dyn View, place: usize) -> Vec<(String, Value)> {
    let text = view.text(place).unwrap_or_default();
    let single = sites(&text).into_iter().filter(|site| site.kind.is_single());
    let mut values: Vec<_> = single.map(|site| (site.field().to_owned(), Value::of(&text, &site))).collect();
    values.sort_unstable();
    values.dedup();
    values
}
