//! What calls have in common, whatever the protocol: who calls, and what statuses and headers an error has.

use crate::limit;
use crate::state::Faces;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use provost_services::TextSettings;
use provost_services::access::{self, Access};
use provost_services::dispatch::{self, Answer, Call};
use provost_wire::form::Tree;
use provost_wire::headers::Header;
use provost_wire::request::{self, Settings};
use provost_wire::{WireError, respond};
use serde_json::Value;
use std::net::IpAddr;

/// Asks for statuses that say what an error is.
const HTTP_STATUS: HeaderName = HeaderName::from_static("provost-http-status");

/// The token of a request, by parameter or header.
///
/// # Errors
/// `invalidtoken` if it has two that differ.
pub(crate) fn token<'a>(headers: &'a HeaderMap, parameter: Option<&'a str>) -> Result<Option<&'a str>, WireError> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    request::token(parameter, authorization)
}

/// Who a request is from.
///
/// # Errors
/// As [`access::authenticate`], and `ratelimited` in place of `invalidtoken` where too many wrong tokens came from the
/// address.
pub(crate) async fn authenticate(
    faces: &Faces,
    headers: &HeaderMap,
    parameter: Option<&str>,
    peer: IpAddr,
) -> Result<Access, WireError> {
    let found = match token(headers, parameter) {
        Ok(token) => access::authenticate(faces.registry.host().store.as_ref(), token, peer).await,
        Err(error) => Err(error),
    };
    found.map_err(|error| count_failure(faces, peer, error))
}

/// As [`authenticate`], for who calls functions: they must be allowed to do that at all.
///
/// # Errors
/// As there; `accessexception`.
pub(crate) async fn caller(
    faces: &Faces,
    headers: &HeaderMap,
    parameter: Option<&str>,
    peer: IpAddr,
) -> Result<Access, WireError> {
    let access = authenticate(faces, headers, parameter, peer).await?;
    access::require_rest(faces.registry.host().store.as_ref(), &access).await?;
    Ok(access)
}

/// Counts a wrong token.
pub(crate) fn count_failure(faces: &Faces, peer: IpAddr, error: WireError) -> WireError {
    if !matches!(error.errorcode.as_str(), "invalidtoken" | "invalidkey") {
        return error;
    }
    match faces.failures.count(limit::network(peer)) {
        Ok(()) => error,
        Err(seconds) => {
            tracing::warn!(%peer, "too many wrong tokens");
            WireError::rate_limited(seconds)
        }
    }
}

/// Whose calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A token's.
    Token(u64),
    /// Those without a token, by where they come from.
    Network(IpAddr),
}

/// A call of a function as the protocols have it.
pub(crate) struct Asked<'a> {
    /// Nobody: functions that are open to everyone only.
    pub(crate) access: Option<&'a Access>,
    pub(crate) name: &'a str,
    pub(crate) parameters: Tree,
    pub(crate) settings: Settings,
    pub(crate) peer: IpAddr,
}

/// Calls a function and cleans what it answers.
///
/// # Errors
/// As [`dispatch::call`]; `ratelimited` for who calls too often; `invalidresponse`.
pub(crate) async fn function(faces: &Faces, asked: Asked<'_>) -> Result<(Answer, Value), WireError> {
    let who = match asked.access {
        Some(access) => Who::Token(access.token.id),
        None => Who::Network(limit::network(asked.peer)),
    };
    faces.calls.count(who).map_err(WireError::rate_limited)?;
    let call = Call {
        access: asked.access,
        name: asked.name,
        parameters: asked.parameters,
        settings: text_settings(asked.settings),
        address: asked.peer,
    };
    let answer = dispatch::call(&faces.registry, call, &faces.installed).await?;
    let cleaned = respond::clean(answer.function.returns.as_ref(), &answer.result, &faces.installed)?;
    Ok((answer, cleaned))
}

fn text_settings(settings: Settings) -> TextSettings {
    TextSettings {
        raw: settings.raw,
        file_urls: settings.file_url,
        filter: settings.filter,
        language: settings.lang,
        timezone: settings.timezone,
    }
}

/// The status of an error in the protocol: 200, unless the site or the client wants it to say more. A call that comes
/// too soon says so always, since what stands between client and server acts on the status.
pub(crate) fn status(faces: &Faces, headers: &HeaderMap, error: &WireError) -> StatusCode {
    let asked = headers.get(HTTP_STATUS).is_some_and(|value| value.as_bytes() == b"1");
    if asked || faces.options.http_status || error.retry_after.is_some() { true_status(error) } else { StatusCode::OK }
}

/// The status of an error by its meaning.
pub(crate) fn true_status(error: &WireError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An answer.
pub(crate) fn respond(status: StatusCode, headers: &[Header], body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    add(&mut response, headers);
    response
}

/// Adds headers; those of the same name stay.
pub(crate) fn add(response: &mut Response, headers: &[Header]) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
}

/// Sets a header; a value that cannot be one is left out.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}

/// Says when to come back, and how to say who one is, where that is the matter.
pub(crate) fn explain(response: &mut Response, error: &WireError) {
    if let Some(seconds) = error.retry_after {
        set(response, header::RETRY_AFTER, &seconds.to_string());
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        set(response, header::WWW_AUTHENTICATE, "Bearer");
    }
}
