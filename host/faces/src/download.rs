//! `webservice/pluginfile.php`: files by token, whole or in part (moodle-webservices.md 1.9).
//!
//! Unlike the original, ranges are answered, so that a broken download of a large archive can be taken up again.

use crate::script;
use crate::state::Faces;
use axum::body::Body;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use provost_services::access;
use provost_store::api::{AreaFile, StoreError};
use provost_wire::form::{Node, Tree};
use provost_wire::{WireError, request};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// Where the script lies.
const SCRIPT: &str = "/webservice/pluginfile.php";

pub(crate) async fn by_path(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = variables(query.as_deref());
    let path = uri.path().strip_prefix(SCRIPT).and_then(decoded);
    answer(&faces, peer.ip(), path, query, &headers).await
}

/// A path without percent encoding; none where that is not UTF-8, since no file has such a name.
fn decoded(path: &str) -> Option<String> {
    percent_encoding::percent_decode_str(path).decode_utf8().ok().map(|path| path.into_owned())
}

pub(crate) async fn by_query(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = variables(query.as_deref());
    let path = text(&query, "file").map(|file| file.trim_start_matches('/').to_owned());
    answer(&faces, peer.ip(), path, query, &headers).await
}

async fn answer(faces: &Faces, peer: IpAddr, path: Option<String>, query: Tree, headers: &HeaderMap) -> Response {
    let sent = async {
        let file = find(faces, peer, path.as_deref(), text(&query, "token")).await?;
        let attachment = text(&query, "forcedownload").is_some_and(|v| !matches!(v, "" | "0"));
        send(faces, &file, headers, attachment).await
    };
    sent.await.unwrap_or_else(|error| script::refuse(faces, &error))
}

fn variables(query: Option<&str>) -> Tree {
    request::variables(query.unwrap_or("").as_bytes(), request::Body::None).unwrap_or_default()
}

fn text<'a>(tree: &'a Tree, name: &str) -> Option<&'a str> {
    tree.get(name).and_then(Node::as_text)
}

/// The file, if the token's owner may have it.
async fn find(faces: &Faces, peer: IpAddr, path: Option<&str>, token: Option<&str>) -> Result<AreaFile, WireError> {
    let store = faces.registry.host().store.as_ref();
    let Some(token) = token else { return Err(WireError::missing_script_parameter("token")) };
    let access = access::authenticate(store, Some(token), peer).await?;
    if !access.service.download_files {
        return Err(WireError::access_exception("the service does not allow downloads"));
    }
    let place = path.and_then(parse_path).ok_or_else(WireError::file_not_found)?;
    let catalog = faces.registry.current().await.map_err(|e| WireError::coding(&e.to_string()))?;
    let area = catalog.file_area(place.component, place.area);
    let with_item = area.is_none_or(|a| a.item_in_url);
    let capability = area.and_then(|a| a.capability.as_deref());
    access::require_download(store, &access.person, place.context, capability).await?;
    let (item, path, name) = place.file(with_item).ok_or_else(WireError::file_not_found)?;
    store
        .find_area_file(place.context, place.component, place.area, item, &path, name)
        .await
        .map_err(access::store_error)?
        .ok_or_else(WireError::file_not_found)
}

/// `CONTEXT/COMPONENT/AREA/REST`, percent decoding done.
struct Place<'a> {
    context: u64,
    component: &'a str,
    area: &'a str,
    rest: Vec<&'a str>,
}

fn parse_path(path: &str) -> Option<Place<'_>> {
    let mut segments = path.split('/').filter(|s| !s.is_empty());
    let context = segments.next()?.parse().ok()?;
    let (component, area) = (segments.next()?, segments.next()?);
    Some(Place { context, component, area, rest: segments.collect() })
}

impl<'a> Place<'a> {
    fn file(&self, with_item: bool) -> Option<(u64, String, &'a str)> {
        let mut rest = self.rest.as_slice();
        let mut item = 0;
        if with_item && rest.len() > 1 {
            item = rest[0].parse().ok()?;
            rest = &rest[1..];
        }
        let (name, folders) = rest.split_last()?;
        let path = folders.iter().fold(String::from("/"), |path, folder| path + folder + "/");
        Some((item, path, name))
    }
}

async fn send(faces: &Faces, file: &AreaFile, headers: &HeaderMap, attachment: bool) -> Result<Response, WireError> {
    let etag = format!("\"{}\"", file.blob.sha1);
    let sent_etag = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or("");
    let mut response = Response::new(Body::empty());
    let size = file.blob.size;
    if sent_etag.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let unchanged = headers.get(header::IF_RANGE).is_none_or(|v| v.as_bytes() == etag.as_bytes());
        let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).filter(|_| unchanged);
        match asked.map_or(Asked::Whole, |asked| parse_range(asked, size)) {
            Asked::Unsatisfiable => {
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            }
            Asked::Whole => *response.body_mut() = content(faces, file, 0..size).await?,
            Asked::Part(range) => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                set(&mut response, header::CONTENT_RANGE, &shown);
                set(&mut response, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
                *response.body_mut() = content(faces, file, range).await?;
            }
        }
        if response.status() == StatusCode::OK {
            set(&mut response, header::CONTENT_LENGTH, &size.to_string());
        }
        set(&mut response, header::CONTENT_TYPE, &file.mimetype);
        let kind = if attachment { "attachment" } else { "inline" };
        set(&mut response, header::CONTENT_DISPOSITION, &disposition(kind, &file.name));
    }
    set(&mut response, header::ETAG, &etag);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CACHE_CONTROL, "private, max-age=0, no-transform");
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    Ok(response)
}

async fn content(faces: &Faces, file: &AreaFile, range: Range<u64>) -> Result<Body, WireError> {
    match faces.registry.host().blobs.stream(&file.blob.sha1, range).await {
        Ok(stream) => Ok(Body::from_stream(stream)),
        Err(StoreError::NotFound { .. }) => Err(WireError::file_not_found()),
        Err(error) => Err(access::store_error(error)),
    }
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}

/// The header for a name that need not be ASCII (RFC 6266).
fn disposition(kind: &str, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\') { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Unsatisfiable,
}

/// One range is answered as such; several, or what is no range, get the whole (RFC 9110, 14.2).
fn parse_range(header: &str, size: u64) -> Asked {
    let Some(spec) = header.strip_prefix("bytes=").filter(|s| !s.contains(',')) else { return Asked::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Asked::Whole };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return Asked::Whole,
    };
    if range.start >= range.end { Asked::Unsatisfiable } else { Asked::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(parse_range("bytes=0-9", 100), Asked::Part(0..10));
        assert_eq!(parse_range("bytes=90-", 100), Asked::Part(90..100));
        assert_eq!(parse_range("bytes=-10", 100), Asked::Part(90..100));
        assert_eq!(parse_range("bytes=-1000", 100), Asked::Part(0..100));
        assert_eq!(parse_range("bytes=50-1000", 100), Asked::Part(50..100));
        assert_eq!(parse_range("bytes=100-", 100), Asked::Unsatisfiable);
        assert_eq!(parse_range("bytes=-0", 100), Asked::Unsatisfiable);
        for whole in ["bytes=9-3", "bytes=a-b", "items=0-9", "bytes=0-1,5-6", "bytes=-", ""] {
            assert_eq!(parse_range(whole, 100), Asked::Whole, "{whole}");
        }
        assert_eq!(parse_range(&format!("bytes=0-{}", u64::MAX), 100), Asked::Part(0..100));
    }

    #[test]
    fn encoded_paths() {
        assert_eq!(decoded("/1/a/b/%C3%BC%20x").as_deref(), Some("/1/a/b/ü x"));
        assert_eq!(decoded("/1/a/b/%FF"), None);
    }

    #[test]
    fn paths() {
        let place = parse_path("12/backup/course/x y.mbz").unwrap();
        assert_eq!((place.context, place.component, place.area), (12, "backup", "course"));
        assert_eq!(place.file(false), Some((0, "/".into(), "x y.mbz")));
        let place = parse_path("12/user/draft/77/a/b/c.txt").unwrap();
        assert_eq!(place.file(true), Some((77, "/a/b/".into(), "c.txt")));
        assert!(parse_path("x/backup/course/y").is_none());
        assert!(parse_path("12/backup").is_none());
        assert!(parse_path("12/backup/course").unwrap().file(false).is_none());
    }
}
