//! The host of a service: a state machine over an engine that decides when a message is acknowledged, an output is
//! sent, and a knob is turned.
//!
//! A host does no I/O. A driver tells it what happened ([`offer`](Host::offer), [`stored`](Host::stored),
//! [`acknowledged`](Host::acknowledged) and so on), and then carries out the [`Action`]s that it asks for, in their
//! order. The driver of the simulated service and that of a service in production drive the same host.
//!
//! ```text
//!                 offer, show, ask, confirm          stored, storage_failed
//!       clients ───────────────────────────► host ◄─────────────────────────── storage
//!               ◄─────────────────────────── engine ──────────────────────────►
//!                        Answer                │  ▲            Store
//!                                         Send │  │ acknowledged, failed
//!                                              ▼  │
//!                                            receivers
//! ```
//!
//! The host promises, whatever the driver does:
//!
//! * **Nothing is told that could be lost.** A message is acknowledged, an output is sent, and a state is shown only
//!   when all events on which that depends are durable.
//! * **Nothing is forgotten.** An output is sent until its receiver has it, also after a restart.
//! * **Nothing overtakes.** At any time, at most one output of a slot is on its way, as far as is known, and an older
//!   one is never sent after a newer one. A receiver that is down holds up no other receiver.
//! * **Nothing is done that was not shown.** A confirmed knob is turned only if it still does what its plan says.

mod deliveries;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::ops::Range;

use self::deliveries::Deliveries;
pub use self::deliveries::{Backlog, Retries};
use crate::engine::{Engine, Options};
use crate::journal::EventOf;
use crate::knob::{Knob, Plan};
use crate::message::{Message, SlotId};
use crate::name::Name;
use crate::receive::Receipt;
use crate::restart::OutOfSequence;
use crate::system::System;
use crate::trace::{At, EventNumber, Observation, Stimulus, Unreadable, What};

/// The limits of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of events that may wait to become durable. While there are more, messages and knobs are refused.
    pub waiting_max: usize,
    /// The number of plans that are kept to be confirmed. The oldest is forgotten first.
    pub plans_max: usize,
    /// How outputs are sent, and sent again.
    pub retries: Retries,
}

impl Default for Limits {
    fn default() -> Self {
        Self { waiting_max: 65_536, plans_max: 64, retries: Retries::default() }
    }
}

/// Something that the driver of a host has to do. `T` is the driver's own note of whom to answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<T, O> {
    /// Store these events of the journal, counted from 0, in one batch after all batches before it. Then call
    /// [`Host::stored`] with the end of the range or, if the batch may not be durable, [`Host::storage_failed`].
    ///
    /// The next batch is asked for when this one is stored. It holds all events that come in between.
    Store(Range<usize>),
    /// Give this answer.
    Answer(T, Answer<O>),
    /// Send the output of this event to its receiver. Then call [`Host::acknowledged`] or [`Host::failed`].
    Send(EventNumber),
    /// Call [`Host::timer`] with this timer, after this many nanoseconds or somewhat later.
    SetTimer {
        /// The number of nanoseconds.
        after: u64,
        /// The timer.
        timer: Timer,
    },
}

/// A timer of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer(u32);

/// The answer to somebody who offered a message, asked for a plan, confirmed one, or reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<O> {
    /// The message is durable, as this event.
    Received(EventNumber, Receipt),
    /// What was read when [`Host::show`] was called is durable, and may be shown.
    Shown,
    /// The effects that the knob would have. It may be confirmed.
    Planned(Box<Plan<O>>),
    /// The knob was turned, as this event. It had the effects that its plan said.
    Turned(EventNumber),
    /// The knob was not turned, because it would have other effects now than when its plan was shown.
    Changed {
        /// The plan that was shown.
        shown: Box<Plan<O>>,
        /// The plan as it would be now.
        now: Box<Plan<O>>,
    },
    /// The knob was not turned, because no plan has this name. It was turned already, or the host has forgotten it.
    NotPlanned,
    /// Too many events wait to become durable. Nothing was journaled; try again later.
    Busy,
    /// The storage failed. It is not known whether this is durable. Try again later, with the same ids.
    StorageFailed,
}

/// A host: runs an engine, and decides what may be told, sent and done.
///
/// `T` is what the driver keeps about each answer that is due, such as a channel.
pub struct Host<S: System, T> {
    engine: Engine<S>,
    limits: Limits,
    /// The number of events that are durable.
    durable: usize,
    /// True while a batch is being stored.
    is_storing: bool,
    /// True after the storage has failed.
    is_stopped: bool,
    /// Answers, each with the number of events that must be durable before it is given, in ascending order.
    due: VecDeque<(usize, T, Answer<S::Out>)>,
    deliveries: Deliveries,
    /// The knobs that can be confirmed, each with the name and the content of its plan; the oldest first.
    plans: VecDeque<(Name, Knob, Plan<S::Out>)>,
    actions: VecDeque<Action<T, S::Out>>,
}

impl<S: System, T> Host<S, T> {
    /// Builds a host with an empty journal.
    pub fn new(system: S, options: Options, limits: Limits) -> Self {
        Self::over(Engine::new(system, options), limits, 0)
    }

    /// Builds a host that continues from the stored events of a journal.
    ///
    /// `restart` is called after the last stored event. It returns the stimulus that the host journals first:
    /// [`Fault::Restart`](crate::Fault::Restart) or, if other code runs than before,
    /// [`Fault::Deploy`](crate::Fault::Deploy). All outputs that are not settled are sent again.
    ///
    /// # Errors
    ///
    /// Returns [`OutOfSequence`] if the stored events are not numbered 1, 2, 3 and so on.
    pub fn restart(
        system: S,
        options: Options,
        limits: Limits,
        stored: impl IntoIterator<Item = EventOf<S>>,
        at: Option<At>,
        restart: impl FnOnce() -> Stimulus<S::In, S::View>,
    ) -> Result<Self, OutOfSequence> {
        let mut durable = 0;
        let mut restart = Some(restart);
        let mut stored = stored.into_iter();
        // The restart is the last event of the journal that the engine loads, so every state is folded only once.
        let events = core::iter::from_fn(|| match stored.next() {
            Some(event) => {
                durable += 1;
                Some(event)
            }
            None => restart.take().map(|restart| {
                let number = EventNumber::MIN.saturating_add(durable as u32);
                EventOf::<S> { number, cause: None, at, what: What::Stimulus(restart()) }
            }),
        });
        let engine = Engine::restart(system, options, events)?;
        let mut host = Self::over(engine, limits, durable);
        for output in host.engine.unsettled_events().filter(|output| output.get() as usize <= durable) {
            host.deliveries.add(&host.engine, output, &mut host.actions);
        }
        Ok(host)
    }

    fn over(engine: Engine<S>, limits: Limits, durable: usize) -> Self {
        Self {
            engine,
            limits,
            durable,
            is_storing: false,
            is_stopped: false,
            due: VecDeque::new(),
            deliveries: Deliveries::new(limits.retries),
            plans: VecDeque::new(),
            actions: VecDeque::new(),
        }
    }

    /// The next thing to do; `None` if there is nothing.
    ///
    /// A batch is asked for last, so that it holds everything that came before the driver asked.
    pub fn action(&mut self) -> Option<Action<T, S::Out>> {
        self.actions.pop_front().or_else(|| self.store())
    }

    /// The engine. It is ahead of the storage: to show something of it, call [`show`](Self::show).
    pub fn engine(&self) -> &Engine<S> {
        &self.engine
    }

    /// The number of events that are durable.
    pub fn durable(&self) -> usize {
        self.durable
    }

    /// What is not settled, by receiver, in the order of their names.
    pub fn backlog(&self) -> impl Iterator<Item = Backlog<'_>> {
        self.deliveries.backlog()
    }

    /// Takes a message. The answer is [`Answer::Received`], or says why not.
    pub fn offer(&mut self, ticket: T, at: Option<At>, message: Message<S::In>) {
        let Some(ticket) = self.admits(ticket) else { return };
        let effects = self.engine.take(at, Stimulus::In(message));
        let receipt = effects.receipt().unwrap_or(Receipt::Rejected);
        let received = Answer::Received(effects.stimulus(), receipt);
        self.answer(ticket, received);
    }

    /// Takes a message whose body the system cannot read. It is journaled, and the answer says that it is rejected.
    pub fn offer_unreadable(&mut self, ticket: T, at: Option<At>, message: Unreadable) {
        let Some(ticket) = self.admits(ticket) else { return };
        let number = self.engine.take(at, Stimulus::Unreadable(Box::new(message))).stimulus();
        self.answer(ticket, Answer::Received(number, Receipt::Rejected));
    }

    /// Takes another stimulus, such as a fault. Nobody is answered.
    pub fn take(&mut self, at: Option<At>, stimulus: Stimulus<S::In, S::View>) {
        if !self.is_stopped {
            self.engine.take(at, stimulus);
        }
    }

    /// Answers with [`Answer::Shown`] as soon as everything that can now be read from the engine is durable.
    pub fn show(&mut self, ticket: T) {
        if self.is_stopped {
            return self.actions.push_back(Action::Answer(ticket, Answer::StorageFailed));
        }
        self.answer(ticket, Answer::Shown);
    }

    /// Plans a knob. The answer is [`Answer::Planned`]; the plan can then be confirmed under the name `plan`.
    ///
    /// An earlier plan of that name is replaced.
    pub fn ask(&mut self, ticket: T, plan: Name, knob: Knob) {
        let Some(ticket) = self.admits(ticket) else { return };
        let planned = self.engine.plan(&knob);
        self.plans.retain(|(name, ..)| *name != plan);
        self.plans.push_back((plan, knob, planned.clone()));
        if self.plans.len() > self.limits.plans_max {
            self.plans.pop_front();
        }
        self.answer(ticket, Answer::Planned(Box::new(planned)));
    }

    /// Turns a planned knob, if it would still do just what its plan says. The plan is used up.
    ///
    /// If `by` is not the operator who asked for the plan, the journal names both. The answer is [`Answer::Turned`], or
    /// says why not.
    pub fn confirm(&mut self, ticket: T, at: Option<At>, plan: &Name, by: Option<Name>) {
        let Some(ticket) = self.admits(ticket) else { return };
        let place = self.plans.iter().position(|(name, ..)| name == plan);
        let Some((_, mut knob, shown)) = place.and_then(|place| self.plans.remove(place)) else {
            return self.answer(ticket, Answer::NotPlanned);
        };
        let now = self.engine.plan(&knob);
        if !now.does_as(&shown) {
            return self.answer(ticket, Answer::Changed { shown: Box::new(shown), now: Box::new(now) });
        }
        by.into_iter().for_each(|by| knob.confirmed_by(&by));
        let turned = self.engine.take(at, Stimulus::Knob(Box::new(knob))).stimulus();
        self.answer(ticket, Answer::Turned(turned));
    }

    /// The storage has made the first `events` events of the journal durable.
    pub fn stored(&mut self, events: usize) {
        if self.is_stopped {
            return;
        }
        let before = self.durable;
        self.durable = events.clamp(before, self.engine.journal().len());
        self.is_storing = false;
        for event in self.engine.journal().since(before).take(self.durable - before) {
            if let What::Observation(Observation::Out(_)) = event.what {
                self.deliveries.add(&self.engine, event.number, &mut self.actions);
            }
        }
        self.give();
    }

    /// The storage has failed, and a batch may not be durable.
    ///
    /// Whoever waits is told so, and the host stops: it refuses everything, and asks for nothing. Read what is durable,
    /// and [`restart`](Self::restart) from that.
    pub fn storage_failed(&mut self) {
        self.is_stopped = true;
        // Answers that are given already stay true: all that they depend on is durable.
        self.actions.retain(|action| matches!(action, Action::Answer(..)));
        self.plans.clear();
        let due = self.due.drain(..);
        self.actions.extend(due.map(|(_, ticket, _)| Action::Answer(ticket, Answer::StorageFailed)));
    }

    /// The receiver of the output of this event has it. This is journaled.
    pub fn acknowledged(&mut self, at: Option<At>, output: EventNumber) {
        if self.is_stopped || !self.deliveries.arrived(&self.engine, output, &mut self.actions) {
            return;
        }
        let journal = self.engine.journal();
        let sent = journal.sent(output);
        let newest = self.engine.outbox.get(journal, &sent.key, &sent.slot);
        // The newest sending may have the same revision, if an operator asked for it. Then only its own arrival counts.
        if newest.is_some_and(|newest| newest.event == output || journal.sent(newest.event).revision != sent.revision) {
            let (id, revision) = (SlotId { key: sent.key.clone(), slot: sent.slot.clone() }, sent.revision);
            self.engine.settle(at, &id, revision);
        }
    }

    /// The output of this event could not be sent, or its receiver did not say that it has it. It is sent again later,
    /// unless a newer output of its slot takes its place.
    pub fn failed(&mut self, output: EventNumber) {
        if !self.is_stopped {
            self.deliveries.failed(&self.engine, output, &mut self.actions);
        }
    }

    /// A timer went off.
    pub fn timer(&mut self, Timer(receiver): Timer) {
        if !self.is_stopped {
            self.deliveries.retry::<S, T>(receiver, &mut self.actions);
        }
    }

    /// Returns the ticket if something more can be journaled. Otherwise says why not.
    fn admits(&mut self, ticket: T) -> Option<T> {
        let refused = if self.is_stopped {
            Answer::StorageFailed
        } else if self.engine.journal().len() - self.durable > self.limits.waiting_max {
            Answer::Busy
        } else {
            return Some(ticket);
        };
        self.actions.push_back(Action::Answer(ticket, refused));
        None
    }

    /// Gives an answer as soon as all events of the journal are durable.
    fn answer(&mut self, ticket: T, answer: Answer<S::Out>) {
        self.due.push_back((self.engine.journal().len(), ticket, answer));
        self.give();
    }

    /// Gives all answers for which enough is durable.
    fn give(&mut self) {
        while self.due.front().is_some_and(|(events, ..)| *events <= self.durable) {
            let Some((_, ticket, answer)) = self.due.pop_front() else { break };
            self.actions.push_back(Action::Answer(ticket, answer));
        }
    }

    /// Asks for a batch of all events that are not durable, unless one is being stored.
    fn store(&mut self) -> Option<Action<T, S::Out>> {
        let events = self.engine.journal().len();
        if self.is_stopped || self.is_storing || self.durable == events {
            return None;
        }
        self.is_storing = true;
        Some(Action::Store(self.durable..events))
    }
}
