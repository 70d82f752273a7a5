//! The driver: the thread that has the host. It takes commands, and carries out what the host asks for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_check::turn::{Asked, Planned, check_names};
use afresh_core::host::{Action, Answer, Host, Timer};
use afresh_core::{
    Engine, Event as Journaled, EventNumber, EventOf, Header, Key, Knob, Name, Observation, Receipt, Stimulus, What,
};
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::metrics::Metrics;
use super::open::restarted;
use super::writer::{Task, row};
use super::{Asking, KnobError, Lacking, Offered, Options, Refused, Reply, Status, Turned};
use crate::clock::{self, WallClock};
use crate::receiver::{Delivery, Receivers};

/// Gives or refuses the result of a read.
pub(super) type Shown = Box<dyn FnOnce(Result<(), Refused>) + Send>;

/// Reads something from the engine.
pub(super) type Read<S> = Box<dyn FnOnce(&Engine<S>) -> Shown + Send>;

/// Something that a handle of the service asks for.
pub(super) enum Command<S: Subject> {
    Offer(Stimulus<S::In, S::View>, Reply<Result<Offered, Refused>>),
    Read(Read<S>),
    Ask(Asked, Reply<Result<Asking, KnobError>>),
    Confirm(Name, Option<Name>, Reply<Result<Turned<EventOf<S>>, KnobError>>),
    Status(Reply<Status>),
    Stop(Reply<()>),
}

/// Something that happened outside: in the writer, or at a receiver.
pub(super) enum Event<S: Subject> {
    /// This many events are durable.
    Stored(usize),
    /// A batch may not be durable.
    StorageFailed,
    /// The store can no longer be used at all.
    StorageLost,
    /// The store works again, and its journal has these events.
    Recovered(Vec<EventOf<S>>),
    /// The receiver of the output of this event has it or, with the reason, may not have it.
    Delivered(EventNumber, Name, Result<(), String>),
    /// The receiver of the output of this event has no URL.
    Unknown(EventNumber),
}

/// Whom an answer of the host is for.
pub(super) enum Ticket<S: Subject> {
    Offer(Reply<Result<Offered, Refused>>),
    Show(Shown),
    Ask(Name, Knob, Reply<Result<Asking, KnobError>>),
    Confirm(Name, Reply<Result<Turned<EventOf<S>>, KnobError>>),
    /// The scrubber, with the name of its plan.
    Scrub(Name),
}

/// The most commands that are taken before the actions of the host are carried out.
const COMMANDS: usize = 512;

/// The name under which the journal records what the scrubber heals.
const SCRUBBER: &str = "scrubber";

/// The driver of one service.
pub(super) struct Driver<S: Subject> {
    host: Host<S, Ticket<S>>,
    header: Header,
    receivers: Receivers<S::Out>,
    options: Options,
    metrics: Arc<Metrics>,
    clock: WallClock,
    durable: watch::Sender<usize>,
    tasks: Sender<Task>,
    events: UnboundedSender<Event<S>>,
    timers: BinaryHeap<Reverse<(Instant, Timer)>>,
    /// Why each receiver failed the last time.
    failures: BTreeMap<Name, String>,
    /// The plans that can be confirmed, as they were shown.
    shown: VecDeque<(Name, Planned)>,
    /// The keys that the scrubber has before it, in descending order.
    to_scrub: Vec<Key>,
    /// The replies to those who have asked the service to stop.
    stopping: Vec<Reply<()>>,
    /// False after the store was lost.
    has_store: bool,
    /// True from a failure of the storage until it works again.
    is_failed: bool,
}

impl<S: Subject + 'static> Driver<S> {
    #[expect(clippy::too_many_arguments, reason = "the parts of a driver, which only `open` puts together")]
    pub(super) fn new(
        host: Host<S, Ticket<S>>,
        header: Header,
        receivers: Receivers<S::Out>,
        options: Options,
        metrics: Arc<Metrics>,
        durable: watch::Sender<usize>,
        tasks: Sender<Task>,
        events: UnboundedSender<Event<S>>,
    ) -> Self {
        Self {
            host,
            header,
            receivers,
            options,
            metrics,
            clock: WallClock::default(),
            durable,
            tasks,
            events,
            timers: BinaryHeap::new(),
            failures: BTreeMap::new(),
            shown: VecDeque::new(),
            to_scrub: Vec::new(),
            stopping: Vec::new(),
            has_store: true,
            is_failed: false,
        }
    }

    /// Runs the service until it is stopped. Deliveries run on `runtime`.
    pub(super) fn run(
        mut self,
        runtime: &Handle,
        mut commands: mpsc::Receiver<Command<S>>,
        mut events: UnboundedReceiver<Event<S>>,
    ) {
        // This fails only if the system gives no more file descriptors. The handles then see a stopped service.
        let Ok(own) = Builder::new_current_thread().enable_time().build() else { return };
        own.block_on(async {
            let mut taken = Vec::new();
            let mut scrubbing = clock::now() + self.options.scrub_every.unwrap_or_default();
            loop {
                self.act(runtime);
                if !self.has_store || (!self.stopping.is_empty() && self.is_drained()) {
                    break;
                }
                let next = self.timers.peek().map(|Reverse((at, _))| *at);
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => self.take(event),
                    count = commands.recv_many(&mut taken, COMMANDS) => match count {
                        // No handle is left.
                        0 => break,
                        _ => {
                            self.look_ahead(&taken);
                            taken.drain(..).for_each(|command| self.obey(command));
                        }
                    },
                    () = sleep_until(next.unwrap_or_else(clock::now)), if next.is_some() => self.ring(),
                    () = sleep_until(scrubbing), if self.options.scrub_every.is_some() => {
                        scrubbing = clock::now() + self.options.scrub_every.unwrap_or_default();
                        self.scrub();
                    }
                }
            }
        });
        // Dropping the commands that are left refuses them.
        drop(commands);
        let _ = self.tasks.send(Task::Stop(self.stopping));
    }

    /// Returns true if nothing waits for the storage. After a failure, everybody who waited has been told.
    fn is_drained(&self) -> bool {
        self.is_failed || self.host.durable() == self.host.engine().journal().len()
    }

    /// Carries out all actions of the host.
    fn act(&mut self, runtime: &Handle) {
        while let Some(action) = self.host.action() {
            match action {
                Action::Store(events) => self.store(events),
                Action::Answer(ticket, answer) => self.answer(ticket, answer),
                Action::Send(event) => self.send(event, runtime),
                Action::SetTimer { after, timer } => {
                    self.timers.push(Reverse((clock::now() + Duration::from_nanos(after), timer)));
                }
            }
        }
    }

    /// Prepares for the messages that are offered, which changes no result.
    fn look_ahead(&self, commands: &[Command<S>]) {
        self.host.engine().look_ahead(commands.iter().filter_map(|command| match command {
            Command::Offer(Stimulus::In(message), _) => Some(message),
            _ => None,
        }));
    }

    fn obey(&mut self, command: Command<S>) {
        let at = Some(self.clock.now());
        match command {
            Command::Offer(_, reply) if !self.stopping.is_empty() => drop(reply.send(Err(Refused::Stopped))),
            Command::Offer(Stimulus::In(message), reply) => self.host.offer(Ticket::Offer(reply), at, message),
            Command::Offer(Stimulus::Unreadable(message), reply) => {
                self.host.offer_unreadable(Ticket::Offer(reply), at, *message);
            }
            // Handles offer nothing else.
            Command::Offer(..) => {}
            Command::Read(read) => {
                let (mut read, mut shown) = (Some(read), None);
                let done = guard(&mut || shown = read.take().map(|read| read(self.host.engine())));
                match (done, shown) {
                    (Ok(()), Some(shown)) => self.host.show(Ticket::Show(shown)),
                    // The reply is dropped, which says so to the reader.
                    (done, _) => tracing::error!("a read panicked: {}", done.err().unwrap_or_default()),
                }
            }
            Command::Ask(asked, reply) => match asked.knob(self.host.engine()) {
                Ok(knob) => match token() {
                    Some(plan) => self.host.ask(Ticket::Ask(plan.clone(), knob.clone(), reply), plan, knob),
                    None => drop(reply.send(Err(Refused::Busy.into()))),
                },
                Err(error) => drop(reply.send(Err(KnobError::Name(error)))),
            },
            Command::Confirm(plan, by, reply) => self.host.confirm(Ticket::Confirm(plan.clone(), reply), at, &plan, by),
            Command::Status(reply) => drop(reply.send(self.status())),
            Command::Stop(reply) => self.stopping.push(reply),
        }
    }

    fn take(&mut self, event: Event<S>) {
        let at = Some(self.clock.now());
        match event {
            Event::Stored(events) => {
                self.count(events);
                self.host.stored(events);
                self.durable.send_replace(self.host.durable());
            }
            Event::StorageFailed => {
                self.host.storage_failed();
                self.is_failed = true;
                let _ = self.tasks.send(Task::Recover);
            }
            Event::StorageLost => {
                self.host.storage_failed();
                self.has_store = false;
            }
            Event::Recovered(events) => self.recover(events),
            Event::Delivered(event, _, Ok(())) => {
                self.metrics.settled.inc();
                self.host.acknowledged(at, event);
            }
            Event::Delivered(event, receiver, Err(why)) => {
                tracing::warn!(receiver = receiver.as_str(), event, "an output was not delivered: {why}");
                self.metrics.failed.inc();
                self.failures.insert(receiver, format!("event {event}: {why}"));
                self.host.failed(event);
            }
            Event::Unknown(event) => self.host.failed(event),
        }
    }

    /// Counts the events that have become durable, up to this number of them.
    fn count(&self, events: usize) {
        let (before, journal) = (self.host.durable(), self.host.engine().journal());
        for event in journal.since(before).take(events.saturating_sub(before)) {
            match &event.what {
                What::Observation(Observation::Healed(_)) => drop(self.metrics.healed.inc()),
                What::Stimulus(Stimulus::Knob(_)) => drop(self.metrics.turned.inc()),
                _ => {}
            }
        }
    }

    /// Continues from the events that the store has, after the storage failed.
    fn recover(&mut self, events: Vec<EventOf<S>>) {
        let system = self.host.engine().system().clone();
        match restarted(&system, &self.header, &self.options, events) {
            Ok(host) => {
                self.host = host;
                self.is_failed = false;
                self.timers.clear();
                self.to_scrub.clear();
                self.durable.send_replace(self.host.durable());
                tracing::info!("the storage works again");
            }
            // This cannot happen: the journal was that of this system when the service started.
            Err(_) => self.has_store = false,
        }
    }

    /// Passes a batch to the writer.
    fn store(&mut self, events: std::ops::Range<usize>) {
        let engine = self.host.engine();
        let batch = engine.journal().since(events.start).take(events.len());
        let rows: Result<Vec<_>, _> = batch.map(|event| row(engine, event)).collect();
        match rows {
            Ok(rows) => drop(self.tasks.send(Task::Append(rows, events.end))),
            Err(problem) => {
                // A value that JSON does not have, such as NaN. The journal cannot hold it, so the service restarts
                // without it.
                tracing::error!("an event cannot be stored: {problem}");
                self.metrics.storage_failures.inc();
                let _ = self.events.send(Event::StorageFailed);
            }
        }
    }

    fn answer(&mut self, ticket: Ticket<S>, answer: Answer<S::Out>) {
        match (ticket, answer) {
            (Ticket::Offer(reply), Answer::Received(event, receipt)) => {
                let _ = reply.send(Ok(self.received(event, receipt)));
            }
            (Ticket::Offer(reply), other) => {
                self.metrics.refused.inc();
                let _ = reply.send(Err(refused(&other)));
            }
            (Ticket::Show(show), Answer::Shown) => show(Ok(())),
            (Ticket::Show(show), other) => show(Err(refused(&other))),
            (Ticket::Ask(token, knob, reply), Answer::Planned(plan)) => {
                let engine = self.host.engine();
                if let Err(error) = check_names(engine, &knob, &plan) {
                    return drop(reply.send(Err(KnobError::Name(error))));
                }
                let plan = Planned::new(engine, &plan);
                self.shown.push_back((token.clone(), plan.clone()));
                if self.shown.len() > self.options.limits.plans_max {
                    self.shown.pop_front();
                }
                let _ = reply.send(Ok(Asking { token, plan, knob }));
            }
            (Ticket::Ask(_, _, reply), other) => drop(reply.send(Err(refused(&other).into()))),
            (Ticket::Confirm(token, reply), answer) => {
                let place = self.shown.iter().position(|(other, _)| *other == token);
                let shown = place.and_then(|place| self.shown.remove(place)).map(|(_, plan)| plan);
                let _ = reply.send(self.turned(answer, shown));
            }
            (Ticket::Scrub(plan), Answer::Planned(planned)) => {
                self.metrics.scrubbed.inc();
                if !planned.is_empty() {
                    let at = Some(self.clock.now());
                    self.host.confirm(Ticket::Scrub(plan.clone()), at, &plan, None);
                }
            }
            (Ticket::Scrub(_), _) => {}
        }
    }

    fn received(&self, event: EventNumber, receipt: Receipt) -> Offered {
        self.metrics.durable.inc();
        if receipt == Receipt::Duplicate {
            self.metrics.duplicates.inc();
            // Its sender may not know that the first one was rejected, because the answer was lost.
            return match self.rejected_before(event) {
                Some(first) => Offered { event, receipt: Receipt::Rejected, why: self.why(first) },
                None => Offered { event, receipt, why: None },
            };
        }
        match receipt {
            Receipt::Conflict(_) => drop(self.metrics.conflicts.inc()),
            Receipt::Rejected => drop(self.metrics.rejected.inc()),
            Receipt::Counts | Receipt::Stale(_) | Receipt::Duplicate => {}
        }
        let is_rejected = matches!(receipt, Receipt::Rejected | Receipt::Conflict(_));
        Offered { event, receipt, why: is_rejected.then(|| self.why(event)).flatten() }
    }

    /// The event of the same message, if that was rejected.
    fn rejected_before(&self, event: EventNumber) -> Option<EventNumber> {
        let journal = self.host.engine().journal();
        let Some(What::Stimulus(Stimulus::In(message))) = journal.get(event).map(|event| &event.what) else {
            return None;
        };
        let is_same = |number: &EventNumber| {
            let other = journal.get(*number).map(|event| &event.what);
            matches!(other, Some(What::Stimulus(Stimulus::In(other))) if other == message)
        };
        journal.revisions(&message.fact()).into_iter().filter(is_same).find(|number| journal.is_rejected(*number))
    }

    /// The reason for which the message of this event was rejected.
    fn why(&self, event: EventNumber) -> Option<String> {
        let mut caused = self.host.engine().journal().since(event.get() as usize);
        caused.find_map(|Journaled { cause, what, .. }| match what {
            What::Observation(Observation::Rejected(rejected)) if *cause == Some(event) => Some(rejected.why.clone()),
            _ => None,
        })
    }

    fn turned(&self, answer: Answer<S::Out>, as_shown: Option<Planned>) -> Result<Turned<EventOf<S>>, KnobError> {
        let engine = self.host.engine();
        match answer {
            Answer::Turned(event) => {
                let after = engine.journal().since(event.get() as usize);
                // The effects of a knob follow it, up to the next stimulus or the next word from a receiver.
                let effects = after.take_while(|event| match &event.what {
                    What::Stimulus(_) => false,
                    What::Observation(observation) => !matches!(observation, Observation::Settled(_)),
                });
                Ok(Turned { event, effects: effects.cloned().collect() })
            }
            Answer::NotPlanned => Err(KnobError::NotPlanned),
            Answer::Changed { shown, now } => {
                let shown = as_shown.unwrap_or_else(|| Planned::new(engine, &shown));
                Err(KnobError::Changed { shown: Box::new(shown), now: Box::new(Planned::new(engine, &now)) })
            }
            other => Err(refused(&other).into()),
        }
    }

    /// Sends an output to its receiver.
    fn send(&mut self, event: EventNumber, runtime: &Handle) {
        let Some(Journaled { what: What::Observation(Observation::Out(sent)), .. }) =
            self.host.engine().journal().get(event)
        else {
            return;
        };
        let Some(receiver) = self.receivers.get(&sent.to) else {
            // A service with that receiver may start later. Until then, a newer output of the slot may go elsewhere.
            let _ = self.events.send(Event::Unknown(event));
            return;
        };
        self.metrics.sent.inc();
        let (receiver, delivery) = (Arc::clone(receiver), Delivery { event, sent: sent.clone() });
        let (events, limit) = (self.events.clone(), self.options.delivery_max);
        runtime.spawn(async move {
            let to = delivery.sent.to.clone();
            let done = timeout(limit, receiver.deliver(delivery)).await;
            let done = done.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")));
            // An error says that the service has stopped. The output is sent again at the next start.
            let _ = events.send(Event::Delivered(event, to, done));
        });
    }

    /// Passes on the timers that have gone off.
    fn ring(&mut self) {
        let now = clock::now();
        while let Some(Reverse((at, timer))) = self.timers.peek().copied()
            && at <= now
        {
            self.timers.pop();
            self.host.timer(timer);
        }
    }

    /// Lets the scrubber look at the next key.
    fn scrub(&mut self) {
        if self.to_scrub.is_empty() {
            self.to_scrub = self.host.engine().keys().into_iter().rev().cloned().collect();
        }
        let Some(key) = self.to_scrub.pop() else { return };
        if self.host.engine().quarantined(&key).is_some() {
            // Only an operator brings a key back.
            return;
        }
        let Some(plan) = token() else { return };
        let knob = Knob::Scrub { keys: Some(vec![key]), by: SCRUBBER.into(), why: String::new() };
        self.host.ask(Ticket::Scrub(plan.clone()), plan, knob);
    }

    fn status(&self) -> Status {
        let receivers = self.host.backlog().map(|backlog| {
            let is_known = self.receivers.get(backlog.receiver).is_some();
            Lacking {
                receiver: backlog.receiver.clone(),
                is_known,
                unsettled: backlog.under_way + backlog.waiting,
                // Nothing was sent to an unknown receiver.
                failures: if is_known { backlog.failures } else { 0 },
                why: self.failures.get(backlog.receiver).cloned(),
            }
        });
        let events = self.host.engine().journal().len();
        Status { events, durable: self.host.durable(), receivers: receivers.collect() }
    }
}

fn refused<O>(answer: &Answer<O>) -> Refused {
    match answer {
        Answer::Busy => Refused::Busy,
        _ => Refused::StorageFailed,
    }
}

/// Draws the name of a plan, which nobody can guess; `None` if the machine has no random numbers now.
fn token() -> Option<Name> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(Name::from(bytes.map(|byte| format!("{byte:02x}")).concat()))
}
