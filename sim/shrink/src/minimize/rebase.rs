//! The pass that removes events that name places, such as patches of a text, and moves the places in those that stay.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};
use super::patches::{Fields, Member, Members, Unit, Value};

/// The fewest events of a trace in which this pass looks for patches: fewer are no evidence.
const EVENTS_MIN: usize = 32;

/// The most events that are read to find the fields of patches.
const READ_MAX: usize = 4096;

/// In how many of a hundred patches the part that is replaced must lie inside the text, if enough of them continue the
/// one before: if they begin where it ends, or end where it begins. Otherwise, all must lie inside.
const INSIDE: usize = 95;

/// How many patches of a hundred must continue the one before them to be those of an editor.
const ONWARD: usize = 25;

/// How far into its text a patch must be on average, in hundredths. A number that is no offset is mostly small.
const DEPTH: u64 = 25;

/// How many patches of a hundred must begin before the one before them. A number that only grows is mostly an id.
const BACK: usize = 1;

/// The number of failures after which the pass gives up if it has removed nothing: the fields are not those of patches.
const FAILURES_MAX: u32 = 24;

/// Tries to remove spans of events, in the order of a [`Descent`], until a whole descent removes nothing. The places in
/// all later events are moved, so that each of them still does the same.
///
/// Without this, each removal moves what comes after, so that nearly every candidate fails in another way. The system
/// may say what changes. If it does not, the pass looks for patches of a text. It does not know their fields, and takes
/// those with which the patches of the trace lie inside the text that they make.
#[derive(Clone, Debug, Default)]
pub(super) struct Rebase {
    fields: Option<Fields>,
    /// Whether the system says what changes.
    told: bool,
    descent: Option<Descent>,
    /// Whether the current descent has removed anything, and the number of failures before any did.
    changed: bool,
    failures: u32,
}

impl Pass for Rebase {
    fn name(&self) -> &'static str {
        "rebase"
    }

    fn begin(&mut self, view: &dyn View) {
        self.told = view.rebase(&[]).is_some();
        self.fields = (!self.told && view.len() >= EVENTS_MIN).then(|| find(view)).flatten();
        self.descent = Some(Descent::new(0, view.len().saturating_sub(1)));
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        if !self.told && (self.fields.is_none() || self.failures >= FAILURES_MAX) {
            return None;
        }
        loop {
            if let Some(places) = self.descent.as_mut()?.next() {
                let fields = self.fields.clone();
                let remove = if self.told { with_gone(view, places) } else { view.remove(places).removed().to_vec() };
                return Some(Edit::Rebase { remove, fields });
            }
            if !std::mem::take(&mut self.changed) {
                return None;
            }
            self.descent = Some(Descent::new(0, view.len().saturating_sub(1)));
        }
    }

    fn judged(&mut self, accepted: bool) {
        self.changed |= accepted;
        self.failures = if self.changed { 0 } else { self.failures + 1 };
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}

/// Returns the spans that remove the events at `places`, and all events that make no sense without them.
fn with_gone(view: &dyn View, places: Range<usize>) -> Vec<(u64, u64)> {
    let mut goes: BTreeSet<u64> = places.map(|place| view.number(place)).collect();
    loop {
        let numbers: Vec<_> = goes.iter().copied().collect();
        let remove = view.remove_all(&numbers).removed().to_vec();
        goes.extend(view.rebase(&remove).unwrap_or_default());
        if goes.len() == numbers.len() {
            return remove;
        }
    }
}

/// Returns the fields with which the events of a trace are patches of a text, if there are any.
fn find(view: &dyn View) -> Option<Fields> {
    let texts = (0..view.len().min(READ_MAX)).filter_map(|place| view.text(place));
    let events: Vec<Members> = texts.flat_map(|text| Members::all(&text)).collect();
    let (mut numbers, mut texts) = (BTreeMap::<&Member, usize>::new(), BTreeSet::new());
    for (member, value) in events.iter().flat_map(Members::iter) {
        match value {
            Value::Number(..) => *numbers.entry(member).or_default() += 1,
            Value::Text(_) => _ = texts.insert(member),
        }
    }
    let of = |member: &Member| member.0.rsplit_once(['.', '[']).map(|(parent, _)| parent.to_owned());
    let mut best: Option<(u64, Fields)> = None;
    for (at, _) in numbers.iter().filter(|(_, count)| **count >= EVENTS_MIN) {
        let beside = |member: &&&Member| of(member) == of(at) && *member != at;
        let deletes = numbers.keys().filter(beside).map(|member| Some((*member).clone()));
        let inserts: Vec<_> = texts.iter().filter(beside).map(|member| Some((*member).clone())).collect();
        for delete in deletes.chain([None]) {
            for insert in &inserts {
                for text in inserts.iter().filter(|text| *text != insert).chain([&None]) {
                    for unit in Unit::ALL {
                        let (at, delete) = ((*at).clone(), delete.clone());
                        let fields = Fields { at, delete, insert: insert.clone(), text: text.clone(), unit };
                        let depth = depth(&events, &fields);
                        if let Some(depth) = depth.filter(|depth| best.as_ref().is_none_or(|(best, _)| depth > best)) {
                            best = Some((depth, fields));
                        }
                    }
                }
            }
        }
    }
    best.map(|(_, fields)| fields)
}

/// Returns how far into their texts the patches are on average, in hundredths of the length. Returns `None` if too many
/// lie outside, if they are all near the start, or if hardly any begins before the one before it.
fn depth(events: &[Members], fields: &Fields) -> Option<u64> {
    // The length of each text, and where its last patch began and ended.
    let mut texts = BTreeMap::<&str, (u64, u64, u64)>::new();
    let (mut patches, mut inside, mut onward, mut back, mut depths) = (0, 0, 0, 0, 0);
    for members in events {
        let Some(patch) = members.patch(fields) else { continue };
        let (length, start, stop) = texts.entry(members.text(fields)).or_default();
        let end = patch.at.saturating_add(patch.delete);
        patches += 1;
        onward += usize::from(patch.at == *stop || end == *start);
        back += usize::from(patch.at < *start);
        inside += usize::from(end <= *length);
        (*start, *stop) = (patch.at, patch.at.saturating_add(patch.insert));
        let (at, end) = (patch.at.min(*length), end.min(*length));
        depths += at * 100 / (*length).max(1);
        *length = *length - (end - at) + patch.insert;
    }
    let depth = depths / (patches as u64).max(1);
    let percent = |count: usize| count * 100 / patches.max(1);
    let are_inside = inside == patches || percent(inside) >= INSIDE && percent(onward) >= ONWARD;
    (are_inside && percent(back) >= BACK && depth >= DEPTH).then_some(depth)
}
