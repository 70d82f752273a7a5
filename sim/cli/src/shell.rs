//! Words as a shell reads them, for commands that a message tells people to run.

use std::ffi::OsStr;

/// `word`, quoted where a shell would read it as anything else.
pub(super) fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%{}".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
