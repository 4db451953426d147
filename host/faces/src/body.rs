//! Bodies of requests, as far as they carry parameters.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::LengthLimitError;
use provost_wire::{WireError, request};
use std::error::Error;

/// A body that was read.
pub(crate) enum Parameters {
    None,
    UrlEncoded(Bytes),
    Fields(Vec<(String, Vec<u8>)>),
    Json(Bytes),
}

impl Parameters {
    /// Reads a body of at most `limit` bytes. Of a form with parts, the files are passed over.
    ///
    /// # Errors
    /// `requesttoolarge`; `invalidparameter` for a body that breaks off or has no parts where it says so.
    pub(crate) async fn read(request: Request, limit: usize) -> Result<Self, WireError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Ok(Self::UrlEncoded(bytes(request, limit).await?)),
            "application/json" => Ok(Self::Json(bytes(request, limit).await?)),
            "multipart/form-data" => fields(request).await.map(Self::Fields),
            _ => Ok(Self::None),
        }
    }

    pub(crate) fn body(&self) -> request::Body<'_> {
        match self {
            Self::None => request::Body::None,
            Self::UrlEncoded(bytes) => request::Body::UrlEncoded(bytes),
            Self::Fields(fields) => request::Body::Fields(fields),
            Self::Json(bytes) => request::Body::Json(bytes),
        }
    }
}

/// A whole body, whatever it says it is.
///
/// # Errors
/// As [`Parameters::read`].
pub(crate) async fn bytes(request: Request, limit: usize) -> Result<Bytes, WireError> {
    axum::body::to_bytes(request.into_body(), limit).await.map_err(|error| {
        if error.source().is_some_and(|source| source.is::<LengthLimitError>()) {
            WireError::request_too_large(format!("at most {limit} bytes are taken"))
        } else {
            WireError::invalid_parameter(format!("the request's body: {error}"))
        }
    })
}

async fn fields(request: Request) -> Result<Vec<(String, Vec<u8>)>, WireError> {
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| WireError::invalid_parameter(format!("the request's body: {error}")))?;
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or("").to_owned();
        let is_file = field.file_name().is_some();
        let value = field.bytes().await.map_err(broken)?;
        if !is_file {
            fields.push((name, value.to_vec()));
        }
    }
    Ok(fields)
}

fn broken(error: MultipartError) -> WireError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        WireError::request_too_large(error.body_text())
    } else {
        WireError::invalid_parameter(format!("the request's body: {}", error.body_text()))
    }
}
