//! The gate of a new version.

use crate::Result;
use crate::bindings::lifecycle::exports::provost::plugin::lifecycle as wire;

pub use wire::Change;

/// Implemented by a plugin that wants to look around before it gets traffic.
pub trait Lifecycle {
    /// Called with [`Change::Available`] before a version gets traffic, an error refuses it; with
    /// [`Change::Unavailable`] when it gets no more. `other` is the version it replaces or is replaced by.
    fn state_change(change: Change, other: Option<String>) -> Result<()>;
}

/// The export `state-change`.
pub fn state_change<P: Lifecycle>(change: Change, other: Option<String>) -> Result<()> {
    P::state_change(change, other)
}
