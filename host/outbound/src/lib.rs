//! HTTP calls of other servers, made for somebody who is not trusted with the host's own networks.
//!
//! A [`Client`] follows no redirect and asks no proxy. It looks a name up once, refuses it if any of its addresses is not a public
//! one ([`is_public`]), and connects to an address that it has looked at, so that a name that changes its mind gains nothing. An
//! operator's [`Allowed`] opens servers by name, those of the own networks and those without TLS among them
//! (proxy-tool-events.md 9.3, "Outbound safety").

mod address;
mod allowed;
mod client;
mod failure;
mod resolve;

pub use address::is_public;
pub use allowed::{Allowed, NotAServer};
pub use client::{Answer, Client, MAX_REQUEST_BODY, MAX_RESPONSE, MAX_TIMEOUT, Request};
pub use failure::{Failure, FailureKind};
pub use resolve::{Resolve, SystemResolver};
