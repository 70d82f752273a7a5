//! The interface of a pass, and the order in which passes run.

use std::borrow::Cow;
use std::ops::Range;

use super::blanks::Blanks;
use super::blocks::Blocks;
use super::characters::Characters;
use super::children::Children;
use super::count::Count;
use super::ease::Ease;
use super::edit::Edit;
use super::equal::Equal;
use super::fields::Fields;
use super::groups::Groups;
use super::join::Join;
use super::late::Late;
use super::members::Members;
use super::merge::Merge;
use super::names::Names;
use super::nested::Nested;
use super::places::Places;
use super::plain::Plain;
use super::pointed::Pointed;
use super::ranks::Ranks;
use super::rebase::Rebase;
use super::scope::Scope;
use super::shift::Shift;
use super::singles::Singles;
use super::slice::Slice;
use super::spans::Spans;
use super::together::Together;
use super::truncate::Truncate;
use super::values::Values;
use super::words::Words;

/// The verified trace, the last one that showed the bug, as a pass sees it. Events are identified by their places, from
/// 0, or by their numbers.
pub(super) trait View {
    /// Returns the number of events.
    fn len(&self) -> usize;

    /// Returns the number of the event at `place`. Numbers ascend.
    fn number(&self, place: usize) -> u64;

    /// Returns the number of the event at which the failure showed, if the oracle can tell.
    fn failing(&self) -> Option<u64>;

    /// Returns the values that link an event to others, as hashes; see [`Content::links`](super::Content::links).
    fn links(&self, place: usize) -> Vec<u64>;

    /// Returns the numbers of the events on which the failure can depend, or `None` where there is no guess. A greater
    /// `width` is a wider guess; see [`Content::scope`](super::Content::scope).
    fn scope(&self, width: usize) -> Option<Vec<u64>>;

    /// Returns the numbers of the events that make no sense without those in the spans of `remove`, or `None` if the
    /// system does not say how events change that name places; see [`Content::rebase`](super::Content::rebase).
    fn rebase(&self, remove: &[(u64, u64)]) -> Option<Vec<u64>>;

    /// Returns the rank of the event at `place`, by which events would ascend if none had come late, or `None` if it
    /// has no rank. If `text` is given, it replaces the event's own text; see [`Content::rank`](super::Content::rank).
    fn rank(&self, place: usize, text: Option<&str>) -> Option<i64>;

    /// Returns the text of an event, if it may be simplified; see [`Content::text`](super::Content::text).
    fn text(&self, place: usize) -> Option<Cow<'_, str>>;
}

impl dyn View + '_ {
    /// Returns the place of the event with this number, if the trace has it.
    pub(super) fn place(&self, number: u64) -> Option<usize> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.number(middle) < number { from = middle + 1 } else { to = middle }
        }
        (from < self.len() && self.number(from) == number).then_some(from)
    }

    /// Returns the edit that removes the events at `places`.
    pub(super) fn remove(&self, places: Range<usize>) -> Edit {
        if places.is_empty() {
            return Edit::Keep;
        }
        Edit::Remove(vec![(self.number(places.start), self.number(places.end - 1))])
    }

    /// Returns the edit that removes the events with these numbers, which must ascend.
    pub(super) fn remove_all(&self, numbers: &[u64]) -> Edit {
        self.remove_each(numbers, true)
    }

    /// Returns the edit that removes all events except those with these numbers, which must ascend.
    pub(super) fn keep_only(&self, numbers: &[u64]) -> Edit {
        self.remove_each(numbers, false)
    }

    /// Returns the edit that removes the events in `numbers` if `listed`, and otherwise all events not in `numbers`.
    /// Neighbours are removed as one span.
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

/// One strategy for making a trace smaller, such as removing spans.
///
/// A pass is a plain state machine: it proposes an edit, and is told whether the edit was accepted. It runs nothing and
/// does not know the other passes. So its next proposals can be computed, and run, before the verdict on the first one.
pub(super) trait Pass: Fork {
    /// The name of the pass in the walk.
    fn name(&self) -> &'static str;

    /// Returns whether the pass only removes events, and leaves the texts of the others unchanged.
    fn only_removes(&self) -> bool {
        false
    }

    /// Prepares the pass for this trace. Called once, before the first proposal.
    fn begin(&mut self, view: &dyn View) {
        let _ = view;
    }

    /// Returns the next edit to try on the verified trace, or `None` if nothing is left to try.
    fn propose(&mut self, view: &dyn View) -> Option<Edit>;

    /// Tells the pass whether the edit that it proposed last was accepted, and so is part of the verified trace now.
    fn judged(&mut self, accepted: bool);

    /// Tells the pass, after a rejected edit, the number of the event at which the trace failed in another way.
    fn failed_at(&mut self, number: u64) {
        let _ = number;
    }

    /// Returns whether the pass depends mostly on which events are left, so that it need not run again before one is
    /// removed.
    fn is_for_events(&self) -> bool {
        false
    }

    /// Returns whether the next proposal takes less time to compute than a run. Only such proposals are computed ahead.
    fn is_foreseeable(&self) -> bool {
        true
    }
}

/// Copies a pass, so that its next proposals can be computed ahead.
pub(super) trait Fork {
    /// Returns a copy of the pass, in its current state.
    fn fork(&self) -> Box<dyn Pass>;
}

impl<P: Pass + Clone + 'static> Fork for P {
    fn fork(&self) -> Box<dyn Pass> {
        Box::new(self.clone())
    }
}

/// Returns the passes of a round, in order. Rounds are counted from 0. If `verbatim`, they only remove events.
///
/// Passes that remove most in one run come first, and passes that take many runs come last. Names are simplified and
/// made equal before events are merged. Other values are simplified after that, because a merge takes a value from
/// another event, which a simpler value would have replaced.
///
/// Truncation and scope are in the first round only, because later changes do not move the failure far.
pub(super) fn round(round: usize, verbatim: bool) -> Vec<Box<dyn Pass>> {
    let first: [Box<dyn Pass>; 2] = [Box::new(Truncate::default()), Box::new(Scope::default())];
    let others: [Box<dyn Pass>; 27] = [
        Box::new(Blocks::default()),
        Box::new(Slice::default()),
        Box::new(Groups::default()),
        Box::new(Rebase::default()),
        Box::new(Ease::default()),
        Box::new(Spans::default()),
        Box::new(Singles::default()),
        Box::new(Pointed::default()),
        Box::new(Together::default()),
        Box::new(Nested::default()),
        Box::new(Join::default()),
        Box::new(Children::default()),
        Box::new(Count::default()),
        Box::new(Fields::default()),
        Box::new(Words::default()),
        Box::new(Names::default()),
        Box::new(Plain::default()),
        Box::new(Ranks::default()),
        Box::new(Equal::default()),
        Box::new(Merge::default()),
        Box::new(Members::default()),
        Box::new(Places::default()),
        Box::new(Values::default()),
        Box::new(Characters::default()),
        Box::new(Shift::default()),
        Box::new(Blanks::default()),
        Box::new(Late::default()),
    ];
    let all = first.into_iter().filter(|_| round == 0).chain(others);
    all.filter(|pass| pass.only_removes() || !verbatim).collect()
}
