//! What a user writes one line of: a command line over systems of their own, and a snapshot test of kept traces.

/// The `main` of a command line over one's own systems: all that `afresh` does, for traces of theirs.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use afresh_core::{Flows, Input, Key, Slot, System};
/// # #[derive(Clone)]
/// # struct Stock;
/// # impl System for Stock {
/// #     type In = i64;
/// #     type Out = i64;
/// #     type State = i64;
/// #     type View = i64;
/// #     fn keys(&self, _: &i64) -> impl IntoIterator<Item = Key> { ["all".into()] }
/// #     fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, i64>, _: &Flows) { *stock += input.body }
/// #     fn view(&self, _: &Key, stock: &i64) -> i64 { *stock }
/// #     fn outputs(&self, _: &Key, _: &i64, _: &Flows) -> BTreeMap<Slot, i64> { BTreeMap::new() }
/// # }
/// afresh::main!(Stock);
/// ```
///
/// A trace says which system it is for: here `stock`, after the type; an `OrderBook` is `order-book`. Systems can also be
/// named one by one, which is how several versions of one are told apart:
///
/// ```
/// # use std::collections::BTreeMap;
/// # use afresh_core::{Flows, Input, Key, Slot, System};
/// # #[derive(Clone)]
/// # struct Stock { rounds: bool }
/// # impl System for Stock {
/// #     type In = i64;
/// #     type Out = i64;
/// #     type State = i64;
/// #     type View = i64;
/// #     fn keys(&self, _: &i64) -> impl IntoIterator<Item = Key> { ["all".into()] }
/// #     fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, i64>, _: &Flows) { *stock += input.body }
/// #     fn view(&self, _: &Key, stock: &i64) -> i64 { if self.rounds { *stock / 10 * 10 } else { *stock } }
/// #     fn outputs(&self, _: &Key, _: &i64, _: &Flows) -> BTreeMap<Slot, i64> { BTreeMap::new() }
/// # }
/// afresh::main!("stock" => Stock { rounds: false }, "stock+rounds" => Stock { rounds: true });
/// ```
///
/// What comes after a semicolon says what systems are sent when they are explored: a [`Workload`](crate::Workload) for each
/// type of messages.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use afresh_core::{Flows, Input, Key, Message, Slot, System};
/// # #[derive(Clone)]
/// # struct Stock;
/// # impl System for Stock {
/// #     type In = i64;
/// #     type Out = i64;
/// #     type State = i64;
/// #     type View = i64;
/// #     fn keys(&self, _: &i64) -> impl IntoIterator<Item = Key> { ["all".into()] }
/// #     fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, i64>, _: &Flows) { *stock += input.body }
/// #     fn view(&self, _: &Key, stock: &i64) -> i64 { *stock }
/// #     fn outputs(&self, _: &Key, _: &i64, _: &Flows) -> BTreeMap<Slot, i64> { BTreeMap::new() }
/// # }
/// use afresh::Workload;
/// use afresh::proptest::{collection::vec, prelude::*};
///
/// fn messages() -> impl Strategy<Value = Vec<Message<i64>>> {
///     vec((0..9_u32, -5..5_i64).prop_map(|(id, pieces)| Message::new("shop", format!("m-{id}"), pieces)), 0..20)
/// }
///
/// afresh::main!(Stock; Workload::new(messages));
/// ```
///
/// [Worlds](crate::world) of nodes come first, each with its name, before what systems there are:
///
/// ```
/// # use afresh::world::{Cluster, Effects, Node, NodeId};
/// # use afresh_core::Name;
/// # struct Idle;
/// # impl Node for Idle {
/// #     type Input = ();
/// #     type Message = ();
/// #     type Timer = ();
/// #     type Record = ();
/// #     fn message(&mut self, _: NodeId, _: (), _: &mut Effects<Self>) {}
/// # }
/// # #[derive(Clone)]
/// # struct Replicas;
/// # impl Cluster for Replicas {
/// #     type Node = Idle;
/// #     fn names(&self) -> Vec<Name> { vec!["one".into(), "other".into()] }
/// #     fn node(&self, _: NodeId) -> Idle { Idle }
/// # }
/// afresh::main!(world "replicas" => Replicas);
/// ```
///
/// The systems are those of [`Systems`](crate::Systems), the commands those of [`cli::main`](crate::cli::main).
#[macro_export]
macro_rules! main {
    (@systems) => { $crate::Systems::new() };
    (@systems $($name:expr => $system:expr),+ $(,)? $(; $($workload:expr),+ $(,)?)?) => {
        $crate::Systems::new()$(.with($name, $system))+$($(.exploring($workload))+)?
    };
    (@systems $($system:expr),+ $(,)? $(; $($workload:expr),+ $(,)?)?) => {
        $crate::Systems::new()$(.with_type($system))+$($(.exploring($workload))+)?
    };
    ($(world $name:expr => $cluster:expr),+ $(,)? $(; $($systems:tt)+)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::cli::main(&$crate::main!(@systems $($($systems)+)?)$(.with_world($name, $cluster))+)
        }
    };
    ($($systems:tt)+) => {
        fn main() -> ::std::process::ExitCode {
            $crate::cli::main(&$crate::main!(@systems $($systems)+))
        }
    };
}

/// A test, called `traces`, of all traces that match a pattern, with a snapshot of what each of them ends in.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use afresh_core::{Flows, Input, Key, Slot, System};
/// # #[derive(Clone)]
/// # struct Stock;
/// # impl System for Stock {
/// #     type In = i64;
/// #     type Out = i64;
/// #     type State = i64;
/// #     type View = i64;
/// #     fn keys(&self, _: &i64) -> impl IntoIterator<Item = Key> { ["all".into()] }
/// #     fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, i64>, _: &Flows) { *stock += input.body }
/// #     fn view(&self, _: &Key, stock: &i64) -> i64 { *stock }
/// #     fn outputs(&self, _: &Key, _: &i64, _: &Flows) -> BTreeMap<Slot, i64> { BTreeMap::new() }
/// # }
/// afresh::snapshots!("traces/*.jsonl", Stock);
/// ```
///
/// The pattern is relative to the package that the test is in; where nothing matches, the test fails. Every trace is run
/// by the system that is named here, whatever its header says, and must pass a [check](crate::check): at every step, what
/// is carried is what the messages give from the first on. A trace that is kept for a bug passes while that bug does not
/// come back. What a trace *recorded* may differ from what is so now: that is part of the snapshot, as are the views and
/// the outputs that it ends in.
///
/// The snapshots are those of [`insta`](https://insta.rs), in the folder `snapshots` beside the test: `cargo insta review`
/// shows what changed. Write one test a file, or each in a module of its own.
///
/// Needs the feature `snapshots`.
#[cfg(feature = "snapshots")]
#[macro_export]
macro_rules! snapshots {
    ($traces:expr, $system:expr $(,)?) => {
        #[test]
        fn traces() {
            // A snapshot is of the file that has the assertion, so that has to be here.
            $crate::snapshot::test(env!("CARGO_MANIFEST_DIR"), $traces, &$system, |snapshot| {
                $crate::insta::with_settings!({ input_file => &snapshot.path, omit_expression => true }, {
                    $crate::insta::assert_yaml_snapshot!(snapshot.name.as_str(), snapshot.outcome);
                });
            });
        }
    };
}

/// A test of all traces that match a pattern.
#[cfg(not(feature = "snapshots"))]
#[macro_export]
macro_rules! snapshots {
    ($($arguments:tt)*) => {
        compile_error!("afresh::snapshots! needs the feature `snapshots` of afresh");
    };
}
