//! The thirteen shrinking challenges: a search must end at the smallest known value, in few runs.

mod oracles;

use afresh::minimize::{Candidate, Content, Item, Minimizer, Oracle, Verdict};
use serde_json::Value;

use self::oracles::{ALL, Challenge};
use super::Plain;

/// How many inputs each challenge has, in each of the two forms.
const INPUTS: u64 = 10;

/// Random numbers from a seed (Steele and others, 2014: SplitMix).
struct Dice(u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(from.abs_diff(to) + 1).cast_signed()
    }
}

/// How a value is written to a file.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// As one line.
    Json,
    /// Each element of the outer array as a line.
    Lines,
}

/// An oracle that judges text as a command would.
struct Judge<'a> {
    challenge: &'a Challenge,
    form: Form,
    runs: u64,
}

impl Judge<'_> {
    fn read(&self, lines: &[&str]) -> Option<Value> {
        match self.form {
            Form::Json => serde_json::from_str(&lines.concat()).ok(),
            Form::Lines => lines.iter().map(|line| serde_json::from_str::<Value>(line).ok()).collect(),
        }
    }
}

impl Oracle<String> for Judge<'_> {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        self.runs += 1;
        let lines: Vec<_> = candidate.values().map(String::as_str).collect();
        let fails = self.read(&lines).is_some_and(|value| (self.challenge.fails)(&value));
        if fails { Verdict::SAME } else { Verdict::Passed }
    }

    fn content(&self) -> &dyn Content<String> {
        &Plain
    }
}

/// Shrinks the input with this seed. Returns what is left, and the number of runs.
fn shrunk(challenge: &Challenge, form: Form, seed: u64) -> (Option<Value>, u64) {
    let mut dice = Dice(seed);
    let value = std::iter::repeat_with(|| (challenge.draw)(&mut dice)).find(|value| (challenge.fails)(value));
    let value = value.expect("there is always another");
    let lines: Vec<String> = match (form, value.as_array()) {
        (Form::Lines, Some(elements)) => elements.iter().map(|element| format!("{element}\n")).collect(),
        _ => vec![format!("{value}\n")],
    };
    let mut judge = Judge { challenge, form, runs: 0 };
    let minimized = Minimizer::new().run(Item::numbered(lines), &mut judge, &mut ()).expect("it fails");
    let left: Vec<_> = minimized.items.iter().map(|item| item.value.as_str()).collect();
    (judge.read(&left), judge.runs)
}

#[test]
fn nine_of_ten_searches_end_at_the_smallest_known_value() {
    let (mut right, mut few) = (0, 0);
    for challenge in &ALL {
        let smallest = (challenge.smallest)();
        for form in [Form::Json, Form::Lines] {
            let (mut found, mut runs, mut wrong) = (0, Vec::new(), Vec::new());
            for seed in 0..INPUTS {
                let (left, evaluations) = shrunk(challenge, form, seed);
                runs.push(evaluations);
                match left.filter(|left| !smallest.contains(left)) {
                    Some(left) => wrong.push(left.to_string()),
                    None => found += 1,
                }
            }
            let form = if form == Form::Json { "one line" } else { "lines" };
            let (name, mean, limit) = (challenge.name, runs.iter().sum::<u64>() / INPUTS, challenge.evaluations);
            println!("{name:30} {form:8} {found:2} right, {mean:3} runs on average, {limit:4} elsewhere {wrong:?}");
            few += u32::from(mean <= limit);
            right += found;
        }
    }
    println!("{right} right; {few} of {} rows within the runs of other libraries", ALL.len() * 2);
    assert!(right * 10 >= ALL.len() as u64 * 2 * INPUTS * 9, "only {right} are right");
    assert!(few >= 26, "{few} rows");
}
