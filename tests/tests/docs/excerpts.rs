//! Tests that code shown in documents is real: a block of Rust whose first line names a file is an excerpt of that
//! file.

use std::fs;
use std::path::Path;

use afresh_tests::root;

use super::documents;

/// The line that stands for omitted lines of the file.
const GAP: &str = "// …";

#[test]
fn code_shown_is_what_the_file_says() {
    let mut wrong = String::new();
    for path in documents() {
        let text = fs::read_to_string(&path).expect("a document can be read");
        let name = path.strip_prefix(root()).expect("it was found there").display();
        wrong.extend(excerpts(&text).into_iter().filter_map(|(line, file, excerpt)| {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            let missing = first_missing(&excerpt, &source)?;
            Some(format!("{name}:{line}: {file} does not go on with `{missing}`\n"))
        }));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Returns the blocks of Rust that name a file: line number, file, and lines.
fn excerpts(text: &str) -> Vec<(usize, &str, Vec<&str>)> {
    let mut excerpts = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if line != "```rust" {
            continue;
        }
        let block: Vec<_> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let file = block.first().and_then(|line| line.strip_prefix("// "));
        if let Some(file) = file.filter(|file| Path::new(file).extension().is_some_and(|extension| extension == "rs")) {
            excerpts.push((number, file, block[1..].to_vec()));
        }
    }
    excerpts
}

/// Returns the first line of an excerpt that is not at its place in `source`. Indentation does not count. The pieces
/// between gaps must be in the order of the file.
fn first_missing<'e>(excerpt: &[&'e str], source: &str) -> Option<&'e str> {
    let source: Vec<_> = source.lines().map(str::trim).collect();
    let mut rest = &source[..];
    for piece in excerpt.split(|line| line.trim() == GAP) {
        let piece: Vec<_> = piece.iter().copied().skip_while(|line| line.is_empty()).collect();
        let length = piece.len() - piece.iter().rev().take_while(|line| line.is_empty()).count();
        // Counts the lines that match at a place; the piece is compared at the place where most match.
        let fitting =
            |at: &usize| rest[*at..].iter().zip(&piece[..length]).take_while(|(a, b)| **a == b.trim()).count();
        let best = (0..rest.len()).max_by_key(|at| (fitting(at), usize::MAX - at));
        match best {
            Some(at) if fitting(&at) == length => rest = &rest[at + length..],
            best => return piece.get(best.map_or(0, |at| fitting(&at))).copied(),
        }
    }
    None
}

#[test]
fn every_planted_bug_is_described_as_it_is() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("it is there");
    // The entries of the list, each without its line breaks.
    let bugs = |text: &str| {
        let lines = text.lines().map(|line| line.trim_start_matches("//!").trim_start());
        let list = lines.skip_while(|line| !line.starts_with("* `ledger+")).take_while(|line| !line.trim().is_empty());
        let words: Vec<_> = list.flat_map(str::split_whitespace).collect();
        words.join(" ").split("* ").map(str::to_owned).collect::<Vec<_>>()
    };
    let described = bugs(&read("docs/testing.md"));
    assert!(described.len() > 10, "the list is found");
    assert_eq!(described, bugs(&read("fixtures/src/lib.rs")));
}

#[test]
fn an_excerpt_that_is_not_in_its_file_is_seen() {
    let source = "fn a() {\n    one();\n    two();\n    three();\n}\n";
    assert_eq!(first_missing(&["    fn a() {", "// …", "", "three();"], source), None);
    assert_eq!(first_missing(&["one();", "three();"], source), Some("three();"));
    assert_eq!(first_missing(&["three();", "// …", "one();"], source), Some("one();"));
    let text = "```rust\n// a.rs\nx\n```\n\n```rust\nfree();\n```\n";
    assert_eq!(excerpts(text), [(1, "a.rs", vec!["x"])]);
}
