//! Benchmarks the simulation of a system, with all checks of each run and two laws.
//!
//! `cargo bench --bench service` prints two lines for each example system: how many messages a second reach the host,
//! on one core and in processor time. In the first, the messages are generated, and the time for that is given apart.
//! In the second, they are drawn from a recorded trace of such messages, about as many in each run.

use std::io::Cursor;
use std::time::Duration;

use afresh::cli::runner::Around;
use afresh::explore::{self, Counts, Explorer, Record};
use afresh::format::files::Input;
use afresh::format::{Options, Reader, Writer};
use afresh::proptest::strategy::{Strategy, ValueTree};
use afresh::proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use afresh::{Systems, Workload};
use afresh_core::{Event, EventNumber, Header, Message, Stimulus, What};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook, document, ledger, orderbook};

const SEEDS: u64 = 4000;

/// The largest number of recorded messages in a run, with which there are on average as many as generated ones.
const RECORDED_MAX: usize = 85;

fn main() {
    let systems = Systems::new()
        .with(Ledger::NAME, Ledger::correct())
        .with(OrderBook::NAME, OrderBook::correct())
        .with(Documents::NAME, Documents::correct())
        .exploring(Workload::new(ledger::messages).flow(ledger::FEES).version(Ledger::NAME))
        .exploring(Workload::new(orderbook::messages).version(OrderBook::NAME))
        .exploring(Workload::new(document::messages).version(Documents::NAME));
    lines::<Ledger>(&systems, &ledger::messages());
    lines::<OrderBook>(&systems, &orderbook::messages());
    lines::<Documents>(&systems, &document::messages());
}

fn lines<S: Fixture>(systems: &Systems, messages: &impl Strategy<Value = Vec<Message<S::In>>>) {
    let (started, mut events) = (now(), Vec::new());
    for seed in 0..SEEDS {
        for message in drawn(messages, seed) {
            // Each seed has facts of its own, as a recorded trace has.
            let id = format!("{seed}-{}", message.id).into();
            events.push(What::Stimulus(Stimulus::In(Message { id, ..message })));
        }
    }
    let generation = now() - started;
    if let Ok(Some(explorer)) = systems.explorer(S::NAME) {
        line("service", S::NAME, &*explorer, generation);
    }
    let options = explore::Options { messages_max: RECORDED_MAX, ..explore::Options::default() };
    let around = Around { options, mix: false };
    let explorer = systems.explorer_around(S::NAME, vec![recorded::<S>(events)], around);
    let explorer = explorer.expect("the trace can be read").expect("it has messages");
    line("service-from", S::NAME, &*explorer, Duration::ZERO);
}

/// Returns a trace of these events, as it would be read from a file.
fn recorded<S: Fixture>(events: Vec<What<S::In, S::Out, S::View>>) -> Reader<Input> {
    let mut writer = Writer::new("bench", Vec::new(), &Header::complete(S::NAME)).expect("a header");
    for (number, what) in (1..).zip(events) {
        let number = EventNumber::new(number).expect("a number");
        writer.event(&Event { number, cause: None, at: None, what }).expect("an event");
    }
    let bytes = writer.finish().expect("a trace");
    Reader::new("bench", Input::stream(Cursor::new(bytes)), Options::default()).expect("a header")
}

fn line(kind: &str, name: &str, explorer: &dyn Explorer, generation: Duration) {
    let mut runs = explorer.begin();
    let (started, mut counts) = (now(), Counts::default());
    for seed in 0..SEEDS {
        let run = runs.run(seed, Record::Failing);
        assert!(run.findings.is_empty(), "{name}, seed {seed}: {:?}", run.findings);
        counts.add(&run.counts);
    }
    let arrived = counts.get("arrived");
    let simulation = (now() - started).saturating_sub(generation);
    println!(
        "{kind} system={name} runs={SEEDS} messages={} messages_per_second={:.0} us_per_run={:.0} generation_us_per_run={:.0}",
        arrived,
        arrived as f64 / simulation.as_secs_f64(),
        simulation.as_secs_f64() * 1e6 / SEEDS as f64,
        generation.as_secs_f64() * 1e6 / SEEDS as f64,
    );
}

/// Draws the messages of a run.
fn drawn<B: std::fmt::Debug>(messages: &impl Strategy<Value = Vec<Message<B>>>, seed: u64) -> Vec<Message<B>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    messages.new_tree(&mut runner).map(|tree| tree.current()).unwrap_or_default()
}

/// Returns the processor time of this process so far, so that other work on the machine does not count.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
