//! What there is to call, for people and for generators of clients: made of the declarations of the loaded plugins, whatever they
//! are at the moment.

mod example;
mod openapi;
mod page;
mod schema;

use crate::call;
use crate::state::Faces;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, header};
use provost_wire::WireError;

const STYLE: &str = include_str!("discovery/page.css");
const SCRIPT: &str = include_str!("discovery/page.js");

/// The page has nothing from elsewhere, and nothing within it runs but the one script.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `webservice/openapi.json`.
pub(crate) async fn document(State(faces): State<Faces>) -> Response {
    match faces.registry.current().await {
        Ok(catalog) => {
            let document = openapi::document(catalog.functions(), &faces.registry.host().public_url());
            let mut response = ok("application/json", document.to_string());
            call::set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
            response
        }
        Err(error) => unavailable(&error),
    }
}

/// `webservice/functions`.
pub(crate) async fn page(State(faces): State<Faces>) -> Response {
    match faces.registry.current().await {
        Ok(catalog) => {
            let page = page::page(catalog.functions(), &faces.registry.host().public_url());
            let mut response = ok("text/html; charset=utf-8", page);
            call::set(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
            response
        }
        Err(error) => unavailable(&error),
    }
}

/// `webservice/functions.css`.
pub(crate) async fn style() -> Response {
    ok("text/css; charset=utf-8", STYLE.to_owned())
}

/// `webservice/functions.js`.
pub(crate) async fn script() -> Response {
    ok("text/javascript; charset=utf-8", SCRIPT.to_owned())
}

fn ok(content_type: &str, body: String) -> Response {
    let mut response = call::respond(StatusCode::OK, &[], body);
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        call::set(&mut response, name, value);
    }
    response
}

fn unavailable(error: &provost_services::RegistryError) -> Response {
    tracing::error!(%error, "the plugin registry failed");
    let error = WireError::coded("failed", "The site could not answer");
    call::respond(call::true_status(&error), &[("Content-Type", "text/plain; charset=utf-8")], error.message)
}
