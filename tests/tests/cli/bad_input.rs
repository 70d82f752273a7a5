//! Tests of input that is not a trace. It gives one error, with file, line, column, what was expected and what to do,
//! and no file is written.

use std::fs;

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::deposit;

const HEADER: &str = r#"{"afresh":{"format":1,"system":"ledger","complete":true}}"#;

/// All commands that read a trace, with options to write a file where they can; `TRACE` stands for the trace.
const COMMANDS: [&[&str]; 9] = [
    &["replay", "TRACE", "--record", "out.jsonl"],
    &["check", "TRACE"],
    &["show", "TRACE"],
    &["show", "TRACE", "--views", "--format", "json"],
    &["shrink", "TRACE", "--output", "out.jsonl"],
    &["reflow", "TRACE", "--message", "m-1", "--output", "out.jsonl"],
    &["trigger", "TRACE", "--all", "--output", "out.jsonl"],
    &["migrate", "TRACE", "--flow", "fees-v2", "--on", "--all", "--in-place"],
    &["scrub", "TRACE", "--all", "--dry-run"],
];

/// Runs every command on the trace `name`. Each must refuse it with the same single error, which is returned.
fn refused(folder: &Folder, name: &str, options: &[&str]) -> String {
    refused_but_by(None, folder, name, options)
}

/// Runs every command but one on the trace `name`, as [`refused`] does.
fn refused_but_by(but: Option<&str>, folder: &Folder, name: &str, options: &[&str]) -> String {
    let before = contents(folder);
    let mut said = Vec::new();
    for command in COMMANDS.iter().filter(|command| but != Some(command[0])) {
        let words: Vec<_> = command.iter().map(|word| if *word == "TRACE" { name } else { word }).collect();
        let done = folder.run(&[&words, options].concat());
        assert_eq!(done.code, Some(2), "{words:?}: {}", done.stderr);
        // `show` prints the timeline up to the error.
        assert!(done.stdout.is_empty() || words == ["show", name], "{words:?}: {}", done.stdout);
        assert!(contents(folder) == before, "{words:?} wrote a file");
        assert!(done.stderr.chars().all(|character| character == '\n' || !character.is_control()), "{}", done.stderr);
        said.push(done.stderr);
    }
    let first = said.swap_remove(0);
    assert!(said.iter().all(|said| *said == first), "not all say {first} but {said:?}");
    first
}

/// Returns the files of a folder with their contents.
fn contents(folder: &Folder) -> Vec<(String, Option<Vec<u8>>)> {
    folder.files().into_iter().map(|name| (name.clone(), fs::read(folder.path(&name)).ok())).collect()
}

/// Returns the error for a trace with `line` after a good line.
fn line(line: impl AsRef<[u8]>) -> String {
    let folder = Folder::default();
    let before = format!("{HEADER}\n{}\n", deposit(1, "a-1", 5, 1));
    let file = [before.as_bytes(), line.as_ref(), b"\n"].concat();
    fs::write(folder.path("night.jsonl"), file).expect("a file is written");
    refused(&folder, "night.jsonl", &[])
}

/// Returns the error for a trace with this text.
fn file(text: &str) -> String {
    let folder = Folder::default();
    folder.write("night.jsonl", text);
    refused(&folder, "night.jsonl", &[])
}

#[test]
fn an_unknown_field() {
    assert_snapshot!(line(r#"{"in":{"id":"m-2","from":"bank","colour\u001b[31m":1,"body":{}}}"#), @r"
    afresh: night.jsonl:3:50: unknown field `colour\u{1b}[31m`, expected one of `id`, `from`, `revision`, `body`, `withdrawn`
      help: remove the field, or correct its name
    ");
    assert_snapshot!(line(r#"{"in":{"id":"m-2","from":"bank","body":{"deposit":{"acount":"a-1","amount":5,"on":2}}}}"#), @"
    afresh: night.jsonl:3:59: unknown field `acount`, expected one of `account`, `amount`, `on`
      help: remove the field, or correct its name; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
}

#[test]
fn a_wrong_type() {
    assert_snapshot!(line(r#"{"in":{"id":"m-2","from":"bank","body":{"deposit":{"account":"a-1","amount":"5","on":2}}}}"#), @r#"
    afresh: night.jsonl:3:79: invalid type: string "5", expected a whole number of at most 64 bits
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    "#);
    assert_snapshot!(line(r#"{"in":{"id":"m-2","from":"bank","body":17}}"#), @"
    afresh: night.jsonl:3:40: expected the name of a variant, or an object with one field
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
    assert_snapshot!(line(r#"{"in":{"id":"m-2","from":"bank","body":{"deposit":{"account":"a","amount":5,"on":2},"hold":1}}}"#), @"
    afresh: night.jsonl:3:83: expected the name of a variant, or an object with one field
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_snapshot!(line(b"{\"in\":{\"id\":\"caf\xe9\",\"from\":\"bank\",\"body\":{}}}"), @r"
    afresh: night.jsonl:3:17: byte 0xe9 is not valid UTF-8: expected UTF-8 text
      help: export the file as UTF-8, or convert it with iconv
    ");
}

#[test]
fn a_last_line_that_was_cut_off() {
    let folder = Folder::default();
    let whole = format!("{HEADER}\n{}\n", deposit(1, "a-1", 5, 1));
    folder.write("night.jsonl", &format!(r#"{whole}{{"in":{{"id":"m-2","fro"#));
    assert_snapshot!(refused(&folder, "night.jsonl", &[]), @"
    afresh: night.jsonl:3:23: the last line is torn: expected a whole event and a line end, found the end of the file
      help: use `--torn` to skip this line, which was cut off while it was being written
    ");
    folder.write("whole.jsonl", &whole);
    for words in [&["replay"][..], &["check"], &["show", "--views"], &["trigger", "--all", "--dry-run"]] {
        let run = |name: &str| folder.ok(&[words, &[name, "--torn"]].concat());
        assert_eq!(run("night.jsonl"), run("whole.jsonl").replace("whole.jsonl", "night.jsonl"));
    }
}

#[test]
fn a_format_of_the_future() {
    assert_snapshot!(file(&HEADER.replace(r#""format":1"#, r#""format":2,"shape":"unheard of""#)), @"
    afresh: night.jsonl:1:11: format 2 needs a newer afresh: expected format 1
      help: install a newer afresh, or write the trace again with this one
    ");
}

#[test]
fn a_system_that_is_not_known() {
    let folder = Folder::default();
    folder.trace("night.jsonl", "ledgr", &[deposit(1, "a-1", 5, 1)]);
    let unknown = refused_but_by(Some("show"), &folder, "night.jsonl", &[]);
    // The record can be shown without the system.
    assert!(folder.ok(&["show", "night.jsonl"]).contains("ledgr, a system that this program does not have"));
    let (nearest, rest) = unknown.split_once(", ").expect("the systems are listed");
    assert_snapshot!(format!("{nearest}, … {}", rest.split_once(" or ").expect("to the last one").1), @"
    afresh: night.jsonl:1:32: unknown system `ledgr`: expected `ledger`, … one of 23 others
      help: did you mean `ledger`? name one of these systems with `--system NAME`, or correct the header; if it is a program, say how to run it, in `afresh.toml` or with `--program NAME=COMMAND`
    ");

    let folder = Folder::default();
    folder.trace("night.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    let asked = refused(&folder, "night.jsonl", &["--system", "ledgr\u{1b}"]);
    let (nearest, rest) = asked.split_once(", ").expect("the systems are listed");
    assert_snapshot!(format!("{nearest}, … {}", rest.split_once(" or ").expect("to the last one").1), @r"
    afresh: --system: unknown system `ledgr\u{1b}`: expected `ledger`, … one of 23 others
      help: did you mean `ledger`? name one of these systems
    ");
}

#[test]
fn a_file_that_is_no_trace() {
    assert_snapshot!(file(""), @r#"
    afresh: night.jsonl: is empty: expected a header line, {"afresh":{"format":1,"system":"NAME",…}}
      help: use `afresh import` to turn exported rows into a trace
    "#);
    assert_snapshot!(file("Dear diary,\n"), @r#"
    afresh: night.jsonl:1:1: is not a trace: expected a header line, {"afresh":{"format":1,"system":"NAME",…}}, found Dear diary,
      help: use `afresh import` to turn exported rows into a trace
    "#);
    let folder = Folder::default();
    fs::create_dir(folder.path("folder")).expect("a folder is made");
    assert_snapshot!(refused(&folder, "folder", &[]), @"
    afresh: folder: is a directory, expected a file
      help: name a file in it, or `-` for the standard stream
    ");
    assert_snapshot!(refused(&folder, "nowhere/night.jsonl", &[]), @"
    afresh: nowhere/night.jsonl: cannot be read: No such file or directory (os error 2)
      help: check the path, and the folder that it is relative to; `-` is standard input
    ");
}

/// The hidden file beside an output has another name in each run, so no message has it.
#[test]
fn a_folder_that_is_not_there_for_an_output() {
    let folder = Folder::default();
    folder.trace("night.jsonl", "ledger", &[&deposit(1, "m-1", 5, 1)]);
    let done = folder.run(&["replay", "night.jsonl", "--record", "nowhere/again.jsonl"]);
    let why = "afresh: nowhere/again.jsonl: cannot be written: No such file or directory (os error 2)\n";
    assert_eq!((done.code, done.stderr.starts_with(why)), (Some(2), true), "{}", done.stderr);
}

#[test]
fn a_line_over_the_limit() {
    let folder = Folder::default();
    let long = deposit(1, &"a".repeat(200), 5, 1);
    folder.trace("night.jsonl", "ledger", &[&long]);
    assert_snapshot!(refused(&folder, "night.jsonl", &["--line-max", "200"]), @"
    afresh: night.jsonl:2:201: the line is longer than the limit of 200 bytes
      help: raise the limit with `--line-max BYTES` if the line is meant to be that long
    ");
    folder.ok(&["check", "night.jsonl", "--line-max", &long.len().to_string()]);
}

#[test]
fn nesting_ten_thousand_deep() {
    let nested = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
    assert_snapshot!(line(format!(r#"{{"in":{{"id":"m-2","from":"bank","body":{}}}}}"#, nested("[", "]"))), @"
    afresh: night.jsonl:3:165: nested too deeply: expected at most 127 arrays and objects inside each other
      help: make the body flatter: deeper nesting could exhaust the stack of a JSON reader
    ");
    assert_snapshot!(line(format!(r#"{{"view":{{"key":"a-1","value":{}}}}}"#, nested(r#"{"a":"#, "}"))), @r"
    afresh: night.jsonl:3:655: nested too deeply: expected at most 127 arrays and objects inside each other
      help: make the body flatter: deeper nesting could exhaust the stack of a JSON reader
    ");
}

#[test]
fn a_number_that_the_type_cannot_hold() {
    let amount = |amount: &str| deposit(2, "a-1", 5, 2).replace(r#""amount":5"#, &format!(r#""amount":{amount}"#));
    assert_snapshot!(line(amount("9223372036854775808")), @"
    afresh: night.jsonl:3:95: invalid value: integer `9223372036854775808`, expected a whole number of at most 64 bits
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
    assert_snapshot!(line(amount("-123456789012345678901234567890")), @"
    afresh: night.jsonl:3:107: invalid value: integer `-123456789012345678901234567890`, expected a whole number of at most 64 bits
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
    assert_snapshot!(line(amount("0.5")), @"
    afresh: night.jsonl:3:79: invalid type: floating point `0.5`, expected a whole number of at most 64 bits
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
    assert_snapshot!(line(amount("NaN")), @"
    afresh: night.jsonl:3:77: is not JSON: expected value
      help: correct the line: each line of a trace is one JSON object, without NaN or Infinity
    ");
}

#[test]
fn a_key_that_is_there_twice() {
    assert_snapshot!(line(r#"{"in":{"id":"m-2","from":"bank","body":{"deposit":{"account":"a","amount":5,"amount":6,"on":2}}}}"#), @"
    afresh: night.jsonl:3:77: duplicate key `amount` in one object: expected it once
      help: remove one of the two: readers of JSON disagree on which of them counts
    ");
    // In a map of the system's own, serde would take the last value.
    let view = r#"{"balance":5,"held":3,"captured":0,"fees":0,"payments":{"p":1,"p":2}}"#;
    assert_snapshot!(line(format!(r#"{{"view":{{"key":"a-1","value":{view}}}}}"#)), @"
    afresh: night.jsonl:3:92: duplicate key `p` in one object: expected it once
      help: remove one of the two: readers of JSON disagree on which of them counts
    ");
}

#[test]
fn an_array_for_an_object_with_fields() {
    let lines = [
        r#"{"in":["m-2","bank",1,{}]}"#,
        r#"{"in":{"id":"m-2","from":"bank","body":{"deposit":["a-1",5,2]}}}"#,
        r#"{"opening":["a-1",{"balance":5,"held":0,"captured":0,"fees":0,"payments":{}}]}"#,
        r#"{"view":{"key":"a-1","value":[5,0,0,0,{}]}}"#,
        r#"{"settled":["a-1/balance"]}"#,
        r#"{"rejected":["why"]}"#,
        r#"{"healed":["a-1",[]]}"#,
        r#"{"timer":["app","retry"]}"#,
        r#"{"fault":{"crash":["app",0,false]}}"#,
        r#"{"knob":{"scrub":[null,"ops",""]}}"#,
        r#"{"knob":{"reflow_in":{"messages":[["bank","m-1"]],"by":"ops"}}}"#,
    ];
    for wrong in lines {
        let said = line(wrong);
        assert!(said.contains("night.jsonl:3:") && said.contains("invalid type: array, expected "), "{wrong}: {said}");
    }
    assert_snapshot!(file("{\"afresh\":[1,\"ledger\"]}\n"), @"
    afresh: night.jsonl:1:10: invalid type: array, expected an object
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`
    ");
    assert_snapshot!(file("[{\"format\":1,\"system\":\"ledger\"}]\n"), @r#"
    afresh: night.jsonl:1:1: is not a trace: expected a header line, {"afresh":{"format":1,"system":"NAME",…}}, found [{"format":1,"system":"ledger"}]
      help: use `afresh import` to turn exported rows into a trace
    "#);
}

#[test]
fn a_version_that_is_not_known() {
    let unknown = line(r#"{"fault":{"deploy":{"node":"app","system":"ledger+v9"}}}"#);
    let (known, rest) = unknown.split_once("ledger+fee-rounding").expect("the versions are listed");
    assert_snapshot!(format!("{known}…{}", rest.split_once("`\n").expect("to the end of the line").1), @"afresh: night.jsonl:3:10: deploys an unknown version `ledger+v9`: expected `ledger`, `ledger+fees-stay`, `…  help: did you mean `ledger`? correct the name, or let `System::variant` and `System::variants` know the version; a version of a program is in `versions` of the system in `afresh.toml`");
}
