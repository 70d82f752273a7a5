//! Digests: of a trace, over its canonical JSON; and of a run, over words, so cheap that it is always on.
//!
//! Neither uses derived `Hash`, whose result may change with the compiler, and neither depends on the machine.

mod rolling;

use std::fmt;
use std::io::{self, Write};

use afresh_core::{Event, Header};
use serde::Serialize;

use crate::format::{Error, Writer};

pub use rolling::mix;
pub use rolling::{Rolling, RunDigest};

/// The digest of a trace: BLAKE3 over its canonical JSON, header included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceDigest([u8; 32]);

impl TraceDigest {
    /// The digest of a trace with this header and these events.
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

    /// The digest of the bytes of a canonical trace.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }
}

impl fmt::Display for TraceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The digest of a trace whose events come one at a time.
pub struct Digesting(Writer<Hashing>);

impl Digesting {
    /// Begins with the header of the trace.
    pub fn new(header: &Header) -> Result<Self, Error> {
        Writer::new("the trace", Hashing(blake3::Hasher::new()), header).map(Self)
    }

    /// Adds the next event of the trace.
    pub fn event<I, O, V>(&mut self, event: &Event<I, O, V>) -> Result<(), Error>
    where
        I: Serialize,
        O: Serialize,
        V: Serialize,
    {
        self.0.event(event)
    }

    /// Returns the digest of all events that were added.
    pub fn finish(self) -> Result<TraceDigest, Error> {
        Ok(TraceDigest(self.0.finish()?.0.finalize().into()))
    }
}

impl Serialize for TraceDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

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
