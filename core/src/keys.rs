//! The keys that a message concerns.

use alloc::vec::Vec;
use core::ops::Deref;
use core::slice;

use crate::name::Key;

/// The keys of a message, in the order in which the system gave them. A single key needs no allocation.
#[derive(Debug)]
pub(crate) enum Keys {
    One(Key),
    Many(Vec<Key>),
}

impl Default for Keys {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl FromIterator<Key> for Keys {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> Self {
        let mut keys = keys.into_iter();
        let Some(first) = keys.next() else { return Self::default() };
        match keys.next() {
            None => Self::One(first),
            Some(second) => Self::Many([first, second].into_iter().chain(keys).collect()),
        }
    }
}

impl Deref for Keys {
    type Target = [Key];

    fn deref(&self) -> &[Key] {
        match self {
            Self::One(key) => slice::from_ref(key),
            Self::Many(keys) => keys,
        }
    }
}
