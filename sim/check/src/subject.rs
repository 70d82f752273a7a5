//! What a system must be for the harness to run it.

use afresh_core::System;

/// A [`System`] that can be looked at from several threads. Every system made of plain values is one.
pub trait Subject:
    System<In: Send + Sync, Out: Send + Sync, State: Send + Sync, View: Send + Sync> + Send + Sync
{
}

impl<S> Subject for S where
    S: System<In: Send + Sync, Out: Send + Sync, State: Send + Sync, View: Send + Sync> + Send + Sync
{
}
