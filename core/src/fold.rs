//! Folds: the state of a key, computed from its opening, its messages and the recorded views that it learned from.

use crate::cell::{Carried, Cell, Checkpoint, Context};
use crate::history::Entry;
use crate::message::Input;
use crate::name::Key;
use crate::system::{Beginning, System};
use crate::trace::{EventNumber, Observation, Opening, Stimulus, What};

/// A recorded view from which a key of a window learned something after its first `length` messages.
#[derive(Clone, Copy)]
pub(crate) struct Learned {
    length: usize,
    /// The event that journals the view.
    view: EventNumber,
}

impl<S: System> Cell<S> {
    /// Computes the state before the first message, or `None` if it is not derivable.
    pub(crate) fn start(&self, context: &Context<'_, S>) -> Option<S::State> {
        let beginning = if context.complete { Beginning::Birth } else { Beginning::Window };
        let mut state = context.system.initial(&self.key, beginning);
        if context.complete {
            // A complete history lacks nothing, so its start is always known.
            state.get_or_insert_default();
        }
        if let Some(number) = self.opening {
            learn(context, &self.key, &mut state, &opening(context, number).value);
        }
        for learned in self.learned.iter().take_while(|learned| learned.length == 0) {
            learn(context, &self.key, &mut state, view(context, learned.view));
        }
        state
    }

    /// Folds all messages of the history, from the first. Returns `None` if the key is not derivable.
    pub(crate) fn fold(&self, context: &Context<'_, S>) -> Option<S::State> {
        self.fold_first(context, self.history.len())
    }

    /// Folds the first `length` messages of the history. Returns `None` if the key is not derivable.
    pub(crate) fn fold_first(&self, context: &Context<'_, S>, length: usize) -> Option<S::State> {
        let mut state = if self.is_before_opening(context) { None } else { self.start(context) };
        self.apply(context, &mut state, 0, length);
        state
    }

    /// Folds all messages but one: the one that is followed by `newer` messages.
    pub(crate) fn fold_without(&self, context: &Context<'_, S>, newer: usize) -> Option<S::State> {
        let place = self.history.len().checked_sub(newer)?.checked_sub(1)?;
        let mut state = self.fold_first(context, place);
        self.apply(context, &mut state, place + 1, self.history.len());
        state
    }

    /// Folds one message after another, and calls `each` with each of them and the state after it, until it returns
    /// `false`. Returns the number of messages that were folded.
    pub(crate) fn fold_each(
        &self,
        context: &Context<'_, S>,
        mut each: impl FnMut(Option<EventNumber>, Input<'_, S::In>, Option<&S::State>) -> bool,
    ) -> usize {
        let mut state = self.fold_first(context, 0);
        for (place, entry) in self.history.entries().iter().enumerate() {
            self.apply(context, &mut state, place, place + 1);
            if !each(entry.source.number(), context.sources.input(entry.source), state.as_ref()) {
                return place + 1;
            }
        }
        self.history.len()
    }

    /// Folds all messages, and calls `passing` with each checkpoint and the folded state at its place.
    pub(crate) fn fold_through(
        &self,
        context: &Context<'_, S>,
        mut passing: impl FnMut(&Checkpoint<S::State>, Option<&S::State>),
    ) -> Option<S::State> {
        let mut state = self.fold_first(context, 0);
        let mut done = 0;
        for checkpoint in self.checkpoints.iter().filter(|checkpoint| checkpoint.length <= self.history.len()) {
            self.apply(context, &mut state, done, checkpoint.length);
            done = checkpoint.length;
            passing(checkpoint, state.as_ref());
        }
        self.apply(context, &mut state, done, self.history.len());
        state
    }

    /// Folds the messages in the places `from..to`, and learns from the views behind them.
    pub(crate) fn apply(&self, context: &Context<'_, S>, state: &mut Option<S::State>, from: usize, to: usize) {
        let mut done = from;
        let behind = self.learned.partition_point(|learned| learned.length <= from);
        for learned in self.learned[behind..].iter().take_while(|learned| learned.length <= to) {
            self.apply_messages(context, state, done, learned.length);
            learn(context, &self.key, state, view(context, learned.view));
            done = learned.length;
        }
        self.apply_messages(context, state, done, to);
    }

    fn apply_messages(&self, context: &Context<'_, S>, state: &mut Option<S::State>, from: usize, to: usize) {
        let Some(state) = state else { return };
        let entries = self.history.entries().range(from..to);
        let inputs = entries.map(|entry| context.sources.input(entry.source));
        context.system.fold(&self.key, state, inputs, context.flows);
    }

    /// Returns `true` if a message sorts before the recorded view with which the key opens.
    pub(crate) fn is_before_opening(&self, context: &Context<'_, S>) -> bool {
        self.opening.is_some()
            && self.history.entries().front().is_some_and(|first| self.precedes_opening(context, first))
    }

    /// Returns `true` if an entry of the history sorts before the recorded view with which the key opens.
    pub(crate) fn precedes_opening(&self, context: &Context<'_, S>, entry: &Entry) -> bool {
        let Some(number) = self.opening else { return false };
        let after = opening(context, number).after;
        let has_position = || context.system.position(context.sources.input(entry.source).body).is_some();
        match after {
            Some(after) => entry.position <= after,
            None => !has_position() && entry.position <= i64::from(number.get()),
        }
    }

    /// Computes the state that the key has after it learned from a view; `None` if the view tells nothing new.
    pub(crate) fn taught(&self, context: &Context<'_, S>, view: &S::View) -> Option<S::State> {
        let known = match &self.carried {
            Carried::State(state) => Some(state),
            Carried::NotDerivable => None,
            Carried::Quarantined(_) => return None,
        };
        if known.is_some_and(|state| context.system.compare(&self.key, state, view).underivable().next().is_none()) {
            return None;
        }
        let mut state = known.cloned();
        learn(context, &self.key, &mut state, view);
        state.filter(|state| known != Some(state))
    }

    /// Carries `state`, which the key has after it learned from the view of event `view`.
    pub(crate) fn learned(&mut self, state: S::State, view: EventNumber) {
        let length = self.history.len();
        self.learned.push(Learned { length, view });
        let kept = self.checkpoints.partition_point(|checkpoint| checkpoint.length < length);
        self.checkpoints.truncate(kept);
        self.carried = Carried::State(state);
    }

    /// Drops the views that the key learned from after a place in its history, because the message there changed.
    ///
    /// Returns `true` if there were any.
    pub(crate) fn unlearn(&mut self, place: usize) -> bool {
        let kept = self.learned.partition_point(|learned| learned.length <= place);
        let unlearned = kept < self.learned.len();
        self.learned.truncate(kept);
        unlearned
    }
}

/// Fills in, from a recorded view, the values of a state that are unknown. Without a state, all of them are.
fn learn<S: System>(context: &Context<'_, S>, key: &Key, state: &mut Option<S::State>, view: &S::View) {
    let known = state.take().or_else(|| context.system.initial(key, Beginning::Window));
    let mut next = known.unwrap_or_default();
    *state = context.system.learn(key, &mut next, view).then_some(next);
}

/// The opening of event `number`.
fn opening<'a, S: System>(context: &Context<'a, S>, number: EventNumber) -> &'a Opening<S::View> {
    match context.sources.journal.get(number).map(|event| &event.what) {
        Some(What::Stimulus(Stimulus::Opening(opening))) => opening,
        _ => unreachable!("a key names the event that it opens with"),
    }
}

/// The recorded view of event `number`.
fn view<'a, S: System>(context: &Context<'a, S>, number: EventNumber) -> &'a S::View {
    match context.sources.journal.get(number).map(|event| &event.what) {
        Some(What::Observation(Observation::View(viewed))) => &viewed.value,
        _ => unreachable!("a key names the events that it learned from"),
    }
}
