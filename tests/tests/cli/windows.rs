//! Tests of windows: values that a window cannot derive are counted apart and are not bugs.

use std::collections::BTreeMap;

use afresh_tests::Folder;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{deposit, found, json};

const HEADER: &str = r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#;

fn view(kind: &str, key: &str, balance: i64, after: &str) -> String {
    let value = format!(r#"{{"balance":{balance},"held":0,"captured":0,"fees":0,"payments":{{}}}}"#);
    format!(r#"{{"{kind}":{{"key":"{key}","value":{value}{after}}}}}"#)
}

/// A folder with a window of these events.
fn window(events: &[String]) -> Folder {
    let folder = Folder::default();
    folder.write("window.jsonl", &(format!("{HEADER}\n{}\n", events.join("\n"))));
    folder
}

#[test]
fn what_it_does_not_say_is_counted_apart() {
    let folder = window(&[
        view("opening", "a-1", 100, r#","after":10"#),
        deposit(1, "a-1", 5, 20),
        view("view", "a-1", 105, ""),
        // Nothing is known about this key.
        deposit(2, "a-2", 5, 21),
        view("view", "a-2", 70_000, ""),
        // This message is from before the opening, which may already include it.
        deposit(3, "a-1", 5, 7),
        view("view", "a-1", 70_000, ""),
        // Both keys have learned from their views.
        deposit(4, "a-1", 5, 22),
        view("view", "a-1", 70_005, ""),
        deposit(5, "a-2", 5, 22),
        view("view", "a-2", 70_005, ""),
    ]);
    assert_snapshot!(folder.ok(&["check", "window.jsonl"]), @"
    window.jsonl: ok: 6 stimuli, 2 keys
      compared 4 steps, each recomputed from the first message; 3 recorded views, 2 of them also compared with the one before
      messages: 1 late, 0 duplicate, 0 revised, 0 withdrawn; `update` never ran, so this check did not test it
      not derivable from this window: balance 1 time, captured 1 time, fees 1 time, held 1 time, payments 1 time, state 2 times, view 1 time
    ");
    let said = folder.ok(&["replay", "window.jsonl"]);
    assert!(said.starts_with("window.jsonl: as recorded in 3 observations"), "{said}");
    let shown = folder.ok(&["show", "window.jsonl", "--views"]);
    assert!(shown.contains("70005"), "{shown}");
}

#[test]
fn a_divergence_names_the_view_that_its_key_rests_on() {
    let folder = window(&[
        deposit(1, "a-1", 5, 20),
        view("view", "a-1", 100, ""),
        deposit(2, "a-1", 5, 21),
        view("view", "a-1", 110, ""),
    ]);
    let report = json(&folder, 1, &["check", "window.jsonl"]);
    assert_eq!(found(&report), [("recorded/balance".to_owned(), 1), ("recorded-step/balance".to_owned(), 1)]);
    let said = report["check"][0]["findings"][0]["first"]["found"].as_str().expect("a text").to_owned();
    assert!(said.ends_with("which rests on the view of event 2"), "{said}");
    assert_eq!(folder.run(&["replay", "window.jsonl"]).code, Some(1));
}

#[test]
fn what_it_says_is_held_against_the_record() {
    let opening = view("opening", "a-1", 100, r#","after":10"#);
    let folder = window(&[opening, deposit(1, "a-1", 5, 20), view("view", "a-1", 104, "")]);
    let report = json(&folder, 1, &["check", "window.jsonl"]);
    assert_eq!(found(&report), [("recorded/balance".to_owned(), 1)]);
    assert_eq!(folder.run(&["replay", "window.jsonl"]).code, Some(1));
}

#[test]
fn a_flow_that_was_on_before_it_is_turned_on_at_its_beginning() {
    let migrate = r#"{"knob":{"migrate":{"flow":"fees-v2","on":true,"by":"ops","why":"on since May"}}}"#;
    let payment = |kind: &str, id: u32, on: u32| {
        let body = format!(r#"{{"{kind}":{{"account":"a-1","payment":"p-1","amount":50000,"on":{on}}}}}"#);
        format!(r#"{{"in":{{"id":"m-{id}","from":"shop","body":{body}}}}}"#)
    };
    let opening = view("opening", "a-1", 90_000, r#","after":10"#);
    let events = [migrate.to_owned(), opening, payment("hold", 1, 20), payment("capture", 2, 21)];
    let folder = window(&events);
    folder.ok(&["replay", "window.jsonl", "--record", "recorded.jsonl"]);
    let recorded = folder.read("recorded.jsonl");
    assert!(recorded.contains(r#""captured":50000,"fees":700"#), "{recorded}");
    folder.ok(&["check", "recorded.jsonl"]);
    // If the flow is not turned on at the beginning, the record differs.
    folder.write("without.jsonl", &recorded.replace(r#""on":true"#, r#""on":false"#));
    assert_eq!(folder.run(&["check", "without.jsonl"]).code, Some(1));
}

/// What the account had captured before the window costs a fee from then on.
#[test]
fn a_flow_that_is_turned_in_it_rests_on_the_messages_before_it() {
    let opening = r#"{"opening":{"key":"a-1","value":{"balance":40000,"held":0,"captured":50000,"fees":0,"payments":{}},"after":3}}"#;
    let of = |keys: &str| format!(r#"{{"knob":{{"migrate":{{"flow":"fees-v2",{keys}"on":true,"by":"ops"}}}}}}"#);
    let record = [
        r#"{"cause":2,"out":{"id":"a-1/balance","to":"statements","revision":4,"body":{"statement":{"balance":39300,"held":0}}}}"#,
        r#"{"cause":2,"out":{"id":"a-1/fee","to":"house","body":{"fee":{"amount":700,"on":3}}}}"#,
        r#"{"cause":2,"view":{"key":"a-1","value":{"balance":39300,"held":0,"captured":50000,"fees":700,"payments":{}}}}"#,
    ];
    for keys in ["", r#""keys":["a-1"],"#] {
        let events = [opening.to_owned(), of(keys)].into_iter().chain(record.map(str::to_owned));
        let folder = window(&events.collect::<Vec<_>>());
        for report in clean(&folder) {
            assert!(report["not_derivable"].to_string().contains("view"), "{report}");
        }
    }
    // For another account, nothing is turned.
    for (account, code) in [("a-1", 0), ("a-2", 1)] {
        let opening = view("opening", "a-1", 100, r#","after":10"#);
        let turned = of(&format!(r#""keys":["{account}"],"#));
        let folder = window(&[opening, turned, deposit(1, "a-1", 5, 20), view("view", "a-1", 104, "")]);
        assert_eq!(folder.run(&["check", "window.jsonl"]).code, Some(code), "{account}");
    }
}

/// The JSON report of `replay` and of `check` on a window that shows no difference.
fn clean(folder: &Folder) -> [Value; 2] {
    ["replay", "check"].map(|command| {
        let report = json(folder, 0, &[command, "window.jsonl"]);
        report[command].get(0).unwrap_or(&report[command]).clone()
    })
}

#[test]
fn a_rejection_may_rest_on_a_message_before_it() {
    let opening = || view("opening", "a-1", 100, r#","after":10"#);
    let rejected = r#"{"cause":2,"rejected":{"why":"conflict: event 1 has this revision with another body"}}"#;
    // The record rejects the deposit, because it conflicts with one before the window. So the account did not have it.
    let folder = window(&[opening(), deposit(1, "a-1", 5, 20), rejected.to_owned(), view("view", "a-1", 100, "")]);
    clean(&folder);
    // The code rejects the deposit now. The record has nothing of it: it may repeat one from before the window.
    let folder = window(&[opening(), deposit(1, "a-1", 0, 20), deposit(2, "a-1", 5, 21), view("view", "a-1", 105, "")]);
    for report in clean(&folder) {
        assert!(report["not_derivable"].to_string().contains("rejected"), "{report}");
    }
    let shown = folder.ok(&["show", "window.jsonl"]);
    assert!(shown.lines().any(|line| line.starts_with('?') && line.contains("is not positive")), "{shown}");
    // The record has an output of it, so it counted.
    let output =
        r#"{"cause":2,"out":{"id":"a-1/balance","to":"statements","body":{"statement":{"balance":100,"held":0}}}}"#;
    let folder = window(&[opening(), deposit(1, "a-1", 0, 20), output.to_owned(), deposit(2, "a-1", 5, 21)]);
    let report = json(&folder, 1, &["check", "window.jsonl"]);
    assert!(found(&report).iter().any(|(signature, _)| signature == "recorded/rejected"), "{report}");
}

#[test]
fn a_reflow_may_be_of_what_is_before_it() {
    let opening = |key: &str| view("opening", key, 100, r#","after":10"#);
    // The message of this name is one to the account a-2, from before the window.
    let transfer =
        r#"{"in":{"id":"m-1","from":"bank","body":{"transfer":{"account":"a-1","to":"a-1","amount":1,"on":20}}}}"#;
    let rejected = r#"{"cause":3,"rejected":{"why":"conflict: event 1 has this revision with another body"}}"#;
    let reflow =
        |id: &str| format!(r#"{{"knob":{{"reflow_in":{{"messages":[{{"from":"bank","id":"{id}"}}],"by":"ops"}}}}}}"#);
    for id in ["m-1", "m-0"] {
        let events = [opening("a-1"), opening("a-2"), transfer.to_owned(), rejected.to_owned(), reflow(id)];
        clean(&window(&[&events[..], &[view("view", "a-2", 105, "")]].concat()));
    }
    // A message of the window that counts changes nothing if it is processed again.
    let events = [opening("a-2"), deposit(1, "a-2", 5, 20), reflow("m-1"), view("view", "a-2", 104, "")];
    assert_eq!(window(&events).run(&["check", "window.jsonl"]).code, Some(1));
    // An output from before the window is sent again.
    let knob = |slot: &str| {
        format!(r#"{{"knob":{{"reflow_out":{{"outputs":[{{"key":"a-1","slot":"{slot}"}}],"by":"ops"}}}}}}"#)
    };
    let receipt = r#"{"cause":2,"out":{"id":"a-1/receipt-p-3","to":"receipts","body":{"receipt":{"amount":1}}}}"#;
    clean(&window(&[opening("a-1"), knob("receipt-p-3"), receipt.to_owned()]));
    let balance =
        r#"{"cause":2,"out":{"id":"a-1/balance","to":"statements","body":{"statement":{"balance":9,"held":0}}}}"#;
    clean(&window(&[opening("a-1"), knob("balance"), balance.to_owned()]));
}

#[test]
fn a_healing_may_rest_on_a_fault_before_it() {
    let opening = view("opening", "a-1", 100, r#","after":10"#);
    let scrub = r#"{"knob":{"scrub":{"by":"ops"}}}"#.to_owned();
    let healed = r#"{"cause":2,"healed":{"key":"a-1","parts":["balance"]}}"#.to_owned();
    clean(&window(&[opening, scrub, healed, view("view", "a-1", 100, "")]));
}

/// Cuts a record of a whole history into a window that begins with its event `from`: the flows as they are then, the
/// openings of all keys, and the events from there on. Returns `None` if an observation is there.
fn cut(record: &[Value], from: usize) -> Option<String> {
    let (header, events) = (&record[0], &record[1..]);
    let stimuli = ["in", "knob", "fault"];
    if !stimuli.iter().any(|kind| events[from].get(kind).is_some()) {
        return None;
    }
    let (mut openings, mut flows) = (BTreeMap::new(), Vec::new());
    let mut after = None;
    for event in &events[..from] {
        flows.extend(event.get("knob").filter(|knob| knob.get("migrate").is_some()).cloned());
        if let Some(view) = event.get("view") {
            openings.insert(view["key"].to_string(), view.clone());
        }
        let bodies = event["in"]["body"].as_object().into_iter().flat_map(|body| body.values());
        after = after.max(bodies.filter_map(|body| body.get("on").or(body.get("seq"))?.as_i64()).max());
    }
    let mut header = header.clone();
    header["afresh"]["complete"] = false.into();
    let mut lines = vec![header];
    for knob in flows {
        lines.push(json!({"n": lines.len(), "knob": knob}));
    }
    for opening in openings.values_mut() {
        opening["after"] = after?.into();
        lines.push(json!({"n": lines.len(), "opening": opening}));
    }
    // Later events keep their order and the links between them.
    let moved = lines.len() as i64 - events[from]["n"].as_i64()?;
    let begins = lines.len() as i64;
    for event in &events[from..] {
        let mut event = event.clone();
        event["n"] = (event["n"].as_i64()? + moved).into();
        match event["cause"].as_i64().map(|cause| cause + moved) {
            Some(cause) if cause >= begins => event["cause"] = cause.into(),
            _ => _ = event.as_object_mut()?.remove("cause"),
        }
        lines.push(event);
    }
    Some(lines.iter().map(|line| format!("{line}\n")).collect())
}

#[test]
fn no_window_of_a_right_record_shows_a_bug() {
    let mut windows = 0;
    for system in ["ledger", "orderbook"] {
        for seed in 0..16 {
            let folder = Folder::default();
            folder.run(&["run", system, "--seed", &seed.to_string(), "--output", "run.jsonl"]);
            folder.ok(&["replay", "run.jsonl", "--record", "record.jsonl"]);
            let record = folder.read("record.jsonl");
            // A view of a damaged state is no opening.
            if record.contains(r#"{"damage":"#) {
                continue;
            }
            let record: Vec<Value> = record.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            for from in (0..record.len() - 1).step_by(5) {
                let Some(window) = cut(&record, from) else { continue };
                folder.write("window.jsonl", &window);
                for command in ["check", "replay"] {
                    let done = folder.run(&[command, "window.jsonl"]);
                    assert_eq!(done.code, Some(0), "{system}, seed {seed}, from {from}: {}\n{window}", done.stdout);
                }
                windows += 1;
            }
        }
    }
    assert!(windows > 20, "{windows} windows");
}
