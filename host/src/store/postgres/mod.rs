//! A store in a database of Postgres.

mod apart;
mod database;

use std::time::Duration;

use afresh_core::{EventNumber, Header};
use afresh_trace::row::Row;
use postgres::{Client, Config, IsolationLevel, NoTls};

use super::columns::{Checks, Columns};
use super::url::name_of;
use super::{Error, LEASE, Store, holder};
use apart::{Apart, apart};
use database::{INSERT, LOCK, Lists, RENEW, create, failed, header, read};

/// The longest time for a connection, unless the URL has `connect_timeout`.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A store in a database of Postgres, with one row for each event. The connection is not encrypted.
///
/// The tables are in the first schema of the search path. The holder of the lease also has an advisory lock, which the
/// server opens when the connection ends. So if the holder crashes, the next process can take over at once.
///
/// If the connection is lost, the next call opens another one.
#[derive(Debug)]
pub struct Postgres {
    name: String,
    config: Config,
    connection: Option<Connection>,
    /// The number of the lease that this process holds.
    token: Option<i64>,
}

/// A connection to the server.
#[derive(Debug)]
struct Connection {
    client: Apart,
    /// Whether this connection has the advisory lock.
    is_locked: bool,
}

impl Postgres {
    /// Names the store at a URL. Nothing is opened yet.
    ///
    /// # Errors
    ///
    /// Fails if the URL is not valid.
    pub fn new(url: &str) -> Result<Self, Error> {
        let name = name_of(url);
        let mut config: Config = url.parse().map_err(|error: postgres::Error| {
            // The text of the error can quote the URL, and so a password.
            let _ = error;
            let why = "this is not a URL of Postgres: expected `postgres://USER@HOST/DATABASE`".into();
            Error::NotAStore { store: name.clone(), why }
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_MAX);
        }
        Ok(Self { name, config, connection: None, token: None })
    }

    /// Calls `work` with a connection, on a thread without a Tokio runtime. Forgets a connection that is lost.
    fn connected<T: Send>(
        &mut self,
        work: impl FnOnce(&str, &mut Client, &mut bool) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let Self { name, config, connection, .. } = self;
        let done = apart(|| {
            if connection.is_none() {
                let client = config.connect(NoTls).and_then(|mut client| {
                    client.batch_execute("SET synchronous_commit = on; SET client_min_messages = warning")?;
                    Ok(client)
                });
                let client = Apart::new(client.map_err(|error| failed(name, 0, &error))?);
                *connection = Some(Connection { client, is_locked: false });
            }
            let Some(Connection { client, is_locked }) = connection else { unreachable!("it was just opened") };
            work(name, client.get(), is_locked)
        });
        if connection.as_mut().is_some_and(|connection| connection.client.get().is_closed()) {
            *connection = None;
        }
        done
    }

    /// Extends the lease in a transaction, notes that the journal goes as far as `last`, and appends rows in it.
    fn write(&mut self, last: i64, rows: &[Row], release: bool) -> Result<(), Error> {
        let Some(token) = self.token else { return Err(Error::Fenced { store: self.name.clone() }) };
        let lists = Lists::of(&self.name, rows)?;
        let written = self.connected(|name, client, is_locked| {
            let fails = |error: postgres::Error| failed(name, 0, &error);
            if !*is_locked {
                // The process that stalled may be gone by now. Without the lock, the lease still holds.
                *is_locked = client.query_one(LOCK, &[]).map_err(fails)?.get(0);
            }
            let mut transaction = client.transaction().map_err(fails)?;
            let lease = if release { 0 } else { LEASE.as_millis() as i64 };
            let renewed = transaction.execute(RENEW, &[&token, &lease, &*is_locked, &last]).map_err(fails)?;
            if renewed == 0 {
                return Err(Error::Fenced { store: name.into() });
            }
            if !rows.is_empty() {
                transaction.execute(INSERT, &lists.parameters()).map_err(fails)?;
            }
            transaction.commit().map_err(fails)
        });
        if matches!(written, Err(Error::Fenced { .. })) || (release && written.is_ok()) {
            // This also opens the lock.
            (self.connection, self.token) = (None, None);
        }
        written
    }
}

impl Store for Postgres {
    fn name(&self) -> &str {
        &self.name
    }

    fn header(&mut self) -> Result<Option<Header>, Error> {
        self.connected(|name, client, _| header(name, client))
    }

    fn take(&mut self, new: &Header) -> Result<Header, Error> {
        let taken = self.connected(|name, client, is_locked| {
            let fails = |error: postgres::Error| failed(name, 0, &error);
            let mut transaction = client.transaction().map_err(fails)?;
            let header = match header(name, &mut transaction)? {
                Some(header) => header,
                None => create(name, &mut transaction, new)?,
            };
            let found = transaction.query_one(database::HOLDER, &[]).map_err(fails)?;
            let (token, had_lock, is_running): (i64, bool, bool) = (found.get(0), found.get(2), found.get(3));
            // The holder had the lock, and it is open: the holder is dead, or has lost its connection.
            let is_free = !*is_locked && transaction.query_one(LOCK, &[]).map_err(fails)?.get(0);
            let was_locked = *is_locked;
            *is_locked |= is_free;
            if is_running && !(had_lock && is_free) {
                if !was_locked && is_free {
                    transaction.execute(database::UNLOCK, &[]).map_err(fails)?;
                    *is_locked = false;
                }
                return Err(Error::Held { store: name.into(), holder: found.get(1) });
            }
            let token = token + 1;
            transaction.execute("UPDATE lease SET token = $1, holder = $2", &[&token, &holder()]).map_err(fails)?;
            let lease = LEASE.as_millis() as i64;
            transaction.execute(RENEW, &[&token, &lease, &*is_locked, &0_i64]).map_err(fails)?;
            transaction.commit().map_err(fails)?;
            Ok((header, token))
        });
        let (header, token) = taken?;
        self.token = Some(token);
        Ok(header)
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        self.write(rows.last().map_or(0, |row| row.number.get().into()), rows, false)
    }

    fn announce(&mut self, last: EventNumber) -> Result<(), Error> {
        self.write(last.get().into(), &[], false)
    }

    fn renew(&mut self) -> Result<(), Error> {
        self.write(0, &[], false)
    }

    fn release(&mut self) -> Result<(), Error> {
        self.write(0, &[], true)
    }

    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error> {
        let (sender, rows) = std::sync::mpsc::sync_channel::<Vec<Row>>(2);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                self.connected(move |name, client, _| {
                    let fails = |error: postgres::Error| failed(name, after, &error);
                    let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
                    let mut transaction = transaction.read_only(true).start().map_err(fails)?;
                    read(&mut transaction, Checks { store: name, last: after }, &sender)
                })
            });
            // A closed channel tells the thread to stop.
            rows.into_iter().flatten().all(each);
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
