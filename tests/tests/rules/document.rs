//! Tests that the document and the tests match: each rule names a test, and each test of the rules is named by a
//! rule.

use std::collections::BTreeSet;
use std::fs;

use afresh_tests::root;

/// A rule: its number, and the tests that it names as FILE::TEST.
struct Rule {
    number: u32,
    tests: Vec<String>,
}

/// Returns the rules of the document: list items that begin with `* **R1**`, with their tests in brackets and
/// backquotes.
fn rules() -> Vec<Rule> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("the document is there");
    let rules = text.split("\n* **R").skip(1).map(|rule| {
        let (number, rest) = rule.split_once("**").expect("a number ends");
        let rest = rest.split("\n\n").next().unwrap_or(rest);
        let quoted = rest.split('`').skip(1).step_by(2);
        let tests = quoted.filter(|quoted| quoted.contains(".rs::")).map(str::to_owned).collect();
        Rule { number: number.parse().expect("rules are numbered"), tests }
    });
    rules.collect()
}

/// Returns the names of the tests of a file in `tests/tests`.
fn tests_of(file: &str) -> BTreeSet<String> {
    let path = root().join("tests/tests").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let after_attribute = text.split("#[test]").skip(1);
    let names = after_attribute.filter_map(|rest| rest.split_once("fn ")?.1.split('(').next());
    names.map(str::to_owned).collect()
}

#[test]
fn rules_are_numbered_in_order_and_each_names_a_test_that_is_there() {
    let rules = rules();
    assert!(rules.len() > 40, "{} rules were read", rules.len());
    for (rule, number) in rules.iter().zip(1..) {
        assert_eq!(rule.number, number);
        assert!(!rule.tests.is_empty(), "R{number} names no test");
        for test in &rule.tests {
            let (file, name) = test.split_once("::").expect("a test is named FILE::TEST");
            assert!(tests_of(file).contains(name), "R{number} names {test}, which is not there");
        }
    }
}

#[test]
fn each_test_of_the_rules_is_named_by_one() {
    let named: BTreeSet<_> = rules().into_iter().flat_map(|rule| rule.tests).collect();
    let folder = fs::read_dir(root().join("tests/tests/rules")).expect("the folder of these tests");
    for file in folder {
        let file = file.expect("an entry").file_name().into_string().expect("a name");
        if file == "document.rs" {
            continue;
        }
        let file = format!("rules/{file}");
        for test in tests_of(&file) {
            let name = format!("{file}::{test}");
            assert!(named.contains(&name), "no rule names {name}");
        }
    }
}
