//! Tests of programs that answer wrongly: each gives a clear finding or error, and never hangs.
//!
//! `tests/programs/hostile.py` has a mode for each.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use afresh_tests::served::Served;
use afresh_tests::{Done, Folder, root};
use rustix::process::{Pid, Signal, kill_process};

use super::{has, orders, with_helper};

/// The modes that do not answer. The others get a time in which every machine starts a program.
const LATE: [&str; 9] = [
    "closes-its-input",
    "drips",
    "forks",
    "half-a-line-and-waits",
    "ignores-signals",
    "leaves-its-group",
    "never-says-hello",
    "sleeps",
    "sleeps:3",
];

/// Checks a trace with the hostile program in a mode.
fn check(mode: &str, more: &[&str]) -> Done {
    check_in(&Folder::default(), mode, more)
}

fn check_in(folder: &Folder, mode: &str, more: &[&str]) -> Done {
    let program = root().join("tests/programs/hostile.py");
    let command = format!("command = [\"python3\", {:?}, \"{mode}\"]", program.display().to_string());
    let timeout = if LATE.contains(&mode) { "5s" } else { "60s" };
    folder.write("afresh.toml", &format!("[systems.bad]\n{command}\ntimeout = \"{timeout}\"\n"));
    let message = |n: u32| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{{"key":"k-{}","n":{n}}}}}}}"#, n % 2);
    folder.trace("in.jsonl", "bad", &[message(1), message(2), message(3)]);
    folder.run(&[&["check", "in.jsonl", "--timeout", "10m"], more].concat())
}

#[test]
fn at_the_first_line() {
    if !has("python3") {
        return;
    }
    for (mode, told) in [
        ("another-protocol", "it speaks protocol 2, but this is protocol 1"),
        ("ends-at-once", "the program ended with exit code 0 before it answered"),
        ("fails-at-once", "its standard error: `cannot open the database`"),
        ("hello-is-no-json", "`Hello, I am a program.`"),
        ("never-says-hello", "the program did not answer in 5 s"),
        ("prints-at-start", "`listening for questions`"),
        ("unknown-field", "unknown field `colour`"),
    ] {
        let done = check(mode, &[]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{mode}: {}", done.stderr);
        assert!(
            done.stderr.contains(told) && done.stderr.contains("the program of bad: cannot be run"),
            "{mode}: {}",
            done.stderr
        );
    }
}

#[test]
fn at_a_question() {
    if !has("python3") {
        return;
    }
    let modes = [
        ("beyond-64-bits", "is too large to be kept exactly"),
        ("closes-its-input", "the program did not answer in 5 s"),
        ("closes-its-output", "the program closed its standard output before it answered"),
        ("crashes", "the program was ended by signal 11 before it answered"),
        ("deep", "recursion limit exceeded"),
        ("drips", "the program did not answer in 5 s"),
        ("duplicate-keys", "twice"),
        ("endless-line", "the program answered with a line of more than 67108864 bytes"),
        ("ends", "the program ended with exit code 3 before it answered"),
        ("errors", "OSError at db.py:7"),
        ("forks", "the program did not answer in 5 s"),
        ("half-a-line", "the program ended with exit code 0 before it answered"),
        ("half-a-line-and-waits", "the program did not answer in 5 s"),
        ("ignores-signals", "the program did not answer in 5 s"),
        ("infinity", "number out of range"),
        ("invalid-utf-8", "invalid unicode code point"),
        ("large-double", "is too large to be kept exactly"),
        ("nan", "is no answer"),
        ("no-batch", "missing field `batch`"),
        ("no-keys", "expected `keys` or `reject`"),
        ("null-answer", "expected an object with `keys` or `reject`"),
        ("prints", "is no answer"),
        ("random-state", "the same messages give another state each time"),
        ("sleeps", "the program did not answer in 5 s"),
        ("too-few", "it has more or fewer answers than there were questions"),
        ("too-many", "it has more or fewer answers than there were questions"),
        ("wrong-batch", "it answers another batch than the one that comes next"),
    ];
    // Most of the time, these wait.
    thread::scope(|scope| {
        for (mode, told) in modes {
            scope.spawn(move || {
                let done = check(mode, &["--jobs", "1"]);
                assert_eq!(done.code, Some(1), "{mode}: {}{}", done.stdout, done.stderr);
                assert!(done.stdout.contains(told), "{mode}: {}", done.stdout);
                // The same wrong answer to the same question reads the same each time.
                let may_differ = ["random-state", "closes-its-input"].contains(&mode);
                assert!(may_differ || !done.stdout.contains("determinism"), "{mode}: {}", done.stdout);
            });
        }
    });
}

#[test]
fn rightly_after_all() {
    if !has("python3") {
        return;
    }
    for mode in ["beyond-53-bits", "empty-line", "empty-lines-after", "endless-stderr", "few-bits"] {
        let done = check(mode, &[]);
        assert_eq!(done.code, Some(0), "{mode}: {}{}", done.stdout, done.stderr);
    }
}

#[test]
fn two_processes_that_say_something_else() {
    if !has("python3") {
        return;
    }
    // A check asks two processes.
    let done = check("changes-its-mind", &["--jobs", "1"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(done.stdout.contains("says something else of itself than before"), "{}", done.stdout);
}

#[test]
fn what_depends_on_the_process() {
    if !has("python3") {
        return;
    }
    for mode in ["state-of-its-process", "view-of-its-process", "receiver-of-its-process"] {
        for jobs in ["1", "2"] {
            let done = check(mode, &["--jobs", jobs]);
            assert_eq!(done.code, Some(1), "{mode}: {}", done.stderr);
            assert!(done.stdout.contains("determinism"), "{mode}: {}", done.stdout);
            // It is one bug, and no other.
            assert!(!done.stdout.contains("incremental"), "{mode}: {}", done.stdout);
        }
    }
}

#[test]
fn what_depends_on_the_process_after_a_deploy() {
    if !has("python3") {
        return;
    }
    let folder = Folder::default();
    let program = root().join("tests/programs/hostile.py").display().to_string();
    let config = |mode: &str| {
        format!(
            "[systems.bad]\ncommand = [\"python3\", {program:?}, \"\"]\n[systems.bad.versions]\n\
             \"bad+new\" = \"python3 {program} {mode}\"\n"
        )
    };
    let message = |n: u32| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{{"n":{n}}}}}}}"#);
    let deploy = r#"{"fault":{"deploy":{"node":"a","system":"bad+new"}}}"#.to_owned();
    folder.trace("in.jsonl", "bad", &[message(1), deploy, message(2)]);
    for (mode, code) in [("view-of-its-process", 1), ("none", 0)] {
        folder.write("afresh.toml", &config(mode));
        let done = folder.run(&["check", "in.jsonl"]);
        assert_eq!(done.code, Some(code), "{mode}: {}{}", done.stdout, done.stderr);
        assert_eq!(done.stdout.contains("determinism"), code == 1, "{}", done.stdout);
    }
}

#[test]
fn what_is_kept_between_questions_is_found() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "keeps.py",
        r#"
import sys
from afresh import serve

known = {}

class Keeps:
    """Ignores the state that it is given, and so the order of positions; with `right`, it does not."""
    def keys(self, body):
        return ["k"]
    def position(self, body):
        return body["on"]
    def apply(self, key, state, message, flows):
        state = (state or []) if "right" in sys.argv else known.setdefault(key, [])
        if message["id"] not in state:
            state.append(message["id"])
        return list(state)
    def view(self, key, state):
        return state
    def outputs(self, key, state, flows):
        return {}

serve(Keeps())
"#,
    );
    let message = |on: u32| format!(r#"{{"in":{{"id":"m-{on}","from":"a","body":{{"on":{on}}}}}}}"#);
    folder.trace("in.jsonl", "keeps", &[1, 2, 5, 4, 3, 6].map(message));
    for (argument, code) in [("", 1), ("right", 0)] {
        let program = format!("keeps=python3 keeps.py {argument}");
        for jobs in ["1", "2"] {
            let done = folder.run(&["check", "in.jsonl", "--jobs", jobs, "--program", &program]);
            assert_eq!(done.code, Some(code), "{argument}: {}{}", done.stdout, done.stderr);
        }
    }
}

/// A program that goes wrong once, at the tenth message that one of its processes applies: in the way of its argument.
const ONCE: &str = r#"
import os, sys, time
from afresh import serve

class Once:
    applied = 0
    def keys(self, body):
        return [body["key"]]
    def apply(self, key, state, message, flows):
        self.applied += 1
        if self.applied == 10 and not os.path.exists("gone-wrong"):
            open("gone-wrong", "w").close()
            if sys.argv[1] == "ends":
                sys.stderr.write("out of memory")
                os._exit(7)
            if sys.argv[1] == "prints":
                print("a warning", file=sys.__stdout__, flush=True)
            if sys.argv[1] == "late":
                time.sleep(3600)
        return (state or 0) + 1
    def view(self, key, state):
        return state
    def outputs(self, key, state, flows):
        return {}
    def workload(self, seed):
        return [{"from": "a", "id": str(n), "body": {"key": f"k-{n % 2}"}} for n in range(8)]

serve(Once())
"#;

#[test]
fn what_goes_wrong_once_is_found() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write("once.py", ONCE);
    let message = |n: u32| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{{"key":"k-{}"}}}}}}"#, n % 3);
    folder.trace("in.jsonl", "once", &(0..20).map(message).collect::<Vec<_>>());
    for (mode, told, code) in [
        ("ends", "the program ended with exit code 7 before it answered; its standard error: `out of memory`", 1),
        ("prints", "`a warning`", 1),
        // On a busy machine, a program may be late without a fault of its own.
        ("late", "", 0),
        ("never", "", 0),
    ] {
        let timeout = if mode == "late" { "20s" } else { "60s" };
        let system = format!("[systems.once]\ncommand = \"python3 once.py {mode}\"\ntimeout = \"{timeout}\"\n");
        folder.write("afresh.toml", &system);
        let searches = ["explore", "once", "--seeds", "0..10", "--output", &format!("{mode}.out"), "--no-shrink"];
        let commands: &[&[&str]] =
            if mode == "late" { &[&["check", "in.jsonl"]] } else { &[&["check", "in.jsonl"], &searches] };
        for words in commands {
            let _ = fs::remove_file(folder.path("gone-wrong"));
            let done = folder.run(words);
            assert_eq!(done.code, Some(code), "{mode}: {}{}", done.stdout, done.stderr);
            assert!(folder.path("gone-wrong").exists(), "{mode}: no process applied ten messages");
            assert!(code == 0 || done.stdout.contains("determinism"), "{mode}: {}", done.stdout);
            assert!(words[0] != "check" || done.stdout.contains(told), "{mode}: {}", done.stdout);
        }
    }
}

/// A workload makes the messages of a simulated run. Without them, there is no run: it is no finding about the system.
#[test]
fn a_workload_that_fails_is_an_error() {
    if !has("python3") {
        return;
    }
    let folder = Folder::default();
    folder.ok(&["init", "--language", "python", "orders"]);
    let code = folder.read("orders/system.py");
    let workload = "    def workload(self, seed):\n        item = [\"tea\"][seed // 3]\n        \
                    return [{\"from\": \"shop\", \"id\": \"m\", \"body\": {\"item\": item, \"count\": 1, \"on\": 1}}]\n\n";
    folder.write("orders/system.py", &code.replace("    def view(", &format!("{workload}    def view(")));
    let run = |words: &[&str]| {
        Done::from(folder.command(words).current_dir(folder.path("orders")).output().expect("it runs"))
    };
    let told = "afresh: orders: there is no run of seed 3: IndexError at system.py:";
    let done = run(&["explore", "orders", "--seeds", "0..9"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{}", done.stderr);
    assert!(done.stderr.starts_with(told), "{}", done.stderr);
    let done = run(&["run", "orders", "--seed", "3", "--output", "run.jsonl"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{}", done.stderr);
    assert!(done.stderr.starts_with(told) && !folder.path("orders/run.jsonl").exists(), "{}", done.stderr);
    // The seeds before it are recorded.
    folder.write("orders/system.py", &folder.read("orders/system.py").replace("seed // 3", "0"));
    let done = run(&["explore", "orders", "--seeds", "0..3"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
}

#[test]
fn no_process_is_left_behind() {
    if !has("python3") {
        return;
    }
    let folder = Folder::default();
    let done = check_in(&folder, "leaves-its-group", &[]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert_eq!(processes_in(&folder.path(".")), 0);
}

/// The number of processes that run in a folder. A program runs in the folder of its file, and so does every process
/// that it starts.
fn processes_in(path: &Path) -> usize {
    let here = fs::canonicalize(path).expect("the folder is there");
    let processes = fs::read_dir("/proc").expect("the processes").flatten();
    processes.filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == here)).count()
}

#[test]
fn a_signal_ends_a_program_that_hangs() {
    if !has("python3") {
        return;
    }
    for command in ["check", "replay", "show"] {
        let folder = Folder::default();
        let hostile = root().join("tests/programs/hostile.py").display().to_string();
        let system = format!("command = [\"python3\", {hostile:?}, \"ignores-signals\"]\ntimeout = \"600s\"");
        fs::create_dir(folder.path("systems")).expect("a folder");
        folder.write("systems/afresh.toml", &format!("[systems.bad]\n{system}\n"));
        let message = r#"{"in":{"id":"m-1","from":"a","body":{"key":"k-1","n":1}}}"#;
        folder.trace("in.jsonl", "bad", &[message.to_owned()]);
        let mut child = Command::new(afresh_tests::binary());
        child.args([command, "--config", "systems/afresh.toml", "in.jsonl"]).current_dir(folder.path("."));
        let mut child = child.stdout(Stdio::null()).spawn().expect("the binary runs");
        let programs = || processes_in(&folder.path("systems"));
        while programs() == 0 {
            assert_eq!(child.try_wait().expect("its state is known"), None, "{command} ended before its program hung");
            thread::yield_now();
        }
        kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal is sent");
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(Signal::TERM.as_raw()), "{command}");
        assert_eq!(programs(), 0, "{command}");
    }
}

/// A program that ends as soon as there is a file `broken`, and then does not start any more.
const BREAKS: &str = r#"import os, sys, threading, time
def watch():
    while not os.path.exists("broken"):
        time.sleep(0.01)
    os._exit(1)
if os.path.exists("broken"):
    sys.exit("the database of prices is gone")
threading.Thread(target=watch, daemon=True).start()
"#;

#[test]
fn a_service_stops_if_its_program_does_not_start_again() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    folder.write("orders.py", &format!("{BREAKS}{}", folder.read("orders.py")));
    let words = ["serve", "orders", "--store", "sqlite:orders.db", "--no-scrub"];
    let start = || Served::start(folder.command(&words));
    let served = start().expect("it starts");
    let message = |n: u32| {
        let body = format!(r#"{{"order":"o-1","change":{n},"item":"tea","count":2,"price":450}}"#);
        format!(r#"{{"id":"m-{n}","from":"shop","body":{body}}}"#)
    };
    assert_eq!(served.post("/messages", &message(1)).1["receipt"], "counts");
    folder.write("broken", "");
    // The program may answer once more. After that, the connection ends without an answer, and nothing is rejected.
    let mut offered = 1;
    let answer = loop {
        offered += 1;
        match served.connect().and_then(|mut connection| connection.call("POST", "/messages", &message(offered))) {
            Ok((200, answer)) if answer.contains("counts") => {}
            other => break other,
        }
    };
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(served.wait(), Some(1));
    let refused = start().expect_err("the program is broken").stderr;
    assert!(refused.contains("the database of prices is gone"), "{refused}");
    fs::remove_file(folder.path("broken")).expect("it is there");
    // What was acknowledged is there, and nothing was rejected.
    let served = start().expect("it starts again");
    assert_eq!(served.post("/messages", &message(offered)).1["receipt"], "counts");
    assert_eq!(served.stop(), Some(0));
    let checked = folder.ok(&["check", "sqlite:orders.db"]);
    assert!(checked.starts_with("sqlite:orders.db: ok") && !checked.contains("rejected"), "{checked}");
}

#[test]
fn a_start_that_would_lose_messages_is_refused_and_writes_nothing() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let words = ["serve", "orders", "--store", "sqlite:orders.db", "--no-scrub"];
    let start = |more: &[&str]| Served::start(folder.command(&[&words[..], more].concat()));
    let served = start(&[]).expect("it starts");
    let message = r#"{"id":"m-1","from":"shop","body":{"order":"o-1","change":1,"item":"tea","count":2,"price":450}}"#;
    assert_eq!(served.post("/messages", message).1["receipt"], "counts");
    assert_eq!(served.stop(), Some(0));
    let right = folder.read("orders.py");
    let admit = "    def admit(self, body):\n";
    folder.write("orders.py", &right.replace(admit, &format!("{admit}        raise ValueError('no price list')\n")));
    let export = || folder.run(&["export", "sqlite:orders.db"]).stdout;
    let before = export();
    let refused = start(&[]).expect_err("it would lose a message");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("would reject 1 message and quarantine 0 keys"), "{}", refused.stderr);
    assert!(refused.stderr.contains("the message of event 1: ") && refused.stderr.contains("no price list"));
    // Nor does a start write that cannot listen.
    folder.write("orders.py", &right);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("an address").to_string();
    let done = folder.run(&[&words[..], &["--listen", &address]].concat());
    assert!(done.code == Some(2) && done.stderr.contains("cannot listen"), "{}", done.stderr);
    assert_eq!(export(), before);
    folder.write("orders.py", &right.replace(admit, &format!("{admit}        return 'closed'\n")));
    let served = start(&["--start-anyway"]).expect("it starts as asked");
    // A sender that offers a rejected message again hears so again.
    for _ in 0..2 {
        let (status, answer) = served.post("/messages", message);
        assert_eq!((status, &answer["receipt"], &answer["why"]), (422, &"rejected".into(), &"closed".into()));
    }
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn what_it_says_of_messages_depends_on_chance() {
    if !has("python3") {
        return;
    }
    for (method, answer) in [("keys", "[chance()]"), ("admit", "chance()")] {
        let folder = orders();
        let right = folder.read("orders.py");
        let method = format!("    def {method}(self, body):\n");
        let chance = "import random\nchance = lambda: str(random.random())\n\n";
        let wrong = chance.to_owned() + &right.replace(&method, &format!("{method}        return {answer}\n"));
        folder.write("orders.py", &wrong);
        let done = folder.run(&["check", "in.jsonl"]);
        assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
        let told = "  determinism at 1 step, first:\n    in.jsonl:2: event 1: asked about this message again, the program \
                    answers otherwise\n";
        assert!(done.stdout.contains(told), "{}", done.stdout);
    }
}
