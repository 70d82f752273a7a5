//! Text from outside, made safe for a terminal.

use crate::report::escape;

/// `bytes` as lines of text in which whatever acts on a terminal is escaped.
pub(super) fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().map(|line| format!("{}\n", escape(line))).collect()
}
