//! A system whose messages are words with special effects, so that every situation of an engine fits on a line.

use std::collections::BTreeMap;

use afresh_core::{Beginning, Change, Flows, Input, Key, Name, Parts, Slot, System, Touched, Updated};
use serde::{Deserialize, Serialize};

/// The code of the system. By default it panics and rejects as the words below say; each flag is a change in another
/// deployed version.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Words {
    /// The code neither panics nor rejects any more.
    pub(crate) fixed: bool,
    /// `update` takes a late word for the newest.
    pub(crate) careless: bool,
    /// `update` panics.
    pub(crate) touchy: bool,
    /// `touched` says that no message touches any slot.
    pub(crate) forgetful: bool,
    /// `apply` counts each word twice.
    pub(crate) twice: bool,
    /// `apply` does not count the word `odd`.
    pub(crate) odd: bool,
    /// `initial` knows no state, not even of a complete history.
    pub(crate) blank: bool,
}

/// A word, said to some keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Say {
    pub(crate) keys: Vec<Key>,
    /// Some words have effects:
    ///
    /// * `boom` makes `apply` panic unless the flow `calm` is on
    /// * `wild` makes `keys` panic, `lost` makes `position` panic, `ugly` makes `view` panic
    /// * `bad` is rejected
    /// * `tell-b-hi` sends the key b the word `hi`; `tell-b-c-hi` sends it to b and c
    /// * `hush` empties the slot of the log, `mute` empties the slots of messages to other keys
    /// * `part-1.2` has the further parts 1 and 2 of a position
    /// * `echo-b` sends the key b a number, one more than the highest it heard: two keys that echo each other never
    ///   stop
    pub(crate) word: String,
    /// The position, in a story where all messages have one.
    pub(crate) at: Option<i64>,
}

/// The state of a key: the words that it has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) words: Vec<(String, Option<i64>)>,
    /// The number of words in all, which a window may not know.
    pub(crate) total: Option<u32>,
}

/// The view of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) words: String,
    pub(crate) total: Option<u32>,
}

impl Heard {
    fn text(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|(word, _)| word.as_str()).collect();
        words.join(" ")
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|(other, _)| other == word)
    }
}

impl System for Words {
    type In = Say;
    type Out = (String, Option<i64>);
    type State = Heard;
    type View = Shown;

    fn keys(&self, body: &Say) -> impl IntoIterator<Item = Key> {
        assert!(self.fixed || body.word != "wild", "no keys in wild");
        body.keys.clone()
    }

    fn apply(&self, _: &Key, heard: &mut Heard, input: Input<'_, Say>, flows: &Flows) {
        let word = &input.body.word;
        assert!(self.fixed || word != "boom" || flows.on("calm"), "boom");
        let word = if flows.on("loud") { word.to_uppercase() } else { word.clone() };
        let times = match self {
            Self { twice: true, .. } => 2,
            Self { odd: true, .. } if word == "odd" => 0,
            _ => 1,
        };
        heard.words.push((word, input.body.at));
        heard.total = heard.total.map(|total| total + times);
    }

    fn view(&self, _: &Key, heard: &Heard) -> Shown {
        assert!(self.fixed || !heard.has("ugly"), "nothing to show");
        Shown { words: heard.text(), total: heard.total }
    }

    fn outputs(&self, _: &Key, heard: &Heard, _: &Flows) -> BTreeMap<Slot, Self::Out> {
        let mut outputs = BTreeMap::new();
        if !heard.has("hush") {
            outputs.insert("log".into(), (heard.text(), None));
        }
        for (word, at) in heard.words.iter().filter(|_| !heard.has("mute")) {
            if let Some((to, said)) = word.strip_prefix("tell-").and_then(|told| told.rsplit_once('-')) {
                outputs.insert(format!("tell-{to}").into(), (said.to_owned(), *at));
            }
            if let Some(to) = word.strip_prefix("echo-") {
                let heard = heard.words.iter().filter_map(|(word, _)| word.parse::<u32>().ok());
                let next = heard.max().unwrap_or(0) + 1;
                outputs.insert(format!("tell-{to}").into(), (next.to_string(), *at));
            }
        }
        outputs
    }

    fn touched(&self, _: &Key, _: &Heard, _: Input<'_, Say>, _: &mut Vec<Slot>) -> Touched {
        if self.forgetful { Touched::Added } else { Touched::All }
    }

    fn update(&self, _: &Key, heard: &mut Heard, change: Change<'_, Say>, _: &Flows) -> Updated {
        assert!(!self.touchy, "touched");
        let (true, Change::Late(late)) = (self.careless, change) else { return Updated::FoldAgain };
        heard.words.push((late.body.word.clone(), late.body.at));
        heard.total = heard.total.map(|total| total + 1);
        Updated::Done
    }

    fn position(&self, body: &Say) -> Option<i64> {
        assert!(self.fixed || body.word != "lost", "lost its place");
        body.at
    }

    fn subposition(&self, body: &Say) -> impl IntoIterator<Item = i64> {
        let parts = body.word.strip_prefix("part-").unwrap_or_default();
        parts.split('.').filter_map(|part| part.parse().ok()).collect::<Vec<_>>()
    }

    fn admit(&self, body: &Say) -> Result<(), String> {
        if body.word == "bad" && !self.fixed { Err("a bad word".to_owned()) } else { Ok(()) }
    }

    fn initial(&self, key: &Key, beginning: Beginning) -> Option<Heard> {
        assert!(self.fixed || *key != "unborn", "never born");
        match beginning {
            Beginning::Birth if self.blank => None,
            Beginning::Birth => Some(Heard { words: Vec::new(), total: Some(0) }),
            Beginning::Window => None,
        }
    }

    fn learn(&self, _: &Key, heard: &mut Heard, view: &Shown) -> bool {
        if heard.words.is_empty() {
            heard.words = view.words.split_whitespace().map(|word| (word.to_owned(), None)).collect();
            heard.total = view.total;
        }
        heard.total = heard.total.or(view.total);
        view.words != "?"
    }

    fn change_field(&self, _: &Key, heard: &mut Heard, field: u32) -> bool {
        heard.total = heard.total.map(|total| total + 1 + field);
        heard.total.is_some()
    }

    fn compare(&self, key: &Key, heard: &Heard, view: &Shown) -> Parts {
        let parts = Parts::default().part("words", self.view(key, heard).words == view.words);
        match heard.total {
            Some(_) => parts.part("total", heard.total == view.total),
            None => parts.unknown("total"),
        }
    }

    fn route(&self, _: &Key, slot: &Slot, (word, at): &Self::Out) -> Option<Say> {
        let keys = slot.as_str().strip_prefix("tell-")?.split('-').map(Key::from).collect();
        Some(Say { keys, word: word.clone(), at: *at })
    }

    fn variant(&self, name: &Name) -> Option<Self> {
        let fixed = match name.as_str() {
            "fixed" => true,
            "broken" => false,
            _ => return None,
        };
        Some(Self { fixed, ..*self })
    }

    fn restate(&self, _: &Key, history: &[Input<'_, Say>], flows: &Flows) -> Option<Shown> {
        let words: Vec<_> = history.iter().map(|input| input.body.word.as_str()).collect();
        let words = if flows.on("loud") { words.join(" ").to_uppercase() } else { words.join(" ") };
        Some(Shown { words, total: u32::try_from(history.len()).ok() })
    }
}
