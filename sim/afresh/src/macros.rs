//! Macros that need one line: a command line for your own systems, and a snapshot test of kept traces.

/// Defines a `main` function with all commands of `afresh`, for traces of your own systems.
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
/// `--help` and `--version` name your binary, and the version of your package.
///
/// The header of a trace names its system. By default the name is derived from the type: a `Stock` is `stock`, and an
/// `OrderBook` is `order-book`. To have several versions of a system, give each system a name of its own:
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
/// To explore systems in simulation, add the messages that they are sent after a semicolon: one
/// [`Workload`](crate::Workload) for each type of message.
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
/// [Worlds](crate::world) of nodes come before the systems, if there are any, and each of them needs a name:
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
/// The macro expands to a call of [`cli::main`](crate::cli::main) with the [`Systems`](crate::Systems) that you list.
/// Call that function yourself if you need more than the macro offers.
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
            let systems = $crate::main!(@systems $($($systems)+)?)$(.with_world($name, $cluster))+;
            $crate::cli::main(&systems.with_version(env!("CARGO_PKG_VERSION")))
        }
    };
    ($($systems:tt)+) => {
        fn main() -> ::std::process::ExitCode {
            $crate::cli::main(&$crate::main!(@systems $($systems)+).with_version(env!("CARGO_PKG_VERSION")))
        }
    };
}

/// Defines a test named `traces` that checks all traces matching a pattern, and takes a snapshot of the end of each.
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
/// The pattern is relative to the package that contains the test. The test fails if no trace matches.
///
/// The system given here runs every trace, even if its header names another system. Every trace must pass a
/// [check](crate::check): at every step, the incremental state must equal the state recomputed from the first message.
/// A trace that is kept for a bug passes as long as the bug does not come back.
///
/// *Recorded* values may differ from those computed now. Such differences do not fail the check, but are part of the
/// snapshot, with the views and the outputs at the end of the trace.
///
/// The snapshots are those of [`insta`](https://insta.rs), in the folder `snapshots` next to the test. `cargo insta
/// review` shows what changed. To have several of these tests, put each into a file or a module of its own.
///
/// Needs the feature `snapshots`.
#[cfg(feature = "snapshots")]
#[macro_export]
macro_rules! snapshots {
    ($traces:expr, $system:expr $(,)?) => {
        #[test]
        fn traces() {
            // `insta` puts a snapshot next to the file that has the assertion, so the assertion has to be in the macro.
            $crate::snapshot::test(env!("CARGO_MANIFEST_DIR"), $traces, &$system, |snapshot| {
                $crate::insta::with_settings!({ input_file => &snapshot.path, omit_expression => true }, {
                    $crate::insta::assert_yaml_snapshot!(snapshot.name.as_str(), snapshot.outcome);
                });
            });
        }
    };
}

/// Fails to compile, because this build of the library lacks the feature `snapshots`.
#[cfg(not(feature = "snapshots"))]
#[macro_export]
macro_rules! snapshots {
    ($($arguments:tt)*) => {
        compile_error!("afresh::snapshots! needs the feature `snapshots` of the crate `afresh`");
    };
}
