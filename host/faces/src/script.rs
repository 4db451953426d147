//! What the scripts beside the REST server share: their errors and headers (moodle-webservices.md 1.5).

use crate::call;
use crate::state::Faces;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use provost_wire::{WireError, headers};

/// The content type of most scripts' answers.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// An answer of a script.
pub(crate) fn respond(status: StatusCode, content_type: &str, body: String) -> Response {
    let mut response = call::respond(status, headers::SCRIPT, body);
    call::set(&mut response, header::CONTENT_TYPE, content_type);
    call::set(&mut response, header::LAST_MODIFIED, &http_date(jiff::Timestamp::now()));
    response
}

/// A refusal of a script. A missing file is the one error with a status of its own, unless the client wants more.
pub(crate) fn refuse(faces: &Faces, sent: &HeaderMap, content_type: &str, error: &WireError) -> Response {
    tracing::debug!(%error, "request refused");
    let status = match call::status(faces, sent, error) {
        StatusCode::OK if error.errorcode == "filenotfound" => StatusCode::NOT_FOUND,
        status => status,
    };
    let mut response = respond(status, content_type, error.script_json(faces.options.debug));
    call::explain(&mut response, error);
    response
}

/// A point in time as HTTP spells it (RFC 9110, 5.6.7).
pub(crate) fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        let at = jiff::Timestamp::from_second(1_795_221_513).unwrap();
        assert_eq!(super::http_date(at), "Sat, 21 Nov 2026 00:38:33 GMT");
    }
}
