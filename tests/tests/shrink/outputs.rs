//! Tests of the outputs of a search: each is checked before the first run, and none overwrites what is not of this
//! search.

use std::fs;
use std::os::unix::fs::symlink;

use super::bench::{Bench, run};

/// A command that fails with 3 at the bug, and with 4 if anything else is left without `open`. In its second run, it
/// writes the file that `$0/appears` names.
const APPEARS: &str = r#"
    cksum < "$1" >> "$0/runs"
    if [ "$(wc -l < "$0/runs")" = 2 ]; then
        name=$(cat "$0/appears"); mkdir -p "$(dirname "$0/$name")"; echo theirs > "$0/$name"
    fi
    [ -s "$1" ] || exit 0
    grep -q '^open' "$1" || exit 4
    grep '^open\|^reverse' "$1" | tr '\n' ' ' | grep -q 'open.*reverse' && exit 3
    exit 0
"#;

#[test]
fn a_link_to_the_input_is_the_input() {
    for name in ["--output", "--walk", "--report"] {
        let bench = Bench::with_bug();
        let before = bench.read("trace.log");
        fs::hard_link(bench.path("trace.log"), bench.path("hard")).expect("linked");
        symlink("trace.log", bench.path("soft")).expect("linked");
        for link in ["hard", "soft"] {
            let done = run(bench.shrink(&["trace.log", name, link, "--force"]));
            assert!(done.code == Some(2) && done.stderr.contains("is the input"), "{name} {link}: {}", done.stderr);
            assert_eq!(bench.read("trace.log"), before);
        }
        assert_eq!(bench.files(), ["hard", "soft", "trace.log"]);
    }
}

#[test]
fn a_walk_that_is_forced_leaves_its_other_names_alone() {
    let bench = Bench::with_bug();
    fs::write(bench.path("precious"), "precious").expect("written");
    fs::hard_link(bench.path("precious"), bench.path("w")).expect("linked");
    assert_eq!(run(bench.shrink(&["trace.log", "--walk", "w", "--force"])).code, Some(0));
    assert_eq!(bench.read("precious"), b"precious");
}

#[test]
fn wrong_outputs_are_refused_before_the_first_run() {
    let bench = Bench::with_bug();
    fs::create_dir(bench.path("folder")).expect("made");
    symlink("folder", bench.path("link")).expect("linked");
    let before = bench.files();
    for (words, said) in [
        (&["-o", "o", "--report", "o"][..], "named for two outputs"),
        (&["-o", "o", "--walk", "./o"], "named for two outputs"),
        (&["-o", "folder/o", "--walk", "link/o"], "named for two outputs"),
        (&["-o", "o", "--report", "o.others"], "named for two outputs"),
        (&["--walk", "w", "--report", "w", "--force"], "named for two outputs"),
        (&["-o", "folder"], "is a directory"),
        (&["-o", "folder", "--force"], "is a directory"),
        (&["--report", "folder", "--force"], "is a directory"),
        (&["--walk", "link"], "is a directory"),
        (&["-o", "none/o", "--walk", "w"], "create the folder first"),
        (&["--report", "none/r"], "create the folder first"),
        (&["--report", "-"], "use `./-`"),
        (&["--walk", "-"], "use `./-`"),
    ] {
        let done = run(bench.shrink(&[&["trace.log"], words].concat()));
        assert!(done.code == Some(2) && done.stderr.contains(said), "{words:?}: {}", done.stderr);
        assert_eq!(bench.files(), before, "{words:?}");
    }
}

#[test]
fn what_appears_during_the_search_is_not_overwritten() {
    for name in ["trace.min.log", "trace.min.log.others/1.log", "r.html"] {
        let bench = Bench::with_bug();
        fs::write(bench.path("appears"), name).expect("written");
        let words = ["trace.log", "--invert", "--report", "r.html", "--resume"];
        let done = run(bench.shrink_by(&words[..4], APPEARS));
        assert!(done.code == Some(2) && done.stderr.contains("has appeared"), "{name}: {}", done.stderr);
        assert_eq!(bench.read(name), b"theirs\n", "{name}");
        fs::remove_file(bench.path(name)).expect("removed");
        let done = run(bench.shrink_by(&words, APPEARS));
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
        assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
    }
}

#[test]
fn only_files_of_the_search_are_replaced_when_it_is_resumed() {
    let bench = Bench::with_bug();
    let begun = ["trace.log", "--report", "r.html", "--runs", "30"];
    assert_eq!(run(bench.shrink(&begun)).code, Some(0));
    let (result, page) = (bench.read("trace.min.log"), bench.read("r.html"));
    let resumed = ["trace.log", "--report", "r.html", "--resume"];
    for (name, ours) in [("trace.min.log", &result), ("r.html", &page)] {
        fs::write(bench.path(name), "precious").expect("written");
        let done = run(bench.shrink(&resumed));
        assert!(done.code == Some(2) && done.stderr.contains("not from the search of this walk"), "{}", done.stderr);
        assert_eq!(bench.read(name), b"precious");
        fs::write(bench.path(name), ours).expect("written");
    }
    fs::write(bench.path("notes"), "my notes").expect("written");
    let done = run(bench.shrink(&["trace.log", "--walk", "notes", "--resume", "-o", "new"]));
    assert!(done.code == Some(2) && bench.read("notes") == b"my notes", "{}", done.stderr);
    let done = run(bench.shrink(&resumed));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
}

#[test]
fn the_last_number_of_runs_can_be_resumed() {
    let bench = Bench::with_bug();
    assert_eq!(run(bench.shrink(&["trace.log", "--runs", "9"])).code, Some(0));
    let done = run(bench.shrink(&["trace.log", "--resume", "--runs", &u64::MAX.to_string()]));
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}
