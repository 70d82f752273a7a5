//! Lines of prose have at most 120 columns.

use super::{files, read};

const COLUMNS_MAX: usize = 120;

/// The lines of prose in a Markdown document: all but those of fenced blocks, which show code and output as they are.
fn prose(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(document.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// The comment lines of source code, manifests and scripts.
fn comments(source: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(source.lines()).filter(|(_, line)| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("# ")
    })
}

#[test]
fn prose_has_at_most_120_columns() {
    let mut wide = Vec::new();
    let mut look = |file: &str, lines: &mut dyn Iterator<Item = (usize, &str)>| {
        let lines = lines.filter(|(_, line)| line.chars().count() > COLUMNS_MAX);
        wide.extend(lines.map(|(number, line)| format!("{file}:{number}: {} columns", line.chars().count())));
    };
    for file in files("md") {
        look(&file, &mut prose(&read(&file)));
    }
    for file in ["rs", "toml"].into_iter().flat_map(files).chain([".ci/run".to_owned()]) {
        look(&file, &mut comments(&read(&file)));
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn prose_and_comments_are_told_from_the_rest() {
    let document = "one\n```console\ntwo\n```\nthree\n";
    assert_eq!(prose(document).map(|(number, _)| number).collect::<Vec<_>>(), [1, 5]);
    let source = "//! one\nlet two = 2; // two\n    /// three\n# four\n#[five]\n";
    assert_eq!(comments(source).map(|(number, _)| number).collect::<Vec<_>>(), [1, 3, 4]);
}
