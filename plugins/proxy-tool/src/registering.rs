//! What tools find of this host: its description, its key set, and a door to register again.

use crate::kept::Record;
use crate::nonce;
use crate::tool::{OneTime, Told, Tool, event_name};
use crate::tool_functions::site_name;
use provost_guest::hook::{Request, Response};
use provost_guest::prelude::*;
use provost_guest::{clock, config, targets};
use provost_proxy_wire::legacy::EVENTS;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Seconds that a one-time password is good for; one that was used is remembered for longer.
const GOOD_FOR: i64 = 3600;
/// The path at which tools register again. No site has this name.
pub const DOOR: &str = "register";

/// An address of this plugin's own.
pub fn own_address(path: &str) -> String {
    format!("{}/hooks/proxy-tool/{path}", config::get_site().url.trim_end_matches('/'))
}

/// SHA-256 of a text, hexadecimal.
pub fn hash(text: &str) -> String {
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// A password as it is kept.
pub fn one_time(password: &str) -> OneTime {
    OneTime { hash: hash(password), until: clock::now() + GOOD_FOR }
}

/// The description that a tool finds at the address it is given.
pub fn profile() -> Response {
    let site = config::get_site();
    let body = json!({
        "name": site_name(),
        "url": site.url,
        "profiles": ["native", "legacy", "lti"],
        "events": EVENTS,
        "registration": own_address(DOOR),
        "jwks": own_address("jwks"),
    });
    Response::json(200, &body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    name: String,
    password: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    events: Option<Vec<Event>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    event: String,
    #[serde(default)]
    url: String,
}

/// A tool registers again. Whoever is wrong, in name or password, is told the same.
pub fn register(request: &Request) -> Result<Response> {
    let denied = || Error::new(ErrorKind::Denied, "password", "no such registration is awaited");
    let sent: Registration = serde_json::from_slice(&request.body)?;
    let mut tool = match Tool::get(&sent.name) {
        Err(error) if error.kind == ErrorKind::NotFound => return Err(denied()),
        tool => tool?,
    };
    // Digests of random passwords: how much of one is right tells nothing.
    let awaited = tool.password.take().filter(|awaited| awaited.until > clock::now());
    if awaited.is_none_or(|awaited| awaited.hash != hash(&sent.password)) {
        return Err(denied());
    }
    tool.title = sent.title.unwrap_or(tool.title);
    tool.url = sent.url.unwrap_or(tool.url);
    if let Some(events) = sent.events {
        let only_own = |event: &str| tool.events.iter().any(|told| told.event == event && told.only_own);
        let told = |e: Event| {
            let event = event_name(&e.event).to_owned();
            Told { only_own: only_own(&event), event, url: e.url }
        };
        tool.events = events.into_iter().map(told).collect();
    }
    tool.check()?;
    // Of two at the same time one was first.
    if !nonce::REQUESTS.take(DOOR, &sent.password)? {
        return Err(denied());
    }
    targets::put(&tool.target())?;
    tool.put()?;
    targets::heard_of(&tool.name)?;
    Ok(Response::json(200, &json!({ "result": "ok" })))
}
