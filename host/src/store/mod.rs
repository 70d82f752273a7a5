//! Stores: databases that hold the journal of a service, one row an event.

mod memory;

use std::io;

use afresh_core::{EventNumber, Header};
use afresh_trace::row::Row;

pub use memory::Memory;

/// A database that holds the journal of one service.
///
/// Anybody may [`read`](Self::read) a store, also while a service runs on it. Only the process that holds the lease can
/// append. Every method may block.
pub trait Store: Send {
    /// The name of the store in error messages: its URL, without a password.
    fn name(&self) -> &str;

    /// Returns the header of the journal, or `None` if the store is empty.
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
    /// Fails if the lease is lost, or the rows could not be written. It is then not known whether they are durable.
    fn append(&mut self, rows: &[Row]) -> Result<(), Error>;

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
    /// Fails if the store cannot be read, or a row is damaged: its checksum is wrong, or rows before it are missing.
    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error>;
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the lease.
    #[error("{store} is in use by {holder}: stop that process first, or wait until its lease ends")]
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
    #[error("{store} has schema {found}, but this program needs schema {}: {}", SCHEMA, schema_help(*.found))]
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
    #[error("{store} is damaged at event {event}: {why}; restore it from a backup")]
    Damaged {
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

/// The version of the schema that this program reads and writes.
pub const SCHEMA: u32 = 1;

fn schema_help(found: u32) -> &'static str {
    match found > SCHEMA {
        true => "use a newer version of this program",
        false => "use an older version of this program, export the journal, and import it into a new store",
    }
}
