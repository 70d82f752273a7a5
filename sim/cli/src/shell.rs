//! Quoting for the shell, for messages that tell people which command to run.

use std::ffi::OsStr;

use afresh_trace::text::{escape, without_passwords};

/// Returns `word`, quoted if a shell would read it as anything but that word. A character on which a terminal would
/// act is written as its number, as bash and zsh read it. A URL loses its password.
pub(super) fn quote(word: &OsStr) -> String {
    let word = without_passwords(&word.to_string_lossy());
    let is_shown = |char| char == '\n' || escape(&String::from(char)).to_string() == String::from(char);
    // No shell can pass a zero byte, which is the only error of `try_quote`.
    if let Some(quoted) = shlex::try_quote(&word).ok().filter(|_| word.chars().all(is_shown)) {
        return quoted.into_owned();
    }
    let coded = word.chars().map(|char| match char {
        '\'' | '\\' => format!("\\{char}"),
        char if is_shown(char) => char.to_string(),
        char => format!("\\u{:04x}", u32::from(char)),
    });
    format!("$'{}'", coded.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_word_and_a_terminal_only_shows_it() {
        let of = |word: &str| quote(OsStr::new(word));
        assert_eq!(of("a-1.jsonl"), "a-1.jsonl");
        assert_eq!(of("it's é"), "\"it's é\"");
        assert_eq!(of("a\nb"), "'a\nb'");
        assert_eq!(of("it's\u{1b}[2J"), r"$'it\'s\u001b[2J'");
        assert_eq!(of("postgres://ann:se cret@db/ledger"), "postgres://ann@db/ledger");
    }
}
