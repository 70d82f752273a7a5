//! The pass that removes events which share a value, and gives the event that stays another value instead.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Site, Value, sites};

/// The most events of a trace on which this pass tries anything. In a longer one, too many events share values.
const MANY: usize = 32;

/// The number of failures in a row after which the pass gives up. Lines of words have very many values, and hardly any
/// of them can replace another.
const FAILURES_MAX: usize = 64;

/// Leaves a local minimum: if one event refers to a value that another event introduces, neither event can be removed
/// alone. So one edit removes events and changes the reference.
///
/// For each value of each event, beginning with the last event, it tries to replace the value by each other value of
/// that field, and to remove the other events that have it: first all of them, then each alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Merge {
    /// The values of the current trace; `None` if they must be read first.
    values: Option<Rc<Values>>,
    /// The place from which on all events are done.
    end: usize,
    /// The next value of the event before `end`.
    value: usize,
    /// The edits still to try for the value before that, the next one last.
    edits: Vec<Edit>,
    /// The number of failures since the last success.
    failures: usize,
}

impl Pass for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        if view.len() > MANY || self.failures == FAILURES_MAX {
            return None;
        }
        if self.values.is_none() {
            self.end = view.len();
        }
        let values = Rc::clone(self.values.get_or_insert_with(|| Rc::new(Values::new(view))));
        while self.edits.is_empty() {
            let place = self.end.checked_sub(1)?;
            if self.value == values.events[place].len() {
                (self.end, self.value) = (place, 0);
            } else {
                self.edits = values.edits(view, place, self.value);
                self.value += 1;
            }
        }
        self.edits.pop()
    }

    fn judged(&mut self, accepted: bool) {
        self.failures += 1;
        if accepted {
            *self = Self::default();
        }
    }
}

/// The values of all events of a trace.
#[derive(Debug)]
struct Values {
    /// The values of each event, with their sites.
    events: Vec<Vec<(Site, Value)>>,
    /// For each field, its contents, and for each value in it the places of the events that have it.
    fields: BTreeMap<String, BTreeMap<Value, BTreeSet<usize>>>,
}

impl Values {
    fn new(view: &dyn View) -> Self {
        let events: Vec<Vec<(Site, Value)>> = (0..view.len()).map(|place| values(view, place)).collect();
        let mut fields: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for (place, (site, value)) in
            events.iter().enumerate().flat_map(|(place, event)| event.iter().map(move |value| (place, value)))
        {
            let values = fields.entry(site.field().to_owned()).or_default();
            values.entry(value.clone()).or_default().insert(place);
        }
        Self { events, fields }
    }

    /// Returns the edits to try for one value of the event at `place`, the first one last.
    fn edits(&self, view: &dyn View, place: usize, value: usize) -> Vec<Edit> {
        let (site, value) = &self.events[place][value];
        let Some(field) = self.fields.get(site.field()) else { return Vec::new() };
        let has_it = field.get(value).into_iter().flatten().filter(|other| **other != place);
        let others: Vec<u64> = has_it.map(|other| view.number(*other)).collect();
        let mut edits = Vec::new();
        if others.is_empty() || others.len() + 1 == self.events.len() {
            return edits;
        }
        let instead: BTreeSet<&str> = field.keys().map(|other| other.content.as_str()).collect();
        for content in instead.into_iter().rev().filter(|content| **content != value.content) {
            let splice = Splice(site.span.start, site.span.end, content.to_owned());
            let rewrite = vec![Rewrite { event: view.number(place), splices: vec![splice] }];
            let each = others.iter().map(std::slice::from_ref).rev();
            for going in each.chain((others.len() > 1).then_some(&others[..])) {
                let remove = view.remove_all(going).removed().to_vec();
                edits.push(Edit::Merge { remove, rewrite: rewrite.clone() });
            }
        }
        edits
    }
}

/// Returns the values of an event, each with its site.
fn values(view: &dyn View, place: usize) -> Vec<(Site, Value)> {
    let text = view.text(place).unwrap_or_default();
    let single = sites(&text).into_iter().filter(|site| site.kind.is_single());
    single.map(|site| (site.clone(), Value::of(&text, &site))).collect()
}
