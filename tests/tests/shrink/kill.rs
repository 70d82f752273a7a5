//! Tests that a search killed at any moment leaves a valid file that still fails, and resumes to the identical
//! result.
//!
//! Each kind of input is killed at ten moments. `AFRESH_KILLS=100 cargo test -p afresh-tests --test all kill`
//! tries a hundred.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;
use std::{env, fs, thread};

use super::bench::{Bench, run};

/// The unit in which the duration of a search is measured.
const NAP: Duration = Duration::from_millis(1);

/// Returns for each kill the fraction of the search after which it happens. The fractions are spread evenly, and are
/// the same every time.
fn moments() -> impl Iterator<Item = f64> {
    let kills = env::var("AFRESH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10);
    (1..=kills).map(|kill| (f64::from(kill) * 0.618_034).fract())
}

/// Kills searches of `bench` with `command`, and resumes each one. `fails` tells if a result still fails.
fn kill(bench: impl Fn() -> Bench, command: impl Fn(&Bench, &[&str]) -> Command, fails: impl Fn(&Bench) -> bool) {
    let whole = bench();
    let mut child = command(&whole, &[]).spawn().expect("it runs");
    let mut naps = 0;
    while child.try_wait().expect("its state is known").is_none() {
        thread::sleep(NAP);
        naps += 1;
    }
    assert_eq!(child.wait().expect("it has ended").code(), Some(0));
    let (mut early, mut late) = (0, 0);
    for moment in moments() {
        let bench = bench();
        let mut child = command(&bench, &[]).spawn().expect("it runs");
        (0..(f64::from(naps) * moment) as u32).for_each(|_| thread::sleep(NAP));
        let ended = child.try_wait().expect("its state is known").is_some();
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let has_walk = fs::read(bench.path("trace.min.log.walk")).is_ok_and(|walk| walk.contains(&b'\n'));
        if bench.path("trace.min.log").exists() {
            assert!(fails(&bench), "after {moment} of it what is there does not fail");
        }
        early += usize::from(!has_walk);
        late += usize::from(ended);
        let again = run(command(&bench, if has_walk { &["--resume"] } else { &["--force"] }));
        assert_eq!(again.code, Some(0), "after {moment} of it: {}", again.stderr);
        assert_eq!(bench.walk().runs, whole.walk().runs, "after {moment} of it: {}", again.stdout);
        let same = bench.read("trace.min.log") == whole.read("trace.min.log");
        assert!(same, "after {moment} of it another result: {}", again.stdout);
    }
    assert!(early + late < moments().count(), "{early} were killed before they began, {late} after they had ended");
}

#[test]
fn a_search_by_a_command_survives_a_kill() {
    let script = r#"grep '^open\|^reverse' "$1" | tr '\n' ' ' | grep -q 'open.*reverse'"#;
    let fails = |bench: &Bench| {
        let best = String::from_utf8(bench.read("trace.min.log")).expect("text");
        best.find("open").is_some_and(|open| best[open..].contains("reverse"))
    };
    kill(Bench::with_bug, |bench, options| bench.shrink_by(&[&["trace.log"], options].concat(), script), fails);
}

#[test]
fn a_search_in_a_system_survives_a_kill() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/traces/ledger-late-capture.jsonl");
    let trace = fs::read(trace).expect("it is kept");
    let command = |bench: &Bench, options: &[&str]| bench.command(["trace.log"].iter().chain(options).map(OsStr::new));
    let fails = |bench: &Bench| {
        let checked = bench.check(&["trace.min.log"]).output().expect("it runs");
        String::from_utf8_lossy(&checked.stdout).contains("kept for incremental/balance, which is back")
    };
    kill(|| Bench::new(&trace), command, fails);
}

#[test]
fn a_command_ends_with_the_search_that_started_it() {
    let bench = Bench::with_bug();
    let script = r#"sleep 60 & echo $! >> "$0/pids"; echo $$ >> "$0/pids"; wait"#;
    let mut child = bench.shrink_by(&["trace.log"], script).spawn().expect("it runs");
    let pids = || fs::read_to_string(bench.path("pids")).unwrap_or_default();
    while pids().lines().count() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    for pid in pids().lines() {
        assert!(!super::runs::is_running(pid), "process {pid} still runs");
    }
}
