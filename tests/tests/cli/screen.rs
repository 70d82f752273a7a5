//! Tests that no text from outside acts on a terminal, whichever command prints it and wherever it comes from.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Stdio;

use afresh_tests::Folder;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

/// Text that sets a title, clears the screen, turns the direction of writing, colours, and hides.
const EVIL: &str = "\u{1b}]0;P\u{7}\u{1b}[2J\u{202e}\u{2066}\u{9b}Z\rX\u{8}\u{1b}[8m\u{7f}";

/// Runs a command with standard output on a terminal, and returns everything that it prints.
fn shown(folder: &Folder, words: &[&str]) -> String {
    let reader = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&reader).and_then(|()| unlockpt(&reader)).expect("it is ours");
    let name = ptsname(&reader, Vec::new()).expect("it has a name").into_string().expect("ASCII");
    let terminal = OpenOptions::new().read(true).write(true).open(name).expect("it opens");
    let mut command = folder.command(words);
    command.env_remove("NO_COLOR").env_remove("CLICOLOR").env_remove("CI").env("TERM", "xterm-256color");
    let child = command.stdout(Stdio::from(terminal)).spawn().expect("the binary runs");
    drop(command);
    let mut bytes = Vec::new();
    // Reading from a terminal that is closed ends with an error.
    let _ = File::from(reader).read_to_end(&mut bytes);
    let done = child.wait_with_output().expect("it ends");
    assert!(matches!(done.status.code(), Some(0..=3)), "{words:?} ended with {:?}", done.status);
    // The terminal turns each line end into two characters.
    let shown = String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n");
    shown + &String::from_utf8(done.stderr).expect("UTF-8")
}

/// Removes the styles that commands give to their own text: numbers in `[` and `m`.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (place, part) in text.split('\u{1b}').enumerate() {
        let style = part.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        match style.filter(|(numbers, _)| ["0", "1", "2", "4", "31", "32", "33"].contains(numbers)) {
            _ if place == 0 => plain += part,
            Some((_, rest)) => plain += rest,
            None => plain = plain + "\u{1b}" + part,
        }
    }
    plain
}

fn assert_safe(folder: &Folder, words: &[&str]) {
    for format in [&[][..], &["--format", "json"]] {
        // The words after `--` are a command.
        let place = words.iter().position(|word| *word == "--").unwrap_or(words.len());
        let words = [&words[..place], format, &words[place..]].concat();
        let shown = shown(folder, &words);
        let acts = |char: char| {
            char.is_control() && char != '\n'
                || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!plain(&shown).contains(acts), "{words:?} shows {shown:?}");
    }
}

fn deposit(n: u64) -> String {
    let body = json!({ "deposit": { "account": format!("a{EVIL}"), "amount": 5, "on": n } });
    json!({ "in": { "id": format!("m-{n}{EVIL}"), "from": EVIL, "body": body } }).to_string()
}

/// A folder with traces, a walk and a campaign, all of them evil, and each under an evil name.
fn evil() -> (Folder, String) {
    let folder = Folder::default();
    let name = format!("t{EVIL}.jsonl");
    let header = json!({ "format": 1, "system": "ledger", "complete": true, "shows": EVIL, "source": EVIL });
    let view = json!({ "view": { "key": format!("a{EVIL}"), "value": { "balance": 1, "held": 0 } } });
    let lines = [json!({ "afresh": header }).to_string(), deposit(1), deposit(2), view.to_string()];
    folder.write(&name, &(lines.join("\n") + "\n"));
    folder.write("bad.jsonl", &format!("{}\n{}\n", lines[0], json!({ "in": { EVIL: EVIL } })));
    folder.write("other.jsonl", &(json!({ "afresh": { "format": 1, "system": EVIL } }).to_string() + "\n"));
    folder.write("rows.csv", &format!("id,{EVIL}\n{EVIL},5\n").replace('\r', ""));
    folder.write("log", &format!("a {EVIL}\nb {EVIL}\n"));
    (folder, name)
}

#[test]
fn traces_and_their_names() {
    let (folder, name) = evil();
    let (key, message, why) = (format!("a{EVIL}"), format!("m-1{EVIL}"), ["--by", EVIL, "--why", EVIL]);
    let commands: [&[&str]; 20] = [
        &["check", &name],
        &["check", "bad.jsonl"],
        &["check", "other.jsonl"],
        &["replay", &name],
        &["replay", &name, "--system", EVIL],
        &["show", &name, "--views"],
        &["show", &name, "--full"],
        &["show", &name, "--key", &key],
        &["show", &name, "--key", EVIL],
        &["show", &name, "--message", EVIL],
        &["shrink", &name],
        &["shrink", &name, "--signature", EVIL],
        &[&["reflow", &name, "--message", &message, "--in", "--dry-run"], &why[..]].concat(),
        &[&["trigger", &name, "--key", &key, "--dry-run"], &why[..]].concat(),
        &[&["trigger", &name, "--key", EVIL, "--dry-run"], &why[..]].concat(),
        &[&["migrate", &name, "--flow", EVIL, "--on", "--all", "--dry-run"], &why[..]].concat(),
        &[&["scrub", &name, "--all", "--dry-run"], &why[..]].concat(),
        &[&["scrub", &name, "--all", "-o", "-"], &why[..]].concat(),
        &["run", EVIL, "--seed", "1"],
        &["check", EVIL, "--deny", EVIL],
    ];
    for words in commands {
        assert_safe(&folder, words);
    }
}

#[test]
fn rows_commands_walks_and_campaigns() {
    let (folder, name) = evil();
    let import = ["import", "rows.csv", "--system", EVIL, "--map", "id=.id", "--map"];
    let mapped = format!("body=.{EVIL}").replace('\r', "");
    let output = format!("o{EVIL}");
    let header = json!({ "campaign": 1, "system": "ledger" });
    let counts = json!({ "first": 0, "end": 2, "counts": { EVIL: 1 }, "laws": { EVIL: 1 }, "reached": { EVIL: 1 },
        "failed": { EVIL: { "runs": 1, "seed": 0 } } });
    std::fs::create_dir(folder.path(&output)).unwrap();
    folder.write(&format!("{output}/campaign.jsonl"), &format!("{header}\n{counts}\n"));
    std::fs::create_dir(folder.path("other")).unwrap();
    let other = json!({ "campaign": 1, "system": EVIL });
    folder.write("other/campaign.jsonl", &format!("{other}\n"));
    let done = folder.run(&["shrink", "log", "-o", "small", "--", "grep", "-q", "b", "{}"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    folder.write("bad.walk", &(json!({ "walk": { "format": 1, EVIL: 1 } }).to_string() + "\n"));
    let commands: [&[&str]; 13] = [
        &[&import[..], &[&mapped]].concat(),
        &[&import[..], &[&mapped, "--map", "from==b", "-o", "-"]].concat(),
        &[&import[..], &[EVIL]].concat(),
        &["shrink", "log", "--force", "--", "sh", "-c", "grep -q b $1", EVIL, "{}"],
        &["shrink", "log", "--force", "--", "sh", "-c", "cat $1 >&2; exit 1", EVIL, "{}"],
        &["shrink", "log", "-o", "-", "--", "grep", "-q", "b", "{}"],
        &["shrink", "log", "--force", "--not-in", EVIL, "--", "grep", "-q", "b", "{}"],
        &["shrink", "log", "--force", "-o", &output, "--", "grep", "-q", "b", "{}"],
        &["show", "--walk", "small.walk", "log"],
        &["show", "--walk", "bad.walk", &name],
        &["explore", "ledger", "--seeds", "0..2", "--output", &output, "--no-shrink"],
        &["explore", "ledger", "--seeds", "0..2", "--output", "other"],
        &["run", "ledger", "--seed", "1", "--output", &name],
    ];
    for words in commands {
        assert_safe(&folder, words);
    }
}

#[test]
fn arguments_of_every_command() {
    let (folder, _) = evil();
    let commands =
        ["run", "explore", "import", "replay", "check", "shrink", "show", "reflow", "trigger", "migrate", "scrub"];
    for command in commands {
        for words in [&[command, "--nothing", EVIL][..], &[command, EVIL, EVIL, EVIL], &[command, "--format", EVIL]] {
            assert_safe(&folder, words);
        }
    }
    assert_safe(&folder, &[EVIL]);
}

#[test]
fn names_of_megabytes_are_cut_in_messages() {
    let folder = Folder::default();
    let name = "x".repeat(16 << 20);
    let header = |system: &str| json!({ "afresh": { "format": 1, "system": system, "complete": true } }).to_string();
    let body = json!({ "deposit": { "account": name, "amount": -5, "on": 1 } });
    let rejected = json!({ "in": { "id": name, "from": name, "body": body } });
    folder.write("system.jsonl", &(header(&name) + "\n"));
    folder.write("field.jsonl", &format!("{}\n{}\n", header("ledger"), json!({ "in": { &name: 1 } })));
    folder.write("key.jsonl", &format!("{}\n{rejected}\n", header("ledger")));
    for words in [
        &["check", "system.jsonl"][..],
        &["check", "field.jsonl"],
        &["check", "key.jsonl", "--line-max", "100000000", "--deny", "rejected"],
        &["show", "key.jsonl", "--line-max", "100000000", "--key", "y"],
        &["trigger", "key.jsonl", "--line-max", "100000000", "--dry-run", "--key", "y"],
    ] {
        let words = [words, &["--line-max", "100000000"][..if words.contains(&"--line-max") { 0 } else { 2 }]].concat();
        let done = folder.run(&words);
        let said = done.stderr.len() + done.stdout.len();
        assert!(
            matches!(done.code, Some(1 | 2)) && said < 20_000,
            "{words:?} exits with {:?}, {said} bytes",
            done.code
        );
    }
}
