//! Benchmarks the delivery of messages in a world against a hand-written loop that does the same in the same run.
//!
//! `cargo bench --bench ring` prints a line for each kind of work. Clients send requests to a ring of three servers;
//! each message is in flight for 1 to 10 ms, and all events are recorded in memory.

mod bare;
mod ring;

use std::hint::black_box;
use std::time::Duration;

use afresh::world::digest_of;

const MESSAGES: u64 = 2_000_000;
const RUNS: usize = 7;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    for clients in [4, 64] {
        for lossy in [false, true] {
            let name = format!("ring clients={clients} loss={}", if lossy { "1%" } else { "0" });
            if name.contains(&filter) {
                messages(&name, clients, lossy);
            }
        }
    }
    if "ring digest".contains(&filter) {
        digest();
    }
    if "ring run messages=400".contains(&filter) {
        whole_runs();
    }
}

/// Measures the time per message.
fn messages(name: &str, clients: u32, lossy: bool) {
    let names = ring::names(clients);
    let mut record = Vec::with_capacity(2 * MESSAGES as usize);
    let (world, bare) = medians(
        || ring::run(1, &names, lossy, MESSAGES).delivered(),
        || {
            record.clear();
            bare::run(1, clients, lossy, MESSAGES, &mut record)
        },
    );
    println!("{name} ns_per_message={world:.1} bare={bare:.1} ratio={:.2}", world / bare);
}

/// Measures the time to compute the digest of all events.
fn digest() {
    let world = ring::run(1, &ring::names(64), false, MESSAGES);
    let events = world.happened();
    let mut of_all = || black_box(digest_of(black_box(events)) == world.digest()).into();
    let ns = (0..RUNS).map(|_| time(&mut of_all)).fold(f64::MAX, f64::min) / events.len() as f64;
    println!("ring digest ns_per_event={ns:.2}");
}

/// Measures the time of a run of 400 messages, setup included.
fn whole_runs() {
    let names = ring::names(4);
    let mut record = Vec::with_capacity(1 << 16);
    let (world, bare) = medians(
        || (0..2000).map(|seed| black_box(ring::run(seed, &names, false, 400)).delivered().min(1)).sum(),
        || {
            let mut one = |seed| {
                record.clear();
                black_box(bare::run(seed, 4, false, 400, &mut record)).min(1)
            };
            (0..2000).map(&mut one).sum()
        },
    );
    println!("ring run messages=400 us={:.1} bare={:.1} ratio={:.2}", world / 1e3, bare / 1e3, world / bare);
}

/// Computes the median time per unit of work, in nanoseconds, of two functions that return how many units they did.
/// They take turns, so that other work on the machine affects both.
fn medians(mut one: impl FnMut() -> u64, mut other: impl FnMut() -> u64) -> (f64, f64) {
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..RUNS {
        times[0].push(time(&mut one));
        times[1].push(time(&mut other));
    }
    let [one, other] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[RUNS / 2]
    });
    (one, other)
}

fn time(run: &mut impl FnMut() -> u64) -> f64 {
    let started = now();
    let done = black_box(run());
    (now() - started).as_secs_f64() * 1e9 / done as f64
}

/// Returns the processor time of this process so far, so that other work on the machine does not count.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
