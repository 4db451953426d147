//! What remote tools and hosts of events say to each other (proxy-tool-events.md 1, 2, 9, 10 and 12).
//!
//! * [`legacy`]: events as form arguments, with the [`mac`] that vouches for them and the [`simple_xml`] that answers.
//! * [`envelope`]: events as CloudEvents, with the [`signature`] of Standard Webhooks and JSON that answers.
//! * [`answer`]: what an answer of either kind, or none, means.
//! * [`notice`]: context-copy notices of LTI, in tokens of [`jwt`].
//!
//! Nothing here reads a clock, draws a random number or sends anything.

#[cfg(test)]
mod any_json;

pub mod answer;
pub mod envelope;
pub mod jwt;
pub mod legacy;
pub mod mac;
pub mod notice;
pub mod signature;
pub mod simple_xml;

pub use provost_guest::events;
pub use rsa::rand_core;
