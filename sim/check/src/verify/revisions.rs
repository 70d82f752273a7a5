//! The revisions of one fact, of which the highest admitted one counts.

use std::collections::BTreeMap;

use afresh_core::{EventNumber, Name};

use super::history::Fact;

/// All revisions of one fact, and the number of the event with which the first one arrived.
#[derive(Clone)]
pub(super) struct Revisions<B> {
    pub(super) first: EventNumber,
    /// The revision that arrived first. Most facts have no other, and then need no map.
    pub(super) one: Revision<B>,
    /// The other revisions, by their numbers.
    pub(super) others: BTreeMap<u32, Revision<B>>,
    /// The number of the revision that counts: the highest admitted one.
    pub(super) counting: Option<u32>,
}

/// One revision of a fact.
#[derive(Clone)]
pub(super) struct Revision<B> {
    pub(super) number: u32,
    pub(super) admitted: bool,
    pub(super) body: Option<Box<B>>,
}

impl<B> Revisions<B> {
    /// The revision with this number.
    pub(super) fn get(&self, number: u32) -> Option<&Revision<B>> {
        if self.one.number == number { Some(&self.one) } else { self.others.get(&number) }
    }

    /// The bodies of all revisions that have one.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &B> {
        self.others.values().chain([&self.one]).filter_map(|revision| revision.body.as_deref())
    }

    /// Decides again which revisions are admitted.
    pub(super) fn admit(&mut self, admits: impl Fn(&Revision<B>) -> bool) {
        for revision in std::iter::once(&mut self.one).chain(self.others.values_mut()) {
            revision.admitted = admits(revision);
        }
        let all = std::iter::once(&self.one).chain(self.others.values());
        self.counting = all.filter(|revision| revision.admitted).map(|revision| revision.number).max();
    }
}

impl<B: Clone> Revisions<B> {
    /// The message that counts, at the place of the first revision; `None` if it is a withdrawal. `name` is its sender
    /// and id.
    pub(super) fn counting_fact(&self, name: &(Name, Name)) -> Option<Fact<B>> {
        let ((from, id), body) = (name.clone(), B::clone(self.get(self.counting?)?.body.as_ref()?));
        Some(Fact { position: i64::from(self.first.get()), routed: false, from, id, body })
    }
}
