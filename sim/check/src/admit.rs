//! Asks a system whether it takes a message, and which keys it concerns, without running it.

use afresh_core::{Key, System};
use afresh_trace::import::Refusal;

use crate::guard::guard;

/// Asks the system whether it takes a message in with this body, which `version` of the system recorded as JSON.
///
/// As in the engine, a body is rejected if `admit` rejects it, or if `admit`, `position` or `keys` panics on it.
///
/// # Errors
///
/// Returns the reason if the system cannot read the body, or rejects it.
pub fn admit<S: System>(system: &S, version: &str, body: &str) -> Result<(), Refusal> {
    let mut done = Ok(());
    let asked = guard(&mut || {
        done = system
            .upgrade(version, &mut serde_json::Deserializer::from_str(body))
            .map_err(|error| Refusal::Unreadable(error.to_string()))
            .and_then(|body| {
                system.admit(&body).map_err(Refusal::Rejected)?;
                system.position(&body);
                system.keys(&body).into_iter().for_each(drop);
                Ok(())
            });
    });
    asked.map_err(|why| Refusal::Rejected(format!("panicked: {why}")))?;
    done
}

/// Returns the keys of a message in with this body, which `version` of the system recorded as JSON.
///
/// Returns `None` if the system cannot read the body, or panics on it.
pub fn keys<S: System>(system: &S, version: &str, body: &str) -> Option<Vec<Key>> {
    let mut keys = None;
    let asked = guard(&mut || {
        let read = system.upgrade(version, &mut serde_json::Deserializer::from_str(body)).ok();
        keys = read.map(|body| system.keys(&body).into_iter().collect());
    });
    asked.ok().and(keys)
}
