//! `login/token.php`: a token for a user name and a password (moodle-webservices.md 1.8).

use crate::body::Parameters;
use crate::limit;
use crate::script;
use crate::state::Faces;
use axum::extract::{ConnectInfo, RawQuery, Request, State};
use axum::response::Response;
use http::StatusCode;
use provost_services::login::{self, Login};
use provost_wire::form::{Node, Tree};
use provost_wire::{WireError, request, respond};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};

pub(crate) async fn answer(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let sent = request.headers().clone();
    match take(&faces, peer.ip(), query.as_deref().unwrap_or(""), request).await {
        Ok(answer) => script::respond(StatusCode::OK, script::JSON, respond::json(&answer)),
        Err(error) => script::refuse(&faces, &sent, script::JSON, &error),
    }
}

async fn take(faces: &Faces, peer: IpAddr, query: &str, request: Request) -> Result<Value, WireError> {
    let body = Parameters::read(request, faces.options.max_request).await?;
    let variables = request::variables(query.as_bytes(), body.body(), faces.limits())
        .map_err(|error| WireError::invalid_parameter(error.to_string()))?;
    if text(&variables, "appsitecheck").is_ok_and(request::loose_bool) {
        return Ok(json!({ "appsitecheck": "ok" }));
    }
    // Clients spell names as people type them.
    let username = text(&variables, "username")?.trim().to_lowercase();
    let (password, service) = (text(&variables, "password")?, text(&variables, "service")?);
    let login = Login { username: &username, password, service, address: peer };
    // A password can be guessed, so once there were too many wrong ones, none is looked at for a while. A few are looked at
    // at one time: each costs memory and computing, and guesses sent all at once are to be counted, too.
    let Ok(_turn) = faces.logins.acquire().await else {
        return Err(WireError::coded("failed", "The site could not answer"));
    };
    let network = limit::network(peer);
    faces.failed_logins.check(network).map_err(WireError::rate_limited)?;
    let token = match login::login(&faces.registry, login).await {
        Ok(token) => token,
        Err(error) => {
            if error.errorcode == "invalidlogin" && faces.failed_logins.count(network).is_err() {
                tracing::warn!(%peer, "too many failed logins");
            }
            return Err(error);
        }
    };
    // The second, private token opens a browser session, and there is none here.
    Ok(json!({ "token": token, "privatetoken": null }))
}

fn text<'a>(variables: &'a Tree, name: &str) -> Result<&'a str, WireError> {
    variables.get(name).and_then(Node::as_text).ok_or_else(|| WireError::missing_script_parameter(name))
}
