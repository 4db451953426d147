//! `webservice/functions/NAME`: one address for each function, JSON in, JSON out, and statuses that say what they mean.
//!
//! Not of the original: for programs made from the OpenAPI document, and for people with curl.

use crate::call::{self, Asked};
use crate::rest;
use crate::state::Faces;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use provost_wire::{WireError, headers, request, respond};
use std::net::{IpAddr, SocketAddr};

pub(crate) async fn answer(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    if !faces.options.rest {
        return call::respond(StatusCode::FORBIDDEN, &[], Body::empty());
    }
    match *request.method() {
        Method::POST => {}
        Method::OPTIONS => {
            let mut response = call::respond(StatusCode::NO_CONTENT, headers::PREFLIGHT, Body::empty());
            call::set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
            return response;
        }
        // Somebody looks where a program would call.
        Method::GET | Method::HEAD if faces.options.discovery => {
            let mut response = call::respond(StatusCode::SEE_OTHER, &[], Body::empty());
            call::set(&mut response, header::LOCATION, &format!("../functions#{}", encoded(&name)));
            return response;
        }
        _ => {
            let mut response = call::respond(StatusCode::METHOD_NOT_ALLOWED, &[], Body::empty());
            call::set(&mut response, header::ALLOW, "POST, OPTIONS");
            return response;
        }
    }
    let sent = request.headers().clone();
    let parsed = rest::parse(&faces, query.as_deref().unwrap_or(""), request).await;
    let result = match parsed {
        Ok(parsed) => answered(&faces, peer.ip(), &sent, &name, parsed).await,
        Err(rejected) => Err(rejected.error),
    };
    match result {
        Ok(body) => call::respond(StatusCode::OK, headers::JSON, body),
        Err(error) => {
            tracing::debug!(%error, "call refused");
            let body = error.json(faces.options.family, faces.options.debug);
            let mut response = call::respond(call::true_status(&error), headers::JSON, body);
            call::explain(&mut response, &error);
            response
        }
    }
}

async fn answered(
    faces: &Faces,
    peer: IpAddr,
    sent: &HeaderMap,
    name: &str,
    request: request::Request,
) -> Result<String, WireError> {
    let access = match call::token(sent, request.token.as_deref())? {
        Some(_) => Some(call::caller(faces, sent, request.token.as_deref(), peer).await?),
        None => None,
    };
    let (parameters, settings) = (request.parameters, request.settings);
    let asked = Asked { access: access.as_ref(), name, parameters, settings, peer };
    Ok(respond::json(&call::function(faces, asked).await?.1))
}

fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%5F", "_")
}
