//! What goes or stays together: a request and its reply.

use std::collections::BTreeMap;

use super::nearness::bits;
use super::pass::View;
use super::sites::{Value, sites};

/// A longer trace is not looked at: what belongs together in it shares values that few others have, as a rule.
const LONG: usize = 1024;

/// How far apart the two of a pair are at most.
const APART: usize = 8;

/// How much two events must have in common, in 1/256 of a bit: it is as unlikely as one in 16 that any two do.
const COMMON: u64 = 4 << 8;

/// The events of a trace as units that are likely to go or stay together, each with its places, in the order of their last.
///
/// An event makes a pair with the one shortly before it with which it has most in common: a value in the same field tells as
/// much as it is rare.
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
        let shared = values[one].iter().filter(|value| values[other].contains(value));
        shared.map(tells).sum::<u64>()
    };
    let mut taken = vec![false; view.len()];
    let mut units = Vec::new();
    for place in (0..view.len()).rev() {
        if std::mem::replace(&mut taken[place], true) {
            continue;
        }
        let near = (place.saturating_sub(APART)..place).filter(|near| !taken[*near]);
        // Of equals the last, which is the nearest.
        let best = near.map(|near| (common(near, place), near)).max().filter(|(common, _)| *common >= COMMON);
        units.push(best.map_or(vec![place], |(_, near)| {
            taken[near] = true;
            vec![near, place]
        }));
    }
    units.reverse();
    units
}

/// The values of an event, each once, with their fields.
fn values(view: &dyn View, place: usize) -> Vec<(String, Value)> {
    let text = view.text(place).unwrap_or_default();
    let single = sites(&text).into_iter().filter(|site| site.kind.is_single());
    let mut values: Vec<_> = single.map(|site| (site.field().to_owned(), Value::of(&text, &site))).collect();
    values.sort_unstable();
    values.dedup();
    values
}
