//! Context-copy notices of platforms of LTI (proxy-tool-events.md 12.1), taken as shallow copies of courses.

#[cfg(test)]
mod tests;

use crate::hearing::{is_decision, publish};
use crate::kept;
use crate::nonce::NOTICES;
use crate::site::Site;
use provost_guest::hook::{Request, Response};
use provost_guest::http::{self, Request as Call};
use provost_guest::prelude::*;
use provost_guest::{clock, log};
use provost_proxy_wire::events::{CopyKind, CourseCopied, Happening};
use provost_proxy_wire::jwt::{KeySet, TokenError};
use provost_proxy_wire::legacy::foreign;
use provost_proxy_wire::notice::{self, CONTEXT_COPY, Notice, Parties};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Seconds that a platform's keys are kept.
const KEPT: i64 = 3600;
/// Seconds before keys are fetched anew since one is missing.
const NOT_SOONER: i64 = 60;
/// Seconds before keys are asked for again that could not be had: whoever sends tokens must not make this host call others at will.
const PAUSE: i64 = 30;
/// The most that a key set may have, bytes.
const MAX_KEYS: u32 = 64 << 10;
/// Notices of one request.
const MOST: usize = 100;

/// What stands for a course that a platform does not name.
const UNKNOWN: &str = "-";

/// A platform's keys, as they were fetched.
#[derive(Default, Serialize, Deserialize)]
struct Fetched {
    /// When.
    time: i64,
    keys: Option<Value>,
    /// When they could not be had, since.
    #[serde(default)]
    failed: i64,
}

fn key(site: &str) -> String {
    format!("jwks/{site}")
}

/// Forgets a platform's keys.
pub fn forget_keys(site: &str) -> Result<()> {
    kept::delete(&key(site)).map(drop)
}

/// Takes notices, each for itself: one that is refused leaves the others what they are. The answer is 403 where none was believed, 503
/// where one could not be looked at yet, and else 200 with those that were refused, which would be no better another time.
pub fn receive(site: &Site, request: &Request) -> Result<Response> {
    let tokens = notice::tokens(&request.body)?;
    if tokens.is_empty() || tokens.len() > MOST {
        return Err(Error::invalid(format!("1 to {MOST} notices")));
    }
    let (mut refused, mut believed, mut later) = (Vec::new(), 0, None);
    for (index, token) in tokens.iter().enumerate() {
        let notice = match read(site, token.as_deref()) {
            Ok(notice) => notice,
            Err(error) if error.kind == ErrorKind::RetryLater => {
                later = Some(error);
                continue;
            }
            Err(error) if error.kind == ErrorKind::Denied => {
                let (from, name, why) = (&request.address, &site.name, &error.message);
                let message = format!("a notice that {from} sent for {name} is not believed: {why}");
                log::write(log::Level::Warn, &message);
                refused.push(json!({ "notice": index, "message": error.message }));
                continue;
            }
            Err(error) => return Err(error),
        };
        believed += 1;
        match take(site, &notice) {
            Err(error) if is_decision(&error) => {
                log::write(log::Level::Warn, &format!("{} sent what cannot be told: {}", site.name, error.message));
                refused.push(json!({ "notice": index, "message": error.message }));
            }
            taken => taken?,
        }
    }
    if let Some(later) = later {
        // Those that were taken are known when they come again.
        return Err(later);
    }
    let status = if believed == 0 { 403 } else { 200 };
    Ok(Response::json(status, &if refused.is_empty() { json!({}) } else { json!({ "refused": refused }) }))
}

/// A notice that can be believed. Errors: `denied` for one that cannot, `retry-later` where the platform's keys cannot be had.
fn read(site: &Site, token: Option<&str>) -> Result<Notice> {
    let denied = |why: String| Error::new(ErrorKind::Denied, "notice", why);
    let broken = |error: TokenError| denied(error.to_string());
    let token = token.ok_or_else(|| broken(TokenError::NoToken))?;
    // For what is no token nobody is asked for keys.
    match KeySet::default().verify(token) {
        Err(TokenError::UnknownKey) | Ok(_) => {}
        Err(error) => return Err(broken(error)),
    }
    let claims = match keys(site, KEPT)?.verify(token) {
        // A key that came into use since.
        Err(TokenError::UnknownKey) => keys(site, NOT_SOONER)?.verify(token),
        claims => claims,
    };
    let claims = claims.map_err(broken)?;
    let parties = Parties { issuer: &site.url, client_id: &site.lti.client_id, deployment_id: &site.lti.deployment_id };
    let notice = notice::read(&claims, parties, clock::now()).map_err(|error| denied(error.to_string()))?;
    if NOTICES.has(&site.name, &notice.nonce)? {
        return Err(denied("its nonce came before".into()));
    }
    Ok(notice)
}

/// The platform's keys, at most so many seconds old. Errors: `retry-later` where they cannot be had.
fn keys(site: &Site, at_most: i64) -> Result<KeySet> {
    let key = key(&site.name);
    let now = clock::now();
    let recent = |time: i64, seconds: i64| (0..seconds).contains(&now.saturating_sub(time));
    let mut fetched = kept::get::<Fetched>(&key)?.unwrap_or_default();
    let keys = match fetched.keys.take().filter(|_| recent(fetched.time, at_most)) {
        Some(keys) => keys,
        None if recent(fetched.failed, PAUSE) => return Err(not_had(site, "they could not be had a moment ago")),
        None => match fetch(site) {
            Ok(keys) => {
                kept::put(&key, &Fetched { time: now, keys: Some(keys.clone()), failed: 0 })?;
                keys
            }
            Err(error) => {
                kept::put(&key, &Fetched { failed: now, ..kept::get(&key)?.unwrap_or_default() })?;
                return Err(error);
            }
        },
    };
    KeySet::read(keys.to_string().as_bytes()).map_err(|e| Error::failed(e.to_string()))
}

fn not_had(site: &Site, why: &str) -> Error {
    let message = format!("the keys of {} cannot be had: {why}", site.name);
    log::write(log::Level::Warn, &message);
    Error::new(ErrorKind::RetryLater, "jwks", message)
}

fn fetch(site: &Site) -> Result<Value> {
    let later = |why: String| not_had(site, &why);
    let call = Call {
        method: "GET".into(),
        url: site.lti.jwks_url.clone(),
        headers: vec![("accept".into(), "application/json".into())],
        body: Vec::new(),
        connect_timeout: 0,
        timeout: 0,
        max_response: MAX_KEYS,
    };
    let response = http::send(&call).map_err(|failure| later(failure.message))?;
    if response.status != 200 || response.truncated {
        return Err(later(format!("status {}", response.status)));
    }
    KeySet::read(&response.body).map_err(|error| later(error.to_string()))?;
    serde_json::from_slice(&response.body).map_err(|error| later(error.to_string()))
}

/// Acts on a notice. Its nonce is remembered last, so that one that could not be taken may come again as it is; what keeps two at the
/// same time from becoming two events is their id.
fn take(site: &Site, notice: &Notice) -> Result<()> {
    if notice.kind == CONTEXT_COPY {
        publish_copies(site, notice)?;
    }
    NOTICES.take(&site.name, &notice.nonce).map(drop)
}

fn publish_copies(site: &Site, notice: &Notice) -> Result<()> {
    // Content may come from no course, as from a file: the copy is told all the same.
    let origins = if notice.origins.is_empty() { vec![UNKNOWN.to_owned()] } else { notice.origins.clone() };
    for origin in origins {
        // The one that makes notices unique, and which of its courses.
        let key = format!("lti\n{}\n{}\n{}\n{origin}", site.url, site.lti.deployment_id, notice.id);
        let copied = CourseCopied {
            // A notice has no word on people's data.
            kind: CopyKind::Shallow,
            origin: foreign(&site.name, &origin),
            copy: foreign(&site.name, &notice.context),
            job: String::new(),
        };
        let now = clock::now();
        let time = notice.time.filter(|time| (0..=now).contains(time)).unwrap_or(now);
        publish(site, &key, time, &Happening::CourseCopied(copied))?;
    }
    Ok(())
}
