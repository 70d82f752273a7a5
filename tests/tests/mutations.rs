//! Tests that the list of mutations and its table in the documentation are up to date. No mutation is made here.

use std::collections::BTreeSet;
use std::fs;

use afresh_tests::mutations::{DOCUMENT, Table, mutations};
use afresh_tests::root;

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn each_mutation_replaces_code_that_occurs_once() {
    for mutation in mutations() {
        let places = read(mutation.file).matches(mutation.old).count();
        assert_eq!(places, 1, "{}, `{}`: places of `{}`", mutation.file, mutation.what, mutation.old);
        assert_ne!(mutation.old, mutation.new, "{}, `{}` changes nothing", mutation.file, mutation.what);
    }
}

#[test]
fn each_mutation_has_a_name_of_its_own() {
    let names: BTreeSet<_> = mutations().map(|mutation| (mutation.file, mutation.what)).collect();
    assert_eq!(names.len(), mutations().count());
    assert!(names.len() >= 45, "{}", names.len());
}

#[test]
fn the_table_is_of_these_mutations() {
    let document = read(DOCUMENT);
    let table = Table::read(&document);
    let again = "`cargo run -p afresh-tests --bin mutations -- --new --write` makes those that are missing";
    for mutation in mutations() {
        let noticed = table.noticed(mutation);
        assert!(noticed.is_some(), "{}, `{}` is not in the table: {again}", mutation.file, mutation.what);
        let explained = !mutation.unnoticed.is_empty();
        assert_eq!(noticed, Some(!explained), "{}, `{}`: who notices it?", mutation.file, mutation.what);
    }
    assert!(document == table.document(), "{DOCUMENT} has other lines in the table: {again}");
}
