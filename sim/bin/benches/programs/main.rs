//! Benchmarks systems that are programs: the order service in Python and, if Node is new enough, in TypeScript.
//!
//! `cargo bench --bench programs` prints a line for each figure, with the median of several times and its ratio to the
//! work that it is compared with: the loop of `loop.py` or `loop.ts`, a pipe that echoes, or an empty program.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use afresh_core::{Flows, Input, Name, System};
use afresh_program::{Config, Json, Program, State};
use serde_json::json;
use tempfile::TempDir;

const MESSAGES: usize = 10_000;
const KEYS: u64 = 1000;

fn main() {
    let folder = TempDir::new().expect("a folder");
    let night = folder.path().join("night.jsonl");
    std::fs::write(&night, trace(false)).expect("the trace is written");
    for jobs in ["1", "2"] {
        check("python", "python3", "loop.py", &night, jobs);
    }
    let types = "process.exit(process.features.typescript ? 0 : 1)";
    if Command::new("node").args(["-e", types]).status().is_ok_and(|status| status.success()) {
        for jobs in ["1", "2"] {
            check("typescript", "node", "loop.ts", &night, jobs);
        }
    } else {
        println!("skipped: node is not installed, or older than 22.18, and does not run TypeScript");
    }
    alone();
    start();
    let late = folder.path().join("late.jsonl");
    std::fs::write(&late, trace(true)).expect("the trace is written");
    shrink(&late, &folder.path().join("small.jsonl"));
}

/// Times `afresh check` beside the loop.
fn check(language: &str, program: &str, script: &str, trace: &Path, jobs: &str) {
    let (orders, script) = (orders(language), here().join("benches/programs").join(script));
    let checked = || {
        let mut command = afresh(language);
        command.arg("check").arg(trace).args(["--jobs", jobs]);
        ok(command)
    };
    let looped = || {
        let mut command = Command::new(program);
        command.arg(&script).arg(&orders).arg(trace);
        ok(command)
    };
    let (ours, others) = in_turns(5, checked, looped);
    println!(
        "check language={language} messages={MESSAGES} keys={KEYS} jobs={jobs} seconds={:.2} loop={:.2} ratio={:.2}",
        ours.as_secs_f64(),
        others.as_secs_f64(),
        ours.as_secs_f64() / others.as_secs_f64()
    );
}

/// Times one message that is applied alone, beside a process that echoes the answer.
fn alone() {
    const QUESTIONS: u32 = 3000;
    let config = Config {
        command: vec!["python3".into(), "orders.py".into()],
        folder: orders("python"),
        timeout: Config::TIMEOUT,
        line_max: Config::LINE_MAX,
        network: true,
        files: Vec::new(),
    };
    let system = Program::new("orders", config, Vec::new(), None);
    let (from, key, flows): (Name, _, _) = ("shop".into(), "o-1".into(), Flows::default());
    let bodies: Vec<Json> = (1..=QUESTIONS)
        .map(|change| json!({ "order": "o-1", "change": change, "item": "tea", "count": 1, "price": change }).into())
        .collect();
    let mut state = State::default();
    let mut apply = |body: &Json| {
        system.apply(&key, &mut state, Input { from: &from, id: &"m-1".into(), body }, &flows);
    };
    apply(&bodies[0]);
    let ours = timed(|| bodies.iter().for_each(apply));
    let line =
        format!("{}\n", json!({ "batch": 1, "answers": [{ "states": [{ "state": state.json(), "view": {} }] }] }));
    let echo = |command: &[&str]| {
        let mut child = Command::new(command[0]);
        let mut child =
            child.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (mut stdout, mut answer) = (BufReader::new(stdout), String::new());
        let mut ask = || {
            stdin.write_all(line.as_bytes()).expect("it reads");
            answer.clear();
            stdout.read_line(&mut answer).expect("it answers");
        };
        ask();
        let time = timed(|| (0..QUESTIONS).for_each(|_| ask()));
        drop(stdin);
        child.wait().expect("it ends");
        time
    };
    let cat = echo(&["cat"]);
    let python = echo(&["python3", "-c", "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"]);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(QUESTIONS);
    println!(
        "alone language=python us={:.0} echo_in_python={:.0} ratio={:.2} cat={:.0} ratio={:.2}",
        each(ours),
        each(python),
        each(ours) / each(python),
        each(cat),
        each(ours) / each(cat)
    );
}

/// Times the start of a program until its first answer.
fn start() {
    const STARTS: usize = 30;
    let ours = || {
        let mut command = Command::new("python3");
        command.arg("orders.py").current_dir(orders("python")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = None;
        let time = timed(|| {
            let child = child.insert(command.spawn().expect("it starts"));
            let (stdin, stdout) = (child.stdin.as_mut().expect("piped"), child.stdout.as_mut().expect("piped"));
            stdin.write_all(b"{\"afresh\":{\"protocol\":1,\"system\":\"orders\"}}\n").expect("it reads");
            BufReader::new(stdout).read_line(&mut String::new()).expect("it answers");
        });
        // Its input ends when it is waited for.
        child.expect("it started").wait().expect("it ends");
        time
    };
    let empty = || {
        let mut command = Command::new("python3");
        command.args(["-c", "pass"]);
        ok(command)
    };
    let (ours, empty) = in_turns(STARTS, ours, empty);
    println!(
        "start language=python ms={:.1} empty={:.1} ratio={:.2}",
        ours.as_secs_f64() * 1e3,
        empty.as_secs_f64() * 1e3,
        ours.as_secs_f64() / empty.as_secs_f64()
    );
}

/// Times `afresh shrink` of the planted bug. Its runs are told by the report.
fn shrink(trace: &Path, small: &Path) {
    let mut command = afresh("python");
    command.arg("shrink").arg(trace).args(["--system", "orders+late-line", "-o"]).arg(small);
    let mut output = None;
    let time = timed(|| output = Some(command.output().expect("it runs")));
    let output = output.expect("it ran");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let said = said.lines().find(|line| line.contains("runs")).unwrap_or_default();
    println!("shrink language=python messages={MESSAGES} seconds={:.2} said={said:?}", time.as_secs_f64());
}

/// The messages of a night, in the order of their changes. With the bug, one line of an order comes late.
fn trace(late: bool) -> String {
    let mut random = 1_u64;
    let mut draw = |limit: u64| {
        random = random * 48_271 % 2_147_483_647;
        random % limit
    };
    let mut changes = vec![0; usize::try_from(KEYS).expect("few keys")];
    let mut bodies = Vec::new();
    for _ in 0..MESSAGES {
        let order = draw(KEYS);
        let change = &mut changes[usize::try_from(order).expect("few keys")];
        *change += 1;
        let mut body = json!({ "order": format!("o-{order}"), "change": *change });
        match draw(12) {
            0..6 => {
                body["item"] = ["bread", "milk", "salt", "tea"][usize::try_from(draw(4)).expect("few items")].into();
                body["count"] = (1 + draw(4)).into();
                body["price"] = (50 + 50 * draw(9)).into();
            }
            6 => body["shipped"] = true.into(),
            _ => body["paid"] = (50 + 50 * draw(5)).into(),
        }
        bodies.push(body);
    }
    if late {
        // Two lines of the same item of an order of their own, of which the older one comes second.
        let line =
            |change, count| json!({ "order": "o-late", "change": change, "item": "tea", "count": count, "price": 450 });
        bodies[MESSAGES / 2] = line(2, 1);
        bodies[MESSAGES * 4 / 5] = line(1, 3);
    }
    let mut text =
        json!({ "afresh": { "format": 1, "system": "orders", "version": "1", "complete": true } }).to_string();
    text.push('\n');
    for (number, body) in (1..).zip(&bodies) {
        let id = format!("m-{number}");
        let _ = writeln!(text, "{{\"n\":{number},\"in\":{}}}", json!({ "id": id, "from": "shop", "body": body }));
    }
    text
}

fn here() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// The folder of the order service in a language.
fn orders(language: &str) -> PathBuf {
    here().join("../../examples/orders").join(language).canonicalize().expect("the folder is there")
}

/// The command line, in the folder of the order service.
fn afresh(language: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afresh"));
    command.current_dir(orders(language));
    command
}

/// Runs a command, which must end well, and returns the time.
fn ok(mut command: Command) -> Duration {
    let mut output = None;
    let time = timed(|| output = Some(command.stdin(Stdio::null()).output().expect("it runs")));
    let output = output.expect("it ran");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    time
}

/// Times two works in turns, so often, and returns the median of each.
fn in_turns(
    times: usize,
    mut one: impl FnMut() -> Duration,
    mut other: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let (ones, others) = (0..times).map(|_| (one(), other())).unzip();
    (median(ones), median(others))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Runs some work, and measures the time that it takes.
fn timed(work: impl FnOnce()) -> Duration {
    let clock = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let before = clock();
    work();
    clock() - before
}
