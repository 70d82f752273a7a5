//! One run of a service: what happens next is whatever is due first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use afresh_core::{
    At, Damage, Engine, EventNumber, FactId, Fault, Key, Knob, Observation, Options, Passage, Policy, Sent, SlotId,
    Stimulus, What,
};

use super::downstream::Downstream;
use super::rates::{MS, Rates};
use super::{Counts, Given, NODE, Ran, Tell};
use crate::format::EventOf;
use crate::host::guard;
use crate::rng::Rng;
use crate::subject::Subject;

/// The time between one message of the upstreams and the next.
const PACE: i64 = MS;

/// After this time what was not acknowledged is sent again.
const RETRY: i64 = 20 * MS;

/// How long a host is down at most.
const DOWN_MAX: i64 = 30 * MS;

/// How long the calm may take until everything has come to rest.
const CALM_MAX: i64 = 60_000 * MS;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// An upstream sends a message, unless it is acknowledged.
    Send(u32),
    /// The message arrives at the host.
    Arrive(u32),
    /// The acknowledgement of the message arrives at its upstream.
    Acknowledge(u32),
    /// A copy of an output arrives at its receiver.
    Deliver { output: EventNumber, copy: u32 },
    /// A copy of an output is lost on its way.
    Lose { output: EventNumber, copy: u32 },
    /// The word of a receiver that it has an output arrives at the host.
    Settle(EventNumber),
    /// The host sends again what is not settled.
    Resend,
    /// The host crashes, with the next message that it is sent or without any.
    Crash,
    /// The host starts again.
    Restart,
    /// A cache is damaged.
    Damage,
    /// An operator turns a knob.
    Turn,
    /// An operator turns a flow on for all keys.
    TurnOn(u32),
    /// All faults end.
    Calm,
}

/// When in the work on a message the host crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Before the message is durable: it never came.
    Early,
    /// When it is durable, and nothing was sent.
    Journaled,
    /// When all is sent, and nobody knows that it was.
    Sent,
}

/// A service under way.
pub(crate) struct Service<'g, S: Subject> {
    given: Given<'g, S>,
    rng: Rng,
    rates: Rates,
    now: i64,
    /// By the time and then in the order in which it was planned.
    due: BinaryHeap<Reverse<(i64, u32, Due)>>,
    planned: u32,
    engine: Engine<S>,
    is_up: bool,
    is_calm: bool,
    /// The host crashes in the work on the next message.
    crashes: Option<Moment>,
    /// Whether it is planned to send again.
    resends: bool,
    /// Which messages are acknowledged.
    acknowledged: Vec<bool>,
    /// How often each output was sent.
    copies: BTreeMap<EventNumber, u32>,
    /// How many outputs each receiver was sent.
    occurrences: BTreeMap<afresh_core::Name, u32>,
    causes: BTreeMap<EventNumber, EventNumber>,
    downstream: Downstream,
    counts: Counts,
}

impl<'g, S: Subject> Service<'g, S> {
    /// Runs a service until it has come to rest, or should have. What reaches the host is told before it is taken.
    pub(crate) fn run(given: Given<'g, S>, mut tell: Option<Tell<'_, S>>) -> Ran<S> {
        let mut rng = Rng::of_seed(given.seed);
        let rates = Rates::draw(&mut rng);
        let options = Options { policy: Policy::Incremental, guard, ..Options::default() };
        let engine = Engine::new(given.system.clone(), options);
        let messages = given.messages.len();
        let mut service = Self {
            rng,
            rates,
            now: 0,
            due: BinaryHeap::new(),
            planned: 0,
            engine,
            is_up: true,
            is_calm: false,
            crashes: None,
            resends: false,
            acknowledged: vec![false; messages],
            copies: BTreeMap::new(),
            occurrences: BTreeMap::new(),
            causes: BTreeMap::new(),
            downstream: Downstream::default(),
            counts: Counts { messages: messages as u64, ..Counts::default() },
            given,
        };
        let calm = service.plan_all();
        let mut restless = None;
        while let Some(Reverse((now, _, due))) = service.due.pop() {
            if now > calm + CALM_MAX {
                restless = Some(service.unrest());
                break;
            }
            service.now = now;
            service.happen(due, &mut tell);
        }
        if restless.is_none()
            && let Some((key, slot)) = service.downstream.behind(&service.engine)
        {
            let found = format!("an idempotent receiver does not hold the last revision of {key}/{slot}");
            restless = Some(("receiver", found));
        }
        (service.counts.delivered, service.counts.repeated) = service.downstream.counts();
        let Self { engine, causes, counts, .. } = service;
        Ran { engine, causes, restless, counts }
    }

    /// Plans what is known from the start; when the calm begins.
    fn plan_all(&mut self) -> i64 {
        for place in 0..self.given.flows.len() {
            if self.rng.below(2) == 0 {
                self.plan(0, Due::TurnOn(place as u32));
            }
        }
        let messages = self.given.messages.len() as u32;
        for message in 0..messages {
            self.plan(i64::from(message) * PACE, Due::Send(message));
        }
        let calm = i64::from(messages) * PACE + 3 * RETRY;
        let Rates { crashes, damages, turns, .. } = self.rates;
        for (times, due) in [(crashes, Due::Crash), (damages, Due::Damage), (turns, Due::Turn)] {
            for _ in 0..times {
                let after = self.rng.below(calm as u64) as i64;
                self.plan(after, due);
            }
        }
        self.plan(calm, Due::Calm);
        calm
    }

    fn plan(&mut self, after: i64, due: Due) {
        self.due.push(Reverse((self.now + after, self.planned, due)));
        self.planned += 1;
    }

    /// Plans what happens at the end of a way through the network, and perhaps twice; or `lost`, where that is what happens.
    fn pass(&mut self, due: Due, lost: Option<Due>) {
        let copies = if self.rng.in_a_million(self.rates.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let latency = 1 + self.rng.below(self.rates.latency_max as u64) as i64;
            if self.rng.in_a_million(self.rates.lost) {
                if let Some(lost) = lost {
                    self.plan(latency, lost);
                }
            } else {
                self.plan(latency, due);
            }
        }
    }

    fn happen(&mut self, due: Due, tell: &mut Option<Tell<'_, S>>) {
        match due {
            Due::Send(message) if self.acknowledged[message as usize] => {}
            Due::Send(message) => {
                self.pass(Due::Arrive(message), None);
                self.plan(RETRY, due);
            }
            Due::Arrive(message) => self.arrive(message, tell),
            Due::Acknowledge(message) => self.acknowledged[message as usize] = true,
            Due::Deliver { output, copy } => self.deliver(output, copy, tell),
            Due::Lose { output, copy } => {
                let passage = Box::new(self.passage(output, copy));
                self.pass_by(output, Stimulus::Drop(passage), tell);
            }
            Due::Settle(output) => {
                if let Some(sent) = self.sent(output).filter(|_| self.is_up) {
                    let (id, revision) = (SlotId { key: sent.key.clone(), slot: sent.slot.clone() }, sent.revision);
                    self.engine.settle(Some(At::Offset(self.now)), &id, revision);
                }
            }
            Due::Resend => {
                self.resends = false;
                if self.is_up {
                    self.send_unsettled();
                }
            }
            Due::Crash if self.is_up && !self.is_calm => {
                let moments = [None, Some(Moment::Early), Some(Moment::Journaled), Some(Moment::Sent)];
                self.crashes = moments[self.rng.place(moments.len())];
                if self.crashes.is_none() {
                    self.crash(tell);
                }
            }
            Due::Restart if !self.is_up => self.restart(tell),
            Due::Damage if self.is_up && !self.is_calm => self.damage(tell),
            Due::Turn if self.is_up && !self.is_calm => self.turn(tell),
            Due::TurnOn(flow) => {
                let flow = self.given.flows[flow as usize].clone();
                self.knob(
                    Knob::Migrate { flow, keys: None, on: true, by: "operator".into(), why: String::new() },
                    tell,
                );
            }
            Due::Calm => self.calm(tell),
            Due::Crash | Due::Restart | Due::Damage | Due::Turn => {}
        }
    }

    fn arrive(&mut self, message: u32, tell: &mut Option<Tell<'_, S>>) {
        if !self.is_up {
            return;
        }
        let crashes = self.crashes.take();
        if crashes != Some(Moment::Early) {
            self.counts.arrived += 1;
            let stimulus = Stimulus::In(self.given.messages[message as usize].clone());
            let outputs = self.take(stimulus, tell);
            if crashes != Some(Moment::Journaled) {
                self.send(&outputs);
            }
        }
        if crashes.is_some() {
            self.crash(tell);
        } else {
            self.pass(Due::Acknowledge(message), None);
        }
    }

    /// Has the host take a stimulus; the outputs that it then has to send.
    fn take(&mut self, stimulus: Stimulus<S::In, S::View>, tell: &mut Option<Tell<'_, S>>) -> Vec<EventNumber> {
        let at = Some(At::Offset(self.now));
        if let Some(tell) = tell {
            let number = EventNumber::MIN.saturating_add(self.engine.journal().len() as u32);
            tell(&EventOf::<S> { number, cause: None, at, what: What::Stimulus(stimulus.clone()) });
        }
        let taken = self.engine.take(at, stimulus).stimulus();
        let outputs = self.engine.journal().since(taken.get() as usize).filter_map(|event| match &event.what {
            What::Observation(Observation::Out(sent)) => Some((event.number, sent)),
            _ => None,
        });
        outputs.filter(|(_, sent)| !self.engine.is_routed(&sent.key, &sent.slot)).map(|(number, _)| number).collect()
    }

    fn sent(&self, output: EventNumber) -> Option<&Sent<S::Out>> {
        match &self.engine.journal().get(output)?.what {
            What::Observation(Observation::Out(sent)) => Some(sent),
            _ => None,
        }
    }

    /// The host sends outputs, and sees to it that they are sent again.
    fn send(&mut self, outputs: &[EventNumber]) {
        for output in outputs {
            let copy = self.copies.entry(*output).or_default();
            let sent = *copy;
            *copy += 1;
            self.pass(Due::Deliver { output: *output, copy: sent }, Some(Due::Lose { output: *output, copy: sent }));
        }
        if !self.resends && !outputs.is_empty() {
            self.resends = true;
            self.plan(RETRY, Due::Resend);
        }
    }

    fn send_unsettled(&mut self) {
        let unsettled: Vec<_> = self.engine.unsettled_events().collect();
        self.send(&unsettled);
    }

    fn deliver(&mut self, output: EventNumber, copy: u32, tell: &mut Option<Tell<'_, S>>) {
        let Some(sent) = self.sent(output) else { return };
        let (key, slot, revision) = (sent.key.clone(), sent.slot.clone(), sent.revision);
        self.downstream.receive(&key, &slot, revision, output);
        let passage = Box::new(self.passage(output, copy));
        self.pass_by(output, Stimulus::Deliver(passage), tell);
        self.pass(Due::Settle(output), None);
    }

    fn passage(&mut self, output: EventNumber, copy: u32) -> Passage {
        let to = self.sent(output).map(|sent| sent.to.clone()).unwrap_or_default();
        let occurrence = self.occurrences.entry(to.clone()).or_default();
        let passage = Passage { ordinal: copy, from: NODE.into(), to, occurrence: *occurrence };
        *occurrence += 1;
        passage
    }

    /// Notes what became of an output on its way, which is nothing to the engine.
    fn pass_by(&mut self, output: EventNumber, passage: Stimulus<S::In, S::View>, tell: &mut Option<Tell<'_, S>>) {
        let number = EventNumber::MIN.saturating_add(self.engine.journal().len() as u32);
        self.causes.insert(number, output);
        self.take(passage, tell);
    }

    fn crash(&mut self, tell: &mut Option<Tell<'_, S>>) {
        self.is_up = false;
        self.fault(Fault::Crash { node: NODE.into(), kept: 0, torn: false }, tell);
        let down = 1 + self.rng.below(DOWN_MAX as u64) as i64;
        self.plan(down, Due::Restart);
    }

    fn restart(&mut self, tell: &mut Option<Tell<'_, S>>) {
        self.is_up = true;
        self.fault(Fault::Restart { node: NODE.into() }, tell);
        self.send_unsettled();
    }

    fn fault(&mut self, fault: Fault, tell: &mut Option<Tell<'_, S>>) {
        self.counts.faults += 1;
        self.take(Stimulus::Fault(Box::new(fault)), tell);
    }

    fn damage(&mut self, tell: &mut Option<Tell<'_, S>>) {
        let Some(key) = self.any_key() else { return };
        let what = match self.rng.below(5) {
            0 => Damage::Default,
            1 => Damage::Stale(1 + self.rng.below(4) as u32),
            2 => Damage::Other(self.any_key().unwrap_or_else(|| key.clone())),
            3 => Damage::Checkpoints,
            _ => Damage::Index,
        };
        self.fault(Fault::Damage { key, what }, tell);
    }

    fn any_key(&mut self) -> Option<Key> {
        let keys = self.engine.keys();
        let place = self.rng.place(keys.len());
        keys.get(place).map(|key| (*key).clone())
    }

    /// An operator turns a knob: any, for one key or for all.
    fn turn(&mut self, tell: &mut Option<Tell<'_, S>>) {
        let all = self.rng.below(2) == 0;
        let keys = if all { None } else { self.any_key().map(|key| vec![key]) };
        let (by, why) = ("operator".into(), String::new());
        let knob = match self.rng.below(5) {
            0 => Knob::Trigger { keys, by, why },
            1 => Knob::Scrub { keys, by, why },
            2 => Knob::ReflowIn { messages: self.any_message().into_iter().collect(), by, why },
            3 => Knob::ReflowOut { outputs: self.any_output().into_iter().collect(), by, why },
            _ => {
                let place = self.rng.place(self.given.flows.len());
                let Some(flow) = self.given.flows.get(place).cloned() else { return };
                Knob::Migrate { flow, keys, on: self.rng.below(2) == 0, by, why }
            }
        };
        self.knob(knob, tell);
    }

    fn knob(&mut self, knob: Knob, tell: &mut Option<Tell<'_, S>>) {
        self.counts.knobs += 1;
        let outputs = self.take(Stimulus::Knob(Box::new(knob)), tell);
        self.send(&outputs);
    }

    fn any_message(&mut self) -> Option<FactId> {
        let messages = &self.given.messages;
        messages.get(self.rng.place(messages.len())).map(afresh_core::Message::fact)
    }

    fn any_output(&mut self) -> Option<SlotId> {
        let key = self.any_key()?;
        let slots: Vec<_> = self.engine.slots(&key).map(|(slot, _)| slot).collect();
        let slot = (*slots.get(self.rng.place(slots.len()))?).clone();
        Some(SlotId { key, slot })
    }

    /// All faults end; the host is there, and an operator has everything scrubbed.
    fn calm(&mut self, tell: &mut Option<Tell<'_, S>>) {
        self.is_calm = true;
        self.rates = Rates::CALM;
        self.crashes = None;
        if !self.is_up {
            self.restart(tell);
        }
        self.knob(Knob::Scrub { keys: None, by: "operator".into(), why: "calm".into() }, tell);
    }

    /// What has not come to rest.
    fn unrest(&self) -> (&'static str, String) {
        let waiting = self.acknowledged.iter().filter(|acknowledged| !**acknowledged).count();
        if waiting > 0 {
            return ("upstream", format!("{waiting} messages were not acknowledged when all faults were long over"));
        }
        let unsettled = self.engine.unsettled().count();
        ("output", format!("{unsettled} outputs were not settled when all faults were long over"))
    }
}
