//! Reads a file line by line, with a limit on the length of a line.

use std::io::{self, BufRead, Read};
use std::mem;

use serde::de::IgnoredAny;

use super::error::{Error, Problem};
use super::scan::Scan;

/// The number of bytes in which lines are counted, to estimate the number of lines in a longer text.
const SAMPLE: usize = 1 << 16;

/// Reads a file line by line, always into the same buffer.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    pub(crate) name: String,
    /// The maximum length of a line in bytes.
    pub(super) limit: usize,
    /// The number of the line in `text`, from 1.
    pub(crate) number: u64,
    text: String,
    /// The total length in bytes of all lines before the one in `text`.
    bytes_before: u64,
}

impl<R> Lines<R> {
    /// Returns a reader of the lines of `block`, which numbers them as the next lines of this file.
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

    /// Reads the next line. Returns `false` at the end of the file.
    ///
    /// # Errors
    ///
    /// Fails if the line cannot be read, is too long or is not UTF-8. The rest of a line that is too long stays unread.
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

    /// Estimates the number of lines that follow, as far as the source has them in memory.
    pub(super) fn expected(&mut self) -> usize {
        // An error here is not lost: the next read reports it.
        let coming = self.source.fill_buf().unwrap_or_default();
        let first = &coming[..coming.len().min(SAMPLE)];
        let lines = first.iter().filter(|byte| **byte == b'\n').count() + 1;
        // Add an eighth: growing a full vector would copy all of its items, which takes long.
        (coming.len() / first.len().max(1)).saturating_mul(lines).saturating_mul(9) / 8
    }

    /// Reads a block of whole lines that has at least the given number of bytes, if the file has so many left.
    ///
    /// The second result is `None` if more may follow, and otherwise says how the file ended: at its end, or with an
    /// error. If the last line of the block is too long, the block holds only the beginning of that line, which is
    /// still longer than the limit.
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
                // Drop the incomplete line at which reading failed.
                block.truncate(block.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1));
                (block, Some(Err(error)))
            }
        }
    }

    /// The current line, without its line end.
    pub(crate) fn text(&self) -> &str {
        self.text.trim_end_matches(['\n', '\r'])
    }

    /// Returns `true` if the current line has a line end.
    pub(crate) fn has_end(&self) -> bool {
        self.text.ends_with('\n')
    }

    /// Builds an error about a column of the current line.
    pub(crate) fn error(&self, column: u64, problem: Problem) -> Error {
        Error::at(&self.name, self.number, column, problem)
    }

    /// Converts an error of serde_json about the current line.
    pub(crate) fn json_error(&self, error: &serde_json::Error) -> Error {
        let is_json = serde_json::from_str::<IgnoredAny>(&self.text).is_ok();
        // A line without an end that is not JSON was cut off, whatever serde_json says about it.
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

    /// Returns the problem at a column of a valid line for which serde_json reported a syntax error.
    ///
    /// serde_json does so where it expects one variant of an enum and finds something else.
    fn not_one_of_several(&self, column: u64) -> (Problem, u64) {
        if let Err(found) = Scan::default().check(self.text()) {
            return found;
        }
        (Problem::not_one_of_several(), column)
    }

    /// Corrects an error text of serde_json about an integer that is too long.
    ///
    /// serde_json reports such an integer as a floating-point number. This puts the digits from the line in its place.
    /// The integer ends right before `column`.
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

    /// The offset in bytes at which the current line begins.
    pub(crate) fn begin(&self) -> u64 {
        self.bytes_before
    }

    /// The offset in bytes at which the current line ends.
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
