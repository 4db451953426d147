//! Delivery of events: at least once to those who are told, once to what the host itself keeps for them, in order per course
//! (architecture.md 5; proxy-tool-events.md 3, 8, 11).
//!
//! The store knows what waits for whom and in which order; [`Deliveries`] calls the handlers and writes down what came of it. Everything
//! is in the store's tables: several processes may deliver at one time, and one that is killed loses nothing.

mod clock;
mod early;
mod engine;
mod judge;
mod keeping;
mod operating;
mod rate;
mod schedule;
mod switching;
mod telling;

#[cfg(test)]
mod tests;

pub use clock::{Clock, SetClock, SystemClock};
pub use engine::{Deliveries, DeliveryOptions};
pub(crate) use engine::{GATE_BOUNDS, directly};
pub use switching::SwitchError;
pub(crate) use switching::agreed;

use async_trait::async_trait;
use provost_runtime::{Delivery, HandleBounds, Handled, Outcome};
use provost_store::api::Target;
use std::time::Duration;

/// What came of calling a target's plugin.
#[derive(Debug)]
pub struct Called {
    /// One for each delivery that was called, in order; those after the first that is not final were not.
    pub handled: Vec<Handled>,
    /// The digest of the code that was called.
    pub digest: String,
}

/// Calls handlers.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Calls a target's handler for each delivery on one instance.
    async fn call(&self, target: &Target, deliveries: Vec<Delivery>, bounds: HandleBounds) -> Called;
}

/// The plugins of a registry, as long as it is there.
pub(crate) struct RegistryCaller(pub std::sync::Weak<crate::Registry>);

#[async_trait]
impl Caller for RegistryCaller {
    async fn call(&self, target: &Target, deliveries: Vec<Delivery>, bounds: HandleBounds) -> Called {
        let unavailable = |why: String| Called {
            handled: vec![Handled { outcome: Outcome::Unavailable(why), effects: Vec::new(), took: Duration::ZERO }],
            digest: String::new(),
        };
        let Some(registry) = self.0.upgrade() else { return unavailable("the host stops".into()) };
        let catalog = match registry.current().await {
            Ok(catalog) => catalog,
            Err(error) => return unavailable(error.to_string()),
        };
        let Some(loaded) = catalog.plugin(&target.fields.plugin) else {
            return unavailable(format!("plugin {} is not loaded", target.fields.plugin));
        };
        let plugin = loaded.plugin.clone();
        let handled = plugin.handle(deliveries, bounds).await;
        Called { handled, digest: plugin.digest().to_owned() }
    }
}
