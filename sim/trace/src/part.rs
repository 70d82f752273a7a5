//! The part of a journal that is exported.

use std::collections::BTreeSet;

use crate::format::Kind;
use crate::row::Row;
use afresh_core::{At, EventNumber, Key, Name};

/// Decides for each row of a journal, in order, whether it is exported.
///
/// An observation belongs to the stimulus before it, so a part begins and ends at a stimulus.
#[derive(Debug)]
pub struct Part<A> {
    since: Option<At>,
    until: Option<At>,
    keys: Vec<Key>,
    /// Those of `keys` that a row of the part concerns.
    seen: BTreeSet<Key>,
    ask: A,
    has_begun: bool,
    /// The sender and the id of each message that was kept. A later revision also concerns the keys of an earlier one.
    messages: BTreeSet<(Name, Name)>,
    /// The numbers of the events that were kept, in order.
    kept: Vec<EventNumber>,
}

impl<A: Fn(&str) -> Option<Vec<Key>>> Part<A> {
    /// Selects the rows from `since` on and before `until` that concern one of `keys`, or all rows if there are none.
    ///
    /// `ask` returns the keys of a message from its body, or `None` if the system cannot tell.
    pub fn new(since: Option<At>, until: Option<At>, keys: Vec<Key>, ask: A) -> Self {
        Self {
            since,
            until,
            keys,
            seen: BTreeSet::new(),
            ask,
            has_begun: since.is_none(),
            messages: BTreeSet::new(),
            kept: Vec::new(),
        }
    }

    /// The keys that no row so far concerns, of those that were asked for.
    pub fn unseen(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| !self.seen.contains(*key))
    }

    /// Returns `true` if the part of a complete history is a complete history.
    pub fn is_complete(&self) -> bool {
        self.since.is_none() && self.keys.is_empty()
    }

    /// Returns `true` at the first row after the part.
    pub fn is_over(&self, row: &Row) -> bool {
        (self.has_begun || is_reached(row, self.since)) && is_reached(row, self.until)
    }

    /// Returns the row as it is exported, or `None` if it is left out.
    pub fn keep(&mut self, mut row: Row) -> Option<Row> {
        self.has_begun = self.has_begun || is_reached(&row, self.since);
        if !self.has_begun || !(self.keys.is_empty() || self.concerns(&row)) {
            return None;
        }
        if !self.is_complete() {
            row.cause = row.cause.filter(|cause| self.has(*cause));
            self.kept.push(row.number);
        }
        Some(row)
    }

    /// Whether a row concerns one of the keys.
    fn concerns(&mut self, row: &Row) -> bool {
        match row.kind {
            Kind::In => {
                let message = row.sender.clone().zip(row.id.clone());
                let keys = row.body.as_deref().map(&self.ask);
                let concerns = match keys {
                    Some(Some(keys)) => self.see(&keys),
                    Some(None) => true,
                    // A withdrawal has the keys of the message that it withdraws.
                    None => false,
                };
                let is_known = message.as_ref().is_some_and(|message| self.messages.contains(message));
                if concerns {
                    self.messages.extend(message);
                }
                concerns || is_known
            }
            Kind::Rejected => row.cause.is_some_and(|cause| self.has(cause)),
            _ => row.key.as_ref().is_none_or(|key| self.see(std::slice::from_ref(key))),
        }
    }

    /// Notes those of some keys that are in the part, and returns whether there are any.
    fn see(&mut self, keys: &[Key]) -> bool {
        let wanted: Vec<_> = keys.iter().filter(|key| self.keys.contains(key)).collect();
        let new = wanted.iter().filter(|key| !self.seen.contains(**key)).map(|key| (*key).clone());
        self.seen.extend(new.collect::<Vec<_>>());
        !wanted.is_empty()
    }

    fn has(&self, event: EventNumber) -> bool {
        self.kept.binary_search(&event).is_ok()
    }
}

/// Whether a row is a stimulus at this time or later.
fn is_reached(row: &Row, time: Option<At>) -> bool {
    row.kind.is_stimulus() && time.is_some_and(|time| row.at.is_some_and(|at| at >= time))
}
