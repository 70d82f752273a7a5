//! Benchmarks the ledger as a service on a store, against a bare loop that writes the same rows to SQLite in batches
//! of the same size and does nothing else.
//!
//! `cargo bench --bench serve` prints a line for each. A commit waits for the disk, so all figures depend on it: look
//! at the ratios.

mod bare;
#[path = "../trace/count.rs"]
mod count;
mod http;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use afresh::format::{Options as Reading, Reader};
use afresh::replay;
use afresh_core::{Message, Policy, Stimulus};
use afresh_fixtures::generate::Export;
use afresh_fixtures::ledger::In;
use afresh_fixtures::{Fixture, Ledger};
use afresh_host::http::{Access, Limits, Listen, router, serve};
use afresh_host::store::{Sqlite, Store};
use afresh_host::{Options, Receivers, Service};
use afresh_trace::row::Row;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

/// The number of messages that are on their way to the service at the same time.
const IN_FLIGHT: usize = 1000;

/// The number of connections over HTTP.
const CONNECTIONS: usize = 64;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let work: [(&str, fn()); 5] = [
        ("in-process", || in_process(200_000)),
        ("http", || over_http(30_000)),
        ("plan", || plan(100_000)),
        ("restart", || restart(1_000_000)),
        ("memory", || memory(1_000_000)),
    ];
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

/// Measures durable messages a second over HTTP on 64 connections, and then the time of one message at half that load.
fn over_http(count: u32) {
    let (mut ratios, mut late) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let folder = folder();
        let path = folder.path().join("service.db");
        let runtime = runtime();
        let _entered = runtime.enter();
        let service = open(&path);
        let address = listen(&runtime, &service);
        let all: Vec<_> = messages(count * 2).iter().map(json).collect();
        let (fast, slow) = all.split_at(count as usize);
        let (served, _) = timed(|| runtime.block_on(http::offer(address, Arc::new(fast.to_vec()), CONNECTIONS, None)));
        let batches = commits(&service);
        let stored = *service.durable().borrow();
        let per_second = f64::from(count) / served.as_secs_f64();
        let half = (per_second * 3.0) as usize / 2;
        let slow = Arc::new(slow[..half.min(slow.len())].to_vec());
        let mut times = runtime.block_on(http::offer(address, slow, CONNECTIONS, Some(per_second / 2.0)));
        times.sort();
        let p99 = times[times.len() * 99 / 100];
        runtime.block_on(service.stop());
        let mut rows = rows(&path);
        rows.truncate(stored);
        let batch = rows.len().div_ceil(batches as usize);
        let (bare, ()) = timed(|| bare::write(&folder.path().join("bare.db"), &rows, batch));
        let commit = bare / rows.len().div_ceil(batch) as u32;
        let ratio = bare.as_secs_f64() / served.as_secs_f64();
        println!(
            "http messages={count} connections={CONNECTIONS} batch={batch} messages_per_second={per_second:.0} \
             bare={:.0} ratio={ratio:.2} half_p50_ms={:.1} half_p99_ms={:.1} commit_ms={:.1} p99_ratio={:.2}",
            f64::from(count) / bare.as_secs_f64(),
            times[times.len() / 2].as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3,
            commit.as_secs_f64() * 1e3,
            p99.as_secs_f64() / commit.as_secs_f64(),
        );
        ratios.push(ratio);
        late.push(p99.as_secs_f64() / commit.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    late.sort_by(f64::total_cmp);
    println!("http median ratio={:.2} p99_ratio={:.2}", ratios[1], late[1]);
}

/// Serves over HTTP until the process ends.
fn listen(runtime: &Runtime, service: &Service<Ledger>) -> SocketAddr {
    let access = Arc::new(Access::default());
    let router = router(service.clone(), Arc::clone(&access), Limits::default());
    let listen = Listen::new(([127, 0, 0, 1], 0).into());
    let serving = runtime.block_on(serve(listen, &access, router, std::future::pending()));
    serving.expect("a free port").address()
}

/// The JSON of a message.
fn json(message: &Message<In>) -> String {
    let mut json = serde_json::json!({ "id": message.id, "from": message.from, "revision": message.revision });
    match &message.body {
        Some(body) => json["body"] = serde_json::to_value(body).expect("JSON"),
        None => json["withdrawn"] = true.into(),
    }
    json.to_string()
}

/// Measures the plan of a trigger of one key over HTTP.
fn plan(count: u32) {
    let folder = folder();
    let runtime = runtime();
    let _entered = runtime.enter();
    let service = open(&folder.path().join("service.db"));
    runtime.block_on(offer_all(&service, messages(count)));
    let address = listen(&runtime, &service);
    let mut times: Vec<_> = (1..=100).collect();
    let mut connection = runtime.block_on(http::Connection::open(address)).expect("it listens");
    let mut times: Vec<_> = times
        .drain(..)
        .map(|key| {
            let knob = format!(r#"{{"trigger":{{"keys":["a-{key}"]}}}}"#);
            timed(|| runtime.block_on(connection.post("/knobs/plan", &knob)).expect("a plan")).0
        })
        .collect();
    times.sort();
    println!(
        "plan messages={count} median_ms={:.2} longest_ms={:.2}",
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[times.len() - 1].as_secs_f64() * 1e3
    );
    runtime.block_on(service.stop());
}

/// Measures the memory of a service with a long journal, against that of a replay of its trace.
fn memory(count: u32) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let folder = folder();
    let (path, trace) = stopped(&runtime, &folder, count);
    let ((), _, replay) = count::count(|| drop(replayed(&trace)));
    let (service, live, _) = count::count(|| open(&path));
    println!(
        "memory messages={count} service_bytes_per_message={:.0} replay_bytes_per_message={:.0} ratio={:.2}",
        live as f64 / f64::from(count),
        replay as f64 / f64::from(count),
        live as f64 / replay as f64
    );
    runtime.block_on(service.stop());
}

/// Lets a service take messages, and stops it. Returns the path of its store, and the trace of its journal.
fn stopped(runtime: &Runtime, folder: &TempDir, count: u32) -> (PathBuf, Vec<u8>) {
    let path = folder.path().join("service.db");
    let service = open(&path);
    runtime.block_on(offer_all(&service, messages(count)));
    runtime.block_on(service.stop());
    drop(service);
    let trace = trace(&path);
    (path, trace)
}

/// The journal of a store as a trace.
fn trace(path: &Path) -> Vec<u8> {
    let mut trace = b"{\"afresh\":{\"format\":1,\"system\":\"ledger\",\"complete\":true}}\n".to_vec();
    rows(path).iter().for_each(|row| row.line(&mut trace).expect("it is whole"));
    trace
}

fn replayed(trace: &[u8]) -> replay::Report {
    let reader = Reader::new("trace", trace, Reading::default()).expect("it has a header");
    let options = replay::Options { policy: Policy::Incremental, ..replay::Options::default() };
    replay::replay(&Ledger::correct(), reader, options, None).expect("it can be read")
}

/// Measures a restart with a long journal, against a replay of its trace.
fn restart(count: u32) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let folder = folder();
    let (path, trace) = stopped(&runtime, &folder, count);
    for _ in 0..3 {
        let (replaying, report) = timed(|| replayed(&trace));
        drop(report);
        let (started, service) = timed(|| open(&path));
        println!(
            "restart messages={count} restart_s={:.2} replay_s={:.2} ratio={:.2}",
            started.as_secs_f64(),
            replaying.as_secs_f64(),
            started.as_secs_f64() / replaying.as_secs_f64()
        );
        runtime.block_on(service.stop());
    }
}

/// Runs some work, and measures the time that it takes.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = clock();
    let result = work();
    (clock() - before, result)
}

/// The time since the machine has started.
fn clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
