//! Context-copy notices of platforms of LTI (proxy-tool-events.md 12.1), taken as shallow copies of courses.

use crate::hearing::publish;
use crate::kept;
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
/// The most that a key set may have, bytes.
const MAX_KEYS: u32 = 64 << 10;
/// Notices of one request.
const MOST: usize = 100;

/// What stands for a course that a platform does not name.
const UNKNOWN: &str = "-";

/// A platform's keys, as they were fetched.
#[derive(Serialize, Deserialize)]
struct Fetched {
    time: i64,
    keys: Value,
}

fn key(site: &str) -> String {
    format!("jwks/{site}")
}

/// Forgets a platform's keys.
pub fn forget_keys(site: &str) -> Result<()> {
    kept::delete(&key(site)).map(drop)
}

/// Takes notices, all of them or none.
pub fn receive(site: &Site, request: &Request) -> Result<Response> {
    let tokens = notice::tokens(&request.body)?;
    if tokens.is_empty() || tokens.len() > MOST {
        return Err(Error::invalid(format!("1 to {MOST} notices")));
    }
    let notices: Vec<Notice> = tokens.iter().map(|token| read(site, request, token)).collect::<Result<_>>()?;
    for notice in notices {
        take(site, &notice)?;
    }
    Ok(Response::json(200, &json!({})))
}

fn read(site: &Site, request: &Request, token: &str) -> Result<Notice> {
    let denied = |why: String| {
        let message = format!("a notice that {} sent for {} is not believed: {why}", request.address, site.name);
        log::write(log::Level::Warn, &message);
        Error::new(ErrorKind::Denied, "notice", why)
    };
    let claims = match keys(site, KEPT)?.verify(token) {
        // A key that came into use since.
        Err(TokenError::UnknownKey) => keys(site, NOT_SOONER)?.verify(token),
        claims => claims,
    };
    let claims = claims.map_err(|error| denied(error.to_string()))?;
    let parties = Parties { issuer: &site.url, client_id: &site.lti.client_id, deployment_id: &site.lti.deployment_id };
    notice::read(&claims, parties, clock::now()).map_err(|error| denied(error.to_string()))
}

/// The platform's keys, at most so many seconds old. Errors: `retry-later` where they cannot be had.
fn keys(site: &Site, at_most: i64) -> Result<KeySet> {
    let key = key(&site.name);
    let now = clock::now();
    let fetched = kept::get::<Fetched>(&key)?.filter(|fetched| (0..at_most).contains(&(now - fetched.time)));
    let fetched = match fetched {
        Some(fetched) => fetched,
        None => {
            let fetched = Fetched { time: now, keys: fetch(site)? };
            kept::put(&key, &fetched)?;
            fetched
        }
    };
    KeySet::read(fetched.keys.to_string().as_bytes()).map_err(|e| Error::failed(e.to_string()))
}

fn fetch(site: &Site) -> Result<Value> {
    let later = |why: String| {
        let message = format!("the keys of {} cannot be had: {why}", site.name);
        log::write(log::Level::Warn, &message);
        Error::new(ErrorKind::RetryLater, "jwks", message)
    };
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

fn take(site: &Site, notice: &Notice) -> Result<()> {
    if notice.kind != CONTEXT_COPY {
        return Ok(());
    }
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
