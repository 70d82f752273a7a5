//! Tests of commands on the journals of services, which are in databases.

mod commands;
mod copies;
mod export;
mod import;
mod queries;

use afresh_host::store::{Sqlite, Store};
use afresh_tests::{Folder, root};

/// The kept trace that most tests use.
const TRACE: &str = "ledger-small.jsonl";

/// A folder with a kept trace, and a store of the same events in `data/ledger.db`.
fn folder() -> Folder {
    let folder = Folder::default();
    let trace = std::fs::read_to_string(root().join("fixtures/traces").join(TRACE)).expect("a kept trace");
    folder.write(TRACE, &trace);
    std::fs::create_dir(folder.path("data")).expect("a folder is created");
    stdout_of(&folder, &["import", TRACE, "--into", URL]);
    folder
}

const URL: &str = "sqlite:data/ledger.db";

/// Opens the store of a folder.
fn store(folder: &Folder) -> Sqlite {
    Sqlite::new(folder.path("data/ledger.db"))
}

/// Runs SQL on the database of a folder, as somebody who is not Afresh.
fn sql(folder: &Folder, sql: &str) {
    let connection = rusqlite::Connection::open(folder.path("data/ledger.db")).expect("the file can be opened");
    connection.execute_batch(sql).expect("the database takes it");
}

/// The header of the store in a folder.
fn header(folder: &Folder) -> afresh_core::Header {
    store(folder).header().expect("it can be read").expect("it has a header")
}

/// Runs a command that reports on standard error, and returns its standard output.
fn stdout_of(folder: &Folder, words: &[&str]) -> String {
    let done = folder.run(words);
    assert_eq!(done.code, Some(0), "{words:?}: {}", done.stderr);
    done.stdout
}
