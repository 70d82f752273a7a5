//! Systems that are evil to the tools around them, for the tests of campaigns. The bugs of one have names that a shell,
//! a terminal or a file system acts on. Another one removes a file, or hangs, when the environment says so.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, fs, thread};

use afresh::Workload;
use afresh::proptest::collection::vec;
use afresh::proptest::prelude::*;
use afresh_core::{Flows, Input, Key, Message, Slot, System, Violation};
use afresh_tests::evil::{HANGS, NAMES, REMOVES, WAITS};
use signal_hook::consts::SIGTERM;
use signal_hook::flag::register;

/// A message is the number of a name, from 1, or 0 for no bug. Odd numbers break an invariant, and even ones panic.
#[derive(Clone)]
struct Names;

/// A system whose invariant does not hold after a message that is not 0.
#[derive(Clone)]
struct Files;

/// Whether the system `files` has applied a message in this process.
static APPLIED: AtomicBool = AtomicBool::new(false);

/// The walk of a search for the bug of the system `files`, and the text in it after the first candidate was accepted.
const WALK: &str = "findings/nothing/walk.jsonl";
const ACCEPTED: &str = r#""pass":"span""#;

/// Waits for SIGTERM if a search has accepted a candidate. The first message takes so long that the limit of a run,
/// which is a multiple of that, is no danger.
fn wait_for_signal(path: &OsStr) {
    if !APPLIED.swap(true, Ordering::Relaxed) {
        thread::sleep(Duration::from_secs(2));
    }
    if fs::read_to_string(WALK).is_ok_and(|walk| walk.contains(ACCEPTED)) {
        let asked = Arc::new(AtomicBool::new(false));
        register(SIGTERM, asked.clone()).expect("a handler");
        fs::write(path, "").expect("a file is written");
        while !asked.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn name(number: u64) -> Option<&'static str> {
    NAMES.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

impl System for Names {
    type In = u64;
    type Out = u64;
    type State = Vec<u64>;
    type View = Vec<u64>;

    fn keys(&self, _: &u64) -> impl IntoIterator<Item = Key> {
        ["all".into()]
    }

    fn apply(&self, _: &Key, state: &mut Vec<u64>, input: Input<'_, u64>, _: &Flows) {
        state.push(*input.body);
        if let Some(name) = name(*input.body).filter(|_| input.body.is_multiple_of(2)) {
            panic!("{name}");
        }
    }

    fn view(&self, _: &Key, state: &Vec<u64>) -> Vec<u64> {
        state.clone()
    }

    fn outputs(&self, _: &Key, _: &Vec<u64>, _: &Flows) -> BTreeMap<Slot, u64> {
        BTreeMap::new()
    }

    fn invariants(&self, _: &Key, state: &Vec<u64>) -> Vec<Violation> {
        let names = state.iter().filter_map(|number| name(*number));
        names.map(|name| Violation::new(name, format!("found {name}"))).collect()
    }
}

impl System for Files {
    type In = u64;
    type Out = u64;
    type State = u64;
    type View = u64;

    fn keys(&self, _: &u64) -> impl IntoIterator<Item = Key> {
        ["all".into()]
    }

    fn apply(&self, _: &Key, state: &mut u64, input: Input<'_, u64>, _: &Flows) {
        *state |= *input.body;
        if let Some(path) = env::var_os(REMOVES) {
            let _ = fs::remove_file(path);
        }
        if let Some(path) = env::var_os(WAITS) {
            wait_for_signal(&path);
        }
        if let Some(path) = env::var_os(HANGS) {
            fs::write(path, "").expect("a file is written");
            loop {
                thread::sleep(Duration::from_secs(1));
            }
        }
    }

    fn view(&self, _: &Key, state: &u64) -> u64 {
        *state
    }

    fn outputs(&self, _: &Key, _: &u64, _: &Flows) -> BTreeMap<Slot, u64> {
        BTreeMap::new()
    }

    fn invariants(&self, _: &Key, state: &u64) -> Vec<Violation> {
        if *state > 0 { vec![Violation::new("nothing", "something")] } else { Vec::new() }
    }
}

/// Generates at most one bug a run, so that each of them is the first one of some run.
fn messages() -> impl Strategy<Value = Vec<Message<u64>>> {
    (vec(Just(0), 0..3), 0..=NAMES.len() as u64).prop_map(|(mut bodies, last)| {
        bodies.push(last);
        let message = |(number, body)| Message::new("x", format!("m-{number}"), body);
        bodies.into_iter().enumerate().map(message).collect()
    })
}

afresh::main!("evil" => Names, "files" => Files; Workload::new(messages));

pub(super) fn run() -> std::process::ExitCode {
    main()
}
