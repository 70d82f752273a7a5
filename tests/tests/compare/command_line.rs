//! Tests of `afresh compare` as users call it.

use std::fs;
use std::process::{Command, Stdio};

use afresh_fixtures::systems;
use afresh_tests::{Done, Folder, binary, root};
use insta::assert_snapshot;

use super::{differences, late_capture};
use crate::cli::{LATE_CAPTURE, copy, deposit, json};

#[test]
fn the_first_difference_of_each_kind_is_shown() {
    let folder = late_capture();
    let done = folder.run(&["compare", "in.jsonl", "--against", "ledger"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
    // What the trace recorded does not matter, and neither does the version that it names.
    folder.ok(&["replay", "in.jsonl", "--record", "recorded.jsonl"]);
    let words = ["--system", "ledger+late-capture", "--against", "ledger"];
    let recorded = folder.run(&[&["compare", "recorded.jsonl"], &words[..]].concat());
    let place = |text: &str| text.replace("in.jsonl:5:", "recorded.jsonl:10:").replace("in.jsonl", "recorded.jsonl");
    let events = |text: String| text.lines().filter(|line| !line.contains(": event ")).map(str::to_owned).collect();
    let (one, other): (Vec<String>, Vec<String>) = (events(place(&done.stdout)), events(recorded.stdout));
    assert_eq!(one, other);
}

#[test]
fn a_version_does_not_differ_from_itself() {
    let (names, worlds) = (systems(), ["replica", "chord", "paxos", "two-phase-commit"]);
    let traces = fs::read_dir(root().join("fixtures/traces")).expect("there are traces");
    let mut compared = 0;
    for entry in traces {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a trace");
        let Some((_, rest)) = text.split_once(r#""system":""#) else { continue };
        let system = rest.split('"').next().expect("a name");
        // A system that depends on the order of a hash map differs from itself: that is its bug.
        let is_known = names.get(system).is_ok() && !worlds.iter().any(|world| system.starts_with(world));
        if !is_known || system.ends_with("hash-order") || text.len() > 1_000_000 {
            continue;
        }
        let path = path.to_string_lossy();
        let done = Folder::default().run(&["compare", &path, "--against", system]);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{path}: {}", done.stdout);
        assert!(done.stdout.contains(": no difference: ") && !done.stdout.contains("compared 0 "), "{}", done.stdout);
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
    // Both refuse a message, and refuse it once more when it is processed again.
    let folder = Folder::default();
    let refused = deposit(1, "a-1", -5, 1);
    let reflow = r#"{"knob":{"reflow_in":{"messages":[{"from":"bank","id":"m-1"}],"by":"ops"}}}"#.to_owned();
    folder.trace("in.jsonl", "ledger", &[refused, deposit(2, "a-1", 5, 1), reflow]);
    assert!(folder.ok(&["compare", "in.jsonl", "--against", "ledger"]).contains("compared 4 observations\n"));
}

#[test]
fn what_heals_is_said_to_be_equal_at_the_end() {
    let folder = late_capture();
    let both = |code, trace: &str| differences(&folder, code, &["compare", trace, "--against", "ledger"]);
    let kinds: Vec<_> = both(1, "in.jsonl").into_iter().map(|(signature, _, end)| (signature, end)).collect();
    let expected = ["balance", "captured", "output balance", "output receipt"];
    assert_eq!(kinds, expected.map(|part| (format!("differs/{part}"), Some(1))));
    // A capture that is late once more makes `update` fold the account again, which heals its carried state.
    let again =
        r#"{"in":{"id":"m-5","from":"shop","body":{"capture":{"account":"a-1","payment":"p-1","amount":150,"on":6}}}}"#;
    let scrub = r#"{"knob":{"scrub":{"by":"ops"}}}"#;
    let events = [&LATE_CAPTURE[..], &[scrub, again]].concat();
    folder.trace("healed.jsonl", "ledger+late-capture", &events);
    for (signature, _, end) in both(1, "healed.jsonl") {
        let is_event = signature.ends_with("healed");
        assert_eq!(end, if is_event { None } else { Some(0) }, "{signature}");
    }
}

#[test]
fn only_what_differs_now_is_counted() {
    let folder = late_capture();
    let (same, other) = (deposit(5, "a-1", 1, 20), deposit(6, "a-2", 1, 21));
    let later = [&LATE_CAPTURE[..], &[&same, &other]].concat();
    folder.trace("later.jsonl", "ledger+late-capture", &later);
    let found = differences(&folder, 1, &["compare", "later.jsonl", "--against", "ledger"]);
    // The deposit to the same account shows the difference again, and the other account shows none.
    assert!(found.contains(&("differs/balance".to_owned(), 2, Some(1))), "{found:?}");
    assert!(found.contains(&("differs/output receipt".to_owned(), 1, Some(1))), "{found:?}");
}

#[test]
fn each_version_deploys_its_own() {
    let folder = Folder::default();
    let deploy = r#"{"fault":{"deploy":{"node":"app","system":"ledger"}}}"#;
    let events = [&[deploy], &LATE_CAPTURE[..]].concat();
    folder.trace("in.jsonl", "ledger+late-capture", &events);
    // From the deployment on, both are the same.
    assert_eq!(differences(&folder, 0, &["compare", "in.jsonl", "--against", "ledger"]), []);
    let deploy = deploy.replace("ledger", "ledgers");
    let unknown = [&LATE_CAPTURE[..], &[&deploy]].concat();
    folder.trace("unknown.jsonl", "ledger", &unknown);
    let said = folder.refused(&["compare", "unknown.jsonl", "--against", "ledger+late-capture"]);
    assert!(said.contains("unknown.jsonl:6:") && said.contains("unknown version `ledgers`"), "{said}");
}

#[test]
fn what_a_window_does_not_tell_is_not_compared() {
    let folder = Folder::default();
    let header = r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#;
    folder.write("in.jsonl", &format!("{header}\n{}\n", LATE_CAPTURE.join("\n")));
    let both = ["compare", "in.jsonl", "--system", "ledger+late-capture", "--against", "ledger"];
    assert_snapshot!(folder.ok(&both));
    // With an opening, the account is known, and the difference shows.
    let opening =
        r#"{"opening":{"key":"a-1","value":{"balance":0,"held":0,"captured":0,"fees":0,"payments":{}},"after":0}}"#;
    folder.write("in.jsonl", &format!("{header}\n{opening}\n{}\n", LATE_CAPTURE.join("\n")));
    let found = differences(&folder, 1, &both);
    assert!(found.iter().any(|(signature, ..)| signature == "differs/balance"), "{found:?}");
    // The views that the trace recorded teach both versions the same. They are not those of the other version.
    copy(&folder, "ledger-window.jsonl");
    let words = ["compare", "ledger-window.jsonl", "--system", "ledger+late-capture", "--against", "ledger"];
    let kinds = differences(&folder, 0, &words);
    assert_eq!(kinds, []);
    // A window may begin with the views.
    let view = r#"{"view":{"key":"a-1","value":{"balance":0,"held":0,"captured":0,"fees":0,"payments":{}}}}"#;
    folder.write("in.jsonl", &format!("{header}\n{view}\n{}\n", LATE_CAPTURE.join("\n")));
    folder.run(&both).code.filter(|code| *code < 2).expect("it is compared");
}

#[test]
fn parts_of_outputs_can_be_ignored() {
    let folder = late_capture();
    let later = deposit(5, "a-1", 1, 20);
    folder.trace("later.jsonl", "ledger+late-capture", &[&LATE_CAPTURE[..], &[&later]].concat());
    let statements = |more: &[&str]| {
        let words = [&["compare", "later.jsonl", "--against", "ledger"], more].concat();
        let found = differences(&folder, 1, &words);
        found
            .into_iter()
            .find(|(signature, ..)| signature == "differs/output balance")
            .map(|(_, count, end)| (count, end))
    };
    assert_eq!(statements(&[]), Some((2, Some(1))));
    // The first statement is sent by one version only, which is no part of it.
    assert_eq!(statements(&["--ignore", "out:statement.balance"]), Some((1, Some(0))));
    let until = folder.json("compare", &["compare", "in.jsonl", "--against", "ledger", "--until", "3"]);
    assert_eq!(until["traces"][0]["stimuli"], 3);
}

#[test]
fn standard_input_stores_and_several_traces() {
    let folder = late_capture();
    folder.trace("other.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    let piped = folder
        .command(&["compare", "-", "other.jsonl", "--against", "ledger"])
        .stdin(Stdio::from(fs::File::open(folder.path("in.jsonl")).expect("a trace")))
        .output()
        .expect("the binary runs");
    let piped = Done::from(piped);
    assert_eq!((piped.code, piped.stderr.as_str()), (Some(1), ""));
    assert!(piped.stdout.starts_with("standard input: 4 kinds of difference; "), "{}", piped.stdout);
    assert!(piped.stdout.contains("\nother.jsonl: no difference: ledger against ledger, 1 stimulus, "));
    assert_eq!(folder.run(&["import", "in.jsonl", "--into", "sqlite:in.db"]).code, Some(0));
    let stored = folder.run(&["compare", "sqlite:in.db", "--against", "ledger"]);
    let named = folder.run(&["compare", "in.jsonl", "--against", "ledger"]);
    assert_eq!(stored.stdout, named.stdout.replace("in.jsonl", "sqlite:in.db"));
    // One that cannot be read does not keep the others from being compared.
    folder.write("bad.jsonl", "nothing\n");
    let done = folder.run(&["compare", "bad.jsonl", "in.jsonl", "--against", "ledger"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("bad.jsonl:1") && done.stdout.starts_with("in.jsonl: 4 kinds"), "{}", done.stderr);
}

#[test]
fn the_run_of_another_program_is_a_record() {
    let folder = late_capture();
    folder.ok(&["replay", "in.jsonl", "--system", "ledger", "--record", "old.jsonl"]);
    let by_record = folder.run(&["compare", "in.jsonl", "--against-record", "old.jsonl"]);
    let by_name = folder.run(&["compare", "in.jsonl", "--against", "ledger"]);
    assert_eq!(by_record.stdout, by_name.stdout.replace("against ledger,", "against old.jsonl,"));
    assert_eq!(by_record.code, Some(1));
    // The run of other messages says nothing about these.
    let refused = |record: &str| folder.refused(&["compare", "in.jsonl", "--against-record", record]);
    let whole = folder.read("old.jsonl");
    let cut: Vec<_> = whole.lines().take_while(|line| !line.contains("m-4")).collect();
    folder.write("cut.jsonl", &(cut.join("\n") + "\n"));
    folder.write("renamed.jsonl", &whole.replace(r#""id":"m-3""#, r#""id":"m-30""#));
    folder.trace("bare.jsonl", "ledger", &LATE_CAPTURE);
    assert_snapshot!(refused("cut.jsonl") + &refused("renamed.jsonl") + &refused("bare.jsonl"));
}

#[test]
fn mistakes_are_explained() {
    let folder = late_capture();
    folder.trace("world.jsonl", "replica", &[""; 0]);
    let refused = |words: &[&str]| folder.refused(&[&["compare"], words].concat());
    for words in
        [&["in.jsonl", "--against", "ledgers"][..], &["in.jsonl", "--against", "ledger", "--system", "ledgers"]]
    {
        assert!(refused(words).contains(": unknown system `ledgers`: expected `ledger`, "), "{words:?}");
    }
    let said = [
        refused(&["world.jsonl", "--against", "ledger"]),
        refused(&["in.jsonl", "--against", "replica"]),
        refused(&["-", "-", "--against", "ledger"]),
        refused(&["in.jsonl", "in.jsonl", "--against-record", "in.jsonl"]),
    ];
    assert_snapshot!(said.concat());
    let done = folder.run(&["compare", "in.jsonl"]);
    assert!(done.code == Some(2) && done.stderr.contains("--against <NAME>"), "{}", done.stderr);
}

#[test]
fn a_version_that_ends_its_process_is_a_finding() {
    let folder = Folder::default();
    let word = |n: u32, word: &str| format!(r#"{{"in":{{"id":"m-{n}","from":"x","body":"{word}"}}}}"#);
    folder.trace("dead.jsonl", "hostile", &[word(1, "open"), word(2, "boom:abort")]);
    folder.trace("fine.jsonl", "hostile", &[word(1, "open"), word(2, "ping")]);
    let mut command = Command::new(binary().with_file_name("hostile"));
    command.args(["compare", "dead.jsonl", "fine.jsonl", "--against", "hostile", "--memory", "500MB"]);
    let done = Done::from(command.current_dir(folder.path(".")).stdin(Stdio::null()).output().expect("it runs"));
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
}

#[test]
fn a_report_for_programs_has_every_place() {
    let folder = late_capture();
    let report = json(&folder, 1, &["compare", "in.jsonl", "--against", "ledger"]);
    let trace = &report["compare"]["traces"][0];
    assert_eq!((&trace["new"], &trace["old"]), (&"ledger+late-capture".into(), &"ledger".into()));
    assert_eq!(trace["findings"][0]["places"][0], serde_json::json!({"event": 4, "line": 5, "key": "a-1"}));
}
