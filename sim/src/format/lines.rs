//! The lines of a file, one at a time, none longer than the limit.

use std::io::{BufRead, Read};
use std::mem;

use serde::de::IgnoredAny;

use super::error::{Error, Problem};

/// Reads lines into one buffer.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    pub(crate) name: String,
    limit: usize,
    /// The number of the line in `text`, from 1.
    pub(crate) number: u64,
    text: String,
    /// How many bytes all lines before the one in `text` have.
    bytes_before: u64,
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
        // A line that was cut off is not JSON, wherever in it the first mistake was seen.
        let whole = self.text.ends_with('\n') || serde_json::from_str::<IgnoredAny>(&self.text).is_ok();
        if !whole {
            return self.error(self.text.len() as u64 + 1, Problem::Torn);
        }
        let (problem, column) = Problem::from_json(error);
        self.error(column, problem)
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
