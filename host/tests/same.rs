//! For any sequence of offers, crashes, failures, knobs and acknowledgements, a host over SQLite does the same as a
//! host over a store in memory, event by event.

mod counters;

use std::collections::VecDeque;

use afresh_core::host::{Action, Answer, Host, Limits, Timer};
use afresh_core::{EventNumber, Fault, Header, Knob, Message, Name, Options, Policy, SlotId, Stimulus};
use afresh_host::store::{Memory, Sqlite, Store};
use afresh_trace::row::Row;
use counters::Counters;

/// A generator of numbers that are random enough to choose what happens next.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // The constants are those of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A host over a store, and everything that it did.
struct Night<'s> {
    host: Host<Counters, u32>,
    store: &'s mut dyn Store,
    /// The end of the batch that the host has asked for, with its rows.
    batch: Option<(Vec<Row>, usize)>,
    sent: VecDeque<EventNumber>,
    timers: VecDeque<Timer>,
    plans: u32,
    log: Vec<String>,
}

const LIMITS: Limits = Limits {
    waiting_max: 12,
    plans_max: 2,
    retries: afresh_core::host::Retries { under_way_max: 2, first: 1, longest: 8 },
};

fn options() -> Options {
    Options { policy: Policy::Incremental, ..Options::default() }
}

impl<'s> Night<'s> {
    fn new(store: &'s mut dyn Store) -> Self {
        store.take(&Header::complete("counters")).unwrap();
        Self {
            host: Host::new(Counters, options(), LIMITS),
            store,
            batch: None,
            sent: VecDeque::new(),
            timers: VecDeque::new(),
            plans: 0,
            log: Vec::new(),
        }
    }

    /// Lets something happen.
    fn step(&mut self, dice: &mut Dice) {
        let ticket = self.log.len() as u32;
        match dice.below(20) {
            0..=6 => {
                let mut message = Message::new(
                    if dice.below(2) == 0 { "till" } else { "web" },
                    format!("m-{}", dice.below(12)),
                    (Name::from(format!("k-{}", dice.below(3))), dice.below(5) as i64),
                );
                message.revision = 1 + dice.below(3) as u32;
                message.body = message.body.filter(|_| dice.below(6) > 0);
                self.host.offer(ticket, None, message);
            }
            7..=11 => {
                if let Some((rows, end)) = self.batch.take() {
                    self.store.append(&rows).unwrap();
                    self.host.stored(end);
                }
            }
            12 | 13 => {
                if let Some(output) = self.sent.pop_front() {
                    self.host.acknowledged(None, output);
                }
            }
            14 => {
                if let Some(output) = self.sent.pop_front() {
                    self.host.failed(output);
                }
            }
            15 => {
                if let Some(timer) = self.timers.pop_front() {
                    self.host.timer(timer);
                }
            }
            16 => {
                let knob = self.knob(dice);
                self.plans += 1;
                self.host.ask(ticket, format!("p-{}", self.plans).into(), knob);
            }
            17 => {
                let plan = Name::from(format!("p-{}", self.plans.saturating_sub(dice.below(2) as u32)));
                self.host.confirm(ticket, None, &plan, None);
            }
            18 => {
                // The storage fails. The batch may be durable all the same.
                if let Some((rows, _)) = self.batch.take() {
                    if dice.below(2) == 0 {
                        self.store.append(&rows).unwrap();
                    }
                    self.host.storage_failed();
                    self.act();
                    self.restart();
                }
            }
            _ => self.restart(),
        }
        self.act();
    }

    fn knob(&self, dice: &mut Dice) -> Knob {
        let keys = Some(vec![format!("k-{}", dice.below(3)).into()]);
        let (by, why) = ("anna".into(), String::new());
        match dice.below(4) {
            0 => Knob::Trigger { keys: None, by, why },
            1 => Knob::Migrate { flow: "double".into(), keys, on: dice.below(2) == 0, by, why },
            2 => Knob::Scrub { keys, by, why },
            _ => {
                let outputs = vec![SlotId { key: format!("k-{}", dice.below(3)).into(), slot: "sum".into() }];
                Knob::ReflowOut { outputs, by, why }
            }
        }
    }

    /// Crashes, and continues from what the store has.
    fn restart(&mut self) {
        (self.batch, self.sent, self.timers) = (None, VecDeque::new(), VecDeque::new());
        let mut events = Vec::new();
        self.store
            .read(0, &mut |row| {
                events.push(row.event(&Counters, "").unwrap());
                true
            })
            .unwrap();
        let restart = || Stimulus::Fault(Box::new(Fault::Restart { node: "service".into() }));
        self.host = Host::restart(Counters, options(), LIMITS, events, None, restart).unwrap();
        self.log.push("restart".into());
    }

    /// Carries out what the host asks for.
    fn act(&mut self) {
        while let Some(action) = self.host.action() {
            match action {
                Action::Store(range) => {
                    let events = self.host.engine().journal().since(range.start).take(range.len());
                    self.batch = Some((events.map(|event| Row::of(event).unwrap()).collect(), range.end));
                }
                Action::Send(event) => {
                    self.sent.push_back(event);
                    self.log.push(format!("send {event}"));
                }
                Action::SetTimer { timer, after } => {
                    self.timers.push_back(timer);
                    self.log.push(format!("timer {after}"));
                }
                Action::Answer(ticket, answer) => {
                    if let Answer::Received(event, _) | Answer::Turned(event) = answer {
                        let durable = self.host.durable();
                        assert!(event.get() as usize <= durable, "answered {event}, and {durable} are durable");
                    }
                    self.log.push(format!("{ticket}: {answer:?}"));
                }
            }
        }
    }
}

/// Runs a night over a store. Returns everything that the host did, and what the store has in the end.
fn night(seed: u64, store: &mut dyn Store) -> (Vec<String>, Vec<Row>) {
    let mut night = Night::new(store);
    let mut dice = Dice(seed);
    for _ in 0..120 {
        night.step(&mut dice);
    }
    let log = night.log;
    let mut rows = Vec::new();
    store
        .read(0, &mut |row| {
            rows.push(row);
            true
        })
        .unwrap();
    (log, rows)
}

#[test]
fn a_host_does_the_same_over_sqlite_as_over_the_simulated_store() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = 0;
    for seed in 0..60 {
        let (simulated, rows) = night(seed, &mut Memory::new());
        let path = folder.path().join(format!("{seed}.db"));
        let (real, stored) = night(seed, &mut Sqlite::new(path));
        assert_eq!(real, simulated, "seed {seed}");
        assert_eq!(stored, rows, "seed {seed}");
        events += rows.len();
    }
    assert!(events > 1000, "{events}");
}
