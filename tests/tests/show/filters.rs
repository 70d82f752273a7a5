//! Tests of the conditions that select events.

use super::folder;

/// Returns the numbers of the events shown. An event that was not recorded appears as its kind after a plus.
fn shown(trace: &str, words: &[&str]) -> String {
    let report = folder().json("show", &[&["show", trace], words].concat());
    let events = report["events"].as_array().unwrap().iter().map(|event| match &event["number"] {
        serde_json::Value::Null => format!("+{}", event["kind"].as_str().unwrap()),
        number => number.to_string(),
    });
    events.collect::<Vec<_>>().join(" ")
}

#[test]
fn by_key_with_those_that_messages_were_routed_to() {
    assert_eq!(shown("in.jsonl", &["--key", "a-2"]), "5 +out");
    assert_eq!(shown("in.jsonl", &["--key", "a-3"]), "6 +rejected");
    assert_eq!(shown("in.jsonl", &["--key", "a-2", "--key", "a-3"]), "5 +out 6 +rejected");
}

#[test]
fn by_message_with_what_it_caused() {
    assert_eq!(shown("in.jsonl", &["--message", "m-6"]), "6 +rejected");
    assert_eq!(shown("in.jsonl", &["--message", "m-5@bank", "--message", "m-1"]), "1 +out 5 +out +out +out");
    assert_eq!(shown("recorded.jsonl", &["--message", "m-1"]), "1 2 3");
    assert_eq!(shown("recorded.jsonl", &["--message", "a-2/balance"]), "17");
}

#[test]
fn by_kind_and_range_and_all_at_once() {
    assert_eq!(shown("recorded.jsonl", &["--kind", "in", "--kind", "rejected"]), "1 4 7 10 14 20 21");
    assert_eq!(shown("recorded.jsonl", &["--range", "4..6"]), "4 5 6");
    assert_eq!(shown("recorded.jsonl", &["--range", "4..17", "--kind", "out", "--key", "a-1"]), "5 8 11 12 15 16");
    assert_eq!(shown("in.jsonl", &["--kind", "out", "--range", "..1"]), "+out");
}

#[test]
fn a_name_that_the_trace_does_not_have_is_refused() {
    let folder = folder();
    for trace in ["in.jsonl", "recorded.jsonl"] {
        for (words, said) in [
            (&["--key", "a-9"][..], "unknown key `a-9`: expected `a-1`, `a-2` or `a-3`\n  help: did you mean `a-1`? "),
            (&["--key", "a-1", "--key", "b-2"], "unknown key `b-2`: expected `a-2`, `a-1` or `a-3`\n"),
            (&["--key", "a-9", "--range", "1..2"], "unknown key `a-9`: "),
            (&["--key", "a-9", "--format", "json"], "unknown key `a-9`: "),
            (&["--message", "m-7"], "unknown message `m-7`: expected `m-1`, "),
            (&["--message", "m-5@shop"], "unknown message `m-5@shop`: expected `m-2@shop`, "),
        ] {
            let heard = folder.run(&[&["show", trace], words].concat());
            assert_eq!(heard.code, Some(2), "{}", heard.stderr);
            assert!(heard.stderr.starts_with(&format!("afresh: {trace}: {said}")), "{}", heard.stderr);
            // The trace is shown while it is read, so the events of the known names are shown already.
            assert_eq!(heard.stdout.is_empty(), !words.contains(&"a-1"), "{}", heard.stdout);
        }
        // A name that comes later in the trace is known.
        assert_eq!(shown(trace, &["--key", "a-3", "--range", "1..2"]), "");
        assert_eq!(shown(trace, &["--message", "m-6", "--range", "1..2"]), "");
    }
}

#[test]
fn a_node_that_the_world_does_not_have_is_refused() {
    let folder = afresh_tests::Folder::default();
    folder.ok(&["run", "replica", "--seed", "2", "--output", "run.jsonl"]);
    for (words, said) in [
        (&["--key", "bakcup"][..], "unknown key `bakcup`: expected `backup`, "),
        (&["--message", "i-x", "--range", "1..2"], "unknown message `i-x`: expected "),
    ] {
        let heard = folder.refused(&[&["show", "run.jsonl"], words].concat());
        assert!(heard.starts_with(&format!("afresh: run.jsonl: {said}")), "{heard}");
    }
    folder.ok(&["show", "run.jsonl", "--key", "backup", "--range", "1..1"]);
}

#[test]
fn what_is_no_condition_is_refused() {
    let folder = folder();
    for [condition, value] in [["--kind", "inn"], ["--range", "9..3"], ["--range", "0"], ["--range", "all"]] {
        let said = folder.refused(&["show", "in.jsonl", condition, value]);
        assert!(said.contains(value), "{said}");
    }
}
