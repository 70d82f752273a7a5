//! No text that the program writes has a password of a URL.

use afresh_tests::{Done, Folder};

/// The URL of a store of which nobody can open the database.
const STORE: &str = "postgres://ann:s3cret@127.0.0.1:1/ledger";

/// Checks that nothing in an outcome or in the files of the folder has the password.
fn is_kept_out(folder: &Folder, words: &[&str], done: &Done) {
    let Done { stdout, stderr, .. } = done;
    assert!(!stdout.contains("s3cret") && !stderr.contains("s3cret"), "{words:?}: {done:?}");
    for file in folder.files() {
        let is_file = folder.path(&file).is_file();
        let found = file.contains("s3cret") || (is_file && folder.read(&file).contains("s3cret"));
        assert!(!found, "{words:?}: {file}");
    }
}

#[test]
fn an_error_about_a_store_or_a_service_names_it_without_its_password() {
    let folder = Folder::default();
    folder.write("walk", "no walk");
    let into = format!("--into={STORE}");
    let not_in = format!("./twin.sh {STORE} '{{}}");
    let receiver = format!("--receiver=statements={STORE}");
    let service = "http://ann:s3cret@127.0.0.1:1";
    let bad_service = "http://ann:s3cret@127.0.0.1:port";
    for words in [
        &["check", STORE][..],
        &["check", STORE, "--system", "none"],
        &["replay", STORE],
        &["show", STORE],
        &["show", STORE, "--walk", "walk"],
        &["shrink", STORE],
        &["shrink", STORE, "--output", STORE],
        &["export", STORE],
        &["export", "postgre://ann:s3cret@127.0.0.1:1/ledger"],
        &["export", "sqlite:none.db", "--output", STORE],
        &["import", "walk", &into],
        &["import", STORE, "--output", "x"],
        &["import", STORE, &into],
        &["trigger", STORE, "--all", "--in-place"],
        &["trigger", STORE, "--all", "--dry-run"],
        &["trigger", service, "--all", "--in-place"],
        &["trigger", service, "--all", "--dry-run"],
        &["trigger", bad_service, "--all", "--dry-run"],
        &["confirm", service, "token"],
        &["serve", "ledger", "--store", STORE, "--no-scrub"],
        &["serve", "ledger", "--store", "mysql://ann:s3cret@127.0.0.1:1/ledger"],
        &["serve", "ledger", "--store", "sqlite:ledger.db", &receiver],
        &["serve", "ledger", "--store", "sqlite:ledger.db", "--receiver", STORE],
        &["shrink", "walk", "--not-in", &not_in, "--", "true", "{}"],
        &["run", STORE],
        &["explore", STORE, "--seeds", STORE],
        &[STORE],
    ] {
        let done = folder.run(words);
        assert_eq!(done.code, Some(2), "{words:?}: {done:?}");
        is_kept_out(&folder, words, &done);
    }
}

#[test]
fn a_search_keeps_the_password_of_its_command_out_of_its_files_and_its_advice() {
    let folder = Folder::default();
    folder.write("lines", "one\ntwo\nthree\nfour\nfive\n");
    let words = ["shrink", "lines", "--runs", "1", "--report", "report.html", "--", "grep", "-qe", STORE, "-e", "four"];
    let words = [&words[..], &["{}"]].concat();
    let done = folder.run(&words);
    let advice = "To continue: afresh shrink lines --report report.html --resume -- grep -qe \
                  postgres://ann@127.0.0.1:1/ledger -e four '{}'\n  help: add the password that this line leaves out\n";
    assert!(
        done.stderr.replace(afresh_tests::binary().to_str().expect("UTF-8"), "afresh").contains(advice),
        "{done:?}"
    );
    is_kept_out(&folder, &words, &done);
    // The same command goes on.
    let words: Vec<_> = words.iter().filter(|word| !["--runs", "1"].contains(word)).copied().collect();
    let done = folder.run(&[&words[..2], &["--resume"], &words[2..]].concat());
    assert_eq!((done.code, folder.read("lines.min").as_str()), (Some(0), "four\n"), "{done:?}");
    is_kept_out(&folder, &words, &done);
}

#[test]
fn no_walk_has_a_password() {
    let folder = Folder::default();
    folder.write("in.txt", "1\n2\n3\n4\n5\n");
    let twin = format!("sh -c false sh {STORE} {{}}");
    let number = format!("sh -c 'echo 1' sh {STORE} {{}}");
    let words = ["shrink", "in.txt", "--not-in", &twin, "--smaller-by", &number, "--", "grep", "-q", "3", "{}"];
    let done = folder.run(&words);
    assert!(folder.read("in.min.txt.walk").contains("postgres://ann@127.0.0.1:1/ledger"), "{done:?}");
    is_kept_out(&folder, &words, &done);
    // What a command prints is shown if nothing can be shrunk.
    let says = format!("echo cannot reach {STORE}; false");
    let words = ["shrink", "in.txt", "--force", "--", "sh", "-c", &says, "sh", "{}"];
    let done = folder.run(&words);
    assert!(done.stderr.contains("cannot reach postgres://"), "{}", done.stderr);
    is_kept_out(&folder, &words, &done);
}
