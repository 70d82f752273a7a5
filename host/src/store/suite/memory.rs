//! The suite over a store in memory.

use super::super::{Memory, Store};
use super::Place;

impl Place for Memory {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.clone())
    }

    fn expire(&self) {
        Self::expire(self);
    }
}

super::suite!(Some(Memory::new()));
