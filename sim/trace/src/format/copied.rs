//! Copies a trace while it is read, byte for byte.

use std::io::{self, BufRead, Read, Write};

/// A source that hands on what is read of it, in whole lines: the beginning of a trace that is to be longer.
///
/// Written from its events, the beginning would be another text than the one that was read, and in the words of another
/// version where bodies were upgraded.
#[derive(Debug)]
pub struct Copied<R, W> {
    source: R,
    copy: W,
    /// The line under way.
    line: Vec<u8>,
    /// Why the copy could not be written; what is read cannot say so.
    failed: Option<io::Error>,
}

impl<R: BufRead, W: Write> Copied<R, W> {
    /// Copies `source` to `copy`.
    pub fn new(source: R, copy: W) -> Self {
        Self { source, copy, line: Vec::new(), failed: None }
    }

    /// The copy, which ends in a line end. A last line that has none is left out if it is `torn`.
    ///
    /// # Errors
    ///
    /// Fails if any of the copy could not be written.
    pub fn finish(mut self, torn: bool) -> io::Result<W> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !torn && !self.line.is_empty() {
            self.line.push(b'\n');
            self.copy.write_all(&self.line)?;
        }
        Ok(self.copy)
    }
}

impl<R: BufRead, W: Write> Read for Copied<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead, W: Write> BufRead for Copied<R, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        // What is consumed is filled already, so this reads nothing.
        if let Ok(filled) = self.source.fill_buf() {
            self.line.extend_from_slice(&filled[..amount]);
        }
        self.source.consume(amount);
        let whole = self.line.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole > 0 && self.failed.is_none() {
            self.failed = self.copy.write_all(&self.line[..whole]).err();
        }
        self.line.drain(..whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &[u8], torn: bool) -> Vec<u8> {
        let mut copied = Copied::new(io::BufReader::with_capacity(3, text), Vec::new());
        let mut read = Vec::new();
        copied.read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
        copied.finish(torn).unwrap()
    }

    #[test]
    fn a_copy_is_the_same_in_whole_lines() {
        for text in ["", "a\n", "\r\n\nlonger than the buffer\n"] {
            assert_eq!(copied(text.as_bytes(), false), text.as_bytes());
        }
        assert_eq!(copied(b"a\nwhole", false), b"a\nwhole\n");
        assert_eq!(copied(b"a\ncut o", true), b"a\n");
    }
}
