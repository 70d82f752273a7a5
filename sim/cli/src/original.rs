//! The original of a shrink: the input that its walk refers to, and the items that its edits name.

use std::borrow::Cow;

use afresh_core::Header;
use afresh_shrink::minimize::{Identity, Item};
use afresh_trace::format::RawEvent;
use serde::de::IgnoredAny;

/// Splits a file of any kind into its lines, each with its line end.
pub(super) fn lines(content: &[u8]) -> Vec<Item<Cow<'_, [u8]>>> {
    Item::numbered(content.split_inclusive(|byte| *byte == b'\n').map(Cow::Borrowed))
}

/// Splits a file into JSON values, each with the blanks after it, if it has nothing else and begins with an object or
/// an array. Returns `None` if each value is on one line, because then the lines say as much.
pub(super) fn values(content: &[u8]) -> Option<Vec<Item<Cow<'_, [u8]>>>> {
    content.trim_ascii_start().first().filter(|byte| b"{[".contains(byte))?;
    let mut found = serde_json::Deserializer::from_slice(content).into_iter::<IgnoredAny>();
    let (mut from, mut is_long) = (0, false);
    let mut values = Vec::new();
    while let Some(value) = found.next() {
        value.ok()?;
        let end = found.byte_offset();
        is_long |= content[from..end].trim_ascii_start().contains(&b'\n');
        let next = content.len() - content[end..].trim_ascii_start().len();
        values.push(Cow::Borrowed(&content[from..next]));
        from = next;
    }
    is_long.then(|| Item::numbered(values))
}

/// Returns the identity of a file: equal files have equal identities.
pub(super) fn identity_of_file(content: &[u8]) -> Identity {
    Identity::of([content])
}

/// Returns the identity of a trace, which depends on its stimuli but not on its observations.
pub(super) fn identity_of_trace(header: &Header, stimuli: &[Item<RawEvent>]) -> Identity {
    let window = Cow::Borrowed(if header.complete { &b"complete"[..] } else { b"window" });
    let stimuli = stimuli.iter().flat_map(|item| {
        [Cow::Owned(item.number.to_le_bytes().to_vec()), Cow::Borrowed(item.value.content.get().as_bytes())]
    });
    Identity::of([window].into_iter().chain(stimuli))
}

/// Returns a line as text for people.
pub(super) fn text_of_line(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned()
}

/// Returns an event as text for people.
pub(super) fn text_of_event(event: &RawEvent) -> String {
    format!("{} {}", event.kind, event.content.get())
}
