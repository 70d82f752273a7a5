//! Tests of the document checker itself: it notices each kind of mistake in a document.

use insta::assert_snapshot;

use super::run;
use super::transcript::Document;
use super::workplace::Workplace;

/// A document with everything that one may contain, all of it correct.
const TRUE: &str = r"# A document

```console
$ printf 'a\nb\n\nc\n'
a
b

c
$ seq 1 9
1
…
7
…
9

$ echo to \
>     two > file
$ cat file; echo and >&2
to two
and
$ afresh replay nowhere.jsonl
afresh: nowhere.jsonl: cannot be read: No such file or directory (os error 2)
  help: check the path, and the folder that it is relative to; `-` is standard input
# exit 2
$ cargo run --release -- --version
afresh 0.1.0
$ false
```

```rust
assert!(true);
```
";

fn differences(text: &str) -> Vec<String> {
    run(&mut Document::read(text).expect("it reads"), &mut Workplace::new(), false).expect("everything can be run")
}

fn updated(text: &str) -> String {
    let mut document = Document::read(text).expect("it reads");
    run(&mut document, &mut Workplace::new(), true).expect("everything can be run");
    document.text()
}

#[test]
fn a_document_that_is_right_passes_and_is_left_alone() {
    assert_eq!(differences(TRUE), Vec::<String>::new());
    assert_eq!(updated(TRUE), TRUE);
}

#[test]
fn whatever_is_wrong_is_shown_and_mended() {
    let wrong = TRUE
        .replace("\nb\n\nc", "\nB\n\nc")
        .replace("\n7\n", "\n17\n")
        .replace("to two\n", "")
        .replace("# exit 2\n", "")
        .replace("$ false", "$ false\n# exit 0");
    assert_snapshot!(differences(&wrong).join("\n"));
    assert_eq!(differences(&updated(&wrong)), Vec::<String>::new());
}

#[test]
fn a_command_that_nothing_checks_is_refused() {
    let refused = |text: &str| Document::read(text).expect_err("it is not to be read");
    assert_snapshot!(refused("```sh\nafresh check\n```\n\n```\n$ ls\n```\n  ```console\n  ```\n"), @r"
    1: commands are shown in console blocks, not as sh
    6: a command is shown outside of a console block
    8: a console block is not indented
    ");
    let mut document = Document::read("```console\n$ cargo publish\n```\n").expect("it reads");
    assert_snapshot!(run(&mut document, &mut Workplace::new(), true).expect_err("nothing runs it"), @"2: `cargo publish` is run neither here nor by .ci/run");
}
