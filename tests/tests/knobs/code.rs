//! Tests of knobs on a trace that other code recorded: the fixed code sends the corrections.

use insta::assert_snapshot;

use super::{MESSAGES, added, recorded};

#[test]
fn a_reflow_sends_what_the_fixed_code_calls_for() {
    let folder = recorded("ledger+receipt-stays", 5);
    let fix = ["reflow", "trace.jsonl", "--system", "ledger", "--message", "m-5"];
    let why = ["--by", "lee", "--why", "the receipt stayed"];
    assert_snapshot!(folder.ok(&[&fix[..], &why, &["--output", "out.jsonl"]].concat()));
    assert_eq!(
        added(&folder, "out.jsonl"),
        "{\"fault\":{\"deploy\":{\"node\":\"app\",\"system\":\"ledger\"}}}\n\
         {\"knob\":{\"reflow_in\":{\"messages\":[{\"from\":\"shop\",\"id\":\"m-5\"}],\"by\":\"lee\",\"why\":\"the receipt stayed\"}}}\n\
         {\"cause\":17,\"out\":{\"id\":\"a-1/receipt-p-1\",\"to\":\"receipts\",\"revision\":2,\"withdrawn\":true}}\n"
    );
    // With the fixed code from the first event on, nothing is left to do.
    let report = folder.json("knob", &[&fix[..], &["--rerun", "--dry-run"]].concat());
    assert_eq!((&report["start"], report["plan"]["sends"].as_array().unwrap().len()), (&"run".into(), 0));
}

#[test]
fn what_is_fixed_once_is_fixed() {
    let folder = recorded("ledger+receipt-stays", 5);
    folder.ok(&["trigger", "trace.jsonl", "--system", "ledger", "--all", "--output", "out.jsonl"]);
    let report = folder.json("knob", &["trigger", "out.jsonl", "--system", "ledger", "--all", "--dry-run"]);
    assert_eq!(report["plan"]["sends"].as_array().unwrap().len(), 0, "{report}");
    // The deploy is also recorded only once.
    folder.ok(&["scrub", "out.jsonl", "--system", "ledger", "--all", "--by", "lee", "--output", "again.jsonl"]);
    assert_eq!(folder.read("again.jsonl").matches("deploy").count(), 1);
}

#[test]
fn a_message_that_older_code_rejected_is_taken() {
    let folder = afresh_tests::Folder::default();
    let settled = r#"{"cause":2,"settled":{"id":"a-1/balance"}}"#;
    let statement =
        r#"{"cause":1,"out":{"id":"a-1/balance","to":"statements","body":{"statement":{"balance":5000,"held":0}}}}"#;
    let rejected = r#"{"cause":4,"rejected":{"why":"holds are not taken yet"}}"#;
    folder.trace("trace.jsonl", "ledger", &[MESSAGES[0], statement, settled, MESSAGES[1], rejected]);
    let report = folder.json("knob", &["reflow", "trace.jsonl", "--message", "m-2", "--output", "out.jsonl"]);
    assert_eq!(report["start"], "journal");
    assert_eq!(report["plan"]["sends"][0]["before"]["statement"]["held"], 0);
    assert_eq!(report["plan"]["sends"][0]["body"]["statement"]["held"], 2000);
    assert_eq!(report["plan"]["sends"][0]["revision"], 2);
    let admitted = serde_json::json!([{ "message": { "from": "shop", "id": "m-2" }, "revision": 1 }]);
    assert_eq!((&report["plan"]["admissions"], &report["done"]["as_planned"]), (&admitted, &true.into()), "{report}");
    let told = folder.ok(&["reflow", "trace.jsonl", "--message", "m-2", "--dry-run"]);
    assert!(told.contains("  plan: 1 sent, 1 no longer rejected; 1 key recomputed\n"), "{told}");
    assert!(told.contains("    admit m-2 from shop revision 1\n"), "{told}");
}

#[test]
fn numbers_go_on_where_the_trace_ends_and_causes_keep_theirs() {
    let folder = afresh_tests::Folder::default();
    let number = |n: u32, line: &str| format!("{{\"n\":{n},{}", &line[1..]);
    folder.trace(
        "trace.jsonl",
        "ledger",
        &[
            number(10, MESSAGES[0]),
            r#"{"n":12,"cause":10,"out":{"id":"a-1/balance","to":"statements","body":{"statement":{"balance":1,"held":0}}}}"#
                .to_owned(),
            number(40, MESSAGES[3]),
        ],
    );
    for words in [&["--rerun"][..], &[]] {
        let reflow = ["reflow", "trace.jsonl", "--message", "m-4", "--output", "out.jsonl", "--force"];
        let report = folder.json("knob", &[&reflow[..], words].concat());
        let events = report["done"]["events"].as_array().unwrap();
        let numbers: Vec<_> = events.iter().map(|event| event["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (41..41 + numbers.len() as u64).collect::<Vec<_>>());
        assert_eq!(events.last().unwrap()["kind"], "rejected");
        assert_eq!(events.last().unwrap()["cause"], 40, "{report}");
        folder.ok(&["show", "out.jsonl"]);
    }
}
