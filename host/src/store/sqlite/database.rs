//! The tables of a store in SQLite: how they are created, recognised and read.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use afresh_core::Header;
use afresh_trace::row::Row;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::super::columns::{Checks, Columns, checksum_of};
use super::super::{Error, SCHEMA, header_text, parse_header};
use super::lock;

/// Marks a file as a store: the text `Afsh` as a number.
const APPLICATION: u32 = 0x4166_7368;

/// How long a connection waits for another one that writes. Writers hold their locks for less than that.
const PATIENCE: Duration = Duration::from_secs(1);

/// The size in bytes of the smallest page that SQLite has.
const PAGE_MIN: u64 = 512;

const TABLES: &str = include_str!("schema.sql");

/// Opens a database to read it, or returns `None` if there is no file.
pub(super) fn read_only(store: &str, path: &Path) -> Result<Option<Connection>, Error> {
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => return Err(Error::Io { store: store.into(), error }),
    }
    // The last connection removes the files beside the database, if it may write. It is read-only if it may not.
    let connection = open(store, path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true).map_err(|error| failed(store, 0, &error))?;
    Ok(Some(connection))
}

/// Opens a database to write a store to it, and creates the file if there is none.
pub(super) fn writable(store: &str, path: &Path) -> Result<Connection, Error> {
    let connection = open(store, path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // Nothing changes in a database of somebody else.
    header(store, &connection)?;
    let fails = |error: rusqlite::Error| failed(store, 0, &error);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0)).map_err(fails)?;
    if mode != "wal" {
        let why = format!("SQLite stays in the mode `{mode}` here, but a store needs WAL: use a local disk");
        return Err(Error::Failed { store: store.into(), why });
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(fails)?;
    Ok(connection)
}

fn open(store: &str, path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    if path.is_dir() {
        return Err(Error::Io { store: store.into(), error: io::ErrorKind::IsADirectory.into() });
    }
    // SQLite takes a file of less than a page for an empty database, and would write to it.
    match fs::metadata(path).map(|file| file.len()) {
        Ok(0) if lock::beside(path).exists() => {
            return Err(Checks { store, last: 0 }.damage("the file is empty, but a service has used it"));
        }
        Ok(1..PAGE_MIN) => return Err(not_a_store(store, "this is not a database of SQLite")),
        _ => {}
    }
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let opened = connection.and_then(|connection| connection.busy_timeout(PATIENCE).map(|()| connection));
    opened.map_err(|error| failed(store, 0, &error))
}

/// Returns the header of the journal, or `None` if the database has no tables.
pub(super) fn header(store: &str, connection: &Connection) -> Result<Option<Header>, Error> {
    let fails = |error: rusqlite::Error| failed(store, 0, &error);
    let number = |query: &str| connection.query_row(query, (), |row| row.get::<_, u32>(0)).map_err(fails);
    match number("PRAGMA application_id")? {
        APPLICATION => {}
        0 if number("SELECT count(*) FROM sqlite_schema")? == 0 => return Ok(None),
        _ => return Err(not_a_store(store, "this is a database of another program")),
    }
    let found = number("SELECT schema FROM store")?;
    if found != SCHEMA {
        return Err(Error::Schema { store: store.into(), found });
    }
    let found = connection.query_row("SELECT header, checksum FROM store", (), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    });
    let (text, checksum) = found.map_err(fails)?;
    parse_header(store, &text, checksum).map(Some)
}

/// Creates the tables of a store, with a header.
pub(super) fn create(store: &str, connection: &Connection, header: &Header) -> Result<Header, Error> {
    let text = header_text(header);
    let created = connection.execute_batch(TABLES).and_then(|()| {
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.execute("INSERT INTO store VALUES (1, ?1, ?2, ?3)", params![SCHEMA, text, checksum_of(&text)])
    });
    created.map_err(|error| failed(store, 0, &error))?;
    Ok(header.clone())
}

/// Reads the rows after the last one that was checked, all of one moment.
pub(super) fn read(
    connection: &mut Connection,
    mut checks: Checks<'_>,
    each: &mut dyn FnMut(Row) -> bool,
) -> Result<(), Error> {
    let (store, after) = (checks.store, checks.last);
    let transaction = connection.transaction().map_err(|error| failed(store, after, &error))?;
    if header(store, &transaction)?.is_none() {
        return Ok(());
    }
    let kept: i64 = transaction
        .query_row("SELECT last FROM lease", (), |row| row.get(0))
        .map_err(|error| failed(store, after, &error))?;
    let mut select = transaction
        .prepare(
            "SELECT number, at, cause, kind, sender, id, revision, key, slot, receiver, body, checksum \
             FROM journal WHERE number > ?1 ORDER BY number",
        )
        .map_err(|error| failed(store, after, &error))?;
    let mut rows = select.query([after]).map_err(|error| failed(store, after, &error))?;
    loop {
        let Some(row) = rows.next().map_err(|error| failed(store, checks.last, &error))? else {
            return checks.end(kept);
        };
        let (columns, checksum) = columns(row).map_err(|why| checks.damage(why))?;
        if !each(checks.row(&columns, checksum)?) {
            return Ok(());
        }
    }
}

fn columns<'r>(row: &'r rusqlite::Row<'_>) -> Result<(Columns<'r>, Option<i64>), String> {
    let value = |place| row.get_ref(place).map_err(|error| error.to_string());
    let wrong = |place: usize| format!("column {} has a wrong type", place + 1);
    let text = |place| match value(place)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(text) => std::str::from_utf8(text).map(Some).map_err(|_| "a text is not UTF-8".to_owned()),
        _ => Err(wrong(place)),
    };
    let number = |place| match value(place)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number)),
        _ => Err(wrong(place)),
    };
    let columns = Columns {
        number: number(0)?.ok_or_else(|| wrong(0))?,
        at: text(1)?.map(Cow::Borrowed),
        cause: number(2)?,
        kind: text(3)?.ok_or_else(|| wrong(3))?,
        sender: text(4)?,
        id: text(5)?,
        revision: number(6)?,
        key: text(7)?,
        slot: text(8)?,
        receiver: text(9)?,
        body: text(10)?,
    };
    Ok((columns, number(11)?))
}

fn not_a_store(store: &str, found: &str) -> Error {
    let why = format!("{found}: expected a store, which a service or `afresh import` creates; check the path");
    Error::NotAStore { store: store.into(), why }
}

/// Converts an error of SQLite. The journal could be read up to the event `last`.
pub(super) fn failed(store: &str, last: u32, error: &rusqlite::Error) -> Error {
    let (code, extended) = error.sqlite_error().map_or((None, 0), |error| (Some(error.code), error.extended_code));
    match code {
        Some(ErrorCode::NotADatabase) => not_a_store(store, "this is not a database of SQLite"),
        Some(ErrorCode::DatabaseCorrupt) => Checks { store, last }.damage(error.to_string()),
        _ if extended == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => Checks { store, last }.damage(error.to_string()),
        _ => Error::Failed { store: store.into(), why: error.to_string() },
    }
}
