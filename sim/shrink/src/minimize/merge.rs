//! The pass that removes events which share a value, and gives the event that stays another value instead.

use std::collections::BTreeSet;

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Site, Value, sites};

/// The most events of a trace on which this pass tries anything. In a longer one, too many events share values.
const MANY: usize = 32;

/// Leaves a local minimum: if one event refers to a value that another event introduces, neither event can be removed
/// alone. So one edit removes events and changes the reference.
///
/// For each value of each event, beginning with the last event, it tries to replace the value by each other value of
/// that field, and to remove the other events that have it: first all of them, then each alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Merge {
    /// The edits still to try on the current trace, the next one last. `None` if they must be computed first.
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

/// Returns all edits to try on this trace, the first one last.
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

/// Returns whether two values are equal and in the same field.
fn is_same(one: &(Site, Value), (site, value): (&Site, &Value)) -> bool {
    one.1 == *value && one.0.field() == site.field()
}

/// Returns the values of an event, each with its site.
fn values(view: &dyn View, place: usize) -> Vec<(Site, Value)> {
    let text = view.text(place).unwrap_or_default();
    let single = sites(&text).into_iter().filter(|site| site.kind.is_single());
    single.map(|site| (site.clone(), Value::of(&text, &site))).collect()
}
