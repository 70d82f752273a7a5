//! A store in memory, for tests and trials: durable only as long as somebody holds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use afresh_core::{EventNumber, Header};
use afresh_trace::row::Row;

use super::columns::Checks;
use super::{Error, Store};

/// A store in memory. Clones are connections to the same store.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    kept: Arc<Mutex<Kept>>,
    /// The lease of this connection; 0 if it has none.
    lease: u64,
}

#[derive(Debug, Default)]
struct Kept {
    header: Option<Header>,
    rows: Vec<Row>,
    /// The event up to which the journal will go.
    announced: u32,
    /// The number of leases that were taken.
    leases: u64,
    /// True while a connection holds the newest lease.
    is_held: bool,
}

impl Memory {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the lease of whatever connection holds it, as if its process had stalled for too long.
    pub fn expire(&self) {
        self.kept().is_held = false;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it changes what is kept.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what is kept, if this connection holds the lease.
    fn held(&self) -> Result<MutexGuard<'_, Kept>, Error> {
        let kept = self.kept();
        if self.lease == 0 || self.lease != kept.leases {
            return Err(Error::Fenced { store: self.name().into() });
        }
        Ok(kept)
    }
}

impl Store for Memory {
    fn name(&self) -> &str {
        "memory:"
    }

    fn header(&mut self) -> Result<Option<Header>, Error> {
        Ok(self.kept().header.clone())
    }

    fn take(&mut self, header: &Header) -> Result<Header, Error> {
        let mut kept = self.kept();
        if kept.is_held {
            let holder = "another connection".into();
            return Err(Error::Held { store: self.name().into(), holder });
        }
        kept.is_held = true;
        kept.leases += 1;
        let (lease, header) = (kept.leases, kept.header.get_or_insert_with(|| header.clone()).clone());
        drop(kept);
        self.lease = lease;
        Ok(header)
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        let mut kept = self.held()?;
        let mut numbered = (kept.rows.len() as u64 + 1..).zip(rows);
        if let Some((expected, row)) = numbered.find(|(number, row)| *number != u64::from(row.number.get())) {
            let why = format!("the journal is append-only: expected event {expected}, found {}", row.number);
            return Err(Error::Failed { store: self.name().into(), why });
        }
        kept.rows.extend_from_slice(rows);
        Ok(())
    }

    fn announce(&mut self, last: EventNumber) -> Result<(), Error> {
        self.held()?.announced = last.get();
        Ok(())
    }

    fn renew(&mut self) -> Result<(), Error> {
        self.held().map(drop)
    }

    fn release(&mut self) -> Result<(), Error> {
        self.held()?.is_held = false;
        self.lease = 0;
        Ok(())
    }

    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error> {
        let (rows, announced) = {
            let kept = self.kept();
            (kept.rows.iter().skip(after as usize).cloned().collect::<Vec<_>>(), kept.announced)
        };
        let mut checks = Checks { store: "memory:", last: after };
        for row in rows {
            checks.last = row.number.get();
            if !each(row) {
                return Ok(());
            }
        }
        checks.end(announced.into())
    }
}
