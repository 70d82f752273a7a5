//! Documents, and the commands that they show.

use std::mem;

use similar::TextDiff;

/// A line that stands for any lines of output, or for none.
const GAP: &str = "…";

/// What begins a line that shows a command, and the lines that it goes on in.
const PROMPT: &str = "$ ";
const MORE: &str = "> ";

/// What begins a line that shows how a command ends.
const EXIT: &str = "# exit ";

/// The languages of fenced blocks that people copy commands from without knowing what they print.
const UNCHECKED: [&str; 6] = ["bash", "sh", "shell", "shell-session", "terminal", "zsh"];

/// A document: the commands that it shows, and the lines between them.
#[derive(Debug)]
pub(crate) struct Document {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Line(String),
    Shown(Shown),
}

/// A command that a document shows, and what it says that happens.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The line of the document that it begins on.
    pub(crate) line: usize,
    /// What is typed; several lines where the document shows it so.
    pub(crate) command: String,
    /// What is printed.
    pub(crate) output: Vec<String>,
    /// How it ends, where the document says so.
    pub(crate) exit: Option<i32>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) output: Vec<String>,
    pub(crate) exit: i32,
}

impl Document {
    /// Reads a document.
    ///
    /// Fails with the lines that show a command where nothing would check it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (mut pieces, mut problems) = (Vec::new(), Vec::new());
        // The language of the block that is open.
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

    /// The commands.
    pub(crate) fn commands(&mut self) -> impl Iterator<Item = &mut Shown> {
        self.pieces.iter_mut().filter_map(|piece| match piece {
            Piece::Shown(shown) => Some(shown),
            Piece::Line(_) => None,
        })
    }

    /// The text of the document.
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
    // An empty line sets commands apart; it is part of the output where more of that follows.
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
    /// What is wrong with what is shown, if that is not what happened.
    pub(crate) fn difference(&self, printed: &Printed) -> Option<String> {
        let mut difference = String::new();
        match self.exit {
            Some(exit) if exit != printed.exit => {
                difference = format!("exits with {}, and the document says {exit}\n", printed.exit);
            }
            // Finding a bug is what the commands are for; anything else that goes wrong has to be meant.
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

    /// Shows what happened, and leaves as it is what is right.
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

/// Whether the lines shown, with their gaps, are those that were printed.
fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((gap, rest)) if gap == GAP => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        Some((line, rest)) => printed.split_first().is_some_and(|(first, others)| first == line && fits(rest, others)),
    }
}
