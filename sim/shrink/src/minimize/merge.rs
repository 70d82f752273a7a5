//! Does without what something is about: the events that share a value go, and the one that stays takes another.

use std::collections::BTreeSet;

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Site, Value, sites};

/// Where more events are left, too many have something in common.
const MANY: usize = 32;

/// Leads out of a minimum that is only local: no event can go alone where one mentions what another brings in, so both change
/// in one edit.
///
/// For each value of each event, the last event first: tries to put each other value of that field in its place, and to remove
/// the other events that have it, all of them and then each.
#[derive(Clone, Debug, Default)]
pub(super) struct Merge {
    /// What is still to be tried on the trace as it is; the next one is the last.
    edits: Option<Vec<Edit>>,
}

impl Pass for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        self.edits.get_or_insert_with(|| edits(view)).pop()
    }

    fn judged(&mut self, accepted: bool) {
        if accepted {
            self.edits = None;
        }
    }
}

/// All edits, the first one last.
fn edits(view: &dyn View) -> Vec<Edit> {
    let mut edits = Vec::new();
    if view.len() > MANY {
        return edits;
    }
    let events: Vec<Vec<(Site, Value)>> = (0..view.len()).map(|place| values(view, place)).collect();
    for (place, event) in events.iter().enumerate() {
        for (site, value) in event.iter().rev() {
            let has_it =
                |other: &usize| *other != place && events[*other].iter().any(|other| is_same(other, (site, value)));
            let others: Vec<u64> = (0..events.len()).filter(has_it).map(|place| view.number(place)).collect();
            if others.is_empty() || others.len() + 1 == events.len() {
                continue;
            }
            let in_field = events.iter().flatten().filter(|(other, _)| other.field() == site.field());
            let instead: BTreeSet<&str> = in_field.map(|(_, other)| other.content.as_str()).collect();
            for content in instead.into_iter().rev().filter(|content| **content != value.content) {
                let splice = Splice(site.span.start, site.span.end, content.to_owned());
                let rewrite = vec![Rewrite { event: view.number(place), splices: vec![splice] }];
                let each = others.iter().map(std::slice::from_ref).rev();
                for going in each.chain((others.len() > 1).then_some(&others[..])) {
                    let remove = view.remove_all(going).removed().to_vec();
                    edits.push(Edit::Merge { remove, rewrite: rewrite.clone() });
                }
            }
        }
    }
    edits
}

/// Whether two values are the same in the same field.
fn is_same(one: &(Site, Value), (site, value): (&Site, &Value)) -> bool {
    one.1 == *value && one.0.field() == site.field()
}

/// The values of an event, and where they are.
fn values(view: &dyn View, place: usize) -> Vec<(Site, Value)> {
    let text = view.text(place).unwrap_or_default();
    let single = sites(&text).into_iter().filter(|site| site.kind.is_single());
    single.map(|site| (site.clone(), Value::of(&text, &site))).collect()
}
