//! Files: `webservice/pluginfile.php`, `pluginfile.php` and `draftfile.php` by token, `tokenpluginfile.php` by the key of a person
//! (moodle-webservices.md 1.9).
//!
//! Unlike the original, ranges are answered, so that a broken download of a large archive can be taken up again.

use crate::call;
use crate::range::{self, Asked};
use crate::script::{self, http_date};
use crate::state::Faces;
use axum::body::Body;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri, header};
use provost_services::access;
use provost_services::files::{self, Found, Reach};
use provost_store::api::StoreError;
use provost_wire::form::{Node, Tree};
use provost_wire::{WireError, headers, request};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// The scripts that take a token.
pub(crate) const BY_TOKEN: [&str; 3] = ["/webservice/pluginfile.php", "/pluginfile.php", "/draftfile.php"];
/// The script that takes the key of a person, for addresses of images in texts.
pub(crate) const BY_KEY: &str = "/tokenpluginfile.php";

pub(crate) async fn by_token(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    RawQuery(query): RawQuery,
    sent: HeaderMap,
) -> Response {
    let query = variables(&faces, query.as_deref());
    let path = BY_TOKEN.iter().find_map(|script| uri.path().strip_prefix(script));
    let path = path_of(path, &query);
    let found = find_by_token(&faces, peer.ip(), path.as_deref(), text(&query, "token"), &sent).await;
    answer(&faces, found, &query, &sent).await
}

pub(crate) async fn by_key(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    RawQuery(query): RawQuery,
    sent: HeaderMap,
) -> Response {
    let query = variables(&faces, query.as_deref());
    let path = path_of(uri.path().strip_prefix(BY_KEY), &query);
    // The key is the first part of the path, or a parameter beside `file`.
    let (key, path) = match (text(&query, "token"), path.as_deref()) {
        (Some(key), path) => (Some(key), path),
        (None, Some(path)) => match path.split_once('/') {
            Some((key, path)) => (Some(key), Some(path)),
            None => (Some(path), None),
        },
        (None, None) => (None, None),
    };
    let found = find_by_key(&faces, peer.ip(), path, key).await;
    answer(&faces, found, &query, &sent).await
}

fn variables(faces: &Faces, query: Option<&str>) -> Tree {
    request::variables(query.unwrap_or("").as_bytes(), request::Body::None, faces.limits()).unwrap_or_default()
}

fn text<'a>(tree: &'a Tree, name: &str) -> Option<&'a str> {
    tree.get(name).and_then(Node::as_text)
}

/// The path of the file: what follows the script, or the parameter `file`.
fn path_of(after_script: Option<&str>, query: &Tree) -> Option<String> {
    let path = match after_script.filter(|path| path.len() > 1) {
        Some(path) => decoded(path)?,
        None => text(query, "file")?.to_owned(),
    };
    Some(path.trim_start_matches('/').to_owned())
}

/// A path without percent encoding; none where that is not UTF-8, since no file has such a name.
fn decoded(path: &str) -> Option<String> {
    percent_encoding::percent_decode_str(path).decode_utf8().ok().map(|path| path.into_owned())
}

async fn find_by_token(
    faces: &Faces,
    peer: IpAddr,
    path: Option<&str>,
    token: Option<&str>,
    sent: &HeaderMap,
) -> Result<Found, WireError> {
    if call::token(sent, token)?.is_none() {
        return Err(WireError::missing_script_parameter("token"));
    }
    let access = call::authenticate(faces, sent, token, peer).await?;
    if !access.service.download_files {
        return Err(WireError::access_exception("the service does not allow downloads"));
    }
    let path = path.ok_or_else(WireError::file_not_found)?;
    files::find(&faces.registry, Reach::Token(&access), path).await
}

async fn find_by_key(faces: &Faces, peer: IpAddr, path: Option<&str>, key: Option<&str>) -> Result<Found, WireError> {
    let key = key.ok_or_else(|| WireError::missing_script_parameter("token"))?;
    let person = access::person_of_file_key(faces.registry.host().store.as_ref(), key).await;
    let person = person.map_err(|error| call::count_failure(faces, peer, error))?;
    let path = path.ok_or_else(WireError::file_not_found)?;
    files::find(&faces.registry, Reach::Person(&person), path).await
}

async fn answer(faces: &Faces, found: Result<Found, WireError>, query: &Tree, sent: &HeaderMap) -> Response {
    let download = text(query, "forcedownload").is_some_and(request::loose_bool);
    let answered = match found {
        Ok(file) => send(faces, &file, sent, download).await,
        Err(error) => Err(error),
    };
    let mut response = answered.unwrap_or_else(|error| script::refuse(faces, sent, script::JSON, &error));
    call::add(&mut response, headers::FILE_SCRIPT);
    response
}

async fn send(faces: &Faces, file: &Found, sent: &HeaderMap, download: bool) -> Result<Response, WireError> {
    let etag = format!("\"{}\"", file.blob.sha1);
    let known = sent.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or("");
    let mut response = call::respond(StatusCode::OK, headers::FILE, Body::empty());
    let size = file.blob.size;
    if known.split(',').any(|tag| matches!(tag.trim().trim_start_matches("W/"), tag if tag == etag || tag == "*")) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let unchanged = sent.get(header::IF_RANGE).is_none_or(|v| v.as_bytes() == etag.as_bytes());
        let asked = sent.get(header::RANGE).and_then(|v| v.to_str().ok()).filter(|_| unchanged);
        let length = match asked.map_or(Asked::Whole, |asked| range::parse(asked, size)) {
            Asked::Unsatisfiable => {
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                call::set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
                0
            }
            Asked::Whole => {
                *response.body_mut() = content(faces, file, 0..size).await?;
                size
            }
            Asked::Part(range) => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                call::set(&mut response, header::CONTENT_RANGE, &shown);
                let length = range.end - range.start;
                *response.body_mut() = content(faces, file, range).await?;
                length
            }
        };
        call::set(&mut response, header::CONTENT_LENGTH, &length.to_string());
        call::set(&mut response, header::ACCEPT_RANGES, "bytes");
    }
    call::set(&mut response, header::CONTENT_TYPE, &content_type(&file.mimetype));
    call::set(&mut response, header::CONTENT_DISPOSITION, &disposition(download, file));
    if is_active(&file.mimetype) {
        let policy = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox";
        call::set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
    }
    call::set(&mut response, header::ETAG, &etag);
    if let Ok(modified) = jiff::Timestamp::from_second(file.modified) {
        call::set(&mut response, header::LAST_MODIFIED, &http_date(modified));
    }
    call::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Ok(response)
}

async fn content(faces: &Faces, file: &Found, range: Range<u64>) -> Result<Body, WireError> {
    if let Some(made) = &file.made {
        let bounds = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        let part =
            bounds.filter(|(start, end)| start <= end && *end <= made.len()).map(|(start, end)| made.slice(start..end));
        return part.map(Body::from).ok_or_else(WireError::file_not_found);
    }
    match faces.registry.host().blobs.stream(&file.blob.sha1, range).await {
        Ok(stream) => Ok(Body::from_stream(stream)),
        Err(StoreError::NotFound { .. }) => Err(WireError::file_not_found()),
        Err(error) => Err(access::store_error(error)),
    }
}

/// Text goes out as UTF-8 unless it says something else.
fn content_type(mimetype: &str) -> String {
    let is_text = mimetype.starts_with("text/") && !mimetype.contains(';');
    if is_text { format!("{mimetype}; charset=utf-8") } else { mimetype.to_owned() }
}

/// What a browser would run, not only show.
fn is_active(mimetype: &str) -> bool {
    let essence = mimetype.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    ["html", "xml", "javascript"].iter().any(|word| essence.contains(word))
}

/// How to show a file, and under which name. The recordings have the name as it is, in UTF-8. Plain text is shown in the
/// browser even if it is to be downloaded, which is recorded, too.
fn disposition(download: bool, file: &Found) -> String {
    let kind = if download && !file.mimetype.starts_with("text/plain") { "attachment" } else { "inline" };
    let name: String =
        file.name.chars().map(|c| if c.is_control() || matches!(c, '"' | '\\') { '_' } else { c }).collect();
    format!("{kind}; filename=\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_store::api::BlobRef;

    #[test]
    fn paths() {
        let query = |query: &str| {
            request::variables(query.as_bytes(), request::Body::None, provost_wire::form::Limits::default()).unwrap()
        };
        let none = query("");
        assert_eq!(path_of(Some("/1/a/b/%C3%BC%20x"), &none).as_deref(), Some("1/a/b/ü x"));
        assert_eq!(path_of(Some("/1/a/b/%FF"), &none), None);
        assert_eq!(path_of(Some("/"), &none), None);
        assert_eq!(path_of(Some(""), &query("file=/1/a/b/x")).as_deref(), Some("1/a/b/x"));
        assert_eq!(path_of(Some("/1/a/b/y"), &query("file=/1/a/b/x")).as_deref(), Some("1/a/b/y"));
    }

    #[test]
    fn types_and_dispositions() {
        let file = |name: &str, mimetype: &str| Found {
            blob: BlobRef { sha1: "0".repeat(40).parse().unwrap(), size: 0 },
            made: None,
            name: name.into(),
            mimetype: mimetype.into(),
            modified: 0,
        };
        let notes = file("日本\"語\n.txt", "text/plain");
        assert_eq!(content_type(&notes.mimetype), "text/plain; charset=utf-8");
        assert_eq!(disposition(true, &notes), "inline; filename=\"日本_語_.txt\"");
        let archive = file("a.mbz", "application/vnd.moodle.backup");
        assert_eq!(content_type(&archive.mimetype), "application/vnd.moodle.backup");
        assert_eq!(disposition(true, &archive), "attachment; filename=\"a.mbz\"");
        assert_eq!(disposition(false, &archive), "inline; filename=\"a.mbz\"");
        assert_eq!(content_type("text/html; charset=latin1"), "text/html; charset=latin1");
        for active in ["text/html", "image/svg+xml", "application/xhtml+xml; charset=utf-8", "text/JavaScript"] {
            assert!(is_active(active), "{active}");
        }
        assert!(!is_active("text/plain") && !is_active("image/png"));
    }
}
