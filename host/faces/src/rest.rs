//! `webservice/rest/server.php`: a call in, an answer out, always with status 200 (moodle-webservices.md 1.2 to 1.6).

use crate::state::Faces;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, Multipart, RawQuery, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use provost_services::{access, dispatch};
use provost_wire::{Format, WireError, headers, request, respond};
use std::net::{IpAddr, SocketAddr};

pub(crate) async fn answer(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let query = query.unwrap_or_default();
    let parsed = match Parameters::read(request, &faces).await {
        Ok(parameters) => request::parse(query.as_bytes(), parameters.body()),
        Err(error) => request::parse(query.as_bytes(), request::Body::None)
            .and_then(|parsed| Err(request::Rejected { format: parsed.format, error })),
    };
    let (format, result) = match parsed {
        Ok(parsed) => {
            let format = parsed.format;
            (format, call(&faces, peer.ip(), parsed).await)
        }
        Err(rejected) => (rejected.format, Err(rejected.error)),
    };
    let body = result.unwrap_or_else(|error| {
        tracing::debug!(%error, "call refused");
        error.body(format, faces.options.family, faces.options.debug)
    });
    respond(format, body)
}

async fn call(faces: &Faces, peer: IpAddr, request: request::Request) -> Result<String, WireError> {
    let store = faces.registry.host().store.as_ref();
    let access = access::authenticate(store, request.token.as_deref(), peer).await?;
    let name = request.function_name()?.to_owned();
    let answer = dispatch::call(&faces.registry, &access, &name, request.parameters, &faces.installed).await?;
    respond::answer(request.format, answer.function.returns.as_ref(), &answer.result, &faces.installed)
}

fn respond(format: Format, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::OK;
    for (name, value) in headers::of(format) {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The body of a request, as far as it carries parameters.
enum Parameters {
    None,
    UrlEncoded(Bytes),
    Fields(Vec<(String, Vec<u8>)>),
}

impl Parameters {
    async fn read(request: Request, faces: &Faces) -> Result<Self, WireError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let too_large = |what: String| WireError::invalid_parameter(format!("the request's body: {what}"));
        match essence.as_str() {
            "application/x-www-form-urlencoded" => {
                let limit = faces.options.max_request;
                let body = axum::body::to_bytes(request.into_body(), limit).await;
                Ok(Self::UrlEncoded(body.map_err(|e| too_large(e.to_string()))?))
            }
            "multipart/form-data" => {
                let form = Multipart::from_request(request, &()).await;
                let mut form = form.map_err(|e| too_large(e.to_string()))?;
                let mut fields = Vec::new();
                while let Some(field) = form.next_field().await.map_err(|e| too_large(e.to_string()))? {
                    let name = field.name().unwrap_or("").to_owned();
                    let is_file = field.file_name().is_some();
                    let value = field.bytes().await.map_err(|e| too_large(e.to_string()))?;
                    if !is_file {
                        fields.push((name, value.to_vec()));
                    }
                }
                Ok(Self::Fields(fields))
            }
            _ => Ok(Self::None),
        }
    }

    fn body(&self) -> request::Body<'_> {
        match self {
            Self::None => request::Body::None,
            Self::UrlEncoded(bytes) => request::Body::UrlEncoded(bytes),
            Self::Fields(fields) => request::Body::Fields(fields),
        }
    }
}
