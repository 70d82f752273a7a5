//! Tests of `afresh.toml` and the options that win over it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use afresh_tests::{Done, Folder};

use super::{ORDERS, has, orders};

#[test]
fn a_trace_runs_with_the_program_that_the_file_names() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    assert!(folder.ok(&["check", "in.jsonl"]).contains("ok: 4 stimuli, 1 key"));
    // The file is found from a folder below it.
    fs::create_dir(folder.path("below")).expect("a folder");
    let output = folder.command(&["check", "../in.jsonl"]).current_dir(folder.path("below")).output();
    assert!(output.expect("it runs").status.success());
    // A version of it has a bug.
    let found = folder.run(&["check", "in.jsonl", "--system", "orders+late-line"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(found.stdout.contains("incremental/total at 1 step on 1 key"), "{}", found.stdout);
}

#[test]
fn messages_that_concern_no_key_are_counted() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let code = folder.read("orders.py");
    let keys = "    def keys(self, body):\n";
    assert!(code.contains(keys));
    let unpaid = format!("{keys}        if \"paid\" in body:\n            return []\n");
    folder.write("orders.py", &code.replace(keys, &unpaid));
    let said = folder.ok(&["check", "in.jsonl"]);
    assert!(said.contains("withdrawn; 1 message concerns no key; `update`"), "{said}");
}

#[test]
fn an_option_wins_over_the_file() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let bug = "orders=python3 orders.py --bug";
    assert_eq!(folder.run(&["check", "in.jsonl", "--program", bug]).code, Some(1));
    assert_eq!(folder.run(&["--program", bug, "check", "in.jsonl"]).code, Some(1));
    let toml = folder.read("afresh.toml");
    folder.write("afresh.toml", &format!("{toml}\n[defaults.check]\nsystem = \"orders+late-line\"\n"));
    assert_eq!(folder.run(&["check", "in.jsonl"]).code, Some(1));
    folder.ok(&["check", "in.jsonl", "--system=orders"]);
    // Another file replaces it as a whole.
    folder.write("other.toml", &toml);
    folder.ok(&["check", "in.jsonl", "--config", "other.toml"]);
    folder.ok(&["--config=other.toml", "check", "in.jsonl"]);
    // The value of an option may be called like a subcommand.
    folder.write("check", &format!("{toml}\n[defaults.check]\nsystem = \"orders+late-line\"\n"));
    assert_eq!(folder.run(&["--config", "check", "check", "in.jsonl"]).code, Some(1));
}

#[test]
fn a_command_line_sets_any_value_of_the_file() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let version = "systems.orders.versions.\"orders+late-line\"=python3 orders.py --bug";
    let check = ["check", "in.jsonl"];
    let of_version = ["check", "in.jsonl", "--system", "orders+late-line"];
    assert_eq!(
        folder.run(&[&check[..], &["--set", "systems.orders.command=python3 orders.py --bug"]].concat()).code,
        Some(1)
    );
    folder.ok(&["check", "in.jsonl", "--system", "orders+late-line", "--set", &version.replace(" --bug", "")]);
    assert_eq!(folder.run(&[&check[..], &["--set", "defaults.check.system=orders+late-line"]].concat()).code, Some(1));
    for (setting, told) in [
        ("systems.orders.timeout=soon", "expected a duration, such as 90, 5m or 1h\nin `systems.orders.timeout`"),
        ("systems.orders.timout=20s", "unknown field `timout`"),
        ("systems.orders.network=no", "expected a boolean"),
        ("systems.orders.twin=othre", "--set: systems.orders.twin: unknown version `othre`"),
        ("systems.orders", "--set systems.orders: expected a key and a value"),
        ("defaults.check.jbos=2", "defaults.check.jbos: `check` has no option --jbos"),
    ] {
        let refused = folder.refused(&[&check[..], &["--set", setting]].concat());
        assert!(refused.contains(told), "{setting}: {refused}");
    }
    // Without a file, each value that a system needs can be given so.
    fs::remove_file(folder.path("afresh.toml")).expect("it is there");
    let settings = ["--set=systems.orders.command=[\"python3\", \"orders.py\"]", "--set", version];
    folder.ok(&[&check[..], &settings].concat());
    assert_eq!(folder.run(&[&settings[..], &of_version].concat()).code, Some(1));
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_place() {
    let folder = orders();
    for (more, told) in [
        ("[defaults.check]\njbos = 2\n", "afresh.toml: defaults.check.jbos: `check` has no option --jbos"),
        ("[defaults.chck]\njobs = 2\n", "afresh.toml: defaults: there is no subcommand `chck`"),
        ("[defaults.check]\nlaws = 3\n", "defaults.check.laws: expected"),
        ("[systems.other]\n", "missing field `command`"),
        ("[systems.other]\ncommand = \"\"\n", "the command is empty"),
        ("[systems.other]\ncommand = \"python3 'x\"\n", "a quote that is not closed"),
        ("[systems.other]\ncommand = \"x\"\ntimeout = \"soon\"\n", "expected a duration"),
        ("[system.other]\n", "unknown field `system`"),
        (
            "[systems.other]\ncommand = \"x\"\ntwin = \"othre\"\n",
            "afresh.toml: systems.other.twin: unknown version `othre`: expected `other`",
        ),
        (
            "[systems.\"orders+late-line\"]\ncommand = \"x\"\n",
            "afresh.toml: systems.orders.versions.orders+late-line: the name is used twice",
        ),
        ("[defaults.check]\njobs = \"two\"\n", "afresh.toml: defaults.check.jobs: invalid value 'two' for '--jobs"),
        ("[defaults.check]\njobs = -1\n", "afresh.toml: defaults.check.jobs: invalid value '-1' for '--jobs"),
        ("[defaults.check]\nformat = \"xml\"\n", "afresh.toml: defaults.check.format: invalid value 'xml'"),
        ("[systems", "TOML parse error at line"),
    ] {
        let good = fs::read_to_string(afresh_tests::root().join("examples/orders/python/afresh.toml"));
        folder.write("afresh.toml", &format!("{}\n{more}", good.expect("the example is there")));
        let refused = folder.refused(&["check", "in.jsonl"]);
        assert!(refused.contains(told) && refused.contains("afresh.toml"), "{more}: {refused}");
    }
    assert!(folder.refused(&["check", "in.jsonl", "--config", "none.toml"]).contains("none.toml: cannot be read"));
}

#[test]
fn a_program_that_does_not_run_is_no_finding() {
    let folder = orders();
    let refused = folder.refused(&["check", "in.jsonl", "--program", "orders=no-such-program"]);
    assert!(refused.contains("no-such-program did not start"), "{refused}");
    let refused = folder.refused(&["check", "in.jsonl", "--program", "orders=false"]);
    assert!(refused.contains("the program ended with exit code 1 before it answered"), "{refused}");
    let refused = folder.refused(&["replay", "in.jsonl", "--program", "orders=sh -c 'echo oh >&2; exit 3'"]);
    assert!(refused.contains("its standard error: `oh`"), "{refused}");
    let refused = folder.refused(&["show", "in.jsonl", "--program", "orders=echo hello"]);
    assert!(refused.contains("no answer") && refused.contains("`hello`"), "{refused}");
    // Nothing has to run to show what was recorded.
    folder.ok(&["show", "in.jsonl", "--recorded", "--program", "orders=false"]);
}

#[test]
fn systems_are_listed() {
    let folder = orders();
    let list = folder.ok(&["systems"]);
    assert!(list.contains("\norders            "), "{list}");
    assert!(list.contains("python3 orders.py --bug"), "{list}");
    assert!(list.contains("\nledger "), "{list}");
    assert!(folder.refused(&["systems", "order"]).contains("orders"));
    if has("python3") {
        let one = folder.json("systems", &["systems", "orders"]);
        assert_eq!(one["systems"][0]["says"]["flows"][0], "reminders", "{one}");
    }
}

#[test]
fn a_program_without_network_reaches_nothing() {
    let may = Command::new("unshare").args(["--map-root-user", "--net", "true"]).output();
    if !has("python3") || !may.is_ok_and(|output| output.status.success()) {
        println!("skipped: a process may not be taken from the network here");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let code = format!("import socket, sys; socket.create_connection(('127.0.0.1', {port})); sys.exit('connected')");
    let folder = Folder::default();
    folder.write("afresh.toml", &format!("[systems.orders]\ncommand = [\"python3\", \"-c\", \"{code}\"]\n"));
    folder.trace("in.jsonl", "orders", &ORDERS);
    let with = folder.refused(&["check", "in.jsonl"]);
    assert!(with.contains("connected"), "{with}");
    let without = folder.refused(&["check", "in.jsonl", "--no-network"]);
    assert!(without.contains("unreachable") && !without.contains("connected"), "{without}");
    folder.write("afresh.toml", &folder.read("afresh.toml").replace("orders]\n", "orders]\nnetwork = false\n"));
    let without = folder.refused(&["check", "in.jsonl"]);
    assert!(without.contains("unreachable"), "{without}");
    let with = folder.refused(&["check", "in.jsonl", "--set", "systems.orders.network=true"]);
    assert!(with.contains("connected"), "{with}");
}

#[test]
fn what_explore_finds_is_shrunk_with_the_programs_of_its_options() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let config = folder.read("afresh.toml");
    fs::rename(folder.path("afresh.toml"), folder.path("other.toml")).expect("it is there");
    let system = "orders+late-line";
    let words = ["explore", system, "--from", "in.jsonl", "--whole", "--seeds", "0..4", "--output", "found"];
    let done = folder.run(&[&words[..], &["--config", "other.toml"]].concat());
    assert_eq!(done.code, Some(1), "{config}{}{}", done.stdout, done.stderr);
    assert!(!done.stdout.contains("could not be shrunk"), "{}", done.stdout);
    let findings = fs::read_dir(folder.path("found")).expect("the folder of the findings").flatten();
    let commands = findings.map(|entry| entry.path().join("commands.txt")).find(|path| path.exists());
    let path = fs::canonicalize(folder.path("other.toml")).expect("it is there").display().to_string();
    let commands = fs::read_to_string(commands.expect("there is a finding")).expect("it is a text");
    assert!(commands.lines().filter(|line| !line.starts_with('#')).all(|line| line.contains(&path)), "{commands}");
}

#[test]
fn an_option_wins_over_the_defaults_that_it_excludes() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let defaults = "[defaults.trigger]\nall = true\n\n[defaults.compare]\nagainst = \"orders+late-line\"\n";
    folder.write("afresh.toml", &format!("{}\n{defaults}", folder.read("afresh.toml")));
    folder.ok(&["trigger", "in.jsonl", "--dry-run"]);
    folder.ok(&["trigger", "in.jsonl", "--dry-run", "--key", "o-1"]);
    folder.ok(&["replay", "in.jsonl", "--record", "record.jsonl"]);
    folder.ok(&["compare", "in.jsonl", "--against-record", "record.jsonl"]);
    assert_eq!(folder.run(&["compare", "in.jsonl"]).code, Some(1));
    // A twin that does not start is an error at once.
    let words = ["shrink", "in.jsonl", "--system", "orders+late-line", "--output", "small.jsonl", "--not-in", "gone"];
    let refused = folder.refused(&[&words[..], &["--program", "gone=no-such-command"]].concat());
    assert!(refused.contains("the program of gone: cannot be run: no-such-command did not start"), "{refused}");
}

/// A campaign runs again what another build of the code has run, so it must know all of the code.
#[test]
fn a_campaign_knows_the_code_of_a_program() {
    if !has("python3") {
        return;
    }
    let folder = orders();
    let toml = folder.read("afresh.toml");
    let with = |files: &str| {
        let line = format!("[systems.orders]\nfiles = [{files}]\n");
        folder.write("afresh.toml", &toml.replace("[systems.orders]\n", &line));
    };
    let words = ["explore", "orders", "--from", "in.jsonl", "--seeds", "0..4"];
    let first = || folder.ok(&words).lines().next().expect("a line").to_owned();
    with("\"orders.py\", \"lib/*.py\"");
    let refused = folder.refused(&words);
    assert!(refused.contains("lib/*.py: a file of the code of a system cannot be read"), "{refused}");
    // No other command needs to know.
    folder.ok(&["check", "in.jsonl"]);
    fs::create_dir(folder.path("lib")).expect("a folder");
    folder.write("lib/prices.py", "");
    let all_new = first();
    assert!(first().contains("made before by this build"));
    folder.write("lib/prices.py", "# Another build.\n");
    assert_eq!(first(), all_new);
    // A program that the `PATH` has.
    let bin = folder.path("bin");
    fs::create_dir(&bin).expect("a folder");
    let script = |line: &str| {
        folder.write("bin/serve-orders", &format!("#!/bin/sh\n{line}exec python3 orders.py\n"));
        fs::set_permissions(bin.join("serve-orders"), fs::Permissions::from_mode(0o755)).expect("it is a file");
    };
    let path = std::env::join_paths(
        [bin.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").expect("there is one"))),
    );
    let path = path.expect("no colon is in it");
    let first = || {
        let mut command = folder.command(&words);
        command.args(["--program", "orders=serve-orders", "--output", "installed"]).env("PATH", &path);
        let done = Done::from(command.output().expect("it runs"));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.stdout.lines().next().expect("a line").to_owned()
    };
    script("");
    let all_new = first();
    assert!(first().contains("made before by this build"));
    script(": another build\n");
    assert_eq!(first(), all_new);
}
