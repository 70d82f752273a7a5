//! Simpler forms of a value, in the order in which they are tried.

use super::sites::Kind;

/// The precision of the length of a text: cutting off fewer characters than this is not worth a run.
const CHARS_MIN: u128 = 8;

/// The most sizes to try for one value.
///
/// This is enough to find a bound of some thousand exactly. To find the exact bound of a time would take three times as
/// many tries, and save only a few digits.
const TRIES: u32 = 17;

/// The most sizes to try for a number if others like it have depended on others.
const TRIES_WARY: u32 = 8;

/// The number of sizes that may be too small before the least possible change is tried. If even that fails, the value
/// can be no smaller: mostly it must equal a value of another event.
const TOO_SMALL: u32 = 2;

/// The next change that is tried after the least one. If that is too much, the value depends on others, and there is no
/// point in a search among all sizes.
const STEP: u128 = 16;

/// Proposes simpler values for one value, and is told whether each was accepted.
///
/// A number is bisected toward 0. A text becomes empty or a single letter, or is cut at a length that bisection finds.
/// A text without blanks may be a name, which is never made empty.
#[derive(Clone, Debug)]
pub(super) struct Simpler {
    /// The values to try before bisection, the next one last.
    first: Vec<String>,
    /// The largest size known to be too small, and the smallest size known to be enough.
    bounds: (u128, u128),
    form: Form,
    /// The size proposed last, if it came from bisection.
    proposed: Option<u128>,
    /// How many more sizes may be tried.
    tries: u32,
    phase: Phase,
    /// The number of sizes that may be too small before the least possible change is tried.
    patience: u32,
    /// Whether the least possible change was tried.
    depends: bool,
    found: bool,
}

/// How far the search for the size of a value has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No size was enough yet, and so many were too small.
    Fails(u32),
    /// The least possible change was enough, and no greater one was tried.
    Creeps,
    /// A size was enough: all that is left is to find the smallest one.
    Bisects,
    /// The value can be no smaller.
    Stays,
}

#[derive(Clone, Debug)]
enum Form {
    /// A number with this sign. Its size is its absolute value.
    Number(&'static str),
    /// A text. Its size is its length in characters.
    Text(Vec<char>),
    Other,
}

impl Simpler {
    /// Creates the proposals for `content`, the value as it is written. A text that may have to differ from others is
    /// also tried as `letter`.
    pub(super) fn new(kind: Kind, content: &str, letter: Option<&str>) -> Self {
        let mut simpler = Self {
            first: Vec::new(),
            bounds: (0, 0),
            form: Form::Other,
            proposed: None,
            tries: TRIES,
            phase: Phase::Fails(0),
            patience: TOO_SMALL,
            depends: false,
            found: false,
        };
        match kind {
            Kind::Number => simpler.number(content),
            Kind::Text => simpler.text(content, letter),
            Kind::Object | Kind::Array | Kind::Word => {}
        }
        // No run is needed to know that these are no simpler.
        simpler.first.retain(|first| first.len() <= content.len() && first != content);
        simpler
    }

    /// Never proposes the empty text, which names nothing.
    pub(super) fn not_empty(mut self) -> Self {
        self.first.retain(|first| first != "\"\"");
        self
    }

    /// Tries fewer sizes of a number, and the least possible change right after 0, because numbers like it have
    /// depended on others.
    pub(super) fn wary(mut self) -> Self {
        if matches!(self.form, Form::Number(_)) {
            self.patience = 0;
            self.tries = TRIES_WARY;
            self.first.retain(|first| first == "0");
        }
        self
    }

    /// Returns whether the value is a number that seems to depend on others, because the least possible change had to
    /// be tried.
    pub(super) fn depends(&self) -> bool {
        matches!(self.form, Form::Number(_)) && self.depends
    }

    fn number(&mut self, content: &str) {
        let (sign, digits) = content.strip_prefix('-').map_or(("", content), |digits| ("-", digits));
        self.first.extend((!sign.is_empty()).then(|| digits.to_owned()));
        let amount = match digits.parse::<u128>() {
            Ok(amount) => amount,
            Err(_) => {
                let Some(whole) = digits.parse::<f64>().ok().filter(|whole| *whole < 1e30) else { return };
                // The fraction is cut off.
                let whole = whole as u128;
                self.first.push(format!("{sign}{whole}"));
                whole
            }
        };
        self.first.push("0".to_owned());
        self.form = Form::Number(if sign.is_empty() { "" } else { "-" });
        self.bounds = (0, amount);
    }

    fn text(&mut self, content: &str, letter: Option<&str>) {
        let Ok(text) = serde_json::from_str::<String>(content) else { return };
        let chars: Vec<char> = text.chars().collect();
        self.first.extend(letter.filter(|letter| *letter != "a").map(quoted));
        self.first.push(quoted("a"));
        self.first.extend(text.contains(char::is_whitespace).then(|| quoted("")));
        // A text of one character was already tried.
        self.bounds = (1, chars.len() as u128);
        self.form = Form::Text(chars);
    }

    /// Returns the next value to try, if any.
    pub(super) fn next(&mut self) -> Option<String> {
        if self.found {
            return None;
        }
        if let Some(first) = self.first.pop() {
            self.proposed = None;
            return Some(first);
        }
        let (too_small, enough) = self.bounds;
        let precision = if matches!(self.form, Form::Text(_)) { CHARS_MIN } else { 1 };
        if enough.saturating_sub(too_small) <= precision || self.phase == Phase::Stays {
            return None;
        }
        self.tries = self.tries.checked_sub(1)?;
        let size = match (&self.form, self.phase) {
            (_, Phase::Fails(sizes)) if sizes == self.patience => enough - 1,
            (Form::Number(_), Phase::Creeps) if enough - too_small > STEP => enough - STEP,
            (Form::Number(_), _) => middle(too_small, enough),
            (Form::Text(_), _) => too_small + (enough - too_small) / 2,
            (Form::Other, _) => return None,
        };
        let content = match &self.form {
            Form::Number(sign) => format!("{sign}{size}"),
            Form::Text(chars) => quoted(&chars.iter().take(size as usize).collect::<String>()),
            Form::Other => return None,
        };
        self.proposed = Some(size);
        Some(content)
    }

    /// Tells whether the value proposed last was accepted.
    pub(super) fn judged(&mut self, accepted: bool) {
        let is_least = self.phase == Phase::Fails(self.patience);
        self.depends |= is_least && self.proposed.is_some();
        match (self.proposed, accepted) {
            (Some(size), true) => {
                (self.bounds.1, self.phase) = (size, if is_least { Phase::Creeps } else { Phase::Bisects });
            }
            (Some(size), false) => {
                self.bounds.0 = size;
                self.phase = match self.phase {
                    _ if is_least => Phase::Stays,
                    Phase::Creeps => Phase::Bisects,
                    Phase::Fails(sizes) => Phase::Fails(sizes + 1),
                    phase => phase,
                };
            }
            // The number is simpler without its sign, and may be made smaller still.
            (None, true) if matches!(self.form, Form::Number("-")) && self.first.is_empty() => {
                self.form = Form::Number("");
            }
            (None, true) => self.found = true,
            (None, false) => {}
        }
    }
}

/// Returns the size to try next: bisects by magnitude while the bounds are far apart.
fn middle(too_small: u128, enough: u128) -> u128 {
    match too_small {
        // If 0 is too small, 1 is the most likely.
        0 => 1,
        _ if enough / too_small >= 4 => too_small << ((enough.ilog2() - too_small.ilog2()) / 2),
        _ => too_small + (enough - too_small) / 2,
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the values tried for `content`, and the smallest one that `is_enough` accepts.
    fn search(kind: Kind, content: &str, is_enough: impl Fn(&str) -> bool) -> (Vec<String>, String) {
        let mut simpler = Simpler::new(kind, content, None);
        let (mut tried, mut left) = (Vec::new(), content.to_owned());
        while let Some(next) = simpler.next() {
            let accepted = is_enough(&next);
            simpler.judged(accepted);
            tried.push(next.clone());
            if accepted {
                left = next;
            }
        }
        (tried, left)
    }

    #[test]
    fn numbers_are_bisected_toward_zero() {
        let number = |least: i64| move |text: &str| text.parse::<i64>().is_ok_and(|number| number >= least);
        assert_eq!(search(Kind::Number, "1375", number(-3)), (vec!["0".into()], "0".into()));
        assert_eq!(search(Kind::Number, "1375", number(1)).1, "1");
        let (tried, left) = search(Kind::Number, "1375", number(640));
        assert_eq!((tried.len(), left.as_str()), (18, "640"));
        assert_eq!(search(Kind::Number, "1375", number(1375)).0, ["0", "1", "32", "1374"]);
        assert!(search(Kind::Number, "1773478805466", number(1_773_478_801_000)).0.len() <= 18);
        assert_eq!(search(Kind::Number, "1773478805466", number(3)).1, "3");
        assert_eq!(search(Kind::Number, "-250", |text| text.starts_with('-')).1, "-1");
        assert_eq!(search(Kind::Number, "-250", |text| text == "250").1, "250");
        assert_eq!(search(Kind::Number, "2.5e1", |text| text == "25").1, "25");
        assert!(search(Kind::Number, "1e400", |_| false).0.len() < 200, "a number that is too large is left alone");
    }

    #[test]
    fn texts_become_empty_or_one_letter_or_shorter() {
        let text = |least: usize| move |text: &str| text.len() >= least + 2;
        assert_eq!(search(Kind::Text, "\"no fee\"", text(0)).0, ["\"\""]);
        assert_eq!(search(Kind::Text, "\"no fee\"", text(1)).0, ["\"\"", "\"a\""]);
        assert_eq!(search(Kind::Text, "\"reverse\"", text(0)).0, ["\"a\""], "a name never becomes empty");
        assert_eq!(search(Kind::Text, "\"reverse\"", text(7)).0, ["\"a\""]);
        assert_eq!(search(Kind::Text, "\"reconsider\"", text(10)).0, ["\"a\"", "\"recon\""]);
        let left = search(Kind::Text, "\"0123456789012345678901234567890123456789\"", text(11)).1;
        assert!((13..=21).contains(&left.len()), "{left}");
        assert_eq!(search(Kind::Word, "null", |_| true).0, [""; 0]);
    }
}
