//! Every command that reads a trace reads a store.

use std::fs;

use afresh_core::{EventNumber, Header};
use afresh_host::store::{Sqlite, Store};
use afresh_tests::Folder;
use afresh_trace::format::Kind;
use afresh_trace::row::Row;

use super::{TRACE, URL, folder, sql, stdout_of, store};

#[test]
fn commands_give_the_same_for_a_store_as_for_its_trace() {
    let folder = folder();
    let commands: [&[&str]; 7] = [
        &["check"],
        &["check", "--format", "json"],
        &["replay"],
        &["replay", "--record", "-"],
        &["show", "--views"],
        &["show", "--format", "json"],
        &["trigger", "--all", "--by", "ann", "--dry-run"],
    ];
    for command in commands {
        let run = |trace: &str| {
            let done = folder.run(&[&command[..1], &[trace], &command[1..]].concat());
            (done.code, done.stdout.replace(trace, "TRACE"), done.stderr.replace(trace, "TRACE"))
        };
        let (code, stdout, stderr) = run(URL);
        assert_eq!(code, Some(0), "{command:?}: {stderr}");
        assert!(stdout.len() > 50, "{command:?}: {stdout}");
        assert_eq!((code, stdout, stderr), run(TRACE), "{command:?}");
    }
    // Reading leaves nothing beside the database.
    let names = fs::read_dir(folder.path("data")).expect("a folder").count();
    assert_eq!(names, 2, "the database and its lock");
}

#[test]
fn a_service_can_write_meanwhile() {
    let folder = folder();
    let mut store = store(&folder);
    store.take(&Header::complete("ledger")).expect("the lease is free");
    assert_eq!(stdout_of(&folder, &["export", URL]), folder.read(TRACE));
    folder.ok(&["check", URL]);
    store.renew().expect("it holds the lease");
}

#[test]
fn a_shrink_names_its_files_after_the_database_and_not_beside_it() {
    let folder = folder();
    let before = fs::read_dir(folder.path("data")).expect("a folder").count();
    let words = ["shrink", "--verbatim", "--", "grep", "-q", "m-1003", "{}"];
    let done = folder.run(&[&words[..1], &[URL], &words[1..]].concat());
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("ledger.min.jsonl"), "{}", done.stdout);
    assert!(folder.files().contains(&"ledger.min.jsonl.walk".to_owned()), "{:?}", folder.files());
    assert_eq!(folder.read("ledger.min.jsonl").lines().count(), 1);
    assert_eq!(fs::read_dir(folder.path("data")).expect("a folder").count(), before);
    // The walk can be shown with the store as its original.
    let shown = folder.ok(&["show", URL, "--walk", "ledger.min.jsonl.walk"]);
    assert!(shown.starts_with(URL), "{shown}");
}

#[test]
fn a_shrink_under_a_system_reads_a_store() {
    let folder = Folder::default();
    let kept = afresh_tests::root().join("fixtures/traces/ledger-late-capture.jsonl");
    folder.write("late.jsonl", &fs::read_to_string(kept).expect("a kept trace"));
    stdout_of(&folder, &["import", "late.jsonl", "--into", "sqlite:late.db"]);
    let system = ["--system", "ledger+late-capture", "--output"];
    let shrunk = |input, output| {
        let done = folder.run(&[&["shrink", input], &system[..], &[output]].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        folder.read(output)
    };
    assert_eq!(shrunk("sqlite:late.db", "a.jsonl"), shrunk("late.jsonl", "b.jsonl"));
}

#[test]
fn a_long_journal_comes_in_chunks() {
    let folder = Folder::default();
    let mut store = Sqlite::new(folder.path("long.db"));
    let header = Header::complete("ledger");
    store.take(&header).expect("the lease is free");
    let row = |number| Row {
        sender: Some("bank".into()),
        id: Some("m".into()),
        revision: Some(number),
        body: Some(format!("\"{}\"", "x".repeat(200))),
        ..Row::empty(EventNumber::new(number).expect("not 0"), None, None, Kind::In)
    };
    let rows: Vec<_> = (1..=10_000).map(row).collect();
    store.append(&rows).expect("rows are appended");
    let mut lines = Vec::new();
    rows.iter().for_each(|row| row.line(&mut lines).expect("a row is a line"));
    assert!(lines.len() > 2 << 20, "several chunks");
    stdout_of(&folder, &["export", "sqlite:long.db", "--output", "a.jsonl"]);
    // This reads through the stream that all other commands use.
    stdout_of(&folder, &["import", "sqlite:long.db", "--into", "sqlite:copy.db"]);
    stdout_of(&folder, &["export", "sqlite:copy.db", "--output", "b.jsonl"]);
    let text = folder.read("a.jsonl");
    assert!(text.ends_with(std::str::from_utf8(&lines).expect("UTF-8")));
    assert_eq!(folder.read("b.jsonl"), text);
}

#[test]
fn an_error_names_the_store_and_says_what_to_do() {
    let folder = folder();
    let refused = |words: &[&str]| folder.refused(words);
    for command in ["check", "replay", "show", "export"] {
        assert_eq!(
            refused(&[command, "sqlite:typo.db"]),
            "afresh: sqlite:typo.db: cannot be read: there is no journal: expected a store that a service or `afresh \
             import --into` has written\n  help: check the path, and the folder that it is relative to; `-` is \
             standard input\n"
        );
    }
    assert_eq!(
        refused(&["check", "sqlite:ledger-small.jsonl"]),
        "afresh: sqlite:ledger-small.jsonl: cannot be read: this is not a database of SQLite: expected a store, which \
         a service or `afresh import` creates; check the path\n"
    );
    assert_eq!(
        refused(&["check", "postgres://ann:secret@db/ledger"]),
        "afresh: postgres://ann@db/ledger: cannot be read: this program cannot use Postgres: build it with the feature \
         `postgres` of afresh-host\n"
    );
    let said = refused(&["export", TRACE]);
    assert!(said.contains("this is not the URL of a store: expected `sqlite:PATH`"), "{said}");
}

#[test]
fn a_damaged_journal_is_never_read_in_part() {
    let folder = folder();
    sql(&folder, "DROP TRIGGER journal_update; UPDATE journal SET body = replace(body, '43096', '43097')");
    let said = folder.refused(&["export", URL, "--output", "copy.jsonl"]);
    let damage = "sqlite:data/ledger.db: cannot be read: is damaged at event 1: its checksum is wrong; restore the \
                  store from a backup\n";
    assert_eq!(said, format!("afresh: {damage}"));
    assert_eq!(folder.run(&["check", URL]).stderr, format!("afresh: {damage}"));
    assert_eq!(folder.refused(&["replay", URL]), format!("afresh: {damage}"));
    sql(&folder, "DROP TRIGGER store_update; UPDATE store SET schema = 2");
    let said = folder.refused(&["check", URL]);
    assert!(said.contains("has schema 2, but this program needs schema 1: use a newer version"), "{said}");
}

#[test]
fn no_output_replaces_a_database() {
    let folder = folder();
    let never = "afresh: data/ledger.db: is a database, which is never overwritten\n  help: choose another name\n";
    for words in [
        &["export", URL, "--force", "--output", "data/ledger.db"][..],
        &["replay", TRACE, "--force", "--record", "data/ledger.db"],
        &["trigger", URL, "--all", "--by", "ann", "--force", "--output", "data/ledger.db"],
        &["shrink", URL, "--force", "--output", "data/ledger.db", "--walk", "w", "--", "grep", "m-1003", "{}"],
    ] {
        assert_eq!(folder.refused(words), never, "{words:?}");
    }
    assert_eq!(
        folder.refused(&["trigger", URL, "--all", "--by", "ann", "--in-place"]),
        "afresh: sqlite:data/ledger.db: the journal of a service is never replaced: use `--output PATH` instead of \
         `--in-place`, or turn the knob on the service\n"
    );
    assert_eq!(stdout_of(&folder, &["export", URL]), folder.read(TRACE));
}
