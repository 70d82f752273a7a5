//! Text for people: escapes and shortens text from a trace, leaves out passwords, and writes counts such as
//! `1,200 events`.

mod json_types;
mod password;
mod visible;

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

pub use json_types::in_json_types;
pub use password::without_passwords;
pub use visible::Visible;

/// Escapes text from a trace, so that it is safe to print on a terminal.
///
/// Every character that could move the cursor, change a colour or reorder a line is written as an escape such as
/// `\n` or `\u{1b}`. Without this, an ESC in a message body would be a command to the terminal of the reader.
///
/// A backslash is not escaped, so text without such characters is printed unchanged. This also means that the original
/// cannot be restored from the result.
pub fn escape(text: &str) -> impl Display {
    Escaped(text)
}

/// Escapes a name from a trace, and cuts the middle of one that is very long. An empty name becomes `""`, so that a
/// sentence does not lose a word.
pub fn name(name: &str) -> impl Display {
    fmt::from_fn(move |f| match name {
        "" => f.write_str("\"\""),
        short if short.len() <= HEAD + TAIL => escape(short).fmt(f),
        long => f.write_str(&shorten(long)),
    })
}

struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = 0;
        for (at, character) in self.0.char_indices().filter(|(_, character)| acts(*character)) {
            f.write_str(&self.0[plain..at])?;
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ => write!(f, "\\u{{{:x}}}", u32::from(character))?,
            }
            plain = at + character.len_utf8();
        }
        f.write_str(&self.0[plain..])
    }
}

/// Escapes text of several lines like [`escape`], and keeps its line ends.
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(|line| escape(line).to_string()).collect::<Vec<_>>().join("\n")
}

/// Escapes JSON text so that it is safe to print on a terminal, and still the same JSON.
pub fn escape_json(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| acts(character) && character != '\n') {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => escaped.push('\n'),
            // JSON has these only between its values.
            '\r' | '\t' => escaped.push(' '),
            // All of these have four digits. Writing to a string cannot fail.
            _ if acts(character) => drop(write!(escaped, "\\u{:04x}", u32::from(character))),
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Returns `true` if a terminal or an editor acts on `character` instead of showing it.
fn acts(character: char) -> bool {
    // Control characters (C0, DEL and C1), all controls of bidirectional text, the line and paragraph separators, and
    // the byte order mark.
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || character == '\u{feff}'
}

/// The most characters of a text in an error message that are kept of its beginning and of its end.
const HEAD: usize = 160;
const TAIL: usize = 240;

/// Escapes text for an error message, and replaces the middle of a text longer than 400 characters with `…`.
///
/// A line of a trace can be many megabytes long, and so can a value that is quoted from it.
pub fn shorten(text: &str) -> String {
    cut(text, HEAD + TAIL)
}

/// Escapes text, and replaces the middle of a text longer than `most` characters with `…`.
pub fn cut(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return escape(text).to_string();
    }
    let (head, tail) = (most * HEAD / (HEAD + TAIL), most * TAIL / (HEAD + TAIL));
    let place = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    format!("{} … {}", escape(&text[..place(head)]), escape(&text[place(count - tail)..]))
}

/// Escapes text, and cuts it off with `…` after `most` characters.
pub fn brief(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => escape(text).to_string(),
        Some((end, _)) => format!("{}…", escape(&text[..end])),
    }
}

/// Formats a count with its noun, such as `1 event` or `1,200 events`.
///
/// `one` is the singular of the noun, and `many` is its plural.
pub fn count(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Formats a number with its digits in groups of three, such as `1,200`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_is_left() {
        let all: String = ('\0'..='\u{2fff}').collect();
        let escaped = escape(&all).to_string();
        assert!(!escaped.chars().any(acts));
        assert_eq!(escape("a\x1b[31mb\nc\u{9b}\u{202e}d\x7f").to_string(), "a\\u{1b}[31mb\\nc\\u{9b}\\u{202e}d\\u{7f}");
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let all: String = ('\0'..='\u{2fff}').collect();
        let json = serde_json::to_string(&all).unwrap() + "\n";
        let escaped = escape_json(&json);
        assert!(!escaped.trim_end().contains(acts) && json.contains(acts));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), all);
        assert_eq!(escape_json("[1,\t2]\r\n"), "[1, 2] \n");
    }

    #[test]
    fn what_needs_no_escape_is_unchanged() {
        for text in ["", "plain", r#"{"a":"b\\n"}"#, "žluťoučký 🐎"] {
            assert_eq!(escape(text).to_string(), text);
        }
    }

    #[test]
    fn long_text_keeps_its_beginning_and_its_end() {
        let long = format!("begin{}\u{1b}end", "é".repeat(100_000));
        let short = shorten(&long);
        assert!(short.starts_with("begin") && short.ends_with("\\u{1b}end") && short.chars().count() < 450, "{short}");
        assert_eq!(shorten("short\n"), "short\\n");
    }
}
