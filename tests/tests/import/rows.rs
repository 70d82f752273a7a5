//! Tests of rows in the shapes that exports have.

use std::io::BufReader;

use afresh::format::Writer;
use afresh::import::{RowFormat, Shape, Summary, import};
use afresh_core::Header;

use crate::import::{BOTH, SHAPE, events, imported, mapping};

const FIELDS: &[&str] = &["id=.id", "from=.source", "body=.payload"];

/// The events of two messages that every export below contains.
const TWO: &str = "{\"in\":{\"id\":\"1\",\"from\":\"bank\",\"body\":{\"a\":\"x;,\\ty\",\"n\":1.10}}}\n\
                   {\"in\":{\"id\":\"2\",\"from\":\"bank\",\"body\":{\"a\":\"\"}}}\n";

#[test]
fn csv_of_every_shape() {
    let cells =
        [["id", "source", "payload"], ["1", "bank", r#"{"a":"x;,\ty","n":1.10}"#], ["2", "bank", r#"{"a":""}"#]];
    let quote = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let table = |delimiter: &str, end: &str| cells.map(|row| row.map(quote).join(delimiter)).join(end);
    for delimiter in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n"] {
            assert_eq!(events(&table(delimiter, end), SHAPE, FIELDS), TWO, "{delimiter:?} {end:?}");
            assert_eq!(events(&format!("\u{feff}{}{end}", table(delimiter, end)), SHAPE, FIELDS), TWO);
            assert_eq!(events(&format!("{end}{}{end}{end}", table(delimiter, end)), SHAPE, FIELDS), TWO);
        }
    }
    let explicit = Shape { delimiter: Some(b'^'), ..SHAPE };
    assert_eq!(events(&table("^", "\n"), explicit, FIELDS), TWO);
}

#[test]
fn csv_without_quotes_or_header() {
    let rows = "1\tbank\t{\"a\":\"x;,\\ty\",\"n\":1.10}\n2\tbank\t{\"a\":\"\"}\n";
    let shape = Shape { header: false, ..SHAPE };
    assert_eq!(events(rows, shape, &["id=.1", "from=.2", "body=.3"]), TWO);
}

#[test]
fn json_lines() {
    let rows = "{\"id\":1,\"source\":\"bank\",\"payload\":{\"a\":\"x;,\\ty\",\"n\":1.10}}\r\n\r\n\
                {\"payload\":{\"a\":\"\"},\"source\":\"bank\",\"id\":\"2\",\"more\":null}";
    assert_eq!(events(rows, SHAPE, FIELDS), TWO);
    assert_eq!(events(&format!("\u{feff}\n{rows}"), SHAPE, FIELDS), TWO);
}

#[test]
fn json_that_is_encoded_twice() {
    let body = r#""{\"a\":\"x;,\\ty\",\"n\":1.10}""#;
    let row = format!("{{\"id\":1,\"source\":\"bank\",\"payload\":{body}}}\n");
    let first = TWO.lines().next().unwrap().to_owned() + "\n";
    assert_eq!(events(&row, SHAPE, FIELDS), first);
    let cell = body.replace('"', "\"\"");
    assert_eq!(events(&format!("id,source,payload\n1,bank,\"{cell}\"\n"), SHAPE, FIELDS), first);
    // A path can lead into the encoded JSON.
    let fields = &["id=.payload.n", "from=.source", "body=.payload.a"];
    assert_eq!(events(&row, SHAPE, fields), "{\"in\":{\"id\":\"1.10\",\"from\":\"bank\",\"body\":\"x;,\\ty\"}}\n");
    assert_eq!(events(&format!("id,source,payload\n1,bank,\"{cell}\"\n"), SHAPE, fields), events(&row, SHAPE, fields));
    // A text that contains neither an object nor an array stays a text.
    let row = r#"{"id":1,"source":"bank","payload":"17"}"#;
    assert_eq!(events(row, SHAPE, FIELDS), "{\"in\":{\"id\":\"1\",\"from\":\"bank\",\"body\":\"17\"}}\n");
}

#[test]
fn numbers_survive_and_blanks_do_not() {
    let row = "id,source,payload\n1,bank,\"{\n  \"\"n\"\": [ 12345678901234567890.10, 1E2 ]\r\n}\"\n";
    assert_eq!(
        events(row, SHAPE, FIELDS),
        "{\"in\":{\"id\":\"1\",\"from\":\"bank\",\"body\":{\"n\":[12345678901234567890.10,1E2]}}}\n"
    );
}

#[test]
fn constants_paths_and_the_whole_row() {
    let row = r#"{"meta":{"ids":["x","m-1"],"a.b":true},"amount":5}"#;
    let fields = &["id=.meta.ids.1", "from==bank", "body=."];
    assert_eq!(
        events(row, SHAPE, fields),
        "{\"in\":{\"id\":\"m-1\",\"from\":\"bank\",\"body\":{\"meta\":{\"ids\":[\"x\",\"m-1\"],\"a.b\":true},\"amount\":5}}}\n"
    );
    let fields = &["id=.meta.\"a.b\"", "from==", "body=amount"];
    assert_eq!(events(row, SHAPE, fields), "{\"in\":{\"id\":\"true\",\"from\":\"\",\"body\":5}}\n");
}

#[test]
fn kinds_are_told_apart_by_a_column() {
    let rows = "\
direction;msg_id;peer;payload;created_at
inbound;m-1;bank;{\"deposit\":5};2026-03-14 09:26:53.5+00
outbound;a-1/balance;statements;5;2026-03-14 09:26:54+00
snapshot;a-1;;{\"balance\":5};2026-03-14 09:26:53
heartbeat;;;;
";
    let (text, summary) = imported(rows.as_bytes(), SHAPE, BOTH).unwrap();
    insta::assert_snapshot!(text, @r#"
    {"at":"2026-03-14T09:26:53.5Z","in":{"id":"m-1","from":"bank","body":{"deposit":5}}}
    {"at":"2026-03-14T09:26:54Z","out":{"id":"a-1/balance","to":"statements","body":5}}
    {"at":"2026-03-14T09:26:53Z","view":{"key":"a-1","value":{"balance":5}}}
    "#);
    let Summary { messages_in, out, views, ignored, skipped, backwards, .. } = summary;
    assert_eq!((messages_in, out, views, ignored, skipped, backwards), (1, 1, 1, 1, 0, 1));
}

#[test]
fn revisions_withdrawals_and_slots() {
    let rows = "\
version,deleted,account,slot,payload
2,false,a/1,balance,1
3,t,a/1,balance,
4,2026-03-14 09:26:53,a/1,balance,1
,,a/1,x/y,null
";
    let shape = Shape { rows: Some(RowFormat::Csv), ..SHAPE };
    let fields = &[
        "kind==outbound",
        "revision=.version",
        "withdrawn=.deleted",
        "key=.account",
        "slot=.slot",
        "to==down",
        "body=.payload",
    ];
    insta::assert_snapshot!(events(rows, shape, fields), @r#"
    {"out":{"id":"a~11/balance","to":"down","revision":2,"body":1}}
    {"out":{"id":"a~11/balance","to":"down","revision":3,"withdrawn":true}}
    {"out":{"id":"a~11/balance","to":"down","revision":4,"withdrawn":true}}
    {"out":{"id":"a~11/x/y","to":"down","body":null}}
    "#);
}

#[test]
fn a_row_is_forgotten_once_it_is_written() {
    // Generates rows on demand, keeps none of them, and imports far more bytes than a row may have.
    for row in ["{\"1\":1,\"2\":\"bank\",\"3\":1}\n", "1,bank,1\n"] {
        let rows = std::io::Read::take(Endless(row.as_bytes(), 0), 100_000 * row.len() as u64);
        let mut writer = Writer::new("out", std::io::sink(), &Header::complete("ledger")).unwrap();
        let shape = Shape { line_max: 100, header: false, ..SHAPE };
        let mapping = mapping(&["id=.1", "from=.2", "body=.3"]);
        let summary = import("rows", BufReader::new(rows), shape, &mapping, &mut writer, |_| Ok(None), Err).unwrap();
        assert_eq!(summary.messages_in, 100_000);
    }
}

/// A reader that repeats the same bytes.
struct Endless(&'static [u8], usize);

impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.0[self.1];
            self.1 = (self.1 + 1) % self.0.len();
        }
        Ok(buffer.len())
    }
}
