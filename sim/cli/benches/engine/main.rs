//! What the engine costs, beside a hand-written fold of the same messages in the same run.
//!
//! `cargo bench --bench engine` prints a line for each kind of work: the median of several runs, and how many times as
//! long that is as the hand-written fold, which journals nothing, sends nothing and has one key.

mod bare;
mod workload;

use std::hint::black_box;
use std::time::Duration;

use afresh_core::{Engine, Options, Policy, Stimulus};
use afresh_fixtures::{Fixture, Ledger};

const RUNS: usize = 7;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let lines = [
        ("first-principles 10", Policy::FirstPrinciples, 10, 0),
        ("first-principles 100", Policy::FirstPrinciples, 100, 0),
        ("first-principles 1000", Policy::FirstPrinciples, 1000, 0),
        ("incremental 10", Policy::Incremental, 10, 0),
        ("incremental 1000", Policy::Incremental, 1000, 0),
        ("incremental 10000", Policy::Incremental, 10_000, 0),
        ("unchecked 10", Policy::Unchecked, 10, 0),
        ("unchecked 1000", Policy::Unchecked, 1000, 0),
        ("unchecked 10000", Policy::Unchecked, 10_000, 0),
        ("late 10000", Policy::Incremental, 10_000, 5),
    ];
    for (name, policy, length, late) in lines.into_iter().filter(|(name, ..)| name.contains(&filter)) {
        updates(name, policy, length, late);
    }
}

/// Updates per second: histories of `length` messages, one key each, `late` percent of them up to 200 places late.
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

/// The processor time of this process so far: other work on the machine does not count.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
