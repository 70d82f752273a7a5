//! Cells: all that an engine keeps for one key, namely its history, its carried state and its checkpoints.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::Policy;
use crate::flow::Flows;
use crate::fold::Learned;
use crate::history::{Entry, History, Sources};
use crate::name::{Key, Name, Slot};
use crate::outbox::{Outbox, SlotNumber};
use crate::rounds::Work;
use crate::system::{Change, System, Touched, Updated, Updates};
use crate::trace::EventNumber;

/// Everything that an engine keeps for one key. All of it is a cache, and can be rebuilt from the journal.
#[derive(Clone)]
pub(crate) struct Cell<S: System> {
    pub(crate) key: Key,
    pub(crate) history: History,
    pub(crate) carried: Carried<S::State>,
    /// The slots in which an output was ever sent, in the order of their first use.
    pub(crate) slots: Vec<SlotNumber>,
    /// The event of the recorded view with which the key opens, if there is one.
    pub(crate) opening: Option<EventNumber>,
    /// The recorded views from which the key of a window learned later, in the order of their places.
    pub(crate) learned: Vec<Learned>,
    /// `true` once the key has sent a message to another key.
    pub(crate) routes: bool,
    /// During a stimulus that concerns the cell: the index of the span of its latest computation.
    pub(crate) begun: Option<usize>,
    pub(crate) checkpoints: Vec<Checkpoint<S::State>>,
}

/// The carried state of a key, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Carried<T> {
    /// The state.
    State(T),
    /// The trace is a window of the history, and the state depends on something before it.
    NotDerivable,
    /// The key is quarantined, for this reason.
    Quarantined(String),
}

/// The state after the first `length` messages of a history.
#[derive(Clone)]
pub(crate) struct Checkpoint<T> {
    pub(crate) length: usize,
    pub(crate) state: T,
}

/// One change of a history: an entry is removed, an entry is added, or one replaces another.
#[derive(Clone, Copy)]
pub(crate) struct Shift {
    pub(crate) remove: Option<Entry>,
    pub(crate) add: Option<Entry>,
}

/// The parts of the engine that a cell needs for a computation.
pub(crate) struct Context<'a, S: System> {
    pub(crate) system: &'a S,
    pub(crate) sources: Sources<'a, S>,
    pub(crate) outbox: &'a Outbox,
    pub(crate) flows: &'a Flows,
    pub(crate) policy: Policy,
    pub(crate) complete: bool,
}

/// The smallest number of messages between two checkpoints. Long histories have large states, so they get fewer.
const SPACING_MIN: usize = 128;
/// The highest number of checkpoints of a key. Above it, every other checkpoint of the older half is dropped.
const CHECKPOINTS_MAX: usize = 16;

impl<S: System> Cell<S> {
    /// Builds a cell without a state.
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            history: History::default(),
            carried: Carried::NotDerivable,
            slots: Vec::new(),
            opening: None,
            learned: Vec::new(),
            routes: false,
            begun: None,
            checkpoints: Vec::new(),
        }
    }

    /// Sets the state of a new cell to the state before the first message.
    pub(crate) fn open(&mut self, context: &Context<'_, S>) {
        self.carried = self.start(context).map_or(Carried::NotDerivable, Carried::State);
    }

    pub(crate) fn is_quarantined(&self) -> bool {
        matches!(self.carried, Carried::Quarantined(_))
    }

    /// Returns `true` if the key has a message that counts, an opening, an output or a quarantine.
    ///
    /// If damage has lost all messages of its history, the key still counts as known.
    pub(crate) fn is_known(&self) -> bool {
        self.history.len() > 0
            || !self.history.is_whole()
            || self.opens()
            || !self.slots.is_empty()
            || self.is_quarantined()
    }

    /// Changes the history, updates the carried state, and adds to `slots` those that can have changed. Adds to
    /// `updates` the calls of [`System::update`].
    ///
    /// Returns `true` if any slot can have changed, not only the added ones.
    ///
    /// Under [`Policy::FirstPrinciples`], also rebuilds a damaged history, and sets `rebuilt` if it did. `rebuilt`
    /// stays set even if the code of the system panics afterwards.
    pub(crate) fn advance(
        &mut self,
        context: &Context<'_, S>,
        work: &[Work],
        slots: &mut Vec<Slot>,
        rebuilt: &mut bool,
        updates: &mut Updates,
    ) -> bool {
        let mut changes = Changes::default();
        // Change the history completely before any code of the system runs, so that it stays right if that panics.
        if let [work] = work {
            let step = self.record(context, &work.shift);
            changes.newest = step.is_some_and(|step| step.newest);
            self.step(context, &work.shift, step, &mut changes, updates);
        } else {
            let steps: Vec<_> = work.iter().map(|work| self.record(context, &work.shift)).collect();
            for (work, step) in work.iter().zip(steps) {
                self.step(context, &work.shift, step, &mut changes, updates);
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

    /// Adds to `slots` those that can have changed, and returns `true`. Returns `false` if any slot can have changed.
    ///
    /// The slots that can have changed are those touched by a message that was added, removed, revised or folded again.
    fn touched(&self, context: &Context<'_, S>, work: &[Work], changes: Changes, slots: &mut Vec<Slot>) -> bool {
        let Carried::State(state) = &self.carried else { return false };
        let from = changes.fold_from.map_or(self.history.len(), |from| from.min(self.history.len()));
        let folded = self.history.entries().range(from..);
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
        // Skip the messages that were added, which were looked at above: they are folded too.
        let mut folded = folded.filter(|entry| work.iter().all(|work| work.shift.add != Some(**entry)));
        if !folded.all(said) {
            return false;
        }
        if changes.fold_from.is_some() {
            slots.sort_unstable();
            slots.dedup();
        }
        true
    }

    /// Rebuilds the history from the journal if it is damaged. Returns whether it was.
    pub(crate) fn mend_history(&mut self, context: &Context<'_, S>) -> bool {
        let damaged = !self.history.is_whole();
        if damaged {
            self.history = History::from_facts(context.system, context.sources, &self.key);
        }
        damaged
    }

    /// Makes one change of the history, and returns the place of the change.
    ///
    /// Returns `None` if nothing was removed or added, because damage has lost the entry to remove.
    pub(crate) fn record(&mut self, context: &Context<'_, S>, shift: &Shift) -> Option<Step> {
        let removed = shift.remove.and_then(|entry| self.history.remove(&context.sources, entry));
        let added = shift.add.map(|entry| self.history.add(&context.sources, entry));
        let first = removed.into_iter().chain(added).min()?;
        let last = added.is_some_and(|place| place + 1 == self.history.len());
        let newest = removed.is_none() && last;
        let mut changed = shift.remove.iter().chain(&shift.add);
        // A view from which the key learned may include a message from before its opening, or may not.
        let unsure = changed.any(|entry| self.precedes_opening(context, entry));
        let unlearned = self.unlearn(if unsure { 0 } else { first });
        Some(Step { first, newest, last, in_place: removed == added, unlearned })
    }

    /// Updates the carried state for one change of the history, or notes in `changes` from where it must be folded.
    fn step(
        &mut self,
        context: &Context<'_, S>,
        shift: &Shift,
        step: Option<Step>,
        changes: &mut Changes,
        updates: &mut Updates,
    ) {
        let Some(step) = step.filter(|step| !step.unlearned) else {
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
        let mut update = |state: &mut S::State, change| {
            // Count the call before it is made, because it may panic.
            updates.calls += 1;
            let done = context.system.update(&self.key, state, change, context.flows) == Updated::Done;
            *(if done { &mut updates.done } else { &mut updates.folded_again }) += 1;
            done
        };
        let done = match (shift.remove, shift.add) {
            (Some(before), Some(after)) if step.in_place => {
                update(state, Change::Revised { before: input(before).body, after: input(after) })
            }
            (before, after) => {
                let is_gone = before.is_none_or(|entry| update(state, Change::Withdrawn(input(entry))));
                is_gone
                    && after.is_none_or(|entry| {
                        if step.last {
                            context.system.apply(&self.key, state, input(entry), context.flows);
                            return true;
                        }
                        update(state, Change::Late(input(entry)))
                    })
            }
        };
        if !done {
            changes.fold_from = Some(step.first);
        }
    }

    /// Folds the history again after a change at the place `first`.
    ///
    /// Starts from the newest checkpoint before that place or, if there is none, from the first message. Only
    /// [`Policy::Incremental`] uses checkpoints.
    fn fold_again(&mut self, context: &Context<'_, S>, first: usize) {
        let kept = match context.policy {
            Policy::Incremental => self.checkpoints.partition_point(|checkpoint| checkpoint.length <= first),
            Policy::FirstPrinciples | Policy::Unchecked => 0,
        };
        self.checkpoints.truncate(kept);
        let folded = match self.checkpoints.last() {
            Some(checkpoint) => {
                let mut state = Some(checkpoint.state.clone());
                self.apply(context, &mut state, checkpoint.length, self.history.len());
                state
            }
            None => self.fold(context),
        };
        self.carried = folded.map_or(Carried::NotDerivable, Carried::State);
    }

    /// Keeps the carried state as a checkpoint if the last checkpoint is long enough ago.
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

    /// Replaces the carried state by the state folded from the first message, and reports which caches were wrong.
    ///
    /// Also rebuilds a damaged history, and sets `rebuilt` if it did. `rebuilt` stays set even if the fold panics
    /// afterwards.
    pub(crate) fn heal(&mut self, context: &Context<'_, S>, rebuilt: &mut bool) -> Mended<S::State> {
        let mut parts = Vec::new();
        *rebuilt = self.mend_history(context);
        if *rebuilt {
            parts.push("index".into());
        }
        let mut whole = 0;
        let folded = self.fold_through(context, |checkpoint, state| {
            if Some(&checkpoint.state) == state {
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

    /// The parts of the view in which a wrong state differs from the carried state, which replaced it.
    pub(crate) fn differing(&self, context: &Context<'_, S>, wrong: &S::State) -> Vec<Name> {
        let Carried::State(state) = &self.carried else { return Vec::new() };
        let view = context.system.view(&self.key, wrong);
        context.system.compare(&self.key, state, &view).diverged().map(Name::from).collect()
    }

    /// Drops the checkpoints, and folds the carried state from the first message.
    pub(crate) fn refold(&mut self, context: &Context<'_, S>) {
        self.checkpoints.clear();
        self.carried = self.fold(context).map_or(Carried::NotDerivable, Carried::State);
    }

    /// Quarantines the key: drops its state and its checkpoints.
    pub(crate) fn quarantine(&mut self, why: String) {
        self.checkpoints.clear();
        self.carried = Carried::Quarantined(why);
    }

    /// Replaces the state in every checkpoint, to simulate damage: a fault that the engine must heal.
    pub(crate) fn damage_checkpoints(&mut self, state: &S::State) {
        for checkpoint in &mut self.checkpoints {
            checkpoint.state = state.clone();
        }
    }

    /// Returns `true` if the key has a message that counts, or a recorded view that it opens with or learned from.
    fn exists(&self) -> bool {
        self.history.len() > 0 || self.opens()
    }

    /// Returns `true` if there is a recorded view that the key opens with or learned from.
    pub(crate) fn opens(&self) -> bool {
        self.opening.is_some() || !self.learned.is_empty()
    }

    /// The names of the slots in which an output was ever sent.
    pub(crate) fn slot_names<'a>(&'a self, context: &'a Context<'_, S>) -> impl Iterator<Item = &'a Slot> {
        self.slots.iter().map(|number| &context.sources.journal.sent(context.outbox.sending(*number).event).slot)
    }

    /// Computes the output that one slot should hold now, or `None` if it should be empty or that is not known.
    pub(crate) fn output(&self, context: &Context<'_, S>, slot: &Slot) -> Option<S::Out> {
        match &self.carried {
            Carried::State(state) if self.exists() => context.system.output(&self.key, state, slot, context.flows),
            _ => None,
        }
    }

    /// Computes the outputs that all slots should hold now. A key without messages has no outputs.
    ///
    /// Returns `None` if the key is not derivable or quarantined.
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

/// The caches of a key that a heal found to be wrong.
pub(crate) struct Mended<T> {
    /// The wrong caches other than the carried state: `index` and `checkpoint`.
    pub(crate) parts: Vec<Name>,
    /// The state that was carried before, if it differed from the folded state.
    pub(crate) wrong: Option<T>,
}

/// The place of a change of a history.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The first place in the history that changed.
    first: usize,
    /// `true` if the change only added the newest message.
    newest: bool,
    /// `true` if it added the newest message. It may also have removed one, which has moved there.
    last: bool,
    /// `true` if one message replaced another at the same place.
    in_place: bool,
    /// `true` if the key learned from a view after that place, which counts no more.
    unlearned: bool,
}

/// The combined consequences of several changes of a history.
#[derive(Clone, Copy, Default)]
struct Changes {
    /// The place from which the state must be folded again, if it must be.
    fold_from: Option<usize>,
    /// `true` if any slot can have changed, because there was no state before or it cannot be trusted.
    all: bool,
    /// `true` if the only change is that the newest message was added.
    newest: bool,
}

impl Changes {
    /// Everything must be folded again, and any slot can have changed.
    const ALL: Self = Self { fold_from: Some(0), all: true, newest: false };
}
