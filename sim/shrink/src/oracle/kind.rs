//! The kind of a failure, as the outputs of common languages and test runners tell it.
//!
//! Each form gives the parts that stay the same when the input gets smaller: the class of an exception, the place of a
//! panic, the text of an assertion. Numbers, addresses and quoted values are left out.

use std::sync::LazyLock;

use afresh_check::guard::without_values;
use regex::Regex;

/// The most lines between an exception and its first frame: the message may have several lines.
const MESSAGE_MAX: usize = 20;

/// Returns the kind of failure that `output` shows, or `None` if it has no known form.
pub(super) fn kind(output: &str) -> Option<String> {
    let lines: Vec<&str> = output.lines().collect();
    [rust, python, go, thrown, assertion, ruby, pytest].iter().find_map(|form| form(&lines))
}

/// Compiles a pattern of this file.
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant")
}

/// Returns a message without numbers, addresses and quoted values.
fn plain(message: &str) -> String {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b0x[0-9a-fA-F]+|'[^']*'"));
    let message = ADDRESS.replace_all(
        message.trim(),
        |found: &regex::Captures<'_>| {
            if found[0].starts_with('\'') { "''" } else { "0x" }
        },
    );
    without_values(&message)
}

/// A panic in Rust: its message and its place, of the first thread that panicked.
fn rust(lines: &[&str]) -> Option<String> {
    static PANIC: LazyLock<Regex> = LazyLock::new(|| pattern(r"^thread '.*' (?:\(\d+\) )?panicked at (.*?):?$"));
    let (line, found) = lines.iter().enumerate().find_map(|(line, text)| Some((line, PANIC.captures(text)?)))?;
    let place = found.get(1)?.as_str();
    // Before Rust 1.73, the message stood before the place.
    if let Some((message, place)) = place.strip_prefix('\'').and_then(|place| place.rsplit_once("', ")) {
        return Some(format!("panic at {place}: {}", plain(message)));
    }
    Some(format!("panic at {place}: {}", plain(lines.get(line + 1).unwrap_or(&""))))
}

/// A traceback of Python: the class of the last exception, and of an assertion its text.
fn python(lines: &[&str]) -> Option<String> {
    let begin = lines.iter().rposition(|line| line.trim_end() == "Traceback (most recent call last):")?;
    let frames = &lines[begin + 1..];
    let end = frames.iter().position(|line| !line.is_empty() && !line.starts_with(' '))?;
    let (class, message) = frames[end].split_once(':').unwrap_or((frames[end], ""));
    if class.trim() != "AssertionError" {
        return Some(class.trim().to_owned());
    }
    let is_code =
        |line: &&&str| !line.trim_start().starts_with("File ") && !line.trim().chars().all(|char| "~^ ".contains(char));
    let code = frames[..end].iter().rev().find(is_code).unwrap_or(&"");
    Some(format!("AssertionError: {}", plain(if message.trim().is_empty() { code } else { message })))
}

/// A panic in Go: its message and the function at the top of the stack.
fn go(lines: &[&str]) -> Option<String> {
    let (line, message) =
        lines.iter().enumerate().find_map(|(line, text)| Some((line, text.strip_prefix("panic: ")?)))?;
    let stack = lines[line..].iter().skip_while(|text| !text.starts_with("goroutine ")).skip(1);
    let is_function = |text: &&&str| {
        !text.starts_with(char::is_whitespace) && !text.starts_with("panic(") && !text.starts_with("runtime.")
    };
    let function = stack.take_while(|text| !text.is_empty()).find(is_function)?;
    let function = function.rsplit_once('(').map_or(*function, |(function, _)| function);
    Some(format!("panic in {function}: {}", plain(message.trim_end_matches(" [recovered]"))))
}

/// An exception of Java, C# or JavaScript: its class and the function of its first frame.
fn thrown(lines: &[&str]) -> Option<String> {
    static CLASS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^(?:Exception in thread ".*" |Unhandled [Ee]xception[.:] |Uncaught )?((?:[\w$]+\.)*(?:[A-Za-z_$][\w$]*)?(?:Error|Exception|Throwable|Failure)\w*)(?: \[\w+\])?(?::(.*))?$"#,
        )
    });
    static FRAME: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\s+at (?:async )?(?:new )?([\w.$<>/`\[\]]+(?: \[as \w+\])?)? ?\(?"));
    lines.iter().enumerate().find_map(|(line, text)| {
        let found = CLASS.captures(text)?;
        let frames = lines[line + 1..].iter().take(MESSAGE_MAX);
        let frame = frames.take_while(|text| !text.is_empty()).find_map(|text| FRAME.captures(text))?;
        let class = &found[1];
        let function = frame.get(1).map_or("", |function| function.as_str());
        let message = found.get(2).filter(|_| class.contains("Assert")).map(|message| plain(message.as_str()));
        let message = message.filter(|message| !message.is_empty()).map(|message| format!(": {message}"));
        Some(format!("{class} in {function}{}", message.unwrap_or_default()))
    })
}

/// An assertion in C: its text.
fn assertion(lines: &[&str]) -> Option<String> {
    static ASSERTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"Assertion [`'(]?(.*?)[')]?,? failed"));
    let found = lines.iter().find_map(|text| ASSERTION.captures(text))?;
    Some(format!("assertion {}", found[1].trim()))
}

/// An exception of Ruby: its class.
fn ruby(lines: &[&str]) -> Option<String> {
    static CLASS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^.*\.rb:\d+:in .*\(((?:\w+::)*[A-Z]\w*)\)$"));
    lines.iter().find_map(|text| Some(CLASS.captures(text)?[1].to_owned()))
}

/// A failure that pytest reports: its class and its place.
fn pytest(lines: &[&str]) -> Option<String> {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+\.py:\d+): ([A-Za-z_][\w.]*)$"));
    let found = lines.iter().find_map(|text| PLACE.captures(text))?;
    Some(format!("{} at {}", &found[2], &found[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told() {
        for (output, expected) in [
            (
                "note\n\nthread 'main' panicked at src/main.rs:5:10:\nno account \"a-1\" of 17\nnote: run with",
                "panic at src/main.rs:5:10: no account \"\" of #",
            ),
            ("thread 'main' (4711) panicked at src/a.rs:5:1:\nx", "panic at src/a.rs:5:1: x"),
            ("thread 'main' panicked at 'no 7', src/main.rs:5:10\nnote", "panic at src/main.rs:5:10: no #"),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    f(x)\nKeyError: 'a-1'\n",
                "KeyError",
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3\n    x[0]\nIndexError\n\nDuring handling of \
                 the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \
                 \"a.py\", line 4\n    assert a == b, a\n           ^^^^^^\nAssertionError: 5 is not 'x'",
                "AssertionError: # is not ''",
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 4\n    assert a == b\n           \
                 ^^^^^^\nAssertionError",
                "AssertionError: assert a == b",
            ),
            (
                "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.(*Book).apply\
                 (0xc000012345, 0x5)\n\t/src/main.go:12 +0x1d\nmain.main()\n",
                "panic in main.(*Book).apply: runtime error: index out of range [#] with length #",
            ),
            (
                "Exception in thread \"main\" java.lang.IllegalStateException: no 5\n\tat com.acme.Book.apply(Book.java:12)\n\
                 \tat com.acme.Main.main(Main.java:3)",
                "java.lang.IllegalStateException in com.acme.Book.apply",
            ),
            (
                "Unhandled exception. System.InvalidOperationException: no 5\n   at Acme.Book.Apply(String id) in \
                 /src/Book.cs:line 12\n",
                "System.InvalidOperationException in Acme.Book.Apply",
            ),
            (
                "/src/a.js:3\n  throw e;\n  ^\n\nTypeError: Cannot read properties of undefined (reading 'x')\n    at apply \
                 (/src/a.js:3:11)\n    at Object.<anonymous> (/src/a.js:9:1)",
                "TypeError in apply",
            ),
            (
                "AssertionError [ERR_ASSERTION]: 5 == 7\n    at Object.<anonymous> (/src/a.js:9:1)",
                "AssertionError in Object.<anonymous>: # == #",
            ),
            (
                "/src/a.js:3\n  throw e;\n  ^\n\nError: port is missing\n    at check (/src/a.js:3:11)\n",
                "Error in check",
            ),
            (
                "Exception in thread \"main\" java.lang.Exception: no header\n\tat Boom.header(Boom.java:5)\n",
                "java.lang.Exception in Boom.header",
            ),
            ("book: book.c:7: apply: Assertion `left == 0' failed.\nAborted", "assertion left == 0"),
            ("a.rb:3:in `apply': no account (KeyError)\n\tfrom a.rb:9", "KeyError"),
            ("____ test ____\nE  assert 5 == 7\n\ntests/a.py:12: AssertionError\n", "AssertionError at tests/a.py:12"),
        ] {
            assert_eq!(kind(output).as_deref(), Some(expected), "{output}");
        }
        for output in ["", "error: overdraft of a-1", "Errors: 5\nno frames", "at last"] {
            assert_eq!(kind(output), None, "{output}");
        }
    }
}
