//! What other sites send (proxy-tool-events.md 9): who sends it is checked, and what it says goes into the outbox.

#[cfg(test)]
mod tests;

use crate::kept::Record;
use crate::site::Site;
use crate::tool::check_name;
use crate::{keys, nonce, notices, registering};
use provost_guest::hook::{Request, Response};
use provost_guest::prelude::*;
use provost_guest::{clock, events, log};
use provost_proxy_wire::answer::Profile;
use provost_proxy_wire::events::Happening;
use provost_proxy_wire::legacy::{self, Arguments, Incoming};
use provost_proxy_wire::simple_xml::{self, Said};
use provost_proxy_wire::{envelope, mac, signature};
use serde_json::json;

/// Seconds that tools may keep the key set.
const KEEP_KEYS: &str = "public, max-age=3600";

/// Answers what came below `hooks/proxy-tool/`.
pub fn receive(request: &Request) -> Result<Response> {
    let path = request.path.trim_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match (request.method.as_str(), first, rest) {
        ("GET", "jwks", "") => {
            return Ok(Response::json(200, &keys::key_set()?).with_header("cache-control", KEEP_KEYS));
        }
        ("GET", "profile", "") => return Ok(registering::profile()),
        ("POST", registering::DOOR, "") => return registering::register(request),
        _ => {}
    }
    let site = if check_name(first).is_ok() { Site::find(first)? } else { None };
    let Some(site) = site else { return Err(Error::not_found("site", "there is nothing here")) };
    if request.method != "POST" {
        let refusal = Response::new(405, "text/plain; charset=utf-8", "events are posted\n");
        return Ok(refusal.with_header("allow", "POST"));
    }
    match site.profile {
        Profile::Legacy => legacy(site, request, rest),
        Profile::Native => native(site, request),
        Profile::Lti => notices::receive(&site, request),
    }
}

fn xml(status: u16, said: Said) -> Response {
    Response::new(status, "text/xml; charset=utf-8", simple_xml::print(said))
}

/// Says in the log what is not said to whoever sent it.
fn disbelieved(site: &Site, request: &Request, why: &str) {
    let message = format!("what {} sent for {} is not believed: {why}", request.address, site.name);
    log::write(log::Level::Warn, &message);
}

fn legacy(site: Site, request: &Request, rest: &str) -> Result<Response> {
    let form = legacy::decode(&request.body);
    let value = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let now = clock::now();
    let time = value("timestamp").and_then(|text| text.parse::<i64>().ok()).map(|ms| ms.div_euclid(1000));
    let nonce = value("nonce").filter(|nonce| !nonce.is_empty());
    let why = if !mac::holds(&form, &site.legacy.exempt, &site.legacy.secret, site.legacy.algorithm) {
        Some("its MAC does not hold")
    } else if time.is_none_or(|time| now.abs_diff(time) > nonce::TOLERANCE.unsigned_abs()) {
        Some("its timestamp is missing or too far off")
    } else if nonce.is_none() {
        Some("it has no nonce")
    } else {
        None
    };
    if let Some(why) = why {
        disbelieved(&site, request, why);
        return Ok(xml(403, Said::Error));
    }
    let (time, nonce) = (time.unwrap_or(now), nonce.unwrap_or_default());
    // A nonce alone would not do: its end can slide into another argument without a change of the MAC.
    let once = [format!("mac\n{}", value(mac::MAC).unwrap_or_default()), format!("nonce\n{nonce}")];
    for what in once {
        if !nonce::REQUESTS.take(&site.name, &what)? {
            disbelieved(&site, request, "it came before");
            return Ok(xml(403, Said::Error));
        }
    }
    let Some(action) = action(request, &form, rest) else { return Ok(xml(400, Said::Error)) };
    let incoming = match legacy::read(&action, &form, &site.name) {
        Ok(incoming) => incoming,
        Err(error) => {
            let message = format!("{} sent what cannot be told: {error}", site.name);
            log::write(log::Level::Warn, &message);
            // A decision: it would be no better the next time.
            return Ok(xml(200, Said::Error));
        }
    };
    let occurred = value("occurred_at").and_then(|text| text.parse::<i64>().ok()).map(|ms| ms.div_euclid(1000));
    let time = occurred.filter(|occurred| (0..=now).contains(occurred)).unwrap_or(time.min(now));
    let key = key_of(&action, &form, nonce);
    let said = match take(site, incoming, &key, time)? {
        Taken::Done => Said::Success,
        Taken::Refused(_) => Said::Error,
    };
    Ok(xml(200, said))
}

/// Which event it is: said in the form, in the query, or by the path.
fn action(request: &Request, form: &Arguments, rest: &str) -> Option<String> {
    let query = legacy::decode(request.query.as_bytes());
    let mut said: Vec<&str> = [form, &query]
        .into_iter()
        .flat_map(|arguments| arguments.iter().filter(|(name, _)| name == "action").map(|(_, value)| value.as_str()))
        .collect();
    if !rest.is_empty() {
        said.push(rest);
    }
    let first = *said.first()?;
    said.iter().all(|other| *other == first).then(|| first.to_owned())
}

/// Names of arguments that say nothing of the event itself.
const GENERIC: &[&str] = &[
    "ourguid",
    "tcbaseurl",
    "returnurl",
    "locale",
    "direction",
    "timestamp",
    "nonce",
    "mac",
    "ticket",
    "user_id",
    "role",
    "action",
    "deferred",
    "gapafter",
    "occurred_at",
];

/// Under which key a second request is the same event. A sender that tries again makes a new nonce: its event is known by the id it
/// gives, or by its things, where those are born or die but once.
fn key_of(action: &str, form: &Arguments, nonce: &str) -> String {
    if let Some((_, id)) = form.iter().find(|(name, _)| name == "event_id") {
        return format!("id\n{id}");
    }
    let mut own: Vec<String> = form
        .iter()
        .filter(|(name, _)| !GENERIC.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    own.sort_unstable();
    let once =
        matches!(action, "content-copied" | "content-deleted" | "course-deleted" | "group-copied" | "group-deleted");
    let nonce = if once { "" } else { nonce };
    format!("{action}\n{nonce}\n{}", own.join("\n"))
}

fn native(site: Site, request: &Request) -> Result<Response> {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| request.header(name));
    let now = clock::now();
    let refusal =
        |status: u16, message: String| Ok(Response::json(status, &json!({ "result": "error", "message": message })));
    let id = match signature::verify(&keys::active(&site.keys)?, headers, &request.body, now) {
        Ok(id) => id.to_owned(),
        Err(error) => {
            disbelieved(&site, request, &error.to_string());
            return refusal(403, error.to_string());
        }
    };
    let read = match envelope::read(&request.body, &site.name) {
        Ok(read) => read,
        // A decision, as in the legacy profile.
        Err(error) => return refusal(200, error.to_string()),
    };
    let time = read.time.filter(|time| (0..=now).contains(time)).unwrap_or(now);
    match take(site, read.what, &format!("id\n{id}"), time)? {
        Taken::Done => Ok(Response::json(200, &json!({ "result": "ok" }))),
        Taken::Refused(why) => refusal(200, why),
    }
}

/// What became of something that a site told.
#[derive(Debug, PartialEq)]
enum Taken {
    /// It was taken.
    Done,
    /// It never will be, and why.
    Refused(String),
}

/// Acts on what a site tells.
fn take(mut site: Site, incoming: Incoming, key: &str, time: i64) -> Result<Taken> {
    match incoming {
        Incoming::Happened(what) => match publish(&site, key, time, &what) {
            Ok(_) => Ok(Taken::Done),
            // What the host does not take for an event: it would be no better the next time.
            Err(error) if is_decision(&error) => {
                log::write(log::Level::Warn, &format!("{} sent what cannot be told: {}", site.name, error.message));
                Ok(Taken::Refused(error.message))
            }
            Err(error) => Err(error),
        },
        Incoming::Ping => Ok(Taken::Done),
        Incoming::State(state) => {
            site.state = state;
            site.put()?;
            Ok(Taken::Done)
        }
        Incoming::Removed => {
            site.state = "removed".into();
            site.put()?;
            Ok(Taken::Done)
        }
        Incoming::Reregister { profile_url, .. } => {
            let message = format!("{} wants this host to register again, at {profile_url}", site.name);
            log::write(log::Level::Warn, &message);
            site.reregister_at = profile_url;
            site.put()?;
            Ok(Taken::Refused("this host does not register by itself: its operator was told".into()))
        }
    }
}

/// Whether an error says that something is no event, rather than that it could not be taken just now.
pub fn is_decision(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Invalid | ErrorKind::Denied | ErrorKind::Limit)
}

/// Puts an event of a site into the outbox, once for each key. Errors: see [`is_decision`].
pub fn publish(site: &Site, key: &str, time: i64, what: &Happening) -> Result<String> {
    // Keys of all sites are in one place, and are of any length.
    let key = format!("{}/{}", site.name, registering::hash(key));
    events::publish_once(&key, &site.url, time, what)
}
