//! Tests of `afresh init`: each folder that it makes works at once.

use std::process::Command;

use afresh_tests::{Folder, binary};

use super::has;

/// Makes a first system in a language, builds it with a command of the shell, checks its trace, and runs its test.
fn works(language: &str, build: &str, test: &[&str]) {
    if !has(test[0]) {
        return;
    }
    let folder = Folder::default();
    folder.ok(&["init", "order-book", "--language", language]);
    let folder = folder.path("order-book");
    let run = |program: &std::path::Path, words: &[&str]| {
        let output = Command::new(program).args(words).current_dir(&folder).env("AFRESH", binary()).output();
        let output = output.expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program:?} {words:?}: {text}");
        text.into_owned()
    };
    run("sh".as_ref(), &["-c", build]);
    let checked = run(binary(), &["check", "traces/first.jsonl"]);
    assert!(checked.contains("ok: 4 stimuli, 2 keys"), "{checked}");
    run(binary(), &["replay", "traces/first.jsonl"]);
    run(test[0].as_ref(), &test[1..]);
}

#[test]
fn python() {
    works("python", "true", &["python3", "-m", "unittest"]);
}

#[test]
fn typescript() {
    let asked = Command::new("node").args(["-e", "process.exit(process.features.typescript ? 0 : 1)"]).output();
    if asked.is_ok_and(|output| output.status.success()) {
        works("typescript", "true", &["node", "--test"]);
    } else {
        println!("skipped: node is not installed, or older than 22.18, and does not run TypeScript");
    }
}

#[test]
fn java() {
    works("java", "javac -Xlint:all -Werror -d target *.java", &["java", "-cp", "target", "OrderBookTest"]);
}

#[test]
fn go() {
    works("go", "go vet . && go build -o target/order-book .", &["go", "test"]);
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::default();
    folder.ok(&["init", "orders", "--language", "python"]);
    let before = folder.read("orders/orders.py");
    std::fs::remove_file(folder.path("orders/afresh.toml")).expect("it is there");
    let refused = folder.refused(&["init", "orders", "--language", "python"]);
    assert!(refused.contains("already exists"), "{refused}");
    assert_eq!(folder.read("orders/orders.py"), before);
    assert!(!folder.path("orders/afresh.toml").exists(), "nothing was written");
    for bad in ["Orders", "-a", "a--b", "a-", "1a", ""] {
        assert!(folder.refused(&["init", "--language", "python", "--", bad]).contains("small letters"), "{bad}");
    }
}
