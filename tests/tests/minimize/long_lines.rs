//! Tests that a line with very many values costs no more than a line with few, apart from its runs.

use std::borrow::Cow;
use std::cell::Cell;

use afresh::minimize::{Candidate, Content, Item, Minimizer, Oracle, Verdict};

/// A bug that shows as long as the lines are unchanged. It counts how often a text is read.
struct Judge {
    lines: Vec<String>,
    runs: usize,
    reads: Cell<usize>,
}

impl Oracle<String> for Judge {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        self.runs += 1;
        if candidate.values().eq(&self.lines) { Verdict::Same { at: None, shows: None } } else { Verdict::Passed }
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Judge {
    fn text<'e>(&self, event: &'e String) -> Option<Cow<'e, str>> {
        self.reads.set(self.reads.get() + 1);
        Some(Cow::Borrowed(event))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

/// Returns how often a text was read between two runs, on average.
fn reads_per_run(lines: &[String]) -> usize {
    let mut judge = Judge { lines: lines.to_vec(), runs: 0, reads: Cell::new(0) };
    Minimizer::new().run(Item::numbered(lines.to_vec()), &mut judge, &mut ()).unwrap();
    judge.reads.get() / judge.runs
}

#[test]
fn words_of_a_line_are_read_together() {
    let words = (0..30_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    let zeros = ["0"; 30_000].join(" ");
    for lines in [vec![words.clone()], vec![words.clone(), words], vec![zeros.clone(), zeros]] {
        let reads = reads_per_run(&lines);
        assert!(reads < 100, "{reads} reads for each run of {}", &lines[0][..20]);
    }
}
