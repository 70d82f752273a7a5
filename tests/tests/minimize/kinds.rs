//! Tests of what single passes are for: each input stays larger without its pass.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use afresh::minimize::{Candidate, Content, End, Identity, Item, Minimizer, Observer, Oracle, Run, Verdict, minimize};
use afresh_core::Signature;

/// An oracle that judges the text of a candidate, as a command would.
struct Judge<F> {
    fails: F,
    /// How often the identity of a candidate was computed.
    identities: Cell<usize>,
}

impl<F: Fn(&str) -> bool> Oracle<String> for Judge<F> {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let text = candidate.values().map(String::as_str).collect::<String>();
        if (self.fails)(&text) { Verdict::SAME } else { Verdict::Passed }
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl<F> Content<String> for Judge<F> {
    fn identity(&self, candidate: &Candidate<'_, String>) -> Identity {
        self.identities.set(self.identities.get() + 1);
        Identity::of(candidate.values())
    }

    fn text<'e>(&self, line: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(line))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

/// Shrinks the lines of `text`. Returns what is left, and the number of runs.
fn shrunk(text: &str, minimizer: Minimizer, fails: impl Fn(&str) -> bool) -> (String, u64) {
    let items = Item::numbered(text.split_inclusive('\n').map(str::to_owned));
    let mut judge = Judge { fails, identities: Cell::new(0) };
    let minimized = minimizer.run(items, &mut judge, &mut ()).expect("it fails");
    (minimized.items.into_iter().map(|item| item.value).collect(), minimized.runs)
}

/// Whether these moves are allowed, and bring three rings from the first peg to the second.
fn solves_hanoi(moves: &str) -> bool {
    let mut pegs = [vec![3, 2, 1], vec![], vec![]];
    for line in moves.lines() {
        let places: Vec<usize> = line.split(' ').filter_map(|place| place.parse().ok()).collect();
        let [from, to] = places[..] else { return false };
        let Some(ring) = pegs.get_mut(from).and_then(Vec::pop) else { return false };
        let Some(peg) = pegs.get_mut(to).filter(|peg| peg.last().is_none_or(|last| *last > ring)) else { return false };
        peg.push(ring);
    }
    pegs[1].len() == 3
}

#[test]
fn a_move_goes_together_with_what_undoes_it() {
    let (left, _) =
        shrunk("0 1\n0 2\n1 2\n0 1\n2 0\n0 2\n2 0\n2 1\n0 1\n", Minimizer::new().verbatim(true), solves_hanoi);
    assert_eq!(left.lines().count(), 7, "{left}");
}

/// The times of a log of a web server are read by most programs, so they stay times, and keep their order.
#[test]
fn times_in_lines_become_plain_ones() {
    let seconds = |line: &str| {
        let time = line.strip_prefix('[')?.split_once(" +0000] ")?.0;
        let (date, clock) = time.split_once(':')?;
        let [day, "Apr" | "Feb", year] = date.split('/').collect::<Vec<_>>()[..] else { return None };
        let parts: Vec<u32> = clock.split(':').filter_map(|part| part.parse().ok()).collect();
        let is_time = (day.len(), year.len(), clock.len(), parts.len()) == (2, 4, 8, 3);
        is_time.then(|| parts.iter().fold(0, |sum, part| sum * 60 + part))
    };
    let text =
        "[10/Feb/2026:13:55:36 +0000] open\n[10/Feb/2026:13:55:37 +0000] note\n[10/Feb/2026:14:01:02 +0000] close\n";
    let fails = |text: &str| {
        let times: Option<Vec<u32>> = text.lines().map(seconds).collect();
        let is_right = text.contains("] open") && text.contains("] close");
        times.is_some_and(|times| is_right && times.is_sorted_by(|one, other| one < other))
    };
    let (left, _) = shrunk(text, Minimizer::new(), fails);
    assert_eq!(left, "[01/Apr/2000:00:00:01 +0000] open\n[01/Apr/2000:00:00:02 +0000] close\n");
}

#[test]
fn columns_of_csv_and_parts_of_a_query_are_deleted() {
    let rows = (1..40).map(|row| format!("r-{row},name {row},{},x;y\n", if row == 17 { -5 } else { row }));
    let text = format!("id,name,amount,note\n{}", rows.collect::<String>());
    let fails = |text: &str| {
        let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let Some(header) = rows.next() else { return false };
        let Some(column) = header.iter().position(|name| *name == "amount") else { return false };
        let rows: Vec<_> = rows.collect();
        rows.iter().all(|row| row.len() == header.len()) && rows.iter().any(|row| row[column].starts_with('-'))
    };
    let (left, _) = shrunk(&text, Minimizer::new(), fails);
    assert_eq!(left, "amount\n-1\n");
    let (left, _) = shrunk("GET /a?x=1&page=-1&y=2&z=3 200\n", Minimizer::new(), |text| text.contains("page=-"));
    assert_eq!(left, "page=-1\n");
}

#[test]
fn blocks_of_markup_go_as_a_whole() {
    let order = |number: u32| {
        let items: String = (0..number % 3 + 1)
            .map(|item| {
                format!("    <item>\n      <sku>s-{number}-{item}</sku>\n      <count>{item}</count>\n    </item>\n")
            })
            .collect();
        format!("  <order>\n    <date>2026</date>\n{items}  </order>\n")
    };
    let text = format!("<orders>\n{}</orders>\n", (0..60).map(order).collect::<String>());
    let is_balanced =
        |text: &str, tag: &str| text.matches(&format!("<{tag}>")).count() == text.matches(&format!("</{tag}>")).count();
    let fails = |text: &str| {
        let balanced = ["orders", "order", "item", "sku", "count", "date"].iter().all(|tag| is_balanced(text, tag));
        balanced && text.starts_with("<orders>") && text.contains("s-17-1<") && text.contains("s-44-0<")
    };
    let (left, runs) = shrunk(&text, Minimizer::new().verbatim(true), fails);
    assert_eq!(left, "<orders>\n      <sku>s-17-1</sku>\n      <sku>s-44-0</sku>\n</orders>\n");
    assert!(runs <= 120, "{runs} runs");
    // Without indentation, tags show the same blocks.
    let flat: String = text.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    let (left, flat_runs) = shrunk(&flat, Minimizer::new().verbatim(true), fails);
    assert_eq!(left, "<orders>\n<sku>s-17-1</sku>\n<sku>s-44-0</sku>\n</orders>\n");
    assert_eq!(flat_runs, runs);
}

#[test]
fn brackets_without_a_partner_make_no_blocks() {
    type Line = fn(usize) -> String;
    let kinds: [Line; 4] = [
        |line| format!("\u{1b}[3{}mINFO\u{1b}[0m queue {line}\n", line % 8),
        |line| format!("queue body={{\"order\": {{\"id\": {line}, \"tags\": [\"timeout\", \"ord\n"),
        |line| format!("queue {}{line}\n", if line % 10 == 0 { "{ " } else { "" }),
        |line| format!("queue ({}{line}\n", if line % 3 == 0 { "] } " } else { "" }),
    ];
    for kind in kinds {
        let text: String = (0..3000).map(|line| kind(line) + if line == 1951 { "needle\n" } else { "" }).collect();
        let (left, runs) = shrunk(&text, Minimizer::new().verbatim(true), |text| text.contains("needle"));
        assert_eq!(left, "needle\n");
        assert!(runs <= 20, "{runs} runs for {:?}", kind(0));
    }
}

#[test]
fn ids_and_times_become_plain_ones_that_read_back() {
    let is_uuid = |text: &str| text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let is_time = |text: &str| text.len() >= 20 && text.as_bytes()[10] == b'T' && text.contains('Z');
    let fails = |text: &str| {
        let messages: Option<Vec<serde_json::Value>> =
            text.lines().map(|line| serde_json::from_str(line).ok()).collect();
        let Some(messages) = messages else { return false };
        let field = |name: &str| messages.iter().filter_map(|message| message[name].as_str()).collect::<Vec<_>>();
        let (ids, times) = (field("id"), field("at"));
        let reads = ids.iter().all(|id| is_uuid(id)) && times.iter().all(|time| is_time(time));
        reads && ids.iter().collect::<BTreeSet<_>>().len() == 2 && times.len() == 2 && times[0] < times[1]
    };
    let text = r#"{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","at":"2026-03-05T10:11:12.345Z"}
{"id":"9b2d04f1-7a1e-4c53-8a4f-5f5d1c6a7b89","at":"2026-03-05T10:11:13.001Z"}
"#;
    let (left, _) = shrunk(text, Minimizer::new(), fails);
    let expected = r#"{"id":"00000000-0000-0000-0000-000000000001","at":"2000-01-01T00:00:01Z"}
{"id":"00000000-0000-0000-0000-000000000002","at":"2000-01-01T00:00:02Z"}
"#;
    assert_eq!(left, expected);
}

#[test]
fn words_are_deleted_and_a_negative_line_is_lowered() {
    let (left, _) = shrunk("2026 warn disk full again\n", Minimizer::new(), |text| text.contains("disk full"));
    assert_eq!(left, "disk full\n");
    let fails = |text: &str| text.trim().parse::<i64>().is_ok_and(|number| number < -640);
    assert_eq!(shrunk("-70123\n", Minimizer::new(), fails).0, "-641\n");
}

/// Stops a search after some runs.
struct StopAfter(u64);

impl<T> Observer<T> for StopAfter {
    fn before(&mut self, run: &Run<'_, T>) -> ControlFlow<()> {
        if run.number > self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn a_stopped_search_does_not_look_at_each_line_that_is_left() {
    let items = Item::numbered((0..20_000).map(|number| format!("line {number}\n")));
    let mut judge = Judge { fails: |text: &str| text.contains("line 19999\n"), identities: Cell::new(0) };
    let minimized = Minimizer::new().run(items, &mut judge, &mut StopAfter(5)).expect("it fails");
    assert!(matches!(minimized.end, End::Stopped(_)) && minimized.items.len() == 20_000);
    assert!(judge.identities.get() < 20, "{} identities", judge.identities.get());
}

/// Every table that is in use is needed, so no event can go alone. A table that is created, dropped and created again
/// can lose the first two or the last two, which lie far from each other, but the runs say where the trace fails.
#[test]
fn an_event_goes_together_with_those_that_fail_without_it() {
    let mut trace: Vec<String> = (0..50).map(|table| format!("create t{table}")).collect();
    trace.extend((0..50).filter(|table| table % 10 == 3).map(|table| format!("drop t{table}")));
    trace.extend((0..50).filter(|table| table % 10 == 3).map(|table| format!("create t{table}")));
    trace.push("count".to_owned());
    let mut oracle = |candidate: &Candidate<'_, String>| {
        let mut tables = BTreeSet::new();
        for item in candidate.items() {
            let done = match item.value.split_once(' ') {
                Some(("create", table)) => tables.insert(table),
                Some((_, table)) => tables.remove(table),
                None if tables.len() == 50 => return Verdict::same_at(item.number),
                None => true,
            };
            if !done {
                return Verdict::Other { signature: Signature::new("no such table", ""), at: Some(item.number) };
            }
        }
        Verdict::Passed
    };
    let minimized = minimize(&trace, &mut oracle).expect("it fails");
    assert_eq!(minimized.items.len(), 51);
}

/// Whether each tag that opens is closed, in the right order.
fn is_markup(text: &str) -> bool {
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else { return false };
        match tag.strip_prefix('/') {
            Some(name) => {
                if open.pop() != Some(name) {
                    return false;
                }
            }
            None => open.push(tag.split(' ').next().unwrap_or_default()),
        }
    }
    open.is_empty()
}

/// Whether each bracket is closed.
fn is_balanced(text: &str) -> bool {
    let mut open = 0;
    text.chars().all(|char| {
        open += i32::from(char == '(') - i32::from(char == ')');
        open >= 0
    }) && open == 0
}

#[test]
fn a_long_text_keeps_what_matters_wherever_it_is() {
    // Characters that are not alike, and no blanks: base64, a path, minified code.
    let noise = |from: u32, length: u32| {
        (from..from + length).map(|n| char::from(b'a' + (n * n % 25) as u8)).collect::<String>()
    };
    let text = format!("{}(:needle:){}\n", noise(0, 5000), noise(7, 3000));
    let (left, runs) = shrunk(&text, Minimizer::new(), |text| text.contains("needle"));
    assert_eq!(left, "needle\n");
    assert!(runs <= 80, "{runs} runs");
    // In JSON, an escape goes as a whole.
    let line = format!("{{\"message\": \"{}\\n\\\"needle\\\" {}\"}}\n", noise(0, 300), "\\ud83d\\ude00".repeat(99));
    let fails = |text: &str| match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value["message"].as_str().is_some_and(|text| text.contains("\"needle\"")),
        Err(_) => panic!("each candidate is JSON: {text}"),
    };
    let (left, runs) = shrunk(&line, Minimizer::new(), |text| !text.trim().is_empty() && fails(text));
    assert_eq!(left, "{\"message\":\"\\\"needle\\\"\"}\n");
    assert!(runs <= 120, "{runs} runs");
    // A text that is needed as it is costs few runs.
    let lines: String = (0..9).map(|from| noise(from, 900) + "\n").collect();
    let (left, runs) = shrunk(&lines, Minimizer::new(), |text| text == lines);
    assert_eq!(left, lines);
    assert!(runs <= 120, "{runs} runs");
}

#[test]
fn numbers_with_a_fraction_or_a_unit_get_smaller() {
    let amount = |text: &str| {
        let amount = text.trim_end().split(' ').nth(1).unwrap_or_default();
        amount.trim_end_matches(char::is_alphabetic).parse::<f64>().unwrap_or(0.0)
    };
    for (line, expected) in [("pay 1234.56\n", "pay 17\n"), ("wait 4711ms\n", "wait 17ms\n")] {
        assert_eq!(shrunk(line, Minimizer::new(), |text| amount(text) >= 17.0).0, expected);
    }
}

#[test]
fn a_tree_in_one_line_is_shrunk_as_a_tree() {
    let order = |number: u32| {
        let item =
            |item: u32| format!("<item sku=\"s-{number}-{item}\"><name>n{item}</name><count>{item}</count></item>");
        format!("<order id=\"{number}\"><date>2026</date>{}</order>", (0..number % 3 + 1).map(item).collect::<String>())
    };
    // 800 elements and more.
    let text = format!("<orders>{}</orders>\n", (0..100).map(order).collect::<String>());
    let fails = |text: &str| is_markup(text.trim_end()) && text.contains("s-17-1\"") && text.contains("s-44-0\"");
    let (left, runs) = shrunk(&text, Minimizer::new(), fails);
    assert!(left.len() < 80 && runs <= 60, "{runs} runs: {left}");

    let define = |number: u32| format!("(define (f{number} x) (if (< x {number}) (+ x (* {number} 2)) (list x x)))");
    let text = format!("(program {})\n", (0..100).map(define).collect::<Vec<_>>().join(" "));
    let fails = |text: &str| is_balanced(text) && text.contains("(f17 ") && text.contains("(* 44 2)");
    let (left, runs) = shrunk(&text, Minimizer::new(), fails);
    assert!(left.len() < 40 && runs <= 80, "{runs} runs: {left}");

    let row = |number: u32| format!("({number}, 'name {number}', NULL)");
    let text = format!("INSERT INTO t (a, b, c) VALUES {};\n", (0..300).map(row).collect::<Vec<_>>().join(", "));
    let fails = |text: &str| {
        let reads = is_balanced(text)
            && text.starts_with("INSERT INTO t")
            && !text.contains(", ,")
            && !text.contains(",,")
            && !text.contains(",;");
        reads && text.contains("'name 71'") && text.contains("'name 204'")
    };
    let (left, runs) = shrunk(&text, Minimizer::new(), fails);
    assert!(left.len() < 40 && runs <= 80, "{runs} runs: {left}");
}
