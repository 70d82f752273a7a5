//! Benchmarks the simulation of a system, with all checks of each run and two laws.
//!
//! `cargo bench --bench service` prints a line for each example system: how many messages a second reach the host, on
//! one core and in processor time. The time to generate the messages is given apart.

use std::hint::black_box;
use std::time::Duration;

use afresh::explore::{Counts, Record};
use afresh::proptest::strategy::{Strategy, ValueTree};
use afresh::proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use afresh::{Systems, Workload};
use afresh_core::Message;
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook, document, ledger, orderbook};

const SEEDS: u64 = 4000;

fn main() {
    let systems = Systems::new()
        .with(Ledger::NAME, Ledger::correct())
        .with(OrderBook::NAME, OrderBook::correct())
        .with(Documents::NAME, Documents::correct())
        .exploring(Workload::new(ledger::messages).flow(ledger::FEES).version(Ledger::NAME))
        .exploring(Workload::new(orderbook::messages).version(OrderBook::NAME))
        .exploring(Workload::new(document::messages).version(Documents::NAME));
    line(&systems, Ledger::NAME, generation(&ledger::messages()));
    line(&systems, OrderBook::NAME, generation(&orderbook::messages()));
    line(&systems, Documents::NAME, generation(&document::messages()));
}

fn line(systems: &Systems, name: &str, generation: Duration) {
    let Ok(Some(explorer)) = systems.explorer(name) else { return };
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
        "service system={name} runs={SEEDS} messages={} messages_per_second={:.0} us_per_run={:.0} generation_us_per_run={:.0}",
        arrived,
        arrived as f64 / simulation.as_secs_f64(),
        simulation.as_secs_f64() * 1e6 / SEEDS as f64,
        generation.as_secs_f64() * 1e6 / SEEDS as f64,
    );
}

/// Measures the time to draw the messages of all runs.
fn generation<B: std::fmt::Debug>(messages: &impl Strategy<Value = Vec<Message<B>>>) -> Duration {
    let started = now();
    for seed in 0..SEEDS {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        black_box(messages.new_tree(&mut runner).map(|tree| tree.current()).ok());
    }
    now() - started
}

/// Returns the processor time of this process so far, so that other work on the machine does not count.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
