//! Tests of `afresh init`: each folder that it makes works at once.

use std::process::Command;

use afresh_tests::{Done, Folder, binary};

use super::has;

/// Names that mean something to a language, or are files of every first system.
const TAKEN: [&str; 8] = ["afresh", "class", "json", "main", "std", "string", "system", "test"];

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

/// Makes first systems with names that are taken, builds each with a command of the shell, and checks its trace.
fn any_name_works(language: &str, build: impl Fn(&str) -> String) {
    let folder = Folder::default();
    for name in TAKEN {
        folder.ok(&["init", name, "--language", language]);
        let script = format!("cd {name} && {} && {} check traces/first.jsonl", build(name), binary().display());
        let done =
            Done::from(Command::new("sh").args(["-c", &script]).current_dir(folder.path(".")).output().expect("sh"));
        assert_eq!(done.code, Some(0), "{language}, {name}: {}{}", done.stdout, done.stderr);
    }
}

#[test]
fn names_of_libraries() {
    if has("python3") {
        any_name_works("python", |_| "true".to_owned());
    }
    if has("javac") {
        any_name_works("java", |_| "javac -d target *.java".to_owned());
    }
    if has("go") {
        any_name_works("go", |name| format!("go build -o target/{name} ."));
    }
    if runs_typescript() {
        any_name_works("typescript", |_| "true".to_owned());
    }
}

/// Returns whether Node is there, and runs TypeScript.
fn runs_typescript() -> bool {
    let asked = Command::new("node").args(["-e", "process.exit(process.features.typescript ? 0 : 1)"]).output();
    asked.is_ok_and(|output| output.status.success())
}

#[test]
fn python() {
    works("python", "true", &["python3", "-m", "unittest"]);
}

#[test]
fn typescript() {
    if runs_typescript() {
        works("typescript", "true", &["node", "--test"]);
    } else {
        println!("skipped: node is not installed, or older than 22.18, and does not run TypeScript");
    }
}

#[test]
fn java() {
    works("java", "javac -Xlint:all -Werror -d target *.java", &["java", "-cp", "target", "OrderBookSystemTest"]);
}

#[test]
fn go() {
    works("go", "go vet . && go build -o target/order-book .", &["go", "test"]);
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::default();
    folder.ok(&["init", "orders", "--language", "python"]);
    let before = folder.read("orders/system.py");
    std::fs::remove_file(folder.path("orders/afresh.toml")).expect("it is there");
    let refused = folder.refused(&["init", "orders", "--language", "python"]);
    assert!(refused.contains("already exists") && refused.contains("`--folder`"), "{refused}");
    assert_eq!(folder.read("orders/system.py"), before);
    assert!(!folder.path("orders/afresh.toml").exists(), "nothing was written");
    for bad in ["Orders", "-a", "a--b", "a-", "1a", ""] {
        assert!(folder.refused(&["init", "--language", "python", "--", bad]).contains("small letters"), "{bad}");
    }
}
