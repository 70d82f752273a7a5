//! The binary of the example `stock`, for the tests to run.

include!("../../../examples/stock/src/main.rs");
