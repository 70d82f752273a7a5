//! Asks a system whether it takes a message, and which keys it concerns, without running it.

use afresh_core::{Key, System};
use afresh_trace::import::Refusal;
use serde_json::Value;

use crate::guard::guard;

/// Asks the system whether it takes a message in with this body, which `version` of the system recorded as JSON. Also
/// returns the body as the system writes it, so that two bodies that are equal for the system are equal here.
///
/// As in the engine, a body is rejected if `admit` rejects it, or if `admit`, `position` or `keys` panics on it.
///
/// # Errors
///
/// Returns the reason if the system cannot read the body, or rejects it.
pub fn admit<S: System>(system: &S, version: &str, body: &str) -> Result<Option<Value>, Refusal> {
    let (mut unreadable, mut written, mut admitted) = (None, None, Ok(()));
    let asked = guard(&mut || match system.upgrade(version, &mut serde_json::Deserializer::from_str(body)) {
        Ok(body) => {
            written = serde_json::to_value(&body).ok();
            admitted = system.admit(&body);
            if admitted.is_ok() {
                system.position(&body);
                system.keys(&body).into_iter().for_each(drop);
            }
        }
        Err(error) => unreadable = Some(error.to_string()),
    });
    if let Some(why) = unreadable {
        return Err(Refusal::Unreadable(why));
    }
    match asked.map_err(|why| format!("panicked: {why}")).and(admitted) {
        Ok(()) => Ok(written),
        Err(why) => Err(Refusal::Rejected { why, body: written }),
    }
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
