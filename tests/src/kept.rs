//! The traces kept in `fixtures/traces`, each as the generator made it.

use std::io::Write;
use std::path::PathBuf;

use afresh::check::{self, Report};
use afresh::explore::Record;
use afresh::format::{Error, Options, Reader, Writer, files};
use afresh::{Loaded, Subject, Systems, replay};
use afresh_core::EventOf;
use afresh_fixtures::generate::{Disorder, Export, Recording};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook, Replica, ledger};

use crate::root;

/// A kept trace: a system, with or without a bug, and the export of its history.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The name of the file, without `.jsonl`.
    pub file: &'static str,
    /// The name of the system, for example `ledger` or `ledger+late-capture`.
    pub system: &'static str,
    /// The settings of the export.
    pub export: Export,
}

/// A window with a message exactly at the last position of the opening.
pub const AT_THE_OPENING: &str = r#"{"afresh":{"format":1,"system":"ledger"}}
{"opening":{"key":"a","value":{"balance":500,"held":0,"captured":0,"fees":0,"payments":{}},"after":1000}}
{"in":{"id":"m","from":"b","body":{"deposit":{"account":"a","amount":1,"on":1000}}}}
"#;

/// A window with much disorder, and with outputs and views. Its users choose the seed.
pub const WINDOW: Export = Export {
    seed: 0,
    messages: 60,
    keys: 3,
    disorder: Disorder {
        late_permille: 150,
        duplicates_permille: 30,
        envelopes_permille: 30,
        revisions_permille: 60,
        withdrawals_permille: 40,
        places_max: 20,
    },
    flow: None,
    skipped: 60,
    recording: Recording::Views,
};

/// No disorder.
const ORDERLY: Disorder = Disorder {
    late_permille: 0,
    duplicates_permille: 0,
    envelopes_permille: 0,
    revisions_permille: 0,
    withdrawals_permille: 0,
    places_max: 0,
};

/// The shares of late, repeated and corrected messages in most of the kept traces.
const USUAL: Disorder = Disorder {
    late_permille: 50,
    duplicates_permille: 20,
    envelopes_permille: 10,
    revisions_permille: 10,
    withdrawals_permille: 5,
    places_max: 30,
};

/// The disorder of a bad day.
const BAD: Disorder = Disorder {
    late_permille: 250,
    duplicates_permille: 80,
    envelopes_permille: 80,
    revisions_permille: 60,
    withdrawals_permille: 40,
    places_max: 20,
};

const fn inputs(seed: u64, messages: u32, keys: u32, disorder: Disorder) -> Export {
    Export { seed, messages, keys, disorder, flow: None, skipped: 0, recording: Recording::Nothing }
}

const fn recorded(seed: u64, messages: u32, keys: u32, disorder: Disorder) -> Export {
    Export { recording: Recording::Views, ..inputs(seed, messages, keys, disorder) }
}

const fn kept(file: &'static str, system: &'static str, export: Export) -> Kept {
    Kept { file, system, export }
}

/// The folder of the kept traces, relative to the root of the repository.
pub const FOLDER: &str = "fixtures/traces";

/// All kept traces of systems.
///
/// The traces of bugs hold only stimuli, so that the same file is clean under the correct system. The exceptions are
/// named `production`: there, the system with the bug has recorded the messages that it sent and its views.
pub const KEPT: &[Kept] = &[
    kept("ledger", "ledger", recorded(1, 400, 6, USUAL)),
    kept("ledger-small", "ledger", recorded(2, 20, 2, ORDERLY)),
    kept("ledger-long", "ledger", inputs(3, 10_000, 40, USUAL)),
    kept("ledger-window", "ledger", Export { skipped: 2000, ..recorded(8, 120, 8, ORDERLY) }),
    kept("ledger-migration", "ledger", Export { flow: Some(ledger::FEES), ..recorded(5, 300, 5, USUAL) }),
    kept("ledger-production", "ledger+late-capture", recorded(4, 300, 3, BAD)),
    kept("ledger-late-capture", "ledger+late-capture", inputs(8, 1000, 3, USUAL)),
    kept("ledger-duplicate-hold", "ledger+duplicate-hold", inputs(1, 200, 4, USUAL)),
    kept("ledger-receipt-stays", "ledger+receipt-stays", inputs(2, 60, 2, ORDERLY)),
    kept("ledger-fee-rounding", "ledger+fee-rounding", Export { flow: Some(ledger::FEES), ..inputs(1, 300, 1, BAD) }),
    kept("ledger-fees-stay", "ledger+fees-stay", Export { flow: Some(ledger::FEES), ..inputs(1, 200, 4, USUAL) }),
    kept("ledger-refused-transfer", "ledger+refused-transfer", inputs(2, 100, 5, ORDERLY)),
    kept("orderbook", "orderbook", recorded(21, 150, 2, USUAL)),
    kept("orderbook-window", "orderbook", Export { skipped: 500, ..recorded(22, 60, 1, ORDERLY) }),
    kept("orderbook-long", "orderbook", inputs(23, 3000, 3, USUAL)),
    kept("orderbook-priority-lost", "orderbook+priority-lost", inputs(24, 1000, 2, ORDERLY)),
    kept("orderbook-hash-order", "orderbook+hash-order", inputs(25, 500, 2, ORDERLY)),
    kept("orderbook-index-stays", "orderbook+index-stays", inputs(26, 50, 1, ORDERLY)),
    kept("orderbook-crossed-amend", "orderbook+crossed-amend", inputs(27, 300, 2, ORDERLY)),
    kept("document", "document", recorded(31, 200, 2, USUAL)),
    kept("document-long", "document", inputs(32, 3000, 1, ORDERLY)),
    kept("document-range-overflow", "document+range-overflow", inputs(33, 2000, 3, ORDERLY)),
    kept("document-bytes-for-chars", "document+bytes-for-chars", inputs(34, 40, 1, ORDERLY)),
    kept("document-stale-digest", "document+stale-digest", inputs(35, 100, 1, ORDERLY)),
];

/// A kept trace of a world: the run of a seed.
#[derive(Clone, Copy, Debug)]
pub struct KeptRun {
    /// The name of the file, without `.jsonl`.
    pub file: &'static str,
    /// The name of the world, for example `replica` or `replica+ack-early`.
    pub world: &'static str,
    /// The seed.
    pub seed: u64,
}

/// All kept traces of worlds: a run of the correct world, and for each bug the first run that shows it.
pub const RUNS: &[KeptRun] = &[
    KeptRun { file: "replica", world: "replica", seed: 20 },
    KeptRun { file: "replica-ack-early", world: "replica+ack-early", seed: 0 },
    KeptRun { file: "replica-retry-twice", world: "replica+retry-twice", seed: 0 },
    KeptRun { file: "replica-forget-on-restart", world: "replica+forget-on-restart", seed: 4 },
];

/// The path of the kept trace with this name.
fn path(file: &str) -> PathBuf {
    root().join(FOLDER).join(file).with_extension("jsonl")
}

impl KeptRun {
    /// The path of the trace.
    pub fn path(&self) -> PathBuf {
        path(self.file)
    }

    /// Generates the trace from its seed.
    pub fn write(&self) -> Vec<u8> {
        let systems = Systems::new().with_worlds(Replica::all());
        let explorer = systems.explorer(self.world).expect("it is known").expect("a world needs no workload");
        explorer.begin().run(self.seed, Record::Any).trace
    }

    /// Returns whether the trace replays exactly as recorded, and the reports of a check under its own world and
    /// under the correct one.
    pub fn check(&self) -> (bool, [Report; 2]) {
        let systems = Systems::new().with_worlds(Replica::all());
        let runner = |world: &str| systems.get(world).expect("the world of a kept trace is one of the fixtures");
        let read = || {
            let input = files::open(&self.path()).expect("the trace is kept");
            Reader::new(self.file, input, Options::default()).expect("it is a trace")
        };
        let replayed = runner(self.world).replay(read(), replay::Options::default(), None).expect("it can be read");
        let check = |world| runner(world).check(read(), check::Options::default()).expect("it can be read");
        (replayed.is_clean() && replayed.skipped.is_none(), [self.world, Replica::NAME].map(check))
    }
}

impl Kept {
    /// The path of the trace.
    pub fn path(&self) -> PathBuf {
        path(self.file)
    }

    /// Writes the trace.
    pub fn write<W: Write>(&self, name: &str, sink: W) -> Result<W, Error> {
        write(self.system, &self.export, name, sink).expect("the system of a kept trace is one of the fixtures")
    }

    /// Checks the trace under its own system and under the correct one.
    pub fn check(&self) -> [Report; 2] {
        let kind = self.system.split('+').next();
        match kind {
            Some(Ledger::NAME) => self.check_as::<Ledger>(),
            Some(OrderBook::NAME) => self.check_as::<OrderBook>(),
            _ => self.check_as::<Documents>(),
        }
    }

    fn check_as<S: Fixture + Subject>(&self) -> [Report; 2] {
        let system = named::<S>(self.system).expect("the system of a kept trace is one of the fixtures");
        let events: Vec<EventOf<S>> = self.export.events(system.clone()).collect();
        let loaded = Loaded::new(self.export.header(self.system), events);
        [system, S::correct()].map(|system| check::check(&system, &loaded, check::Options::default()))
    }
}

/// Writes the trace that `export` describes, or returns `None` if there is no such system.
pub fn write<W: Write>(system: &str, export: &Export, name: &str, sink: W) -> Option<Result<W, Error>> {
    match system.split('+').next() {
        Some(Ledger::NAME) => Some(write_as::<Ledger, W>(system, export, name, sink, named(system)?)),
        Some(OrderBook::NAME) => Some(write_as::<OrderBook, W>(system, export, name, sink, named(system)?)),
        Some(Documents::NAME) => Some(write_as::<Documents, W>(system, export, name, sink, named(system)?)),
        _ => None,
    }
}

/// Returns the names of all systems that a trace can be of.
pub fn systems() -> Vec<String> {
    let ledgers = Ledger::all().map(|(name, _)| name);
    let books = OrderBook::all().map(|(name, _)| name);
    let documents = Documents::all().map(|(name, _)| name);
    ledgers.chain(books).chain(documents).collect()
}

fn named<S: Fixture>(system: &str) -> Option<S> {
    S::all().find(|(name, _)| name == system).map(|(_, system)| system)
}

fn write_as<S: Fixture, W: Write>(name: &str, export: &Export, file: &str, sink: W, system: S) -> Result<W, Error> {
    let mut writer = Writer::new(file, sink, &export.header(name))?;
    for event in export.events(system) {
        writer.event(&event)?;
    }
    writer.finish()
}
