//! Tests of the recorder: a record reads back, whatever happened to its last line.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use afresh::format::{Options, Problem, Reader, TraceOf};
use afresh::recorder::{Recorder, SyncPolicy, stamp};
use afresh_core::{At, Header, Message, Observation, Sent, Settled, SlotId, Stimulus, What};
use tempfile::TempDir;

use crate::format::small::{Body, Small};

fn read(path: &Path) -> TraceOf<Small> {
    let bytes = fs::read(path).unwrap();
    Reader::new("service.jsonl", &bytes[..], Options::default()).unwrap().trace(&Small).unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("service.jsonl");
    (folder, path)
}

fn message(count: i64) -> Message<Body> {
    Message::new("bank", format!("m-{count}"), Body::Count(count))
}

fn numbers(trace: &TraceOf<Small>) -> Vec<u32> {
    trace.events.iter().map(|event| event.number.get()).collect()
}

#[test]
fn what_was_recorded_reads_back() {
    let (_folder, path) = place();
    let mut recorder = Recorder::create(&path, &Header::complete("small"), SyncPolicy::Each).unwrap();
    let sent = Sent { key: "a".into(), slot: "s".into(), to: "down".into(), revision: 2, body: Some(None::<Body>) };
    let settled = Settled { output: SlotId { key: "a".into(), slot: "s".into() }, revision: 2 };
    let cause = recorder.message_in(At::Stamp(17), &message(1)).unwrap();
    recorder.out(None, Some(cause), &sent).unwrap();
    recorder.settled(At::Offset(5), &settled).unwrap();
    recorder.view(None, Some(cause), "a", &vec![0.5]).unwrap();
    recorder.sync().unwrap();
    let trace = read(&path);
    assert_eq!(trace.header, Header::complete("small"));
    assert_eq!(numbers(&trace), [1, 2, 3, 4]);
    assert_eq!(trace.events[0].what, What::Stimulus(Stimulus::In(message(1))));
    assert_eq!(trace.events[0].at, Some(At::Stamp(17)));
    assert_eq!(trace.events[1].what, What::Observation(Observation::Out(sent)));
    assert_eq!(trace.events[1].cause, Some(cause));
    assert_eq!(trace.events[2].what, What::Observation(Observation::Settled(Box::new(settled))));
    assert_eq!(trace.events[3].cause, Some(cause));
}

#[test]
fn a_crash_in_mid_line_costs_that_line_alone() {
    let (_folder, path) = place();
    let mut recorder = Recorder::create(&path, &Header::complete("small"), SyncPolicy::Never).unwrap();
    recorder.message_in(None, &message(1)).unwrap();
    drop(recorder);
    let whole = fs::read(&path).unwrap();
    let line = br#"{"in":{"id":"m-2","from":"b\u00e9nk","body":{"count":2}}}"#;
    for cut in 0..=line.len() {
        fs::write(&path, [&whole[..], &line[..cut]].concat()).unwrap();
        let mut recorder = Recorder::open(&path, SyncPolicy::Never).unwrap();
        recorder.message_in(None, &message(3)).unwrap();
        let trace = read(&path);
        // A line that lacks only its line break is complete.
        let left: &[u32] = if cut == line.len() { &[1, 2, 3] } else { &[1, 2] };
        assert_eq!(numbers(&trace), left, "cut at {cut}");
        assert_eq!(trace.events.last().unwrap().what, What::Stimulus(Stimulus::In(message(3))), "cut at {cut}");
    }
}

#[test]
fn numbers_go_on_where_they_ended() {
    let (_folder, path) = place();
    fs::write(&path, "{\"afresh\":{\"format\":1,\"system\":\"small\"}}\n{\"n\":41,\"rejected\":{\"why\":\"\"}}\n")
        .unwrap();
    let mut recorder = Recorder::open(&path, SyncPolicy::Never).unwrap();
    assert_eq!(recorder.next_number().get(), 42);
    assert_eq!(recorder.message_in(None, &message(1)).unwrap().get(), 42);
    assert_eq!(numbers(&read(&path)), [41, 42]);
}

#[test]
fn an_event_that_cannot_be_written_leaves_the_file_whole() {
    let (_folder, path) = place();
    let mut recorder = Recorder::create(&path, &Header::complete("small"), SyncPolicy::Never).unwrap();
    let error = recorder.view(None, None, "a", &vec![f64::NAN]).unwrap_err();
    assert!(matches!(*error.problem, Problem::Unwritable { .. }));
    assert_eq!(recorder.view(None, None, "a", &vec![1.0]).unwrap().get(), 1);
    assert_eq!(numbers(&read(&path)), [1]);
}

#[test]
fn a_trace_has_one_writer_and_is_never_begun_again() {
    let (_folder, path) = place();
    let recorder = Recorder::create(&path, &Header::complete("small"), SyncPolicy::Never).unwrap();
    assert!(matches!(*Recorder::open(&path, SyncPolicy::Never).unwrap_err().problem, Problem::Locked));
    drop(recorder);
    assert!(Recorder::open(&path, SyncPolicy::Never).is_ok());
    let again = Recorder::create(&path, &Header::complete("small"), SyncPolicy::Never);
    assert!(matches!(*again.unwrap_err().problem, Problem::Exists));
}

#[test]
fn what_is_no_trace_is_left_alone() {
    let (_folder, path) = place();
    for text in ["", "some notes", "{\"afresh\":{\"format\":1,\"system\":\"small\"}}\nnotes\n{\"torn"] {
        fs::write(&path, text).unwrap();
        assert!(Recorder::open(&path, SyncPolicy::Never).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_header_without_its_end_gets_it() {
    let (_folder, path) = place();
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"afresh\":{\"format\":1,\"system\":\"small\"}}")
        .unwrap();
    Recorder::open(&path, SyncPolicy::Never).unwrap().message_in(None, &message(1)).unwrap();
    assert_eq!(numbers(&read(&path)), [1]);
}

#[test]
fn a_clock_gives_a_stamp() {
    use std::time::{Duration, UNIX_EPOCH};
    assert_eq!(stamp(UNIX_EPOCH + Duration::new(1, 5)), At::Stamp(1_000_000_005));
    assert_eq!(stamp(UNIX_EPOCH - Duration::new(1, 5)), At::Stamp(-1_000_000_005));
    assert_eq!(stamp(UNIX_EPOCH + Duration::from_secs(u64::MAX >> 4)), At::Stamp(i64::MAX));
}
