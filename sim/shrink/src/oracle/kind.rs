//! The kind of a failure, as the outputs of common languages and test runners tell it.
//!
//! Each form gives the parts that stay the same when the input gets smaller: the class of an exception, the function or
//! the place where it was thrown, the text of an assertion. Numbers, addresses and quoted values are left out.

use std::sync::LazyLock;

use afresh_check::guard::without_values;
use regex::Regex;

/// The most lines between an exception and its first frame: the message may have several lines.
const MESSAGE_MAX: usize = 20;

/// Returns the kind of failure that `output` shows, or `None` if it has no known form.
pub(super) fn kind(output: &str) -> Option<String> {
    let lines: Vec<&str> = output.lines().collect();
    let forms =
        [rust, python, syntax, go, sanitizer, valgrind, thrown, assertion, compiler, ruby, php, pytest, jest, go_test];
    forms.iter().find_map(|form| form(&lines))
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

/// The last traceback of Python, and the first of those that it comes from: code that wraps every exception into one of
/// its own has many failures of one class.
fn python(lines: &[&str]) -> Option<String> {
    static GROUP: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*[|+] ?"));
    if lines.iter().any(|line| line.trim_start().starts_with("+ Exception Group Traceback ")) {
        let inside: Vec<_> =
            lines.iter().map(|line| line.get(GROUP.find(line).map_or(0, |found| found.end())..)).collect();
        return python(&inside.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>());
    }
    let begins = |line: &&str| line.trim_end() == "Traceback (most recent call last):";
    let last = lines.iter().rposition(begins)?;
    let mut first = last;
    while let Some(before) = lines[..first].iter().rposition(begins).filter(|_| comes_from(&lines[..first])) {
        first = before;
    }
    let told = traceback(&lines[last + 1..])?;
    let from = traceback(&lines[first + 1..]).filter(|_| first < last);
    Some(from.map_or_else(|| told.clone(), |from| format!("{told}, from {from}")))
}

/// Returns whether these lines end with the sentence of Python that the next traceback comes from the one before it.
fn comes_from(lines: &[&str]) -> bool {
    let last = lines.iter().rev().find(|line| !line.is_empty());
    last.is_some_and(|line| line.contains("above exception") && line.ends_with(':'))
}

/// What follows the first line of a traceback of Python: the class of the exception, and the function of its last frame
/// that is no part of a library; of an assertion, also its text.
fn traceback(frames: &[&str]) -> Option<String> {
    static FRAME: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s+File "(.*)", line \d+(?:, in (.*))?$"#));
    static LIBRARY: LazyLock<Regex> = LazyLock::new(|| pattern(r"/lib/python\d|/(?:site|dist)-packages/|^<frozen "));
    let end = frames.iter().position(|line| !line.is_empty() && !line.starts_with(' '))?;
    let (class, message) = frames[end].split_once(':').unwrap_or((frames[end], ""));
    let frames = &frames[..end];
    let found = || frames.iter().rev().filter_map(|line| FRAME.captures(line));
    let frame = found().find(|frame| !LIBRARY.is_match(&frame[1])).or_else(|| found().next());
    let function = frame
        .as_ref()
        .and_then(|frame| frame.get(2))
        .map(|function| format!(" in {}", function.as_str()))
        .unwrap_or_default();
    let told = format!("{}{function}", class.trim());
    if class.trim() != "AssertionError" {
        return Some(told);
    }
    let is_code =
        |line: &&&str| !line.trim_start().starts_with("File ") && !line.trim().chars().all(|char| "~^ ".contains(char));
    let code = frames.iter().rev().find(is_code).unwrap_or(&"");
    Some(format!("{told}: {}", plain(if message.trim().is_empty() { code } else { message })))
}

/// A program of Python that cannot be read: the class of the error, and its text.
fn syntax(lines: &[&str]) -> Option<String> {
    static ERROR: LazyLock<Regex> = LazyLock::new(|| pattern(r"^((?:Syntax|Indentation|Tab)Error): (.*)$"));
    static FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s+File ".*", line \d+$"#));
    let file = lines.iter().position(|line| FILE.is_match(line))?;
    let found = lines[file..].iter().find_map(|line| ERROR.captures(line))?;
    Some(format!("{}: {}", &found[1], plain(&found[2])))
}

/// A panic or a fatal error in Go: its message and the function at the top of the stack.
fn go(lines: &[&str]) -> Option<String> {
    static MESSAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(panic|fatal error): (.*)$"));
    let (line, found) = lines.iter().enumerate().find_map(|(line, text)| Some((line, MESSAGE.captures(text)?)))?;
    let stack = lines[line..].iter().skip_while(|text| !text.starts_with("goroutine ")).skip(1);
    let is_function = |text: &&&str| {
        !text.starts_with(char::is_whitespace) && !text.starts_with("panic(") && !text.starts_with("runtime.")
    };
    let function = stack.take_while(|text| !text.is_empty()).find(is_function)?;
    let function = function.rsplit_once('(').map_or(*function, |(function, _)| function);
    Some(format!("{} in {function}: {}", &found[1], plain(found[2].trim_end_matches(" [recovered]"))))
}

/// A test of Go that failed: its name, and the place of its first message.
fn go_test(lines: &[&str]) -> Option<String> {
    static TEST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*--- FAIL: (\S+)"));
    static PLACE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(\S+\.go:\d+): "));
    let (line, test) = lines.iter().enumerate().find_map(|(line, text)| Some((line, TEST.captures(text)?)))?;
    let place = lines[line + 1..].iter().find_map(|text| PLACE.captures(text));
    Some(match place {
        Some(place) => format!("{} at {}", &test[1], &place[1]),
        None => test[1].to_owned(),
    })
}

/// The report of a sanitizer of C or C++: what it found, and the function or the place where.
fn sanitizer(lines: &[&str]) -> Option<String> {
    static FOUND: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?:==\d+==)?\s*(?:ERROR|WARNING): (\w+Sanitizer: [\w-]+)"));
    static FRAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+#\d+ (?:0x[0-9a-f]+ in )?(\w\S*) "));
    static UNDEFINED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+:\d+:\d+): runtime error: (.*)$"));
    lines.iter().enumerate().find_map(|(line, text)| {
        if let Some(found) = UNDEFINED.captures(text) {
            return Some(format!("runtime error at {}: {}", &found[1], plain(&found[2])));
        }
        let found = FOUND.captures(text)?;
        // Above the function of the program stand those of the sanitizer, such as its `memcpy`.
        let is_frame = |text: &&&str| text.trim_start().starts_with('#');
        let frames = lines[line + 1..].iter().skip_while(|text| !is_frame(text)).take_while(is_frame);
        let mut frames = frames.filter(|text| !text.contains("libsanitizer") && !text.contains("compiler-rt"));
        let function = frames.find_map(|text| FRAME.captures(text)).map(|frame| format!(" in {}", &frame[1]));
        Some(format!("{}{}", &found[1], function.unwrap_or_default()))
    })
}

/// An error that valgrind reports: its text, and the function of the program in which it was found.
fn valgrind(lines: &[&str]) -> Option<String> {
    static TEXT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^==\d+== (\S.*)$"));
    static FRAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^==\d+==\s+(?:at|by) 0x[0-9A-F]+: (.*) \((.*)\)$"));
    let line = lines.windows(2).position(|pair| TEXT.is_match(pair[0]) && FRAME.is_match(pair[1]))?;
    let frames = || lines[line + 1..].iter().map_while(|text| FRAME.captures(text));
    let is_library = |frame: &regex::Captures<'_>| frame[2].starts_with("in ") || frame[2].starts_with("vg_");
    let frame = frames().find(|frame| !is_library(frame)).or_else(|| frames().next())?;
    Some(format!("{} in {}", plain(&TEXT.captures(lines[line])?[1]), &frame[1]))
}

/// An exception of Java, C# or JavaScript: its class and the function of its first frame that is no part of a library
/// of the language or of its tests. If it wraps others, the last one also.
fn thrown(lines: &[&str]) -> Option<String> {
    static CLASS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:Exception in thread ".*" |Unhandled [Ee]xception[.:] |Uncaught )?((?:[\w$]+\.)*(?:[A-Za-z_$][\w$]*)?(?:Error|Exception|Throwable|Failure)\w*)(?: \[\w+\])?(?::(.*))?$"#,
        )
    });
    static FRAME: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\s+at (?:async )?(?:new )?([\w.$<>/@`\[\]]+(?: \[as \w+\])?)? ?\(?"));
    static LIBRARY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            r"^\s+at (?:async )?(?:new )?(?:[\w.@]*/)?",
            r"(?:(?:java|javax|jdk|sun|kotlin|scala|org\.junit|org\.opentest4j|junit|org\.assertj|org\.hamcrest|org\.testng|",
            r"System|Microsoft|Xunit|NUnit)\.|.*\(?node:|.*/node_modules/)",
        ))
    });
    lines.iter().enumerate().find_map(|(line, text)| {
        let found = CLASS.captures(text)?;
        let after = &lines[line + 1..];
        let first =
            after.iter().take(MESSAGE_MAX).take_while(|text| !text.is_empty()).position(|text| FRAME.is_match(text))?;
        let frames = || after[first..].iter().map_while(|text| Some((text, FRAME.captures(text)?)));
        let (_, frame) = frames().find(|(text, _)| !LIBRARY.is_match(text)).or_else(|| frames().next())?;
        let class = &found[1];
        let function = frame.get(1).map_or("", |function| function.as_str());
        let message = found.get(2).filter(|_| class.contains("Assert")).map(|message| plain(message.as_str()));
        let message = message.filter(|message| !message.is_empty()).map(|message| format!(": {message}"));
        let from = root(after).map(|from| format!(", from {from}"));
        Some(format!("{class} in {function}{}{}", message.unwrap_or_default(), from.unwrap_or_default()))
    })
}

/// The class of the last exception that the one before these lines wraps.
fn root(lines: &[&str]) -> Option<String> {
    static CAUSE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\s*(?:Caused by:|--->|\[cause\]:) ([\w.$]+)(?: \[\w+\])?(?::.*| \{)?$"));
    static PART: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(?:at |\.\.\. )|^\s+--- End of inner "));
    // A message has few lines; what comes later is of another exception.
    let mut message = 0;
    let own = lines.iter().take_while(|text| {
        message = if PART.is_match(text) || CAUSE.is_match(text) { 0 } else { message + 1 };
        message <= MESSAGE_MAX
    });
    let cause = own.filter_map(|text| CAUSE.captures(text)).last()?;
    Some(cause[1].to_owned())
}

/// An assertion in C: its text.
fn assertion(lines: &[&str]) -> Option<String> {
    static ASSERTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"Assertion [`'(]?(.*?)[')]?,? failed"));
    let found = lines.iter().find_map(|text| ASSERTION.captures(text))?;
    Some(format!("assertion {}", found[1].trim()))
}

/// An error of a compiler: its code or its text, and where in the compiler it is, if that is what failed.
fn compiler(lines: &[&str]) -> Option<String> {
    static ERROR: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            r"(?<inside>internal compiler error: .*)|\b(?<code>error ?\[E\d+\]|error (?:TS|CS)\d+)",
            r"|^\S+:\d+:\d+: (?<text>(?:fatal )?error: .*)"
        ))
    });
    let found = lines.iter().find_map(|text| ERROR.captures(text))?;
    if let Some(inside) = found.name("inside") {
        return Some(inside.as_str().trim().to_owned());
    }
    Some(found.name("code").map_or_else(|| plain(&found["text"]), |code| code.as_str().to_owned()))
}

/// An exception of Ruby: its class, and the function of its first frame that is no part of a library.
fn ruby(lines: &[&str]) -> Option<String> {
    static CLASS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\S.*\.rb:\d+:in .*\(((?:\w+::)*[A-Z]\w*)\)$"));
    static FRAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:\s+from )?(\S*\.rb):\d+:in [`'](.*?)'"));
    static LIBRARY: LazyLock<Regex> = LazyLock::new(|| pattern(r"/lib/ruby/|/gems/|^<internal:"));
    let (line, class) = lines.iter().enumerate().find_map(|(line, text)| Some((line, CLASS.captures(text)?)))?;
    let frames = || lines[line..].iter().filter_map(|text| FRAME.captures(text));
    let frame = frames().find(|frame| !LIBRARY.is_match(&frame[1])).or_else(|| frames().next())?;
    Some(format!("{} in {}", &class[1], &frame[2]))
}

/// An error that ends a program of PHP: its class, or its text if it is no exception, and its place.
fn php(lines: &[&str]) -> Option<String> {
    static ERROR: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:PHP )?Fatal error:\s+(?:Uncaught (?<class>[\w\\]+)(?:: .*)?|(?<text>.*)) in (\S+?)(?: on line |:)(\d+)$",
        )
    });
    let found = lines.iter().find_map(|text| ERROR.captures(text))?;
    let told = found.name("class").map_or_else(|| plain(&found["text"]), |class| class.as_str().to_owned());
    Some(format!("{told} at {}:{}", &found[3], &found[4]))
}

/// A failure that pytest reports: its class and its place.
fn pytest(lines: &[&str]) -> Option<String> {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+\.py:\d+): ([A-Za-z_][\w.]*)$"));
    let found = lines.iter().find_map(|text| PLACE.captures(text))?;
    Some(format!("{} at {}", &found[2], &found[1]))
}

/// A test of jest that failed: its name, and the first line of its message.
fn jest(lines: &[&str]) -> Option<String> {
    let (line, name) = lines.iter().enumerate().find_map(|(line, text)| Some((line, text.strip_prefix("  ● ")?)))?;
    let message = lines[line + 1..].iter().find(|text| !text.trim().is_empty())?;
    Some(format!("{}: {}", name.trim(), plain(message)))
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
                "KeyError in <module>",
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 9, in <module>\n    main()\n  File \"a.py\", \
                 line 3, in parse\n    raise ValueError(x)\nValueError: bad\nvalue\n",
                "ValueError in parse",
            ),
            (
                "Traceback (most recent call last):\n  File \"/src/a.py\", line 9, in load\n    json.loads(x)\n  File \
                 \"/usr/lib/python3.13/json/decoder.py\", line 3, in raw_decode\n    raise X\njson.decoder.JSONDecodeError: 5\n",
                "json.decoder.JSONDecodeError in load",
            ),
            (
                "  File \"a.py\", line 3\n    x = = 5\n        ^\nSyntaxError: invalid syntax\n",
                "SyntaxError: invalid syntax",
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3\n    x[0]\nIndexError\n\nDuring handling of \
                 the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \
                 \"a.py\", line 4\n    assert a == b, a\n           ^^^^^^\nAssertionError: 5 is not 'x'",
                "AssertionError: # is not '', from IndexError",
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
            (
                "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/a.go:3\n",
                "fatal error in main.main: all goroutines are asleep - deadlock!",
            ),
            (
                "=== RUN   TestBook\n    book_test.go:12: got 5\n--- FAIL: TestBook (0.00s)\n    book_test.go:12: got 5\nFAIL",
                "TestBook at book_test.go:12",
            ),
            ("--- FAIL: TestBook/late (0.00s)\nFAIL", "TestBook/late"),
            (
                "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x60\nREAD of size 4\n    #0 0x5 in memcpy \
                 ../libsanitizer/asan.cpp:7\n    #1 0x55 in apply /src/book.c:7\n",
                "AddressSanitizer: heap-buffer-overflow in apply",
            ),
            (
                "book.c:7:5: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented",
                "runtime error at book.c:7:5: signed integer overflow: # + # cannot be represented",
            ),
            (
                "java.lang.AssertionError: expected:<5> but was:<7>\n\tat org.junit.Assert.fail(Assert.java:89)\n\tat \
                 org.junit.Assert.assertEquals(Assert.java:1)\n\tat com.acme.BookTest.late(BookTest.java:12)",
                "java.lang.AssertionError in com.acme.BookTest.late: expected:<#> but was:<#>",
            ),
            (
                "Exception in thread \"main\" java.lang.IndexOutOfBoundsException: Index 5\n\tat \
                 java.base/java.util.ArrayList.get(ArrayList.java:427)\n\tat com.acme.Book.apply(Book.java:12)",
                "java.lang.IndexOutOfBoundsException in com.acme.Book.apply",
            ),
            (
                "TypeError [ERR_INVALID_ARG_TYPE]: no path\n    at Object.open (node:fs:5:1)\n    at load (/src/a.js:3:11)",
                "TypeError in load",
            ),
            (
                "PHP Fatal error:  Uncaught TypeError: no 5 in /src/a.php:12\nStack trace:\n#0 {main}",
                "TypeError at /src/a.php:12",
            ),
            (
                "Fatal error: Allowed memory size of 134 bytes exhausted in /src/a.php on line 12",
                "Allowed memory size of # bytes exhausted at /src/a.php:12",
            ),
            (
                "FAIL src/a.test.js\n  ● book › late\n\n    expect(received).toBe(expected)\n\n    Expected: 5",
                "book › late: expect(received).toBe(expected)",
            ),
            ("book: book.c:7: apply: Assertion `left == 0' failed.\nAborted", "assertion left == 0"),
            ("a.rb:3:in `apply': no account (KeyError)\n\tfrom a.rb:9", "KeyError in apply"),
            (
                "/usr/lib/ruby/3.3.0/json.rb:3:in 'parse': bad (JSON::ParserError)\n\tfrom a.rb:9:in 'Book#load'",
                "JSON::ParserError in Book#load",
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3, in apply\n    s[w]\nKeyError: 'a'\n\nThe above \
                 exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  \
                 File \"a.py\", line 9, in main\n    raise E from e\n__main__.AppError: line failed\n",
                "__main__.AppError in main, from KeyError in apply",
            ),
            (
                "Traceback (most recent call last):\n  File \"b.py\", line 1, in old\n    x\nOSError\nnote\nTraceback (most \
                 recent call last):\n  File \"a.py\", line 9, in main\n    x\nValueError: 5\n",
                "ValueError in main",
            ),
            (
                "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 9, in main\n  |     raise \
                 g\n  | ExceptionGroup: 2 failed (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | \
                 Traceback (most recent call last):\n    |   File \"a.py\", line 3, in apply\n    |     x\n    | \
                 ValueError: 5\n    +------------------------------------\n",
                "ValueError in apply",
            ),
            (
                "java.lang.RuntimeException: job\n\tat com.acme.Main.run(Main.java:3)\nCaused by: com.acme.Wrap: 5\n\tat \
                 com.acme.Book.a(Book.java:1)\n\t... 1 more\nCaused by: java.lang.NullPointerException\n\tat \
                 com.acme.Book.b(Book.java:2)\n\t... 3 more\n",
                "java.lang.RuntimeException in com.acme.Main.run, from java.lang.NullPointerException",
            ),
            (
                "Unhandled exception. Acme.JobException: job\n ---> System.FormatException: no 5\n   at Acme.Book.Read() in \
                 /a.cs:line 1\n   --- End of inner exception stack trace ---\n   at Acme.Main() in /a.cs:line 9\n",
                "Acme.JobException in Acme.Book.Read, from System.FormatException",
            ),
            ("  1) book late:\n     TypeError: no x\n      at apply (/src/a.js:3:11)\n", "TypeError in apply"),
            (
                "==7==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 4 byte(s) in 1 object(s) allocated \
                 from:\n    #0 0x5 in malloc ../libsanitizer/asan.cpp:7\n    #1 0x55 in apply /src/book.c:7\n",
                "LeakSanitizer: detected in apply",
            ),
            (
                "==7== Memcheck, a memory error detector\n==7== \n==7== Invalid read of size 4\n==7==    at 0x48: memcpy (in \
                 /usr/lib/libc.so.6)\n==7==    by 0x10916E: apply (book.c:7)\n",
                "Invalid read of size # in apply",
            ),
            ("a.c:3:5: error: 'total' undeclared (first use)", "error: '' undeclared (first use)"),
            ("error[E0308]: mismatched types\n --> a.rs:3:5", "error[E0308]"),
            ("a.ts(3,5): error TS2322: Type 'x' is not", "error TS2322"),
            (
                "a.c:9:1: internal compiler error: in fold, at tree.c:812",
                "internal compiler error: in fold, at tree.c:812",
            ),
            ("____ test ____\nE  assert 5 == 7\n\ntests/a.py:12: AssertionError\n", "AssertionError at tests/a.py:12"),
        ] {
            assert_eq!(kind(output).as_deref(), Some(expected), "{output}");
        }
        for output in ["", "error: overdraft of a-1", "Errors: 5\nno frames", "at last"] {
            assert_eq!(kind(output), None, "{output}");
        }
    }
}
