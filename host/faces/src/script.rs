//! What the scripts beside the REST server share: their errors and headers (moodle-webservices.md 1.5).

use crate::state::Faces;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use provost_wire::{WireError, headers};

/// An answer of a script.
pub(crate) fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in headers::SCRIPT {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A refusal of a script. A missing file is the one error with a status of its own.
pub(crate) fn refuse(faces: &Faces, error: &WireError) -> Response {
    let status = if error.errorcode == "filenotfound" { StatusCode::NOT_FOUND } else { StatusCode::OK };
    respond(status, "application/json; charset=utf-8", error.script_json(faces.options.debug))
}
