//! A request taken apart: control parameters, and the function's own parameters as a tree (webservices 1.2).

use crate::error::WireError;
use crate::form::{self, Collector, FormError, Limits, Node, Tree};
use crate::format::Format;
use crate::json_body;
use serde_json::Value;

/// Names that steer the server and never reach a function. Nothing else is stripped.
pub const CONTROL_NAMES: [&str; 8] = [
    "wstoken",
    "wsfunction",
    FORMAT_NAME,
    "moodlewssettingraw",
    "moodlewssettingfileurl",
    "moodlewssettingfilter",
    "moodlewssettinglang",
    "moodlewssettingtimezone",
];
const FORMAT_NAME: &str = "moodlewsrestformat";

/// The body of a request, as far as it carries parameters.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// No body, or one whose type carries no parameters.
    None,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded(&'a [u8]),
    /// The text fields of a `multipart/form-data` body: names and values.
    Fields(&'a [(String, Vec<u8>)]),
    /// `application/json`: an object. The original ignores such a body.
    Json(&'a [u8]),
}

/// A request to the REST server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `wstoken`. Nested or not UTF-8 counts as absent: such a token cannot exist.
    pub token: Option<String>,
    /// `wsfunction`, case sensitive.
    pub function: Option<String>,
    /// The form the answer takes.
    pub format: Format,
    /// How texts in the answer are to be prepared.
    pub settings: Settings,
    /// Everything else.
    pub parameters: Tree,
}

impl Request {
    /// The function's name, or the error of a call without one.
    pub fn function_name(&self) -> Result<&str, WireError> {
        self.function.as_deref().filter(|name| !name.is_empty()).ok_or_else(WireError::missing_function)
    }
}

/// The `moodlewssetting…` parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Return texts unformatted.
    pub raw: bool,
    /// Rewrite file marks to URLs. On unless the caller says no.
    pub file_url: bool,
    /// Apply text filters.
    pub filter: bool,
    /// Language code for messages; empty for the default.
    pub lang: String,
    /// Time zone's name; empty for the default.
    pub timezone: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { raw: false, file_url: true, filter: false, lang: String::new(), timezone: String::new() }
    }
}

/// A request that breaks a limit, with the form in which to say so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Rejected {
    /// The form the answer takes.
    pub format: Format,
    /// What to answer.
    pub error: WireError,
}

/// Takes a request apart. `query` is the query string without `?`, still encoded.
///
/// # Errors
/// `invalidparameter` for a request beyond its limits, and for a body that is not the JSON it says it is.
pub fn parse(query: &[u8], body: Body<'_>, limits: Limits) -> Result<Request, Rejected> {
    let mut parameters = variables(query, body, limits).map_err(|error| Rejected {
        format: format_of_refused(query, body),
        error: WireError::invalid_parameter(error.to_string()),
    })?;
    let mut text = |name: &str| match parameters.remove(name) {
        Some(Node::Text(text)) => Some(text),
        Some(Node::Bool(value)) => Some(if value { "1" } else { "0" }.to_owned()),
        Some(Node::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let token = text("wstoken");
    let function = text("wsfunction");
    let format = Format::from_parameter(text(FORMAT_NAME).as_deref());
    let defaults = Settings::default();
    let settings = Settings {
        raw: text("moodlewssettingraw").map_or(defaults.raw, |text| loose_bool(&text)),
        file_url: text("moodlewssettingfileurl").map_or(defaults.file_url, |text| loose_bool(&text)),
        filter: text("moodlewssettingfilter").map_or(defaults.filter, |text| loose_bool(&text)),
        lang: text("moodlewssettinglang").map_or(defaults.lang, |text| keep(&text, "_-")),
        timezone: text("moodlewssettingtimezone").map_or(defaults.timezone, |text| keep(&text, "_-+/.:")),
    };
    Ok(Request { token, function, format, settings, parameters })
}

/// All variables of a request by PHP's rules, control parameters included: a name in the body replaces the same name in the query as
/// a whole. Also what the scripts beside the REST server read.
///
/// # Errors
/// As [`parse`].
pub fn variables(query: &[u8], body: Body<'_>, limits: Limits) -> Result<Tree, FormError> {
    let mut collector = Collector { limits, ..Collector::default() };
    for (name, value) in form::pairs(query) {
        collector.add(&name, &value)?;
    }
    let mut tree = std::mem::take(&mut collector.tree);
    match body {
        Body::None => {}
        Body::UrlEncoded(encoded) => {
            for (name, value) in form::pairs(encoded) {
                collector.add(&name, &value)?;
            }
        }
        Body::Fields(fields) => {
            for (name, value) in fields {
                collector.add(name.as_bytes(), value)?;
            }
        }
        Body::Json(body) => collector.tree = json_body::read(body, limits, collector.count)?,
    }
    tree.replace_with(collector.tree);
    Ok(tree)
}

/// The format a refused request asked for, found without building a tree.
fn format_of_refused(query: &[u8], body: Body<'_>) -> Format {
    let last = |pairs: &mut dyn Iterator<Item = (Vec<u8>, Vec<u8>)>| {
        pairs.filter(|(name, _)| name == FORMAT_NAME.as_bytes()).last().map(|(_, value)| value)
    };
    let in_body = match body {
        Body::None => None,
        Body::UrlEncoded(encoded) => last(&mut form::pairs(encoded)),
        Body::Fields(fields) => {
            last(&mut fields.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone())))
        }
        Body::Json(body) => {
            let body = serde_json::from_slice::<Value>(body).ok();
            body.and_then(|body| body.get(FORMAT_NAME)?.as_str().map(|format| format.as_bytes().to_vec()))
        }
    };
    let value = in_body.or_else(|| last(&mut form::pairs(query)));
    Format::from_parameter(value.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()))
}

/// The token of a request: the parameter `wstoken` (or `token`), or what `Authorization: Bearer …` says. Other schemes are
/// of no concern here, since a proxy may ask for them.
///
/// # Errors
/// `invalidtoken` if both are given and differ.
pub fn token<'a>(parameter: Option<&'a str>, authorization: Option<&'a str>) -> Result<Option<&'a str>, WireError> {
    let bearer = authorization
        .and_then(|header| header.trim().split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match (parameter.filter(|token| !token.is_empty()), bearer) {
        (Some(parameter), Some(bearer)) if parameter != bearer => Err(WireError::invalid_token()),
        (parameter, bearer) => Ok(bearer.or(parameter)),
    }
}

/// A control parameter's boolean: words are understood, and any other text that is not empty or `0` is true.
pub fn loose_bool(text: &str) -> bool {
    !matches!(text.to_ascii_lowercase().as_str(), "" | "0" | "off" | "no" | "false")
}

fn keep(text: &str, further: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || further.contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str, body: &str) -> Request {
        parse(query.as_bytes(), Body::UrlEncoded(body.as_bytes()), Limits::default()).unwrap()
    }

    #[test]
    fn control_names_are_stripped_and_nothing_else() {
        let request = parsed(
            "wstoken=t&wsfunction=f&moodlewsrestformat=json&moodlewssettingraw=true&moodlewssettingfileurl=0\
             &moodlewssettingfilter=on&moodlewssettinglang=de%3Cx&moodlewssettingtimezone=Europe/Berlin\
             &moodlewssettingother=1&id=5",
            "",
        );
        assert_eq!(request.token.as_deref(), Some("t"));
        assert_eq!(request.function_name(), Ok("f"));
        assert_eq!(request.format, Format::Json);
        assert_eq!(
            request.settings,
            Settings { raw: true, file_url: false, filter: true, lang: "dex".into(), timezone: "Europe/Berlin".into() }
        );
        let left: Vec<&str> = request.parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["moodlewssettingother", "id"]);
    }

    #[test]
    fn the_body_replaces_whole_names() {
        let request = parsed("wsfunction=a&o[x]=1&o[y]=2&k=1", "wsfunction=b&o[x]=3");
        assert_eq!(request.function.as_deref(), Some("b"));
        let Some(Node::Map(options)) = request.parameters.get("o") else { panic!("no map") };
        assert_eq!(options.len(), 1);
        assert!(request.parameters.get("k").is_some());
    }

    #[test]
    fn multipart_fields() {
        let fields = [("a[0]".to_owned(), b"x%20y".to_vec()), ("moodlewsrestformat".to_owned(), b"json".to_vec())];
        let request = parse(b"", Body::Fields(&fields), Limits::default()).unwrap();
        assert_eq!(request.format, Format::Json);
        let Some(Node::Map(list)) = request.parameters.get("a") else { panic!("no map") };
        assert_eq!(list.get("0").and_then(Node::as_text), Some("x%20y"));
    }

    #[test]
    fn absent_or_odd_controls() {
        let request = parsed("wstoken[]=t&wsfunction=%ff&moodlewsrestformat=yaml", "");
        assert_eq!(request.token, None);
        assert_eq!(request.function_name().map_err(|error| error.errorcode), Err("invalidparameter".to_owned()));
        assert_eq!(request.format, Format::Xml);
        assert!(request.parameters.is_empty());
        assert_eq!(parse(b"", Body::None, Limits::default()).map(|request| request.settings), Ok(Settings::default()));
    }

    #[test]
    fn limits_answer_in_the_format_asked_for() {
        let many = format!("{}moodlewsrestformat=json", "a[]=1&".repeat(form::MAX_VARIABLES));
        let rejected = parse(many.as_bytes(), Body::None, Limits::default()).unwrap_err();
        assert_eq!((rejected.format, rejected.error.errorcode.as_str()), (Format::Json, "invalidparameter"));
        // Query and body are counted together.
        let half = "a[]=1&".repeat(form::MAX_VARIABLES / 2 + 1);
        let rejected = parse(half.as_bytes(), Body::UrlEncoded(half.as_bytes()), Limits::default()).unwrap_err();
        assert_eq!(rejected.format, Format::Xml);
        let deep = format!("a{}=1", "[x]".repeat(65));
        assert!(parse(b"", Body::UrlEncoded(deep.as_bytes()), Limits::default()).is_err());
    }

    #[test]
    fn a_json_body_has_control_names_too() {
        let body = br#"{"wsfunction":"g","moodlewsrestformat":"json","moodlewssettingraw":true,"moodlewssettingfileurl":0,"o":[1]}"#;
        let request = parse(b"wstoken=t&wsfunction=f&o[k]=1&k=2", Body::Json(body), Limits::default()).unwrap();
        assert_eq!((request.token.as_deref(), request.function.as_deref()), (Some("t"), Some("g")));
        assert_eq!(request.format, Format::Json);
        assert!(request.settings.raw && !request.settings.file_url);
        let left: Vec<&str> = request.parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["o", "k"]);
        let Some(Node::Map(list)) = request.parameters.get("o") else { panic!("no list") };
        assert_eq!(list.get("0"), Some(&Node::Number(1.into())));

        for body in [r#"{"moodlewsrestformat":"json""#, "[1]"] {
            let rejected =
                parse(b"moodlewsrestformat=json", Body::Json(body.as_bytes()), Limits::default()).unwrap_err();
            assert_eq!((rejected.format, rejected.error.errorcode.as_str()), (Format::Json, "invalidparameter"));
        }
        let limits = Limits { variables: 1, depth: 64 };
        let rejected = parse(b"", Body::Json(br#"{"a":[1,2],"moodlewsrestformat":"json"}"#), limits).unwrap_err();
        assert_eq!(rejected.format, Format::Json);
    }

    #[test]
    fn tokens_by_parameter_and_header() {
        for (parameter, header, expected) in [
            (None, None, Ok(None)),
            (Some("t"), None, Ok(Some("t"))),
            (None, Some("Bearer t"), Ok(Some("t"))),
            (Some(""), Some("bearer  t "), Ok(Some("t"))),
            (Some("t"), Some("Bearer t"), Ok(Some("t"))),
            (Some("t"), Some("Bearer u"), Err(WireError::invalid_token())),
            (Some("t"), Some("Basic dTpw"), Ok(Some("t"))),
            (None, Some("Basic dTpw"), Ok(None)),
            (Some("t"), Some("Bearer"), Ok(Some("t"))),
        ] {
            assert_eq!(token(parameter, header), expected, "{parameter:?} {header:?}");
        }
    }
}
