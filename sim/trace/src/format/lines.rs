//! The lines of a file, one at a time, none longer than the limit.

use std::io::{self, BufRead, Read};
use std::mem;

use serde::de::IgnoredAny;

use super::error::{Error, Problem};
use super::scan::Scan;

/// Of how many bytes lines are counted, to tell how many there are in more.
const SAMPLE: usize = 1 << 16;

/// Reads lines into one buffer.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    pub(crate) name: String,
    /// The longest line, in bytes.
    pub(super) limit: usize,
    /// The number of the line in `text`, from 1.
    pub(crate) number: u64,
    text: String,
    /// How many bytes all lines before the one in `text` have.
    bytes_before: u64,
}

impl<R> Lines<R> {
    /// The lines of `block`, as those that come next.
    pub(super) fn within<'b>(&self, block: &'b [u8]) -> Lines<&'b [u8]> {
        Lines {
            source: block,
            name: self.name.clone(),
            limit: self.limit,
            number: self.number,
            text: String::new(),
            bytes_before: 0,
        }
    }
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(name: String, source: R, limit: usize) -> Self {
        Self { source, name, limit, number: 0, text: String::new(), bytes_before: 0 }
    }

    /// Goes to the next line; whether there is one. What is left of a line over the limit stays unread.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        self.bytes_before += self.text.len() as u64;
        let mut bytes = mem::take(&mut self.text).into_bytes();
        bytes.clear();
        let most = self.limit.saturating_add(2) as u64;
        let read = (&mut self.source).take(most).read_until(b'\n', &mut bytes);
        self.number += 1;
        read.map_err(|error| Error::file(&self.name, Problem::Read(error)))?;
        if bytes.strip_suffix(b"\n").unwrap_or(&bytes).len() > self.limit {
            return Err(self.error(self.limit as u64 + 1, Problem::LineTooLong(self.limit)));
        }
        self.text = String::from_utf8(bytes).map_err(|error| {
            let bad = error.utf8_error().valid_up_to();
            let torn = !error.as_bytes().ends_with(b"\n");
            let problem = if torn { Problem::Torn } else { Problem::Utf8(error.as_bytes()[bad]) };
            Error::at(&self.name, self.number, bad as u64 + 1, problem)
        })?;
        Ok(!self.text.is_empty())
    }

    /// About how many lines come next, of those that are in memory already.
    pub(super) fn expected(&mut self) -> usize {
        // Where it cannot be read, that is said when it is.
        let coming = self.source.fill_buf().unwrap_or_default();
        let first = &coming[..coming.len().min(SAMPLE)];
        let lines = first.iter().filter(|byte| **byte == b'\n').count() + 1;
        // Some more, since it takes long to move them all to where there is room for one more.
        (coming.len() / first.len().max(1)).saturating_mul(lines).saturating_mul(9) / 8
    }

    /// Takes the lines that come next, some more than so many bytes of them; and says if that is all there are, or for what
    /// reason. Of a line over the limit there is more than that.
    pub(super) fn block(&mut self, bytes: usize) -> (Vec<u8>, Option<io::Result<()>>) {
        let mut block = Vec::with_capacity(bytes + bytes / 8);
        let most = self.limit.saturating_add(2) as u64;
        let read = (&mut self.source).take(bytes as u64).read_to_end(&mut block);
        let rest = read.and_then(|read| {
            if read == bytes { (&mut self.source).take(most).read_until(b'\n', &mut block) } else { Ok(0) }
        });
        match rest {
            Ok(_) if block.len() < bytes => (block, Some(Ok(()))),
            Ok(_) => (block, None),
            Err(error) => {
                // Of the line at which it fails nothing is known.
                block.truncate(block.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1));
                (block, Some(Err(error)))
            }
        }
    }

    /// The line, without its end.
    pub(crate) fn text(&self) -> &str {
        self.text.trim_end_matches(['\n', '\r'])
    }

    /// A problem at a column of this line.
    pub(crate) fn error(&self, column: u64, problem: Problem) -> Error {
        Error::at(&self.name, self.number, column, problem)
    }

    /// What an error of serde_json about this line is about.
    pub(crate) fn json_error(&self, error: &serde_json::Error) -> Error {
        let is_json = serde_json::from_str::<IgnoredAny>(&self.text).is_ok();
        // A line that was cut off is not JSON, wherever in it the first mistake was seen.
        if !is_json && !self.text.ends_with('\n') {
            return self.error(self.text.len() as u64 + 1, Problem::Torn);
        }
        let (problem, column) = Problem::from_json(error);
        let (problem, column) = match problem {
            Problem::Syntax(text) if is_json && text == "expected value" => self.not_one_of_several(column),
            Problem::Data(text) => (Problem::Data(self.with_integer(text, column)), column),
            problem => (problem, column),
        };
        self.error(column, problem)
    }

    /// What is wrong at a column of a line of valid JSON that serde_json calls no JSON: that is what it says where one of
    /// several things must be named and something else is there.
    fn not_one_of_several(&self, column: u64) -> (Problem, u64) {
        if let Err(found) = Scan::default().check(self.text()) {
            return found;
        }
        (Problem::Data("expected a name, or an object with one field".to_owned()), column)
    }

    /// `text`, which is about what ends before a column, with the integer that is there as it is there: serde_json shows a
    /// long one as what it comes to in floating point.
    fn with_integer(&self, text: String, column: u64) -> String {
        let before = self.text.get(..column as usize).unwrap_or_default();
        let is_other = |at: char| !at.is_ascii_alphanumeric() && !"+-.".contains(at);
        let literal = before.trim_end_matches(is_other).rsplit(is_other).next().unwrap_or_default();
        let is_integer = literal.strip_prefix('-').unwrap_or(literal).bytes().all(|byte| byte.is_ascii_digit());
        match text.strip_prefix("invalid type: floating point `").and_then(|rest| rest.split_once('`')) {
            Some((_, expected)) if is_integer => format!("invalid value: integer `{literal}`{expected}"),
            _ => text,
        }
    }

    /// The number of bytes before this line.
    pub(crate) fn begin(&self) -> u64 {
        self.bytes_before
    }

    /// The number of bytes up to the end of this line.
    pub(crate) fn end(&self) -> u64 {
        self.bytes_before + self.text.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_says_how_many_lines_come() {
        let expected = |text: &[u8]| Lines::new(String::new(), text, 1 << 20).expected();
        assert_eq!(expected(b""), 0);
        assert!(expected(b"one\ntwo\n") >= 2);
        let many = b"a line\n".repeat(1 << 17);
        assert!((1 << 17..3 << 16).contains(&expected(&many)), "{}", expected(&many));
    }
}
