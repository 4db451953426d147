//! What delivery of events does for host functions. It lies above the runtime, which knows this much of it.

use async_trait::async_trait;
use provost_store::api::{Draft, Happening, StoreError, TargetState};

/// Why a target's state was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SwitchFailure {
    /// The store failed, or there is no such target.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target refused.
    #[error("{0}")]
    Refused(String),
}

/// Delivery of events.
#[async_trait]
pub trait EventService: Send + Sync {
    /// Tells handlers that are here of what a draft has announced, before it is published, within the operation's budget. Whatever
    /// goes wrong is theirs to hear of later, never a reason not to publish.
    async fn before_publish(&self, draft: &mut dyn Draft);
    /// Tells of what happened at once, and waits for that within the budget. What goes wrong goes to the job's warnings.
    async fn tell_now(&self, happenings: Vec<Happening>, job: Option<String>) -> Result<(), StoreError>;
    /// Changes the state of a target that a plugin speaks for. What an operator switched off it refuses to switch on.
    async fn switch_target(&self, plugin: &str, name: &str, to: TargetState) -> Result<(), SwitchFailure>;
    /// Takes a target away that a plugin speaks for, after telling it so; false when there is none of that name.
    async fn remove_target(&self, plugin: &str, name: &str) -> Result<bool, StoreError>;
    /// Makes a target available for an operator; the state before.
    async fn enable_target(&self, plugin: &str, name: &str) -> Result<TargetState, SwitchFailure>;
    /// Makes a target unavailable for an operator; the state before.
    async fn disable_target(&self, plugin: &str, name: &str) -> Result<TargetState, SwitchFailure>;
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
}
