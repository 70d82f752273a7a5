//! The bare loop: rows, written to a table of SQLite in batches.

use std::path::Path;

use afresh_trace::row::Row;
use rusqlite::{Connection, params};

/// Writes rows to a new database, in transactions of `batch` rows, each of them synced to the disk.
pub(crate) fn write(path: &Path, rows: &[Row], batch: usize) {
    let times: Vec<_> = rows.iter().map(Row::at_text).collect();
    let mut connection = Connection::open(path).expect("a database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("a log");
    connection.pragma_update(None, "synchronous", "FULL").expect("syncs");
    let columns = "at TEXT, cause INTEGER, kind TEXT, sender TEXT, id TEXT, revision INTEGER, key TEXT, slot TEXT, \
                   receiver TEXT, body TEXT, checksum INTEGER";
    connection
        .execute_batch(&format!("CREATE TABLE journal (number INTEGER PRIMARY KEY, {columns}) STRICT"))
        .expect("a table");
    for (rows, times) in rows.chunks(batch).zip(times.chunks(batch)) {
        let transaction = connection.transaction().expect("a transaction");
        {
            let sql = "INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
            let mut insert = transaction.prepare_cached(sql).expect("a statement");
            for (row, at) in rows.iter().zip(times) {
                let text = |name: &Option<afresh_core::Name>| name.as_ref().map(|name| name.as_str().to_owned());
                let written = insert.execute(params![
                    row.number.get(),
                    at,
                    row.cause.map(|cause| cause.get()),
                    row.kind.name(),
                    text(&row.sender),
                    text(&row.id),
                    row.revision,
                    text(&row.key),
                    text(&row.slot),
                    text(&row.receiver),
                    row.body,
                    0,
                ]);
                written.expect("it is written");
            }
        }
        transaction.commit().expect("it is durable");
    }
}
