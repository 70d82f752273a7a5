//! Deliveries: which outputs are on their way to their receivers, and which wait.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::{Action, Timer};
use crate::engine::Engine;
use crate::name::Name;
use crate::outbox::SlotNumber;
use crate::system::{System, Types};
use crate::trace::{EventNumber, Observation, What};

/// How outputs are sent, and sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The number of outputs that may be on their way to one receiver at the same time.
    ///
    /// While a receiver fails, it is one: the first that it takes shows that the receiver is back.
    pub under_way_max: usize,
    /// The time after the first failure of a receiver until it is tried again, in nanoseconds. It doubles with each
    /// further failure.
    pub first: u64,
    /// The longest such time, in nanoseconds.
    pub longest: u64,
}

impl Default for Retries {
    /// Up to 64 outputs on their way, and a pause of 0.2 s to 60 s.
    fn default() -> Self {
        Self { under_way_max: 64, first: 200_000_000, longest: 60_000_000_000 }
    }
}

impl Retries {
    /// The pause after this many failures in a row, in nanoseconds.
    fn pause(&self, failures: u32) -> u64 {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

/// What a receiver does not have yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog<'a> {
    /// The receiver.
    pub receiver: &'a Name,
    /// The number of its slots whose output is on its way.
    pub under_way: usize,
    /// The number of its other slots with an output that it does not have.
    pub waiting: usize,
    /// The number of times in a row that it failed.
    pub failures: u32,
}

/// The outputs that are not settled, by slot and by receiver.
pub(super) struct Deliveries {
    retries: Retries,
    lanes: BTreeMap<SlotNumber, Lane>,
    by_name: BTreeMap<Name, u32>,
    receivers: Vec<Receiver>,
}

/// The outputs of one slot that are not settled: one on its way, and the newest one that waits.
///
/// An output between the two is not sent any more, because the newest one says all.
#[derive(Clone, Copy, Default)]
struct Lane {
    under_way: Option<Output>,
    next: Option<Output>,
}

/// An output, by its event, and the index of its receiver. The receiver of a slot may change from output to output.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Output {
    event: EventNumber,
    receiver: u32,
}

/// A receiver, and the slots whose outputs it waits for.
#[derive(Default)]
struct Receiver {
    /// The slots whose next output can be sent, in the order in which they are served. Some may have none any more.
    queue: VecDeque<SlotNumber>,
    under_way: usize,
    /// The number of failures in a row.
    failures: u32,
    /// True until the timer goes off that ends the pause after a failure.
    pauses: bool,
}

type Actions<S, T> = VecDeque<Action<T, <S as Types>::Out>>;

impl Deliveries {
    pub(super) fn new(retries: Retries) -> Self {
        Self { retries, lanes: BTreeMap::new(), by_name: BTreeMap::new(), receivers: Vec::new() }
    }

    /// Adds an output that is durable, unless its receivers are keys of the same system, which have it. It takes the
    /// place of an older one of its slot that waits.
    pub(super) fn add<S: System, T>(&mut self, engine: &Engine<S>, event: EventNumber, actions: &mut Actions<S, T>) {
        let Some(slot) = slot_of(engine, event).filter(|slot| !engine.outbox.sending(*slot).routed) else { return };
        let receiver = self.receiver(&engine.journal().sent(event).to);
        let lane = self.lanes.entry(slot).or_default();
        let before = lane.next.replace(Output { event, receiver });
        if before.is_none_or(|before| before.receiver != receiver) {
            self.receivers[receiver as usize].queue.push_back(slot);
        }
        self.send::<S, T>(receiver, actions);
    }

    /// Notes that the receiver has an output. Returns false if that was known already.
    pub(super) fn arrived<S: System, T>(
        &mut self,
        engine: &Engine<S>,
        event: EventNumber,
        actions: &mut Actions<S, T>,
    ) -> bool {
        let Some(slot) = slot_of(engine, event) else { return false };
        let Some(lane) = self.lanes.get_mut(&slot) else { return false };
        if let Some(output) = lane.under_way.take_if(|output| output.event == event) {
            let receiver = &mut self.receivers[output.receiver as usize];
            receiver.under_way -= 1;
            receiver.failures = 0;
            self.go_on::<S, T>(slot, output, actions);
            return true;
        }
        // It had counted as failed, and would have been sent again.
        let was_next = lane.next.take_if(|output| output.event == event).is_some();
        if lane.under_way.is_none() && lane.next.is_none() {
            self.lanes.remove(&slot);
        }
        was_next
    }

    /// Notes that an output did not arrive, as far as is known.
    pub(super) fn failed<S: System, T>(&mut self, engine: &Engine<S>, event: EventNumber, actions: &mut Actions<S, T>) {
        let Some(slot) = slot_of(engine, event) else { return };
        let Some(lane) = self.lanes.get_mut(&slot) else { return };
        let Some(output) = lane.under_way.take_if(|output| output.event == event) else { return };
        lane.next.get_or_insert(output);
        let receiver = &mut self.receivers[output.receiver as usize];
        receiver.under_way -= 1;
        if !receiver.pauses {
            receiver.pauses = true;
            receiver.failures = receiver.failures.saturating_add(1);
            let after = self.retries.pause(receiver.failures);
            actions.push_back(Action::SetTimer { after, timer: Timer(output.receiver) });
        }
        self.go_on::<S, T>(slot, output, actions);
    }

    /// Ends the pause of a receiver after a failure.
    pub(super) fn retry<S: System, T>(&mut self, receiver: u32, actions: &mut Actions<S, T>) {
        if let Some(pausing) = self.receivers.get_mut(receiver as usize) {
            pausing.pauses = false;
            self.send::<S, T>(receiver, actions);
        }
    }

    /// What is not settled, by receiver, in the order of their names.
    pub(super) fn backlog(&self) -> impl Iterator<Item = Backlog<'_>> {
        let mut waiting = alloc::vec![0; self.receivers.len()];
        for Lane { under_way, next } in self.lanes.values() {
            let is_on_its_way = |next: &Output| under_way.is_some_and(|output| output.receiver == next.receiver);
            if let Some(next) = next.filter(|next| !is_on_its_way(next)) {
                waiting[next.receiver as usize] += 1;
            }
        }
        self.by_name.iter().map(move |(name, number)| {
            let Receiver { under_way, failures, .. } = self.receivers[*number as usize];
            Backlog { receiver: name, under_way, waiting: waiting[*number as usize], failures }
        })
    }

    /// The index of the receiver with this name.
    fn receiver(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.by_name.get(name) {
            return *number;
        }
        let number = self.receivers.len() as u32;
        self.receivers.push(Receiver::default());
        self.by_name.insert(name.clone(), number);
        number
    }

    /// Goes on with a slot after `output` of it was on its way.
    fn go_on<S: System, T>(&mut self, slot: SlotNumber, output: Output, actions: &mut Actions<S, T>) {
        match self.lanes.get(&slot).and_then(|lane| lane.next) {
            // A slot that failed is served after those that wait for its receiver: it may be the reason of the failure.
            Some(next) => self.receivers[next.receiver as usize].queue.push_back(slot),
            None => drop(self.lanes.remove(&slot)),
        }
        self.send::<S, T>(output.receiver, actions);
        if let Some(next) = self.lanes.get(&slot).and_then(|lane| lane.next) {
            self.send::<S, T>(next.receiver, actions);
        }
    }

    /// Sends as much to a receiver as may be on its way to it.
    fn send<S: System, T>(&mut self, number: u32, actions: &mut Actions<S, T>) {
        let receiver = &mut self.receivers[number as usize];
        let under_way_max = if receiver.failures > 0 { 1 } else { self.retries.under_way_max.max(1) };
        while !receiver.pauses && receiver.under_way < under_way_max {
            let Some(slot) = receiver.queue.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&slot).filter(|lane| lane.under_way.is_none()) else { continue };
            let Some(output) = lane.next.take_if(|next| next.receiver == number) else { continue };
            lane.under_way = Some(output);
            receiver.under_way += 1;
            actions.push_back(Action::Send(output.event));
        }
    }
}

/// The slot of an output; `None` if the event is no output.
fn slot_of<S: System>(engine: &Engine<S>, event: EventNumber) -> Option<SlotNumber> {
    let What::Observation(Observation::Out(sent)) = &engine.journal().get(event)?.what else { return None };
    engine.outbox.find(engine.journal(), &sent.key, &sent.slot)
}
