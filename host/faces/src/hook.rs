//! `hooks/PLUGIN/…`: what other servers send to a plugin (`wit/web-hook.wit`). Who may is the plugin's to check.

use crate::limit;
use crate::state::Faces;
use crate::{body, call};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use provost_services::hooks::{self, Received, Sent};
use std::net::SocketAddr;

const PREFIX: &str = "/hooks/";
/// The most that is taken, bytes.
const MAX_BODY: usize = 1 << 20;
/// Seconds after which to come again, where the plugin cannot answer now.
const RETRY_AFTER: &str = "30";

/// Methods that are passed on, and what a server that asks is told.
const METHODS: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Headers of an answer that are the server's business, or that would mean something to a person's browser.
const NOT_TO_SET: &[&str] = &[
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) async fn receive(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let mut response = match take(&faces, peer, request).await {
        Ok(response) | Err(response) => response,
    };
    // A plugin's page must not act for a person of the site.
    for (name, value) in
        [(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")]
    {
        call::set(&mut response, name, value);
    }
    response
}

/// An answer of the host's own.
fn plain(status: StatusCode, message: &str) -> Response {
    let mut response = call::respond(status, &[], message.to_owned());
    call::set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

fn too_many(seconds: u64) -> Response {
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n");
    call::set(&mut response, header::RETRY_AFTER, &seconds.to_string());
    response
}

async fn take(faces: &Faces, peer: SocketAddr, request: Request) -> Result<Response, Response> {
    if request.method() == Method::OPTIONS || !METHODS.contains(request.method()) {
        let options = request.method() == Method::OPTIONS;
        let mut response = plain(if options { StatusCode::NO_CONTENT } else { StatusCode::METHOD_NOT_ALLOWED }, "");
        call::set(&mut response, header::ALLOW, ALLOW);
        return Ok(response);
    }
    let rest = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let (plugin, path) = rest.split_once('/').map_or((rest.as_str(), ""), |(plugin, path)| (plugin, path));
    let network = limit::network(peer.ip());
    faces.hooks.count((plugin.to_owned(), network)).map_err(too_many)?;
    // Who guesses secrets is not even listened to for a while.
    faces.failures.check(network).map_err(too_many)?;
    let (head, content) = request.into_parts();
    let request = Request::from_parts(head.clone(), content);
    let content = body::bytes(request, MAX_BODY).await.map_err(|error| {
        let large = error.errorcode == "requesttoolarge";
        let status = if large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        plain(status, &format!("{}\n", error.debuginfo.as_deref().unwrap_or(&error.message)))
    })?;
    let sent = Sent {
        // The server drops the body of the answer.
        method: if head.method == Method::HEAD { "GET".to_owned() } else { head.method.to_string() },
        path: format!("/{path}"),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: texts(&head.headers),
        body: content.to_vec(),
        address: peer.ip().to_canonical().to_string(),
    };
    let received = hooks::receive(&faces.registry, plugin, sent, peer.ip()).await;
    let status = StatusCode::from_u16(received.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        faces.failures.count(network).map_err(too_many)?;
    }
    match received {
        Received::Answer(answer) => {
            let mut response = call::respond(status, &[], answer.body);
            for (name, value) in answer.headers {
                let name = HeaderName::from_bytes(name.as_bytes());
                if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value))
                    && !NOT_TO_SET.contains(&name.as_str())
                {
                    response.headers_mut().append(name, value);
                }
            }
            Ok(response)
        }
        Received::Refused { message, .. } => {
            let mut response = plain(status, &format!("{message}\n"));
            if status == StatusCode::SERVICE_UNAVAILABLE {
                call::set(&mut response, header::RETRY_AFTER, RETRY_AFTER);
            }
            Ok(response)
        }
    }
}

/// Headers as text; a value that is none is left out.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text =
        |(name, value): (&HeaderName, &HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
    headers.iter().filter_map(text).collect()
}
