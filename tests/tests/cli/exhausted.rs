//! Tests that too few threads and too little memory at the start are an error, and never a finding.

use afresh_tests::Folder;

use super::LATE_CAPTURE;

#[test]
fn without_threads_there_is_an_error_that_says_what_to_do() {
    let folder = Folder::default();
    folder.trace("t.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    let commands: [&[&str]; 4] = [
        &["check", "t.jsonl", "--jobs", "4"],
        &["shrink", "t.jsonl"],
        &["run", "ledger", "--seed", "1"],
        &["explore", "ledger", "--seeds", "0..2"],
    ];
    for words in commands {
        // No thread can have a stack of this size.
        let done = folder.command(words).env("RUST_MIN_STACK", (1_u64 << 46).to_string()).output().expect("it runs");
        let (code, stderr) = (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned());
        assert!(code == Some(2) && stderr.contains("ulimit -u") && done.stdout.is_empty(), "{words:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
    }
}

#[test]
fn without_memory_there_is_an_error_whatever_the_backtrace() {
    let folder = Folder::default();
    folder.trace("t.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    let commands: [&[&str]; 4] = [
        &["check", "t.jsonl"],
        &["shrink", "t.jsonl"],
        &["run", "ledger", "--seed", "1"],
        &["explore", "ledger", "--seeds", "0..2"],
    ];
    for words in commands {
        for (memory, backtrace) in [("3MB", "1"), ("3MB", "0"), ("8MB", "full")] {
            let words = [words, &["--memory", memory]].concat();
            let done = folder.command(&words).env("RUST_BACKTRACE", backtrace).output().expect("it runs");
            let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.code() == Some(2) && stderr.contains("--memory"), "{words:?}: {stderr}");
        }
    }
}
