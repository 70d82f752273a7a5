//! Text from outside, made safe for a terminal.

use std::fmt::Write;

/// `bytes` as text in which control characters, line feeds and tabs excepted, are escaped.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(bytes).chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
