//! Every kind of difference in the tables of `docs/verdicts.md`, put into a trace: all commands agree on it.

use std::fs;

use afresh_tests::{Folder, root};
use serde_json::Value;

/// A deposit, and everything that the ledger does about it.
const DEPOSIT: &str = r#"{"in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a","amount":500,"on":1}}}}"#;
const HOLD: &str =
    r#"{"in":{"id":"m-2","from":"shop","body":{"hold":{"account":"a","payment":"p","amount":200,"on":2}}}}"#;
const CAPTURE: &str =
    r#"{"in":{"id":"m-3","from":"shop","body":{"capture":{"account":"a","payment":"p","amount":150,"on":3}}}}"#;
const BAD: &str = r#"{"in":{"id":"m-4","from":"bank","body":{"deposit":{"account":"a","amount":0,"on":4}}}}"#;
const SCRUB: &str = r#"{"knob":{"scrub":{"keys":null,"by":"operator"}}}"#;
const RESTART: &str = r#"{"fault":{"restart":{"node":"service"}}}"#;
const DAMAGE: &str = r#"{"fault":{"damage":{"key":"a","what":"default"}}}"#;
const VIEW: &str = r#"{"view":{"key":"b","value":{"balance":1,"held":0,"captured":0,"fees":0,"payments":{}}}}"#;
const NOT_SENT: &str = r#"{"out":{"id":"a/receipt-q","to":"receipts","body":{"receipt":{"amount":1}}}}"#;
const OPENING: &str =
    r#"{"opening":{"key":"a","value":{"balance":500,"held":0,"captured":0,"fees":0,"payments":{}},"after":1}}"#;
const INSERT: &str = r#"{"in":{"id":"m-1","from":"editor","body":{"document":"d","at":0,"insert":"some text"}}}"#;
const OVERFLOW: &str = r#"{"in":{"id":"m-2","from":"editor","body":{"document":"d","at":4,"delete":4294967295}}}"#;
const OTHER: &str = r#"{"in":{"id":"m-3","from":"editor","body":{"document":"e","at":0,"insert":"more"}}}"#;

/// A trace that has a difference of one kind.
struct Planted {
    /// The kind, as the table names it.
    kind: &'static str,
    /// The word for the kind or the part in the signature.
    word: &'static str,
    system: &'static str,
    complete: bool,
    events: Vec<String>,
}

/// The lines that a run of `system` records of `stimuli`. Causes are left out, so that lines can be added and removed.
fn recorded(system: &str, stimuli: &[&str]) -> Vec<String> {
    let folder = Folder::default();
    folder.trace("in.jsonl", system, stimuli);
    folder.ok(&["replay", "in.jsonl", "--record", "out.jsonl"]);
    let without_cause = |line: &str| {
        let mut event: Value = serde_json::from_str(line).expect("an event is JSON");
        let fields = event.as_object_mut().expect("an event is an object");
        fields.retain(|name, _| !["cause", "n"].contains(&name.as_str()));
        event.to_string()
    };
    folder.read("out.jsonl").lines().skip(1).map(without_cause).collect()
}

/// The ledger's record of a deposit, a hold and a capture, edited by `edit`.
fn edited(edit: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let mut lines = recorded("ledger", &[DEPOSIT, HOLD, CAPTURE]);
    edit(&mut lines);
    lines
}

/// The index of the line that contains all of `words`.
fn place(lines: &[String], words: &[&str]) -> usize {
    lines.iter().position(|line| words.iter().all(|word| line.contains(word))).expect("there is such a line")
}

/// Replaces `old` by `new` in the line of the receipt.
fn receipt(old: &str, new: &str) -> Vec<String> {
    edited(|lines| {
        let line = place(lines, &["out", "receipt-p"]);
        lines[line] = lines[line].replace(old, new);
    })
}

/// Inserts `line` after the first event that has an observation.
fn inserted(line: &str) -> Vec<String> {
    edited(|lines| lines.insert(1, line.to_owned()))
}

/// Everything that `system` records of `stimuli`, without the line that contains `word`.
fn missing(system: &str, stimuli: &[&str], word: &str) -> Vec<String> {
    let mut lines = recorded(system, stimuli);
    lines.remove(place(&lines, &[word]));
    lines
}

/// A trace without a record, at whose end an operator reflowed a rejected message.
fn turned() -> Vec<String> {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger", &[DEPOSIT, BAD]);
    folder.ok(&["reflow", "in.jsonl", "--message", "m-4", "--by", "operator", "--output", "out.jsonl"]);
    folder.read("out.jsonl").lines().skip(1).map(str::to_owned).collect()
}

fn differences() -> Vec<Planted> {
    let ledger = |kind, word, events| Planted { kind, word, system: "ledger", complete: true, events };
    let output = |kind, events| ledger(kind, "receipt", events);
    let with = |kind, line| ledger(kind, "", inserted(line));
    vec![
        output("an output is sent with another body", receipt("150", "151")),
        output(
            "an output is sent with another revision, or to another receiver",
            receipt(r#""to":"receipts""#, r#""to":"elsewhere""#),
        ),
        output("an output was recorded and is not sent now", inserted(NOT_SENT)),
        output("an output is sent now and was not recorded", missing("ledger", &[DEPOSIT, HOLD, CAPTURE], "receipt-p")),
        ledger(
            "a view differs in a part",
            "balance",
            edited(|lines| {
                let line = place(lines, &["view", "\"captured\":150"]);
                lines[line] = lines[line].replace("\"balance\":350", "\"balance\":351");
            }),
        ),
        with("a view was recorded of a key that no message concerns", VIEW),
        output("this version cannot read a recorded output", receipt("receipt\":{", "invoice\":{")),
        ledger(
            "this version cannot read a recorded view",
            "",
            edited(|lines| {
                let line = place(lines, &["view", "\"captured\":150"]);
                lines[line] = lines[line].replace("balance", "total");
            }),
        ),
        with("a message was rejected when recorded", r#"{"rejected":{"why":"no"}}"#),
        ledger("a message is rejected now", "", missing("ledger", &[DEPOSIT, BAD, HOLD], "rejected")),
        with("a key was quarantined when recorded", r#"{"quarantined":{"key":"a","why":"no"}}"#),
        Planted {
            kind: "a key is quarantined now",
            word: "",
            system: "document+range-overflow",
            complete: true,
            events: missing("document+range-overflow", &[INSERT, OVERFLOW, OTHER], "quarantined"),
        },
        with("a key was healed when recorded", r#"{"healed":{"key":"a","parts":["balance"]}}"#),
        ledger("a key is healed now", "", missing("ledger", &[DEPOSIT, DAMAGE, SCRUB, HOLD], "healed")),
        with("an output was settled that was never sent", r#"{"settled":{"id":"a/fee"}}"#),
    ]
}

fn no_differences() -> Vec<Planted> {
    let planted = |kind, complete, events| Planted { kind, word: "", system: "ledger", complete, events };
    let cut = |lines: &mut Vec<String>| lines.truncate(place(lines, &["m-3"]) + 1);
    let opened = || [OPENING, HOLD].map(str::to_owned).to_vec();
    let restarted = |lines: &mut Vec<String>| lines.insert(place(lines, &["m-3"]) + 1, RESTART.to_owned());
    vec![
        planted("an observation was recorded after a crash and a restart only", true, edited(restarted)),
        planted("the record ends before the observations of the last stimulus", true, edited(cut)),
        planted("an output is sent now, in a trace that records no outputs", true, vec![DEPOSIT.to_owned()]),
        planted("a knob was turned at the end of a trace without a record", true, turned()),
        planted(
            "in a window, an observation that depends on messages before it",
            false,
            [HOLD, VIEW].map(str::to_owned).to_vec(),
        ),
        planted("in a window, an output is sent now and was not recorded", false, opened()),
    ]
}

/// The rows of the table in the page whose header begins with `kind` and ends with `show`.
fn rows(second: &str) -> Vec<[String; 3]> {
    let page = fs::read_to_string(root().join("docs/verdicts.md")).expect("the page is there");
    let mut lines = page.lines().skip_while(|line| !line.starts_with(&format!("| kind | {second} |")));
    let rows = lines.by_ref().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(|line| cells(line).try_into().expect("three cells")).collect()
}

/// The reports of the three commands on a trace.
struct Said {
    /// The signatures that `replay` reports, and those that `check` reports.
    signatures: [Vec<String>; 2],
    notes: [Value; 2],
    codes: [Option<i32>; 2],
    /// The signs in the timeline.
    signs: Vec<char>,
}

fn said(planted: &Planted) -> Said {
    let folder = Folder::default();
    folder.trace("trace.jsonl", planted.system, &planted.events);
    if !planted.complete {
        folder.write("trace.jsonl", &folder.read("trace.jsonl").replacen(r#","complete":true"#, "", 1));
    }
    let run = |command: &str| {
        let done = folder.run(&[command, "trace.jsonl", "--skip-unreadable", "--format", "json"]);
        assert_eq!(done.stderr, "", "{}: {command}", planted.kind);
        let mut report: Value = serde_json::from_str(&done.stdout).expect("a report is JSON");
        let mut report = report[command].take();
        if command == "check" {
            report = report[0].take();
        }
        (done.code, report)
    };
    let (replayed, checked) = (run("replay"), run("check"));
    let of_record = |report: &Value| {
        let findings = report["findings"].as_array().expect("a list").iter();
        let signature = |finding: &Value| {
            let text = |field: &str| finding["signature"][field].as_str().expect("text").to_owned();
            format!("{}/{}", text("check"), text("part"))
        };
        findings.map(signature).filter(|signature| signature.starts_with("recorded/")).collect()
    };
    let shown = folder.ok(&["show", "trace.jsonl", "--skip-unreadable", "--differences"]);
    // An event has a sign and a column for its number. The lines of the summary have words there.
    let is_event = |line: &&str| line.get(1..8).is_some_and(|number| number.trim().bytes().all(|b| b.is_ascii_digit()));
    let signs = shown.lines().filter(is_event).filter_map(|line| line.chars().next());
    Said {
        signatures: [of_record(&replayed.1), of_record(&checked.1)],
        codes: [replayed.0, checked.0],
        signs: signs.filter(|sign| "-+?".contains(*sign)).collect(),
        notes: [replayed.1, checked.1],
    }
}

/// The signs that the last cell of a row names.
fn signs(cell: &str) -> Vec<char> {
    cell.chars().filter(|char| "-+?".contains(*char)).collect()
}

#[test]
fn every_kind_of_difference_is_one_for_all_commands() {
    let (planted, rows) = (differences(), rows("signature"));
    let kinds: Vec<_> = rows.iter().map(|[kind, ..]| kind.as_str()).collect();
    assert_eq!(planted.iter().map(|planted| planted.kind).collect::<Vec<_>>(), kinds, "the table has these kinds");
    for (planted, [kind, signature, show]) in planted.iter().zip(&rows) {
        let said = said(planted);
        let signature = signature.trim_matches('`').replace("KIND", planted.word).replace("PART", planted.word);
        for (signatures, command) in said.signatures.iter().zip(["replay", "check"]) {
            assert!(signatures.contains(&signature), "{kind}: {command} says {signatures:?}");
        }
        assert_eq!(said.codes, [Some(1), Some(1)], "{kind}");
        let mut shown = said.signs;
        shown.sort_unstable_by_key(|sign| *sign != '-');
        shown.dedup();
        assert_eq!(shown, signs(show), "{kind}");
    }
}

#[test]
fn what_is_no_difference_is_none_for_any_command() {
    let (planted, rows) = (no_differences(), rows("`replay` and `check`"));
    let kinds: Vec<_> = rows.iter().map(|[kind, ..]| kind.as_str()).collect();
    assert_eq!(planted.iter().map(|planted| planted.kind).collect::<Vec<_>>(), kinds, "the table has these kinds");
    for (planted, [kind, say, show]) in planted.iter().zip(&rows) {
        let said = said(planted);
        assert_eq!(said.codes, [Some(0), Some(0)], "{kind}");
        assert_eq!(said.signatures.concat(), [""; 0], "{kind}");
        for report in &said.notes {
            let is_there = |note: &str| {
                !matches!(&report[note], Value::Array(list) if list.is_empty())
                    && !matches!(&report[note], Value::Object(map) if map.is_empty())
            };
            assert_eq!(is_there("not_recorded_yet"), say == "not recorded yet", "{kind}: {report}");
            assert_eq!(is_there("not_derivable"), say == "not derivable", "{kind}: {report}");
        }
        let mut shown = said.signs;
        shown.dedup();
        assert_eq!(shown, signs(show), "{kind}");
    }
}

/// The exit codes of `replay` and of `check` on a trace.
fn codes(complete: bool, events: &[&str]) -> [Option<i32>; 2] {
    let folder = Folder::default();
    folder.trace("trace.jsonl", "ledger", events);
    if !complete {
        folder.write("trace.jsonl", &folder.read("trace.jsonl").replacen(r#","complete":true"#, "", 1));
    }
    ["replay", "check"].map(|command| folder.run(&[command, "trace.jsonl"]).code)
}

#[test]
fn what_only_looks_like_the_record_is_a_difference() {
    let sent = r#"{"n":2,"out":{"id":"a/balance","to":"statements","body":{"statement":{"balance":500,"held":0}}}}"#;
    let numbered = |n: u32, event: &str| event.replacen('{', &format!("{{\"n\":{n},"), 1);
    let (first, other) = (numbered(1, DEPOSIT), numbered(3, &DEPOSIT.replace("m-1", "m-2")));
    // The outputs of the last stimulus may not be recorded yet, and those of no other.
    assert_eq!(codes(true, &[&first, sent, &other]), [Some(0); 2]);
    assert_eq!(codes(true, &[&first, sent, &other, &numbered(4, DEPOSIT)]), [Some(1); 2]);
    // A revision that was never sent is not settled.
    let settled = |revision: u32| format!(r#"{{"n":3,"settled":{{"id":"a/balance","revision":{revision}}}}}"#);
    assert_eq!(codes(true, &[&first, sent, &settled(1)]), [Some(0); 2]);
    assert_eq!(codes(true, &[&first, sent, &settled(7)]), [Some(1); 2]);
    // The rejection of another message is another one.
    let rejected = |cause: u32| format!(r#"{{"n":5,"cause":{cause},"rejected":{{"why":"no"}}}}"#);
    let bad = numbered(4, BAD);
    assert_eq!(codes(true, &[&first, sent, &bad, &rejected(4)]), [Some(0); 2]);
    assert_eq!(codes(true, &[&first, sent, &bad, &rejected(1)]), [Some(1); 2]);
    // In a window too, an output that a whole state does not call for is wrong.
    assert_eq!(codes(false, &[OPENING, HOLD]), [Some(0); 2]);
    assert_eq!(codes(false, &[OPENING, HOLD, NOT_SENT]), [Some(1); 2]);
    // In a window, it may rest on a message before it.
    assert_eq!(codes(false, &[&first, &rejected(1)]), [Some(0); 2]);
    assert_eq!(codes(true, &[&first, &rejected(1)]), [Some(1); 2]);
}

#[test]
fn nothing_compared_can_be_denied() {
    let folder = Folder::default();
    folder.trace("empty.jsonl", "ledger", &[""; 0]);
    assert!(folder.ok(&["check", "empty.jsonl"]).contains("nothing could be compared"));
    assert_eq!(folder.run(&["check", "empty.jsonl", "--deny", "not-derivable"]).code, Some(1));
}
