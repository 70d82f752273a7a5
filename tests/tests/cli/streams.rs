//! Tests of standard streams, of existing files, and of readers that have closed their pipe.

use std::fs::{self, File};
use std::process::Stdio;

use afresh::{check, replay};
use afresh_tests::{Done, Folder};

use super::{LATE_CAPTURE, deposit, json, recorded};

const COMMANDS: [&str; 9] = ["import", "replay", "check", "shrink", "show", "reflow", "trigger", "migrate", "scrub"];

/// Runs `afresh` with `words` and the file `name` as its standard input.
fn fed(folder: &Folder, name: &str, words: &[&str]) -> Done {
    let mut command = folder.command(words);
    command.stdin(Stdio::from(File::open(folder.path(name)).expect("it opens")));
    command.output().expect("the binary runs").into()
}

#[test]
fn each_command_says_what_it_does() {
    let folder = Folder::default();
    let all = folder.ok(&["--help"]);
    for command in COMMANDS {
        assert!(all.lines().any(|line| line.trim_start().starts_with(command)), "{command} is not in {all}");
        let help = folder.ok(&[command, "--help"]);
        assert!(help.contains("Usage:") && help.lines().count() > 10, "{help}");
    }
    for words in [&["chekc"][..], &["check"], &["check", "in.jsonl", "--jobs", "0"], &["replay", "a", "--until", "0"]] {
        let said = folder.refused(words);
        assert!(said.contains("--help") || said.contains("chekc"), "{words:?}: {said}");
    }
    folder.ok(&["--version"]);
}

#[test]
fn a_trace_on_standard_input_is_as_good_as_a_file() {
    let folder = recorded();
    let commands: [&[&str]; 6] = [
        &["replay"],
        &["check"],
        &["show", "--views"],
        &["trigger", "--all", "--dry-run"],
        &["replay", "--format", "json"],
        &["check", "--format", "json"],
    ];
    for words in commands {
        let file = folder.run(&[words, &["recorded.jsonl"]].concat());
        let stream = fed(&folder, "recorded.jsonl", &[words, &["-"]].concat());
        assert_eq!(stream.stdout, file.stdout.replace("recorded.jsonl", "standard input"), "{words:?}");
        assert_eq!((stream.code, stream.stderr), (file.code, file.stderr), "{words:?}");
    }
    let said = fed(&folder, "recorded.jsonl", &["check", "-", "-"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    assert!(said.stderr.contains("once"), "{}", said.stderr);
}

#[test]
fn a_record_on_standard_output_is_not_mixed_with_the_report() {
    let folder = recorded();
    let done = fed(&folder, "in.jsonl", &["replay", "-", "--record", "-"]);
    assert_eq!((done.code, done.stdout), (Some(0), folder.read("recorded.jsonl")));
    assert!(done.stderr.starts_with("standard input: "), "{}", done.stderr);
}

#[test]
fn no_record_is_overwritten_unasked() {
    let folder = recorded();
    let recorded = folder.read("recorded.jsonl");
    folder.write("out.jsonl", "precious");
    let words = ["replay", "in.jsonl", "--record", "out.jsonl"];
    let said = folder.refused(&words);
    assert!(said.contains("out.jsonl") && said.contains("--force"), "{said}");
    assert_eq!(folder.read("out.jsonl"), "precious");
    folder.ok(&[&words[..], &["--force"]].concat());
    assert_eq!(folder.read("out.jsonl"), recorded);
    // The output is also the trace that is being read.
    folder.refused(&["replay", "in.jsonl", "--record", "in.jsonl"]);
    folder.ok(&["replay", "in.jsonl", "--record", "in.jsonl", "--force"]);
    assert_eq!(folder.read("in.jsonl"), recorded);
    let said = folder.refused(&["replay", "in.jsonl", "--record", "nowhere/out.jsonl"]);
    assert!(said.contains("nowhere/out.jsonl") && said.contains("create the folder"), "{said}");
}

#[test]
fn a_record_of_a_trace_that_turns_out_bad_is_not_there() {
    let folder = recorded();
    folder.write("bad.jsonl", &(folder.read("in.jsonl") + "{\"in\":{}}\n"));
    folder.write("out.jsonl", "precious");
    for words in [&["--record", "new.jsonl"][..], &["--record", "out.jsonl", "--force"], &["--record", "-"]] {
        folder.refused(&[&["replay", "bad.jsonl"], words].concat());
    }
    assert_eq!(folder.read("out.jsonl"), "precious");
}

#[test]
fn whoever_has_gone_is_not_told() {
    let folder = Folder::default();
    let deposits: Vec<_> = (1..=3000).map(|n| deposit(n, "a-1", 5, n as i64)).collect();
    folder.trace("big.jsonl", "ledger", &deposits);
    folder.trace("bug.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    for (words, code) in [
        (&["show", "big.jsonl"][..], 0),
        (&["show", "big.jsonl", "--format", "json"], 0),
        (&["replay", "big.jsonl", "--record", "-"], 0),
        (&["replay", "big.jsonl"], 0),
        (&["trigger", "big.jsonl", "--all", "--output", "-"], 0),
        (&["check", "big.jsonl", "big.jsonl"], 0),
        // The exit code still reports the findings.
        (&["check", "bug.jsonl", "big.jsonl"], 1),
        (&["check", "bug.jsonl", "--format", "json"], 1),
    ] {
        let mut child = folder.command(words).spawn().expect("the binary runs");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{words:?}: {said}");
        assert!(!said.contains("panic") && !said.contains("error"), "{words:?}: {said}");
    }
}

#[test]
fn nothing_in_a_trace_acts_on_a_terminal() {
    let folder = Folder::default();
    let evil = r"\u001b[31m\u0007\u009b2J\u202e\r";
    let message = format!(
        r#"{{"in":{{"id":"m{evil}","from":"bank{evil}","body":{{"hold":{{"account":"a{evil}","payment":"p{evil}","amount":5,"on":1}}}}}}}}"#
    );
    let view = format!(
        r#"{{"cause":1,"view":{{"key":"a{evil}","value":{{"balance":1,"held":0,"captured":0,"fees":0,"payments":{{"q{evil}":1}}}}}}}}"#
    );
    let out = format!(
        r#"{{"cause":1,"out":{{"id":"a{evil}/receipt-{evil}","to":"x{evil}","body":{{"receipt":{{"amount":1}}}}}}}}"#
    );
    folder.trace("ledger.jsonl", "ledger", &[message, out, view]);
    let insert =
        format!(r#"{{"in":{{"id":"m-1","from":"e","body":{{"document":"d{evil}","at":0,"insert":"é{evil}"}}}}}}"#);
    let text = format!(
        r#"{{"cause":1,"view":{{"key":"d{evil}","value":{{"length":1,"digest":"{evil}","text":"{evil}\n"}}}}}}"#
    );
    folder.trace("document.jsonl", "document+bytes-for-chars", &[insert, text]);
    folder.trace(&format!("{}.jsonl", "\u{1b}[31m"), "ledger", &[deposit(1, "a-1", 5, 1)]);
    folder.write("bad.jsonl", &format!("{{\"afresh\":{{\"format\":1,\"system\":\"{evil}\"}}}}\n"));
    folder.trace("worse.jsonl", "ledger", &[format!(r#"{{"in":{{"{evil}":1}}}}"#)]);
    for name in folder.files() {
        for words in [&["replay"][..], &["check"], &["show", "--views"], &["scrub", "--all", "--dry-run"], &["shrink"]]
        {
            let done = folder.command(&[words, &[&name]].concat()).output().expect("the binary runs");
            let text = String::from_utf8([done.stdout, done.stderr].concat()).expect("UTF-8");
            let acts = |acts: char| acts != '\n' && (acts.is_control() || acts == '\u{202e}');
            assert!(!text.contains(acts), "{words:?} {name:?}: {text:?}");
        }
    }
    assert!(folder.run(&["check", "ledger.jsonl"]).stdout.contains(r"\u{1b}[31m"));
}

#[test]
fn numbers_survive() {
    let folder = Folder::default();
    let (most, least) = (i64::MAX, i64::MIN);
    folder.trace("in.jsonl", "ledger", &[deposit(1, "a-1", most, least), deposit(2, "a-1", 1_000_000_000_000, most)]);
    folder.ok(&["replay", "in.jsonl", "--record", "out.jsonl"]);
    let shown = folder.ok(&["show", "out.jsonl"]);
    for text in [folder.read("out.jsonl"), shown] {
        assert!(text.contains(&format!(r#""amount":{most},"on":{least}"#)), "{text}");
        assert!(text.contains(&format!(r#""amount":1000000000000,"on":{most}"#)), "{text}");
    }
    let last = format!(r#"{{"n":{},{}"#, u32::MAX, &deposit(3, "a-1", 5, 3)[1..]);
    folder.trace("last.jsonl", "ledger+late-capture", &[last.as_str()]);
    let report = json(&folder, 0, &["show", "last.jsonl", "--kind", "in"]);
    assert_eq!(report["show"]["events"][0]["number"], u32::MAX);
    assert_eq!(fs::read_to_string(folder.path("last.jsonl")).unwrap().lines().count(), 2);
}

#[test]
fn help_says_what_is_taken_where_nothing_is_said() {
    let folder = Folder::default();
    let budget = check::Options::default().budget.to_string();
    let policy = format!("{:?}", replay::Options::default().policy).to_lowercase();
    for (command, default) in [("check", budget), ("replay", policy)] {
        let help = folder.ok(&[command, "--help"]);
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&format!("[default: {default}]")), "{default} is not in {help}");
    }
}
