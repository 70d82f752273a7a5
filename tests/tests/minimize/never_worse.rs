//! A search that may change texts leaves no more lines than one that only removes lines, whatever the input is.

use std::cell::Cell;

use afresh::minimize::{Candidate, Content, Item, Minimizer, Oracle, Verdict};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Plain, config};

/// What the lines of an input look like.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Json,
    Sql,
    Xml,
    Log,
    Code,
}

impl Kind {
    fn line(self, name: &str, number: u64) -> String {
        match self {
            Self::Json => format!("{{\"name\":\"{name}\",\"amount\":{number},\"at\":{}}}\n", number * 37 % 1000),
            Self::Sql => format!("INSERT INTO orders VALUES ('{name}', {number});\n"),
            Self::Xml => format!("  <order name=\"{name}\"><amount>{number}</amount></order>\n"),
            Self::Log => format!("2026-11-29T10:{:02}:{:02}Z INFO {name} took {number} ms\n", number / 60, number % 60),
            Self::Code => format!("    total += charge({name}, {number});\n"),
        }
    }

    /// What stands around a block of lines, if there are blocks.
    fn around(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Xml => Some(("<orders>\n", "</orders>\n")),
            Self::Code => Some(("fn run() {\n", "}\n")),
            Self::Sql => Some(("BEGIN;\n", "COMMIT;\n")),
            Self::Json | Self::Log => None,
        }
    }

    /// The name and the number of a line, if it has them.
    fn read(self, line: &str) -> Option<(&str, u64)> {
        let (name, number) = match self {
            Self::Json => (line.split('"').nth(3)?, line.split("amount\":").nth(1)?.split(',').next()?),
            Self::Sql => (line.split('\'').nth(1)?, line.split(", ").nth(1)?.split(')').next()?),
            Self::Xml => (line.split('"').nth(1)?, line.split("<amount>").nth(1)?.split('<').next()?),
            Self::Log => (line.split(' ').nth(2)?, line.split(" took ").nth(1)?.split(' ').next()?),
            Self::Code => (line.split('(').nth(1)?.split(',').next()?, line.split(", ").nth(1)?.split(')').next()?),
        };
        Some((name, number.parse().ok()?))
    }
}

/// What a bug needs.
#[derive(Clone, Copy, Debug)]
enum Bug {
    /// A line for each of so many names.
    Names(u64),
    /// Lines of one name with at least this sum.
    Sum(u64),
    /// As many lines of one name as the number in a line of another.
    Limit,
    /// A sum of the numbers of one name with this remainder by 7, and at least so many lines.
    Remainder(u64, usize),
    /// An even number of lines of one name, and at least so many.
    Pairs(usize),
    /// A line with a number that is the sum of two others.
    Total,
    /// So many lines of one name; a number in a line of another stands for as many.
    Credit(u64),
}

impl Bug {
    fn shows(self, lines: &[(&str, u64)]) -> bool {
        let of = |name: &str| lines.iter().filter(|line| line.0 == name).map(|line| line.1).collect::<Vec<_>>();
        match self {
            Self::Names(count) => (0..count).all(|name| lines.iter().any(|line| line.0 == format!("n{name}"))),
            Self::Sum(least) => of("n1").iter().sum::<u64>() >= least,
            Self::Limit => of("n0").first().is_some_and(|limit| *limit > 0 && of("n1").len() as u64 >= *limit),
            Self::Remainder(rest, least) => of("n1").len() >= least && of("n1").iter().sum::<u64>() % 7 == rest,
            Self::Pairs(least) => of("n1").len() >= least && of("n1").len().is_multiple_of(2),
            Self::Credit(least) => of("n1").len() as u64 + of("n0").into_iter().max().unwrap_or_default() >= least,
            Self::Total => {
                let [of_one, of_two] = [of("n1"), of("n2")];
                let totals = of("n3");
                of_one.iter().any(|one| of_two.iter().any(|two| totals.contains(&(one + two))))
            }
        }
    }
}

struct Judge {
    kind: Kind,
    bug: Bug,
}

impl Judge {
    /// Whether the input is one at all, and shows the bug.
    fn fails(&self, text: &str) -> bool {
        let mut open = 0;
        if let Some((begin, end)) = self.kind.around() {
            for line in text.split_inclusive('\n') {
                open += i32::from(line.trim_start() == begin) - i32::from(line.trim_start() == end);
                let is_inside = self.kind.read(line).is_some();
                if !(0..=1).contains(&open) || is_inside && open != 1 {
                    return false;
                }
            }
        }
        open == 0 && self.bug.shows(&text.lines().filter_map(|line| self.kind.read(line)).collect::<Vec<_>>())
    }
}

impl Oracle<String> for Judge {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let fails = self.fails(&candidate.values().map(String::as_str).collect::<String>());
        if fails { Verdict::SAME } else { Verdict::Passed }
    }

    fn content(&self) -> &dyn Content<String> {
        &Plain
    }
}

fn input(kind: Kind, names: u64, lines: &[(u64, u64)]) -> String {
    let mut text = String::new();
    for part in lines.chunks(40) {
        let (begin, end) = kind.around().unwrap_or_default();
        text += begin;
        text.extend(part.iter().map(|(name, number)| kind.line(&format!("n{}", name % names), *number)));
        text += end;
    }
    text
}

#[test]
fn the_default_leaves_no_more_lines_than_verbatim() {
    let kind = prop_oneof![Just(Kind::Json), Just(Kind::Sql), Just(Kind::Xml), Just(Kind::Log), Just(Kind::Code)];
    let bug = prop_oneof![
        (1..8_u64).prop_map(Bug::Names),
        (50..90_000_u64).prop_map(Bug::Sum),
        Just(Bug::Limit),
        (0..7_u64, 1..6_usize).prop_map(|(rest, least)| Bug::Remainder(rest, least)),
        (1..40_usize).prop_map(Bug::Pairs),
        Just(Bug::Total),
        (200..500_u64).prop_map(Bug::Credit),
    ];
    let lines = prop::collection::vec((any::<u64>(), 0..300_u64), 30..1200);
    let tried = Cell::new(0);
    let mut runner = TestRunner::new(config(60, 7));
    let done = runner.run(&(kind, bug, 2..10_u64, lines), |(kind, bug, names, lines)| {
        let text = input(kind, names, &lines);
        let mut judge = Judge { kind, bug };
        if !judge.fails(&text) || judge.fails("") {
            return Ok(());
        }
        let mut left = |verbatim| {
            let items = Item::numbered(text.split_inclusive('\n').map(str::to_owned));
            let minimized = Minimizer::new().verbatim(verbatim).run(items, &mut judge, &mut ()).expect("it fails");
            (minimized.items.len(), minimized.items.iter().map(|item| item.value.clone()).collect::<String>())
        };
        let (default, verbatim) = (left(false), left(true));
        tried.set(tried.get() + 1);
        prop_assert!(default.0 <= verbatim.0, "{} lines:\n{}\n{}:\n{}", default.0, default.1, verbatim.0, verbatim.1);
        Ok(())
    });
    done.expect("no more lines");
    assert!(tried.get() > 20, "only {} inputs show their bug", tried.get());
}
