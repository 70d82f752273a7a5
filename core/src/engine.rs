//! The engine: takes one stimulus, gives all of its effects.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cell::{Carried, Cell, Context};
use crate::flow::FlowTable;
use crate::history::{RoutedMessages, Sources};
use crate::index::{Index, hash};
use crate::journal::{EventOf, Journal};
use crate::message::{Sent, SlotId};
use crate::name::{Key, Slot};
use crate::outbox::{Outbox, Sending};
use crate::rounds::Outcome;
use crate::system::System;
use crate::trace::{At, EventNumber, Observation, Settled, Stimulus, What};

/// How the state of a key is brought up to date. Nobody outside can tell the policies apart while nothing is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Fold the whole history of the key at every update: bad data never snowballs.
    #[default]
    FirstPrinciples,
    /// Carry the state along, with checkpoints to fold again from.
    Incremental,
    /// Carry the state along and never look back. This is the anti-pattern, kept to show how bad data snowballs.
    Unchecked,
}

/// Runs a piece of a system's code, and gives the message of a panic.
///
/// The core cannot catch a panic; a host that can passes a function which does.
pub type Guard = fn(&mut dyn FnMut()) -> Result<(), String>;

/// How an engine works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How states are brought up to date.
    pub policy: Policy,
    /// Whether the messages are the whole history, or a window of it.
    pub complete: bool,
    /// Whether to journal the view of every key that a stimulus concerned.
    pub views: bool,
    /// How many rounds a stimulus may take: the keys that it concerns are the first, those that they send messages to the
    /// next. Keys that have messages left after the last one are set apart.
    pub rounds_max: u32,
    /// Runs the code of the system.
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

/// Holds the states of all keys of a system, each a function of its messages, and what was sent because of them.
///
/// It is sans-IO: [`take`](Self::take) journals one stimulus and gives everything that it caused, for the host to
/// carry out. There is no way to put a state in.
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
    /// Memory that is used again for every stimulus; the cells in it are those that the last one computed.
    pub(crate) spare: Option<Box<Outcome<S>>>,
}

/// What one stimulus caused.
pub struct Effects<'a, S: System> {
    journal: &'a Journal<S>,
    cells: &'a [Cell<S>],
    computed: &'a [usize],
    stimulus: EventNumber,
}

impl<'a, S: System> Effects<'a, S> {
    /// The number that the stimulus was given.
    pub fn stimulus(&self) -> EventNumber {
        self.stimulus
    }

    /// The observations, in order.
    pub fn events(&self) -> impl Iterator<Item = &'a EventOf<S>> + Clone + use<'a, S> {
        self.journal.since(self.stimulus.get() as usize)
    }

    /// The keys that were computed, those that messages were routed to included, in order.
    pub fn keys(&self) -> Vec<&'a Key> {
        let mut keys: Vec<_> = self.computed.iter().map(|cell| &self.cells[*cell].key).collect();
        keys.sort_unstable();
        keys
    }

    /// The messages to send, in order. Those that are routed are among them: their receivers are keys, which have them
    /// already.
    pub fn sends(&self) -> impl Iterator<Item = &'a Sent<S::Out>> + Clone + use<'a, S> {
        self.events().filter_map(|event| match &event.what {
            What::Observation(Observation::Out(sent)) => Some(sent),
            _ => None,
        })
    }
}

impl<S: System> Engine<S> {
    /// An engine with an empty journal.
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
            spare: None,
        }
    }

    /// Journals a stimulus, brings every key that it concerns up to date, and gives all that it caused.
    ///
    /// Whatever the engine has no part in (`deliver`, `drop`, `timer`, most faults of nodes) is journaled, and that is all. A
    /// `restart` and a `deploy` are of the process that the engine is in: all but its journal is lost.
    pub fn take(&mut self, at: Option<At>, stimulus: Stimulus<S::In, S::View>) -> Effects<'_, S> {
        let number = self.journal.push(at, None, What::Stimulus(stimulus));
        if let Some(spare) = &mut self.spare {
            spare.cells.clear();
        }
        match self.journal.get(number).map(|event| &event.what) {
            Some(What::Stimulus(Stimulus::In(_))) => self.receive(number),
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
        Effects { journal: &self.journal, cells: &self.cells, computed, stimulus: number }
    }

    /// Journals that a receiver has a revision of an output; whether that output was ever sent.
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

    /// The outputs that their receivers are not known to have, to be sent again after a restart; in the order in which
    /// they were sent.
    pub fn unsettled(&self) -> impl Iterator<Item = &Sent<S::Out>> {
        self.unsettled_events().map(|event| self.journal.sent(event))
    }

    /// The numbers of the events in which these were sent.
    pub fn unsettled_events(&self) -> impl Iterator<Item = EventNumber> + use<S> {
        let unsettled = self.outbox.sendings().filter(|sending| !sending.settled);
        let mut events: Vec<_> = unsettled.map(|sending| sending.event).collect();
        events.sort_unstable();
        events.into_iter()
    }

    /// Everything that happened.
    pub fn journal(&self) -> &Journal<S> {
        &self.journal
    }

    /// The system.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// How the engine works.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Which flows are on for which key.
    pub fn flows(&self) -> &FlowTable {
        &self.flows
    }

    /// The keys of which anything is known, in order.
    pub fn keys(&self) -> Vec<&Key> {
        let mut keys: Vec<_> = self.cells.iter().filter(|cell| cell.is_known()).map(|cell| &cell.key).collect();
        keys.sort_unstable();
        keys
    }

    /// The state that is carried for a key, where there is one.
    pub fn state(&self, key: &Key) -> Option<&S::State> {
        match &self.cells[self.cell_number(key)?].carried {
            Carried::State(state) => Some(state),
            Carried::NotDerivable | Carried::Quarantined(_) => None,
        }
    }

    /// The view of a key, where it has a state.
    pub fn view(&self, key: &Key) -> Option<S::View> {
        Some(self.system.view(key, self.state(key)?))
    }

    /// What a key said when it panicked, where it is set apart.
    pub fn quarantined(&self, key: &Key) -> Option<&str> {
        match &self.cells[self.cell_number(key)?].carried {
            Carried::Quarantined(why) => Some(why),
            Carried::State(_) | Carried::NotDerivable => None,
        }
    }

    /// The state of a key, folded from the first message of its journal: what is carried should be this.
    pub fn recompute(&self, key: &Key) -> Option<S::State> {
        self.cells[self.cell_number(key)?].fold(&self.context(key))
    }

    /// What should be in the slots of a key now, all of them computed from the carried state; nothing where that is not
    /// known. What was sent last should be this.
    pub fn outputs(&self, key: &Key) -> Option<BTreeMap<Slot, S::Out>> {
        self.cells[self.cell_number(key)?].outputs(&self.context(key))
    }

    /// The last output of a slot of a key.
    pub fn slot(&self, key: &Key, slot: &Slot) -> Option<&Sent<S::Out>> {
        let sending = self.outbox.get(&self.journal, key, slot)?;
        Some(self.journal.sent(sending.event))
    }

    /// Whether the last output of a slot of a key is a message to other keys: these have it already.
    pub fn is_routed(&self, key: &Key, slot: &Slot) -> bool {
        self.outbox.get(&self.journal, key, slot).is_some_and(|sending| sending.routed)
    }

    /// The last output of each slot of a key, in the order of the slots; those that were withdrawn have no body.
    pub fn slots(&self, key: &Key) -> impl Iterator<Item = (&Slot, &Sent<S::Out>)> {
        let slots = self.cell_number(key).map(|number| &self.cells[number].slots);
        let sent = slots.into_iter().flatten().map(|number| self.journal.sent(self.outbox.sending(*number).event));
        let mut sent: Vec<_> = sent.map(|sent| (&sent.slot, sent)).collect();
        sent.sort_unstable_by_key(|(slot, _)| *slot);
        sent.into_iter()
    }

    pub(crate) fn sources(&self) -> Sources<'_, S> {
        Sources { journal: &self.journal, routed: &self.routed }
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

    /// The number of the cell of `key`, which is made if there is none.
    pub(crate) fn cell(&mut self, key: &Key) -> usize {
        if let Some(number) = self.cell_number(key) {
            return number;
        }
        let mut cell = Cell::new(key.clone());
        let context = self.context(key);
        // A key on which this panics has no state, and panics again when it is computed; then it is set apart.
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
