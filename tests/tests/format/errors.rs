//! Tests with one error for each kind of mistake: file, line, column, what was expected, and what to do.

use std::fmt::Write as _;

use afresh::format::{Error, Options, Problem, Reader, TraceOf};
use afresh::unknown::{Thing, UnknownName};
use afresh::{Loaded, oracle};

use crate::format::small::Small;

/// Takes a snapshot without its expression, which would only repeat the input.
macro_rules! assert_snapshot {
    ($($argument:expr),+ $(,)?) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($($argument),+) })
    };
}

const HEADER: &str = "{\"afresh\":{\"format\":1,\"system\":\"small\"}}\n";

fn read(bytes: &[u8], options: Options) -> Result<TraceOf<Small>, Error> {
    Reader::new("night.jsonl", bytes, options)?.trace(&Small)
}

fn refuse(bytes: &[u8]) -> Error {
    let typed = read(bytes, Options::default()).expect_err("not a trace");
    let text = typed.to_string();
    if let Ok(reader) = Reader::new("night.jsonl", bytes, Options::default()) {
        let loaded = Loaded::read(&Small, reader).expect_err("not a trace");
        assert_eq!(loaded.to_string(), text, "whether it is read by one or by many");
    }
    if let Ok(reader) = Reader::new("night.jsonl", bytes, Options::default()) {
        let examined = oracle::examine(&Small, reader, || false).err().expect("not a trace");
        assert_eq!(examined.to_string(), text, "whether the content is wanted as it is in the file or not");
    }
    assert!(!text.replace('\n', "").chars().any(char::is_control), "a control character in {text:?}");
    typed
}

/// Returns the errors for these event lines.
fn said(lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |mut said, line| {
        let _ = writeln!(
            said,
            "{}\n{}\n",
            line.escape_debug().collect::<String>().replace("\\\"", "\""),
            refuse(format!("{HEADER}{line}\n").as_bytes())
        );
        said
    })
}

#[test]
fn fields() {
    assert_snapshot!(said(&[
        r#"{"in":{"id":"m","from":"b","bdy":1,"body":"nothing"}}"#,
        r#"{"when":1,"in":{"id":"m","from":"b","body":"nothing"}}"#,
        r#"{"out":{"id":"m","from":"b","body":"nothing"}}"#,
        r#"{"view":{"key":"a","value":[],"more":1}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"text":{"text":"","note":null,"x\u001b[31m":1}}}}"#,
        r#"{"in":{"id":"m","body":"nothing"}}"#,
        r#"{"in":{"id":"m","from":"b"}}"#,
        r#"{"in":{"id":"m","from":"b","body":"nothing","withdrawn":true}}"#,
        r#"{"cause":1}"#,
        r#"{"rejected":{"why":""},"view":{"key":"a","value":[]}}"#,
        r#"{"afresh":{"format":1,"system":"small"}}"#,
    ]));
}

#[test]
fn values() {
    assert_snapshot!(said(&[
        r#"{"in":{"id":17,"from":"b","body":"nothing"}}"#,
        r#"{"in":{"id":"m","from":"b","body":"unheard of"}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"count":9223372036854775808}}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"count":1.5}}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"natural":-1}}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"measure":NaN}}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"measure":1e999}}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"many":{"a":[256]}}}}"#,
        r#"{"in":{"id":"m","from":"b","revision":0,"body":"nothing"}}"#,
        r#"{"at":"yesterday","rejected":{"why":""}}"#,
        r#"{"at":"2026-03-14T09:26:53","rejected":{"why":""}}"#,
        r#"{"at":0.0000001,"rejected":{"why":""}}"#,
        r#"{"n":0,"rejected":{"why":""}}"#,
        r#"{"n":4294967296,"rejected":{"why":""}}"#,
        r#"{"n":3,"cause":3,"rejected":{"why":""}}"#,
        r#"{"rejected":{"why":""},"cause":2}"#,
        "{\"n\":7,\"rejected\":{\"why\":\"\"}}\n{\"n\":7,\"rejected\":{\"why\":\"\"}}",
        "{\"n\":4294967295,\"rejected\":{\"why\":\"\"}}\n{\"rejected\":{\"why\":\"\"}}",
    ]));
}

#[test]
fn duplicate_keys() {
    assert_snapshot!(said(&[
        r#"{"n":1,"n":2,"rejected":{"why":""}}"#,
        r#"{"in":{"id":"m","from":"b","body":"nothing","body":"nothing"}}"#,
        r#"{"in":{"id":"m","id":"m","from":"b","body":"nothing"}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"text":{"text":"a","text":"b","note":null}}}}"#,
        r#"{"in":{"id":"m","from":"b","body":{"many":{"a":[1],"b":[],"\u0061":[2]}}}}"#,
        r#"{"rejected":{"why":""},"rejected":{"why":""}}"#,
    ]));
}

#[test]
fn json() {
    assert_snapshot!(said(&[
        "what is this",
        "[1,2]",
        "17",
        r#"{"in":{"id":"m","from":"b","body":"nothing"}"#,
        r#"{"in":{"id":"m","from":"b","body":"nothing"}}}"#,
        r#"{"in":{"id":"m","from":"b","body":"nothing",}}"#,
        "{\"in\":{\"id\":\"m\u{1b}\",\"from\":\"b\",\"body\":\"nothing\"}}",
    ]));
}

#[test]
fn bytes_that_are_not_utf8() {
    let file = [HEADER.as_bytes(), b"{\"rejected\":{\"why\":\"caf\xe9\"}}\n"].concat();
    assert_snapshot!(refuse(&file));
}

#[test]
fn nesting_ten_thousand_deep() {
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = refuse(
        format!("{HEADER}{{\"in\":{{\"id\":\"m\",\"from\":\"b\",\"body\":{{\"many\":{nested}}}}}}}\n").as_bytes(),
    );
    assert!(matches!(*body.problem, Problem::TooDeep), "{body}");
    let file = format!("{HEADER}{{\"view\":{{\"key\":\"a\",\"value\":{nested}}}}}\n");
    let raw = Reader::new("night.jsonl", file.as_bytes(), Options::default()).unwrap().raw_trace().unwrap_err();
    assert!(matches!(*raw.problem, Problem::TooDeep), "{raw}");
    assert_snapshot!(raw);
}

#[test]
fn a_line_over_the_limit() {
    let options = Options { line_max: 100, ..Options::default() };
    let line = |length: usize| format!("{HEADER}{{\"rejected\":{{\"why\":\"{}\"}}}}\n", "a".repeat(length - 23));
    assert!(read(line(100).as_bytes(), options).is_ok());
    assert_snapshot!(read(line(101).as_bytes(), options).unwrap_err());
}

#[test]
fn what_comes_after_the_limit_is_not_read() {
    // A file of one endless line: reading past the limit would never return.
    let endless = std::io::BufReader::new(std::io::Read::chain(HEADER.as_bytes(), std::io::repeat(b'a')));
    let options = Options { line_max: 1000, ..Options::default() };
    let error = Reader::new("night.jsonl", endless, options).unwrap().trace(&Small).unwrap_err();
    assert!(matches!(*error.problem, Problem::LineTooLong(1000)));
}

#[test]
fn a_last_line_that_was_cut_off_anywhere() {
    let whole = "{\"rejected\":{\"why\":\"first\"}}\n";
    let last = r#"{"at":"2026-03-14T09:26:53Z","in":{"id":"é","from":"b","body":{"many":{"\u0061":[1,-2]}}}}"#;
    for cut in 1..last.len() {
        let file = [HEADER.as_bytes(), whole.as_bytes(), &last.as_bytes()[..cut]].concat();
        let error = refuse(&file);
        assert!(matches!(*error.problem, Problem::Torn) && error.line == 3, "cut at {cut}: {error}");
        let survived = read(&file, Options { torn: true, ..Options::default() }).unwrap();
        assert_eq!(survived.events.len(), 1);
    }
    assert_snapshot!(refuse(format!("{HEADER}{whole}{}", &last[..40]).as_bytes()));
    // Some file systems leave zero bytes at the end of a file after a crash.
    assert!(matches!(*refuse(format!("{HEADER}{whole}\0\0\0").as_bytes()).problem, Problem::Torn));
    // A last line that lacks only its line break, and has an error in it, is not torn.
    assert!(matches!(*refuse(format!("{HEADER}{{\"n\":0}}").as_bytes()).problem, Problem::Data(_)));
}

#[test]
fn what_was_torn_is_told() {
    let file = format!("{HEADER}{{\"rejected\":{{\"why\":\"\"}}}}\n{{\"rej");
    let reader = Reader::new("night.jsonl", file.as_bytes(), Options { torn: true, ..Options::default() }).unwrap();
    let mut events = reader.events(&Small);
    assert_eq!(events.by_ref().filter(Result::is_ok).count(), 1);
    assert_eq!(events.torn(), Some(3));
}

#[test]
fn headers() {
    let files = [
        "",
        "\n",
        "id,from,body\n1,bank,{}\n",
        "{\"id\":1}\n",
        "\u{1}\u{2}\n",
        "{\"afresh\":{\"format\":2,\"system\":\"small\",\"shape\":\"new\"}}\n",
        "{\"afresh\":{\"format\":0,\"system\":\"small\"}}\n",
        "{\"afresh\":{\"format\":1}}\n",
        "{\"afresh\":{\"system\":\"small\"}}\n",
        "{\"afresh\":{\"format\":1,\"system\":\"small\",\"complet\":true}}\n",
        "{\"afresh\":{\"format\":1,\"system\":\"small\"},\"more\":1}\n",
        "{\"afresh\":{\"format\":1,\"syst",
    ];
    let said = files.iter().fold(String::new(), |mut said, file| {
        let _ = writeln!(
            said,
            "{}\n{}\n",
            file.escape_debug().collect::<String>().replace("\\\"", "\""),
            refuse(file.as_bytes())
        );
        said
    });
    assert_snapshot!(said);
    assert_snapshot!("bytes_that_are_no_header", refuse(b"\x1f\x8b\x08\x00\n"));
}

#[test]
fn a_system_that_is_not_known() {
    let unknown = |known: &[&str]| {
        let unknown = UnknownName::new(Thing::System, "ledgr", known.iter().copied());
        Error::at("night.jsonl", 1, 0, Problem::UnknownSystem(unknown))
    };
    assert_snapshot!(unknown(&["document", "ledger", "ledger+late-capture"]));
    assert!(unknown(&["ledger"]).to_string().contains("expected `ledger`"));
}

#[test]
fn an_error_is_the_last_item() {
    let file = format!("{HEADER}what\n{{\"rejected\":{{\"why\":\"\"}}}}\n");
    let reader = Reader::new("night.jsonl", file.as_bytes(), Options::default()).unwrap();
    assert_eq!(reader.events(&Small).map(|event| event.is_ok()).collect::<Vec<_>>(), [false]);
}
