//! Stores: databases that hold the journal of a service, one row an event.
//!
//! | file | content |
//! | --- | --- |
//! | `url.rs` | the URLs of stores |
//! | `memory.rs`, `sqlite/`, `postgres/` | the stores |
//! | `columns.rs` | the columns of a row, its checksum, and the checks of a journal that is read |
//! | `suite/` | the tests that every store must pass |

mod columns;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
#[cfg(test)]
mod suite;
mod url;

use std::io;
use std::time::Duration;

use afresh_core::{EventNumber, Header};
use afresh_trace::row::Row;

pub use memory::Memory;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use sqlite::Sqlite;
use url::is_postgres;
pub use url::{is_url, name_of, path_of};

/// A database that holds the journal of one service.
///
/// Anybody may [`read`](Self::read) a store, also while a service runs on it. Only the process that holds the lease can
/// append. Every method may block.
pub trait Store: Send {
    /// The name of the store in error messages: its URL, without a password.
    fn name(&self) -> &str;

    /// Returns the header of the journal, or `None` if the store is empty. A file that does not exist is an empty
    /// store.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read, is no store, or has another schema.
    fn header(&mut self) -> Result<Option<Header>, Error>;

    /// Takes the lease, and returns the header of the journal. An empty store gets its tables and the header `header`.
    ///
    /// # Errors
    ///
    /// Fails if another process holds the lease, and in all cases in which [`header`](Self::header) does.
    fn take(&mut self, header: &Header) -> Result<Header, Error>;

    /// Appends rows in one transaction. When this returns, they are durable.
    ///
    /// # Errors
    ///
    /// Fails if the lease is lost, a number is not the next one, or the rows could not be written. It is then not known
    /// whether they are durable.
    fn append(&mut self, rows: &[Row]) -> Result<(), Error>;

    /// Says that the journal will go as far as the event `last`. Until it does, every reader takes it as damaged: rows
    /// that only make sense together can be appended in several transactions.
    ///
    /// # Errors
    ///
    /// Fails if the lease is lost, or the store cannot be written.
    fn announce(&mut self, last: EventNumber) -> Result<(), Error>;

    /// Extends the lease. The holder calls this, or [`append`](Self::append), every few seconds.
    ///
    /// # Errors
    ///
    /// Fails if the lease is lost, or the store cannot be written.
    fn renew(&mut self) -> Result<(), Error>;

    /// Gives up the lease.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be written.
    fn release(&mut self) -> Result<(), Error>;

    /// Passes all rows after the event `after` to `each`, in the order of their numbers, until it returns false.
    ///
    /// The rows are those of one moment. An `after` of 0 reads all rows.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read, or a row is damaged: its checksum is wrong, or rows before it are missing. So
    /// does a journal that ends before its last event. The rows before the damage were passed to `each` by then.
    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error>;
}

/// Why a store cannot be used. The text begins with the name of the store and a colon.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the lease.
    #[error("{store}: is in use by {holder}: stop that process first, or wait until its lease ends")]
    Held {
        /// The name of the store.
        store: String,
        /// The process that holds the lease, as text for people.
        holder: String,
    },
    /// Another process has taken over the lease.
    #[error("{store}: another process has taken over this store, so this one must not write to it: start again")]
    Fenced {
        /// The name of the store.
        store: String,
    },
    /// The store has another schema than this program.
    #[error("{store}: has schema {found}, but this program needs schema {SCHEMA}: {}", schema_help(*.found))]
    Schema {
        /// The name of the store.
        store: String,
        /// The version of the schema that the store has.
        found: u32,
    },
    /// The database is there, but it is not a store, or the text is not the URL of one.
    #[error("{store}: {why}")]
    NotAStore {
        /// The name of the store.
        store: String,
        /// What was found, what was expected, and what to do.
        why: String,
    },
    /// The store holds an event that was changed or lost.
    #[error("{store}: is damaged at event {event}: {why}; restore the store from a backup")]
    Damaged {
        /// The name of the store.
        store: String,
        /// The number of the event.
        event: EventNumber,
        /// What is wrong.
        why: String,
    },
    /// The store holds an event that the system cannot read.
    #[error(
        "{store}: this code cannot read event {event}: {why}; run the code that wrote it, or let this code read it"
    )]
    Unreadable {
        /// The name of the store.
        store: String,
        /// The number of the event.
        event: EventNumber,
        /// What is wrong.
        why: String,
    },
    /// The database reported an error, such as a full disk.
    #[error("{store}: {why}")]
    Failed {
        /// The name of the store.
        store: String,
        /// The error of the database.
        why: String,
    },
    /// A file of the store cannot be opened or locked.
    #[error("{store}: {error}")]
    Io {
        /// The name of the store.
        store: String,
        /// The error of the operating system.
        error: io::Error,
    },
}

/// Opens the store at a URL: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE`.
///
/// This only checks the URL. The store itself is opened when it is first used, and only [`Store::take`] creates one.
///
/// # Errors
///
/// Fails if the text is not the URL of a store, or this program was built without what the store needs.
pub fn open(url: &str) -> Result<Box<dyn Store>, Error> {
    let refuse = |why: String| Err(Error::NotAStore { store: name_of(url), why });
    match path_of(url) {
        Some("") => refuse("there is no path: expected `sqlite:PATH`".into()),
        Some(path) if path.starts_with("//") => refuse("the path begins with `//`: expected `sqlite:PATH`".into()),
        Some(path) => Ok(Box::new(Sqlite::new(path))),
        #[cfg(feature = "postgres")]
        None if is_postgres(url) => Ok(Box::new(Postgres::new(url)?)),
        None if is_postgres(url) => {
            refuse("this program cannot use Postgres: build it with the feature `postgres` of afresh-host".into())
        }
        None => refuse(format!("this is not the URL of a store: expected {FORMS}")),
    }
}

/// The forms of a URL, as error messages show them.
const FORMS: &str = "`sqlite:PATH`, or `postgres://USER@HOST/DATABASE`";

/// The version of the schema that this program reads and writes.
pub const SCHEMA: u32 = 1;

fn schema_help(found: u32) -> &'static str {
    match found > SCHEMA {
        true => "use a newer version of this program",
        false => "use an older version of this program, export the journal, and import it into a new store",
    }
}

/// How long a lease lasts after it was taken or extended. Then another process can take over.
pub const LEASE: Duration = Duration::from_secs(30);

impl Error {
    /// The text of the error, without the name of the store at its beginning.
    pub fn without_name(&self) -> String {
        let (Self::Held { store, .. }
        | Self::Fenced { store }
        | Self::Schema { store, .. }
        | Self::NotAStore { store, .. }
        | Self::Damaged { store, .. }
        | Self::Unreadable { store, .. }
        | Self::Failed { store, .. }
        | Self::Io { store, .. }) = self;
        let text = self.to_string();
        text.strip_prefix(store).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&text).to_owned()
    }
}

/// Returns the name of this process, as the holder of a lease.
fn holder() -> String {
    format!("process {} on {}", std::process::id(), rustix::system::uname().nodename().to_string_lossy())
}

/// Returns the JSON of a header, as a database holds it.
fn header_text(header: &Header) -> String {
    // This cannot fail: a header holds only texts, numbers and booleans.
    serde_json::to_string(header).unwrap_or_default()
}

/// Reads a header from the text that [`header_text`] returned.
fn parse_header(store: &str, text: &str, checksum: i64) -> Result<Header, Error> {
    let damage = |why: String| columns::Checks { store, last: 0 }.damage(why);
    if checksum != columns::checksum_of(text) {
        return Err(damage("the checksum of the header is wrong".into()));
    }
    serde_json::from_str(text).map_err(|error| damage(format!("the header cannot be read: {error}")))
}
