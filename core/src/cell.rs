//! One key: its history, the state carried from update to update, and the checkpoints behind it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::Policy;
use crate::flow::Flows;
use crate::history::{Entry, History, Sources};
use crate::name::{Key, Name, Slot};
use crate::outbox::{Outbox, SlotNumber};
use crate::rounds::Work;
use crate::system::{Beginning, Change, System, Touched, Updated};
use crate::trace::{EventNumber, Opening, Stimulus, What};

/// All that an engine keeps for one key. All of it is a cache of what the journal says.
#[derive(Clone)]
pub(crate) struct Cell<S: System> {
    pub(crate) key: Key,
    pub(crate) history: History,
    pub(crate) carried: Carried<S::State>,
    /// The slots that anything was ever sent in, in the order of their first use.
    pub(crate) slots: Vec<SlotNumber>,
    /// The event of the view that the key opens with.
    pub(crate) opening: Option<EventNumber>,
    /// Whether it ever sent a message to another key.
    pub(crate) routes: bool,
    /// While it is among the cells of the stimulus under way: the number of what it wanted there last.
    pub(crate) begun: Option<usize>,
    checkpoints: Vec<Checkpoint<S::State>>,
}

/// The state of a key, as far as there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Carried<T> {
    State(T),
    /// The window of the history does not say.
    NotDerivable,
    /// Its computation panicked, and said this.
    Quarantined(String),
}

/// The state after the first messages of a history.
#[derive(Clone)]
struct Checkpoint<T> {
    length: usize,
    state: T,
}

/// A history changed in one place: an entry out, an entry in, or one for the other.
#[derive(Clone, Copy)]
pub(crate) struct Shift {
    pub(crate) remove: Option<Entry>,
    pub(crate) add: Option<Entry>,
}

/// What a cell needs to know of the engine that it is in.
pub(crate) struct Context<'a, S: System> {
    pub(crate) system: &'a S,
    pub(crate) sources: Sources<'a, S>,
    pub(crate) outbox: &'a Outbox,
    pub(crate) flows: &'a Flows,
    pub(crate) policy: Policy,
    pub(crate) complete: bool,
}

/// A checkpoint is kept for every so many messages, and more for long histories, whose states are large.
const SPACING_MIN: usize = 128;
/// How many checkpoints a key keeps; the older half is thinned out when there are more.
const CHECKPOINTS_MAX: usize = 16;

impl<S: System> Cell<S> {
    /// A cell without a state.
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            history: History::default(),
            carried: Carried::NotDerivable,
            slots: Vec::new(),
            opening: None,
            routes: false,
            begun: None,
            checkpoints: Vec::new(),
        }
    }

    /// Gives a new cell the state before the first message.
    pub(crate) fn open(&mut self, context: &Context<'_, S>) {
        self.carried = self.start(context).map_or(Carried::NotDerivable, Carried::State);
    }

    pub(crate) fn is_quarantined(&self) -> bool {
        matches!(self.carried, Carried::Quarantined(_))
    }

    /// Whether anything was ever said of the key. If damage has lost all of it, that is still known.
    pub(crate) fn is_known(&self) -> bool {
        self.history.len() > 0
            || !self.history.is_whole()
            || self.opening.is_some()
            || !self.slots.is_empty()
            || self.is_quarantined()
    }

    /// The state before the first message.
    fn start(&self, context: &Context<'_, S>) -> Option<S::State> {
        let beginning = if context.complete { Beginning::Birth } else { Beginning::Window };
        let state = context.system.initial(&self.key, beginning);
        let Some(number) = self.opening else { return state };
        let opening = opening(context.sources, number);
        let mut state = state.unwrap_or_default();
        context.system.learn(&self.key, &mut state, &opening.value).then_some(state)
    }

    /// The state from first principles: every message of the history, from the first.
    pub(crate) fn fold(&self, context: &Context<'_, S>) -> Option<S::State> {
        self.fold_first(context, self.history.len())
    }

    /// The state after the first `length` messages.
    pub(crate) fn fold_first(&self, context: &Context<'_, S>, length: usize) -> Option<S::State> {
        if self.is_before_opening(context) {
            return None;
        }
        let mut state = self.start(context)?;
        self.apply(context, &mut state, 0, length);
        Some(state)
    }

    /// The state if the message had not come that so many are after.
    pub(crate) fn fold_without(&self, context: &Context<'_, S>, newer: usize) -> Option<S::State> {
        let place = self.history.len().checked_sub(newer)?.checked_sub(1)?;
        let mut state = self.fold_first(context, place)?;
        self.apply(context, &mut state, place + 1, self.history.len());
        Some(state)
    }

    /// The state from first principles, showing that at the place of each checkpoint on the way.
    fn fold_through(
        &self,
        context: &Context<'_, S>,
        mut passing: impl FnMut(&Checkpoint<S::State>, &S::State),
    ) -> Option<S::State> {
        let mut state = self.fold_first(context, 0)?;
        let mut done = 0;
        for checkpoint in self.checkpoints.iter().filter(|checkpoint| checkpoint.length <= self.history.len()) {
            self.apply(context, &mut state, done, checkpoint.length);
            done = checkpoint.length;
            passing(checkpoint, &state);
        }
        self.apply(context, &mut state, done, self.history.len());
        Some(state)
    }

    fn apply(&self, context: &Context<'_, S>, state: &mut S::State, from: usize, to: usize) {
        for entry in &self.history.entries()[from..to] {
            context.system.apply(&self.key, state, context.sources.input(entry.source), context.flows);
        }
    }

    /// Whether a message sorts before the view that the key opens with.
    fn is_before_opening(&self, context: &Context<'_, S>) -> bool {
        let Some(number) = self.opening else { return false };
        let Some(first) = self.history.entries().first() else { return false };
        let after = opening(context.sources, number).after;
        let positioned = context.system.position(context.sources.input(first.source).body).is_some();
        first.position <= after.unwrap_or(if positioned { i64::MIN } else { i64::from(number.get()) })
    }

    /// Takes the state along with changes of the history, and puts into `slots` those that they can have changed.
    /// Notes in `rebuilt` whether its history was damaged, and was built anew; even if the code of the system panics after that.
    /// Whether any slot may hold something else now, and not only those that were put in.
    pub(crate) fn advance(
        &mut self,
        context: &Context<'_, S>,
        work: &[Work],
        slots: &mut Vec<Slot>,
        rebuilt: &mut bool,
    ) -> bool {
        let mut changes = Changes::default();
        // The whole history is changed before any code of the system runs: it stays right if that panics.
        if let [work] = work {
            let step = self.record(context, &work.shift);
            changes.newest = step.is_some_and(|step| step.newest);
            self.step(context, &work.shift, step, &mut changes);
        } else {
            let steps: Vec<_> = work.iter().map(|work| self.record(context, &work.shift)).collect();
            for (work, step) in work.iter().zip(steps) {
                self.step(context, &work.shift, step, &mut changes);
            }
        }
        *rebuilt = context.policy == Policy::FirstPrinciples && self.mend_history(context);
        if self.is_quarantined() {
            return false;
        }
        if *rebuilt {
            changes = Changes::ALL;
        }
        match changes.fold_from {
            Some(from) => self.fold_again(context, from),
            None => self.keep_checkpoint(context.policy),
        }
        !self.touched(context, work, changes, slots)
    }

    /// Puts into `slots` those that can hold something else now: those of the messages that came, went or changed, and of
    /// every message that was folded after the first of them. Whatever else was in a slot before that is still there.
    /// Whether that can be said; if not, any slot can.
    fn touched(&self, context: &Context<'_, S>, work: &[Work], changes: Changes, slots: &mut Vec<Slot>) -> bool {
        let Carried::State(state) = &self.carried else { return false };
        let folded = changes.fold_from.map_or(&[][..], |from| self.history.entries().get(from..).unwrap_or_default());
        if changes.all || !self.exists() || folded.len() > self.slots.len() {
            return false;
        }
        let mut said = |entry: &Entry| match context.system.touched(
            &self.key,
            state,
            context.sources.input(entry.source),
            slots,
        ) {
            Touched::Added => true,
            Touched::AddedIfNewest => changes.newest,
            Touched::All => false,
        };
        for Work { shift, .. } in work {
            if !shift.remove.as_ref().is_none_or(&mut said) || !shift.add.as_ref().is_none_or(&mut said) {
                return false;
            }
        }
        // The newest message is both changed and folded.
        let mut folded = folded.iter().filter(|entry| work.iter().all(|work| work.shift.add != Some(**entry)));
        if !folded.all(said) {
            return false;
        }
        if changes.fold_from.is_some() {
            slots.sort_unstable();
            slots.dedup();
        }
        true
    }

    /// Builds the history anew from the journal if damage has changed it; whether it had.
    pub(crate) fn mend_history(&mut self, context: &Context<'_, S>) -> bool {
        let damaged = !self.history.is_whole();
        if damaged {
            self.history = History::from_facts(context.system, context.sources, &self.key);
        }
        damaged
    }

    /// Changes the history in one place; nothing if what was to go is not there, as damage has lost it.
    pub(crate) fn record(&mut self, context: &Context<'_, S>, shift: &Shift) -> Option<Step> {
        let removed = shift.remove.and_then(|entry| self.history.remove(&context.sources, entry));
        let added = shift.add.map(|entry| self.history.add(&context.sources, entry));
        let first = removed.into_iter().chain(added).min()?;
        let newest = removed.is_none() && first + 1 == self.history.len();
        Some(Step { first, newest, in_place: removed == added })
    }

    /// Takes the state along with one change of the history, if that needs no fold.
    fn step(&mut self, context: &Context<'_, S>, shift: &Shift, step: Option<Step>, changes: &mut Changes) {
        let Some(step) = step else {
            *changes = Changes::ALL;
            return;
        };
        let before_opening = self.opening.is_some() && step.first == 0 && self.is_before_opening(context);
        let state = match &mut self.carried {
            Carried::State(state) if !before_opening => state,
            Carried::State(_) | Carried::NotDerivable => {
                *changes = Changes::ALL;
                return;
            }
            Carried::Quarantined(_) => return,
        };
        if context.policy == Policy::FirstPrinciples || changes.fold_from.is_some() {
            changes.fold_from = Some(changes.fold_from.map_or(step.first, |from| from.min(step.first)));
            return;
        }
        let input = |entry: Entry| context.sources.input(entry.source);
        if let (true, Some(entry)) = (step.newest, shift.add) {
            context.system.apply(&self.key, state, input(entry), context.flows);
            return;
        }
        let kept = self.checkpoints.partition_point(|checkpoint| checkpoint.length <= step.first);
        self.checkpoints.truncate(kept);
        let mut update = |change| context.system.update(&self.key, state, change, context.flows) == Updated::Done;
        let done = match (shift.remove, shift.add) {
            (Some(before), Some(after)) if step.in_place => {
                update(Change::Revised { before: input(before).body, after: input(after) })
            }
            (before, after) => {
                before.is_none_or(|entry| update(Change::Withdrawn(input(entry))))
                    && after.is_none_or(|entry| update(Change::Late(input(entry))))
            }
        };
        if !done {
            changes.fold_from = Some(step.first);
        }
    }

    /// Folds again what comes after the newest checkpoint before the first change.
    fn fold_again(&mut self, context: &Context<'_, S>, first: usize) {
        let kept = match context.policy {
            Policy::Incremental => self.checkpoints.partition_point(|checkpoint| checkpoint.length <= first),
            Policy::FirstPrinciples | Policy::Unchecked => 0,
        };
        self.checkpoints.truncate(kept);
        let folded = match self.checkpoints.last() {
            Some(checkpoint) => {
                let mut state = checkpoint.state.clone();
                self.apply(context, &mut state, checkpoint.length, self.history.len());
                Some(state)
            }
            None => self.fold(context),
        };
        self.carried = folded.map_or(Carried::NotDerivable, Carried::State);
    }

    fn keep_checkpoint(&mut self, policy: Policy) {
        let length = self.history.len();
        if length < SPACING_MIN {
            return;
        }
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.length);
        if length.saturating_sub(last) < SPACING_MIN.max(length / 32) || policy != Policy::Incremental {
            return;
        }
        if self.checkpoints.len() == CHECKPOINTS_MAX {
            let mut place = 0;
            self.checkpoints.retain(|_| {
                place += 1;
                place > CHECKPOINTS_MAX / 2 || place % 2 == 0
            });
        }
        if let Carried::State(state) = &self.carried {
            self.checkpoints.push(Checkpoint { length, state: state.clone() });
        }
    }

    /// Replaces what is carried by what is folded from the first message. Notes in `rebuilt` whether the history was damaged,
    /// and was built anew; even if the code of the system panics after that.
    pub(crate) fn heal(&mut self, context: &Context<'_, S>, rebuilt: &mut bool) -> Mended<S::State> {
        let mut parts = Vec::new();
        *rebuilt = self.mend_history(context);
        if *rebuilt {
            parts.push("index".into());
        }
        let mut whole = 0;
        let folded = self.fold_through(context, |checkpoint, state| {
            if checkpoint.state == *state {
                whole += 1;
            }
        });
        let folded = folded.map_or(Carried::NotDerivable, Carried::State);
        if whole < self.checkpoints.len() {
            self.checkpoints.clear();
            parts.push("checkpoint".into());
        }
        let wrong = match core::mem::replace(&mut self.carried, folded) {
            carried @ Carried::State(_) if carried != self.carried => carried.into_state(),
            _ => None,
        };
        Mended { parts, wrong }
    }

    /// The parts in which the view of a state differs from the state that took its place.
    pub(crate) fn differing(&self, context: &Context<'_, S>, wrong: &S::State) -> Vec<Name> {
        let Carried::State(state) = &self.carried else { return Vec::new() };
        let view = context.system.view(&self.key, wrong);
        context.system.compare(&self.key, state, &view).diverged().map(Name::from).collect()
    }

    /// Forgets every cache of the state, and folds from the first message.
    pub(crate) fn refold(&mut self, context: &Context<'_, S>) {
        self.checkpoints.clear();
        self.carried = self.fold(context).map_or(Carried::NotDerivable, Carried::State);
    }

    pub(crate) fn quarantine(&mut self, why: String) {
        self.checkpoints.clear();
        self.carried = Carried::Quarantined(why);
    }

    /// Damages the checkpoints.
    pub(crate) fn damage_checkpoints(&mut self, state: &S::State) {
        for checkpoint in &mut self.checkpoints {
            checkpoint.state = state.clone();
        }
    }

    /// Whether there is anything for a state to be a function of: a message that counts, or a view to open with.
    fn exists(&self) -> bool {
        self.history.len() > 0 || self.opening.is_some()
    }

    /// The names of the slots that anything was ever sent in.
    pub(crate) fn slot_names<'a>(&'a self, context: &'a Context<'_, S>) -> impl Iterator<Item = &'a Slot> {
        self.slots.iter().map(|number| &context.sources.journal.sent(context.outbox.sending(*number).event).slot)
    }

    /// What should be in one slot now.
    pub(crate) fn output(&self, context: &Context<'_, S>, slot: &Slot) -> Option<S::Out> {
        match &self.carried {
            Carried::State(state) if self.exists() => context.system.output(&self.key, state, slot, context.flows),
            _ => None,
        }
    }

    /// What should be in all slots now: nothing for a key that all messages of which were withdrawn. `None` where that is
    /// not known.
    pub(crate) fn outputs(&self, context: &Context<'_, S>) -> Option<BTreeMap<Slot, S::Out>> {
        match &self.carried {
            Carried::State(state) if self.exists() => Some(context.system.outputs(&self.key, state, context.flows)),
            Carried::State(_) => Some(BTreeMap::new()),
            Carried::NotDerivable | Carried::Quarantined(_) => None,
        }
    }
}

impl<T> Carried<T> {
    fn into_state(self) -> Option<T> {
        match self {
            Self::State(state) => Some(state),
            Self::NotDerivable | Self::Quarantined(_) => None,
        }
    }
}

/// What a fold from the first message found.
pub(crate) struct Mended<T> {
    /// The caches other than the state that were wrong.
    pub(crate) parts: Vec<Name>,
    /// The state that was carried, if it was not the folded one.
    pub(crate) wrong: Option<T>,
}

/// A change of a history that was made.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The first place that it concerns.
    first: usize,
    /// Whether it only added the newest message.
    newest: bool,
    /// Whether one message took the place of another.
    in_place: bool,
}

/// What several changes of a history come to.
#[derive(Clone, Copy, Default)]
struct Changes {
    /// The first place from which the state must be folded again.
    fold_from: Option<usize>,
    /// Whether any slot may hold something else, as nothing was known before.
    all: bool,
    /// Whether all that changed is that the newest message came.
    newest: bool,
}

impl Changes {
    /// Everything is to be folded, and any slot may hold something else.
    const ALL: Self = Self { fold_from: Some(0), all: true, newest: false };
}

fn opening<'a, S: System>(sources: Sources<'a, S>, number: EventNumber) -> &'a Opening<S::View> {
    match sources.journal.get(number).map(|event| &event.what) {
        Some(What::Stimulus(Stimulus::Opening(opening))) => opening,
        _ => unreachable!("a key names the event that it opens with"),
    }
}
