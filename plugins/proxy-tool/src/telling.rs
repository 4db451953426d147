//! Telling a remote tool of an event, and what its answer means (proxy-tool-events.md 9).

#[cfg(test)]
mod tests;

use crate::kept::Record;
use crate::keys;
use crate::random::{self, Host};
use crate::tool::{Tool, course_of, name_of};
use provost_guest::courses::{self, Key};
use provost_guest::event::Silence;
use provost_guest::http::{self, FailureKind, Request};
use provost_guest::prelude::*;
use provost_guest::{clock, config};
use provost_proxy_wire::answer::{self, Answer, Meaning, Profile};
use provost_proxy_wire::events::{Event, Happening};
use provost_proxy_wire::notice::{self, ContextCopy, Parties};
use provost_proxy_wire::{envelope, legacy, mac, signature};

/// Milliseconds for the connection (proxy-tool-events.md 9.2).
const CONNECT_TIMEOUT: u32 = 5_000;
/// Milliseconds for an answer to a ping (8.6).
const PING_TIMEOUT: u32 = 1_000;

/// Tells a tool. Nobody is asked on whose behalf: an event is told by the site.
pub fn tell(context: &EventContext, what: Happening) -> Result<Verdict> {
    let tool = Tool::get(&context.target)?;
    // What is told to others comes back from them: only who wants it hears of it.
    if !tool.foreign && is_foreign(context, &what) {
        return Ok(().into());
    }
    let Some(address) = tool.address(name_of(&what)) else { return Ok(().into()) };
    let event = Event {
        id: context.id.clone(),
        // What is about the target itself happens here.
        source: if context.source.is_empty() { config::get_site().url } else { context.source.clone() },
        time: context.time,
        sequence: context.sequence,
        what,
        storage_sequence: context.storage_sequence,
        phase: context.phase,
        attempt: context.attempt,
        deferred: context.deferred,
        replay: context.replay,
        gap_after: context.gap_after.clone(),
    };
    let Some(request) = request(&tool, address, &event)? else { return Ok(().into()) };
    match too_large(&request) {
        // It will not get smaller: nobody is helped by another try, or by a part of it.
        Some(why) => Ok(Verdict::Abort(why)),
        None => verdict(ask(&tool, request)),
    }
}

/// Whether something happened at another site: its things are of that one, or, where a plugin has an event of its own without any, its
/// source is.
fn is_foreign(context: &EventContext, what: &Happening) -> bool {
    match course_of(what) {
        Some(course) => course.contains(':'),
        None => {
            let own = |what: &Happening| matches!(what, Happening::Other(_));
            own(what) && !context.source.is_empty() && context.source != config::get_site().url
        }
    }
}

fn verdict(meaning: Meaning) -> Result<Verdict> {
    match meaning {
        Meaning::Delivered => Ok(().into()),
        Meaning::Failed(message) => Err(Error::refused("tool", message)),
        Meaning::RetryLater(after) => Ok(Verdict::RetryLater(after)),
        Meaning::Silence { code, message, after, gone } => {
            Ok(Verdict::NoAnswer(Silence { code, message, after, gone }))
        }
    }
}

/// Sends a request and reads the answer.
fn ask(tool: &Tool, request: Request) -> Meaning {
    let sent = http::send(&request);
    match sent {
        Ok(response) => {
            let after = response.headers.iter().find(|(name, _)| name == "retry-after");
            let answer = Answer {
                status: response.status,
                retry_after: after.map(|(_, value)| value.as_str()),
                body: &response.body,
                truncated: response.truncated,
            };
            answer::meaning(tool.profile, tool.legacy.lenient, answer, clock::now())
        }
        Err(failure) => {
            let code = match failure.kind {
                FailureKind::Denied => "denied",
                FailureKind::Invalid => "invalid",
                FailureKind::Dns => "dns",
                FailureKind::Connect => "connect",
                FailureKind::Tls => "tls",
                FailureKind::Timeout => "timeout",
                FailureKind::Reset => "reset",
                FailureKind::Protocol => "protocol",
            };
            Meaning::Silence { code: code.into(), message: failure.message, after: None, gone: false }
        }
    }
}

/// The request that tells of an event; none for an event that the tool's wire does not have.
fn request(tool: &Tool, address: String, event: &Event) -> Result<Option<Request>> {
    let now = clock::now();
    let (headers, body) = match tool.profile {
        Profile::Legacy => {
            let Some(body) = form(tool, event, now) else { return Ok(None) };
            (vec![content_type("application/x-www-form-urlencoded; charset=utf-8")], body.into_bytes())
        }
        Profile::Native => {
            let body = envelope::print(event, &tool.name).to_string().into_bytes();
            let signed = signature::sign(&keys::active(&tool.keys)?, &event.id, now, &body);
            let headers = vec![
                content_type(envelope::CONTENT_TYPE),
                ("webhook-id".into(), event.id.clone()),
                ("webhook-timestamp".into(), now.to_string()),
                ("webhook-signature".into(), signed),
            ];
            (headers, body)
        }
        Profile::Lti => {
            let Some(body) = notice(tool, event, now)? else { return Ok(None) };
            (vec![content_type("application/json")], body.into_bytes())
        }
    };
    let timeout = match event.what {
        Happening::TargetPing => PING_TIMEOUT,
        _ => tool.timeout.saturating_mul(1000),
    };
    Ok(Some(Request {
        method: "POST".into(),
        url: address,
        headers,
        body,
        connect_timeout: CONNECT_TIMEOUT.min(timeout),
        timeout,
        max_response: u32::try_from(answer::MAX_BYTES).unwrap_or(u32::MAX),
    }))
}

/// Why a request cannot be sent at all (proxy-tool-events.md 9.3 and 10).
fn too_large(request: &Request) -> Option<String> {
    let (bytes, most) = (request.body.len(), envelope::MAX_BYTES);
    (bytes > most).then(|| format!("the event has {bytes} bytes as this tool is told of it, and may have {most}"))
}

fn content_type(value: &str) -> (String, String) {
    ("content-type".into(), value.into())
}

fn form(tool: &Tool, event: &Event, now: i64) -> Option<String> {
    let site = config::get_site();
    let nonce = random::hex::<16>();
    let generic = legacy::Generic {
        guid: &tool.guid,
        base_url: &site.url,
        locale: &site.language,
        timestamp: now.saturating_mul(1000),
        nonce: &nonce,
    };
    let mut arguments = legacy::arguments(event, &generic)?;
    let of = &tool.legacy;
    arguments.push((mac::MAC.into(), mac::mac(&arguments, &of.exempt, &of.secret, of.algorithm)));
    Some(legacy::encode(&arguments))
}

/// Signed anew at every attempt, with another nonce; its id stays.
fn notice(tool: &Tool, event: &Event, now: i64) -> Result<Option<String>> {
    let Happening::CourseCopied(copied) = &event.what else { return Ok(None) };
    let course = match copied.copy.parse::<u64>() {
        Ok(id) => courses::lookup(&[Key::Id(id)])?.into_iter().next().flatten(),
        Err(_) => None,
    };
    let names = course.as_ref().map(|course| (course.fields.shortname.as_str(), course.fields.fullname.as_str()));
    let site = config::get_site();
    let parties = Parties { issuer: &site.url, client_id: &tool.lti.client_id, deployment_id: &tool.lti.deployment_id };
    let copy = ContextCopy { id: &event.id, time: event.time, context: &copied.copy, names, origin: &copied.origin };
    let claims = notice::claims(parties, &copy, now, &random::hex::<16>());
    let token = keys::lti()?.sign(&claims, &mut Host::default());
    let token = token.map_err(|e| Error::failed(e.to_string()))?;
    Ok(Some(notice::body(&token).to_string()))
}

/// Sends a tool an event of its own, outside of any order: whether it says yes, and else why not.
pub fn call(tool: &Tool, what: Happening) -> Result<Option<String>> {
    let Some(address) = tool.address(name_of(&what)) else { return Ok(None) };
    let event = Event {
        id: format!("call-{}", random::hex::<16>()),
        source: config::get_site().url,
        time: clock::now(),
        sequence: 0,
        what,
        storage_sequence: 0,
        phase: provost_proxy_wire::events::Phase::PostCommit,
        attempt: 1,
        deferred: false,
        replay: false,
        gap_after: None,
    };
    let Some(request) = request(tool, address, &event)? else { return Ok(None) };
    if let Some(why) = too_large(&request) {
        return Ok(Some(why));
    }
    Ok(match ask(tool, request) {
        Meaning::Delivered => None,
        Meaning::Failed(message) | Meaning::Silence { message, .. } => Some(message),
        Meaning::RetryLater(_) => Some("it asks for another try later".into()),
    })
}
