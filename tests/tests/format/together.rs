//! Tests that a trace of several blocks, which is read on all cores, gives the same result as reading it line by
//! line.

use afresh::Loaded;
use afresh::format::{Error, EventOf, Options, Reader};

use crate::format::small::Small;

/// The result of reading a trace: the events with their line numbers, up to an error, if any.
type Read = (Vec<(EventOf<Small>, u64)>, Option<String>);

fn one_by_one(text: &[u8], options: Options) -> Result<Read, Error> {
    let mut source = Reader::new("long.jsonl", text, options)?.events(&Small);
    let mut read = Vec::new();
    while let Some(event) = source.next() {
        match event {
            Ok(event) => read.push((event, source.line())),
            Err(error) => return Ok((read, Some(error.to_string()))),
        }
    }
    Ok((read, None))
}

fn together(text: &[u8], options: Options) -> Result<Read, Error> {
    let loaded = Loaded::read(&Small, Reader::new("long.jsonl", text, options)?);
    Ok(match loaded {
        Ok(loaded) => (loaded.events_and_lines().map(|(event, line)| (event.clone(), line)).collect(), None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    })
}

/// Asserts that both ways to read a trace give the same result. Returns the error of that result, if any.
fn same(text: &[u8], options: Options) -> Option<String> {
    let (mut events, error) = one_by_one(text, options).expect("the header reads");
    // Reading a whole trace gives no events if it fails.
    if error.is_some() {
        events.clear();
    }
    let read = together(text, options).expect("the header reads");
    assert!(read == (events, error.clone()), "{error:?}");
    error
}

/// Generates a header and `count` lines, of which some are empty, have a number of their own, or name a cause.
fn lines(count: u32) -> Vec<String> {
    let event = |place: u32| match place % 1000 {
        0 => String::new(),
        1 => format!(r#"{{"n":{},"in":{{"id":"m-{place}","from":"b","body":"nothing"}}}}"#, place + 1),
        2 => format!(r#"{{"cause":{place},"rejected":{{"why":"{place}"}}}}"#),
        _ => format!(r#"{{"in":{{"id":"m-{place}","from":"b","body":{{"text":{{"text":"{place}","note":null}}}}}}}}"#),
    };
    let header = r#"{"afresh":{"format":1,"system":"small"}}"#.to_owned();
    std::iter::once(header).chain((0..count).map(event)).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

#[test]
fn a_long_trace_is_the_same_whether_it_is_read_by_one_or_by_many() {
    let lines = lines(20_000);
    let whole = joined(&lines);
    assert!(whole.len() > 1 << 20, "it has several blocks");
    let options = Options::default();
    assert_eq!(same(&whole, options), None);
    assert_eq!(same(whole.strip_suffix(b"\n").expect("it ends with one"), options), None);
    let wrong = [
        r#"{"in":{"id":"m","from":"b","bdy":"nothing"}}"#,
        r#"{"n":1,"in":{"id":"m","from":"b","body":"nothing"}}"#,
        r#"{"cause":100000,"rejected":{"why":""}}"#,
        r#"{"in":{"id":"m","id":"m"}}"#,
        "no JSON",
    ];
    for place in [3, 4999, 12_345, 20_000] {
        for text in wrong {
            let mut lines = lines.clone();
            lines[place] = text.to_owned();
            let error = same(&joined(&lines), options).expect("it is wrong");
            assert!(error.contains(&format!("long.jsonl:{}:", place + 1)), "{error}");
        }
        // The first error is reported, even if there are others.
        let mut lines = lines.clone();
        lines[place] = wrong[0].to_owned();
        lines[20_000] = wrong[4].to_owned();
        let error = same(&joined(&lines), options).expect("it is wrong");
        assert!(error.contains(&format!("long.jsonl:{}:", place + 1)), "{error}");
    }
}

#[test]
fn a_long_trace_may_be_cut_off_or_have_a_line_that_is_too_long() {
    let lines = lines(20_000);
    let whole = joined(&lines);
    for cut in [whole.len() - 3, 1 << 20, (1 << 18) + 41, (1 << 19) + 5] {
        assert!(same(&whole[..cut], Options::default()).is_some(), "{cut}");
        assert_eq!(same(&whole[..cut], Options { torn: true, ..Options::default() }), None, "{cut}");
    }
    let options = Options { line_max: 10_000, ..Options::default() };
    for length in [9_000, 10_000, 10_001, 300_000] {
        for place in [1, 3000, 9000] {
            let mut lines = lines.clone();
            let (before, after) = (r#"{"rejected":{"why":""#, r#""}}"#);
            lines[place] = format!("{before}{}{after}", "x".repeat(length - before.len() - after.len()));
            assert_eq!(same(&joined(&lines), options).is_some(), length > 10_000, "{length} {place}");
        }
    }
}
