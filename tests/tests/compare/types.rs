//! Tests of two versions whose messages, outputs and views have different types.

use std::collections::BTreeMap;

use afresh::against::{Differing, Options, Report, compare, record};
use afresh::format::{self, Reader};
use afresh_core::{Flows, Input, Key, Slot, System};
use serde::{Deserialize, Serialize};

/// The version before: it keeps a note for each shop.
#[derive(Clone)]
struct Old;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sale {
    shop: Key,
    amount: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct WithNote {
    total: u64,
    note: String,
}

impl System for Old {
    type In = Sale;
    type Out = u64;
    type State = WithNote;
    type View = WithNote;

    fn keys(&self, sale: &Sale) -> impl IntoIterator<Item = Key> {
        [sale.shop.clone()]
    }

    fn apply(&self, _: &Key, state: &mut WithNote, input: Input<'_, Sale>, _: &Flows) {
        state.total += input.body.amount;
        state.note = format!("last {}", input.body.amount);
    }

    fn view(&self, _: &Key, state: &WithNote) -> WithNote {
        state.clone()
    }

    fn outputs(&self, _: &Key, state: &WithNote, _: &Flows) -> BTreeMap<Slot, u64> {
        BTreeMap::from([("total-1".into(), state.total)])
    }

    fn learn(&self, _: &Key, state: &mut WithNote, view: &WithNote) -> bool {
        *state = view.clone();
        true
    }
}

/// The version after: it counts sales, refuses large ones, panics on one, and has a key more.
#[derive(Clone)]
struct New;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AnySale {
    shop: Key,
    amount: u64,
    #[serde(default)]
    rebate: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct WithCount {
    total: u64,
    #[serde(default)]
    count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Total(u64),
}

impl System for New {
    type In = AnySale;
    type Out = Told;
    type State = WithCount;
    type View = WithCount;

    fn keys(&self, sale: &AnySale) -> impl IntoIterator<Item = Key> {
        let more = (sale.amount == 7).then(|| "sevens".into());
        [sale.shop.clone()].into_iter().chain(more)
    }

    fn admit(&self, sale: &AnySale) -> Result<(), String> {
        if sale.amount < 1000 { Ok(()) } else { Err("too large".to_owned()) }
    }

    fn apply(&self, _: &Key, state: &mut WithCount, input: Input<'_, AnySale>, _: &Flows) {
        assert_ne!(input.body.amount, 13, "unlucky");
        state.total += input.body.amount - input.body.rebate;
        state.count += 1;
    }

    fn view(&self, _: &Key, state: &WithCount) -> WithCount {
        state.clone()
    }

    fn outputs(&self, _: &Key, state: &WithCount, _: &Flows) -> BTreeMap<Slot, Told> {
        BTreeMap::from([("total-1".into(), Told::Total(state.total))])
    }

    fn learn(&self, _: &Key, state: &mut WithCount, view: &WithCount) -> bool {
        *state = view.clone();
        true
    }
}

/// Compares two versions on sales, each of a shop and an amount.
fn compared<O: afresh::Subject, N: afresh::Subject>(old: &O, new: &N, sales: &[(&str, u64)]) -> Report {
    compared_after(r#"{"afresh":{"format":1,"system":"shops","complete":true}}"#, old, new, sales)
}

/// The same, after these lines of a trace.
fn compared_after<O: afresh::Subject, N: afresh::Subject>(
    begin: &str,
    old: &O,
    new: &N,
    sales: &[(&str, u64)],
) -> Report {
    let mut trace = begin.to_owned();
    for (number, (shop, amount)) in (1..).zip(sales) {
        trace += &format!(
            "\n{{\"in\":{{\"id\":\"m-{number}\",\"from\":\"till\",\"body\":{{\"shop\":\"{shop}\",\"amount\":{amount}}}}}}}"
        );
    }
    trace += "\n";
    let reader = || Reader::new("t.jsonl", trace.as_bytes(), format::Options::default()).expect("a trace");
    let mut run = Vec::new();
    record(old, reader(), None, &mut run).expect("it runs");
    let run = Reader::new("old", &run[..], format::Options::default()).expect("a run");
    compare(new, reader(), run, Options::default()).expect("it is compared")
}

/// The kinds of difference, with the counts and the first event of each.
fn kinds(report: &Report) -> Vec<(String, u64, u32)> {
    let kind = |Differing { finding, .. }: &Differing| {
        (finding.signature.to_string(), finding.count, finding.first.event.get())
    };
    report.findings.iter().map(kind).collect()
}

fn of(signature: &str, count: u64, first: u32) -> (String, u64, u32) {
    (signature.to_owned(), count, first)
}

#[test]
fn views_of_other_types_differ_in_the_fields_that_do() {
    let report = compared(&Old, &New, &[("a", 5), ("a", 6), ("b", 1)]);
    // The total is the same. One version has a note, the other a count, and the bodies of outputs differ.
    let expected = [of("differs/count", 3, 1), of("differs/note", 3, 1), of("differs/output total", 3, 1)];
    assert_eq!(kinds(&report), expected);
    assert!(report.findings.iter().all(|differing| differing.differ_at_end == Some(2)), "{report:?}");
    // In the other direction, too.
    let report = compared(&New, &Old, &[("a", 5)]);
    let expected = [of("differs/count", 1, 1), of("differs/note", 1, 1), of("differs/output total", 1, 1)];
    assert_eq!(kinds(&report), expected);
}

#[test]
fn what_only_one_of_them_refuses_or_quarantines_differs() {
    let all = [("a", 5), ("a", 2000), ("b", 13), ("b", 1)];
    let found = |report: &Report, part: &str| kinds(report).into_iter().find(|(name, ..)| name == part);
    let forward = compared(&Old, &New, &all);
    assert_eq!(found(&forward, "differs/rejected"), Some(of("differs/rejected", 1, 2)));
    assert_eq!(found(&forward, "differs/quarantined"), Some(of("differs/quarantined", 1, 3)));
    // The quarantined key has no view, at both messages.
    assert_eq!(found(&forward, "differs/view"), Some(of("differs/view", 2, 3)));
    let backward = compared(&New, &Old, &all);
    assert_eq!(found(&backward, "differs/not rejected"), Some(of("differs/not rejected", 1, 2)));
    assert_eq!(found(&backward, "differs/not quarantined"), Some(of("differs/not quarantined", 1, 3)));
    assert_eq!(found(&backward, "differs/rejected"), None);
}

#[test]
fn a_key_that_only_one_of_them_has_differs() {
    let forward = compared(&Old, &New, &[("a", 7), ("a", 1)]);
    let only = |report: &Report| {
        let found =
            report.findings.iter().find(|differing| differing.finding.signature.part == "view").expect("it is there");
        (found.finding.first.found.clone(), found.finding.count, found.differ_at_end)
    };
    assert_eq!(only(&forward), ("only the new version has a view of sevens".to_owned(), 1, Some(1)));
    let backward = compared(&New, &Old, &[("a", 7), ("a", 1)]);
    assert_eq!(only(&backward), ("only the old version has a view of sevens".to_owned(), 1, Some(1)));
}

/// A view as a map, and as a number that JSON has no type for.
#[derive(Clone)]
struct Wide;

impl System for Wide {
    type In = Sale;
    type Out = u128;
    type State = u128;
    type View = BTreeMap<String, u128>;

    fn keys(&self, sale: &Sale) -> impl IntoIterator<Item = Key> {
        [sale.shop.clone()]
    }

    fn apply(&self, _: &Key, state: &mut u128, input: Input<'_, Sale>, _: &Flows) {
        *state += u128::from(input.body.amount) << 70;
    }

    fn view(&self, key: &Key, state: &u128) -> Self::View {
        BTreeMap::from([(key.to_string(), *state)])
    }

    fn outputs(&self, _: &Key, state: &u128, _: &Flows) -> BTreeMap<Slot, u128> {
        BTreeMap::from([("total-1".into(), *state)])
    }
}

#[test]
fn values_of_any_type_are_equal_to_themselves() {
    assert!(compared(&Wide, &Wide, &[("a", 5), ("b", 6), ("a", 1)]).is_clean());
    assert!(compared(&New, &New, &[("a", 5), ("b", 13), ("a", 7000)]).is_clean());
    let report = compared(&Old, &Wide, &[("a", 5)]);
    // A map has no fields that could be named.
    assert_eq!(kinds(&report), [of("differs/output total", 1, 1), of("differs/view", 1, 1)]);
}

/// In a window, a rejection in a record may rest on a message before the window. One of the old version does not: both
/// have seen the same.
#[test]
fn what_one_version_rejects_in_a_window_differs_later_too() {
    let window = r#"{"afresh":{"format":1,"system":"shops","complete":false}}
{"opening":{"key":"a","value":{"total":5,"note":"last 5","count":1}}}"#;
    let report = compared_after(window, &New, &Old, &[("a", 2000), ("a", 3)]);
    let found = kinds(&report);
    assert!(found.iter().any(|(signature, ..)| signature == "differs/total"), "{found:?}");
}
