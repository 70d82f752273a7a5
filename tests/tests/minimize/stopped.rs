//! Tests of a search that is stopped: between two runs, and its result from the walk alone.

use std::ops::ControlFlow;

use afresh::minimize::walk::{FORMAT, Header, Intent, Judged, Line};
use afresh::minimize::{Candidate, Content, End, Identity, Item, Minimizer, Observer, Oracle, Run, Verdict, Walk};

/// A bug that shows as long as three lines are left. No change of a text reads back.
struct Judge;

impl Oracle<String> for Judge {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let left = candidate.items().filter(|item| [7, 30, 31].contains(&item.number)).count();
        if left == 3 { Verdict::SAME } else { Verdict::Passed }
    }

    fn repeats(&self) -> bool {
        true
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Judge {
    fn text<'e>(&self, event: &'e String) -> Option<std::borrow::Cow<'e, str>> {
        Some(event.into())
    }
}

/// Writes a walk, and stops before the run `last + 1`.
struct Writer {
    walk: String,
    last: u64,
    between: u64,
    most_between: u64,
}

impl Writer {
    fn new(items: usize, last: u64) -> Self {
        let header = Header { format: FORMAT, input: Identity::of(["x"]), items, oracle: Vec::new() };
        Self { walk: Line::Walk(header).to_text().unwrap(), last, between: 0, most_between: u64::MAX }
    }

    fn walk(&self) -> Walk {
        Walk::read(self.walk.as_bytes()).unwrap()
    }
}

impl Observer<String> for Writer {
    fn before(&mut self, run: &Run<'_, String>) -> ControlFlow<()> {
        if run.number > self.last {
            return ControlFlow::Break(());
        }
        self.walk += &Line::Run(Intent::of(run)).to_text().unwrap();
        ControlFlow::Continue(())
    }

    fn after(&mut self, run: &Run<'_, String>, verdict: &Verdict) -> ControlFlow<()> {
        self.between = 0;
        self.walk += &Line::Verdict(Judged::of(run, verdict)).to_text().unwrap();
        ControlFlow::Continue(())
    }

    fn between(&mut self) -> ControlFlow<()> {
        self.between += 1;
        if self.between > self.most_between { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn items() -> Vec<Item<String>> {
    Item::numbered((0..40).map(|n| format!("line {n} with some words and {n} numbers {n}")))
}

#[test]
fn the_result_of_a_walk_is_that_of_the_search() {
    let all = Minimizer::new().run(items(), &mut Judge, &mut Writer::new(40, u64::MAX)).unwrap();
    for last in 3..=all.runs {
        let mut writer = Writer::new(40, last);
        let stopped = Minimizer::new().run(items(), &mut Judge, &mut writer).unwrap();
        let reported = Minimizer::new().report(items(), &writer.walk(), &Judge, &mut ()).unwrap();
        assert_eq!((&reported.items, reported.runs), (&stopped.items, stopped.runs), "after run {last}");
        assert_eq!(reported.certificate, stopped.certificate, "after run {last}");
        assert!(matches!(reported.end, End::Stopped(_)));
    }
    for last in 0..3 {
        let mut writer = Writer::new(40, last);
        Minimizer::new().run(items(), &mut Judge, &mut writer).unwrap_err();
        Minimizer::new().report(items(), &writer.walk(), &Judge, &mut ()).unwrap_err();
    }
}

#[test]
fn a_search_is_stopped_between_two_runs() {
    // Every change of a text is refused without a run, so there are many changes between two runs.
    let mut writer = Writer { most_between: 100, ..Writer::new(40, u64::MAX) };
    let stopped = Minimizer::new().run(items(), &mut Judge, &mut writer).unwrap();
    assert!(matches!(stopped.end, End::Stopped(_)), "{:?}", stopped.end);
    assert_eq!((stopped.items.len(), writer.between), (3, 101));
}
