//! Tests of what the report of an import says of messages that will not count, and of streams of changes.

use afresh::format::{Options, Reader, Writer};
use afresh::import::{Mapping, Named, Refusal, Shape, Tally, import};
use afresh_core::{EventNumber, Header};

use crate::import::{SHAPE, events, imported, mapping};

fn event(number: u32) -> EventNumber {
    EventNumber::new(number).unwrap()
}

/// The line, the event and the earlier event of each message that a tally names.
fn named(tally: &Tally) -> Vec<(u64, u32, Option<u32>)> {
    assert_eq!(tally.count, tally.first.len() as u64);
    let of = |Named { line, event, earlier, .. }: &Named| (*line, event.get(), earlier.map(EventNumber::get));
    tally.first.iter().map(of).collect()
}

#[test]
fn messages_that_will_not_count_are_named() {
    let rows = "id,rev,body\n1,1,10\n2,1,5\n2,1,7\n3,2,1\n3,2,2\n3,2,2\n3,1,9\n1,1,10\n1,1,bad\n";
    let mapping = mapping(&["id=.id", "from==w", "revision=.rev", "body=.body"]);
    let mut writer = Writer::new("out", Vec::new(), &Header::complete("ledger")).unwrap();
    let admit = |body: &str| match body {
        "1" => Err(Refusal::Rejected { why: "too little".into(), body: None }),
        _ => Ok(None),
    };
    let summary = import("rows", rows.as_bytes(), SHAPE, &mapping, &mut writer, admit, |_| Ok(())).unwrap();
    assert_eq!(named(&summary.uncounted.conflicts), [(4, 3, Some(2)), (6, 5, Some(4)), (7, 6, Some(4))]);
    assert_eq!(named(&summary.uncounted.duplicates), [(9, 8, Some(1))]);
    let rejected = Named { line: 5, event: event(4), earlier: None, why: Some("too little".into()) };
    assert_eq!(summary.uncounted.rejected, Tally { count: 1, first: vec![rejected] });
    // The higher revision was rejected, so it hides no other.
    assert_eq!(summary.uncounted.stale, Tally::default());
    let trace = writer.finish().unwrap();
    let raw = Reader::new("out", &trace[..], Options::default()).unwrap().raw_trace().unwrap();
    assert!(raw.events[3].content.get().contains("\"revision\":2"), "events have the numbers that are named");
}

#[test]
fn a_lower_revision_is_stale() {
    let rows = "id,rev,body\n1,2,10\n1,1,5\n1,3,5\n1,2,10\n";
    let fields = &["id=.id", "from==w", "revision=.rev", "body=.body"];
    let summary = imported(rows.as_bytes(), SHAPE, fields).unwrap().1;
    assert_eq!(named(&summary.uncounted.stale), [(3, 2, Some(1))]);
    assert_eq!(named(&summary.uncounted.duplicates), [(5, 4, Some(1))]);
    // The order of fields and the spelling of a text do not make another body.
    let rows = "{\"id\":1,\"b\":{\"a\":1,\"b\":\"\u{e9}\"}}\n{\"id\":1,\"b\":{\"b\":\"\\u00e9\",\"a\":1}}\n";
    let summary = imported(rows.as_bytes(), SHAPE, &["id=.id", "from==w", "body=.b"]).unwrap().1;
    assert_eq!((summary.uncounted.duplicates.count, summary.uncounted.conflicts.count), (1, 0));
}

#[test]
fn a_tally_names_the_first_and_counts_all() {
    let rows = "id,body\n".to_owned() + &"1,1\n".repeat(30);
    let duplicates =
        imported(rows.as_bytes(), SHAPE, &["id=.id", "from==w", "body=.body"]).unwrap().1.uncounted.duplicates;
    assert_eq!((duplicates.count, duplicates.first.len()), (29, 10));
}

const KCAT: &str = r#"{"topic":"orders","offset":0,"key":"order-1","payload":"{\"total\":5}"}
{"topic":"orders","offset":1,"key":"order-1","payload":"{\"total\":6}"}
{"topic":"orders","offset":2,"key":"order-2","payload":"{\"total\":9}"}
{"topic":"orders","offset":3,"key":"order-2","payload":null}
"#;

const RECORDS: &[&str] = &["id=.key", "from=.topic", "body=.payload", "withdrawn=.payload==null"];

fn imported_by(mapping: &Mapping, shape: Shape) -> String {
    let mut writer = Writer::new("out", Vec::new(), &Header::complete("orders")).unwrap();
    import("rows", KCAT.as_bytes(), shape, mapping, &mut writer, |_| Ok(None), Err).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap().split_once('\n').unwrap().1.to_owned()
}

#[test]
fn a_later_record_replaces_the_earlier_ones_and_null_deletes() {
    let later = imported_by(&mapping(RECORDS).later_replaces().unwrap(), SHAPE);
    insta::assert_snapshot!(later, @r#"
    {"n":1,"in":{"id":"order-1","from":"orders","body":{"total":5}}}
    {"n":2,"in":{"id":"order-1","from":"orders","revision":2,"body":{"total":6}}}
    {"n":3,"in":{"id":"order-2","from":"orders","body":{"total":9}}}
    {"n":4,"in":{"id":"order-2","from":"orders","revision":2,"withdrawn":true}}
    "#);
    // Or by the offset, which begins at 0.
    let fields = &[RECORDS, &["revision=.offset+1"]].concat();
    insta::assert_snapshot!(events(KCAT, SHAPE, fields), @r#"
    {"in":{"id":"order-1","from":"orders","body":{"total":5}}}
    {"in":{"id":"order-1","from":"orders","revision":2,"body":{"total":6}}}
    {"in":{"id":"order-2","from":"orders","revision":3,"body":{"total":9}}}
    {"in":{"id":"order-2","from":"orders","revision":4,"withdrawn":true}}
    "#);
    let fields = &[RECORDS, &["revision=.offset"]].concat();
    let error = imported(KCAT.as_bytes(), SHAPE, fields).unwrap_err().to_string();
    assert!(error.contains("found \"0\"") && error.contains("--later-replaces"), "{error}");
    assert!(mapping(fields).later_replaces().is_err());
}

#[test]
fn a_record_is_deleted_by_a_mark() {
    let rows = "op,id,body\nc,1,5\nd,1,\nr,2,7\n";
    let fields = &["id=.id", "from==w", "body=.body", "withdrawn=.op==d"];
    assert_eq!(events(rows, SHAPE, fields).matches("withdrawn").count(), 1);
}
