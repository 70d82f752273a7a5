//! Tests that `afresh import` reports its rows and its errors in the style of the other commands.

use afresh_tests::Folder;
use serde_json::json;

const MAP: [&str; 10] =
    ["import", "rows.csv", "--system", "ledger", "--map", "id=.id", "--map", "from==x", "--map", "body=.body"];

#[test]
fn a_bad_row_is_said_as_any_error_is() {
    let folder = Folder::default();
    folder.write("rows.csv", "id,body\n1,5\n2,{\n");
    let said = folder.refused(&MAP);
    assert!(said.starts_with("afresh: rows.csv:3: "), "{said}");
}

#[test]
fn programs_get_what_became_of_the_rows() {
    let folder = Folder::default();
    folder.write("rows.csv", "id,body\n1,5\n");
    let report = folder.json("import", &[&MAP[..], &["--output", "t.jsonl"]].concat());
    let expected = json!({
        "rows": "rows.csv", "output": "t.jsonl", "in": 1, "out": 0, "views": 0, "ignored": 0, "skipped": 0, "backwards": 0
    });
    assert_eq!(report, expected);
    // If the trace goes to standard output, the report goes to standard error.
    let done = folder.run(&[&MAP[..], &["--format", "json"]].concat());
    assert!(done.stdout.starts_with(r#"{"afresh":{"format""#) && done.stderr.starts_with(r#"{"afresh":1,"import""#));
}
