//! Tests of `--keep`: matches of a pattern stay as they are.

use super::bench::{Bench, run};

#[test]
fn the_lines_and_values_that_match_stay() {
    let line = |number| match number {
        1 => "version 3 of the format\n".to_owned(),
        61 => "open account-77 500\n".to_owned(),
        142 => "reverse account-77 500\n".to_owned(),
        _ => format!("ping {number}\n"),
    };
    let input = (1..=200).map(line).collect::<String>();
    let bench = Bench::new(&input);
    let script = r#"grep -q '^open' "$1" && grep -q '^reverse' "$1""#;
    let options = ["trace.log", "--keep", "^version.*", "--keep", "account-[0-9]+"];
    let done = run(bench.shrink_by(&options, script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let result = String::from_utf8(bench.read("trace.min.log")).expect("text");
    let lines: Vec<_> = result.lines().collect();
    assert_eq!(lines[0], "version 3 of the format");
    assert!(lines.len() == 3 && lines[1..].iter().all(|line| line.ends_with(" account-77")), "{result}");
    assert!(!result.contains("500"), "the rest gets simpler: {result}");
    // Another pattern is another search.
    let other = run(bench.shrink_by(&["trace.log", "--resume", "--keep", "^version.*"], script));
    assert!(other.code == Some(2) && other.stderr.contains("another command"), "{}", other.stderr);
    let none = run(Bench::new(&input).shrink_by(&["trace.log", "--keep", "vresion"], script));
    assert!(none.code == Some(2) && none.stderr.contains("no line of the input matches `vresion`"), "{}", none.stderr);
}

#[test]
fn a_pattern_sees_a_line_without_its_end_and_whatever_its_bytes() {
    let bench = Bench::new(b"op 9\nnoise\ncaf\xe9 stays\nbug\nop 9");
    let done = run(bench.shrink_by(&["trace.log", "--keep", "^op 9$", "--keep", "stays$"], r#"grep -qa bug "$1""#));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"op 9\ncaf\xe9 stays\nbug\nop 9");
}

#[test]
fn a_pattern_sees_each_line_of_a_value() {
    let value =
        |number| format!("{{\n  \"n\": {number},\n  \"who\": \"{}\"\n}}\n", if number == 2 { "alice" } else { "bob" });
    let bench = Bench::new((1..=6).map(value).collect::<String>());
    let done = run(bench.shrink_by(&["trace.log", "--keep", "^.*alice.*$"], r#"grep -q '"n": *4' "$1""#));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let result = String::from_utf8(bench.read("trace.min.log")).expect("text");
    assert!(result.contains("  \"who\": \"alice\"\n") && !result.contains("bob"), "{result}");
}
