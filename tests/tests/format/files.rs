//! Tests of the files that commands read and write.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use afresh::format::files::{self, Output, Target};
use afresh::format::{Error, Problem};
use tempfile::TempDir;

fn write(path: &Path, force: bool, text: &str) -> Result<(), Error> {
    let mut output = Output::create(path, force)?;
    output.write_all(text.as_bytes()).unwrap();
    output.finish()
}

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.jsonl");
    write(&path, false, "one").unwrap();
    assert!(matches!(*write(&path, false, "two").unwrap_err().problem, Problem::Exists));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one");
    write(&path, true, "two").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
}

#[test]
fn what_appears_meanwhile_is_not_overwritten_either() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.jsonl");
    // The user who forces it has seen what is there at the start, and nothing that came later.
    for (before, force) in [(None, false), (None, true), (Some("old"), true)] {
        before.into_iter().for_each(|before| fs::write(&path, before).unwrap());
        let mut output = Output::create(&path, force).unwrap();
        output.write_all(b"ours").unwrap();
        fs::write(folder.path().join("theirs"), "theirs").unwrap();
        fs::rename(folder.path().join("theirs"), &path).unwrap();
        assert!(matches!(*output.finish().unwrap_err().problem, Problem::Exists));
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        fs::remove_file(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    }
}

#[test]
fn a_file_that_is_written_again_replaces_itself_and_no_other() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut target = Target::new(path.clone(), None);
    for text in ["one", "two"] {
        target.write(text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    target.write(b"three").unwrap();
    // An editor replaces a file by another of the same name.
    fs::write(folder.path().join("theirs"), "theirs").unwrap();
    fs::rename(folder.path().join("theirs"), &path).unwrap();
    assert!(matches!(*target.write(b"four").unwrap_err().problem, Problem::Exists));
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_has_no_name_that_a_kill_could_leave() {
    let folder = TempDir::new().unwrap();
    for force in [false, true] {
        let mut output = Output::create(&folder.path().join("out.jsonl"), force).unwrap();
        output.write_all(&[b'x'; 1 << 20]).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(force));
        output.finish().unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_lock_is_on_the_file_that_has_the_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    fs::write(&path, "one").unwrap();
    let options = || fs::OpenOptions::new().read(true).to_owned();
    let first = files::open_locked(&path, &options()).unwrap();
    assert!(matches!(files::open_locked(&path, &options()).unwrap_err(), Problem::Locked));
    // The writer replaces the file that it has locked, and another takes the new one.
    write(&path, true, "two").unwrap();
    let mut text = String::new();
    files::open_locked(&path, &options()).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "two");
    drop(first);
}

#[test]
fn an_output_is_there_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut output = Output::create(&path, false).unwrap();
    output.write_all(b"half").unwrap();
    assert!(!path.exists());
    drop(output);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_device_a_device() {
    let folder = TempDir::new().unwrap();
    let (path, link) = (folder.path().join("out.jsonl"), folder.path().join("link"));
    fs::write(&path, "one").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    write(&link, true, "two").unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    write(Path::new("/dev/null"), false, "three").unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_has_the_permissions_of_any_file_and_keeps_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (path, other) = (folder.path().join("out.jsonl"), folder.path().join("other"));
    write(&path, false, "one").unwrap();
    fs::write(&other, "").unwrap();
    assert_eq!(mode(&path), mode(&other));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    write(&path, true, "two").unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn what_is_no_file_is_said() {
    let folder = TempDir::new().unwrap();
    let problem = |result: Result<(), Error>| *result.expect_err("no file").problem;
    assert!(matches!(problem(files::open(folder.path()).map(drop)), Problem::Directory));
    assert!(matches!(problem(Output::create(folder.path(), true).map(drop)), Problem::Directory));
    assert!(matches!(problem(files::open(&folder.path().join("none")).map(drop)), Problem::Read(_)));
    assert!(matches!(problem(Output::create(&folder.path().join("none/out"), true).map(drop)), Problem::Write(_)));
}

#[test]
fn a_file_reads_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("in.jsonl");
    fs::write(&path, "text").unwrap();
    let mut text = String::new();
    files::open(&path).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
}

#[test]
fn a_closed_pipe_is_known_for_what_it_is() {
    let error = |kind: std::io::ErrorKind| Error::file("standard output", Problem::Write(kind.into()));
    assert!(error(std::io::ErrorKind::BrokenPipe).is_broken_pipe());
    assert!(!error(std::io::ErrorKind::StorageFull).is_broken_pipe());
}
