//! The host node of a simulated service: drives a [`Host`](host::Host) with the storage and the network of a world.
//!
//! What is safe to tell, to send and to do is decided by the host, which is the one that services in production run.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::host::{Action, Answer, Limits, Retries, Timer};
use afresh_core::{
    At, Engine, Event, EventNumber, Fault, Knob, Message, Name, Observation, Options, Policy, Sent, SlotId, Stimulus,
    System, What, host,
};
use afresh_trace::format::EventOf;

use super::{Alarm, Bug, DOWNSTREAM, Given, Kept, MS, Mail, NODE, Party, RETRY, Record, UPSTREAM};
use crate::world::Effects;

/// The events that the host writes to storage together: a batch that is there as a whole, or not at all.
pub(super) type Journaled<S> = Vec<EventOf<S>>;

/// The time from asking the storage for a batch until it syncs, in nanoseconds. What comes in between is in the next
/// batch.
const COMMIT: i64 = 5 * MS;

/// The options of the engine, which are those that a production system would use.
const OPTIONS: Options = Options { policy: Policy::Incremental, complete: true, views: false, rounds_max: 1000, guard };

const LIMITS: Limits = Limits {
    waiting_max: 64,
    plans_max: 8,
    retries: Retries { under_way_max: 4, first: 50 * MS as u64, longest: 1600 * MS as u64 },
};

/// The number of plans after which an operator gives up because each differs from what the knob would then do.
///
/// That never ends if the system does not compute the same again.
const LOOKS_MAX: u32 = 100;

/// Whom an answer of the host is for.
pub(super) enum Ticket {
    /// Upstream, which has sent the message with this index.
    Message(u32),
    /// The operator who wants this knob to be turned. The plan has this name, and is the operator's n-th for the knob.
    Operator(Name, Knob, u32),
}

/// The node of a simulated service that runs the host.
pub(crate) struct HostNode<S: System> {
    pub(super) given: Arc<Given<S>>,
    host: host::Host<S, Ticket>,
    /// The number of events up to the end of the batch that the storage was asked for last.
    batch: usize,
    /// The outputs that were sent, each with a timer that ends the wait for its confirmation.
    sent: VecDeque<EventNumber>,
    /// The number of plans that operators have asked for.
    plans: u32,
}

impl<S: Subject> HostNode<S> {
    pub(super) fn new(given: Arc<Given<S>>) -> Self {
        let host = host::Host::new(given.system.clone(), options(&given), LIMITS);
        Self { given, host, batch: 0, sent: VecDeque::new(), plans: 0 }
    }

    /// The engine, which has the journal.
    pub(crate) fn engine(&self) -> &Engine<S> {
        self.host.engine()
    }

    /// Takes a message from upstream.
    pub(super) fn receive(&mut self, index: u32, message: &Message<S::In>, effects: &mut Effects<Party<S>>) {
        if self.given.ahead.is_some() {
            self.tell(&Stimulus::In(message.clone()), effects);
        }
        self.host.offer(Ticket::Message(index), at(effects), message.clone());
        self.untell();
        self.act(effects);
    }

    /// Opens the keys of a window, except for those that the journal has opened: they are the first in it.
    pub(super) fn open(&mut self, effects: &mut Effects<Party<S>>) {
        let is_opening = |event: &&EventOf<S>| matches!(event.what, What::Stimulus(Stimulus::Opening(_)));
        let opened = self.engine().journal().events().filter(is_opening).count();
        let given = Arc::clone(&self.given);
        for opening in given.window.iter().flatten().skip(opened) {
            self.take(Stimulus::Opening(Box::new(opening.clone())), effects);
        }
    }

    /// Takes damage to a cache, or a deploy.
    pub(super) fn suffer(&mut self, fault: Fault, effects: &mut Effects<Party<S>>) {
        self.take(Stimulus::Fault(Box::new(fault)), effects);
    }

    fn take(&mut self, stimulus: Stimulus<S::In, S::View>, effects: &mut Effects<Party<S>>) {
        self.tell(&stimulus, effects);
        self.host.take(at(effects), stimulus);
        self.act(effects);
    }

    /// Lets an operator look at what a knob would do, and confirm it.
    pub(super) fn turn(&mut self, knob: Knob, effects: &mut Effects<Party<S>>) {
        self.look(knob, 1, effects);
    }

    fn look(&mut self, knob: Knob, looks: u32, effects: &mut Effects<Party<S>>) {
        self.plans += 1;
        let plan = Name::from(format!("plan-{}", self.plans));
        self.tell(&Stimulus::Knob(Box::new(knob.clone())), effects);
        self.host.ask(Ticket::Operator(plan.clone(), knob.clone(), looks), plan, knob);
        self.untell();
        self.act(effects);
    }

    /// Notes that downstream has an output.
    pub(super) fn settle(&mut self, event: EventNumber, effects: &mut Effects<Party<S>>) {
        self.host.acknowledged(at(effects), event);
        self.act(effects);
    }

    /// Notes that downstream has had long enough to say that it has the output that was sent the longest time ago.
    pub(super) fn late(&mut self, effects: &mut Effects<Party<S>>) {
        if let Some(event) = self.sent.pop_front() {
            self.host.failed(event);
            self.act(effects);
        }
    }

    /// Passes on a timer of the host.
    pub(super) fn timer(&mut self, timer: Timer, effects: &mut Effects<Party<S>>) {
        self.host.timer(timer);
        self.act(effects);
    }

    /// Makes a batch durable.
    pub(super) fn commit(&mut self, effects: &mut Effects<Party<S>>) {
        if effects.sync().is_err() {
            return self.stop(effects);
        }
        self.host.stored(self.batch);
        self.act(effects);
    }

    /// Stops the node, because its storage fails. It later restarts from the records that are there.
    fn stop(&mut self, effects: &mut Effects<Party<S>>) {
        self.host.storage_failed();
        effects.stop();
    }

    /// Carries out what the host asks for.
    fn act(&mut self, effects: &mut Effects<Party<S>>) {
        while let Some(action) = self.host.action() {
            self.carry_out(action, effects);
        }
    }

    fn carry_out(&mut self, action: Action<Ticket, S::Out>, effects: &mut Effects<Party<S>>) {
        match action {
            Action::Store(events) => {
                let batch = self.engine().journal().since(events.start).take(events.len()).cloned().collect();
                if effects.write(Record(Kept::Journaled(batch))).is_err() {
                    return self.stop(effects);
                }
                self.batch = events.end;
                effects.set_timer(COMMIT, Alarm::Commit);
                if self.has(Bug::AcknowledgesEarly) {
                    self.host.stored(events.end);
                }
            }
            Action::Answer(ticket, answer) => self.answer(ticket, answer, effects),
            Action::Send(event) => {
                self.send(event, effects);
                if self.has(Bug::SettlesEarly) {
                    self.host.acknowledged(at(effects), event);
                }
            }
            Action::SetTimer { after, timer } => effects.set_timer(after as i64, Alarm::Host(timer)),
        }
    }

    /// Gives an answer of the host to whom it is for.
    fn answer(&mut self, ticket: Ticket, answer: Answer<S::Out>, effects: &mut Effects<Party<S>>) {
        match (ticket, answer) {
            (Ticket::Message(message), Answer::Received(..)) => effects.send(UPSTREAM, Mail::Acknowledge(message)),
            (Ticket::Operator(plan, knob, looks), Answer::Planned(_)) => {
                self.tell(&Stimulus::Knob(Box::new(knob.clone())), effects);
                self.host.confirm(Ticket::Operator(plan.clone(), knob, looks), at(effects), &plan, None);
                self.untell();
            }
            // The operator looks again.
            (Ticket::Operator(_, knob, looks), Answer::Changed { .. }) if looks < LOOKS_MAX => {
                self.look(knob, looks + 1, effects);
            }
            _ => {}
        }
    }

    /// Sends an output downstream, and sets the timer after which it counts as lost.
    fn send(&mut self, event: EventNumber, effects: &mut Effects<Party<S>>) {
        let Some(Event { what: What::Observation(Observation::Out(sent)), .. }) = self.engine().journal().get(event)
        else {
            return;
        };
        let Sent { key, slot, revision, .. } = sent;
        let id = SlotId { key: key.clone(), slot: slot.clone() };
        effects.send(DOWNSTREAM, Mail::Output { event, id, revision: *revision });
        effects.set_timer(RETRY, Alarm::Late);
        self.sent.push_back(event);
    }

    /// Restarts the host from its journal.
    pub(super) fn restart<'r>(&mut self, records: impl Iterator<Item = &'r Kept<S>>, effects: &mut Effects<Party<S>>)
    where
        S: 'r,
    {
        let journaled = records.filter_map(|record| match record {
            Kept::Journaled(events) => Some(events),
            _ => None,
        });
        let journaled: Vec<_> = journaled.flatten().cloned().collect();
        let restart = Stimulus::Fault(Box::new(Fault::Restart { node: NODE.into() }));
        if let Some(ahead) = &self.given.ahead {
            ahead.begin();
            let stimuli = journaled.iter().filter(|event| matches!(event.what, What::Stimulus(_)));
            stimuli.for_each(|event| ahead.tell(event));
            let number = EventNumber::MIN.saturating_add(journaled.len() as u32);
            ahead.tell(&EventOf::<S> { number, cause: None, at: at(effects), what: What::Stimulus(restart.clone()) });
        }
        let system = deployed(&self.given.system, &journaled);
        // This cannot fail: a crash only removes whole records from the end, so the event numbers have no gaps.
        if let Ok(host) = host::Host::restart(system, options(&self.given), LIMITS, journaled, at(effects), || restart)
        {
            self.host = host;
        }
        if self.has(Bug::ForgetsUnsettled) {
            let actions: Vec<_> = std::iter::from_fn(|| self.host.action()).collect();
            let others = actions.into_iter().filter(|action| !matches!(action, Action::Send(_)));
            others.for_each(|action| self.carry_out(action, effects));
        }
        self.open(effects);
        self.act(effects);
    }

    fn has(&self, bug: Bug) -> bool {
        self.given.bug == Some(bug)
    }

    /// Writes a stimulus ahead of the host taking it, for a run that hangs or ends the process there.
    fn tell(&self, stimulus: &Stimulus<S::In, S::View>, effects: &Effects<Party<S>>) {
        if let Some(ahead) = &self.given.ahead {
            let number = EventNumber::MIN.saturating_add(self.engine().journal().len() as u32);
            ahead.tell(&EventOf::<S> { number, cause: None, at: at(effects), what: What::Stimulus(stimulus.clone()) });
        }
    }

    /// Writes all stimuli anew that the host has taken, because it may not have taken the last one that was told.
    fn untell(&self) {
        if let Some(ahead) = &self.given.ahead {
            ahead.begin();
            let stimuli = self.engine().journal().events().filter(|event| matches!(event.what, What::Stimulus(_)));
            stimuli.for_each(|event| ahead.tell(event));
        }
    }
}

impl<S: Subject> fmt::Display for HostNode<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.engine().journal().len();
        writeln!(f, "{events} events, the first {} of them durable", self.host.durable())?;
        for Sent { key, slot, revision, .. } in self.engine().unsettled() {
            writeln!(f, "not settled: {key}/{slot} r{revision}")?;
        }
        Ok(())
    }
}

/// The options of the engine of a host.
fn options<S: System>(given: &Given<S>) -> Options {
    Options { complete: given.window.is_none(), ..OPTIONS }
}

/// Returns the version of `system` that was deployed last, according to the journal.
fn deployed<S: Subject>(system: &S, journaled: &[EventOf<S>]) -> S {
    let deploys = journaled.iter().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::Fault(fault)) => match &**fault {
            Fault::Deploy { system, .. } => Some(system),
            _ => None,
        },
        _ => None,
    });
    deploys.fold(system.clone(), |system, name| system.variant(name).unwrap_or(system))
}

/// Returns the time on the clock of the host, in the form that the journal uses.
fn at<S: Subject>(effects: &Effects<Party<S>>) -> Option<At> {
    Some(At::Offset(effects.now()))
}
