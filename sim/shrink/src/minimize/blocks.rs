//! The pass that removes blocks of lines: a line with all lines under it that are indented or nested more.

use std::ops::Range;

use super::brackets::{Opened, Token, tokens};
use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};

/// The fewest events of a trace on which this pass tries anything.
const SHORT: usize = 16;

/// The most blocks of which the first and the last line are tried alone.
const MANY: usize = 64;

/// Tries to remove blocks in the order of a [`Descent`]: first the outermost ones, then those inside of blocks that
/// stay, one level after another. At last it tries to remove the first and the last line of each block, and to keep
/// what is between them.
///
/// This follows the structure of programs and of markup (Misherghi and Su, 2006: HDD), as far as lines show it. Where
/// no line is indented, brackets and tags show it.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// The level of nesting of the current blocks; 0 is the outermost.
    level: usize,
    /// The numbers of the first and the last line of each block of that level.
    blocks: Vec<(u64, u64)>,
    descent: Option<Descent>,
    /// How many blocks were tried to open, once all levels are done.
    opened: usize,
}

impl Pass for Blocks {
    fn name(&self) -> &'static str {
        "block"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        if self.level == 0 && self.descent.is_none() && view.len() < SHORT {
            return None;
        }
        loop {
            if let Some(range) = self.descent.as_mut().and_then(Descent::next) {
                return Some(Edit::Remove(self.blocks[range].to_vec()));
            }
            let level = self.level + usize::from(self.descent.is_some());
            let blocks = blocks(view);
            if !blocks.iter().any(|(depth, lines)| *depth >= level && lines.len() > 1) {
                self.descent = None;
                self.level = level;
                return self.open(view, &blocks);
            }
            let of_level = blocks.into_iter().filter(|(depth, _)| *depth == level);
            self.blocks = of_level.map(|(_, lines)| (view.number(lines.start), view.number(lines.end - 1))).collect();
            self.level = level;
            self.descent = Some(Descent::new(0, self.blocks.len()));
        }
    }

    fn judged(&mut self, accepted: bool) {
        match &mut self.descent {
            Some(descent) => descent.judged(accepted),
            None if accepted => self.opened -= 1,
            None => {}
        }
    }

    /// Returns false, because each proposal may read all texts.
    fn is_foreseeable(&self) -> bool {
        false
    }
}

impl Blocks {
    /// Returns the edit that removes the first and the last line of the next block.
    fn open(&mut self, view: &dyn View, blocks: &[(usize, Range<usize>)]) -> Option<Edit> {
        let mut closed = blocks.iter().filter(|(_, lines)| lines.len() > 2 && closes(view, lines.end - 1));
        let (_, lines) = closed.nth(self.opened).filter(|_| blocks.len() <= MANY)?;
        self.opened += 1;
        let ends = [lines.start, lines.end - 1].map(|place| (view.number(place), view.number(place)));
        Some(Edit::Remove(ends.to_vec()))
    }
}

/// Returns all blocks, each with its level and its lines, in the order of their first lines.
fn blocks(view: &dyn View) -> Vec<(usize, Range<usize>)> {
    let mut depths = indents(view);
    if depths.windows(2).all(|pair| pair[0] == pair[1]) {
        depths = nesting(view);
    }
    // The blocks around the current line, each with its depth and its index in `blocks`.
    let mut around: Vec<(usize, usize)> = Vec::new();
    let mut blocks: Vec<(usize, Range<usize>)> = Vec::new();
    for (place, depth) in depths.into_iter().enumerate() {
        while around.last().is_some_and(|(around, _)| *around > depth) {
            around.pop();
        }
        match around.last() {
            Some((same, block)) if *same == depth && blocks[*block].1.len() > 1 && closes(view, place) => {}
            Some((same, _)) if *same == depth => {
                around.pop();
                around.push((depth, blocks.len()));
                blocks.push((around.len() - 1, place..place));
            }
            _ => {
                around.push((depth, blocks.len()));
                blocks.push((around.len() - 1, place..place));
            }
        }
        for (_, block) in &around {
            blocks[*block].1.end = place + 1;
        }
    }
    blocks
}

/// Returns how far each line is indented. An empty line belongs to the line before it.
fn indents(view: &dyn View) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(view.len());
    let mut before = 0;
    for text in (0..view.len()).map(|place| view.text(place)) {
        let inside = text.as_ref().map_or("", |text| text.trim_start_matches([' ', '\t']));
        if text.is_some() && inside.trim_end().is_empty() {
            depths.push(before + 1);
        } else {
            before = text.as_ref().map_or(0, |text| text.len() - inside.len());
            depths.push(before);
        }
    }
    depths
}

/// Returns how far each line would be indented by its brackets and tags. Those that have no partner do not count: lines
/// of a log are cut off, and hold brackets that mean something else.
fn nesting(view: &dyn View) -> Vec<usize> {
    // The places of the lines of brackets and tags that are open.
    let mut open = Opened::default();
    // What each line adds to the depth, and what it takes from that of the lines after it.
    let (mut more, mut less) = (vec![0_usize; view.len() + 1], vec![0_usize; view.len() + 1]);
    let mut last = None;
    for place in 0..view.len() {
        let text = view.text(place).unwrap_or_default();
        for (_, _, token) in tokens(&text) {
            match token {
                Token::Opens(closes) => open.open(closes, place),
                Token::Closes(closes) => {
                    let Some(from) = open.close(closes) else { continue };
                    // Several pairs between the same two lines make one block.
                    if from < place && last != Some((from, place)) {
                        more[from + 1] += 1;
                        less[if closes_block(&text) { place } else { place + 1 }] += 1;
                        last = Some((from, place));
                    }
                }
                Token::Whole | Token::Comma => {}
            }
        }
    }
    let mut depth = 0;
    let depth = |(more, less)| {
        depth = depth + more - less;
        depth
    };
    more.into_iter().zip(less).take(view.len()).map(depth).collect()
}

/// Returns whether the line at `place` ends a block that was opened by another line.
fn closes(view: &dyn View, place: usize) -> bool {
    closes_block(&view.text(place).unwrap_or_default())
}

/// Returns whether a line ends a block that was opened by another line.
fn closes_block(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['}', ')', ']']) || text.starts_with("</") || text.to_ascii_lowercase().starts_with("end")
}
