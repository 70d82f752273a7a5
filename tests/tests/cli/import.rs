//! Tests that `afresh import` reports its rows and its errors in the style of the other commands.

use afresh_tests::Folder;
use serde_json::json;

const MAP: [&str; 10] =
    ["import", "rows.csv", "--system", "ledger", "--map", "id=.id", "--map", "from==x", "--map", "body=.body"];

#[test]
fn a_bad_row_is_said_as_any_error_is() {
    let folder = Folder::default();
    folder.write("rows.csv", "id,body\n1,5\n2,{\n");
    let said = folder.refused(&MAP);
    assert!(said.starts_with("afresh: rows.csv:3: "), "{said}");
}

#[test]
fn programs_get_what_became_of_the_rows() {
    let folder = Folder::default();
    folder.write("rows.csv", "id,body\n1,5\n");
    let report = folder.json("import", &[&MAP[..], &["--output", "t.jsonl"]].concat());
    let none = json!({ "count": 0, "first": [] });
    let why = &report["unreadable"]["first"][0]["why"];
    let expected = json!({
        "rows": "rows.csv", "output": "t.jsonl", "system_is_known": true,
        "in": 1, "out": 0, "views": 0, "ignored": 0, "skipped": 0, "backwards": 0, "torn": false,
        "doubled": false,
        "read_as": { "format": "csv", "delimiter": ",", "header": true, "guessed": true },
        "duplicates": none, "conflicts": none, "stale": none, "rejected": none,
        "unreadable": { "count": 1, "first": [{ "line": 2, "event": 1, "why": why }] }, "absent": [],
    });
    assert_eq!(report, expected);
    // If the trace goes to standard output, the report goes to standard error.
    let done = folder.run(&[&MAP[..], &["--format", "json"]].concat());
    assert!(done.stdout.starts_with(r#"{"afresh":{"format""#) && done.stderr.starts_with(r#"{"afresh":1,"import""#));
}

#[test]
fn messages_that_will_not_count_are_named() {
    let folder = Folder::default();
    let body =
        |amount: i64| format!(r#"{{"deposit":{{"account":"a","amount":{amount},"on":1}}}}"#).replace('"', "\"\"");
    let row = |id: u32, amount: i64| format!("{id},\"{}\"\n", body(amount));
    let rows = [
        row(1, 10),
        row(2, 5),
        row(2, 7),
        row(3, 1),
        row(3, 2),
        row(3, 2),
        row(4, -1),
        "5,{}\n".to_owned(),
        row(1, 10),
    ];
    folder.write("rows.csv", &("id,body\n".to_owned() + &rows.concat()));
    let done = folder.run(&[&MAP[..], &["--output", "t.jsonl"]].concat());
    insta::assert_snapshot!(done.stderr);
    let done = folder.run(&[
        "import",
        "rows.csv",
        "--system",
        "other",
        "--map",
        "id=.id",
        "--map",
        "from==x",
        "--map",
        "body=.body",
    ]);
    assert!(done.stderr.contains("`other` is unknown here"), "{}", done.stderr);
}

#[test]
fn a_message_that_cannot_be_read_conflicts_with_no_other() {
    let folder = Folder::default();
    let deposit = |amount: u32| format!(r#"{{"deposit":{{"account":"a","amount":{amount},"on":1}}}}"#);
    let rows = ["{}".to_owned(), deposit(5), deposit(6)].map(|body| format!("{{\"id\":\"1\",\"body\":{body}}}\n"));
    folder.write("rows.jsonl", &rows.concat());
    let report = folder.json(
        "import",
        &["import", "rows.jsonl", "--system", "ledger", "--complete", "--map", "id=.id", "--map", "from==x"]
            .into_iter()
            .chain(["--map", "body=.body", "--output", "t.jsonl"])
            .collect::<Vec<_>>(),
    );
    assert_eq!([&report["unreadable"]["count"], &report["conflicts"]["count"]], [1, 1], "{report}");
    let checked = folder.ok(&["check", "t.jsonl", "--skip-unreadable"]);
    assert!(checked.contains("1 rejected, 1 conflicting"), "{checked}");
}

#[test]
fn bodies_that_the_system_reads_alike_are_no_conflict() {
    let folder = Folder::default();
    // Both are the same change: nothing is deleted where no number says so.
    let row = |delete: &str| format!("{{\"document\":\"d\",\"at\":0,{delete}\"insert\":\"a\"}}\n");
    let rows = [row(""), row("\"delete\":0,"), row("\"delete\":1,")];
    folder.write("rows.jsonl", &rows.concat());
    let report = folder.json(
        "import",
        &["import", "rows.jsonl", "--system", "document", "--complete", "--map", "id==1", "--map", "from==x"]
            .into_iter()
            .chain(["--map", "body=.", "--output", "t.jsonl"])
            .collect::<Vec<_>>(),
    );
    assert_eq!([&report["duplicates"]["count"], &report["conflicts"]["count"]], [1, 1], "{report}");
    assert!(folder.ok(&["check", "t.jsonl"]).contains("1 conflicting"));
}

#[test]
fn kinds_need_a_field_and_the_rows_are_never_overwritten() {
    let folder = Folder::default();
    folder.write("rows.csv", "id,dir,body\n1,inbound,5\n2,outbound,6\n");
    let words =
        ["import", "rows.csv", "--system", "ledger", "--map", "id=.id", "--map", "from==x", "--map", "body=.body"];
    let refused = folder.refused(&[&words[..], &["--out", "outbound"]].concat());
    assert!(refused.contains("the field `kind`, which is not mapped"), "{refused}");
    let refused = folder.refused(&[&words[..], &["--output", "./rows.csv", "--force"]].concat());
    assert!(refused.contains("./rows.csv: is the file of the rows, which is never overwritten"), "{refused}");
    assert_eq!(folder.read("rows.csv").lines().count(), 3);
}

#[test]
fn what_no_trace_can_hold_is_refused() {
    let folder = Folder::default();
    let words = ["import", "rows", "--system", "x", "--map", "id=.id", "--map", "from==x", "--map", "body=.body"];
    let withdrawn = ["--map", "withdrawn=.body.after==null"];
    for (rows, more, why) in [
        (r#"{"id":"1","body":"\ud800"}"#, &[][..], "column `body`, field `body`"),
        (r#"{"id":"1","body":1e400}"#, &[], "number out of range"),
        // A payload that is torn is no deletion.
        (r#"{"id":"1","body":"{\"after\":{"}"#, &withdrawn, "expected an object or an array with `after`, found"),
        ("PK\u{3}\u{4}", &[], "is a zip file: expected rows as text; unpack it"),
    ] {
        folder.write("rows", &format!("{rows}\n"));
        let refused = folder.refused(&[&words[..], more].concat());
        assert!(refused.contains(why), "{rows}: {refused}");
    }
}

#[test]
fn a_program_that_does_not_run_rejects_nothing() {
    let folder = Folder::default();
    folder.write("rows.jsonl", "{\"id\":\"1\",\"body\":5}\n");
    let words = ["import", "rows.jsonl", "--program", "bad=no-such-command", "--system", "bad"];
    let done = folder.run(&[&words[..], &["--map", "id=.id", "--map", "from==x", "--map", "body=.body"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stderr.contains("warning: the program of bad: cannot be run: no-such-command did not start"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("`bad` is unknown here or does not run"), "{}", done.stderr);
    assert!(!done.stderr.contains("rejected message"), "{}", done.stderr);
}

/// `COPY` doubles the backslashes of JSON, and the result is mostly JSON too, which says something else.
#[test]
fn json_with_doubled_backslashes_is_never_read_in_silence() {
    let folder = Folder::default();
    let import = |rows: &str, more: &[&str]| {
        folder.write("rows.jsonl", rows);
        let map = ["import", "rows.jsonl", "--system", "other", "--map", "from==x"];
        folder.run(&[&map[..], more].concat())
    };
    let named = ["--map", "id=.id", "--map", "body=.body"];
    let json = ["--map", "id=.id", "--map", "body=.body", "--read-as", "json"];
    let copy = ["--map", "id=.1.id", "--map", "body=.1.body", "--read-as", "copy"];
    let (doubled, single) = (r#"{"id":1,"body":"a\\\\b\\nc"}"#, r#"{"id":2,"body":"a\\\n"}"#);
    let warns = |rows: &str, more: &[&str]| {
        let done = import(rows, more);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        (done.stderr.contains("warning: each backslash is doubled"), done.stdout.lines().nth(1).unwrap().to_owned())
    };
    assert!(warns(doubled, &named).0);
    assert!(!warns(doubled, &json).0);
    let (warning, event) = warns(doubled, &copy);
    assert!(!warning && event.contains(r#""body":"a\\b\nc""#), "{event}");
    assert!(!warns(&format!("{doubled}\n{single}\n"), &named).0);
    assert!(!warns(r#"{"id":1,"body":"a"}"#, &named).0);
    // A quote in a text, for which the result is no JSON.
    let done = import(r#"{"id":1,"body":"say \\"hi\\""}"#, &named);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("each backslash is doubled: `--read-as copy` reads"), "{}", done.stderr);
}
