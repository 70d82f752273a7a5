//! Names that are known only at run time, as texts that live as long as the program.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The most names that are kept. A system that invents names is stopped there.
const NAMES_MAX: usize = 10_000;

/// Returns a name as a text that lives as long as the program, as the names of parts and invariants do.
pub fn kept(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(name) = names.get(name) {
        return name;
    }
    if names.len() == NAMES_MAX {
        return "other";
    }
    let name: &'static str = Box::leak(name.into());
    names.insert(name);
    name
}
