//! `theme/image.php`: the icons that clients expect of a theme, drawn here (moodle-observed.md 9).
//!
//! A component's icon is its monogram on a rounded square whose colour comes from its name; a person's is a silhouette.

use crate::call;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use provost_wire::form::{Limits, Node};
use provost_wire::request::{self, Body};

/// Icons do not change, so a browser may keep them for a quarter.
const CACHE: &str = "public, max-age=7776000, immutable";

/// `theme/image.php/THEME/COMPONENT/REVISION/IMAGE`, where THEME may follow `_s`.
pub(crate) async fn by_path(Path(path): Path<String>, sent: HeaderMap) -> Response {
    let path = path.strip_prefix("_s/").unwrap_or(&path);
    let mut parts = path.splitn(4, '/');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(theme), Some(component), Some(_), Some(image)) = parts else {
        return StatusCode::NOT_FOUND.into_response();
    };
    answer(theme, component, image, &sent)
}

/// `theme/image.php?theme=…&component=…&image=…`.
pub(crate) async fn by_query(RawQuery(query): RawQuery, sent: HeaderMap) -> Response {
    let query = query.unwrap_or_default();
    let query = request::variables(query.as_bytes(), Body::None, Limits::default()).unwrap_or_default();
    let text = |name: &str| query.get(name).and_then(Node::as_text);
    match (text("theme"), text("component"), text("image")) {
        (Some(theme), component, Some(image)) => answer(theme, component.unwrap_or("core"), image, &sent),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(theme: &str, component: &str, image: &str, sent: &HeaderMap) -> Response {
    let is_name = |name: &str| {
        !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    if !is_name(theme) || !is_name(component) || !image.split('/').all(is_name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let drawn = draw(component, image);
    let etag = format!("\"{:08x}\"", hash(&drawn));
    let known = sent.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let mut response = match known {
        true => call::respond(StatusCode::NOT_MODIFIED, &[], ""),
        false => call::respond(StatusCode::OK, &[], drawn),
    };
    for (name, value) in [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, CACHE),
        (header::ETAG, &etag),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        call::set(&mut response, name, value);
    }
    response
}

fn draw(component: &str, image: &str) -> String {
    // Pictures of people: `u/f1` large, `u/f2` small, `u/f3` very large.
    let is_person = component == "core" && image.starts_with("u/");
    // A theme asks for core's icons by their own names, such as `i/course`.
    let named = match image.rsplit('/').next() {
        Some(name) if matches!(component, "core" | "moodle") => name,
        _ => component.split_once('_').map_or(component, |(_, name)| name),
    };
    let colour = colour(named);
    if is_person {
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\" width=\"100\" height=\"100\">\
                <rect width=\"100\" height=\"100\" fill=\"#dde3ea\"/><g fill=\"#7d8b9a\">\
                <circle cx=\"50\" cy=\"38\" r=\"18\"/><path d=\"M14 100a36 36 0 0 1 72 0z\"/></g></svg>\n"
            .to_owned();
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\" width=\"24\" height=\"24\">\
         <rect x=\"1\" y=\"1\" width=\"22\" height=\"22\" rx=\"5\" fill=\"{colour}\"/>\
         <text x=\"12\" y=\"16.2\" fill=\"#fff\" font-family=\"sans-serif\" font-size=\"11\" font-weight=\"600\" \
         text-anchor=\"middle\">{}</text></svg>\n",
        monogram(named)
    )
}

/// The first letters of a name, two at most: `quiz` gives `Qu`, `grade_report` gives `GR`.
fn monogram(name: &str) -> String {
    let mut words = name.split(['_', '-', '.']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("?");
    match words.next() {
        Some(second) => first.chars().take(1).chain(second.chars().take(1)).collect::<String>().to_ascii_uppercase(),
        None => {
            let (head, tail) = first.split_at(1);
            head.to_ascii_uppercase() + &tail.chars().take(1).collect::<String>()
        }
    }
}

/// A colour dark enough for white letters: the same for the same name.
fn colour(name: &str) -> String {
    format!("hsl({} 55% 38%)", hash(name) % 360)
}

/// FNV-1a: the same in every process and release.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monograms() {
        for (name, expected) in [("quiz", "Qu"), ("grade_report", "GR"), ("x", "X"), ("_", "?"), ("h5p-activity", "HA")]
        {
            assert_eq!(monogram(name), expected);
        }
    }

    #[test]
    fn any_well_formed_name_has_an_icon() {
        let sent = HeaderMap::new();
        for (component, image) in
            [("mod_quiz", "monologo"), ("core", "u/f1"), ("core", "i/course"), ("mod_gone", "a/b/c")]
        {
            let response = answer("boost", component, image, &sent);
            assert_eq!(response.status(), StatusCode::OK, "{component} {image}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "image/svg+xml");
        }
        for (component, image) in [("mod_quiz", "a//b"), ("<script>", "x"), ("mod_quiz", "\"")] {
            assert_eq!(answer("boost", component, image, &sent).status(), StatusCode::NOT_FOUND);
        }
        assert_ne!(draw("mod_quiz", "monologo"), draw("mod_page", "monologo"));
        assert_eq!(draw("core", "u/f1"), draw("core", "u/f2"));
    }
}
