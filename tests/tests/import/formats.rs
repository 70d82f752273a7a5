//! Tests of text as databases write it: told from CSV, and read as what it is.

use afresh::import::{RowFormat, Shape};

use crate::import::{SHAPE, events, imported};

const NUMBERED: &[&str] = &["id=.2", "from=.3", "body=.4"];
const NAMED: &[&str] = &["id=.id", "from=.src", "body=.body"];

/// The format in which rows are read if nobody names it, and the bodies that they then have.
fn guessed(rows: &[u8], fields: &[&str]) -> (RowFormat, Vec<String>) {
    let (events, summary) = imported(rows, SHAPE, fields).unwrap_or_else(|error| panic!("{error}"));
    let body = |line: &str| line.rsplit_once(",\"body\":").unwrap().1.strip_suffix("}}").unwrap().to_owned();
    let form = summary.read_as.unwrap();
    assert!(form.guessed);
    (form.format, events.lines().map(body).collect())
}

#[test]
fn copy_text_of_postgres() {
    let copy = "\
1\tm-1\ttill\t{\"path\":\"C:\\\\\\\\temp\"}\tx
2\tm-2\ttill\t{\"name\":\"caf\\\\u00e9\"}\tx
3\tm-3\ttill\t\"pending\"\tx
4\tm-4\ttill\t{\"q\":\"say \\\\\"hi\\\\\"\"}\tx
5\tm-5\ttill\t5\t\"open quote, never closed
6\tm-6\ttill\t6\t\\N
";
    let csv = "seq,id,src,body,note\n1,m-1,till,\"{\"\"path\"\":\"\"C:\\\\temp\"\"}\",x\n\
               2,m-2,till,\"{\"\"name\"\":\"\"caf\\u00e9\"\"}\",x\n3,m-3,till,\"\"\"pending\"\"\",x\n\
               4,m-4,till,\"{\"\"q\"\":\"\"say \\\"\"hi\\\"\"\"\"}\",x\n5,m-5,till,5,\"\"\"open quote, never closed\"\n6,m-6,till,6,\n";
    let (format, bodies) = guessed(copy.as_bytes(), NUMBERED);
    assert_eq!((format, &bodies), (RowFormat::Copy, &guessed(csv.as_bytes(), NAMED).1));
    // A part of the rows is read rightly, or refused: what is JSON with and without the escapes may be either.
    for (row, (part, body)) in copy.split_inclusive('\n').zip(&bodies).enumerate() {
        match imported(part.as_bytes(), SHAPE, NUMBERED) {
            Ok(_) => assert_eq!(guessed(part.as_bytes(), NUMBERED).1, [body.as_str()]),
            Err(error) => assert!(row < 2 && error.to_string().contains("`--read-as`"), "{part}: {error}"),
        }
    }
    // A later row that is torn makes the rows before it no CSV.
    for torn in ["7\tm-7\ttill\t7\tab\\", "7\tm-7\ttill\t7\n", "7\tm-7\ttill\t7\ta\\qb\n"] {
        let rows = format!("{}{torn}", copy.replace("\t\\N", "\tx"));
        let error = imported(rows.as_bytes(), SHAPE, NUMBERED).unwrap_err().to_string();
        assert!(error.starts_with("rows:1:") && error.contains("`--read-as`"), "{error}");
    }
    // With a header, with the end of the data, and with the line ends of Windows.
    assert_eq!(guessed(format!("seq\tid\tsrc\tbody\tnote\n{copy}\\.\n").as_bytes(), NAMED), (format, bodies.clone()));
    assert_eq!(guessed(copy.replace('\n', "\r\n").as_bytes(), NUMBERED), (format, bodies));
}

#[test]
fn escapes_of_copy() {
    let shape = Shape { rows: Some(RowFormat::Copy), ..SHAPE };
    let rows = "\\b\\f\\r\\v\\101\\x42\\\\N\t\t1\n\\N\ta\\\nb\t2\n";
    let fields = &["from=.2", "id==x", "body=.3", "key=.1", "kind==inbound"];
    assert_eq!(
        events(rows, shape, fields),
        "{\"in\":{\"id\":\"x\",\"from\":\"\",\"body\":1}}\n{\"in\":{\"id\":\"x\",\"from\":\"a\\nb\",\"body\":2}}\n"
    );
    let fields = &["from==f", "id=.1", "body=.3"];
    let error = imported(rows.as_bytes(), shape, fields).unwrap_err().to_string();
    assert!(error.contains("rows:2: column `1`, field `id`: expected a value, found none"), "{error}");
    let first = rows.split_inclusive('\n').next().unwrap();
    assert!(events(first, shape, fields).contains(r#""id":"\b\f\r\u000bAB\\N""#));
}

#[test]
fn outfile_of_mysql() {
    let rows = "1\tm-1\ttill\t{\"path\":\"C:\\\\\\\\temp\"}\ta\\\nb\\\tc\\0\n2\tm-2\ttill\t\"x\"\t\\N\n";
    let bodies = [r#"{"path":"C:\\temp"}"#, r#""x""#];
    assert_eq!(guessed(rows.as_bytes(), NUMBERED).1, bodies);
    let outfile = Shape { rows: Some(RowFormat::Outfile), ..SHAPE };
    assert_eq!(events(rows, outfile, NUMBERED), events(rows, SHAPE, NUMBERED));
    // With other separators, and with cells in quotes.
    let commas = "1,m-1,till,{\"a\":1\\,\"b\":\"\\\\n\"},\\N\n2,m-2,till,2,x\n";
    assert_eq!(
        guessed(commas.as_bytes(), NUMBERED),
        (RowFormat::Outfile, vec![r#"{"a":1,"b":"\n"}"#.into(), "2".into()])
    );
    let enclosed =
        "\"1\",\"m-1\",\"till\",\"{\\\"a\\\":1,\\\"b\\\":\\\"\\\\n\\\"}\",\\N\n\"2\",\"m-2\",\"till\",\"2\",\"a\nb\"\n";
    assert_eq!(
        guessed(enclosed.as_bytes(), NUMBERED),
        (RowFormat::Enclosed, vec![r#"{"a":1,"b":"\n"}"#.into(), "2".into()])
    );
}

#[test]
fn batches_of_mysql() {
    let rows = "id\tsrc\tbody\tdeleted\nm-1\ttill\t{\"path\":\"C:\\\\\\\\temp\"}\tNULL\nm-2\ttill\tNULL\t2026-03-14 09:26:53\n";
    let fields = &["id=.id", "from=.src", "body=.body", "withdrawn=.deleted"];
    let (text, summary) = imported(rows.as_bytes(), SHAPE, fields).unwrap();
    assert_eq!(
        text,
        "{\"in\":{\"id\":\"m-1\",\"from\":\"till\",\"body\":{\"path\":\"C:\\\\temp\"}}}\n\
         {\"in\":{\"id\":\"m-2\",\"from\":\"till\",\"withdrawn\":true}}\n"
    );
    assert_eq!(summary.read_as.unwrap().format, RowFormat::Mysql);
    // With `--raw`, nothing is escaped, so the rows cannot be told apart in general.
    let raw = "id\tsrc\tbody\nm-1\ttill\t{\"q\":\"say \\\"hi\\\"\"}\nm-2\tNULL\t1\n";
    let error = imported(raw.as_bytes(), Shape { rows: Some(RowFormat::Mysql), ..SHAPE }, NAMED).unwrap_err();
    assert!(error.to_string().contains("unknown escape `\\\"`"), "{error}");
}

#[test]
fn a_guess_without_evidence_is_given_up_at_the_first_row_against_it() {
    let plain = "m\ttill\t1\n".repeat(20_000);
    let fields = &["id=.1", "from=.2", "body=.3"];
    let shape = Shape { header: false, ..SHAPE };
    assert_eq!(events(&plain, shape, fields).lines().count(), 20_000);
    for row in ["m\ttill\t\"x\"\n", "m\tC:\\\\\t1\n", "m\tNULL\t1\n"] {
        let error = imported(format!("{plain}{row}").as_bytes(), shape, fields).unwrap_err();
        assert_eq!(error.line, 20_001);
        assert!(error.to_string().contains("--read-as"), "{error}");
    }
}

#[test]
fn cells_that_are_not_mapped_may_hold_anything() {
    let rows = b"id,src,note,body\n1,till,caf\xe9,1\n2,till,\xff,2\n";
    assert_eq!(imported(rows, SHAPE, NAMED).unwrap().1.messages_in, 2);
    let error = imported(rows, SHAPE, &["id=.note", "from=.src", "body=.body"]).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.to_string().contains("byte 0xe9 is not valid UTF-8"), "{error}");
}

#[test]
fn what_formats_read_differently_is_not_guessed() {
    let rows = "1\tm-1\ttill\t5\t\"open\n2\tm-2\ttill\t6\tx\n3\tm-3\ttill\t7\tend\"\n4\tm-4\ttill\t8\tx\n";
    let pipes = "1|m-1|till|{\"path\":\"C:\\\\\\\\temp\"}|x\n2|m-2|till|5|x\n";
    for (rows, delimiter, bodies) in [(rows, b'\t', ["5", "6", "7", "8"].as_slice()), (pipes, b'|', &["", "5"])] {
        let named = format!("seq{0}id{0}src{0}body{0}note\n{rows}", char::from(delimiter));
        for (rows, fields) in [(rows, NUMBERED), (&named, NAMED)] {
            let error = imported(rows.as_bytes(), SHAPE, fields).unwrap_err().to_string();
            assert!(error.contains("expected the option `--read-as`"), "{error}");
            let shape = Shape { rows: Some(RowFormat::Copy), delimiter: Some(delimiter), ..SHAPE };
            let events = events(rows, shape, fields);
            assert_eq!(events.lines().count(), bodies.len());
            for (event, body) in events.lines().zip(bodies) {
                assert!(event.ends_with(&format!("{body}}}}}")), "{event}");
            }
        }
    }
}
