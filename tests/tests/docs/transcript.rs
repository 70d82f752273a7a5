//! Documents and the commands in them.

use std::mem;

use similar::TextDiff;

/// The line that stands for any number of output lines.
const GAP: &str = "…";

/// The prefixes of a line with a command, and of its continuation lines.
const PROMPT: &str = "$ ";
const MORE: &str = "> ";

/// The prefix of a line with an exit code.
const EXIT: &str = "# exit ";

/// The languages of fenced blocks whose commands readers may copy, although no test runs them.
const UNCHECKED: [&str; 6] = ["bash", "sh", "shell", "shell-session", "terminal", "zsh"];

/// A document: its commands, and the lines between them.
#[derive(Debug)]
pub(crate) struct Document {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Line(String),
    Shown(Shown),
}

/// A command in a document, with the outcome that the document shows.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The number of its first line in the document.
    pub(crate) line: usize,
    /// The command, of several lines if the document continues it.
    pub(crate) command: String,
    /// The output lines.
    pub(crate) output: Vec<String>,
    /// The exit code, if the document shows one.
    pub(crate) exit: Option<i32>,
}

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) output: Vec<String>,
    pub(crate) exit: i32,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// Lists the lines with commands that no test would check.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (mut pieces, mut problems) = (Vec::new(), Vec::new());
        // The language of the open block.
        let mut block: Option<&str> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let fence = line.trim_start().strip_prefix("```").map(|rest| rest.trim_start_matches('`').trim());
            if let Some(language) = fence {
                block = if block.is_some() { None } else { Some(language) };
                if block == Some("console") && line.starts_with(' ') {
                    problems.push(format!("{number}: a console block is not indented"));
                }
                if let Some(language) = block.filter(|language| UNCHECKED.contains(language)) {
                    problems.push(format!("{number}: commands are shown in console blocks, not as {language}"));
                }
            } else if block == Some("console") {
                console(&mut pieces, number, line);
                continue;
            } else if block.is_some() && line.starts_with(PROMPT) {
                problems.push(format!("{number}: a command is shown outside of a console block"));
            }
            pieces.push(Piece::Line(line.to_owned()));
        }
        if problems.is_empty() { Ok(Self { pieces }) } else { Err(problems.join("\n")) }
    }

    /// Returns the commands.
    pub(crate) fn commands(&mut self) -> impl Iterator<Item = &mut Shown> {
        self.pieces.iter_mut().filter_map(|piece| match piece {
            Piece::Shown(shown) => Some(shown),
            Piece::Line(_) => None,
        })
    }

    /// Returns the text of the document.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Line(line) => text += &format!("{line}\n"),
                Piece::Shown(shown) => text += &shown.text(),
            }
        }
        text
    }
}

/// Adds one line of a console block.
fn console(pieces: &mut Vec<Piece>, number: usize, line: &str) {
    if let Some(command) = line.strip_prefix(PROMPT) {
        let (output, exit) = (Vec::new(), None);
        pieces.push(Piece::Shown(Shown { line: number, command: command.to_owned(), output, exit }));
        return;
    }
    // An empty line separates commands. It is part of the output if more output follows.
    let empty = pieces.iter().rev().take_while(|piece| matches!(piece, Piece::Line(line) if line.is_empty())).count();
    let before = pieces.len() - empty;
    let Some(Piece::Shown(shown)) = before.checked_sub(1).and_then(|last| pieces.get_mut(last)) else {
        pieces.push(Piece::Line(line.to_owned()));
        return;
    };
    if line.is_empty() {
        pieces.push(Piece::Line(String::new()));
    } else if let Some(more) = line.strip_prefix(MORE).filter(|_| shown.output.is_empty() && empty == 0) {
        shown.command += &format!("\n{more}");
    } else if let Some(exit) = line.strip_prefix(EXIT).and_then(|exit| exit.parse().ok()) {
        shown.exit = Some(exit);
    } else {
        shown.output.extend(vec![String::new(); empty]);
        shown.output.push(line.to_owned());
        pieces.truncate(before);
    }
}

impl Shown {
    /// Compares the shown outcome with the actual one, and describes the difference, if any.
    pub(crate) fn difference(&self, printed: &Printed) -> Option<String> {
        let mut difference = String::new();
        match self.exit {
            Some(exit) if exit != printed.exit => {
                difference = format!("exits with {}, and the document says {exit}\n", printed.exit);
            }
            // Finding a bug is an ordinary result. The document must state every other exit code.
            None if !matches!(printed.exit, 0 | 1) => {
                difference = format!("exits with {}, and the document does not say so\n", printed.exit);
            }
            _ => {}
        }
        if !fits(&self.output, &printed.output) {
            let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let (shown, printed) = (lines(&self.output), lines(&printed.output));
            let diff = TextDiff::from_lines(&shown, &printed);
            difference += &diff.unified_diff().header("shown", "printed").to_string();
        }
        (!difference.is_empty()).then_some(difference)
    }

    /// Replaces the shown outcome by the actual one. Parts that already match stay unchanged.
    pub(crate) fn update(&mut self, printed: Printed) {
        if !fits(&self.output, &printed.output) {
            self.output = printed.output;
        }
        let Printed { exit, .. } = printed;
        if self.exit.is_some() || !matches!(exit, 0 | 1) {
            self.exit = Some(exit);
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut start = PROMPT;
        for line in self.command.lines() {
            text += &format!("{}{line}\n", mem::replace(&mut start, MORE));
        }
        for line in &self.output {
            text += &format!("{line}\n");
        }
        if let Some(exit) = self.exit {
            text += &format!("{EXIT}{exit}\n");
        }
        text
    }
}

/// Returns whether the shown lines, with their gaps, match the printed lines.
fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((gap, rest)) if gap == GAP => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        Some((line, rest)) => printed.split_first().is_some_and(|(first, others)| first == line && fits(rest, others)),
    }
}
