//! Context-copy notices of the LTI Platform Notification Service 1.0 (proxy-tool-events.md 12.1).

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How long a notice may be read, seconds.
pub const LIFETIME: i64 = 3600;
/// How far clocks may be apart, seconds.
const TOLERANCE: i64 = 300;
/// How long ago a notice that is believed may have been signed, seconds, whatever time it gives itself. A nonce is remembered for
/// longer than that.
pub const MAX_AGE: i64 = 24 * 3600;

const MESSAGE_VERSION: &str = "https://purl.imsglobal.org/spec/lti/claim/version";
const DEPLOYMENT: &str = "https://purl.imsglobal.org/spec/lti/claim/deployment_id";
const NOTICE: &str = "https://purl.imsglobal.org/spec/lti/claim/notice";
const CONTEXT: &str = "https://purl.imsglobal.org/spec/lti/claim/context";
const ORIGIN_CONTEXTS: &str = "https://purl.imsglobal.org/spec/lti/claim/origin_contexts";
const COURSE: &str = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering";

/// The one type of notice that is sent and acted on.
pub const CONTEXT_COPY: &str = "LtiContextCopyNotice";

/// A course was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextCopy<'a> {
    /// The same at every attempt.
    pub id: &'a str,
    /// Seconds since 1970.
    pub time: i64,
    /// The new course.
    pub context: &'a str,
    /// Its short and full name, where it is known.
    pub names: Option<(&'a str, &'a str)>,
    /// The course it was copied from.
    pub origin: &'a str,
}

/// Whom a notice is from and for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties<'a> {
    /// The platform.
    pub issuer: &'a str,
    /// The tool's id there.
    pub client_id: &'a str,
    /// Which of its deployments.
    pub deployment_id: &'a str,
}

/// The claims of a notice, at `now`. `nonce` has never been used before. There is no `sub`: nobody stands behind a notice.
#[must_use]
pub fn claims(parties: Parties<'_>, copy: &ContextCopy<'_>, now: i64, nonce: &str) -> Value {
    let time = jiff::Timestamp::from_second(copy.time).unwrap_or_default().to_string();
    let mut context = json!({ "id": copy.context, "type": [COURSE] });
    if let Some((label, title)) = copy.names {
        context["label"] = label.into();
        context["title"] = title.into();
    }
    let mut claims = Map::new();
    let all = [
        ("iss", json!(parties.issuer)),
        ("aud", json!(parties.client_id)),
        ("azp", json!(parties.client_id)),
        ("iat", json!(now)),
        ("exp", json!(now + LIFETIME)),
        ("nonce", json!(nonce)),
        (MESSAGE_VERSION, json!("1.3.0")),
        (DEPLOYMENT, json!(parties.deployment_id)),
        (NOTICE, json!({ "id": copy.id, "timestamp": time, "type": CONTEXT_COPY })),
        (CONTEXT, context),
        (ORIGIN_CONTEXTS, json!([copy.origin])),
    ];
    claims.extend(all.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(claims)
}

/// What is posted to a handler.
#[must_use]
pub fn body(token: &str) -> Value {
    json!({ "notices": [{ "jwt": token }] })
}

#[derive(Deserialize)]
struct Body {
    notices: Vec<Value>,
}

/// The tokens that were posted, in order; none for a notice that has no token, which is no fault of the others.
///
/// # Errors
/// What is wrong with the JSON.
pub fn tokens(body: &[u8]) -> Result<Vec<Option<String>>, serde_json::Error> {
    let body: Body = serde_json::from_slice(body)?;
    Ok(body.notices.iter().map(|notice| notice["jwt"].as_str().map(str::to_owned)).collect())
}

/// A notice that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// With issuer and deployment what makes it one of its kind.
    pub id: String,
    /// For example [`CONTEXT_COPY`].
    pub kind: String,
    /// No other token of the platform has it.
    pub nonce: String,
    /// Seconds since 1970; none where it says nothing.
    pub time: Option<i64>,
    /// The new course, for a context-copy notice.
    pub context: String,
    /// The courses it was copied from; none where the platform does not know any.
    pub origins: Vec<String>,
}

/// Why claims are no notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoNotice {
    /// From or for somebody else.
    #[error("the claim {0} is another than expected")]
    Other(&'static str),
    /// Too old, or of the future.
    #[error("the notice has run out, or is not yet valid")]
    Time,
    /// Missing or of another type.
    #[error("the claim {0} is missing or wrong")]
    Claim(&'static str),
}

const MAX_ID: usize = 255;

/// Reads the claims of a token whose signature holds.
///
/// # Errors
/// [`NoNotice`].
pub fn read(claims: &Value, parties: Parties<'_>, now: i64) -> Result<Notice, NoNotice> {
    let text = |name: &str| claims[name].as_str();
    if text("iss") != Some(parties.issuer) {
        return Err(NoNotice::Other("iss"));
    }
    let audience = match &claims["aud"] {
        Value::String(one) => one == parties.client_id,
        Value::Array(many) => many.iter().any(|one| one.as_str() == Some(parties.client_id)),
        _ => false,
    };
    if !audience {
        return Err(NoNotice::Other("aud"));
    }
    if claims.get("azp").is_some_and(|azp| azp.as_str() != Some(parties.client_id)) {
        return Err(NoNotice::Other("azp"));
    }
    if text(DEPLOYMENT) != Some(parties.deployment_id) {
        return Err(NoNotice::Other("deployment_id"));
    }
    if text(MESSAGE_VERSION) != Some("1.3.0") {
        return Err(NoNotice::Other("version"));
    }
    let (Some(issued), Some(expires)) = (seconds(&claims["iat"]), seconds(&claims["exp"])) else {
        return Err(NoNotice::Claim("iat or exp"));
    };
    let age = now.saturating_sub(issued);
    if !(-TOLERANCE..=MAX_AGE).contains(&age) || expires < now.saturating_sub(TOLERANCE) {
        return Err(NoNotice::Time);
    }
    let id = |value: &Value| {
        let id = value.as_str()?;
        (!id.is_empty() && id.len() <= MAX_ID && !id.contains(char::is_control)).then(|| id.to_owned())
    };
    let notice = &claims[NOTICE];
    let kind = notice["type"].as_str().ok_or(NoNotice::Claim("notice.type"))?.to_owned();
    let of_copy = kind == CONTEXT_COPY;
    let time = notice["timestamp"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let origins = match &claims[ORIGIN_CONTEXTS] {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().map(id).collect::<Option<_>>().ok_or(NoNotice::Claim("origin_contexts"))?,
        _ => return Err(NoNotice::Claim("origin_contexts")),
    };
    Ok(Notice {
        id: id(&notice["id"]).ok_or(NoNotice::Claim("notice.id"))?,
        time: time.map(jiff::Timestamp::as_second),
        context: match id(&claims[CONTEXT]["id"]) {
            None if of_copy => return Err(NoNotice::Claim("context.id")),
            context => context.unwrap_or_default(),
        },
        kind,
        nonce: id(&claims["nonce"]).ok_or(NoNotice::Claim("nonce"))?,
        origins,
    })
}

/// A time, which may have a fraction.
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|f| f.abs() < 1e15).map(|f| f as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_json::any_json;
    use proptest::prelude::*;

    const NAMES: &[&str] = &["iss", "aud", "azp", "iat", "exp", "nonce", DEPLOYMENT, NOTICE, CONTEXT, ORIGIN_CONTEXTS];

    const PARTIES: Parties<'_> = Parties { issuer: "https://lms.example", client_id: "c1", deployment_id: "d1" };
    const COPY: ContextCopy<'_> =
        ContextCopy { id: "e-1", time: 1_700_000_000, context: "4", names: Some(("BIO", "Biology")), origin: "3" };

    #[test]
    fn claims_of_the_reference() {
        let claims = claims(PARTIES, &COPY, 1_700_000_100, "n1");
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1_700_000_100), &json!(1_700_003_700)));
        assert_eq!((&claims["aud"], &claims["azp"], &claims["nonce"]), (&json!("c1"), &json!("c1"), &json!("n1")));
        assert_eq!(
            claims[NOTICE],
            json!({ "id": "e-1", "timestamp": "2023-11-14T22:13:20Z", "type": "LtiContextCopyNotice" })
        );
        assert_eq!(claims[CONTEXT], json!({ "id": "4", "type": [COURSE], "label": "BIO", "title": "Biology" }));
        assert_eq!(claims[ORIGIN_CONTEXTS], json!(["3"]));
        assert!(claims.get("sub").is_none());
        let read = read(&claims, PARTIES, 1_700_000_100);
        let expected = Notice {
            id: "e-1".into(),
            kind: CONTEXT_COPY.into(),
            nonce: "n1".into(),
            time: Some(1_700_000_000),
            context: "4".into(),
            origins: vec!["3".into()],
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_is_not_believed() {
        let now = 1_700_000_100;
        let with = |name: &str, value: Value| {
            let mut claims = claims(PARTIES, &COPY, now, "n1");
            claims[name] = value;
            read(&claims, PARTIES, now)
        };
        assert_eq!(with("iss", json!("x")), Err(NoNotice::Other("iss")));
        assert_eq!(with("aud", json!(["x"])), Err(NoNotice::Other("aud")));
        assert_eq!(with("azp", json!("x")), Err(NoNotice::Other("azp")));
        assert_eq!(with(DEPLOYMENT, json!("x")), Err(NoNotice::Other("deployment_id")));
        assert_eq!(with(MESSAGE_VERSION, json!("1.1")), Err(NoNotice::Other("version")));
        assert_eq!(with("exp", json!(now - 301)), Err(NoNotice::Time));
        assert_eq!(with("iat", json!(now + 301)), Err(NoNotice::Time));
        assert_eq!(with("iat", json!(now - MAX_AGE - 1)), Err(NoNotice::Time));
        assert_eq!(with("iat", json!(i64::MIN)), Err(NoNotice::Time));
        for nonce in [Value::Null, json!(""), json!(7), json!("a\nb"), json!("n".repeat(256))] {
            assert_eq!(with("nonce", nonce), Err(NoNotice::Claim("nonce")));
        }
        assert_eq!(with("iat", json!("now")), Err(NoNotice::Claim("iat or exp")));
        assert_eq!(with(CONTEXT, json!({})), Err(NoNotice::Claim("context.id")));
        assert_eq!(with(ORIGIN_CONTEXTS, json!([1])), Err(NoNotice::Claim("origin_contexts")));
        assert_eq!(with(NOTICE, json!({ "type": CONTEXT_COPY })), Err(NoNotice::Claim("notice.id")));
        // What is taken.
        assert!(with("aud", json!(["x", "c1"])).is_ok() && with("iat", json!(1_700_000_100.5)).is_ok());
        assert_eq!(with(ORIGIN_CONTEXTS, Value::Null).unwrap().origins, Vec::<String>::new());
        let hello = with(NOTICE, json!({ "type": "LtiHelloWorldNotice", "id": "h" })).unwrap();
        assert_eq!((hello.kind.as_str(), hello.time), ("LtiHelloWorldNotice", None));
    }

    #[test]
    fn bodies() {
        assert_eq!(tokens(body("a.b.c").to_string().as_bytes()).unwrap(), [Some("a.b.c".to_owned())]);
        assert!(tokens(b"{}").is_err() && tokens(b"{\"notices\":{}}").is_err());
        // One that is none leaves the others what they are.
        let mixed = br#"{"notices":[1,{"jwt":7},{"jwt":"a.b.c","more":1},null]}"#;
        assert_eq!(tokens(mixed).unwrap(), [None, None, Some("a.b.c".to_owned()), None]);
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>, claims in any_json(), name in prop::sample::select(NAMES), now: i64) {
            let _ = tokens(&body);
            let _ = read(&claims, PARTIES, now);
            let mut almost = self::claims(PARTIES, &COPY, 1_700_000_100, "n1");
            almost[name] = claims;
            let _ = read(&almost, PARTIES, now);
            let _ = read(&almost, PARTIES, 1_700_000_100);
        }

        #[test]
        fn what_is_claimed_can_be_read(
            (id, context, origin, nonce) in ("[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}"),
            time in 0i64..253_402_300_799,
            now in 0i64..253_402_300_799,
        ) {
            let copy = ContextCopy { id: &id, time, context: &context, names: None, origin: &origin };
            let read = read(&self::claims(PARTIES, &copy, now, &nonce), PARTIES, now);
            let kind = CONTEXT_COPY.to_owned();
            let (id, context, nonce, origins) = (id.clone(), context.clone(), nonce.clone(), vec![origin.clone()]);
            prop_assert_eq!(read, Ok(Notice { id, kind, nonce, time: Some(time), context, origins }));
        }
    }
}
