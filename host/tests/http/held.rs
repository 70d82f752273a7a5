//! A store that does as it is told.

use std::sync::{Arc, Condvar, Mutex};

use afresh_core::{EventNumber, Header};
use afresh_host::store::{Error, Memory, Store};
use afresh_trace::row::Row;

/// A store that can be held, so that nothing becomes durable, and that can fail.
#[derive(Clone, Default)]
pub(crate) struct Held {
    memory: Memory,
    mood: Arc<(Mutex<Mood>, Condvar)>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Appending does not end.
    Held,
    /// Appending fails, and so does everything else.
    Failing,
}

impl Held {
    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.0.lock().unwrap() = mood;
        self.mood.1.notify_all();
    }

    fn check(&self) -> Result<(), Error> {
        let mood = self.mood.1.wait_while(self.mood.0.lock().unwrap(), |mood| *mood == Mood::Held).unwrap();
        match *mood {
            Mood::Failing => Err(Error::Failed { store: "held".into(), why: "the disk is full".into() }),
            _ => Ok(()),
        }
    }
}

impl Store for Held {
    fn name(&self) -> &str {
        "held"
    }
    fn header(&mut self) -> Result<Option<Header>, Error> {
        self.memory.header()
    }
    fn take(&mut self, header: &Header) -> Result<Header, Error> {
        self.memory.take(header)
    }
    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        self.check()?;
        self.memory.append(rows)
    }
    fn announce(&mut self, last: EventNumber) -> Result<(), Error> {
        self.memory.announce(last)
    }
    fn renew(&mut self) -> Result<(), Error> {
        self.check()?;
        self.memory.renew()
    }
    fn release(&mut self) -> Result<(), Error> {
        self.memory.release()
    }
    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error> {
        self.memory.read(after, each)
    }
}
