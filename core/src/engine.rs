//! The engine: takes one stimulus at a time and returns all of its effects.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cell::{Carried, Cell, Context};
use crate::flow::FlowTable;
use crate::history::{RoutedMessages, Sources};
use crate::index::{Index, hash};
use crate::journal::{EventOf, Journal};
use crate::message::{Input, Sent, SlotId};
use crate::name::{Key, Slot};
use crate::outbox::{Outbox, Sending};
use crate::receive::Receipt;
use crate::rounds::Outcome;
use crate::system::{System, Updates};
use crate::trace::{At, EventNumber, Observation, Settled, Stimulus, What};

/// The way in which an engine updates the state of a key when a message arrives.
///
/// All policies must send the same messages as long as nothing is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Fold the whole history of the key at every update, so that bad data never snowballs.
    #[default]
    FirstPrinciples,
    /// Carry the state from update to update. Where it must be folded again, start from a checkpoint.
    Incremental,
    /// Carry the state from update to update and never check it. An anti-pattern, kept to show how bad data snowballs.
    ///
    /// Reflows, triggers and scrubs heal nothing under this policy.
    Unchecked,
}

/// A function that runs a piece of the system's code, and returns the message of a panic as an error.
///
/// This crate cannot catch panics, because it has no standard library. A host that can catch them passes a guard that
/// does; the guard in `Options::default()` lets panics through.
pub type Guard = fn(&mut dyn FnMut()) -> Result<(), String>;

/// The options of an engine.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The way in which the engine updates the state of a key.
    pub policy: Policy,
    /// `true` if the engine gets the whole history of its keys, `false` if it gets a window of that history.
    pub complete: bool,
    /// `true` to journal, after each stimulus, the view of every key that was computed.
    pub views: bool,
    /// The highest number of rounds that one stimulus may take.
    ///
    /// The first round computes the keys that the stimulus concerns, the next one the keys to which these send
    /// messages, and so on. Keys to which messages are still sent after the last round are quarantined.
    pub rounds_max: u32,
    /// Runs the code of the system, and may catch its panics.
    pub guard: Guard,
}

impl Default for Options {
    fn default() -> Self {
        let guard: Guard = |work| {
            work();
            Ok(())
        };
        Self { policy: Policy::default(), complete: true, views: false, rounds_max: 1000, guard }
    }
}

/// Runs a system: keeps its journal, the states of its keys, and the last output in each of their slots.
///
/// The engine does no I/O. [`take`](Self::take) journals one stimulus and returns its effects, which the host carries
/// out. States come only from folding messages: no function sets one.
#[derive(Clone)]
pub struct Engine<S: System> {
    pub(crate) system: S,
    pub(crate) options: Options,
    pub(crate) journal: Journal<S>,
    pub(crate) cells: Vec<Cell<S>>,
    pub(crate) by_key: Index,
    pub(crate) routed: RoutedMessages<S::In>,
    pub(crate) flows: FlowTable,
    pub(crate) outbox: Outbox,
    pub(crate) updates: Updates,
    /// Memory that every stimulus reuses. Between stimuli, its `cells` are those that the last one computed.
    pub(crate) spare: Option<Box<Outcome<S>>>,
}

/// Everything that one stimulus caused: the observations, the computed keys and the messages to send.
pub struct Effects<'a, S: System> {
    journal: &'a Journal<S>,
    cells: &'a [Cell<S>],
    computed: &'a [usize],
    stimulus: EventNumber,
    receipt: Option<Receipt>,
}

impl<'a, S: System> Effects<'a, S> {
    /// The event number of the stimulus.
    pub fn stimulus(&self) -> EventNumber {
        self.stimulus
    }

    /// The result of receiving the message; `None` if the stimulus is no message.
    pub fn receipt(&self) -> Option<Receipt> {
        self.receipt
    }

    /// The observations that the stimulus caused, in the order of the journal.
    pub fn events(&self) -> impl Iterator<Item = &'a EventOf<S>> + Clone + use<'a, S> {
        self.journal.since(self.stimulus.get() as usize)
    }

    /// The keys that were computed, in order. They include the receivers of routed messages.
    pub fn keys(&self) -> Vec<&'a Key> {
        let mut keys: Vec<_> = self.computed.iter().map(|cell| &self.cells[*cell].key).collect();
        keys.sort_unstable();
        keys
    }

    /// The outputs to send, in the order in which the journal has them.
    ///
    /// They include routed messages, which their receivers, keys of the same system, have already.
    pub fn sends(&self) -> impl Iterator<Item = &'a Sent<S::Out>> + Clone + use<'a, S> {
        self.events().filter_map(|event| match &event.what {
            What::Observation(Observation::Out(sent)) => Some(sent),
            _ => None,
        })
    }
}

impl<S: System> Engine<S> {
    /// Builds an engine with an empty journal.
    pub fn new(system: S, options: Options) -> Self {
        Self {
            system,
            options,
            journal: Journal::default(),
            cells: Vec::new(),
            by_key: Index::default(),
            routed: RoutedMessages::default(),
            flows: FlowTable::default(),
            outbox: Outbox::default(),
            updates: Updates::default(),
            spare: None,
        }
    }

    /// Journals a stimulus, updates every key that it concerns, and returns everything that it caused.
    ///
    /// Stimuli that do not concern an engine (`deliver`, `drop`, `timer` and most faults) are only journaled. A
    /// `restart` fault, or a `deploy` of a version that the system knows, restarts the engine from its journal; all
    /// else is lost.
    pub fn take(&mut self, at: Option<At>, stimulus: Stimulus<S::In, S::View>) -> Effects<'_, S> {
        let number = self.journal.push(at, None, What::Stimulus(stimulus));
        if let Some(spare) = &mut self.spare {
            spare.cells.clear();
        }
        let mut receipt = None;
        match self.journal.get(number).map(|event| &event.what) {
            Some(What::Stimulus(Stimulus::In(_))) => receipt = Some(self.receive(number)),
            Some(What::Stimulus(Stimulus::Unreadable(unreadable))) => {
                let why = alloc::format!("unreadable: {}", unreadable.why);
                self.reject(number, why);
            }
            Some(What::Stimulus(Stimulus::Opening(opening))) => {
                let key = opening.key.clone();
                self.open(number, &key);
            }
            Some(What::Stimulus(Stimulus::Knob(knob))) => {
                let knob = knob.clone();
                self.turn(number, &knob);
            }
            Some(What::Stimulus(Stimulus::Fault(fault))) => {
                let fault = fault.clone();
                self.suffer(&fault);
            }
            _ => {}
        }
        let computed = self.spare.as_ref().map_or(&[][..], |spare| &spare.cells);
        Effects { journal: &self.journal, cells: &self.cells, computed, stimulus: number, receipt }
    }

    /// Journals that the receiver of an output has a revision of it.
    ///
    /// Returns `false`, and journals nothing, if no output was ever sent in this slot.
    pub fn settle(&mut self, at: Option<At>, output: &SlotId, revision: u32) -> bool {
        let Some(place) = self.outbox.find(&self.journal, &output.key, &output.slot) else { return false };
        let sending = self.outbox.sending(place);
        let settled = Settled { output: output.clone(), revision };
        self.journal.push(at, Some(sending.event), What::Observation(Observation::Settled(Box::new(settled))));
        if self.journal.sent(sending.event).revision == revision {
            self.outbox.set(place, Sending { settled: true, ..sending });
        }
        true
    }

    /// The outputs that are not settled, in the order in which they were sent. Send them again after a restart.
    pub fn unsettled(&self) -> impl Iterator<Item = &Sent<S::Out>> {
        self.unsettled_events().map(|event| self.journal.sent(event))
    }

    /// The numbers of the events that sent the [`unsettled`](Self::unsettled) outputs, in ascending order.
    pub fn unsettled_events(&self) -> impl Iterator<Item = EventNumber> + use<S> {
        let unsettled = self.outbox.sendings().filter(|sending| !sending.settled);
        let mut events: Vec<_> = unsettled.map(|sending| sending.event).collect();
        events.sort_unstable();
        events.into_iter()
    }

    /// The journal: every event that the engine has taken or produced.
    pub fn journal(&self) -> &Journal<S> {
        &self.journal
    }

    /// The system that the engine runs.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// The options of the engine.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The flows that are on for each key.
    pub fn flows(&self) -> &FlowTable {
        &self.flows
    }

    /// The calls of [`System::update`] that this engine has made. Plans do not count.
    ///
    /// A [`Fault::Restart`](crate::Fault::Restart) or [`Fault::Deploy`](crate::Fault::Deploy) keeps the count.
    pub fn updates(&self) -> Updates {
        self.updates
    }

    /// The known keys, in order: those with a message that counts, an opening, an output or a quarantine.
    pub fn keys(&self) -> Vec<&Key> {
        let mut keys: Vec<_> = self.known_keys().collect();
        keys.sort_unstable();
        keys
    }

    /// The known keys, like [`keys`](Self::keys), but in no particular order and without a list of them all.
    pub fn known_keys(&self) -> impl Iterator<Item = &Key> {
        self.cells.iter().filter(|cell| cell.is_known()).map(|cell| &cell.key)
    }

    /// The carried state of a key, or `None` if the key is unknown, not derivable or quarantined.
    pub fn state(&self, key: &Key) -> Option<&S::State> {
        match &self.cells[self.cell_number(key)?].carried {
            Carried::State(state) => Some(state),
            Carried::NotDerivable | Carried::Quarantined(_) => None,
        }
    }

    /// The view of a key's carried state, or `None` if the key has no [`state`](Self::state).
    ///
    /// # Panics
    ///
    /// Panics if the system's code does: the [guard](Options::guard) is not used here.
    pub fn view(&self, key: &Key) -> Option<S::View> {
        Some(self.system.view(key, self.state(key)?))
    }

    /// The reason why a key is quarantined, which usually is the message of a panic, or `None` if it is not.
    pub fn quarantined(&self, key: &Key) -> Option<&str> {
        match &self.cells[self.cell_number(key)?].carried {
            Carried::Quarantined(why) => Some(why),
            Carried::State(_) | Carried::NotDerivable => None,
        }
    }

    /// Computes the state of a key from its first message. The carried [`state`](Self::state) should equal it.
    ///
    /// Returns `None` if the key is unknown or not derivable.
    ///
    /// # Panics
    ///
    /// Panics if the system's code does: the [guard](Options::guard) is not used here.
    pub fn recompute(&self, key: &Key) -> Option<S::State> {
        self.cells[self.cell_number(key)?].fold(&self.context(key))
    }

    /// Folds the history of a key from its first message, in canonical order, until `each` returns `false`.
    ///
    /// `each` gets every message that counts, with the event of its arrival and the state after it. A routed message
    /// has no such event, and the state is `None` if it is not derivable. Returns the number of messages that were
    /// folded.
    ///
    /// # Panics
    ///
    /// Panics if the system's code does: the [guard](Options::guard) is not used here.
    pub fn history(
        &self,
        key: &Key,
        each: impl FnMut(Option<EventNumber>, Input<'_, S::In>, Option<&S::State>) -> bool,
    ) -> usize {
        self.cell_number(key).map_or(0, |number| self.cells[number].fold_each(&self.context(key), each))
    }

    /// Computes the outputs that the slots of a key should hold, from its carried state.
    ///
    /// The outputs that were sent last should equal them. Returns `None` if the key is unknown, not derivable or
    /// quarantined.
    ///
    /// # Panics
    ///
    /// Panics if the system's code does: the [guard](Options::guard) is not used here.
    pub fn outputs(&self, key: &Key) -> Option<BTreeMap<Slot, S::Out>> {
        self.cells[self.cell_number(key)?].outputs(&self.context(key))
    }

    /// The output that was sent last in a slot of a key, which may be a withdrawal.
    pub fn slot(&self, key: &Key, slot: &Slot) -> Option<&Sent<S::Out>> {
        let sending = self.outbox.get(&self.journal, key, slot)?;
        Some(self.journal.sent(sending.event))
    }

    /// Returns `true` if the last output in a slot of a key is a routed message, which its receivers have already.
    pub fn is_routed(&self, key: &Key, slot: &Slot) -> bool {
        self.outbox.get(&self.journal, key, slot).is_some_and(|sending| sending.routed)
    }

    /// Returns `true` if the receiver of the last output in a slot of a key has that output.
    pub fn is_settled(&self, key: &Key, slot: &Slot) -> bool {
        self.outbox.get(&self.journal, key, slot).is_some_and(|sending| sending.settled)
    }

    /// The last output in each slot of a key, in the order of the slots. Withdrawn outputs have no body.
    pub fn slots(&self, key: &Key) -> impl Iterator<Item = (&Slot, &Sent<S::Out>)> {
        let slots = self.cell_number(key).map(|number| &self.cells[number].slots);
        let sent = slots.into_iter().flatten().map(|number| self.journal.sent(self.outbox.sending(*number).event));
        let mut sent: Vec<_> = sent.map(|sent| (&sent.slot, sent)).collect();
        sent.sort_unstable_by_key(|(slot, _)| *slot);
        sent.into_iter()
    }

    pub(crate) fn sources(&self) -> Sources<'_, S> {
        Sources { system: &self.system, journal: &self.journal, routed: &self.routed }
    }

    pub(crate) fn context(&self, key: &Key) -> Context<'_, S> {
        Context {
            system: &self.system,
            sources: self.sources(),
            outbox: &self.outbox,
            flows: self.flows.of(key),
            policy: self.options.policy,
            complete: self.options.complete,
        }
    }

    pub(crate) fn cell_number(&self, key: &Key) -> Option<usize> {
        let found = self.by_key.find(hash([key]), |number| self.cells[number as usize].key == *key);
        found.map(|number| number as usize)
    }

    /// Returns the number of the cell of `key`, and makes the cell if there is none.
    pub(crate) fn cell(&mut self, key: &Key) -> usize {
        if let Some(number) = self.cell_number(key) {
            return number;
        }
        let mut cell = Cell::new(key.clone());
        let context = self.context(key);
        // A panic here can be ignored: the key stays without a state, panics again when it is computed, and is
        // quarantined then.
        let _ = (self.options.guard)(&mut || cell.open(&context));
        self.cells.push(cell);
        let number = self.cells.len() as u32 - 1;
        self.by_key.insert(hash([key]), number);
        number as usize
    }

    pub(crate) fn observe(&mut self, cause: EventNumber, observation: Observation<S::Out, S::View>) -> EventNumber {
        let at = self.journal.get(cause).and_then(|event| event.at);
        self.journal.push(at, Some(cause), What::Observation(observation))
    }
}
