//! `clock`: stands still until a test sets it.

use super::with;

pub use crate::bindings::imports::provost::plugin::clock::Timestamp;

/// See `clock.now` in the contract.
pub fn now() -> Timestamp {
    with(|host| host.now)
}

/// See `clock.monotonic`. Every call is a millisecond later.
pub fn monotonic() -> u64 {
    with(|host| {
        host.monotonic += 1_000_000;
        host.monotonic
    })
}

/// See `clock.format`.
pub fn format(time: Timestamp, pattern: &str) -> String {
    let zone = with(|host| host.time_zone.clone());
    let moment = jiff::Timestamp::from_second(time).ok();
    let text = moment.and_then(|t| jiff::fmt::strtime::format(pattern, &t.to_zoned(zone)).ok());
    text.unwrap_or_else(|| pattern.to_owned())
}
