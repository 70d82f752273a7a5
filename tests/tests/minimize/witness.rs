//! What an observer sees of a search.

use std::ops::ControlFlow;

use afresh::minimize::walk::{FORMAT, Header, Intent, Judged, Line};
use afresh::minimize::{Identity, Item, Observer, Run, Verdict, Walk};

/// An observer that writes a walk, collects the steps, checks that no candidate runs twice, and stops after a number
/// of runs.
#[derive(Default)]
pub(crate) struct Witness<T> {
    pub(crate) walk: String,
    pub(crate) seen: Vec<Identity>,
    pub(crate) steps: Vec<Vec<Item<T>>>,
    pub(crate) stop_after: Option<usize>,
}

impl<T> Witness<T> {
    fn line(&mut self, line: &Line) {
        self.walk += &line.to_text().expect("a line can be written");
    }

    /// Reads the walk of a search that began with so many events.
    pub(crate) fn read(&self, items: usize) -> Walk {
        let header = Header { format: FORMAT, input: Identity::of([""]), items, oracle: Vec::new() };
        let text = Line::Walk(header).to_text().expect("a line can be written") + &self.walk;
        Walk::read(text.as_bytes()).expect("the walk reads back")
    }
}

impl<T: Clone> Observer<T> for Witness<T> {
    fn before(&mut self, run: &Run<'_, T>) -> ControlFlow<()> {
        if self.stop_after == Some(self.seen.len()) {
            return ControlFlow::Break(());
        }
        let repeats = self.seen.iter().filter(|identity| **identity == run.identity).count();
        // The third run is the second one of the original.
        let may = usize::from(run.pass == "reproduce" && run.number == 3);
        assert!(repeats == may || run.pass == "confirm", "run {} is a repetition", run.number);
        self.seen.push(run.identity);
        self.line(&Line::Run(Intent::of(run)));
        ControlFlow::Continue(())
    }

    fn after(&mut self, run: &Run<'_, T>, verdict: &Verdict) -> ControlFlow<()> {
        self.line(&Line::Verdict(Judged::of(run, verdict)));
        ControlFlow::Continue(())
    }

    fn step(&mut self, verified: &[Item<T>]) -> ControlFlow<()> {
        self.steps.push(verified.to_vec());
        ControlFlow::Continue(())
    }
}
