//! Damages files: bytes, words, lines, and parts of other files.

use afresh::rng::Rng;

/// Words that readers take for numbers, structure or commands.
const WORDS: [&str; 24] = [
    "0",
    "-1",
    "1e999",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "0.1",
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "{\"",
    "\":",
    ",",
    "\n",
    "\r\n",
    "\\u0000",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{feff}",
    "..",
    "--",
    "é",
];

/// Returns one of the files with one to four mistakes in it.
pub(crate) fn damaged(corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut file = corpus[rng.place(corpus.len())].clone();
    for _ in 0..=rng.below(4) {
        damage(&mut file, corpus, rng);
    }
    file
}

fn damage(file: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut Rng) {
    let start = rng.place(file.len() + 1);
    let longest = 1 << rng.below(12);
    let end = file.len().min(start + rng.place(longest));
    match rng.below(12) {
        0 => file.truncate(start),
        1 => drop(file.drain(start..end)),
        2 => {
            let copy = file[start..end].to_vec();
            file.splice(start..start, copy);
        }
        3 if start < file.len() => file[start] = rng.bits() as u8,
        4 => {
            let depth = rng.place(300);
            let nested = ["[".repeat(depth), "]".repeat(depth)].concat();
            file.splice(start..end.min(start + 1), nested.into_bytes());
        }
        5 => {
            let other = &corpus[rng.place(corpus.len())];
            let from = rng.place(other.len());
            let to = other.len().min(from + rng.place(200));
            file.splice(start..end.min(start + 200), other[from..to].to_vec());
        }
        6 => lines(file, |lines| {
            let (one, other) = (rng.place(lines.len()), rng.place(lines.len()));
            lines.swap(one, other);
        }),
        7 => lines(file, |lines| {
            let line = lines[rng.place(lines.len())].clone();
            lines.insert(rng.place(lines.len()), line);
        }),
        8 => lines(file, |lines| drop(lines.remove(rng.place(lines.len())))),
        9 => number(file, start, rng),
        _ => {
            let word = WORDS[rng.place(WORDS.len())];
            let end = if rng.below(2) == 0 { start } else { end.min(start + word.len()) };
            file.splice(start..end, word.bytes());
        }
    }
}

/// Changes the lines of a file that has any.
fn lines(file: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut lines: Vec<_> = file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if !lines.is_empty() {
        change(&mut lines);
        *file = lines.concat();
    }
}

/// Replaces the first number after `start`.
fn number(file: &mut Vec<u8>, start: usize, rng: &mut Rng) {
    let Some(first) = file[start..].iter().position(u8::is_ascii_digit).map(|place| start + place) else { return };
    let end = file[first..].iter().position(|byte| !byte.is_ascii_digit()).map_or(file.len(), |place| first + place);
    let number = [rng.below(10), rng.below(1000), rng.bits(), u64::MAX][rng.place(4)];
    file.splice(first..end, number.to_string().into_bytes());
}
