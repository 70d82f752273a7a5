//! A store in a file of SQLite.

mod database;
mod lock;

use std::path::{Path, PathBuf};

use afresh_core::{EventNumber, Header};
use afresh_trace::row::Row;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::columns::{Checks, Columns};
use super::{Error, LEASE, Store, holder};
use database::{create, failed, header, read, read_only, writable};
use lock::Lock;

/// A store in a file of SQLite, with one row for each event. Every value is a connection of its own.
///
/// The file is in WAL mode: others can read while one process writes. A commit is on the disk before
/// [`append`](Store::append) returns.
///
/// The holder of the lease also locks the file `PATH.lock` for as long as it lives, and notes there how far the journal
/// goes. If it crashes, the next process can
/// therefore take over at once. If it only stalls, the next process can take over once the lease has ended.
#[derive(Debug)]
pub struct Sqlite {
    name: String,
    /// The path of the database file.
    path: PathBuf,
    reader: Option<Connection>,
    held: Option<Held>,
}

/// The lease that a connection holds.
#[derive(Debug)]
struct Held {
    connection: Connection,
    /// The number of this lease.
    token: i64,
    /// The lock, unless a process that stalls still has it.
    lock: Option<Lock>,
}

/// Extends the lease, and says how far the journal goes. Changes no row if another process has taken the lease.
const RENEW: &str = "UPDATE lease SET ends = CAST(unixepoch('subsec') * 1000 AS INTEGER) + ?2, locked = ?3, \
                     last = max(last, ?4) WHERE token = ?1";

const INSERT: &str = "INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

impl Sqlite {
    /// Names the store in the file at `path`, which need not exist yet.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = format!("sqlite:{}", path.display());
        // SQLite gives names such as `:memory:` a meaning of their own, but no absolute path.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { name, path, reader: None, held: None }
    }

    /// Calls `read` with a connection. Returns the default if there is no file, because the store is then empty.
    fn reading<T: Default>(
        &mut self,
        read: impl FnOnce(&str, &mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(held) = &mut self.held {
            return read(&self.name, &mut held.connection);
        }
        if self.reader.is_none() {
            // A file that appears later is opened then.
            self.reader = read_only(&self.name, &self.path)?;
        }
        self.reader.as_mut().map_or_else(|| Ok(T::default()), |connection| read(&self.name, connection))
    }

    /// Checks that a journal that ends after `last` has all events up to `noted`. If somebody has removed the database,
    /// the note is about another one.
    fn has_all(&self, last: u32, noted: i64) -> Result<(), Error> {
        if i64::from(last) >= noted || !self.path.exists() {
            return Ok(());
        }
        let lock = lock::beside(&self.path);
        let why = format!(
            "it is missing, and so are all events up to {noted}, which {} notes as durable (if this is a restored backup, \
             remove that file)",
            lock.display()
        );
        Err(Checks { store: &self.name, last }.damage(why))
    }

    /// Limits the size of the database, or removes the limit, as a disk does that gets full.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, pages: Option<u32>) {
        let held = self.held.as_ref().expect("it holds the lease");
        held.connection.pragma_update(None, "max_page_count", pages.unwrap_or(u32::MAX >> 1)).expect("a limit");
    }

    /// Extends the lease in a transaction, and calls `write` in it.
    fn writing(
        &mut self,
        last: i64,
        write: impl FnOnce(&Transaction<'_>) -> Result<(), rusqlite::Error>,
    ) -> Result<(), Error> {
        let Self { name, path, held, .. } = self;
        let Some(Held { connection, token, lock }) = held else { return Err(Error::Fenced { store: name.clone() }) };
        if lock.is_none() {
            // The process that stalled may be gone by now. Without the lock, the lease still holds.
            *lock = lock::lock(path).ok().flatten();
        }
        let written = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let renewed = params![*token, LEASE.as_millis() as i64, lock.is_some(), last];
            if transaction.prepare_cached(RENEW)?.execute(renewed)? == 0 {
                return Ok(false);
            }
            write(&transaction)?;
            transaction.commit().map(|()| true)
        })();
        match written {
            Ok(true) => {
                // The rows are durable. A note that fails makes only the check of the next reader weaker.
                let _ = lock.as_ref().filter(|_| last > 0).map(|lock| lock.note(last));
                Ok(())
            }
            Ok(false) => {
                // This also opens the lock.
                *held = None;
                Err(Error::Fenced { store: name.clone() })
            }
            Err(error) => Err(failed(name, 0, &error)),
        }
    }
}

impl Store for Sqlite {
    fn name(&self) -> &str {
        &self.name
    }

    fn header(&mut self) -> Result<Option<Header>, Error> {
        let noted = lock::noted(&self.path);
        let header = self.reading(|name, connection| header(name, connection))?;
        if header.is_none() {
            self.has_all(0, noted)?
        }
        Ok(header)
    }

    fn take(&mut self, new: &Header) -> Result<Header, Error> {
        let Self { name, path, .. } = &*self;
        let is_new = !path.exists();
        let mut connection = writable(name, path)?;
        let lock = lock::lock(path).map_err(|error| Error::Io { store: name.clone(), error })?;
        let fails = |error: rusqlite::Error| failed(name, 0, &error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fails)?;
        let header = match header(name, &transaction)? {
            Some(header) => header,
            None => {
                if !is_new {
                    self.has_all(0, lock::noted(path))?;
                }
                // The note may be about a database that was removed.
                let _ = lock.as_ref().map(|lock| lock.note(0));
                create(name, &transaction, new)?
            }
        };
        let found = transaction.query_row(
            "SELECT token, holder, locked, ends > CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM lease",
            (),
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?, row.get::<_, bool>(3)?)),
        );
        let (token, other, had_lock, is_running) = found.map_err(fails)?;
        // The holder had the lock, and it is open: the holder is dead.
        let is_dead = had_lock && lock.is_some();
        if is_running && !is_dead {
            return Err(Error::Held { store: name.clone(), holder: other });
        }
        let token = token + 1;
        let taken = transaction.execute("UPDATE lease SET token = ?1, holder = ?2", params![token, holder()]);
        let renewed = params![token, LEASE.as_millis() as i64, lock.is_some(), 0];
        taken.and_then(|_| transaction.execute(RENEW, renewed)).map_err(fails)?;
        transaction.commit().map_err(fails)?;
        self.held = Some(Held { connection, token, lock });
        Ok(header)
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        let last = rows.last().map_or(0, |row| row.number.get().into());
        self.writing(last, |transaction| {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for row in rows {
                let columns = Columns::of(row);
                let checksum = columns.checksum();
                let Columns { number, at, cause, kind, sender, id, revision, key, slot, receiver, body } = columns;
                insert.execute(params![
                    number, at, cause, kind, sender, id, revision, key, slot, receiver, body, checksum
                ])?;
            }
            Ok(())
        })
    }

    fn announce(&mut self, last: EventNumber) -> Result<(), Error> {
        self.writing(last.get().into(), |_| Ok(()))
    }

    fn renew(&mut self) -> Result<(), Error> {
        self.writing(0, |_| Ok(()))
    }

    fn release(&mut self) -> Result<(), Error> {
        self.writing(0, |transaction| transaction.execute("UPDATE lease SET ends = 0", ()).map(drop))?;
        self.held = None;
        Ok(())
    }

    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error> {
        // Noted before this reads, because a service may write meanwhile.
        let (noted, mut last, mut all) = (lock::noted(&self.path), after, true);
        self.reading(|name, connection| {
            read(connection, Checks { store: name, last: after }, &mut |row| {
                last = row.number.get();
                all = each(row);
                all
            })
        })?;
        if all { self.has_all(last, noted) } else { Ok(()) }
    }
}
