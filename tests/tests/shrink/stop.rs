//! Tests that a stopped or killed search keeps its result so far, and resumes from there to the same end.

use std::fs;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use afresh_tests::interrupt;

use super::bench::{Bench, Done, run};

/// A command like the usual one, but the run with the number in the file `slow` hangs, and creates the file `hangs`.
const HANGS: &str = r#"
    cksum < "$1" >> "$0/runs"
    [ "$(wc -l < "$0/runs")" = "$(cat "$0/slow")" ] && { sleep 60 & echo $! > "$0/hangs"; wait; }
    grep '^open\|^reverse' "$1" | tr '\n' ' ' | grep -q 'open.*reverse'
"#;

/// Returns the result and the walk of a search that runs undisturbed.
fn undisturbed() -> (Vec<u8>, Vec<u8>) {
    let bench = Bench::with_bug();
    run(bench.shrink(&["trace.log"]));
    (bench.read("trace.min.log"), bench.read("trace.min.log.walk"))
}

/// Starts a search whose run `slow` hangs, and waits until it hangs.
fn hanging(bench: &Bench, slow: usize) -> Child {
    fs::write(bench.path("slow"), slow.to_string()).expect("written");
    let mut child = bench.shrink_by(&["trace.log"], HANGS).spawn().expect("the binary runs");
    while fs::read_to_string(bench.path("hangs")).unwrap_or_default().is_empty() {
        assert_eq!(child.try_wait().expect("its state is known"), None, "it ended before run {slow}");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Returns a walk without its header, which contains the command.
fn runs_of(walk: &[u8]) -> &[u8] {
    let header = walk.iter().position(|byte| *byte == b'\n').expect("a header");
    &walk[header..]
}

fn wait(child: Child) -> Done {
    child.wait_with_output().expect("it ends").into()
}

#[test]
fn a_signal_keeps_the_best_and_says_how_to_go_on() {
    let (result, walk) = undisturbed();
    for name in [interrupt(), "-TERM"] {
        let bench = Bench::with_bug();
        let child = hanging(&bench, 12);
        signal(&child, name);
        let done = wait(child);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(done.stdout.contains("stopped at"), "{}", done.stdout);
        let best = String::from_utf8(bench.read("trace.min.log")).expect("text");
        assert!(best.contains("open") && best.contains("reverse") && best.lines().count() < 200, "{best}");

        // Runs the printed command unchanged.
        let (_, how) = done.stderr.split_once("To continue: ").expect("it says how to go on");
        let mut shell = Command::new("sh");
        let done = Done::from(
            shell.args(["-c", how]).current_dir(bench.path(".")).output().expect("the printed command runs"),
        );
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(bench.read("trace.min.log"), result);
        assert_eq!(runs_of(&bench.read("trace.min.log.walk")), runs_of(&walk));
        assert_eq!(bench.runs().len(), bench.walk().runs.len() + 1, "only the run that was cut short ran again");
    }
}

#[test]
fn a_search_in_the_background_is_stopped_by_sigterm() {
    // A shell ignores SIGINT in a job that a script starts, and `nohup` ignores SIGHUP.
    for ignored in ["INT", "HUP", "INT HUP"] {
        let bench = Bench::with_bug();
        fs::write(bench.path("slow"), "12").expect("written");
        let shrink = bench.shrink_by(&["trace.log"], HANGS);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("trap '' {ignored}; exec \"$@\""), "sh"]).arg(shrink.get_program());
        shell.args(shrink.get_args()).current_dir(bench.path("."));
        let mut child =
            shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("sh runs");
        while fs::read_to_string(bench.path("hangs")).unwrap_or_default().is_empty() {
            assert_eq!(child.try_wait().expect("its state is known"), None, "it ended early");
            thread::sleep(Duration::from_millis(5));
        }
        signal(&child, "-TERM");
        let done = wait(child);
        assert_eq!(done.code, Some(0), "{ignored}: {}", done.stderr);
        assert!(done.stdout.contains("stopped at") && done.stderr.contains("To continue: "), "{}", done.stdout);
        let best = String::from_utf8(bench.read("trace.min.log")).expect("text");
        assert!(best.contains("open") && best.contains("reverse") && best.lines().count() < 200, "{best}");
    }
}

#[test]
fn a_search_that_was_killed_before_its_walk_began_is_resumed_from_the_beginning() {
    let (result, walk) = undisturbed();
    for left in [None, Some("")] {
        let bench = Bench::with_bug();
        if let Some(left) = left {
            fs::write(bench.path("trace.min.log.walk"), left).expect("written");
        }
        let done = run(bench.shrink(&["trace.log", "--resume"]));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(bench.read("trace.min.log"), result);
        assert_eq!(runs_of(&bench.read("trace.min.log.walk")), runs_of(&walk));
    }
}

#[test]
fn a_signal_before_anything_is_known_is_not_a_result() {
    let bench = Bench::with_bug();
    let child = hanging(&bench, 2);
    signal(&child, interrupt());
    let done = wait(child);
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.contains("--resume"), "{}", done.stderr);
    assert!(!bench.path("trace.min.log").exists());
    assert_eq!(run(bench.shrink_by(&["trace.log", "--resume"], HANGS)).code, Some(0));
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
}

#[test]
fn a_kill_at_any_run_loses_nothing() {
    let (result, walk) = undisturbed();
    let total = Bench::with_bug();
    run(total.shrink(&["trace.log"]));
    let last = total.runs().len();
    // The first run that leaves less than half of the 200 lines. The file is written then.
    let halved = total.walk().runs.iter().position(|(intent, verdict)| verdict.is_same() && intent.items < 100);
    let halved = halved.expect("the search goes below half") + 1;
    for slow in (1..=last).step_by(2) {
        let bench = Bench::with_bug();
        let mut child = hanging(&bench, slow);
        child.kill().expect("it is running");
        child.wait().expect("it ends");
        let hangs = fs::read_to_string(bench.path("hangs")).expect("text");
        Command::new("kill").args(["-KILL", hangs.trim()]).status().expect("kill runs");

        match fs::read_to_string(bench.path("trace.min.log")) {
            Ok(best) => assert!(best.contains("open") && best.contains("reverse"), "{best}"),
            Err(_) => assert!(slow <= halved, "nothing is on disk at run {slow} of {last}"),
        }
        let done = run(bench.shrink_by(&["trace.log", "--resume"], HANGS));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(bench.read("trace.min.log"), result);
        assert_eq!(runs_of(&bench.read("trace.min.log.walk")), runs_of(&walk));
        assert_eq!(bench.runs().len(), last + 1, "only the run that was cut short ran again");
    }
}

#[test]
fn a_torn_line_is_no_harm_and_a_foreign_walk_is_refused() {
    let bench = Bench::with_bug();
    run(bench.shrink(&["trace.log"]));
    let (walk, runs) = (bench.read("trace.min.log.walk"), bench.runs().len());

    fs::write(bench.path("trace.min.log.walk"), &walk[..walk.len() - 3]).expect("written");
    assert_eq!(run(bench.shrink(&["trace.log", "--resume"])).code, Some(0));
    assert_eq!(bench.read("trace.min.log.walk"), walk);
    assert_eq!(bench.runs().len(), runs + 1);

    let other = run(bench.shrink_by(&["trace.log", "--resume"], "exit 1"));
    assert!(other.code == Some(2) && other.stderr.contains("another command"), "{}", other.stderr);
    fs::write(bench.path("trace.log"), "open\nreverse\n").expect("written");
    let other = run(bench.shrink(&["trace.log", "--resume"]));
    assert!(other.code == Some(2) && other.stderr.contains("another input"), "{}", other.stderr);
    let newer = [br#"{"walk":{"format":2,"new":1}}"#.as_slice(), b"\n"].concat();
    fs::write(bench.path("trace.min.log.walk"), newer).expect("written");
    let other = run(bench.shrink(&["trace.log", "--resume"]));
    assert!(other.code == Some(2) && other.stderr.contains("newer afresh"), "{}", other.stderr);
}

#[test]
fn a_signal_ends_a_search_whose_input_never_ends() {
    let bench = Bench::with_bug();
    let mut command = bench.shrink(&["-"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("the binary runs");
    // All of this has been read when it is written, because it is more than a pipe holds.
    let input = "ping\n".repeat(100_000);
    std::io::Write::write_all(child.stdin.as_mut().expect("a pipe"), input.as_bytes()).expect("it reads");
    signal(&child, "-TERM");
    let stdin = child.stdin.take();
    let done = wait(child);
    drop(stdin);
    assert!(done.code == Some(3) && done.stderr.contains("stopped before"), "{}", done.stderr);
    let mut command = bench.shrink(&["-", "--time", "1ms"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("the binary runs");
    let stdin = child.stdin.take();
    assert_eq!(wait(child).code, Some(3));
    drop(stdin);
}
