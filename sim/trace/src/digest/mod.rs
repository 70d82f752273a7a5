//! Digests, by which two traces or two runs are compared.
//!
//! * [`TraceDigest`] is the digest of a trace: BLAKE3 over its canonical form.
//! * [`RunDigest`] is the digest of a run, made by [`Rolling`] while the run goes on. It costs so little that it is
//!   always computed.
//!
//! Neither digest depends on the machine or the compiler. That is why neither uses the derived `Hash`.

mod rolling;

use std::fmt;
use std::io::{self, Write};

use afresh_core::{Event, Header};
use serde::Serialize;

use crate::format::{Error, Writer};

pub use rolling::mix;
pub use rolling::{Rolling, RunDigest};

/// The digest of a trace: BLAKE3 over its canonical form, header included. Its text form is 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceDigest([u8; 32]);

impl TraceDigest {
    /// Computes the digest of the trace with this header and these events.
    ///
    /// # Errors
    ///
    /// Fails if an event cannot be written as JSON, or if the numbers of the events do not rise.
    pub fn of<'a, I, O, V>(header: &Header, events: impl IntoIterator<Item = &'a Event<I, O, V>>) -> Result<Self, Error>
    where
        I: Serialize + 'a,
        O: Serialize + 'a,
        V: Serialize + 'a,
    {
        let mut digesting = Digesting::new(header)?;
        for event in events {
            digesting.event(event)?;
        }
        digesting.finish()
    }

    /// Computes the digest of a trace from its bytes, which must be in canonical form.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }
}

impl fmt::Display for TraceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Computes the digest of a trace whose events become known one at a time.
pub struct Digesting(Writer<Hashing>);

impl Digesting {
    /// Starts the digest of a trace with this header.
    ///
    /// # Errors
    ///
    /// Never fails in practice: the header goes to memory, not to a file.
    pub fn new(header: &Header) -> Result<Self, Error> {
        Writer::new("the trace", Hashing(blake3::Hasher::new()), header).map(Self)
    }

    /// Adds the next event of the trace to the digest.
    ///
    /// # Errors
    ///
    /// Fails if the event cannot be written as JSON, or if its number is not higher than the number before.
    pub fn event<I, O, V>(&mut self, event: &Event<I, O, V>) -> Result<(), Error>
    where
        I: Serialize,
        O: Serialize,
        V: Serialize,
    {
        self.0.event(event)
    }

    /// Returns the digest of the header and all events that were added.
    ///
    /// # Errors
    ///
    /// Never fails in practice: the events went to memory, not to a file.
    pub fn finish(self) -> Result<TraceDigest, Error> {
        Ok(TraceDigest(self.0.finish()?.0.finalize().into()))
    }
}

impl Serialize for TraceDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A sink that hashes all bytes written to it, and keeps none of them.
struct Hashing(blake3::Hasher);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
