//! Tests of the signature: it makes two failures of a command the same bug, and tells other failures apart.

use afresh::minimize::Verdict;

use super::bench::{Bench, Done, run};

/// A command with two bugs, which prints the bug and its place. It exits with 4 if `reverse` comes after `open`, with
/// 3 at a `bad` without an earlier `good`, and with 0 if it sees neither.
const TEST: &str = r#"
    awk '/^open/ { open = 1 }
        /^good/ { good = 1 }
        /^bad/ && !good { print "bug: bad input " $2 ", line " NR; exit 3 }
        /^reverse y/ && open { print "bug: reversed " $2 ", line " NR; exit 4 }' "$1"
"#;

/// The same for any failure: it exits with 1 if it sees one, and with 0 otherwise.
const ANY: &str = r#"
    awk '/^open/ { open = 1 }
        /^good/ { good = 1 }
        /^bad/ && !good { print "bug: bad input " $2 ", line " NR; exit 1 }
        /^reverse y/ && open { print "bug: reversed " $2 ", line " NR; exit 1 }' "$1" && exit 1 || exit 0
"#;

const BUG: &str = "open\nreverse y\n";

/// Creates 200 lines that show one bug, and show the other as soon as one of the needed lines is missing.
fn two_bugs() -> Bench {
    let line = |number| match number {
        20 => "good\n".to_owned(),
        61 => "open x\n".to_owned(),
        100 => "bad y\n".to_owned(),
        142 => "reverse y\n".to_owned(),
        _ => format!("ping {number}\n"),
    };
    Bench::new((1..=200).map(line).collect::<String>())
}

fn shrink(bench: &Bench, options: &[&str], script: &str) -> Done {
    run(bench.shrink_by(&[&["trace.log"], options].concat(), script))
}

/// Returns the names of the other bugs in the verdicts of a walk.
fn others(bench: &Bench) -> Vec<String> {
    let mut others: Vec<_> = bench.walk().runs.into_iter().filter_map(|(_, verdict)| other(verdict)).collect();
    others.dedup();
    others
}

fn other(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Other { signature, .. } => Some(signature.to_string()),
        _ => None,
    }
}

#[test]
fn without_a_signature_any_failure_counts_and_the_report_says_so() {
    let bench = two_bugs();
    let done = shrink(&bench, &[], ANY);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"bad\n", "it slipped, as it must when nothing tells the bugs apart");
    assert!(done.stdout.contains("any failure of the command counted"), "{}", done.stdout);
    let json = shrink(&bench, &["--force", "--format", "json"], ANY);
    assert!(json.stdout.contains(r#""any_failure":true"#), "{}", json.stdout);
}

#[test]
fn with_a_signature_none_slips() {
    for (options, script, shows, other) in [
        (&["--signature", r"bug: (\w+)"][..], ANY, "match/reversed", "match/bad"),
        (&["--signature", r"bug: (\w+).*line (?<line>\d+)"], ANY, "match/reversed", "match/bad"),
        (&["--signature", "stdout"], ANY, "stdout/bug: reversed y, line #", "stdout/bug: bad input y, line #"),
        (&["--invert"], TEST, "exit/4", "exit/3"),
        (&["--invert", "--signature", "exit"], TEST, "exit/4", "exit/3"),
        (&["--invert", "--signature", r"(?<line>\d+)$|bug: (\w+)"], TEST, "match/reversed", "match/bad"),
    ] {
        let bench = two_bugs();
        let done = shrink(&bench, options, script);
        assert_eq!(done.code, Some(0), "{options:?}: {}", done.stderr);
        assert_eq!(String::from_utf8(bench.read("trace.min.log")).as_deref(), Ok(BUG), "{options:?}");
        assert!(done.stdout.contains(&format!("  shows {shows}\n")), "{options:?}: {}", done.stdout);
        assert!(!done.stdout.contains("any failure"), "{}", done.stdout);
        assert_eq!(others(&bench), [other], "{options:?}");
    }
}

#[test]
fn what_is_on_standard_error_is_told_from_what_is_on_standard_output() {
    let bench = two_bugs();
    let script = format!("echo $$; {{ {TEST} }} >&2");
    let done = shrink(&bench, &["--signature", "stderr", "--invert"], &script);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), BUG.as_bytes());
}

#[test]
fn a_line_that_is_named_saves_the_search_for_it() {
    let runs = |signature: &str| {
        let bench = two_bugs();
        assert_eq!(shrink(&bench, &["--signature", signature], ANY).code, Some(0));
        let walk = bench.walk();
        (
            walk.runs.len(),
            walk.runs[1].1.clone(),
            walk.runs.into_iter().filter(|(intent, _)| intent.pass == "truncate").count(),
        )
    };
    let (without, ..) = runs(r"bug: (\w+)");
    for name in ["line", "at"] {
        let (with, original, truncating) = runs(&format!(r"bug: (\w+).*line (?<{name}>\d+)"));
        let Verdict::Same { at: Some(142), shows: Some(shows) } = original else { panic!("{original:?}") };
        assert_eq!((shows.to_string().as_str(), truncating), ("match/reversed", 1));
        assert!(with + 5 <= without, "{with} runs with the line, {without} without");
    }
}

#[test]
fn a_candidate_can_be_piped() {
    let bench = Bench::with_bug();
    let script = r#"cksum() { command cksum < "$0/x"; }; cat > "$0/x"; grep '^open\|^reverse' "$0/x" | tr '\n' ' ' | grep -q 'open.*reverse'"#;
    let done = run(bench.command(
        ["trace.log", "--stdin", "--", "sh", "-c", script]
            .map(std::ffi::OsStr::new)
            .into_iter()
            .chain([bench.path(".").as_os_str()]),
    ));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
    // A command that does not read its input works as well.
    let big = Bench::new("ping\n".repeat(100_000) + "open\n");
    let words = ["trace.log", "--stdin", "--", "sh", "-c", "exec 0<&-; exit 1"].map(std::ffi::OsStr::new);
    assert_eq!(run(big.command(words)).code, Some(3));
}

#[test]
fn a_command_that_goes_wrong_is_not_the_bug_in_either_sense() {
    for script in ["exit 125", "exit 126", "no-such-program", "kill -SEGV $$"] {
        let bench = two_bugs();
        let done = shrink(&bench, &["--invert"], script);
        assert_eq!(done.code, Some(3));
        assert!(done.stderr.contains("cannot be judged"), "{}", done.stderr);
        assert!(done.stderr.contains("with a code other than 0 if the bug is there"), "{}", done.stderr);
    }
}

#[test]
fn a_pattern_that_does_not_match_and_a_bug_without_messages_are_refused() {
    let bench = two_bugs();
    let done = shrink(&bench, &["--signature", "panicked at (.*)"], ANY);
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.contains("does not show") && done.stderr.contains("no match/exit 0"), "{}", done.stderr);
    let done = shrink(&bench, &["--signature", "bug: (.*)"], "echo bug: always");
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.contains("even when nothing is left"), "{}", done.stderr);
    assert_eq!(bench.files(), ["trace.log"]);
    let done = shrink(&bench, &["--signature", "bug: ("], ANY);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("or a pattern") && done.stderr.contains("unclosed group"), "{}", done.stderr);
}

#[test]
fn a_failure_that_is_the_same_only_at_first_is_flaky() {
    let bench = two_bugs();
    let script =
        r#"echo >> "$0/runs"; [ -s "$1" ] || exit 1; n=$(wc -l < "$0/runs"); [ $n = 2 ] && echo one || echo two"#;
    let done = shrink(&bench, &["--signature", "(one|two)"], script);
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.contains("flaky") && done.stderr.contains("another failure, match/two"), "{}", done.stderr);
}

#[test]
fn the_original_is_confirmed_as_often_as_asked_and_a_lucky_candidate_is_not_the_result() {
    let bench = Bench::with_bug();
    assert_eq!(run(bench.shrink(&["trace.log", "--confirm", "5"])).code, Some(0));
    let runs = bench.runs();
    assert_eq!(runs.iter().filter(|run| **run == runs[1]).count(), 5);

    // Without `ping 100`, only the first run of each candidate fails.
    let script = r#"
        sum=$(cksum < "$1"); before=$(grep -c "$sum" "$0/runs"); echo "$sum" >> "$0/runs"
        grep -q reverse "$1" || exit 1
        grep -q 'ping 100' "$1" || [ "$before" = 0 ]
    "#;
    for options in [&["trace.log"][..], &["trace.log", "--flaky"]] {
        let bench = Bench::with_bug();
        std::fs::write(bench.path("runs"), "").expect("written");
        assert_eq!(run(bench.shrink_by(options, script)).code, Some(0));
        assert_eq!(String::from_utf8(bench.read("trace.min.log")).expect("text"), "ping 100\nreverse\n");
    }
}

#[test]
fn a_signature_is_known_after_a_stop() {
    let bench = two_bugs();
    let options = ["--signature", r"bug: (\w+)"];
    shrink(&bench, &options, ANY);
    let (result, walk) = (bench.read("trace.min.log"), bench.read("trace.min.log.walk"));
    for runs in ["1", "2", "3", "9"] {
        shrink(&bench, &[&options[..], &["--force", "--runs", runs]].concat(), ANY);
        assert_eq!(bench.walk().runs.len().to_string(), runs);
        assert_eq!(shrink(&bench, &[&options[..], &["--resume"]].concat(), ANY).code, Some(0));
        assert_eq!((bench.read("trace.min.log"), bench.read("trace.min.log.walk")), (result.clone(), walk.clone()));
    }
    let other = shrink(&bench, &["--resume", "--signature", "exit"], ANY);
    assert!(other.code == Some(2) && other.stderr.contains("another command"), "{}", other.stderr);
}
