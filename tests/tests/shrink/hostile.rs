//! Tests of a system that aborts, hangs, overflows its stack, exits, uses up memory or floods the terminal. Each is a
//! bug like any other, and none ends the search.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use afresh_tests::{Done, Folder, binary, interrupt};

/// The misdeeds of the system, and the signature of each.
const DEEDS: [(&str, &str); 5] = [
    ("abort", "abort/signal 6"),
    ("overflow", "abort/stack overflow"),
    ("exit", "exit/7"),
    ("hang", "hang"),
    ("memory", "memory"),
];

/// Returns the limits of a run. Runs take milliseconds, so that even a busy machine never reaches the limits unless the
/// run hangs.
fn limits(deed: &str) -> [&'static str; 4] {
    ["--timeout", if deed == "hang" { "5" } else { "60" }, "--memory", "200MB"]
}

fn trace(folder: &Folder, name: &str, messages: usize, words: &[(usize, &str)]) {
    let word = |number| words.iter().find(|(at, _)| *at == number).map_or("ping", |(_, word)| word);
    let events: Vec<_> =
        (1..=messages).map(|n| format!(r#"{{"in":{{"id":"m-{n}","from":"x","body":"{}"}}}}"#, word(n))).collect();
    folder.trace(name, "hostile", &events);
}

fn command(folder: &Folder, words: &[&str]) -> Command {
    let mut command = Command::new(binary().with_file_name("hostile"));
    command.args(words).current_dir(folder.path("."));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Folder, words: &[&str]) -> Done {
    command(folder, words).output().expect("the binary runs").into()
}

/// Returns the words of the messages that are left.
fn left(folder: &Folder, name: &str) -> Vec<String> {
    let word =
        |line: &str| line.split_once(r#""body":""#).map(|(_, body)| body.split('"').next().unwrap_or("").to_owned());
    folder.read(name).lines().skip(1).filter_map(word).collect()
}

#[test]
fn each_deed_is_a_bug_that_can_be_shrunk() {
    for (deed, signature) in DEEDS {
        let folder = Folder::default();
        let boom = format!("boom:{deed}");
        trace(&folder, "t.jsonl", 12, &[(3, "open"), (9, &boom)]);
        let done = run(&folder, &[&["shrink", "t.jsonl"], &limits(deed)[..]].concat());
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{deed}: {}", done.stdout);
        assert!(done.stdout.starts_with("12 → 2 stimuli, 1-minimal, "), "{deed}: {}", done.stdout);
        assert!(done.stdout.contains(&format!("  shows {signature}\n")), "{deed}: {}", done.stdout);
        assert_eq!(left(&folder, "t.min.jsonl"), ["open", &boom]);
        // The walk has each run once, with its verdict.
        let walk = afresh::minimize::Walk::read(folder.read("t.min.jsonl.walk").as_bytes()).expect("it reads back");
        assert!(walk.open.is_none());
        let identities: std::collections::BTreeSet<_> = walk.runs.iter().map(|(intent, _)| intent.candidate).collect();
        assert_eq!(identities.len() + 1, walk.runs.len(), "only the original is run twice");
    }
}

#[test]
fn each_deed_on_the_way_to_another_bug_is_kept_and_not_followed() {
    for (deed, signature) in DEEDS {
        let folder = Folder::default();
        let reverse = format!("reverse:{deed}");
        trace(&folder, "t.jsonl", 20, &[(3, "guard"), (5, "open"), (9, &reverse)]);
        let done = run(&folder, &[&["shrink", "t.jsonl"], &limits(deed)[..]].concat());
        assert_eq!(done.code, Some(0), "{deed}: {}", done.stderr);
        assert_eq!(left(&folder, "t.min.jsonl"), ["guard", "open", &reverse]);
        assert!(done.stdout.contains("  shows never-reversed\n"), "{deed}: {}", done.stdout);
        let found = format!("  found another failure, {signature}, at run ");
        assert!(done.stdout.contains(&found), "{deed}: {}", done.stdout);
        let without = format!("\"guard\"}}: another failure, {signature}, at event 9\n");
        assert!(done.stdout.contains(&without), "{deed}: {}", done.stdout);
        // The kept finding is a trace that shows the failure.
        let check = run(&folder, &[&["check", "t.min.jsonl.others/1.jsonl"], &limits(deed)[..]].concat());
        assert_eq!(check.code, Some(1), "{deed}: {}", check.stderr);
        assert!(check.stdout.contains(&format!("kept for {signature}, which is back")), "{deed}: {}", check.stdout);
    }
}

#[test]
fn which_of_several_candidates_has_ended_the_worker_is_found_out() {
    let folder = Folder::default();
    trace(&folder, "t.jsonl", 2000, &[(3, "guard"), (5, "open"), (1900, "reverse:abort")]);
    let search = |jobs: &str| {
        let done = run(&folder, &["shrink", "t.jsonl", "--force", "--jobs", jobs]);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
        (done.stdout, folder.read("t.min.jsonl"), folder.read("t.min.jsonl.walk"))
    };
    let one = search("1");
    assert!(one.0.contains("  found another failure, abort/signal 6, at run "), "{}", one.0);
    assert_eq!(search("4"), one);
}

#[test]
fn a_flood_drowns_nothing() {
    let folder = Folder::default();
    trace(&folder, "t.jsonl", 12, &[(3, "open"), (9, "reverse:flood")]);
    for words in [&["shrink", "t.jsonl"][..], &["check", "t.jsonl"]] {
        let done = run(&folder, words);
        assert!(
            !done.stdout.contains("xxx") && done.stderr.is_empty() && done.stdout.contains("never-reversed"),
            "{words:?}"
        );
    }
    assert_eq!(left(&folder, "t.min.jsonl"), ["open", "reverse:flood"]);
    let done = run(&folder, &["shrink", "t.jsonl", "--output", "-"]);
    assert!(done.stdout.starts_with("{\"afresh\"") && done.stdout.lines().count() == 3, "{}", done.stdout);
}

#[test]
fn the_walk_is_the_same_whatever_ends_the_worker() {
    let folder = Folder::default();
    trace(&folder, "t.jsonl", 20, &[(3, "guard"), (5, "open"), (9, "reverse:exit")]);
    run(&folder, &["shrink", "t.jsonl"]);
    let (walk, result) = (folder.read("t.min.jsonl.walk"), folder.read("t.min.jsonl"));
    run(&folder, &["shrink", "t.jsonl", "--force"]);
    assert_eq!((&folder.read("t.min.jsonl.walk"), &folder.read("t.min.jsonl")), (&walk, &result));
    for runs in ["3", "5", "8"] {
        assert_eq!(run(&folder, &["shrink", "t.jsonl", "--force", "--runs", runs]).code, Some(0));
        assert_eq!(
            folder.read("t.min.jsonl.walk").lines().count().to_string(),
            (1 + 2 * runs.parse::<usize>().expect("a number")).to_string()
        );
        assert_eq!(run(&folder, &["shrink", "t.jsonl", "--resume"]).code, Some(0));
        assert_eq!((&folder.read("t.min.jsonl.walk"), &folder.read("t.min.jsonl")), (&walk, &result));
    }
}

#[test]
fn another_bug_than_the_one_that_is_wanted_is_said() {
    let folder = Folder::default();
    trace(&folder, "t.jsonl", 5, &[(2, "open"), (4, "boom:abort")]);
    let done = run(&folder, &["shrink", "t.jsonl", "--signature", "never-reversed"]);
    assert_eq!(done.code, Some(3));
    assert!(
        done.stderr.contains("it shows no never-reversed") && done.stderr.contains("abort/signal 6"),
        "{}",
        done.stderr
    );
    assert_eq!(folder.files(), ["t.jsonl"]);
    assert_eq!(run(&folder, &["shrink", "t.jsonl", "--signature", "abort/signal 6"]).code, Some(0));
}

#[test]
fn a_check_goes_on_after_a_trace_that_ends_it() {
    let folder = Folder::default();
    trace(&folder, "a.jsonl", 5, &[(2, "open")]);
    trace(&folder, "b.jsonl", 5, &[(2, "open"), (4, "boom:abort")]);
    trace(&folder, "c.jsonl", 5, &[(2, "open"), (4, "boom:hang")]);
    trace(&folder, "d.jsonl", 5, &[(2, "open"), (4, "reverse:nothing")]);
    for jobs in ["1", "4"] {
        let words = ["check", "a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl", "--timeout", "5", "--jobs", jobs];
        let done = run(&folder, &words);
        assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
        insta::assert_snapshot!("check_of_hostile_traces", done.stdout);
    }
}

#[test]
fn a_stop_while_a_run_hangs_keeps_the_best() {
    let folder = Folder::default();
    // Without `guard`, the system hangs.
    trace(&folder, "t.jsonl", 40, &[(3, "guard"), (5, "open"), (9, "reverse:hang")]);
    let mut child = command(&folder, &["shrink", "t.jsonl", "--timeout", "60"]).spawn().expect("it runs");
    let hangs = || {
        let walk = fs::read(folder.path("t.min.jsonl.walk")).unwrap_or_default();
        let walk = afresh::minimize::Walk::read(&walk);
        walk.is_ok_and(|walk| walk.open.is_some() && walk.runs.len() > 4)
    };
    let mut before = 0;
    // Waits until the same run has been hanging for a while.
    while before <= 10 {
        assert_eq!(child.try_wait().expect("its state is known"), None, "it never hangs");
        std::thread::sleep(Duration::from_millis(25));
        before = if hangs() { before + 1 } else { 0 };
    }
    Command::new("kill").args([interrupt(), &child.id().to_string()]).status().expect("kill runs");
    let done = Done::from(child.wait_with_output().expect("it ends"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout.contains("stopped at") && done.stderr.contains("To continue: "),
        "{}{}",
        done.stdout,
        done.stderr
    );
    let best = left(&folder, "t.min.jsonl");
    assert!(best.len() < 40 && best.contains(&"guard".to_owned()), "{best:?}");

    let late = run(&folder, &["shrink", "t.jsonl", "--force", "--timeout", "60", "--time", "5s"]);
    assert_eq!(late.code, Some(0), "{}", late.stderr);
    assert!(late.stdout.contains("stopped at"), "{}", late.stdout);
}

#[test]
fn memory_that_runs_out_is_found_with_a_backtrace_too() {
    let folder = Folder::default();
    trace(&folder, "t.jsonl", 5, &[(2, "open"), (4, "boom:memory")]);
    let mut check = command(&folder, &["check", "t.jsonl", "--memory", "40MB"]);
    let done = Done::from(check.env("RUST_BACKTRACE", "1").output().expect("it runs"));
    assert!(done.code == Some(1) && done.stdout.contains("memory"), "{}{}", done.stdout, done.stderr);
}
