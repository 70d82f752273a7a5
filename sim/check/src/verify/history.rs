//! The history of one key: its messages in canonical order, and the states that are folded from them.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Range;

use afresh_core::{Beginning, EventNumber, Flows, Input, Key, Name, Opening, System};

/// A message that counts for a key.
#[derive(Clone)]
pub(super) struct Fact<B> {
    pub(super) position: i64,
    /// `true` if another key of the system sent the message.
    pub(super) routed: bool,
    pub(super) from: Name,
    pub(super) id: Name,
    pub(super) body: B,
}

/// A message of a history, without its body.
type Place = Fact<()>;

/// The history of one key.
#[derive(Clone)]
pub(super) struct History<S: System> {
    /// The indices in `places` and `bodies` of the messages that count, in canonical order.
    ///
    /// A late message moves only numbers, and only those on the shorter side of its place.
    order: VecDeque<u32>,
    /// The messages in order of arrival.
    places: Vec<Place>,
    /// Their bodies. They lie side by side in memory, which makes folding faster.
    bodies: Vec<S::In>,
    /// The indices of removed messages, which the next ones take.
    free: Vec<u32>,
    pub(super) opening: Option<(EventNumber, Opening<S::View>)>,
    /// The recorded views from which the key of a window learned later, in the order of their places.
    pub(super) learned: Vec<Learned<S::View>>,
    /// The index of the message that was added or removed last; 0 if it belongs before the opening.
    pub(super) changed_at: usize,
    /// The last stimulus that concerned the key, and its line.
    pub(super) changed_by: (EventNumber, u64),
    /// The checkpoints and, last, the newest state. Each comes with the number of messages before it.
    ///
    /// They are used if the histories are too long to be folded from the first message at every step.
    pub(super) kept: Vec<(usize, S::State)>,
}

/// A recorded view from which a key learned something after its first `length` messages.
#[derive(Clone)]
pub(super) struct Learned<V> {
    pub(super) length: usize,
    pub(super) view: V,
}

impl<S: System> Default for History<S> {
    fn default() -> Self {
        let (order, places, bodies, free, opening, learned, kept) = Default::default();
        let (changed_at, changed_by) = (0, (EventNumber::MIN, 0));
        Self { order, places, bodies, free, opening, learned, changed_at, changed_by, kept }
    }
}

impl<S: System> History<S> {
    /// Returns `true` if the states come from messages alone, and not from recorded views.
    pub(super) fn is_plain(&self) -> bool {
        self.opening.is_none() && self.learned.is_empty()
    }

    /// The state before the first message of a complete history.
    pub(super) fn birth(&self, system: &S, key: &Key) -> S::State {
        self.start(system, true, key).unwrap_or_default()
    }

    /// Removes everything but the opening.
    pub(super) fn clear(&mut self) {
        *self = Self { opening: self.opening.take(), ..Self::default() };
    }

    /// The number of messages that count.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Some messages that count, as the system gets them.
    pub(super) fn inputs(&self, range: Range<usize>) -> impl Iterator<Item = Input<'_, S::In>> {
        self.order.range(range).map(|index| {
            let (place, body) = self.message(*index);
            Input { from: &place.from, id: &place.id, body }
        })
    }

    /// The message with this index.
    fn message(&self, index: u32) -> (&Place, &S::In) {
        (&self.places[index as usize], &self.bodies[index as usize])
    }

    /// Whether the key has neither a message that counts nor a recorded view that it opens with or learned from.
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty() && self.opening.is_none() && self.learned.is_empty()
    }

    /// Folds the first `length` messages; `None` if the state is not derivable.
    pub(super) fn fold(&self, system: &S, complete: bool, flows: &Flows, key: &Key, length: usize) -> Option<S::State> {
        let mut state = self.start(system, complete, key);
        self.apply(system, flows, key, &mut state, 0..length);
        state
    }

    /// The state before the first message; `None` if it is not derivable.
    fn start(&self, system: &S, complete: bool, key: &Key) -> Option<S::State> {
        if self.is_before_opening(system) {
            return None;
        }
        let beginning = if complete { Beginning::Birth } else { Beginning::Window };
        let mut state = system.initial(key, beginning).or_else(|| complete.then(S::State::default));
        let opening = self.opening.iter().map(|(_, opening)| &opening.value);
        let learned = self.learned.iter().take_while(|learned| learned.length == 0).map(|learned| &learned.view);
        opening.chain(learned).for_each(|view| learn(system, key, &mut state, view));
        state
    }

    /// The number of messages that have to be folded for the newest state, given the states that are kept.
    pub(super) fn behind(&self, system: &S, complete: bool, key: &Key) -> usize {
        match self.kept.last() {
            _ if self.is_before_opening(system) => 0,
            Some((length, _)) => self.len() - length,
            None if self.learned.is_empty() && self.start(system, complete, key).is_none() => 0,
            None => self.len(),
        }
    }

    /// Returns `true` if a message belongs before the opening, which makes the key not derivable.
    pub(super) fn is_before_opening(&self, system: &S) -> bool {
        let first = self.order.front().map(|index| self.message(*index));
        first.is_some_and(|(place, body)| self.precedes_opening(system, place.position, body))
    }

    /// Returns `true` if a message at this position belongs before the opening.
    fn precedes_opening(&self, system: &S, position: i64, body: &S::In) -> bool {
        let Some((number, opening)) = &self.opening else { return false };
        match (opening.after, system.position(body)) {
            (Some(after), _) => position <= after,
            (None, Some(_)) => false,
            (None, None) => position <= i64::from(number.get()),
        }
    }

    /// Folds some messages, and learns from the views behind them.
    pub(super) fn apply(
        &self,
        system: &S,
        flows: &Flows,
        key: &Key,
        state: &mut Option<S::State>,
        messages: Range<usize>,
    ) {
        let fold = |state: &mut Option<S::State>, messages: Range<usize>| {
            let Some(state) = state else { return };
            system.fold(key, state, self.inputs(messages), flows);
        };
        let mut done = messages.start;
        let first = self.learned.partition_point(|learned| learned.length <= done);
        for learned in self.learned[first..].iter().take_while(|learned| learned.length <= messages.end) {
            fold(state, done..learned.length);
            learn(system, key, state, &learned.view);
            done = learned.length;
        }
        fold(state, done..messages.end);
    }

    /// Adds a message. Returns `true` if it is not the newest.
    pub(super) fn add(&mut self, system: &S, fact: Fact<S::In>) -> bool {
        let newest = self.len().checked_sub(1).is_none_or(|last| self.order(last, &fact, system).is_lt());
        let index = if newest { self.len() } else { self.index_of(system, &fact) };
        let before_opening = self.precedes_opening(system, fact.position, &fact.body);
        let Fact { position, routed, from, id, body } = fact;
        let place = Place { position, routed, from, id, body: () };
        let number = if let Some(free) = self.free.pop() {
            (self.places[free as usize], self.bodies[free as usize]) = (place, body);
            free
        } else {
            self.places.push(place);
            self.bodies.push(body);
            u32::try_from(self.places.len() - 1).expect("fewer messages than events")
        };
        self.order.insert(index, number);
        self.changed(index, before_opening);
        !newest
    }

    /// Removes a message. Returns `false`, because no message becomes late.
    pub(super) fn remove(&mut self, system: &S, fact: Fact<S::In>) -> bool {
        let index = self.index_of(system, &fact);
        if index < self.len() && self.order(index, &fact, system).is_eq() {
            self.free.extend(self.order.remove(index));
            self.changed(index, self.precedes_opening(system, fact.position, &fact.body));
        }
        false
    }

    /// The index of the first message that does not come before `fact`.
    fn index_of(&self, system: &S, fact: &Fact<S::In>) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.order(middle, fact, system).is_lt() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Compares the message at the place `index` with `fact` by canonical order: position, subposition, routed messages
    /// last, then sender and id.
    fn order(&self, index: usize, fact: &Fact<S::In>, system: &S) -> Ordering {
        let (place, body) = self.message(self.order[index]);
        place.position.cmp(&fact.position).then_with(|| {
            let within = system.subposition(body).into_iter().cmp(system.subposition(&fact.body));
            let named = || place.from.natural_cmp(&fact.from).then_with(|| place.id.natural_cmp(&fact.id));
            within.then_with(|| place.routed.cmp(&fact.routed)).then_with(named)
        })
    }

    /// Notes a change at `index`, and discards the states and the views that it invalidates.
    ///
    /// If the message belongs before the opening, these are all: each view may include the message, or may not.
    fn changed(&mut self, index: usize, before_opening: bool) {
        if before_opening {
            self.changed_at = 0;
            self.learned.clear();
            self.kept.clear();
            return;
        }
        self.changed_at = index;
        let learned = self.learned.partition_point(|learned| learned.length <= index);
        self.learned.truncate(learned);
        let kept = self.kept.partition_point(|(length, _)| *length <= index);
        self.kept.truncate(kept);
    }
}

/// Fills in, from a recorded view, the values of a state that are unknown. Without a state, all of them are.
pub(super) fn learn<S: System>(system: &S, key: &Key, state: &mut Option<S::State>, view: &S::View) {
    let mut known = state.take().or_else(|| system.initial(key, Beginning::Window)).unwrap_or_default();
    if system.learn(key, &mut known, view) {
        *state = Some(known);
    }
}
