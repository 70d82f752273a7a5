//! Documents under positional patches: what is left of a long session is small, though each patch moves what follows.

use std::borrow::Cow;

use afresh::minimize::{Candidate, Content, Edit, Minimized, Oracle, Verdict, minimize};
use serde_json::{Value, json};

/// An editor that is strict: a patch outside of its text is another failure. The bug: it deletes a `é` together with
/// the letter before it, which an earlier patch has put there.
struct Editor {
    read: fn(&Value) -> Vec<Patch>,
}

/// A patch: the document, the offset, how many characters go, and which come.
struct Patch(String, usize, usize, String);

impl Oracle<String> for Editor {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let mut texts = std::collections::BTreeMap::<String, Vec<(char, u64)>>::new();
        for item in candidate.items() {
            let event = serde_json::from_str(&item.value).expect("what does not read back is not run");
            for Patch(document, at, delete, insert) in (self.read)(&event) {
                let text = texts.entry(document).or_default();
                if at + delete > text.len() {
                    let signature = afresh_core::Signature::new("outside", "");
                    return Verdict::Other { signature, at: Some(item.number) };
                }
                let gone: Vec<_> =
                    text.splice(at..at + delete, insert.chars().map(|char| (char, item.number))).collect();
                if gone.windows(2).any(|pair| pair[1].0 == 'é' && pair[0].1 != pair[1].1) {
                    return Verdict::same_at(item.number);
                }
            }
        }
        Verdict::Passed
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Editor {
    fn text<'e>(&self, event: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(event))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        let event: Value = serde_json::from_str(text).ok()?;
        let is_patch = event.get("at").is_none_or(Value::is_u64) && event.get("patches").is_none_or(Value::is_array);
        is_patch.then(|| text.to_owned())
    }
}

/// Draws a number from a generator with a fixed seed (xorshift).
fn draw(state: &mut u64, below: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state % below.max(1) as u64) as usize
}

/// Writes for so many patches: words at a cursor that now and then jumps, with corrections. The last patch shows the
/// bug.
fn session(patches: usize, documents: usize, event: fn(&Patch) -> Value) -> Vec<String> {
    let mut state = 0x5eed;
    let mut texts = vec![Vec::<char>::new(); documents];
    let mut cursors = vec![0; documents];
    let mut events = Vec::new();
    let mut put = |texts: &mut Vec<Vec<char>>, nth: usize, at: usize, delete: usize, insert: &str| {
        texts[nth].splice(at..at + delete, insert.chars());
        events.push(event(&Patch(format!("doc {nth}"), at, delete, insert.to_owned())).to_string());
    };
    for number in 0..patches {
        let nth = draw(&mut state, documents);
        if draw(&mut state, 20) == 0 {
            cursors[nth] = draw(&mut state, texts[nth].len() + 1);
        }
        let cursor = cursors[nth].min(texts[nth].len());
        if number == patches / 3 || draw(&mut state, 5) > 0 {
            let word = if number == patches / 3 { "é" } else { ["a", "of ", "the ", "reflow "][draw(&mut state, 4)] };
            put(&mut texts, nth, cursor, 0, word);
            cursors[nth] = cursor + word.chars().count();
        } else {
            // Deletes up to three letters, none of which is the one of the bug.
            let from = cursor.saturating_sub(1 + draw(&mut state, 3));
            if !texts[nth][from..cursor].contains(&'é') {
                put(&mut texts, nth, from, cursor - from, "");
                cursors[nth] = from;
            }
        }
    }
    let nth = texts.iter().position(|text| text.contains(&'é')).expect("a text has it");
    let at = texts[nth].iter().position(|char| *char == 'é').expect("it has one");
    put(&mut texts, nth, at - 1, 2, "");
    events
}

fn shrunk(events: &[String], read: fn(&Value) -> Vec<Patch>) -> Minimized<String> {
    let minimized = minimize(events, &mut Editor { read }).expect("it shows the bug");
    println!("{} events of {}, {} runs", minimized.items.len(), events.len(), minimized.runs);
    for item in &minimized.items {
        println!("  {}", item.value);
    }
    minimized
}

fn fields(event: &Value) -> Vec<Patch> {
    let number = |field: &str| event.get(field).and_then(Value::as_u64).unwrap_or_default() as usize;
    let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    vec![Patch(text("document"), number("at"), number("delete"), text("insert"))]
}

/// Three events are enough: a letter, the letter of the bug, and the patch that deletes both.
#[test]
fn a_long_session_becomes_three_patches() {
    let events = session(20_000, 1, |Patch(_, at, delete, insert)| {
        if insert.is_empty() { json!({"at": at, "delete": delete}) } else { json!({"at": at, "insert": insert}) }
    });
    let minimized = shrunk(&events, fields);
    assert_eq!(minimized.items.len(), 3);
    assert!(minimized.runs < 400, "{} runs", minimized.runs);
}

#[test]
fn each_document_has_offsets_of_its_own() {
    let events = session(
        2_000,
        3,
        |Patch(document, at, delete, insert)| json!({"document": document, "insert": insert, "at": at, "delete": delete}),
    );
    assert_eq!(shrunk(&events, fields).items.len(), 3);
}

#[test]
fn patches_can_be_arrays_and_several_in_an_event() {
    let single = session(2_000, 1, |Patch(_, at, delete, insert)| json!([at, delete, insert]));
    let pairs = single.chunks(2).map(|pair| format!(r#"{{"patches":[{}]}}"#, pair.join(",")));
    let minimized = shrunk(&pairs.collect::<Vec<_>>(), |event| {
        let patches = event["patches"].as_array().map_or(&[][..], Vec::as_slice);
        let number = |patch: &Value, nth: usize| patch[nth].as_u64().unwrap_or_default() as usize;
        let read = |patch: &Value| {
            let insert = patch[2].as_str().unwrap_or_default().to_owned();
            Patch(String::new(), number(patch, 0), number(patch, 1), insert)
        };
        patches.iter().map(read).collect()
    });
    assert!(minimized.items.len() <= 3);
}

/// An edit of the pass is written into the walk, and read back as the same.
#[test]
fn the_edit_of_a_walk_reads_back() {
    let text = r#"{"rebase":{"remove":[[2,7]],"fields":{"at":[".at",0],"insert":[".insert",0],"unit":"chars"}}}"#;
    let edit: Edit = serde_json::from_str(text).expect("it reads");
    assert_eq!(edit.removed(), [(2, 7)]);
    assert_eq!(serde_json::to_string(&edit).expect("it can be written"), text);
}

/// An oracle of a bug that needs these events, and how often the pass for patches has tried anything.
struct Needs {
    numbers: &'static [u64],
    rebased: usize,
}

impl Oracle<String> for Needs {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        self.rebased += usize::from(matches!(candidate.edit(), Edit::Rebase { .. }));
        let left: Vec<_> = candidate.items().map(|item| item.number).collect();
        if self.numbers.iter().all(|number| left.contains(number)) { Verdict::SAME } else { Verdict::Passed }
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Needs {
    fn text<'e>(&self, event: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(event))
    }
}

/// Numbers that only look like offsets take no runs: ids, amounts, and numbers that each sender counts.
#[test]
fn other_numbers_are_no_offsets() {
    let events = |event: fn(u64) -> Value| (0..400).map(|number| event(number).to_string()).collect::<Vec<_>>();
    let orders =
        events(|n| json!({"id": 1000 + n, "memo": format!("order {}", n * 7919 % 1000), "amount": n * 31 % 90}));
    let small = events(|n| json!({"amount": n * 31 % 20, "account": "a-1", "kind": "pay"}));
    let senders = events(|n| json!({"from": format!("s-{}", n % 3), "seq": n / 3, "op": "put"}));
    for events in [orders, small, senders] {
        let mut oracle = Needs { numbers: &[57, 203], rebased: 0 };
        let minimized = minimize(&events, &mut oracle).expect("it shows");
        assert_eq!((minimized.items.len(), oracle.rebased), (2, 0), "{}", events[0]);
    }
}
