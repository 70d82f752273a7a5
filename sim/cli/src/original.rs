//! The original of a search: what a walk is about, and the items that its edits name.

use std::borrow::Cow;

use afresh_core::Header;

use afresh_shrink::minimize::{Identity, Item};
use afresh_trace::format::RawEvent;

/// A file of any kind, as its lines, each with its end.
pub(super) fn lines(content: &[u8]) -> Vec<Item<Cow<'_, [u8]>>> {
    Item::numbered(content.split_inclusive(|byte| *byte == b'\n').map(Cow::Borrowed))
}

/// What makes a file the same one.
pub(super) fn identity_of_file(content: &[u8]) -> Identity {
    Identity::of([content])
}

/// What makes a trace the same one: what drives its system, whatever was observed.
pub(super) fn identity_of_trace(header: &Header, stimuli: &[Item<RawEvent>]) -> Identity {
    let window = Cow::Borrowed(if header.complete { &b"complete"[..] } else { b"window" });
    let stimuli = stimuli.iter().flat_map(|item| {
        [Cow::Owned(item.number.to_le_bytes().to_vec()), Cow::Borrowed(item.value.content.get().as_bytes())]
    });
    Identity::of([window].into_iter().chain(stimuli))
}

/// A line, for people.
pub(super) fn text_of_line(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned()
}

/// An event, for people.
pub(super) fn text_of_event(event: &RawEvent) -> String {
    format!("{} {}", event.kind, event.content.get())
}
