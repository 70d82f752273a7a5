//! The SQL in `docs/operations.md` runs on a store, and answers the question above it.

use std::fs;

use afresh_host::store::{Sqlite, Store};
use afresh_tests::{Folder, root};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::stdout_of;

const EVENTS: [&str; 13] = [
    r#"{"n":1,"at":"2026-03-14T09:00:00Z","in":{"id":"m-1","from":"bank","body":{"amount":5}}}"#,
    r#"{"n":2,"cause":1,"at":"2026-03-14T09:00:00Z","out":{"id":"a/balance","to":"statements","body":5}}"#,
    r#"{"n":3,"at":"2026-03-14T09:00:01Z","settled":{"id":"a/balance"}}"#,
    r#"{"n":4,"at":"2026-03-14T09:00:02Z","in":{"id":"m-1","from":"bank","revision":2,"body":{"amount":6}}}"#,
    r#"{"n":5,"cause":4,"at":"2026-03-14T09:00:02Z","out":{"id":"a/balance","to":"statements","revision":2,"body":6}}"#,
    r#"{"n":6,"cause":4,"at":"2026-03-14T09:00:02Z","out":{"id":"b/balance","to":"statements","body":1}}"#,
    r#"{"n":7,"cause":6,"at":"2026-03-14T09:00:03Z","settled":{"id":"b/balance"}}"#,
    r#"{"n":8,"at":"2026-03-14T09:00:04Z","in":{"id":"m-1","from":"shop","body":{"amount":-1}}}"#,
    r#"{"n":9,"cause":8,"at":"2026-03-14T09:00:04Z","rejected":{"why":"an amount is positive"}}"#,
    r#"{"n":10,"cause":4,"at":"2026-03-14T09:00:05Z","quarantined":{"key":"b","why":"a panic"}}"#,
    r#"{"n":11,"at":"2026-03-14T09:00:06Z","fault":{"restart":{"node":"service"}}}"#,
    r#"{"n":12,"at":"2026-03-14T09:00:07Z","knob":{"by":"ann","trigger":{"keys":["b"]}}}"#,
    // It is sent again, and not confirmed again.
    r#"{"n":13,"cause":12,"at":"2026-03-14T09:00:08Z","out":{"id":"b/balance","to":"statements","body":1}}"#,
];

/// The blocks of SQL in the page.
fn blocks() -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/operations.md")).expect("the page can be read");
    let blocks = page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

fn folder() -> Folder {
    let folder = Folder::default();
    folder.trace("t.jsonl", "elsewhere", &EVENTS);
    stdout_of(&folder, &["import", "t.jsonl", "--into", "sqlite:t.db"]);
    folder
}

/// Runs a query, and returns its rows as text.
fn rows(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let columns = statement.column_count();
    let text = |value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => panic!("{query}: {other:?}"),
    };
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|place| row.get(place).map(text));
        values.collect::<Result<Vec<_>, _>>().map(|values| values.join(" "))
    };
    let rows = statement.query_map((), row).expect("the query runs");
    rows.collect::<Result<_, _>>().expect("all rows can be read")
}

#[test]
fn each_query_of_the_page_answers_its_question() {
    let folder = folder();
    let connection = Connection::open(folder.path("t.db")).expect("the file can be opened");
    let queries: Vec<_> = blocks().into_iter().filter(|block| block.starts_with("SELECT")).collect();
    let answers: Vec<_> = queries.iter().map(|query| rows(&connection, query)).collect();
    let at = |seconds: u32| format!("2026-03-14T09:00:0{seconds}.000000000Z");
    let expected = [
        vec![format!("1 {} 1 {{\"amount\":5}}", at(0)), format!("4 {} 2 {{\"amount\":6}}", at(2))],
        vec!["a balance statements 2".to_owned(), "b balance statements 1".to_owned()],
        vec!["8 shop m-1 {\"why\":\"an amount is positive\"}".to_owned()],
        vec![
            format!("10 {} quarantined b {{\"key\":\"b\",\"why\":\"a panic\"}}", at(5)),
            format!("11 {} fault - {{\"restart\":{{\"node\":\"service\"}}}}", at(6)),
            format!("12 {} knob - {{\"by\":\"ann\",\"trigger\":{{\"keys\":[\"b\"]}}}}", at(7)),
        ],
    ];
    assert_eq!(answers[..4], expected);
    let [last] = &answers[4..] else { panic!("the page has five queries") };
    assert!(last[0].starts_with("process ") && last[0].ends_with(&format!(" 13 {}", at(8))), "{last:?}");
}

#[test]
fn a_backup_of_a_running_service_is_a_store() {
    let folder = folder();
    let mut store = Sqlite::new(folder.path("t.db"));
    let header = store.header().expect("it can be read").expect("a header");
    store.take(&header).expect("the lease is free");
    store.renew().expect("it holds the lease");
    let backup: Vec<_> = blocks().into_iter().filter(|block| block.starts_with("VACUUM")).collect();
    let [backup] = &backup[..] else { panic!("the page makes one backup") };
    let path = folder.path("backup.db").display().to_string();
    let connection = Connection::open(folder.path("t.db")).expect("the file can be opened");
    connection.execute_batch(&backup.replace("backup.db", &path)).expect("a backup is made");
    let trace = folder.read("t.jsonl");
    assert_eq!(stdout_of(&folder, &["export", "sqlite:backup.db"]), trace);
    drop(store);
    drop(connection);
    // To restore is to copy.
    for name in ["t.db-wal", "t.db-shm"] {
        let _ = fs::remove_file(folder.path(name));
    }
    fs::copy(folder.path("backup.db"), folder.path("t.db")).expect("a copy");
    let mut store = Sqlite::new(folder.path("t.db"));
    store.take(&header).expect("no living process has the lock");
    assert_eq!(stdout_of(&folder, &["export", "sqlite:t.db"]), trace);
    // The service goes on.
    let mut rows = Vec::new();
    let each = &mut |row| {
        rows.push(row);
        true
    };
    store.read(0, each).expect("it can be read");
    let mut next = rows.pop().expect("a row");
    next.number = afresh_core::EventNumber::new(14).expect("not 0");
    store.append(&[next]).expect("a row is appended");
}

#[test]
fn the_page_quotes_what_the_triggers_say() {
    let page = fs::read_to_string(root().join("docs/operations.md")).expect("the page can be read");
    let folder = folder();
    let connection = Connection::open(folder.path("t.db")).expect("the file can be opened");
    for change in [
        "UPDATE journal SET body = ''",
        "DELETE FROM journal",
        "REPLACE INTO journal SELECT * FROM journal",
        "INSERT INTO journal (number, kind, checksum) VALUES (15, 'in', 0)",
        "DELETE FROM store",
    ] {
        let refused = connection.execute_batch(change).expect_err(change).to_string();
        let said = refused.replace(" deleted", " changed");
        assert!(page.contains(&format!("`{refused}`")) || page.contains(&format!("`{said}`")), "{change}: {refused}");
    }
}
