//! The paths of a trace on which most bugs are: messages that are late, duplicate, revised or withdrawn.

use serde::Serialize;

use super::coverage::is_zero;

/// The number of messages that did more than become the newest of their keys.
///
/// A message is one that the trace brings, or a routed message, which a key of the system sends to other keys. Each
/// message is counted once, however many keys it concerns, and by the histories of the checker, not by those of the
/// engine. Messages that do not count (rejected, conflicting or stale) are listed among the notes instead. A knob that
/// processes messages again, a restart and a deploy bring no message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Messages {
    /// The messages that counted for the first time, and for at least one key were not placed last in the history.
    pub late: u64,
    /// The messages of the trace whose sender, id, revision and body were all known.
    pub duplicate: u64,
    /// The revisions with a body that now count instead of a lower revision, even if that was a withdrawal.
    ///
    /// A routed message is revised if the key sends another body in the same slot.
    pub revised: u64,
    /// The revisions without a body that now count instead of a lower revision with one.
    ///
    /// A routed message is withdrawn if the key empties its slot.
    pub withdrawn: u64,
    /// The messages that count and concern no key: nothing is compared because of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub keyless: u64,
}

impl Messages {
    /// Adds a message that may have changed histories.
    ///
    /// `counted` says whether a revision of it counted before. `bodies` says whether the revision before and this one
    /// have a body that counts. `is_late` says whether this one is not the newest of a key, and `is_keyless` whether it
    /// has no key.
    pub(super) fn add(&mut self, counted: bool, bodies: [bool; 2], is_late: bool, is_keyless: bool) {
        self.keyless += u64::from(bodies[1] && is_keyless);
        match bodies {
            [_, true] if counted => self.revised += 1,
            [_, true] => self.late += u64::from(is_late),
            [true, false] => self.withdrawn += 1,
            [false, false] => {}
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.late += other.late;
        self.duplicate += other.duplicate;
        self.revised += other.revised;
        self.withdrawn += other.withdrawn;
        self.keyless += other.keyless;
    }
}
