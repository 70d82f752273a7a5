//! Copies a trace byte for byte while it is being read, to append events to the copy.

use std::io::{self, BufRead, Read, Write};

/// A source that copies every line that is read from it to a sink. Events can then be appended to the copy.
///
/// Writing the events again instead of copying them could change the text, because the file need not be in canonical
/// form. It would also lose the original form of bodies that were upgraded from an older version.
#[derive(Debug)]
pub struct Copied<R, W> {
    source: R,
    copy: W,
    /// The bytes of the current line that were read so far.
    line: Vec<u8>,
    /// The error of writing the copy. It is kept until [`finish`](Self::finish), because `consume` cannot return it.
    failed: Option<io::Error>,
}

impl<R: BufRead, W: Write> Copied<R, W> {
    /// Wraps `source`, so that all lines read from it are copied to `copy`.
    pub fn new(source: R, copy: W) -> Self {
        Self { source, copy, line: Vec::new(), failed: None }
    }

    /// Completes the copy with a final line end, and returns its sink.
    ///
    /// If the last line has no line end, `torn` says whether it was torn. A torn line is left out of the copy.
    ///
    /// # Errors
    ///
    /// Fails if any part of the copy could not be written.
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
        // The bytes to consume are in the buffer already, so this call does not read from the source.
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
