//! Benchmarks reading, replaying, checking and shrinking a trace, planning a migration, and keeping a journal in
//! memory.
//!
//! `cargo bench --bench trace` prints a line for each, together with the work in the same run that it is compared
//! with.

mod count;

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use afresh::format::{Options, Reader, Writer};
use afresh::minimize::Minimizer;
use afresh::{Loaded, Subject, check, oracle, replay};
use afresh_core::{
    Engine, Event, EventNumber, EventOf, Flows, Header, Input, Key, Knob, Message, Name, Policy, Stimulus, What,
};
use afresh_fixtures::document::Patch;
use afresh_fixtures::generate::{Dice, Export, Recording};
use afresh_fixtures::ledger::{FEES, In, View};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let work: [(&str, fn()); 11] = [
        ("check-one-key", || check(10_000, 1)),
        ("check-many-keys", || check(100_000, 1000)),
        ("by-hand-book", || by_hand::<OrderBook>(book(20_000), true)),
        ("by-hand-document", || by_hand::<Documents>(typed(260_000), false)),
        ("plan", plan),
        ("memory", memory),
        ("replay", replay),
        ("shrink", || shrink(100_000, 5000)),
        ("shrink-million", || shrink(1_000_000, 50_000)),
        ("shrink-long", || shrink(100_000, 1000)),
        ("shrink-long-million", || shrink(1_000_000, 1000)),
    ];
    let exact = work.iter().any(|(name, _)| *name == filter);
    for (_, work) in work.iter().filter(|(name, _)| *name == filter || !exact && name.contains(&filter)) {
        work();
    }
}

/// Measures a check of every prefix from the first message, against a hand-written sum of the same folds.
fn check(messages: u32, keys: u32) {
    let trace = loaded(messages, keys);
    let options = check::Options::default();
    let report = check::check(&Ledger::correct(), &trace, options);
    assert!(report.is_clean() && report.coverage.from_first == report.coverage.steps, "{report:?}");
    let (wall, cpu) = median(5, || {
        black_box(check::check(&Ledger::correct(), &trace, options));
    });
    let fold = report.coverage.applications as f64;
    println!(
        "check messages={messages} keys={keys} jobs={} wall_s={:.3} cpu_s={:.3} ns_per_application={:.1}",
        options.jobs,
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        cpu.as_secs_f64() * 1e9 / fold,
    );
}

/// Measures a replay and a check of one long history, against one fold of its bodies by hand, and against one that also
/// computes the outputs after each message. If `every` prefix is asked for, the check recomputes every step from the
/// first message, and so does the hand.
fn by_hand<S: Fixture + Subject>(events: Vec<EventOf<S>>, every: bool) {
    let system = S::correct();
    let header = Export::default().header(S::NAME);
    let file = written::<S>(&header, events.iter().cloned());
    let trace = Loaded::new(header, events);
    let inputs = trace.events.iter().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::In(message)) => message.body.clone(),
        _ => None,
    });
    let inputs: Vec<_> = inputs.collect();
    let (name, flows) = (Name::from("by-hand"), Flows::default());
    let key = Key::from("by-hand");
    let fold = |bodies: &[S::In]| {
        let mut state = S::State::default();
        for body in bodies {
            system.apply(&key, &mut state, Input { from: &name, id: &name, body }, &flows);
        }
        state
    };
    let (once, _) = median(5, || fold(black_box(&inputs)));
    let (hand, _) = if every {
        median(1, || (1..=inputs.len()).for_each(|length| drop(black_box(fold(&inputs[..length])))))
    } else {
        (once, once)
    };
    let (send, _) = median(1, || {
        let mut state = S::State::default();
        for body in &inputs {
            system.apply(&key, &mut state, Input { from: &name, id: &name, body }, &flows);
            drop(black_box(system.outputs(&key, &state, &flows)));
        }
    });
    // So much that every step is recomputed, but few are restated: the hand restates none.
    let budget = if every { 300_000_000 } else { check::Options::default().budget };
    let options = check::Options { budget, ..check::Options::default() };
    let (checking, cpu) = median(1, || {
        let coverage = check::check(&system, &trace, options).coverage;
        assert!(!every || coverage.from_first == coverage.steps, "{coverage:?}");
    });
    let reader = || Reader::new("bench", &file[..], Options::default()).expect("the trace has a header");
    let (replaying, _) = median(3, || replay::replay(&system, reader(), replay::Options::default(), None));
    println!(
        "by-hand system={} messages={} fold_ms={:.1} with_outputs_ms={:.1} hand_s={:.3} check_s={:.3} check_cpu_s={:.3} check_ratio={:.2} \
         check_cpu_ratio={:.2} replay_s={:.3} replay_ratio={:.2}",
        S::NAME,
        inputs.len(),
        once.as_secs_f64() * 1e3,
        send.as_secs_f64() * 1e3,
        hand.as_secs_f64(),
        checking.as_secs_f64(),
        cpu.as_secs_f64(),
        checking.as_secs_f64() / hand.as_secs_f64(),
        cpu.as_secs_f64() / hand.as_secs_f64(),
        replaying.as_secs_f64(),
        replaying.as_secs_f64() / once.as_secs_f64(),
    );
}

/// An order book with a recorded view after each message.
fn book(messages: u32) -> Vec<EventOf<OrderBook>> {
    Export { recording: Recording::Views, ..export(messages, 1) }.events(OrderBook::correct()).collect()
}

/// A document of about 100,000 characters, typed one character at a time, with some deletions and jumps.
fn typed(patches: u32) -> Vec<EventOf<Documents>> {
    let (mut dice, mut length, mut cursor) = (Dice::new(1), 0, 0);
    let patch = |number: u32| {
        if dice.permille(20) {
            cursor = dice.place(length as usize + 1) as u32;
        }
        let deletes = cursor > 0 && dice.permille(300);
        let document = Key::from("paper");
        let patch = if deletes {
            (cursor, length) = (cursor - 1, length - 1);
            Patch { document, at: cursor, delete: 1, insert: String::new() }
        } else {
            (cursor, length) = (cursor + 1, length + 1);
            Patch { document, at: cursor - 1, delete: 0, insert: "e".into() }
        };
        let message = Message::new("editor", format!("p-{number}"), patch);
        let number = EventNumber::new(number).expect("it is not zero");
        Event { number, cause: None, at: None, what: What::Stimulus(Stimulus::In(message)) }
    };
    (1..=patches).map(patch).collect()
}

/// Measures the plan of a migration of one key, against a clone of the whole engine.
fn plan() {
    let trace = loaded(100_000, 1000);
    let mut engine = engine(&trace);
    let key = engine.keys()[500].clone();
    let (by, why) = ("bench".into(), String::new());
    let knob = Knob::Migrate { flow: FEES.into(), keys: Some(vec![key]), on: true, by, why };
    let (plan, _) = median(101, || {
        black_box(engine.plan(&knob));
    });
    let (clone, _) = median(5, || {
        black_box(engine.clone());
    });
    println!(
        "plan messages=100000 keys=1000 us={:.1} clone_us={:.1} ratio={:.5}",
        plan.as_secs_f64() * 1e6,
        clone.as_secs_f64() * 1e6,
        plan.as_secs_f64() / clone.as_secs_f64()
    );
}

/// Measures the memory of an engine per message taken.
fn memory() {
    let trace = loaded(100_000, 1000);
    let (engine, bytes, _) = count::count(|| engine(&trace));
    let events = engine.journal().len();
    println!("memory messages=100000 keys=1000 events={events} bytes_per_message={:.0}", bytes as f64 / 100_000.0);
}

/// Measures reading and replaying a trace of a million messages, against reading alone.
fn replay() {
    let file = file(1_000_000, 1000);
    let reader = || Reader::new("bench", &file[..], Options::default()).expect("the trace has a header");
    let system = Ledger::correct();
    let (reading, _) = median(3, || {
        for event in reader().events(&system) {
            black_box(event.expect("the trace reads"));
        }
    });
    let options = replay::Options { policy: Policy::Incremental, ..replay::Options::default() };
    let replay = || drop(black_box(replay::replay(&system, reader(), options, None).expect("the trace replays")));
    let (replaying, _) = median(3, replay);
    let ((), _, peak) = count::count(replay);
    println!(
        "replay messages=1000000 keys=1000 megabytes={:.0} reading_s={:.3} reading_mb_per_s={:.0} replaying_s={:.3} ratio={:.2} peak_bytes_per_message={:.0}",
        file.len() as f64 / 1e6,
        reading.as_secs_f64(),
        file.len() as f64 / 1e6 / reading.as_secs_f64(),
        replaying.as_secs_f64(),
        replaying.as_secs_f64() / reading.as_secs_f64(),
        peak as f64 / 1e6,
    );
}

/// Measures a complete shrink, payload included, of a trace with a planted bug of five stimuli, against reading
/// alone.
fn shrink(messages: u32, keys: u32) {
    let export = export(messages, keys);
    let mut stimuli: Vec<_> = export.stimuli::<Ledger>().collect();
    // The expected places of five uniform draws between 5 % and 90 %. The last goes in first, so that no place
    // shifts.
    for (place, stimulus) in planted().into_iter().enumerate().rev() {
        let place = messages as usize * (30 + 85 * (place + 1)) / 600;
        let at = stimuli[place].0;
        stimuli.insert(place, (at, stimulus));
    }
    let events = (1..).zip(stimuli).map(|(number, (at, stimulus))| {
        let number = EventNumber::new(number).expect("it is not zero");
        Event { number, cause: None, at: Some(at), what: What::Stimulus(stimulus) }
    });
    let file = written::<Ledger>(&export.header("ledger"), events);
    let reader = || Reader::new("bench", &file[..], Options::default()).expect("the trace has a header");
    let system = Ledger::with("fee-rounding").expect("it is one of the bugs");
    let (reading, _) = median(3, || {
        for event in reader().events(&system) {
            black_box(event.expect("the trace reads"));
        }
    });
    let (mut left, mut runs) = (0, 0);
    let (shrinking, cpu) = median(3, || {
        let mut examined = oracle::examine(&system, reader(), || false).expect("the trace reads");
        examined.oracle.set_jobs(std::thread::available_parallelism().map_or(1, usize::from));
        examined.oracle.aim(None).expect("a bug shows");
        let minimized = Minimizer::new().run(examined.stimuli, &mut *examined.oracle, &mut ()).expect("it fails");
        (left, runs) = (minimized.items.len(), minimized.runs);
        (minimized, examined.oracle)
    });
    println!(
        "shrink messages={messages} keys={keys} left={left} runs={runs} ms={:.0} cpu_ms={:.0} reading_ms={:.0} ratio={:.2}",
        shrinking.as_secs_f64() * 1e3,
        cpu.as_secs_f64() * 1e3,
        reading.as_secs_f64() * 1e3,
        shrinking.as_secs_f64() / reading.as_secs_f64(),
    );
}

fn export(messages: u32, keys: u32) -> Export {
    Export { messages, keys, ..Export::default() }
}

fn file(messages: u32, keys: u32) -> Vec<u8> {
    let export = export(messages, keys);
    written::<Ledger>(&export.header("ledger"), export.events(Ledger::correct()))
}

/// A rounding error: the fees of two payments are a cent too low if the payment captured first arrives last.
fn planted() -> [Stimulus<In, View>; 5] {
    let account = || Key::from("planted");
    let message = |id: &str, body| Stimulus::In(Message::new("shop", id, body));
    let hold = |id, payment: &str, amount, on| {
        message(id, In::Hold { account: account(), payment: payment.into(), amount, on })
    };
    let capture = |id, payment: &str, amount, on| {
        message(id, In::Capture { account: account(), payment: payment.into(), amount, on })
    };
    let (by, why) = ("ops".into(), "trial".into());
    let flow = Knob::Migrate { flow: FEES.into(), keys: Some(vec![account()]), on: true, by, why };
    [
        Stimulus::Knob(Box::new(flow)),
        hold("x-1", "x", 5050, 1_773_478_800_100),
        hold("x-2", "y", 4990, 1_773_478_800_200),
        capture("x-4", "y", 4990, 1_773_478_800_400),
        capture("x-3", "x", 5050, 1_773_478_800_300),
    ]
}

fn written<S: Fixture>(header: &Header, events: impl Iterator<Item = EventOf<S>>) -> Vec<u8> {
    let mut writer = Writer::new("bench", Vec::new(), header).expect("a header can be written");
    for event in events {
        writer.event(&event).expect("an event can be written");
    }
    let mut file = writer.finish().expect("memory can be written");
    file.flush().expect("memory can be written");
    file
}

fn loaded(messages: u32, keys: u32) -> Loaded<Ledger> {
    let export = export(messages, keys);
    Loaded::new(export.header("ledger"), export.events(Ledger::correct()).collect())
}

fn engine(trace: &Loaded<Ledger>) -> Engine<Ledger> {
    let options = afresh_core::Options { policy: Policy::Incremental, ..afresh_core::Options::default() };
    let mut engine = Engine::new(Ledger::correct(), options);
    for event in &trace.events {
        if let What::Stimulus(stimulus @ Stimulus::In(_)) = &event.what {
            engine.take(event.at, stimulus.clone());
        }
    }
    engine
}

/// Computes the median wall time and processor time of `runs` runs. Dropping their results is not measured.
fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> (Duration, Duration) {
    use rustix::time::ClockId::{Monotonic, ProcessCPUTime};
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let (wall, cpu) = (now(Monotonic), now(ProcessCPUTime));
            let made = run();
            let times = (now(Monotonic) - wall, now(ProcessCPUTime) - cpu);
            drop(made);
            times
        })
        .collect();
    times.sort();
    times[runs / 2]
}

fn now(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
