//! `log`: kept for a test to look at.

use super::with;

pub use crate::bindings::imports::provost::plugin::log::Level;

/// See `log.write` in the contract.
pub fn write(level: Level, message: &str) {
    with(|host| host.log.push((level, message.to_owned())));
}

/// See `log.panicked`.
pub fn panicked(message: &str) {
    super::try_with(|host| host.log.push((Level::Error, format!("panicked: {message}"))));
}
