//! Versions of a program: what a comparison of two of them tells, and which of them runs.

use std::fs;

use afresh_tests::Folder;

use super::{has, with_helper};

/// A counter whose way depends on its arguments.
const COUNTER: &str = r#"
import sys
from afresh import serve

class Counter:
    name = "counter"
    def keys(self, body):
        if "reject" in sys.argv and body.get("odd"):
            raise ValueError("odd")
        return [body["key"]]
    def apply(self, key, state, message, flows):
        if "crash" in sys.argv:
            raise ValueError("no such field")
        return (state or 0) + 1
    def view(self, key, state):
        view = {"count": state or 0, "rejected": 1 if "counts" in sys.argv else 0, "total ": 0, "": 0}
        if "spaces" in sys.argv:
            view["total "] = view[""] = 1
        if "short" not in sys.argv:
            view["customer"] = "ann"
        return view
    def outputs(self, key, state, flows):
        return {}

class Compares(Counter):
    def compare(self, key, state, view):
        own = self.view(key, state)
        return {name: "equal" if own[name] == view.get(name) else "differs" for name in own}

serve(Compares() if "compares" in sys.argv else Counter())
"#;

/// A folder with the counter, and a trace of two messages for one key.
fn folder() -> Folder {
    let folder = with_helper();
    folder.write("counter.py", COUNTER);
    let message = |n: u32| {
        let odd = if n == 2 { ",\"odd\":true" } else { "" };
        format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{{"key":"k"{odd}}}}}}}"#)
    };
    folder.trace("in.jsonl", "new", &[message(1), message(2)]);
    folder
}

/// Compares the counter with some arguments with that with others. Returns the exit code, and what was printed.
fn compared(folder: &Folder, [new, old]: [&str; 2], more: &[&str]) -> (i32, String) {
    let program = |name: &str, arguments: &str| format!("{name}=python3 counter.py {arguments}");
    let (new, old) = (program("new", new), program("old", old));
    let words = ["compare", "in.jsonl", "--against", "old", "--program", &new, "--program", &old];
    let done = folder.run(&[&words[..], more].concat());
    (done.code.unwrap_or(-1), done.stdout + &done.stderr)
}

#[test]
fn a_field_that_is_gone_is_a_difference_whatever_the_program_compares() {
    if !has("python3") {
        return;
    }
    let folder = folder();
    for compares in ["compares", ""] {
        for versions in
            [[format!("short {compares}"), compares.to_owned()], [compares.to_owned(), format!("short {compares}")]]
        {
            let (code, said) = compared(&folder, versions.each_ref().map(String::as_str), &[]);
            assert!(code == 1 && said.contains("differs/customer"), "{versions:?}: {said}");
        }
        assert_eq!(compared(&folder, [compares, compares], &[]).0, 0);
    }
}

#[test]
fn a_version_that_shows_nothing_is_compared_too() {
    if !has("python3") {
        return;
    }
    let folder = folder();
    let (code, said) = compared(&folder, ["", "crash"], &[]);
    assert!(code == 1 && said.contains("differs/not quarantined"), "{said}");
    let (code, said) = compared(&folder, ["crash", ""], &[]);
    assert!(code == 1 && said.contains("differs/quarantined"), "{said}");
    let (code, said) = compared(&folder, ["crash", "crash"], &[]);
    assert!(code == 0 && said.contains("no difference"), "{said}");
}

#[test]
fn a_field_is_told_from_an_event_of_the_same_name() {
    if !has("python3") {
        return;
    }
    let folder = folder();
    let expect = ["--expect", "expected.txt"];
    let (_, said) = compared(&folder, ["counts", ""], &[&expect[..], &["--accept"]].concat());
    assert!(folder.read("expected.txt").contains("differs/view rejected\n"), "{said}");
    assert_eq!(compared(&folder, ["counts", ""], &expect).0, 0);
    // A rejection is not what was accepted.
    let (code, said) = compared(&folder, ["counts reject", ""], &expect);
    assert!(code == 1 && said.contains("differs/rejected"), "{said}");
    // What is accepted can be read again.
    let expect = ["--expect", "spaces.txt"];
    compared(&folder, ["spaces", ""], &[&expect[..], &["--accept"]].concat());
    let (code, said) = compared(&folder, ["spaces", ""], &expect);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_command_line_also_wins_for_versions() {
    if !has("python3") {
        return;
    }
    let folder = folder();
    let versions = "[systems.new]\ncommand = \"python3 counter.py\"\n\n\
                    [systems.new.versions]\n\"new+crash\" = \"python3 counter.py crash\"\n";
    folder.write("afresh.toml", versions);
    let deploy = r#"{"fault":{"deploy":{"node":"app","system":"new+crash"}}}"#.to_owned();
    let message = r#"{"in":{"id":"m-1","from":"a","body":{"key":"k"}}}"#.to_owned();
    folder.trace("in.jsonl", "new", &[message.clone(), deploy, message.replace("m-1", "m-2")]);
    assert_eq!(folder.run(&["check", "in.jsonl"]).code, Some(1));
    folder.ok(&["check", "in.jsonl", "--program", "new+crash=python3 counter.py"]);
    // The versions of a system stay if its own command is another one.
    assert_eq!(folder.run(&["check", "in.jsonl", "--program", "new=python3 counter.py short"]).code, Some(1));
}

#[test]
fn a_campaign_runs_again_when_a_version_changes() {
    if !has("python3") {
        return;
    }
    let folder = folder();
    fs::create_dir(folder.path("later")).expect("a folder");
    for name in ["afresh.py", "counter.py"] {
        folder.write(&format!("later/{name}"), &folder.read(name));
    }
    let versions = "[systems.new]\ncommand = \"python3 counter.py\"\n\n\
                    [systems.new.versions]\nlater = \"python3 later/counter.py\"\n";
    folder.write("afresh.toml", versions);
    let explore = || folder.run(&["explore", "new", "--from", "in.jsonl", "--seeds", "0..3", "--output", "o"]).stdout;
    explore();
    let again = explore();
    assert!(again.contains("made before by this build"), "{again}");
    folder.write("later/counter.py", &folder.read("counter.py").replace("+ 1", "+ 2"));
    let changed = explore();
    assert!(!changed.contains("made before by this build"), "{changed}");
}
