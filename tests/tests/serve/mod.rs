//! Tests of `afresh serve`: the process, its store, and its receivers.

use std::time::Duration;

use afresh_tests::kills::kills;

#[test]
fn a_service_that_is_killed_loses_and_doubles_nothing() {
    let survived = kills(10, 1, Duration::from_millis(150), None);
    assert!(survived.acknowledged > 0, "{survived:?}");
}
