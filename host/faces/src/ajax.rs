//! `lib/ajax/service.php` and `lib/ajax/service-nologin.php`: a batch of calls as JSON (moodle-webservices.md 1.1).
//!
//! The original knows its callers by their browser's session. Here there are tokens in place of sessions, and without one the
//! functions that are open to everyone.

use crate::body;
use crate::call::{self, Asked};
use crate::script;
use crate::state::Faces;
use axum::extract::{ConnectInfo, RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use provost_services::access::Access;
use provost_wire::form::Node;
use provost_wire::request::Settings;
use provost_wire::{WireError, headers, json_body, request, respond};
use serde_json::{Map, Value, json};
use std::net::{IpAddr, SocketAddr};

/// With a token, or without one.
pub(crate) async fn service(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    answer(&faces, peer.ip(), query.as_deref().unwrap_or(""), request, true).await
}

/// Always without one.
pub(crate) async fn service_without_login(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    answer(&faces, peer.ip(), query.as_deref().unwrap_or(""), request, false).await
}

async fn answer(faces: &Faces, peer: IpAddr, query: &str, request: Request, with_token: bool) -> Response {
    let sent = request.headers().clone();
    match take(faces, peer, query, request, &sent, with_token).await {
        Ok(answers) => call::respond(StatusCode::OK, headers::AJAX, respond::json(&answers)),
        Err(error) => {
            let mut response = script::refuse(faces, &sent, script::JSON, &error);
            response.headers_mut().clear();
            call::add(&mut response, headers::AJAX);
            call::explain(&mut response, &error);
            response
        }
    }
}

async fn take(
    faces: &Faces,
    peer: IpAddr,
    query: &str,
    request: Request,
    sent: &HeaderMap,
    with_token: bool,
) -> Result<Value, WireError> {
    let asked = request::parse(query.as_bytes(), request::Body::None, faces.limits()).map_err(|r| r.error)?;
    let body = match request.method() {
        // A cacheable call has its batch in the query.
        &Method::GET => asked.parameters.get("args").and_then(Node::as_text).unwrap_or("").to_owned().into(),
        _ => body::bytes(request, faces.options.max_request).await?,
    };
    let unreadable = |why: String| WireError::invalid_parameter(format!("the batch of calls: {why}"));
    let batch: Vec<Map<String, Value>> = serde_json::from_slice(&body).map_err(|e| unreadable(e.to_string()))?;
    if batch.len() > faces.options.max_variables {
        return Err(unreadable(format!("more than {} calls", faces.options.max_variables)));
    }
    let access = match call::token(sent, asked.token.as_deref())? {
        Some(_) if with_token => Some(call::caller(faces, sent, asked.token.as_deref(), peer).await?),
        _ => None,
    };
    let settings = Settings { filter: true, ..asked.settings };
    let mut answers = Vec::new();
    for (place, call) in batch.into_iter().enumerate() {
        let index = call.get("index").and_then(Value::as_i64).unwrap_or(place as i64);
        match one(faces, access.as_ref(), call, settings.clone(), peer).await {
            Ok(data) => answers.push((index, json!({ "error": false, "data": data }))),
            // What comes after may build on what failed.
            Err(error) => {
                tracing::debug!(%error, "call refused");
                answers.push((index, json!({ "error": true, "exception": error.ajax(faces.options.debug) })));
                break;
            }
        }
    }
    Ok(in_places(answers))
}

async fn one(
    faces: &Faces,
    access: Option<&Access>,
    mut call: Map<String, Value>,
    settings: Settings,
    peer: IpAddr,
) -> Result<Value, WireError> {
    let Some(Value::String(name)) = call.remove("methodname") else {
        return Err(WireError::invalid_parameter("a call of the batch has no methodname"));
    };
    let arguments = match call.remove("args") {
        Some(Value::Object(arguments)) => arguments,
        None | Some(Value::Null) => Map::new(),
        // PHP's empty map.
        Some(Value::Array(elements)) if elements.is_empty() => Map::new(),
        Some(_) => return Err(WireError::invalid_parameter("the args of a call are no object")),
    };
    let parameters =
        json_body::tree(arguments, faces.limits()).map_err(|error| WireError::invalid_parameter(error.to_string()))?;
    let asked = Asked { access, name: &name, parameters, settings, peer };
    Ok(call::function(faces, asked).await?.1)
}

/// Answers under the indices the client chose: a list where those are the places, as they usually are.
fn in_places(answers: Vec<(i64, Value)>) -> Value {
    let is_list = answers.iter().enumerate().all(|(place, (index, _))| i64::try_from(place) == Ok(*index));
    if is_list {
        return answers.into_iter().map(|(_, answer)| answer).collect();
    }
    Value::Object(answers.into_iter().map(|(index, answer)| (index.to_string(), answer)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_where_the_client_looks() {
        let places = |indices: &[i64]| in_places(indices.iter().map(|index| (*index, json!(index))).collect());
        assert_eq!(places(&[]), json!([]));
        assert_eq!(places(&[0, 1]), json!([0, 1]));
        assert_eq!(places(&[1, 0]), json!({ "1": 1, "0": 0 }));
        assert_eq!(places(&[7]), json!({ "7": 7 }));
    }
}
