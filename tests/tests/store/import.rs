//! `afresh import --into` refuses whatever cannot be the journal of a service, and counts what will not count in it.

use afresh_host::store::{Sqlite, Store};
use afresh_tests::{Folder, root};

use super::{TRACE, URL, folder, stdout_of};

const MESSAGE: &str = r#""in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a","amount":1,"on":1}}}}"#;

/// Expects that the trace `t.jsonl` of a folder is refused, and that no store appears.
fn refused(folder: &Folder, expected: &str) {
    assert_eq!(folder.refused(&["import", "t.jsonl", "--into", "sqlite:new.db"]), expected);
}

#[test]
fn a_store_with_a_journal_is_refused() {
    let folder = folder();
    assert_eq!(
        folder.refused(&["import", TRACE, "--into", URL]),
        "afresh: sqlite:data/ledger.db: already has a journal: expected an empty store\n  help: name another database\n"
    );
}

#[test]
fn a_window_is_refused() {
    let folder = Folder::default();
    folder.write("t.jsonl", &format!("{{\"afresh\":{{\"format\":1,\"system\":\"ledger\"}}}}\n{{\"n\":1,{MESSAGE}\n"));
    refused(
        &folder,
        "afresh: t.jsonl: is a window of a history: expected a complete trace\n  help: a service needs the history from \
         its first message: export the whole history, and import it with `--complete`\n",
    );
}

#[test]
fn a_gap_is_refused() {
    let folder = Folder::default();
    folder.trace("t.jsonl", "ledger", &[format!("{{\"n\":1,{MESSAGE}"), format!("{{\"n\":3,{MESSAGE}")]);
    refused(
        &folder,
        "afresh: t.jsonl:3: event 3 comes after event 1: expected event 2\n  help: a journal has no gaps: if the trace \
         is a part of another one, use the whole trace; otherwise, `afresh replay --record` writes it with new numbers\n",
    );
}

#[test]
fn a_world_is_refused() {
    let folder = Folder::default();
    let help = "help: only the trace of a system with keys can become the journal of a service\n";
    let kept = std::fs::read_to_string(root().join("fixtures/traces/replica.jsonl")).expect("a kept trace");
    folder.write("t.jsonl", &kept);
    let said = folder.refused(&["import", "t.jsonl", "--into", "sqlite:new.db"]);
    assert!(said.contains("is a trace of a world of nodes: expected the trace of a system\n"), "{said}");
    assert!(said.ends_with(help), "{said}");
    // A world that this program does not know.
    folder.write("t.jsonl", &kept.replace("\"system\":\"replica\"", "\"system\":\"elsewhere\""));
    let said = folder.refused(&["import", "t.jsonl", "--into", "sqlite:new.db"]);
    assert!(said.starts_with("afresh: t.jsonl:") && said.ends_with(help), "{said}");
}

#[test]
fn a_bad_line_is_refused() {
    let folder = Folder::default();
    for (line, why) in [
        (r#"{"n":2,"in":{"id":"m-1","body":1}}"#, "t.jsonl:3: missing field `from`"),
        (r#"{"n":2,"in":{"id":"m-1","from":"bank","body":1,"withdrawn":true}}"#, "t.jsonl:3: a withdrawn message has"),
        (r#"{"n":2,"view":{"value":1}}"#, "t.jsonl:3: missing field `key`"),
        (r#"{"n":2,"in":"#, "t.jsonl:3:"),
    ] {
        folder.trace("t.jsonl", "ledger", &[&format!("{{\"n\":1,{MESSAGE}"), line]);
        let said = folder.refused(&["import", "t.jsonl", "--into", "sqlite:new.db"]);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_trace_of_a_system_that_is_not_known_here_is_taken() {
    let folder = Folder::default();
    folder.trace("t.jsonl", "elsewhere", &[format!("{{\"n\":1,{MESSAGE}")]);
    stdout_of(&folder, &["import", "t.jsonl", "--into", "sqlite:new.db"]);
    let header = Sqlite::new(folder.path("new.db")).header().expect("it can be read").expect("a header");
    assert_eq!(header.system, "elsewhere");
}

#[test]
fn messages_that_will_not_count_are_named() {
    let folder = Folder::default();
    let message = |number: u32, id: &str, body: &str| {
        format!(r#"{{"n":{number},"in":{{"id":"{id}","from":"bank","body":{{"deposit":{body}}}}}}}"#)
    };
    let body = r#"{"account":"a","amount":1,"on":1}"#;
    let lines = [
        message(1, "m-1", body),
        message(2, "m-1", body),
        message(3, "m-1", &body.replace("\"amount\":1", "\"amount\":2")),
        message(4, "m-2", &body.replace("\"amount\":1", "\"amount\":0")),
        message(5, "m-3", "{}"),
    ];
    folder.trace("t.jsonl", "ledger", &lines);
    let done = folder.run(&["import", "t.jsonl", "--into", "sqlite:new.db"]);
    assert_eq!(done.code, Some(0));
    insta::assert_snapshot!(done.stderr);
    let report = folder.json("import", &["import", "t.jsonl", "--into", "sqlite:other.db"]);
    for (sort, event) in [("duplicates", 2), ("conflicts", 3), ("rejected", 4), ("unreadable", 5)] {
        assert_eq!(report[sort]["first"][0]["event"], event, "{sort}: {report}");
    }
    assert_eq!(report["stale"]["count"], 0, "{report}");
}

#[test]
fn usage_is_checked() {
    let folder = folder();
    let said = folder.refused(&["import", "-", "--into", "sqlite:new.db"]);
    assert!(said.contains("--into reads the trace twice"), "{said}");
    let said = folder.refused(&["import", TRACE, "--into", "new.db"]);
    assert!(said.contains("new.db: cannot be read: this is not the URL of a store: expected `sqlite:PATH`"), "{said}");
    let said = folder.refused(&["import", TRACE, "--into", "sqlite:new.db", "--system", "ledger"]);
    assert!(said.contains("cannot be used with"), "{said}");
    let said = folder.refused(&["import", TRACE, "--system", "ledger"]);
    assert!(said.contains("--map"), "{said}");
}
