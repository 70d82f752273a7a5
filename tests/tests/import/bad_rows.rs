//! Tests of bad rows: each error names the mistake and its place.

use std::fmt::Write as _;

use afresh::format::{Error, Problem, Writer};
use afresh::import::{Assignment, Mapping, RowKind, Shape, import};
use afresh_core::Header;

use crate::import::{BOTH, SHAPE, imported, mapping};

macro_rules! assert_snapshot {
    ($($argument:expr),+ $(,)?) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($($argument),+) })
    };
}

fn refused(rows: &[u8], shape: Shape, fields: &[&str]) -> Error {
    let error = imported(rows, shape, fields).expect_err("no rows");
    assert!(!error.to_string().replace('\n', "").chars().any(char::is_control), "{error:?}");
    error
}

fn said(fields: &[&str], rows: &[&str]) -> String {
    rows.iter().fold(String::new(), |mut said, row| {
        let shown = row.escape_debug().collect::<String>().replace("\\\"", "\"");
        let _ = writeln!(said, "{shown}\n{}\n", refused(row.as_bytes(), SHAPE, fields));
        said
    })
}

#[test]
fn json() {
    assert_snapshot!(said(
        BOTH,
        &[
            r#"{"direction":"inbound","#,
            "{\"direction\":\"heartbeat\"}\n17",
            "[{\"direction\":\"inbound\"}]",
            r#"{"direction":"sideways\u001b[31m"}"#,
            r#"{"msg_id":"m"}"#,
            r#"{"direction":"inbound","msg_id":"m"}"#,
            r#"{"direction":"inbound","msg_id":{"a":1},"peer":"b","payload":1}"#,
            r#"{"direction":"inbound","msg_id":"m","peer":"b"}"#,
            r#"{"direction":"inbound","msg_id":"m","peer":"b","payload":{"a":1,"a":2}}"#,
            r#"{"direction":"inbound","msg_id":"m","msg_id":"n","peer":"b","payload":1}"#,
            r#"{"direction":"inbound","msg_id":"m","peer":"b","payload":1,"created_at":"yesterday"}"#,
        ]
    ));
}

#[test]
fn csv() {
    let header = "direction,msg_id,peer,payload,created_at\n";
    let rows = [
        "inbound,m,b",
        "inbound,m,b,{bad},",
        "inbound,m,b,,",
        "inbound,,b,1,",
        "sideways,m,b,1,",
        "inbound,m,b,1,never",
    ];
    let rows = rows.map(|row| format!("{header}{row}\n"));
    assert_snapshot!(said(BOTH, &rows.each_ref().map(String::as_str)));
    let bytes = [header.as_bytes(), b"heartbeat,,,,\ninbound,m,caf\xe9,1,\n"].concat();
    assert_snapshot!("csv_that_is_not_utf8", refused(&bytes, SHAPE, BOTH));
}

#[test]
fn mappings() {
    assert_snapshot!(said(BOTH, &["a,b\n1,2\n", ""]));
    let shape = Shape { header: false, ..SHAPE };
    assert_snapshot!("a_column_number", refused(b"1,2\n", shape, &["id=.3", "from==b", "body=.1"]));
    assert_snapshot!("a_field_that_is_needed", refused(b"a,b\n1,2\n", SHAPE, &["id=.a", "body=.b"]));
    assert_snapshot!("a_whole_row", refused(b"a,b\n1,2\n", SHAPE, &["id=.a", "from==b", "body=."]));
    let twice = ["id=.a", "id=.b"].map(|text| text.parse::<Assignment>().unwrap());
    assert!(Mapping::new(twice, []).is_err());
    assert!(Mapping::new([], [("a".into(), RowKind::In), ("a".into(), RowKind::Out)]).is_err());
    assert!(Mapping::new([], [("a".into(), RowKind::In), ("a".into(), RowKind::In)]).is_ok());
}

#[test]
fn other_encodings() {
    assert_snapshot!(refused(b"\xff\xfei\0d\0", SHAPE, BOTH));
}

#[test]
fn rows_over_the_limit() {
    let shape = Shape { line_max: 64 << 10, ..SHAPE };
    let fields = &["id=.id", "from==b", "body==1"];
    let long = "a".repeat(1 << 20);
    for rows in [format!("{{\"id\":\"{long}\"}}\n"), format!("id,x\n1,2\n\"{long},\n1,2\n")] {
        let error = refused(rows.as_bytes(), shape, fields);
        assert!(matches!(*error.problem, Problem::LineTooLong(_)), "{error}");
    }
}

#[test]
fn bad_rows_can_be_left_out() {
    let rows = "\
id,payload
1,1
2,{
3
4,4
";
    let mut writer = Writer::new("out", Vec::new(), &Header::complete("ledger")).unwrap();
    let mut bad = Vec::new();
    let keep = |error: Error| {
        bad.push(error.line);
        Ok(())
    };
    let mapping = mapping(&["id=.id", "from==b", "body=.payload"]);
    let summary = import("rows", rows.as_bytes(), SHAPE, &mapping, &mut writer, |_| Ok(None), keep).unwrap();
    assert_eq!((summary.messages_in, summary.skipped), (2, 2));
    assert_eq!(bad, [3, 4]);
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(text.lines().nth(2).unwrap(), r#"{"n":2,"in":{"id":"4","from":"b","body":4}}"#);
}

#[test]
fn a_quote_that_is_not_closed_is_named_where_it_opened() {
    let fields = &["id=.id", "from==b", "body=.body"];
    let torn = "id,body,note\nm-1,1,\"cut off he";
    for rows in [torn.to_owned(), format!("{torn}\nm-2,2,ok\nm-3,3,ok\n"), format!("{torn}{}", "\nm,2,ok".repeat(200))]
    {
        let error = refused(rows.as_bytes(), SHAPE, fields);
        assert_eq!((error.line, error.column), (2, 7), "{error}");
    }
    // Rows that could be skipped would hide those after them.
    let mut writer = Writer::new("out", Vec::new(), &Header::complete("ledger")).unwrap();
    let rows = format!("{torn}\nm-2,2,\"x\" y\n");
    for rows in [torn, &rows] {
        let mapping = mapping(fields);
        import("rows", rows.as_bytes(), SHAPE, &mapping, &mut writer, |_| Ok(None), |_| Ok(())).unwrap_err();
    }
    let lines = "{\n".to_owned() + &"\n".repeat(97) + "}";
    assert!(imported(format!("id,body\n1,\"{lines}\"\n").as_bytes(), SHAPE, fields).is_ok());
    assert_snapshot!(said(
        fields,
        &["id,body,note\nm-1,1,\"cut off he", "id,body,note\nm-1,1,\"cut\" off\n", "id,body,note\rm-1,1,x\n",]
    ));
}

#[test]
fn a_body_that_no_event_can_hold_is_refused_with_its_row() {
    let nested = |depth: usize| format!("{{\"id\":1,\"b\":{}1{}}}\n", "[".repeat(depth), "]".repeat(depth));
    let fields = &["id=.id", "from==b", "body=.b"];
    assert!(imported(nested(125).as_bytes(), SHAPE, fields).is_ok());
    let error = refused(nested(126).as_bytes(), SHAPE, fields);
    assert_eq!(error.line, 1);
    assert!(error.to_string().contains("nested too deeply"), "{error}");
}

#[test]
fn a_last_row_without_a_line_end_is_told() {
    let fields = &["id=.id", "from==b", "body=.body"];
    for (rows, torn) in [("id,body\n1,5", true), ("id,body\n1,5\n", false), ("{\"id\":1,\"body\":5}", true)] {
        assert_eq!(imported(rows.as_bytes(), SHAPE, fields).unwrap().1.torn, torn, "{rows}");
    }
}

#[test]
fn a_quote_that_ends_in_a_later_row_is_named_where_it_opened() {
    let rows = "id,note,body\nm-1,\"cut off he\nm-2,\"\",2\nm-3,\"x\",3\n";
    let error = refused(rows.as_bytes(), SHAPE, &["id=.id", "from==x", "body=.body"]).to_string();
    assert!(error.starts_with("rows:2:5: the quote that opens here ends at line 4, byte 5, and there: "), "{error}");
}

#[test]
fn a_column_that_is_mapped_has_a_name_of_its_own() {
    let fields = &["id=.id", "from==x", "body=.body"];
    let error = refused(b"id,body,id\n1,5,2\n", SHAPE, fields).to_string();
    assert!(error.contains("columns 1 and 3 are both named `id`"), "{error}");
    // Others may repeat.
    assert!(imported(b"id,body,note,note\n1,5,2,3\n", SHAPE, fields).is_ok());
}

#[test]
fn a_column_that_no_row_has_is_named() {
    let rows = br#"{"id":"a","deleted":null,"payload":{"x":1}}
{"id":"b","deleted":true,"payload":{"x":2}}
"#;
    let absent = |more: &[&str]| imported(rows, SHAPE, &[&["id=.id", "from==x", "body=.payload"], more].concat());
    let summary = absent(&["withdrawn=.delted", "at=.payload.at", "revision=.payload.x"]).expect("it is imported").1;
    let named: Vec<_> = summary.absent.iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        [
            "no row has the column `payload.at`, from which `at` is read",
            "no row has the column `delted`, from which `withdrawn` is read; did you mean `deleted`?"
        ]
    );
    assert_eq!(absent(&["withdrawn=.deleted"]).expect("it is imported").1.absent, []);
    // All messages would be withdrawn.
    let error = absent(&["withdrawn=.paylod==null"]).expect_err("no row has it").to_string();
    assert!(error.contains("no row has the column `paylod`") && error.contains("`payload`?"), "{error}");
    assert!(absent(&["withdrawn=.deleted==null"]).is_ok());
}
