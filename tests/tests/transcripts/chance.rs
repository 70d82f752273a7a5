//! Systems that depend on more than their messages, each in a common way. The law `determinism` must name them.

use std::collections::BTreeMap;

use afresh::check::{Options, check};
use afresh::{Loaded, laws};
use afresh_core::{Event, EventNumber, Flows, Header, Input, Key, Message, Slot, Stimulus, System, What};

/// The source of a system's answers.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The message.
    Message,
    /// The order of a hash map.
    HashOrder,
    /// The address of its state.
    Address,
    /// The clock of the machine.
    Clock,
}

/// A system that answers the last message about a key.
#[derive(Clone, Debug)]
struct Chance(Source);

impl System for Chance {
    type In = String;
    type Out = String;
    type State = Vec<String>;
    type View = String;

    fn keys(&self, _: &String) -> impl IntoIterator<Item = Key> {
        ["a".into()]
    }

    fn apply(&self, _: &Key, told: &mut Vec<String>, input: Input<'_, String>, _: &Flows) {
        told.push(match self.0 {
            Source::Message => input.body.clone(),
            Source::HashOrder => first_of_a_hash_map(input.body),
            Source::Address => format!("{:p}", std::ptr::from_ref(told)),
            Source::Clock => now(),
        });
    }

    fn view(&self, _: &Key, told: &Vec<String>) -> String {
        told.join(" ")
    }

    fn outputs(&self, key: &Key, told: &Vec<String>, _: &Flows) -> BTreeMap<Slot, String> {
        BTreeMap::from([("answer".into(), self.view(key, told))])
    }
}

#[expect(clippy::disallowed_types, reason = "it is the mistake")]
fn first_of_a_hash_map(text: &str) -> String {
    let words: std::collections::HashMap<_, _> = text.split(' ').map(|word| (word, ())).collect();
    words.into_keys().next().unwrap_or_default().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "it is the mistake")]
fn now() -> String {
    format!("{:?}", std::time::SystemTime::now())
}

#[test]
fn what_no_message_says_is_named_by_the_law() {
    let message = |id: &str| Stimulus::In(Message::new("shop", id, "one two three four five six seven".to_owned()));
    let stimuli = [message("m1"), message("m2"), message("m3")];
    assert_eq!(laws::determinism(&Chance(Source::Message), &stimuli), Ok(()));
    for source in [Source::HashOrder, Source::Address, Source::Clock] {
        let violation = laws::determinism(&Chance(source), &stimuli).expect_err("two runs differ");
        assert!(violation.to_string().contains("the runs differ at event"), "{source:?}: {violation}");
    }
}

#[test]
fn a_check_names_the_key_whose_state_its_messages_do_not_say() {
    let message = |number: u32| {
        let message = Message::new("shop", format!("m{number}"), "one two three four five six seven".to_owned());
        let number = EventNumber::new(number).expect("not 0");
        Event { number, cause: None, at: None, what: What::Stimulus(Stimulus::In(message)) }
    };
    let trace = Loaded::<Chance>::new(Header::complete("chance"), (1..=9).map(message).collect());
    assert!(check(&Chance(Source::Message), &trace, Options::default()).is_clean());
    let report = check(&Chance(Source::HashOrder), &trace, Options::default());
    let found: Vec<_> = report.findings.iter().map(|finding| finding.signature.to_string()).collect();
    assert_eq!(found, ["determinism"], "no other bug is made of it");
    assert_eq!(report.findings[0].first.key, Some("a".into()));
}
