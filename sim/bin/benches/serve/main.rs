//! Benchmarks the ledger as a service on a store, against a bare loop that writes the same rows to SQLite in batches
//! of the same size and does nothing else.
//!
//! `cargo bench --bench serve` prints a line for each. A commit waits for the disk, so all figures depend on it: look
//! at the ratios.

mod bare;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use afresh::format::{Options as Reading, Reader};
use afresh::replay;
use afresh_core::{Message, Stimulus};
use afresh_fixtures::generate::Export;
use afresh_fixtures::ledger::In;
use afresh_fixtures::{Fixture, Ledger};
use afresh_host::store::{Sqlite, Store};
use afresh_host::{Options, Receivers, Service};
use afresh_trace::row::Row;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

/// The number of messages that are on their way to the service at the same time.
const IN_FLIGHT: usize = 1000;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let work: [(&str, fn()); 2] = [("in-process", || in_process(200_000)), ("restart", || restart(1_000_000))];
    for (_, work) in work.iter().filter(|(name, _)| name.contains(&filter)) {
        work();
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads")
}

/// A folder on the disk of the build, because the folder for temporary files may be in memory.
fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

fn messages(count: u32) -> Vec<Message<In>> {
    let export = Export { messages: count, keys: 1000, ..Export::default() };
    let stimuli = export.stimuli::<Ledger>().filter_map(|(_, stimulus)| match stimulus {
        Stimulus::In(message) => Some(message),
        _ => None,
    });
    stimuli.collect()
}

fn open(path: &Path) -> Service<Ledger> {
    let mut options = Options::new("ledger");
    options.scrub_every = None;
    Service::open(Ledger::correct(), Box::new(Sqlite::new(path)), Receivers::new(), options).expect("it opens")
}

/// Offers all messages, [`IN_FLIGHT`] of them at a time, and stops the service.
async fn offer_all(service: &Service<Ledger>, messages: Vec<Message<In>>) {
    let free = Arc::new(Semaphore::new(IN_FLIGHT));
    for message in messages {
        let permit = Arc::clone(&free).acquire_owned().await.expect("it is never closed");
        let service = service.clone();
        tokio::spawn(async move {
            service.offer(message).await.expect("it is durable");
            drop(permit);
        });
    }
    drop(free.acquire_many(IN_FLIGHT as u32).await.expect("it is never closed"));
}

/// All rows of a store.
fn rows(path: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut store = Sqlite::new(path);
    store
        .read(0, &mut |row| {
            rows.push(row);
            true
        })
        .expect("the store can be read");
    rows
}

/// Measures durable messages a second in process.
fn in_process(count: u32) {
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let folder = folder();
        let path = folder.path().join("service.db");
        let messages = messages(count);
        let runtime = runtime();
        let _entered = runtime.enter();
        let service = open(&path);
        let (served, batches) = timed(|| {
            runtime.block_on(offer_all(&service, messages));
            commits(&service)
        });
        runtime.block_on(service.stop());
        let rows = rows(&path);
        let batch = rows.len().div_ceil(batches as usize);
        let (bare, ()) = timed(|| bare::write(&folder.path().join("bare.db"), &rows, batch));
        let ratio = bare.as_secs_f64() / served.as_secs_f64();
        println!(
            "in-process messages={count} rows={} batch={batch} messages_per_second={:.0} bare={:.0} ratio={ratio:.2}",
            rows.len(),
            f64::from(count) / served.as_secs_f64(),
            f64::from(count) / bare.as_secs_f64(),
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("in-process median ratio={:.2}", ratios[1]);
}

/// The number of batches that were made durable.
fn commits(service: &Service<Ledger>) -> u64 {
    service.metrics().commits.get()
}

/// Measures a restart with a long journal, against a replay of its trace.
fn restart(count: u32) {
    let folder = folder();
    let path = folder.path().join("service.db");
    let runtime = runtime();
    let _entered = runtime.enter();
    let service = open(&path);
    runtime.block_on(offer_all(&service, messages(count)));
    runtime.block_on(service.stop());
    drop(service);
    let mut trace = b"{\"afresh\":{\"format\":1,\"system\":\"ledger\",\"complete\":true}}\n".to_vec();
    rows(&path).iter().for_each(|row| row.line(&mut trace).expect("it is whole"));
    for _ in 0..3 {
        let (replayed, report) = timed(|| {
            let reader = Reader::new("trace", &trace[..], Reading::default()).expect("it has a header");
            replay::replay(&Ledger::correct(), reader, replay::Options::default(), None).expect("it can be read")
        });
        drop(report);
        while Sqlite::new(&path).take(&afresh_core::Header::complete("ledger")).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let (started, service) = timed(|| open(&path));
        println!(
            "restart messages={count} restart_s={:.2} replay_s={:.2} ratio={:.2}",
            started.as_secs_f64(),
            replayed.as_secs_f64(),
            started.as_secs_f64() / replayed.as_secs_f64()
        );
        runtime.block_on(service.stop());
    }
}

/// Runs some work, and measures the time that it takes.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    use rustix::time::{ClockId, clock_gettime};
    let now = || {
        let time = clock_gettime(ClockId::Monotonic);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let before = now();
    let result = work();
    (now() - before, result)
}
