//! How many processes of a program answer at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many processes may answer at once.
pub(crate) struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// The right to ask one process. Dropping it gives the right to another.
pub(crate) struct Turn<'t>(&'t Turns);

impl Turns {
    pub(crate) fn new(free: usize) -> Self {
        Self { free: Mutex::new(free.max(1)), freed: Condvar::new() }
    }

    pub(crate) fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
