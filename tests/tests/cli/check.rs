//! Tests of `afresh check` on one trace: the findings, the first place of each, and the coverage.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{LATE_CAPTURE, copy, deposit, found, json};

#[test]
fn what_is_wrong_is_shown_once_with_its_place_and_a_diff() {
    let folder = Folder::default();
    folder.trace("night.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    let done = folder.run(&["check", "night.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout, @r#"
    night.jsonl: 2 findings; 4 stimuli, 1 key
      compared 4 steps, each recomputed from the first message; 4 of them restated
      messages: 1 late, 0 duplicate, 0 revised, 0 withdrawn; `update` ran 1 time: 1 `Done`, 0 `FoldAgain`
      incremental/balance at 1 step on 1 key, first:
        night.jsonl:5: event 4, key a-1: the incremental state differs from the recomputed state
          - incremental
          + recomputed
            {
          -   "balance": 500,
          -   "captured": 0,
          +   "balance": 350,
          +   "captured": 150,
              "fees": 0,
              "held": 0,
              "payments": {}
      incremental/captured at 1 step on 1 key, first at the same place
    "#);
    let clean = folder.ok(&["check", "night.jsonl", "--system", "ledger"]);
    assert_snapshot!(clean, @"
    night.jsonl: ok: 4 stimuli, 1 key
      compared 4 steps, each recomputed from the first message; 4 of them restated
      messages: 1 late, 0 duplicate, 0 revised, 0 withdrawn; `update` ran 1 time and returned `FoldAgain`, so this check tested no state that it computed
    ");
}

#[test]
fn what_late_messages_leave_out_is_said() {
    let folder = Folder::default();
    let deposits: Vec<_> = (0..600).map(|n| deposit(1000 - n, "a-1", 1, 5)).collect();
    folder.trace("in.jsonl", "ledger", &deposits);
    folder.ok(&["replay", "in.jsonl", "--record", "late.jsonl"]);
    assert_snapshot!(folder.ok(&["check", "late.jsonl", "--budget", "1000"]), @"
    late.jsonl: ok: 600 stimuli, 1 key
      compared 366 steps, 11 of them recomputed from the first message and the others from checkpoints; 1 of 366 steps restated; properties after 3 of 600 stimuli; 365 recorded views; 234 steps not compared, because folding late messages again would exceed `--budget`; 235 recorded views not compared, because folding late messages again would exceed `--budget`
      messages: 599 late, 0 duplicate, 0 revised, 0 withdrawn; `update` ran 599 times: 599 `Done`, 0 `FoldAgain`
    ");
}

#[test]
fn what_production_recorded_wrong_is_found_in_the_record_too() {
    let folder = Folder::default();
    copy(&folder, "ledger-production.jsonl");
    let done = folder.run(&["check", "ledger-production.jsonl"]);
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stdout, @r#"
    ledger-production.jsonl: 4 findings; 300 stimuli, 3 keys; 3 stale
      compared 297 steps, each recomputed from the first message; 297 of them restated; 297 recorded views, 203 of them also compared with the one before
      messages: 69 late, 18 duplicate, 14 revised, 8 withdrawn; `update` ran 91 times: 56 `Done`, 35 `FoldAgain`
      stale, first: ledger-production.jsonl:80: event 79: message m-1010 from shop does not count: event 51 has a higher revision
      incremental/balance at 20 steps on 1 key, first:
        ledger-production.jsonl:97: event 96, key a-3: the incremental state differs from the recomputed state
          - incremental
          + recomputed
            {
          -   "balance": 35311,
          -   "captured": 9269,
          +   "balance": 44580,
          +   "captured": 0,
              "fees": 0,
              "held": 7392,
              "payments": {
      incremental/captured at 20 steps on 1 key, first at the same place
      recorded/balance at 20 steps on 1 key, first:
        ledger-production.jsonl:100: event 99, key a-3: the recorded view differs from the view recomputed from all messages
          - recorded
          + recomputed
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
    // The fixed code carries no wrong state, but the record stays as it was.
    let fixed = json(&folder, 1, &["check", "ledger-production.jsonl", "--system", "ledger"]);
    assert!(found(&fixed).iter().all(|(signature, _)| signature.starts_with("recorded")), "{fixed}");
}

#[test]
fn a_key_that_is_set_apart_is_said_to_be() {
    let folder = Folder::default();
    let patch = |n: u32, at: u32, delete: u32| {
        format!(
            r#"{{"in":{{"id":"m-{n}","from":"e","body":{{"document":"d","at":{at},"delete":{delete},"insert":"text"}}}}}}"#
        )
    };
    folder.trace("in.jsonl", "document+range-overflow", &[patch(1, 0, 0), patch(2, 2, u32::MAX), patch(3, 0, 0)]);
    let done = folder.run(&["check", "in.jsonl"]);
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stdout, @"
    in.jsonl: 1 finding; 3 stimuli, 1 key; 1 quarantined
      compared 1 step, each recomputed from the first message; 1 of them restated; 2 steps not compared, because the key was quarantined after a panic
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
      quarantined, first: in.jsonl:3: event 2: key d is quarantined: attempt to add with overflow (mod.rs:111)
      panic/attempt to add with overflow at 1 step on 1 key, first:
        in.jsonl:3: event 2, key d: panicked: attempt to add with overflow (mod.rs:111)
    ");
    // If nothing was recorded, the check does not report missing records.
    let signatures = found(&json(&folder, 1, &["check", "in.jsonl"]));
    assert_eq!(signatures, [("panic/attempt to add with overflow".to_owned(), 1)]);
    copy(&folder, "document-range-overflow.jsonl");
    let signatures = found(&json(&folder, 1, &["check", "document-range-overflow.jsonl"]));
    assert_eq!(signatures, [("panic/attempt to add with overflow".to_owned(), 2)]);
}

#[test]
fn a_key_that_a_fault_has_damaged_is_not_held_against_the_system() {
    let folder = Folder::default();
    let damage = r#"{"fault":{"damage":{"key":"a-1","what":"default"}}}"#.to_owned();
    let scrub = r#"{"knob":{"scrub":{"by":"ops"}}}"#.to_owned();
    let events = [
        deposit(1, "a-1", 5, 1),
        damage,
        deposit(2, "a-1", 5, 2),
        deposit(3, "a-1", 5, 3),
        scrub,
        deposit(4, "a-1", 5, 4),
    ];
    folder.trace("in.jsonl", "ledger", &events);
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: ok: 6 stimuli, 1 key
      compared 3 steps, each recomputed from the first message; 3 of them restated; properties after 3 of 6 stimuli; 2 steps not compared, because a fault had damaged the key and nothing had healed it yet
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
    ");
}

#[test]
fn beyond_the_budget_it_finds_nothing_where_nothing_is_wrong() {
    let folder = Folder::default();
    for kept in ["ledger-migration", "ledger-window", "ledger", "orderbook", "document"] {
        let name = format!("{kept}.jsonl");
        copy(&folder, &name);
        folder.ok(&["check", &name, "--budget", "1"]);
        // The minimizer gets only the stimuli of a trace.
        let trace = folder.read(&name);
        let stimuli = trace.lines().filter(|line| !line.contains(r#","cause":"#) && !line.contains(r#"{"cause":"#));
        folder.write("stimuli.jsonl", &stimuli.fold(String::new(), |text, line| text + line + "\n"));
        folder.ok(&["check", "stimuli.jsonl", "--budget", "1"]);
    }
}

#[test]
fn beyond_the_budget_it_says_what_it_looked_at() {
    let folder = Folder::default();
    let deposits: Vec<_> = (1..=100).map(|n| deposit(n, "a-1", 5, n as i64)).collect();
    folder.trace("in.jsonl", "ledger", &deposits);
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: ok: 100 stimuli, 1 key
      compared 100 steps, each recomputed from the first message; 100 of them restated
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
    ");
    assert_snapshot!(folder.ok(&["check", "in.jsonl", "--budget", "10"]), @"
    in.jsonl: ok: 100 stimuli, 1 key
      compared 100 steps, 1 of them recomputed from the first message and the others from checkpoints; 1 of 100 steps restated; properties after 1 of 100 stimuli
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
    ");
    // The check covers less, and still finds the bug.
    copy(&folder, "ledger-late-capture.jsonl");
    let whole = json(&folder, 1, &["check", "ledger-late-capture.jsonl"]);
    let little = json(&folder, 1, &["check", "ledger-late-capture.jsonl", "--budget", "10"]);
    assert_eq!(whole["check"][0]["findings"], little["check"][0]["findings"]);
    let depth = |report: &serde_json::Value| report["check"][0]["coverage"]["from_first"].as_u64();
    assert!(depth(&little) < depth(&whole), "{little}");
}

/// A document of 300 patches, in which only message `bad` deletes anything: the planted bug forgets to digest that.
///
/// Beyond the budget, the document is restated only at its end.
fn document_with(bad: u64) -> Folder {
    let patch = |n: u64| {
        let change = if n == bad { r#""at":0,"delete":1"# } else { r#""at":1000000,"insert":"0123456789""# };
        format!(r#"{{"in":{{"id":"m-{n}","from":"editor","body":{{"document":"d-1",{change}}}}}}}"#)
    };
    let folder = Folder::default();
    folder.trace("in.jsonl", "document+stale-digest", &(1..=300).map(patch).collect::<Vec<_>>());
    folder
}

#[test]
fn beyond_the_budget_a_bug_in_the_last_step_is_found() {
    let folder = document_with(300);
    assert_snapshot!(folder.run(&["check", "in.jsonl", "--budget", "2000"]).stdout, @r#"
    in.jsonl: 1 finding; 300 stimuli, 1 key
      compared 300 steps, 23 of them recomputed from the first message and the others from checkpoints; 1 of 300 steps restated
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
      restated/digest at 1 step on 1 key, first:
        in.jsonl:301: event 300, key d-1: the restated view differs from the recomputed view
          - restated
          + recomputed
            {
          -   "digest": "5a2a613e858a346c",
          +   "digest": "701a11320ec5f841",
              "length": 2989
            }
    "#);
}

#[test]
fn beyond_the_budget_the_first_wrong_step_is_found() {
    let folder = document_with(200);
    let report = json(&folder, 1, &["check", "in.jsonl", "--budget", "2000"]);
    let finding = &report["check"][0]["findings"][0];
    assert_eq!(finding["signature"]["part"], "digest");
    assert_eq!(finding["first"]["event"], 200);
}

#[test]
fn when_the_time_is_over_only_the_last_steps_are_looked_at_closely() {
    let folder = document_with(200);
    let said = folder.run(&["check", "in.jsonl", "--time", "0.000000001"]).stdout;
    let coverage = "compared 300 steps, 1 of them recomputed from the first message and the others from checkpoints; \
                    `--time` was over for 300 of them; 1 of 300 steps restated";
    assert!(said.contains(coverage) && said.contains("event 200, key d-1"), "{said}");
}

#[test]
fn a_key_whose_messages_are_withdrawn_stays_after_a_deploy() {
    let folder = Folder::default();
    let withdrawn = r#"{"in":{"id":"m-1","from":"bank","revision":2,"withdrawn":true}}"#;
    let deploy = r#"{"fault":{"deploy":{"node":"app","system":"ledger"}}}"#;
    let view = |balance: i64| {
        let value = format!(r#"{{"balance":{balance},"held":0,"captured":0,"fees":0,"payments":{{}}}}"#);
        format!(r#"{{"view":{{"key":"a-1","value":{value}}}}}"#)
    };
    for (balance, code) in [(0, 0), (5, 1)] {
        let events = [deposit(1, "a-1", 5, 1), withdrawn.to_owned(), deploy.to_owned(), view(balance)];
        folder.trace("deploy.jsonl", "ledger", &events);
        for command in ["check", "replay"] {
            let done = folder.run(&[command, "deploy.jsonl"]);
            assert_eq!(done.code, Some(code), "{command}: {}", done.stdout);
        }
    }
}

/// Simulated runs with faults of every kind, also such that damage states.
#[test]
fn no_record_of_a_right_system_shows_a_bug() {
    for system in ["document", "ledger", "orderbook"] {
        for seed in 10..20 {
            let folder = Folder::default();
            folder.run(&["run", system, "--seed", &seed.to_string(), "--output", "run.jsonl"]);
            folder.ok(&["replay", "run.jsonl", "--record", "record.jsonl"]);
            for more in [&[][..], &["--budget", "0"]] {
                let done = folder.run(&[&["check", "record.jsonl"], more].concat());
                assert_eq!(done.code, Some(0), "{system}, seed {seed}: {}", done.stdout);
            }
        }
    }
}
