//! Tests of `afresh replay`: it compares the record with a new run.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{copy, json, recorded};

#[test]
fn a_verdict_begins_with_one_line_with_the_digest() {
    let folder = recorded();
    assert_snapshot!(folder.ok(&["replay", "in.jsonl"]), @r"in.jsonl: runs; the trace recorded nothing to compare; 4 stimuli, 1 key, digest fb2fac078c1004816a24e6d2d80d0fa1");
    assert_snapshot!(folder.ok(&["replay", "recorded.jsonl"]), @r"recorded.jsonl: as recorded in 7 observations; 4 stimuli, 1 key, digest fb2fac078c1004816a24e6d2d80d0fa1");
    for name in ["ledger.jsonl", "orderbook.jsonl", "document.jsonl", "ledger-window.jsonl", "orderbook-window.jsonl"] {
        copy(&folder, name);
        let said = folder.ok(&["replay", name]);
        // Every other line is about messages that do not count, or about a window.
        let is_note =
            |line: &str| ["stale, first: ", "not derivable "].iter().any(|note| line.trim().starts_with(note));
        assert!(said.starts_with(&format!("{name}: as recorded in ")), "{said}");
        assert!(said.lines().skip(1).all(is_note), "{said}");
    }
}

#[test]
fn the_first_difference_is_shown_with_its_place_and_a_diff() {
    let folder = recorded();
    let done = folder.run(&["replay", "recorded.jsonl", "--system", "ledger"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout, @r#"
    recorded.jsonl: 4 differences; 4 stimuli, 1 key, digest 57257c78d20b0cf4ae44c71e38864334
      recorded/output balance at 1 step on 1 key, first:
        recorded.jsonl:11: event 10, key a-1: output a-1/balance is sent now but was not recorded
          - recorded
          + now
          + {
          +   "statement": {
          +     "balance": 350,
          +     "held": 0
          +   }
          + }
      recorded/output receipt at 1 step on 1 key, first:
        recorded.jsonl:11: event 10, key a-1: output a-1/receipt-p-1 is sent now but was not recorded
          - recorded
          + now
          + {
          +   "receipt": {
          +     "amount": 150
          +   }
          + }
      recorded/balance at 1 step on 1 key, first:
        recorded.jsonl:12: event 11, key a-1: the view of a-1 differs from the recorded view
          - recorded
          + now
            {
          -   "balance": 500,
          -   "captured": 0,
          +   "balance": 350,
          +   "captured": 150,
              "fees": 0,
              "held": 0,
              "payments": {}
      recorded/captured at 1 step on 1 key, first at the same place
    "#);
    copy(&folder, "ledger-production.jsonl");
    let done = folder.run(&["replay", "ledger-production.jsonl", "--system", "ledger"]);
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stdout, @r#"
    ledger-production.jsonl: 61 differences; 300 stimuli, 3 keys, digest 6dcac2c150f2e07a151edf4938583c89; 3 stale
      stale, first: ledger-production.jsonl:80: event 79: message m-1010 from shop does not count: event 51 has a higher revision
      recorded/output balance at 19 steps on 1 key, first:
        ledger-production.jsonl:98: event 97, key a-3: output a-3/balance differs from the recorded one
          - recorded
          + now
            {
              "statement": {
          -     "balance": 35311,
          +     "balance": 44580,
                "held": 7392
              }
            }
      recorded/output receipt at 2 steps on 1 key, first:
        ledger-production.jsonl:99: event 98, key a-3: output a-3/receipt-p-1002 was recorded but is not sent now
          - recorded
          + now
          - {
          -   "receipt": {
          -     "amount": 9269
          -   }
          - }
      recorded/balance at 20 steps on 1 key, first:
        ledger-production.jsonl:100: event 99, key a-3: the view of a-3 differs from the recorded view
          - recorded
          + now
            {
          -   "balance": 35311,
          -   "captured": 9269,
          +   "balance": 44580,
          +   "captured": 0,
              "fees": 0,
              "held": 7392,
              "payments": {
      recorded/captured at 20 steps on 1 key, first at the same place
    "#);
}

#[test]
fn a_view_that_differs_is_shown_by_its_parts() {
    let folder = recorded();
    let recorded = folder.read("recorded.jsonl");
    // The outputs are left out, so the events get other numbers, and the causes no longer match.
    let without_cause = |line: &str| match line.split_once(r#","view""#) {
        Some((_, view)) => format!(r#"{{"view"{view}"#),
        None => line.to_owned(),
    };
    let views: Vec<_> = recorded.lines().filter(|line| !line.contains(r#""out""#)).map(without_cause).collect();
    folder.write("views.jsonl", &(views.join("\n") + "\n"));
    let done = folder.run(&["replay", "views.jsonl", "--system", "ledger"]);
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stdout, @r#"
    views.jsonl: 2 differences; 4 stimuli, 1 key, digest 57257c78d20b0cf4ae44c71e38864334
      recorded/balance at 1 step on 1 key, first:
        views.jsonl:9: event 11, key a-1: the view of a-1 differs from the recorded view
          - recorded
          + now
            {
          -   "balance": 500,
          -   "captured": 0,
          +   "balance": 350,
          +   "captured": 150,
              "fees": 0,
              "held": 0,
              "payments": {}
      recorded/captured at 1 step on 1 key, first at the same place
    "#);
}

#[test]
fn it_stops_after_an_event() {
    let folder = recorded();
    let fixed = ["replay", "recorded.jsonl", "--system", "ledger"];
    let all = json(&folder, 1, &fixed);
    let first = all["replay"]["findings"][0]["first"]["event"].as_u64().expect("an event");
    let until = |event: u64, code| {
        json(&folder, code, &[&fixed[..], &["--until", &event.to_string()]].concat())["replay"].clone()
    };
    assert_eq!(until(first - 1, 0)["findings"].as_array().map(Vec::len), Some(0));
    assert_eq!(until(first, 1)["findings"][0]["first"], all["replay"]["findings"][0]["first"]);
    assert_eq!(until(1000, 1), all["replay"]);
    let one = until(1, 0);
    assert_eq!((&one["events"], &one["stimuli"]), (&1.into(), &1.into()));
    assert_eq!(until(1, 0)["digest"], one["digest"]);
    assert_ne!(one["digest"], all["replay"]["digest"]);
}

#[test]
fn wherever_it_stops_nothing_is_taken_to_be_missing_from_the_record() {
    let folder = Folder::default();
    copy(&folder, "ledger-small.jsonl");
    let text = folder.read("ledger-small.jsonl");
    for event in (1..text.lines().count()).map(|event| event.to_string()) {
        folder.ok(&["replay", "ledger-small.jsonl", "--until", &event]);
        let shown = folder.ok(&["show", "ledger-small.jsonl", "--range", &event]);
        assert!(!shown.contains("not recorded"), "{shown}");
    }
    // A missing record of the last event is reported.
    let without: Vec<_> = text.lines().enumerate().filter(|(line, _)| *line != 5).map(|(_, text)| text).collect();
    folder.write("missing.jsonl", &(without.join("\n") + "\n"));
    let report = json(&folder, 1, &["replay", "missing.jsonl", "--until", "4"]);
    assert_eq!(report["replay"]["findings"][0]["first"]["event"], 4);
}

#[test]
fn what_is_recorded_is_as_recorded() {
    let folder = recorded();
    let traces = ["ledger.jsonl", "orderbook-hash-order.jsonl", "document-long.jsonl", "ledger-migration.jsonl"];
    for name in traces {
        copy(&folder, name);
        // Uses the correct version of each system: the one with a random hash order does not even agree with itself.
        let system = name.split(['-', '.']).next().expect("a name");
        let replay = |words: &[&str]| folder.ok(&[&["replay", "--system", system], words].concat());
        replay(&[name, "--record", "one"]);
        let digest = |said: &str| said.split_once("digest ").expect("a digest").1.to_owned();
        let (again, fresh) = (replay(&["one"]), replay(&[name]));
        assert!(again.starts_with("one: as recorded"), "{again}");
        assert_eq!(digest(&again), digest(&fresh));
        replay(&[name, "--record", "two"]);
        replay(&["one", "--record", "three"]);
        assert!(folder.read("one") == folder.read("two") && folder.read("one") == folder.read("three"), "{name}");
        for name in ["one", "two", "three"] {
            std::fs::remove_file(folder.path(name)).expect("it was there");
        }
    }
}

#[test]
fn the_policy_decides_whether_the_bug_of_production_shows_again() {
    let folder = recorded();
    copy(&folder, "ledger-production.jsonl");
    let replay = |words: &[&str]| folder.run(&[&["replay", "ledger-production.jsonl"], words].concat());
    // The default policy is the one that services use.
    let carried = replay(&[]);
    assert!(carried.code == Some(0) && carried.stdout.contains("as recorded"), "{}", carried.stdout);
    assert_eq!(replay(&["--policy", "incremental"]).stdout, carried.stdout);
    assert_eq!(replay(&["--policy", "first-principles"]).code, Some(1));
}

#[test]
fn the_report_for_programs() {
    let folder = recorded();
    let report = json(&folder, 1, &["replay", "recorded.jsonl", "--system", "ledger"]);
    let first = &report["replay"]["findings"][0]["first"];
    assert_eq!((&first["event"], &first["line"], &first["key"]), (&10.into(), &11.into(), &"a-1".into()), "{first}");
    assert_eq!((&first["versus"]["left"], &first["versus"]["right"]), (&"recorded".into(), &"now".into()));
}

#[test]
fn a_withdrawal_that_was_not_recorded_shows_what_is_withdrawn() {
    let folder = crate::knobs::recorded("ledger", 5);
    let text = folder.read("trace.jsonl");
    let lines = text.lines().filter(|line| !line.contains(r#""a-1/receipt-p-1","to":"receipts","revision":2"#));
    folder.write("trace.jsonl", &lines.map(|line| format!("{line}\n")).collect::<String>());
    let done = folder.run(&["replay", "trace.jsonl"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let said = "the withdrawal of output a-1/receipt-p-1 is sent now but was not recorded\n";
    assert!(done.stdout.contains(said) && done.stdout.contains(r#"-     "amount": 1500"#), "{}", done.stdout);
}

#[test]
fn a_part_of_the_outputs_can_be_left_out() {
    let folder = recorded();
    let text = folder.read("recorded.jsonl");
    assert!(text.contains(r#""statement":{"balance":500,"held":0}"#), "{text}");
    folder.write(
        "other.jsonl",
        &text.replace(r#""statement":{"balance":500,"held":0}"#, r#""statement":{"balance":1,"held":0}"#),
    );
    for command in ["replay", "check"] {
        let run = |ignored: &[&str]| folder.run(&[&[command, "other.jsonl"], ignored].concat());
        assert!(run(&[]).stdout.contains("output a-1/balance differs"), "{command}");
        let left = run(&["--ignore", "out:statement.balance"]);
        assert!(!left.stdout.contains("output a-1/balance differs"), "{command}: {}", left.stdout);
        let wrong = run(&["--ignore", "statement"]);
        assert!(wrong.code == Some(2) && wrong.stderr.contains("such as `out:stack`"), "{}", wrong.stderr);
    }
}
