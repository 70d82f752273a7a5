//! A service on a disk that gets full.

use std::process::Command;

use afresh_tests::kills::{called_for, events, wait_until_settled};
use afresh_tests::moody::Moody;
use afresh_tests::served::Served;
use afresh_tests::{Folder, binary};
use serde_json::{Value, json};

/// The bytes that each file may still grow by: enough for a few commits.
const ROOM: u64 = 100 << 10;

fn message(number: u32) -> String {
    let body = json!({ "deposit": { "account": format!("a-{}", number % 3), "amount": number + 1, "on": number } });
    json!({ "id": format!("m-{number}"), "from": "bank", "body": body }).to_string()
}

/// Starts a service that gets errors from files at their limit, and no signal, as on a full disk.
fn serve(folder: &Folder, receiver: &Moody) -> Served {
    let words = ["serve", "ledger", "--store", "sqlite:ledger.db", "--no-scrub", "--receiver"];
    let prepared = folder.command(&words);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(binary()).args(prepared.get_args());
    command.arg(format!("statements={}", receiver.url())).current_dir(folder.path(""));
    Served::start(command).expect("it starts")
}

/// Lets the disk get full, and offers messages from `first` on until one is refused. Returns that one.
fn fill(served: &Served, folder: &Folder, first: u32) -> u32 {
    let log = folder.path("ledger.db-wal").metadata().expect("the log of SQLite").len();
    served.limit_files(Some(log + ROOM));
    for number in first.. {
        let (status, answer) = served.post("/messages", &message(number));
        if status != 200 {
            let error = answer["error"].as_str().expect("an error says why");
            assert!(status == 503 && error.contains("the storage failed"), "{status}: {error}");
            return number;
        }
        assert_eq!(answer["receipt"], "counts");
    }
    unreachable!("numbers do not end before a disk does")
}

/// Offers a message until it is taken, and returns the receipt.
fn offer(served: &Served, number: u32) -> Value {
    loop {
        match served.post("/messages", &message(number)) {
            (200, answer) => return answer["receipt"].clone(),
            (status, answer) => assert_eq!(status, 503, "{answer}"),
        }
    }
}

#[test]
fn on_a_full_disk_nothing_is_acknowledged_and_nothing_lost() {
    let folder = Folder::default();
    let receiver = Moody::start(1, 0);
    let served = serve(&folder, &receiver);
    assert_eq!(offer(&served, 0), "counts");
    let refused = fill(&served, &folder, 1);
    assert!(refused > 1, "there was some room");
    // It goes on by itself when there is room again.
    served.limit_files(None);
    assert_eq!(offer(&served, refused), "counts");
    let last = fill(&served, &folder, refused + 1);
    assert_eq!(served.post("/messages", &message(last)).0, 503);
    // It also stops while the disk is full, because nobody was told that more is durable.
    assert_eq!(served.stop(), Some(0));

    let served = serve(&folder, &receiver);
    for number in 0..last {
        assert_eq!(offer(&served, number), "duplicate", "message {number} was acknowledged");
    }
    for number in last..last + 10 {
        assert_eq!(offer(&served, number), "counts", "message {number} was refused");
    }
    wait_until_settled(&served);
    assert_eq!(served.stop(), Some(0));
    folder.ok(&["check", "sqlite:ledger.db"]);
    assert_eq!(folder.run(&["export", "sqlite:ledger.db", "--output", "trace.jsonl"]).code, Some(0));
    assert_eq!(receiver.outputs(), called_for(&events(&folder.path("trace.jsonl"))));
}
