//! `webservice/rest/server.php`: a call in, an answer out, always with status 200 unless more was asked for
//! (moodle-webservices.md 1.2 to 1.6).

use crate::body::Parameters;
use crate::call::{self, Asked};
use crate::state::Faces;
use axum::body::Body;
use axum::extract::{ConnectInfo, RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use provost_wire::{Format, WireError, headers, request, respond};
use std::net::{IpAddr, SocketAddr};

pub(crate) async fn answer(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    if !faces.options.rest {
        return call::respond(StatusCode::FORBIDDEN, &[], Body::empty());
    }
    if request.method() == Method::OPTIONS {
        return options(&faces, request.headers());
    }
    let query = query.unwrap_or_default();
    let sent = request.headers().clone();
    let parsed = parse(&faces, &query, request).await;
    let (format, result) = match parsed {
        Ok(parsed) => (parsed.format, answered(&faces, peer.ip(), &sent, parsed).await),
        Err(rejected) => (rejected.format, Err(rejected.error)),
    };
    match result {
        Ok(body) => call::respond(StatusCode::OK, headers::of(format), body),
        Err(error) => {
            tracing::debug!(%error, "call refused");
            let body = error.body(format, faces.options.family, faces.options.debug);
            let mut response = call::respond(call::status(&faces, &sent, &error), headers::of(format), body);
            call::explain(&mut response, &error);
            response
        }
    }
}

/// Takes a request apart. One whose body cannot be read is refused in the form that its query asks for.
pub(crate) async fn parse(faces: &Faces, query: &str, request: Request) -> Result<request::Request, request::Rejected> {
    let limits = faces.limits();
    match Parameters::read(request, faces.options.max_request).await {
        Ok(parameters) => request::parse(query.as_bytes(), parameters.body(), limits),
        Err(error) => request::parse(query.as_bytes(), request::Body::None, limits)
            .and_then(|parsed| Err(request::Rejected { format: parsed.format, error })),
    }
}

async fn answered(
    faces: &Faces,
    peer: IpAddr,
    headers: &HeaderMap,
    request: request::Request,
) -> Result<String, WireError> {
    let access = call::caller(faces, headers, request.token.as_deref(), peer).await?;
    let name = request.function_name()?.to_owned();
    let (parameters, settings) = (request.parameters, request.settings);
    let asked = Asked { access: Some(&access), name: &name, parameters, settings, peer };
    let (answer, cleaned) = call::function(faces, asked).await?;
    Ok(match request.format {
        Format::Json => respond::json(&cleaned),
        Format::Xml => respond::xml(answer.function.returns.as_ref(), &cleaned),
    })
}

/// The original takes this method for a call without a token. A browser that asks first gets what it asks for, too.
fn options(faces: &Faces, sent: &HeaderMap) -> Response {
    let body = WireError::invalid_token().body(Format::Xml, faces.options.family, faces.options.debug);
    let mut response = call::respond(StatusCode::OK, headers::XML, body);
    if sent.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        call::add(&mut response, headers::PREFLIGHT);
    }
    response
}
