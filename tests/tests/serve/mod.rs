//! Tests of `afresh serve`: the process, its store, its receivers, and the knobs that are turned on it.

mod storage;

use std::fs;
use std::process::Command;
use std::time::Duration;

use afresh_tests::kills::{kills, wait_until_settled};
use afresh_tests::moody::Moody;
use afresh_tests::served::Served;
use afresh_tests::{Done, Folder, binary};
use serde_json::json;

const DEPOSIT: &str = r#"{"id":"m-1","from":"bank","body":{"deposit":{"account":"a-1","amount":500,"on":1}}}"#;

/// Starts a service on a store in the folder.
fn serve(folder: &Folder, words: &[&str]) -> Served {
    let words = [&["serve", "ledger", "--store", "sqlite:ledger.db", "--no-scrub"], words].concat();
    match Served::start(folder.command(&words)) {
        Ok(served) => served,
        Err(done) => panic!("{done:?}"),
    }
}

/// Tries to start a service, which must fail.
fn refused(folder: &Folder, words: &[&str]) -> String {
    let command = folder.command(&[&["serve"], words].concat());
    let Done { code, stdout, stderr } = *Served::start(command).expect_err("it must not start");
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    stderr
}

#[test]
fn a_service_that_is_killed_loses_and_doubles_nothing() {
    let survived = kills(10, 1, Duration::from_millis(150), None);
    assert!(survived.acknowledged > 0, "{survived:?}");
}

#[test]
fn a_stop_lets_nothing_that_was_taken_be_lost() {
    let folder = Folder::default();
    let served = serve(&folder, &[]);
    assert_eq!(served.post("/messages", DEPOSIT), (200, json!({"event": 1, "receipt": "counts"})));
    assert_eq!(served.stop(), Some(0));
    let served = serve(&folder, &[]);
    assert_eq!(served.get("/keys/a-1")["view"]["balance"], 500);
    assert_eq!(served.post("/messages", DEPOSIT).1["receipt"], "duplicate");
    assert_eq!(served.stop(), Some(0));
    // The journal says that the service has started again.
    let shown = folder.ok(&["show", "sqlite:ledger.db", "--kind", "fault"]);
    assert!(shown.contains(r#"{"restart":{"node":"service "#), "{shown}");
    folder.ok(&["check", "sqlite:ledger.db"]);
}

#[test]
fn a_second_process_is_refused_while_the_first_one_runs() {
    let folder = Folder::default();
    let mut served = serve(&folder, &[]);
    let error = refused(&folder, &["ledger", "--store", "sqlite:ledger.db"]);
    assert!(error.contains(&format!("in use by process {}", served.id())), "{error}");
    assert_eq!(served.post("/messages", DEPOSIT).0, 200);
    served.kill();
    // The lease of a dead process holds up nobody.
    assert_eq!(serve(&folder, &[]).stop(), Some(0));
}

#[test]
fn what_cannot_be_served_is_refused() {
    let folder = Folder::default();
    for (words, why) in [
        (&["nothing", "--store", "sqlite:x.db"][..], "unknown system `nothing`"),
        (&["replica", "--store", "sqlite:x.db"], "a world of nodes cannot be served"),
        (&["ledger", "--store", "x.db"], "sqlite:PATH"),
        (&["ledger", "--store", "sqlite:x.db", "--receiver", "statements"], "NAME=URL"),
        (&["ledger", "--store", "sqlite:x.db", "--receiver", "statements=ftp://x/y"], "is not a URL of HTTP"),
        (&["ledger", "--store", "sqlite:x.db", "--tokens", "none.jsonl"], "none.jsonl"),
        (
            &["ledger", "--store", "sqlite:x.db", "--receiver=a=http://x/1", "--receiver", "a=http://x/2"],
            "`a` has two URLs",
        ),
    ] {
        let error = refused(&folder, words);
        assert!(error.contains(why), "{words:?}: {error}");
    }
    // A receiver whose name ends like one of the file is another.
    folder.write("afresh.toml", "[receivers]\nbank = \"ftp://x/y\"\n");
    let error = refused(&folder, &["ledger", "--store", "sqlite:x.db", "--receiver", "savings-bank=http://x/1"]);
    assert!(error.contains("is not a URL of HTTP"), "{error}");
    folder.write("afresh.toml", "");
    // A program that does not run would reject messages for good.
    let broken = [&["broken", "--store", "sqlite:x.db"][..], &["--program", "broken=false"]].concat();
    let error = refused(&folder, &broken);
    assert!(error.contains("the program of broken: cannot be run") && !folder.path("x.db").exists(), "{error}");
    // Without tokens, nobody else may reach it.
    let open = folder.run(&["serve", "ledger", "--store", "sqlite:x.db", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.code, Some(2), "{open:?}");
    assert!(open.stderr.contains("needs tokens"), "{open:?}");
    // The journal of a system is continued only by a version of it.
    serve(&folder, &[]).stop();
    let error = refused(&folder, &["orderbook", "--store", "sqlite:ledger.db"]);
    assert!(error.contains("holds the journal of `ledger`"), "{error}");
}

#[test]
fn a_damaged_store_is_said_and_not_served() {
    let folder = Folder::default();
    let served = serve(&folder, &[]);
    for number in 0..200 {
        assert_eq!(served.post("/messages", &DEPOSIT.replace("m-1", &format!("m-{number}"))).0, 200);
    }
    assert_eq!(served.stop(), Some(0));
    let path = folder.path("ledger.db");
    let whole = fs::read(&path).expect("a database");
    let place = whole.windows(5).rposition(|bytes| bytes == b"\"on\":").expect("a body");
    let mut flipped = whole.clone();
    flipped[place + 1] ^= 1;
    for (damaged, why) in [(&flipped[..], "its checksum is wrong"), (&whole[..whole.len() / 2], "")] {
        fs::write(&path, damaged).expect("it is written");
        let error = refused(&folder, &["ledger", "--store", "sqlite:ledger.db"]);
        assert!(error.contains("sqlite:ledger.db: ") && error.contains(why), "{error}");
        assert_eq!(folder.run(&["check", "sqlite:ledger.db"]).code, Some(2));
    }
}

#[test]
fn a_knob_on_a_service_is_planned_and_then_confirmed() {
    let folder = Folder::default();
    let receiver = Moody::start(1, 0);
    let to = format!("statements={}", receiver.url());
    let served = serve(&folder, &["--receiver", &to]);
    assert_eq!(served.post("/messages", DEPOSIT).0, 200);
    wait_until_settled(&served);
    let url = served.url();
    let reflow = ["reflow", &url, "--slot", "a-1/balance", "--why", "lost downstream"];
    let error = folder.refused(&[&reflow[..], &["--in-place"]].concat());
    assert!(error.contains("use `--dry-run`"), "{error}");
    let plan = folder.json("plan", &[&reflow[..], &["--dry-run"]].concat());
    assert_eq!(plan["plan"]["sends"][0]["id"], "a-1/balance");
    let token = plan["token"].as_str().expect("a token");
    // A message that comes in between changes what the knob would send.
    assert_eq!(served.post("/messages", &DEPOSIT.replace("m-1", "m-2")).0, 200);
    let changed = folder.run(&["confirm", &url, token]);
    assert_eq!((changed.code, changed.stderr.as_str()), (Some(1), ""), "{changed:?}");
    assert!(changed.stdout.contains("not turned"), "{changed:?}");
    let plan = folder.ok(&[&reflow[..], &["--dry-run"]].concat());
    let token = plan.lines().last().and_then(|line| line.rsplit(' ').next()).expect("a token");
    let turned = folder.ok(&["confirm", &url, token]);
    assert!(turned.contains("done as planned"), "{turned}");
    let error = folder.refused(&["confirm", &url, token]);
    assert!(error.contains("no plan has this token"), "{error}");
    let error = folder.refused(&["trigger", &url, "--key", "a-2", "--dry-run"]);
    assert!(error.contains("unknown key `a-2`"), "{error}");
    wait_until_settled(&served);
    assert_eq!(receiver.outputs()["a-1/balance"]["statement"]["balance"], 1000);
    assert_eq!(served.stop(), Some(0));
    let shown = folder.ok(&["show", "sqlite:ledger.db", "--kind", "knob"]);
    assert!(shown.contains(r#""by":"local@127.0.0.1","why":"lost downstream""#), "{shown}");
}

#[test]
fn everything_that_is_rejected_is_reflowed_on_a_service() {
    let folder = Folder::default();
    let served = serve(&folder, &[]);
    assert_eq!(served.post("/messages", &DEPOSIT.replace("500", "0")).0, 422);
    let plan = folder.json("plan", &["reflow", &served.url(), "--rejected", "--from", "bank", "--dry-run"]);
    assert_eq!(plan["knob"]["reflow_in"]["messages"], json!([{"from": "bank", "id": "m-1"}]));
    assert_eq!(plan["plan"]["refusals"][0]["revision"], 1);
}

#[test]
fn a_token_allows_what_its_roles_say() {
    let folder = Folder::default();
    let made = |name: &str, role: &str| {
        folder.ok(&["token", "--name", name, "--role", role, "--tokens", "tokens.jsonl"]).trim().to_owned()
    };
    let (reader, operator) = (made("rita", "read"), made("olga", "operate"));
    assert!(!folder.read("tokens.jsonl").contains(&reader), "only hashes are stored");
    let error = folder.refused(&["token", "--name", "rita", "--role", "read", "--tokens", "tokens.jsonl"]);
    assert!(error.contains("exists"), "{error}");
    let served = serve(&folder, &["--tokens", "tokens.jsonl"]);
    assert_eq!(served.post("/messages", DEPOSIT).0, 401);
    let url = served.url();
    let plan = |token: Option<&str>| {
        let mut command = folder.command(&["trigger", &url, "--all", "--dry-run"]);
        command.envs(token.map(|token| ("AFRESH_TOKEN", token)));
        Done::from(command.output().expect("the binary runs"))
    };
    for (token, why) in
        [(None, "help: set the environment variable AFRESH_TOKEN"), (Some(&*reader), "has not the role")]
    {
        let done = plan(token);
        assert_eq!(done.code, Some(2));
        assert!(done.stderr.contains(why), "{done:?}");
    }
    let done = plan(Some(&operator));
    assert!(done.stdout.contains("trigger all keys by olga@127.0.0.1"), "{done:?}");
}

#[test]
fn the_scrubber_heals_what_a_bug_has_left() {
    let folder = Folder::default();
    let words = ["serve", "ledger+late-capture", "--store", "sqlite:ledger.db", "--scrub-every", "1ms"];
    let served = Served::start(folder.command(&words)).expect("it starts");
    let late = [
        r#"{"id":"m-1","from":"bank","body":{"deposit":{"account":"a","amount":9,"on":1}}}"#,
        r#"{"id":"m-2","from":"shop","body":{"hold":{"account":"a","payment":"p","amount":3,"on":3}}}"#,
        r#"{"id":"m-3","from":"shop","body":{"capture":{"account":"a","payment":"p","amount":3,"on":2}}}"#,
    ];
    for message in late {
        assert_eq!(served.post("/messages", message).0, 200);
    }
    // Only the scrubber acts here, at a time of its own.
    let healed = loop {
        let events = served.get("/messages?kind=healed");
        if let Some(healed) = events["events"].get(0) {
            break healed.clone();
        }
    };
    assert_eq!(healed["healed"]["key"], "a");
    assert_eq!(served.post("/keys/a/recompute", "").1["equal"], true);
    let knob = served.get(&format!("/events?after={}&limit=1", healed["cause"].as_u64().expect("a knob") - 1));
    assert_eq!(knob["events"][0]["knob"]["scrub"], json!({"keys": ["a"], "by": "scrubber"}));
}

/// The example's `main` is `afresh::main!`, as in a user's own crate.
#[test]
fn a_system_of_a_crate_of_its_own_is_served() {
    let folder = Folder::default();
    let stock = |words: &[&str]| {
        let mut command = Command::new(binary().with_file_name("stock"));
        command.args(words).current_dir(folder.path(""));
        command
    };
    let run = |words: &[&str]| Done::from(stock(words).output().expect("the binary runs"));
    let served = Served::start(stock(&["serve", "stock", "--store", "sqlite:stock.db"])).expect("it starts");
    let movement = r#"{"id":"d-1","from":"truck","body":{"item":"apples","count":3,"at":1}}"#;
    assert_eq!(served.post("/messages", movement), (200, json!({"event": 1, "receipt": "counts"})));
    let apples = served.get("/keys/apples");
    assert_eq!(apples["view"], json!({"left": 3, "refused": 0}));
    assert_eq!(apples["slots"][0]["body"], 17);
    let plan = run(&["reflow", &served.url(), "--slot", "apples/order", "--dry-run"]);
    assert!(plan.stdout.contains("to do exactly this: stock confirm http"), "{plan:?}");
    let token = plan.stdout.lines().last().and_then(|line| line.rsplit(' ').next()).expect("a token");
    let turned = run(&["confirm", &served.url(), token]);
    assert!(turned.stdout.contains("done as planned"), "{turned:?}");
    assert_eq!(served.stop(), Some(0));
    let checked = run(&["check", "sqlite:stock.db"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{checked:?}");
}

#[test]
fn a_reflow_of_all_that_is_rejected_leaves_conflicts_out_after_a_restart_too() {
    let folder = Folder::default();
    let served = serve(&folder, &[]);
    assert_eq!(served.post("/messages", DEPOSIT).0, 200);
    assert_eq!(served.post("/messages", &DEPOSIT.replace("500", "600")).0, 409);
    let bad = DEPOSIT.replace("500", "0").replace("m-1", "m-2");
    assert_eq!(served.post("/messages", &bad).0, 422);
    // Its sender may have lost the answer, and must not believe that the message counts.
    let (status, answer) = served.post("/messages", &bad);
    assert_eq!(
        (status, &answer["receipt"], &answer["why"]),
        (422, &json!("rejected"), &json!("an amount of 0 is not positive"))
    );
    let rejected = |served: &Served| served.post("/knobs/plan", r#"{"reflow":{"all":"rejected"}}"#).1["knob"].clone();
    let before = rejected(&served);
    assert_eq!(before["reflow_in"]["messages"], json!([{"from": "bank", "id": "m-2"}]));
    let plan = ["trigger", &served.url(), "--all", "--dry-run"];
    for option in [["--system", "ledger"], ["--by", "me"]] {
        let refused = folder.refused(&[&plan[..], &option].concat());
        assert!(refused.contains(&format!("{} is for traces", option[0])), "{refused}");
    }
    assert_eq!(served.stop(), Some(0));
    let served = serve(&folder, &[]);
    assert_eq!(rejected(&served), before);
    assert_eq!(served.stop(), Some(0));
    // Nothing happened between the two times, although something did later.
    let until = ["export", "sqlite:ledger.db", "--since", "2020-01-01T00:00:00Z", "--until", "2020-01-02T00:00:00Z"];
    assert_eq!(folder.run(&until).stdout.lines().count(), 1);
}
