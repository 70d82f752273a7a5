//! Transcripts of laws: each shows how a mistake breaks its law, the message then, and that the law holds without the
//! mistake.
//!
//! A transcript states the law, followed by blocks that are separated by empty lines. A block has comments, commands,
//! `----`, and a result. The last command is the name of the law, and the result is its verdict on the commands
//! before it. All commands are about the tills of [`tills`].
//!
//! ```text
//! // A comment.
//! sale m1 a 5 @1       message m1: till a sold something for 5 at time 1
//! sale m1 r2 a 6 @1    the same message, in its second revision
//! withdraw m1 r2       the sale is withdrawn
//! migrate bags on      the flow `bags` is turned on, and a bag is charged with every sale; also `off`
//! order                the name of a law, followed by a mistake if there is one
//! ----
//! it holds
//! ```
//!
//! `AFRESH_UPDATE_DOCS=1 cargo test --package afresh-tests --test all transcripts` writes the actual results into the
//! transcripts.

mod chance;
mod tills;

use std::fs;
use std::path::{Path, PathBuf};

use afresh::laws::{self, Held, LawViolation, StimulusOf};
use afresh_core::{Knob, Message, Stimulus};
use afresh_tests::root;
use serde_json::Value;
use similar::TextDiff;
use tills::{In, Mistake, Tills};

const UPDATE: &str = "AFRESH_UPDATE_DOCS";

/// The law that is checked in every step of every run, unlike those in [`laws::NAMES`].
const EVERYWHERE: &str = "outputs";

#[test]
fn every_transcript_goes_as_it_says() {
    for law in laws() {
        let path = path(law);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (law_in_words, blocks) = parts(&text);
        let told = blocks.fold(law_in_words.to_owned(), |told, block| told + "\n\n" + &tell(block)) + "\n";
        if told != text && std::env::var_os(UPDATE).is_some() {
            fs::write(&path, told).expect("the transcript is written");
            continue;
        }
        let diff = TextDiff::from_lines(&text, &told);
        assert!(told == text, "{law} goes otherwise:\n{}", diff.unified_diff());
    }
}

#[test]
fn every_law_is_broken_in_its_transcript_and_then_holds() {
    let guide = fs::read_to_string(root().join("docs/testing.md")).expect("the guide is there");
    for law in laws() {
        let text = fs::read_to_string(path(law)).unwrap_or_else(|error| panic!("{law} has no transcript: {error}"));
        let (mut broken, mut held) = (None, None);
        for block in parts(&text).1 {
            let (commands, outcome) = block.split_once("\n----\n").expect("a block has an outcome");
            let [asked, mistake @ ..] = &*words(commands.lines().last().expect("a law")) else { unreachable!() };
            assert_eq!(*asked, law, "it is about this law");
            let held_here = outcome.trim_end() == HOLDS;
            assert_eq!(held_here, mistake.is_empty(), "{law}: without a mistake it holds, and else it does not");
            *(if held_here { &mut held } else { &mut broken }) = Some(stimuli_of(commands));
        }
        assert!(broken.is_some() && broken == held, "{law}: of the same messages it is broken and holds");
        let link = format!("(../tests/tests/transcripts/{law}.txt)");
        assert!(guide.contains(&link), "docs/testing.md points at {link}");
    }
}

#[test]
fn every_transcript_is_of_a_law() {
    let mut laws: Vec<_> = laws().map(str::to_owned).collect();
    laws.sort();
    assert_eq!(stems(&folder(), "txt"), laws);
}

/// Also finds laws that are implemented but not yet in the list of names.
#[test]
fn every_file_of_a_law_has_a_transcript() {
    let files = stems(&root().join("sim/check/src/laws"), "rs").into_iter();
    let of_laws = files.filter(|file| !["violation", "mod", "table"].contains(&&**file));
    let untold: Vec<_> = of_laws.filter(|file| !laws().any(|law| law.starts_with(&**file))).collect();
    assert!(untold.is_empty(), "there is no transcript of {untold:?}");
}

/// Returns the sorted names of the files with this extension in a folder, without the extension.
fn stems(folder: &Path, extension: &str) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.extension().is_some_and(|of| of == extension));
    let mut stems: Vec<_> = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    stems.sort();
    stems
}

fn laws() -> impl Iterator<Item = &'static str> {
    laws::NAMES.into_iter().chain([EVERYWHERE])
}

fn folder() -> PathBuf {
    root().join("tests/tests/transcripts")
}

fn path(law: &str) -> PathBuf {
    folder().join(Path::new(law)).with_extension("txt")
}

/// Splits a transcript into the statement of its law and the blocks.
fn parts(text: &str) -> (&str, impl Iterator<Item = &str>) {
    let mut parts = text.trim_end().split("\n\n");
    (parts.next().expect("a text has a first part"), parts)
}

const HOLDS: &str = "it holds";

/// Returns a block with the current verdict of its law.
fn tell(block: &str) -> String {
    let commands = block.split_once("\n----").map_or(block, |(commands, _)| commands);
    let law = commands.lines().last().expect("a block ends with a law");
    let [law, mistake @ ..] = &*words(law) else { panic!("no law") };
    let mistake = mistake.first().map(|name| {
        let named = Mistake::ALL.into_iter().find(|(other, _)| other == name);
        named.unwrap_or_else(|| panic!("there is no mistake {name}")).1
    });
    let tills = Tills::new(mistake);
    let stimuli = stimuli_of(commands);
    let held = match *law {
        EVERYWHERE => laws::outputs(&tills, &stimuli),
        law => laws::ask(law, &tills, &stimuli).unwrap_or_else(|| panic!("there is no law {law}")),
    };
    format!("{commands}\n----\n{}", outcome(held))
}

fn outcome(held: Held) -> String {
    let Err(violation) = held else { return HOLDS.to_owned() };
    let LawViolation { part, key, found, versus, .. } = *violation;
    let on = if part.is_empty() { part } else { format!(" on {part}") };
    let of = key.map_or(String::new(), |key| format!(" of {key}"));
    let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let versus = versus.map_or(String::new(), |versus| {
        format!("\n{}: {}\n{}: {}", versus.left, text(versus.left_value), versus.right, text(versus.right_value))
    });
    format!("broken{on}{of}: {found}{versus}")
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Returns the stimuli of the commands before the law.
fn stimuli_of(commands: &str) -> Vec<StimulusOf<Tills>> {
    let lines: Vec<_> = commands.lines().filter(|line| !line.starts_with("//")).collect();
    let (_law, before) = lines.split_last().expect("a block ends with a law");
    before.iter().map(|line| stimulus(line)).collect()
}

fn stimulus(line: &str) -> StimulusOf<Tills> {
    let revision = |word: &str| word.strip_prefix('r').and_then(|number| number.parse().ok());
    let message =
        |id: &str, revision, body| Stimulus::In(Message { from: "shop".into(), id: id.into(), revision, body });
    match *words(line) {
        ["sale", id, till, amount, on] => message(id, 1, Some(sale(till, amount, on))),
        ["sale", id, revised, till, amount, on] => {
            message(id, revision(revised).expect("a revision"), Some(sale(till, amount, on)))
        }
        ["withdraw", id, revised] => message(id, revision(revised).expect("a revision"), None),
        ["migrate", flow, on] => {
            let (by, why) = ("somebody".into(), String::new());
            Stimulus::Knob(Box::new(Knob::Migrate { flow: flow.into(), keys: None, on: on == "on", by, why }))
        }
        _ => panic!("there is no command {line:?}"),
    }
}

fn sale(till: &str, amount: &str, on: &str) -> In {
    let on = on.strip_prefix('@').and_then(|on| on.parse().ok()).expect("a time");
    In::Sale { till: till.into(), amount: amount.parse().expect("an amount"), on }
}
