//! Messages that do not count are in the verdict of `check` and of `replay`.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::deposit;

/// Two messages that the ledger rejects, one that conflicts, one that is stale, and four that count.
fn night() -> Folder {
    let folder = Folder::default();
    let revised = deposit(1, "a", 120, 1).replace(r#""from":"bank""#, r#""from":"bank","revision":3"#);
    let stale = revised.replace(r#""revision":3"#, r#""revision":2"#);
    folder.trace(
        "night.jsonl",
        "ledger",
        &[
            deposit(1, "a", 100, 1),
            deposit(2, "a", 0, 2),
            deposit(3, "a", 30, 3),
            deposit(3, "a", 31, 3),
            deposit(4, "a", -5, 4),
            revised,
            stale,
            deposit(3, "a", 30, 3),
        ],
    );
    folder
}

#[test]
fn the_first_line_counts_them_and_the_first_of_each_kind_is_named() {
    let folder = night();
    assert_snapshot!(folder.ok(&["check", "night.jsonl"]), @"
    night.jsonl: ok: 8 stimuli, 1 key; 2 rejected, 1 conflicting, 1 stale
      compared 3 steps, each recomputed from the first message; 3 of them restated
      messages: 0 late, 1 duplicate, 1 revised, 0 withdrawn; `update` ran 1 time: 1 `Done`, 0 `FoldAgain`
      rejected, first: night.jsonl:3: event 2: message m-2 from bank does not count: an amount of 0 is not positive
      conflicting, first: night.jsonl:5: event 4: message m-3 from bank does not count: event 3 has this revision with another body
      stale, first: night.jsonl:8: event 7: message m-1 from bank does not count: event 6 has a higher revision
    ");
    assert_snapshot!(folder.ok(&["replay", "night.jsonl"]), @"
    night.jsonl: runs; the trace recorded nothing to compare; 8 stimuli, 1 key, digest b5e4b2cd2abbaa0fe794ba4ee077f40a; 2 rejected, 1 conflicting, 1 stale
      rejected, first: night.jsonl:3: event 2: message m-2 from bank does not count: an amount of 0 is not positive
      conflicting, first: night.jsonl:5: event 4: message m-3 from bank does not count: event 3 has this revision with another body
      stale, first: night.jsonl:8: event 7: message m-1 from bank does not count: event 6 has a higher revision
    ");
}

#[test]
fn a_conflict_names_an_event_by_the_number_that_show_gives() {
    let folder = night();
    let shown = folder.ok(&["show", "night.jsonl", "--range", "3..8"]);
    assert_snapshot!(shown, @r#"
    night.jsonl: the whole history of ledger
           3  in          m-3 from bank [a] {"deposit":{"account":"a","amount":30,"on":3}}
    +         out         a/balance to statements revision 2 {"statement":{"balance":130,"held":0}} caused by 3
           4  in          m-3 from bank [a] {"deposit":{"account":"a","amount":31,"on":3}}
    +         rejected    [a] "conflict: event 3 has this revision with another body" caused by 4
           5  in          m-4 from bank [a] {"deposit":{"account":"a","amount":-5,"on":4}}
    +         rejected    [a] "an amount of -5 is not positive" caused by 5
           6  in          m-1 from bank revision 3 [a] {"deposit":{"account":"a","amount":120,"on":1}}
    +         out         a/balance to statements revision 3 {"statement":{"balance":150,"held":0}} caused by 6
           7  in          m-1 from bank revision 2 [a] {"deposit":{"account":"a","amount":120,"on":1}} (stale: event 6 has a higher revision)
           8  in          m-3 from bank [a] {"deposit":{"account":"a","amount":30,"on":3}} (duplicate)
    6 of 8 events shown
    + 4 happen now but were not recorded
    digest 244f0393f0c1acdcc68888de3e16083944673431b5c6595ab009ff62ef296aba
    "#);
    // The record has more events than the trace, so the event has another number there.
    folder.ok(&["replay", "night.jsonl", "--record", "recorded.jsonl"]);
    let excluded = folder.json("check", &["check", "recorded.jsonl"])[0]["excluded"].take();
    let conflict = excluded.as_array().unwrap().iter().find(|one| one["kind"] == "conflict").unwrap();
    let other = conflict["other"].to_string();
    let shown = folder.ok(&["show", "recorded.jsonl", "--message", "m-3", "--kind", "in", "--range", &other]);
    assert!(shown.contains("m-3"), "{shown}");
}

#[test]
fn they_are_bugs_where_they_are_denied() {
    let folder = night();
    for (deny, code) in [("quarantined,not-derivable", 0), ("rejected", 1), ("stale,conflict", 1)] {
        for command in ["check", "replay"] {
            let done = folder.run(&[command, "night.jsonl", "--deny", deny]);
            assert_eq!((done.code, done.stderr.as_str()), (Some(code), ""), "{command} --deny {deny}");
        }
    }
    assert_snapshot!(folder.run(&["check", "night.jsonl", "--deny", "rejected"]).stdout, @"
    night.jsonl: 1 finding; 8 stimuli, 1 key; 2 rejected, 1 conflicting, 1 stale
      compared 3 steps, each recomputed from the first message; 3 of them restated
      messages: 0 late, 1 duplicate, 1 revised, 0 withdrawn; `update` ran 1 time: 1 `Done`, 0 `FoldAgain`
      rejected, first: night.jsonl:3: event 2: message m-2 from bank does not count: an amount of 0 is not positive
      conflicting, first: night.jsonl:5: event 4: message m-3 from bank does not count: event 3 has this revision with another body
      stale, first: night.jsonl:8: event 7: message m-1 from bank does not count: event 6 has a higher revision
      rejected at 2 steps, first:
        night.jsonl:3: event 2: message m-2 from bank does not count: an amount of 0 is not positive
    ");
    let error = folder.refused(&["check", "night.jsonl", "--deny", "nonsense"]);
    assert!(error.contains("rejected, conflict, stale, quarantined, not-derivable"), "{error}");
}

#[test]
fn a_reflow_takes_back_what_is_not_rejected_again() {
    let folder = Folder::default();
    let reflow = r#"{"knob":{"reflow_in":{"messages":[{"from":"bank","id":"m-2"}],"by":"operator"}}}"#;
    let lines = [deposit(1, "a", 100, 1), deposit(2, "a", 0, 2), reflow.to_owned(), deposit(3, "a", 1, 3)];
    folder.trace("redriven.jsonl", "ledger", &lines);
    // Still rejected: it counts once, at its own event.
    let excluded = folder.json("check", &["check", "redriven.jsonl"])[0]["excluded"].take();
    let events: Vec<_> =
        excluded.as_array().unwrap().iter().map(|one| (one["event"].as_u64(), one["line"].as_u64())).collect();
    assert_eq!(events, [(Some(2), Some(3))]);
}

#[test]
fn a_second_opening_is_in_the_verdict() {
    let folder = Folder::default();
    let opening = |balance: i64| {
        format!(
            r#"{{"opening":{{"key":"a","value":{{"balance":{balance},"held":0,"captured":0,"fees":0,"payments":{{}}}},"after":1}}}}"#
        )
    };
    folder.write(
        "window.jsonl",
        &[r#"{"afresh":{"format":1,"system":"ledger"}}"#, &opening(5), &opening(7), &deposit(1, "a", 1, 2), ""]
            .join("\n"),
    );
    assert_snapshot!(folder.ok(&["check", "window.jsonl"]), @"
    window.jsonl: ok: 3 stimuli, 1 key; 1 rejected
      compared 2 steps, each recomputed from the first message
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
      rejected, first: window.jsonl:3: event 2: the key is open already
    ");
}

#[test]
fn a_window_without_an_opening_compares_nothing_and_says_so() {
    let folder = Folder::default();
    let header = r#"{"afresh":{"format":1,"system":"ledger"}}"#;
    folder.write("window.jsonl", &[header, &deposit(1, "a", 1, 2), &deposit(2, "a", 1, 3), ""].join("\n"));
    assert_snapshot!(folder.ok(&["check", "window.jsonl"]), @"
    window.jsonl: nothing could be compared: 2 stimuli, 1 key
      compared 0 steps, each recomputed from the first message
      not derivable from this window: state 2 times
    ");
    let done = folder.run(&["check", "window.jsonl", "--deny", "not-derivable"]);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    assert!(done.stdout.contains("window.jsonl:2: event 1: not compared 2 times"), "{}", done.stdout);
    let header = r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#;
    let opening = r#"{"opening":{"key":"b","value":{"balance":1,"held":0,"captured":0,"fees":0,"payments":{}}}}"#;
    let known = deposit(7, "b", 1, 2);
    folder.write(
        "later.jsonl",
        &[header, opening, &known, &deposit(8, "a", 1, 3), &deposit(9, "a", 1, 4), ""].join("\n"),
    );
    let done = folder.run(&["check", "later.jsonl", "--deny", "not-derivable"]);
    assert!(done.stdout.contains("later.jsonl:4: event 3: not compared 2 times"), "{}", done.stdout);
    let report = super::json(&folder, 1, &["check", "later.jsonl", "--deny", "not-derivable"]);
    let places = &report["check"][0]["findings"][0]["places"];
    assert_eq!(places.as_array().map(Vec::len), Some(2), "{places}");
    // Nothing is compared here either.
    let done = folder.run(&["replay", "window.jsonl", "--deny", "not-derivable"]);
    assert!(done.code == Some(1) && done.stdout.contains("nothing could be compared"), "{}", done.stdout);
    folder.write("whole.jsonl", &[&*header.replace("false", "true"), &known, ""].join("\n"));
    folder.ok(&["replay", "whole.jsonl", "--deny", "not-derivable"]);
}

#[test]
fn a_check_ends_after_an_event_as_a_replay_does() {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger", &[deposit(1, "a", 100, 1), deposit(2, "a", 5, 2), deposit(3, "a", 7, 3)]);
    folder.ok(&["replay", "in.jsonl", "--record", "out.jsonl"]);
    for until in 1..=9 {
        let until = until.to_string();
        for command in ["check", "replay"] {
            let said = folder.ok(&[command, "out.jsonl", "--until", &until]);
            assert!(!said.contains("not recorded yet"), "{command} --until {until}: {said}");
        }
    }
    let stimuli = |until: &str| folder.json("check", &["check", "out.jsonl", "--until", until])[0]["stimuli"].clone();
    assert_eq!((stimuli("1"), stimuli("4"), stimuli("9")), (1.into(), 2.into(), 3.into()));
}

#[test]
fn a_conflict_that_the_record_lacks_names_the_same_event() {
    let folder = Folder::default();
    let view = r#"{"view":{"key":"a","value":{"balance":15,"held":0,"captured":0,"fees":0,"payments":{}}}}"#;
    folder.trace(
        "t.jsonl",
        "ledger",
        &[deposit(1, "a", 10, 1), deposit(2, "a", 5, 2), deposit(2, "a", 7, 2), view.into()],
    );
    for command in ["check", "replay"] {
        let done = folder.run(&[command, "t.jsonl"]);
        assert_eq!(done.code, Some(1), "{}", done.stdout);
        assert!(done.stdout.contains("(conflict: event 2 has this revision with another body)"), "{}", done.stdout);
    }
}
