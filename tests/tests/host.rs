//! The host of a service, driven by everything that storage, receivers, operators and crashes can do.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use afresh_core::host::{Action, Answer, Host, Limits, Retries, Timer};
use afresh_core::{
    Engine, EventNumber, EventOf, FactId, Fault, Key, Knob, Message, Name, Observation, Options, Plan, Policy, Sent,
    SlotId, Stimulus, What,
};
use afresh_fixtures::document::Patch;
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};
use proptest::prelude::*;
use serde_json::json;

const OPTIONS: fn() -> Options = || Options { policy: Policy::Incremental, ..Options::default() };

const LIMITS: Limits =
    Limits { waiting_max: 40, plans_max: 2, retries: Retries { under_way_max: 3, first: 1_000, longest: 8_000 } };

/// Something that happens to the host from outside.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next message is offered; sometimes one that was offered before.
    Offer { again: bool },
    /// An operator asks for the plan of a knob.
    Ask(u8),
    /// An operator confirms the newest plan.
    Confirm,
    /// Somebody reads.
    Show,
    /// The storage makes the batch durable.
    Stored,
    /// The process ends, for example because the storage fails; `kept` says whether the batch is durable all the same.
    Ends { told: bool, kept: bool },
    /// A receiver gets an output, and its answer arrives.
    Arrives(u8),
    /// An output, or the answer to it, does not arrive.
    Lost { which: u8, received: bool },
    /// The answer to an output arrives after it had counted as lost.
    Late,
    /// A timer goes off.
    Timer(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<bool>().prop_map(|again| Step::Offer { again }),
        2 => any::<u8>().prop_map(Step::Ask),
        2 => Just(Step::Confirm),
        1 => Just(Step::Show),
        8 => Just(Step::Stored),
        1 => any::<(bool, bool)>().prop_map(|(told, kept)| Step::Ends { told, kept }),
        6 => any::<u8>().prop_map(Step::Arrives),
        3 => any::<(u8, bool)>().prop_map(|(which, received)| Step::Lost { which, received }),
        2 => Just(Step::Late),
        3 => any::<u8>().prop_map(Step::Timer),
    ];
    prop::collection::vec(step, 0..120)
}

#[derive(Clone, Debug)]
enum Ticket {
    Message(FactId),
    /// An operator, and the name of the plan.
    Operator(Name),
    /// A reader, who has seen this many events.
    Reader(usize),
}

/// A host, and the world around it.
struct Night<S: Fixture> {
    system: S,
    host: Host<S, Ticket>,
    messages: Vec<Message<S::In>>,
    offered: usize,
    stored: Vec<EventOf<S>>,
    batch: Option<Range<usize>>,
    under_way: Vec<EventNumber>,
    /// Outputs that counted as lost, and were received.
    late: Vec<EventNumber>,
    held: BTreeMap<SlotId, Sent<S::Out>>,
    timers: Vec<Timer>,
    acknowledged: BTreeSet<FactId>,
    plans: u32,
    /// The plans that operators were shown.
    shown: BTreeMap<Name, Plan<S::Out>>,
}

impl<S: Fixture> Night<S> {
    fn new(messages: Vec<Message<S::In>>) -> Self {
        let system = S::correct();
        Self {
            host: Host::new(system.clone(), OPTIONS(), LIMITS),
            system,
            messages,
            offered: 0,
            stored: Vec::new(),
            batch: None,
            under_way: Vec::new(),
            late: Vec::new(),
            held: BTreeMap::new(),
            timers: Vec::new(),
            acknowledged: BTreeSet::new(),
            plans: 0,
            shown: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Offer { again } => {
                let index = if again { self.offered / 2 } else { self.offered };
                let Some(message) = self.messages.get(index).cloned() else { return };
                self.offered = self.offered.max(index + 1);
                self.host.offer(Ticket::Message(message.fact()), None, message);
            }
            Step::Ask(which) => {
                let Some(knob) = self.knob(which) else { return };
                self.plans += 1;
                let plan = Name::from(format!("plan-{}", self.plans));
                self.host.ask(Ticket::Operator(plan.clone()), plan, knob);
            }
            Step::Confirm => {
                let plan = Name::from(format!("plan-{}", self.plans));
                self.host.confirm(Ticket::Operator(plan.clone()), None, &plan, None);
            }
            Step::Show => self.host.show(Ticket::Reader(self.host.engine().journal().len())),
            Step::Stored => {
                let Some(batch) = self.batch.take() else { return };
                self.store(&batch);
                self.host.stored(batch.end);
            }
            Step::Ends { told, kept } => return self.end(told, kept),
            Step::Arrives(which) => {
                let Some(event) = pick(&mut self.under_way, which) else { return };
                self.receive(event);
                self.host.acknowledged(None, event);
            }
            Step::Lost { which, received } => {
                let Some(event) = pick(&mut self.under_way, which) else { return };
                if received {
                    self.receive(event);
                    self.late.push(event);
                }
                self.host.failed(event);
            }
            Step::Late => {
                let Some(event) = self.late.pop() else { return };
                // If it was sent again already, the answer is taken for that of the second one, whose own comes later.
                if let Some(again) = self.under_way.iter().position(|other| *other == event) {
                    self.under_way.remove(again);
                    self.late.push(event);
                }
                self.host.acknowledged(None, event);
            }
            Step::Timer(which) => {
                let Some(timer) = pick(&mut self.timers, which) else { return };
                self.host.timer(timer);
            }
        }
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.host.action() {
            match action {
                Action::Store(batch) => {
                    assert!(self.batch.is_none(), "one batch at a time");
                    assert_eq!(batch.start, self.stored.len(), "batches follow each other");
                    self.batch = Some(batch);
                }
                Action::Answer(ticket, answer) => self.answer(ticket, answer),
                Action::Send(event) => {
                    assert!(event.get() as usize <= self.stored.len(), "an output is durable before it is sent");
                    let slot = self.slot(event);
                    for other in &self.under_way {
                        assert_ne!(self.slot(*other), slot, "one output of a slot is on its way at a time");
                    }
                    assert!(!self.host.engine().is_routed(&slot.key, &slot.slot), "keys of the system have it already");
                    let to = self.sent(event).to.clone();
                    let beside = self.under_way.iter().filter(|other| self.sent(**other).to == to).count();
                    assert!(beside < LIMITS.retries.under_way_max, "a receiver is not sent more than it can take");
                    self.under_way.push(event);
                }
                Action::SetTimer { after, timer } => {
                    assert!((1_000..=8_000).contains(&after), "a pause grows from the first to the longest: {after}");
                    self.timers.push(timer);
                }
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer<S::Out>) {
        let durable = self.stored.len();
        match (ticket, answer) {
            (Ticket::Message(fact), Answer::Received(event, _)) => {
                assert!(event.get() as usize <= durable, "a message is durable before it is acknowledged");
                self.acknowledged.insert(fact);
            }
            (Ticket::Reader(seen), Answer::Shown) => {
                assert!(seen <= durable, "what is shown is durable");
            }
            (Ticket::Operator(plan), Answer::Planned(shown)) => drop(self.shown.insert(plan, *shown)),
            (Ticket::Operator(plan), Answer::Turned(event)) => {
                assert!(event.get() as usize <= durable, "a knob is durable before it is reported as turned");
                let effects = self.stored.iter().filter(|effect| effect.cause == Some(event));
                let sent = effects.filter_map(|effect| match &effect.what {
                    What::Observation(Observation::Out(sent)) => Some(sent),
                    _ => None,
                });
                assert!(sent.eq(&self.shown[&plan].sends), "{plan} did not do what it had shown");
            }
            (Ticket::Operator(_), Answer::Changed { shown, now }) => assert!(!shown.does_as(&now)),
            (Ticket::Operator(_), Answer::NotPlanned) => {}
            (_, Answer::Busy) => assert!(self.host.engine().journal().len() > self.host.durable() + LIMITS.waiting_max),
            (_, Answer::StorageFailed) => {}
            (ticket, answer) => panic!("{ticket:?} is answered with {answer:?}"),
        }
    }

    /// Ends the process, and starts it again from what is durable.
    fn end(&mut self, told: bool, kept: bool) {
        if told {
            let batch = self.batch.clone();
            self.host.storage_failed();
            self.act();
            assert_eq!(self.batch, batch, "a host whose storage failed asks for nothing");
        }
        if let Some(batch) = self.batch.take().filter(|_| kept) {
            self.store(&batch);
        }
        self.under_way.clear();
        self.timers.clear();
        let restart = Stimulus::Fault(Box::new(Fault::Restart { node: "app".into() }));
        let stored = self.stored.iter().cloned();
        self.host = Host::restart(self.system.clone(), OPTIONS(), LIMITS, stored, None, || restart).unwrap();
        self.act();
    }

    fn store(&mut self, batch: &Range<usize>) {
        let events = self.host.engine().journal().since(batch.start).take(batch.len()).cloned();
        self.stored.extend(events);
    }

    fn receive(&mut self, event: EventNumber) {
        let sent = self.sent(event).clone();
        let held = self.held.entry(self.slot(event)).or_insert_with(|| sent.clone());
        if sent.revision >= held.revision {
            *held = sent;
        }
    }

    fn sent(&self, event: EventNumber) -> &Sent<S::Out> {
        match &self.stored[event.get() as usize - 1].what {
            What::Observation(Observation::Out(sent)) => sent,
            other => panic!("no output: {other:?}"),
        }
    }

    fn slot(&self, event: EventNumber) -> SlotId {
        let sent = self.sent(event);
        SlotId { key: sent.key.clone(), slot: sent.slot.clone() }
    }

    fn knob(&self, which: u8) -> Option<Knob> {
        let engine = self.host.engine();
        let keys = engine.keys();
        let key: Key = (*keys.get(usize::from(which / 5) % keys.len().max(1))?).clone();
        let (by, why) = (Name::from("operator"), String::new());
        Some(match which % 5 {
            0 => Knob::Trigger { keys: None, by, why },
            1 => Knob::Scrub { keys: Some(vec![key]), by, why },
            2 => Knob::ReflowIn { messages: self.messages.iter().map(Message::fact).take(2).collect(), by, why },
            3 => Knob::Migrate { flow: "fees".into(), keys: Some(vec![key]), on: which < 128, by, why },
            _ => {
                let slots = engine.slots(&key).map(|(slot, _)| SlotId { key: key.clone(), slot: slot.clone() });
                Knob::ReflowOut { outputs: slots.collect(), by, why }
            }
        })
    }

    /// Lets everything work until nothing is left to do.
    fn calm(&mut self) {
        while self.offered < self.messages.len() {
            self.step(Step::Offer { again: false });
            self.step(Step::Stored);
        }
        for _ in 0..10_000 {
            if self.batch.is_none() && self.under_way.is_empty() && self.timers.is_empty() {
                return;
            }
            self.step(Step::Stored);
            self.step(Step::Arrives(0));
            self.step(Step::Timer(0));
        }
        panic!("the host does not come to rest");
    }

    fn verify(&self) {
        let engine = self.host.engine();
        assert_eq!(self.stored.len(), engine.journal().len(), "everything is durable");
        assert_eq!(engine.unsettled().count(), 0, "every output is settled");
        assert!(self.host.backlog().all(|backlog| backlog.under_way + backlog.waiting == 0));
        for fact in &self.acknowledged {
            assert!(!engine.journal().revisions(fact).is_empty(), "{fact} was acknowledged, and is lost");
        }
        // What the receivers hold is what the journal calls for.
        let again = Engine::restart(self.system.clone(), OPTIONS(), self.stored.iter().cloned()).unwrap();
        for key in again.keys() {
            for (slot, sent) in again.slots(key).filter(|(slot, _)| !again.is_routed(key, slot)) {
                let held = self.held.get(&SlotId { key: key.clone(), slot: slot.clone() });
                assert_eq!(held.map(|held| (held.revision, &held.body)), Some((sent.revision, &sent.body)));
            }
        }
    }
}

fn pick<T>(from: &mut Vec<T>, which: u8) -> Option<T> {
    if from.is_empty() { None } else { Some(from.remove(usize::from(which) % from.len())) }
}

/// A driver may hear of the failure while there are still answers to give.
#[test]
fn what_was_answered_before_the_storage_failed_stays_so() {
    let mut host = Host::<Documents, u32>::new(Documents::correct(), OPTIONS(), LIMITS);
    let patch = |id: &str| {
        let body = Patch { document: "paper".into(), at: 0, delete: 0, insert: "a".into() };
        Message::new("editor", id.to_owned(), body)
    };
    host.offer(1, None, patch("p-1"));
    assert!(matches!(host.action(), Some(Action::Store(_))));
    host.offer(2, None, patch("p-2"));
    host.stored(2);
    host.storage_failed();
    host.offer(3, None, patch("p-3"));
    let answers: Vec<_> = std::iter::from_fn(|| host.action()).collect();
    let [Action::Answer(1, Answer::Received(event, _)), Action::Answer(2, second), Action::Answer(3, third)] =
        &answers[..]
    else {
        panic!("{answers:?}")
    };
    assert_eq!((event.get(), second, third), (1, &Answer::StorageFailed, &Answer::StorageFailed));
}

/// Each of two accounts has a balance and a receipt, and these have receivers of their own.
#[test]
fn a_receiver_that_fails_is_left_alone_longer_and_longer_and_no_other_is() {
    let mut host = Host::<Ledger, ()>::new(Ledger::correct(), OPTIONS(), LIMITS);
    for (account, (number, kind)) in ["a-1", "a-2"].into_iter().flat_map(|a| [(a, (1, "hold")), (a, (2, "capture"))]) {
        let body = json!({kind: {"account": account, "payment": "p-1", "amount": 9, "on": number}});
        let body = serde_json::from_value(body).expect("a body");
        host.offer((), None, Message::new("bank", format!("{account}-{number}"), body));
    }
    let (mut pauses, mut timers, mut under_way) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..20 {
        while let Some(action) = host.action() {
            match action {
                Action::Store(batch) => host.stored(batch.end),
                Action::Send(event) => under_way.push(event),
                Action::SetTimer { after, timer } => {
                    pauses.push(after);
                    timers.push(timer);
                }
                Action::Answer(..) => {}
            }
        }
        // A receiver that has failed is tried with one output.
        let most = if pauses.is_empty() { 4 } else { 1 };
        let mut tried = 0;
        for event in under_way.drain(..) {
            let sent = match &host.engine().journal().get(event).expect("an event").what {
                What::Observation(Observation::Out(sent)) => sent,
                other => panic!("no output: {other:?}"),
            };
            if sent.to == *"receipts" {
                tried += 1;
                host.failed(event);
            } else {
                host.acknowledged(None, event);
            }
        }
        assert!(tried <= most, "{tried} after {pauses:?}");
        if pauses.len() < 6 {
            timers.drain(..).for_each(|timer| host.timer(timer));
        }
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    let backlog: Vec<_> = host.backlog().map(|b| (b.receiver.as_str(), b.under_way, b.waiting, b.failures)).collect();
    assert_eq!(backlog, [("receipts", 0, 2, 6), ("statements", 0, 0, 0)]);
}

/// An operator asks for an output again while it is on its way. Its arrival does not count as that of the second one.
#[test]
fn an_output_that_is_asked_for_again_is_sent_again() {
    let mut host = Host::<Documents, ()>::new(Documents::correct(), OPTIONS(), LIMITS);
    let mut sent = Vec::new();
    let mut act = |host: &mut Host<Documents, ()>| {
        while let Some(action) = host.action() {
            match action {
                Action::Store(batch) => host.stored(batch.end),
                Action::Send(event) => sent.push(event),
                _ => {}
            }
        }
        sent.clone()
    };
    let body = Patch { document: "paper".into(), at: 0, delete: 0, insert: "a".into() };
    host.offer((), None, Message::new("editor", "p-1", body));
    let first = act(&mut host)[0];
    let outputs = vec![SlotId { key: "paper".into(), slot: "text-digest".into() }];
    let (by, why, plan) = ("operator".into(), String::new(), Name::from("plan"));
    host.ask((), plan.clone(), Knob::ReflowOut { outputs, by, why });
    host.confirm((), None, &plan, None);
    assert_eq!(act(&mut host), [first], "one output of a slot at a time");
    let lacking: usize = host.backlog().map(|backlog| backlog.under_way + backlog.waiting).sum();
    assert_eq!(lacking, 1, "one slot, whose output is on its way and will be sent again");
    host.acknowledged(None, first);
    assert_eq!(host.engine().unsettled().count(), 1);
    let [_, second] = act(&mut host)[..] else { panic!("it is sent again") };
    host.acknowledged(None, second);
    assert_eq!((host.engine().unsettled().count(), act(&mut host).len()), (0, 2));
}

fn nights<S: Fixture>() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(messages in S::messages(), steps in steps())| {
        let mut night = Night::<S>::new(messages);
        steps.into_iter().for_each(|step| night.step(step));
        night.calm();
        night.verify();
    });
}

#[test]
fn nights_of_the_ledger() {
    nights::<Ledger>();
}

#[test]
fn nights_of_the_order_book() {
    nights::<OrderBook>();
}

#[test]
fn nights_of_the_document() {
    nights::<Documents>();
}
