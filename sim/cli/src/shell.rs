//! Quoting for the shell, for messages that tell people which command to run.

use std::ffi::OsStr;

/// Returns `word`, quoted if a shell would read it as anything but that word.
pub(super) fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%{}".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
