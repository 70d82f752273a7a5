//! Benchmarks the engine against a hand-written fold of the same messages in the same run.
//!
//! `cargo bench --bench engine` prints a line for each kind of work: the median of several runs, and its ratio to the
//! time of the hand-written fold. That fold has one key, writes no journal and sends nothing.

mod bare;
mod workload;

use std::hint::black_box;
use std::time::Duration;

use afresh_core::{Engine, Options, Policy, Stimulus};
use afresh_fixtures::{Fixture, Ledger};

const RUNS: usize = 7;

/// A line of the report: its name, and the function that measures and prints it.
type Line = (&'static str, Box<dyn Fn()>);

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let mut lines: Vec<Line> = Vec::new();
    for (length, name) in [(10, "first-principles 10"), (100, "first-principles 100"), (1000, "first-principles 1000")]
    {
        lines.push((name, Box::new(move || updates(name, Policy::FirstPrinciples, length, 0))));
    }
    for (length, name) in [(10, "incremental 10"), (1000, "incremental 1000"), (10_000, "incremental 10000")] {
        lines.push((name, Box::new(move || updates(name, Policy::Incremental, length, 0))));
    }
    for (length, name) in [(10, "unchecked 10"), (1000, "unchecked 1000"), (10_000, "unchecked 10000")] {
        lines.push((name, Box::new(move || updates(name, Policy::Unchecked, length, 0))));
    }
    lines.push(("late 10000", Box::new(|| updates("late 10000", Policy::Incremental, 10_000, 5))));
    let is_name = lines.iter().any(|(name, _)| *name == filter);
    for (_, line) in lines.iter().filter(|(name, _)| if is_name { *name == filter } else { name.contains(&filter) }) {
        line();
    }
}

/// Measures updates per second on histories of `length` messages, one key each. `late` percent of the messages arrive
/// up to 200 places late.
fn updates(name: &str, policy: Policy, length: usize, late: usize) {
    let histories = (100_000 / length).clamp(1, 2000);
    let messages = workload::messages(length, late);
    let engine = median(|| {
        let started = now();
        for _ in 0..histories {
            let mut engine = Engine::new(Ledger::correct(), Options { policy, ..Options::default() });
            for message in &messages {
                black_box(engine.take(None, Stimulus::In(message.clone())).stimulus());
            }
            black_box(engine.journal().len());
        }
        (now() - started).as_secs_f64() / (histories * length) as f64
    });
    let bare = median(|| {
        let started = now();
        for _ in 0..histories {
            black_box(bare::fold(&messages));
        }
        (now() - started).as_secs_f64() / (histories * length) as f64
    });
    println!(
        "{name:<24} {:>12.0} updates/s  {:>9.1} ns  ratio to a hand-written fold {:>8.1}",
        1.0 / engine,
        engine * 1e9,
        engine / bare
    );
}

fn median(mut run: impl FnMut() -> f64) -> f64 {
    let mut times: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

/// Returns the processor time of this process so far, so that other work on the machine does not count.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
