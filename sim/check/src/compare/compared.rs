//! [`Compared`]: the result of comparing one recorded observation with the run.

use afresh_core::{Comparison, Parts, System};

use super::difference::Different;

/// The result of comparing one recorded observation with the run.
#[derive(Clone, Debug)]
pub(crate) enum Compared<S: System> {
    /// The run makes the same observation.
    Same,
    /// The run does not tell: the observation depends on messages before the window, in these parts.
    NotDerivable(Parts),
    /// The run differs. The parts of a view that are not derivable are among its parts too.
    Differs(Different<S>),
}

impl<S: System> Compared<S> {
    /// The parts that cannot be compared, because they depend on messages before the window.
    pub(crate) fn underivable(&self) -> impl Iterator<Item = &'static str> {
        let parts = match self {
            Self::NotDerivable(parts) | Self::Differs(Different::View { parts, .. }) => Some(parts),
            _ => None,
        };
        parts.into_iter().flat_map(Parts::underivable)
    }

    /// Returns `true` if any part was compared.
    pub(crate) fn tells(&self) -> bool {
        match self {
            Self::NotDerivable(parts) => parts.iter().any(|(_, comparison)| comparison != Comparison::NotDerivable),
            Self::Same | Self::Differs(_) => true,
        }
    }
}
