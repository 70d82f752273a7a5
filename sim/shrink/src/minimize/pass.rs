//! What every reduction pass is, and the order in which they run.

use std::borrow::Cow;
use std::ops::Range;

use super::blanks::Blanks;
use super::ease::Ease;
use super::edit::Edit;
use super::equal::Equal;
use super::fields::Fields;
use super::groups::Groups;
use super::late::Late;
use super::members::Members;
use super::merge::Merge;
use super::names::Names;
use super::ranks::Ranks;
use super::scope::Scope;
use super::singles::Singles;
use super::slice::Slice;
use super::spans::Spans;
use super::truncate::Truncate;
use super::values::Values;

/// What a pass sees of the last trace in which the bug was seen.
pub(super) trait View {
    /// How many events it has.
    fn len(&self) -> usize;

    /// The number of the event at `place`. Numbers ascend.
    fn number(&self, place: usize) -> u64;

    /// The number of the event at which the oracle saw the failure, where it can tell.
    fn failing(&self) -> Option<u64>;

    /// The values of an event that link it to others; see [`Content::links`](super::Content::links).
    fn links(&self, place: usize) -> Vec<u64>;

    /// The numbers of the events that the failure can depend on; see [`Content::scope`](super::Content::scope).
    fn scope(&self, width: usize) -> Option<Vec<u64>>;

    /// Where an event belongs, as it is or with another text; see [`Content::rank`](super::Content::rank).
    fn rank(&self, place: usize, text: Option<&str>) -> Option<i64>;

    /// The text of an event, where it has one; see [`Content::text`](super::Content::text).
    fn text(&self, place: usize) -> Option<Cow<'_, str>>;
}

impl dyn View + '_ {
    /// The place of the event with this number.
    pub(super) fn place(&self, number: u64) -> Option<usize> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.number(middle) < number { from = middle + 1 } else { to = middle }
        }
        (from < self.len() && self.number(from) == number).then_some(from)
    }

    /// The edit that removes the events at these places.
    pub(super) fn remove(&self, places: Range<usize>) -> Edit {
        if places.is_empty() {
            return Edit::Keep;
        }
        Edit::Remove(vec![(self.number(places.start), self.number(places.end - 1))])
    }

    /// The edit that removes the events with these numbers, which ascend.
    pub(super) fn remove_all(&self, numbers: &[u64]) -> Edit {
        self.remove_each(numbers, true)
    }

    /// The edit that removes the events with any but these numbers, which ascend.
    pub(super) fn keep_only(&self, numbers: &[u64]) -> Edit {
        self.remove_each(numbers, false)
    }

    /// Removes the events whose being among `numbers` is `listed`, in as few spans as there are gaps between the others.
    fn remove_each(&self, numbers: &[u64], listed: bool) -> Edit {
        let mut numbers = numbers.iter().peekable();
        let mut spans: Vec<(u64, u64)> = Vec::new();
        let mut goes_on = false;
        for number in (0..self.len()).map(|place| self.number(place)) {
            while numbers.next_if(|next| **next < number).is_some() {}
            let goes = numbers.next_if(|next| **next == number).is_some() == listed;
            match spans.last_mut() {
                Some(span) if goes && goes_on => span.1 = number,
                _ if goes => spans.push((number, number)),
                _ => {}
            }
            goes_on = goes;
        }
        if spans.is_empty() { Edit::Keep } else { Edit::Remove(spans) }
    }
}

/// One way of making a trace smaller.
///
/// A pass is a plain state machine that proposes edits and is told what became of each. It runs nothing itself and
/// knows nothing of the other passes, so what it would propose next can be worked out ahead of a verdict.
pub(super) trait Pass: Fork {
    /// Its name in the walk.
    fn name(&self) -> &'static str;

    /// Whether it changes nothing in the events that stay.
    fn only_removes(&self) -> bool {
        false
    }

    /// Looks at the trace before its first proposal.
    fn begin(&mut self, view: &dyn View) {
        let _ = view;
    }

    /// The next edit to try on the verified trace; `None` when there is nothing left to try.
    fn propose(&mut self, view: &dyn View) -> Option<Edit>;

    /// What became of the edit proposed last: whether the bug was still there, so that the verified trace has it now.
    fn judged(&mut self, accepted: bool);

    /// Whether what it would propose next is worked out in less time than a run takes.
    fn is_foreseeable(&self) -> bool {
        true
    }
}

/// Copies a pass, to see what it would propose next.
pub(super) trait Fork {
    /// The same pass at the same place.
    fn fork(&self) -> Box<dyn Pass>;
}

impl<P: Pass + Clone + 'static> Fork for P {
    fn fork(&self) -> Box<dyn Pass> {
        Box::new(self.clone())
    }
}

/// The passes of a round, counted from 0, in their order: what removes most in one run comes first, and what takes many runs
/// last.
///
/// What is called the same has the same name before events are merged, and values are made simpler after it: the value that an
/// event has to take may be there no longer then.
///
/// The place of the failure, and what it can depend on, are looked for in the first round alone: what changes later does not
/// move it far.
pub(super) fn round(round: usize) -> Vec<Box<dyn Pass>> {
    let first: [Box<dyn Pass>; 2] = [Box::new(Truncate::default()), Box::new(Scope::default())];
    let others: [Box<dyn Pass>; 14] = [
        Box::new(Slice::default()),
        Box::new(Groups::default()),
        Box::new(Ease::default()),
        Box::new(Spans::default()),
        Box::new(Singles::default()),
        Box::new(Fields::default()),
        Box::new(Names::default()),
        Box::new(Ranks::default()),
        Box::new(Equal::default()),
        Box::new(Merge::default()),
        Box::new(Members::default()),
        Box::new(Values::default()),
        Box::new(Blanks::default()),
        Box::new(Late::default()),
    ];
    first.into_iter().filter(|_| round == 0).chain(others).collect()
}
