//! The requirements on a system that the harness can run.

use afresh_core::System;

/// A [`System`] that the harness can run on several threads.
///
/// Every system made of plain values is a subject: there is nothing to implement.
pub trait Subject:
    System<In: Send + Sync, Out: Send + Sync, State: Send + Sync, View: Send + Sync> + Send + Sync
{
}

impl<S> Subject for S where
    S: System<In: Send + Sync, Out: Send + Sync, State: Send + Sync, View: Send + Sync> + Send + Sync
{
}
