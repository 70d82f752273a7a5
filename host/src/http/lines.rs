//! A batch of messages as JSON Lines: answered line by line, while more lines come.

use std::pin::Pin;

use afresh_check::Subject;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::Shared;
use super::failure::Failure;
use super::input::{Place, check, one_line, part, text, too_large};
use super::messages::{Answer, failed, not_a_message_at};

/// The media types of JSON Lines; the first is the one of answers.
pub(super) const TYPES: &[&str] = &["application/x-ndjson", "application/jsonl", "application/x-jsonlines"];

/// The most messages of a batch that wait to become durable. While there are more, no more lines are read.
pub(super) const WAITING_MAX: usize = 1024;

/// The answer to a line, which is not known yet.
type Waiting = Pin<Box<dyn Future<Output = (StatusCode, Answer)> + Send>>;

/// Answers a batch line by line, in the order of the lines.
pub(super) fn answer<S: Subject + 'static>(shared: Shared<S>, body: Body) -> Response {
    let (waiting, answers) = mpsc::channel(WAITING_MAX);
    tokio::spawn(read(shared, body, waiting));
    let lines = ReceiverStream::new(answers).then(|waiting: Waiting| async {
        let mut line = serde_json::to_vec(&Answer::in_batch(waiting.await))?;
        line.push(b'\n');
        Ok::<_, serde_json::Error>(Bytes::from(line))
    });
    ([(header::CONTENT_TYPE, TYPES[0])], Body::from_stream(lines)).into_response()
}

/// Offers the messages of a batch, until it ends or nobody waits for the answers.
async fn read<S: Subject + 'static>(shared: Shared<S>, mut body: Body, waiting: Sender<Waiting>) {
    let mut lines = Lines { most: shared.limits.message_max, ..Lines::default() };
    loop {
        let line = match lines.next() {
            Some(line) => line,
            None if lines.has_ended => return,
            None => match part(&mut body, &shared.limits).await {
                Some(Ok(part)) => {
                    lines.add(&part);
                    continue;
                }
                Some(Err(failure)) => {
                    lines.has_ended = true;
                    lines.partial.clear();
                    Err(failure)
                }
                None => {
                    lines.end();
                    continue;
                }
            },
        };
        let answer: Waiting = match line {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => match offer(&shared, line.trim_end_matches('\r'), &lines).await {
                Ok(answer) => answer,
                Err(failure) => at_once(&failure),
            },
            Err(failure) => at_once(&failure),
        };
        if waiting.send(answer).await.is_err() {
            return;
        }
    }
}

/// Offers the message of a line. The answer comes later, unless the line is no message.
async fn offer<S: Subject + 'static>(shared: &Shared<S>, line: &str, lines: &Lines) -> Result<Waiting, Failure> {
    let text = one_line(line).map_err(|failure| lines.at_this_line(&failure))?;
    match shared.service.queue_json(&text).await {
        Ok(answer) => Ok(Box::pin(async { Answer::new(answer.await) })),
        Err((problem, column)) => Err(match check(line) {
            Ok(()) => not_a_message_at(&lines.place(column), &problem),
            Err(failure) => lines.at_this_line(&failure),
        }),
    }
}

fn at_once(failure: &Failure) -> Waiting {
    Box::pin(std::future::ready(failed(failure)))
}

/// Splits what arrives into lines. A line that is too long is dropped while it arrives.
#[derive(Default)]
struct Lines {
    most: usize,
    /// What has arrived, from `start`.
    arrived: Vec<u8>,
    start: usize,
    /// The beginning of a line whose end has not arrived.
    partial: Vec<u8>,
    /// True while the rest of a line that is too long arrives.
    is_dropping: bool,
    has_ended: bool,
    /// The number of the line that was returned last.
    number: u64,
}

impl Lines {
    /// Adds what has arrived. All lines that arrived before have been taken.
    fn add(&mut self, part: &[u8]) {
        self.arrived.clear();
        self.arrived.extend_from_slice(part);
        self.start = 0;
    }

    /// Ends the last line.
    fn end(&mut self) {
        self.has_ended = true;
        self.arrived = if self.partial.is_empty() && !self.is_dropping { Vec::new() } else { vec![b'\n'] };
        self.start = 0;
    }

    /// The next line that has arrived as a whole.
    fn next(&mut self) -> Option<Result<String, Failure>> {
        let rest = &self.arrived[self.start..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        let piece = &rest[..end.unwrap_or(rest.len())];
        self.start += piece.len() + usize::from(end.is_some());
        self.is_dropping |= self.partial.len() + piece.len() > self.most;
        if self.is_dropping {
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(piece);
        }
        end?;
        self.number += 1;
        if std::mem::take(&mut self.is_dropping) {
            let failure = too_large(self.most, &format!("the message in line {}", self.number));
            return Some(Err(failure));
        }
        Some(text(std::mem::take(&mut self.partial)).map_err(|failure| self.at_this_line(&failure)))
    }

    /// The place of a byte of the line that was returned last.
    fn place(&self, column: u64) -> Place {
        Place { line: self.number, column }
    }

    /// Puts the number of the line that was returned last into an error about its text.
    fn at_this_line(&self, failure: &Failure) -> Failure {
        let error = failure.fields["error"].as_str().unwrap_or_default();
        Failure::new(failure.status, error.replacen("line 1,", &format!("line {},", self.number), 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `parts`, or the statuses of errors, with lines of at most 5 bytes.
    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines { most: 5, ..Lines::default() };
        let mut all = Vec::new();
        let mut take = |lines: &mut Lines| {
            while let Some(line) = lines.next() {
                all.push(line.unwrap_or_else(|failure| failure.fields["error"].to_string()));
            }
        };
        for part in parts {
            lines.add(part);
            take(&mut lines);
        }
        lines.end();
        take(&mut lines);
        all
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        assert_eq!(lines(&[b"a\nbc\n"]), ["a", "bc"]);
        assert_eq!(lines(&[b"a", b"\nb", b"", b"c", b"\n"]), ["a", "bc"]);
        assert_eq!(lines(&[b"a\n\nbc"]), ["a", "", "bc"]);
        assert_eq!(lines(&[]), [""; 0]);
    }

    #[test]
    fn a_long_line_is_dropped_and_the_next_is_read() {
        let long = r#""the body is too long: expected at most 5 bytes for the message in line 2""#;
        assert_eq!(lines(&[b"12345\n123456\nabc\n"]), ["12345", long, "abc"]);
        assert_eq!(lines(&[b"1\n123", b"4567", b"89\nabc"]), ["1", long, "abc"]);
        assert_eq!(lines(&[b"1\n123", b"4567"]), ["1", long]);
    }

    #[test]
    fn a_byte_that_is_no_text_has_its_place() {
        let wrong = r#""line 2, column 2: byte 0xff is not valid UTF-8: expected UTF-8 text""#;
        assert_eq!(lines(&[b"a\nb\xff\nc"]), ["a", wrong, "c"]);
    }
}
