//! What an answer means (proxy-tool-events.md 9.2 and 9.3).

use crate::simple_xml::{self, Said};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::UNIX_EPOCH;

/// How a tool is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// CloudEvents with a signature, answered with JSON.
    #[default]
    Native,
    /// Form arguments with a MAC, answered with simple XML.
    Legacy,
    /// Notices of LTI, answered with a status.
    Lti,
}

/// The most of an answer that is looked at, bytes.
pub const MAX_BYTES: usize = simple_xml::MAX_BYTES;
/// The most that a tool's word on when to come again is heeded, seconds.
pub const MAX_AFTER: u32 = 24 * 3600;

/// What a tool answered.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Of the header `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// The body, as far as it was read.
    pub body: &'a [u8],
    /// Whether there was more.
    pub truncated: bool,
}

/// What that means for the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Done.
    Delivered,
    /// The tool decided not to: final.
    Failed(String),
    /// The tool asks for another try.
    RetryLater(Option<u32>),
    /// Nothing that can be trusted.
    Silence {
        /// For machines: `protocol`, `redirect`, `gone`, `status-503` ...
        code: String,
        /// For people.
        message: String,
        /// No try before so many seconds.
        after: Option<u32>,
        /// The tool is gone for good.
        gone: bool,
    },
}

/// The JSON that a tool of the native profile answers with.
#[derive(Deserialize)]
#[serde(tag = "result", rename_all = "lowercase")]
enum Native {
    Ok {},
    Error {
        #[serde(default)]
        message: Value,
    },
    Retry {
        #[serde(default)]
        after: Option<u64>,
    },
}

fn silence(code: impl Into<String>, message: impl Into<String>) -> Meaning {
    Meaning::Silence { code: code.into(), message: message.into(), after: None, gone: false }
}

/// What an answer to a call of this profile means. `lenient` is about the legacy typo.
#[must_use]
pub fn meaning(profile: Profile, lenient: bool, answer: Answer<'_>, now: i64) -> Meaning {
    match answer.status {
        200..300 => body(profile, lenient, answer),
        300..400 => {
            silence("redirect", format!("the tool redirects (status {}), which is not followed", answer.status))
        }
        410 => Meaning::Silence {
            code: "gone".into(),
            message: "the tool says that it is gone (status 410)".into(),
            after: None,
            gone: true,
        },
        status => {
            let after = answer.retry_after.filter(|_| matches!(status, 429 | 503)).and_then(|text| seconds(text, now));
            let message = format!("the tool answers with status {status}");
            Meaning::Silence { code: format!("status-{status}"), message, after, gone: false }
        }
    }
}

fn body(profile: Profile, lenient: bool, answer: Answer<'_>) -> Meaning {
    // What answers a notice has nothing to say.
    if profile == Profile::Lti {
        return Meaning::Delivered;
    }
    if answer.truncated || answer.body.len() > MAX_BYTES {
        return silence("protocol", format!("the answer has more than {MAX_BYTES} bytes"));
    }
    match profile {
        Profile::Legacy => match simple_xml::read(answer.body, lenient) {
            Ok(Said::Success) => Meaning::Delivered,
            Ok(Said::Error) => Meaning::Failed("the tool answered ERROR".into()),
            Err(error) => silence("protocol", error.to_string()),
        },
        Profile::Native | Profile::Lti if answer.body.iter().all(u8::is_ascii_whitespace) => Meaning::Delivered,
        Profile::Native | Profile::Lti => match serde_json::from_slice(answer.body) {
            Ok(Native::Ok {}) => Meaning::Delivered,
            // The decision counts, however it is explained.
            Ok(Native::Error { message }) => Meaning::Failed(match message {
                Value::String(message) if !message.is_empty() => words(&message),
                Value::String(_) | Value::Null => "the tool answered error".into(),
                other => words(&other.to_string()),
            }),
            Ok(Native::Retry { after }) => Meaning::RetryLater(after.map(bounded)),
            Err(error) => silence("protocol", format!("the answer is not one of the three there are: {error}")),
        },
    }
}

fn bounded(seconds: u64) -> u32 {
    u32::try_from(seconds).map_or(MAX_AFTER, |seconds| seconds.clamp(1, MAX_AFTER))
}

/// The seconds that a `Retry-After` means (RFC 9110, 10.2.3): a number of them, or a time in any of the three forms of HTTP. None for
/// what is neither, and for a time that is over.
fn seconds(text: &str, now: i64) -> Option<u32> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Some(text.parse().map_or(MAX_AFTER, bounded));
    }
    let time = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
    time.checked_sub(u64::try_from(now).ok()?).filter(|seconds| *seconds > 0).map(bounded)
}

/// The most of a tool's words that is kept, bytes (proxy-tool-events.md 11.2: dead letters hold as much).
const MAX_MESSAGE: usize = 512;

/// A tool's words as they can stand in a log and on a terminal.
fn words(text: &str) -> String {
    let mut words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    words.truncate(words.floor_char_boundary(MAX_MESSAGE));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn of(profile: Profile, status: u16, body: &str) -> Meaning {
        let answer = Answer { status, retry_after: None, body: body.as_bytes(), truncated: false };
        meaning(profile, true, answer, 0)
    }

    fn code(meaning: &Meaning) -> &str {
        match meaning {
            Meaning::Silence { code, .. } => code,
            other => panic!("{other:?}"),
        }
    }

    const LONG: &str = match std::str::from_utf8(&[b' '; MAX_BYTES + 1]) {
        Ok(text) => text,
        Err(_) => "",
    };

    #[test]
    fn legacy_answers() {
        let of = |status, body| of(Profile::Legacy, status, body);
        assert_eq!(of(200, "<result>SUCCESS</result>"), Meaning::Delivered);
        assert_eq!(of(204, "<result>SUCCESS</result>"), Meaning::Delivered);
        assert_eq!(of(200, "<result>SUCCESS<result>"), Meaning::Delivered);
        assert!(matches!(of(200, "<result>ERROR</result>"), Meaning::Failed(_)));
        for body in ["", "<html></html>", "<result>MAYBE</result>", "{\"result\":\"ok\"}", LONG] {
            assert_eq!(code(&of(200, body)), "protocol");
        }
        // A status is not overruled by the body.
        assert_eq!(code(&of(500, "<result>SUCCESS</result>")), "status-500");
        assert_eq!(code(&of(404, "<result>ERROR</result>")), "status-404");
        assert_eq!(code(&of(302, "<result>SUCCESS</result>")), "redirect");
        assert!(matches!(of(410, ""), Meaning::Silence { gone: true, .. }));
    }

    #[test]
    fn a_strict_tool_has_no_typo() {
        let answer = Answer { status: 200, retry_after: None, body: b"<result>SUCCESS<result>", truncated: false };
        assert_eq!(code(&meaning(Profile::Legacy, false, answer, 0)), "protocol");
        let answer = Answer { body: b"<result>SUCCESS</result>", truncated: true, ..answer };
        assert_eq!(code(&meaning(Profile::Legacy, true, answer, 0)), "protocol");
    }

    #[test]
    fn native_answers() {
        let of = |status, body| of(Profile::Native, status, body);
        for body in ["", " \n", r#"{"result":"ok"}"#, r#"{"result":"ok","more":1}"#] {
            assert_eq!(of(200, body), Meaning::Delivered, "{body}");
        }
        assert_eq!(of(202, r#"{"result":"error","message":"full"}"#), Meaning::Failed("full".into()));
        assert!(matches!(of(200, r#"{"result":"error"}"#), Meaning::Failed(_)));
        assert_eq!(of(200, r#"{"result":"retry","after":30}"#), Meaning::RetryLater(Some(30)));
        assert_eq!(of(200, r#"{"result":"retry","after":0}"#), Meaning::RetryLater(Some(1)));
        assert_eq!(of(200, r#"{"result":"retry","after":99999999999}"#), Meaning::RetryLater(Some(MAX_AFTER)));
        assert_eq!(of(200, r#"{"result":"retry"}"#), Meaning::RetryLater(None));
        for body in [
            "ok",
            "null",
            "{}",
            r#"{"result":"maybe"}"#,
            r#"{"result":"retry","after":-1}"#,
            "<result>SUCCESS</result>",
        ] {
            assert_eq!(code(&of(200, body)), "protocol", "{body}");
        }
    }

    #[test]
    fn when_to_come_again() {
        let after = |status, text: &str| {
            let answer = Answer { status, retry_after: Some(text), body: b"", truncated: false };
            match meaning(Profile::Native, false, answer, 784_111_777) {
                Meaning::Silence { after, gone: false, .. } => after,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((after(429, "120"), after(503, " 7 ")), (Some(120), Some(7)));
        assert_eq!((after(429, "0"), after(503, "999999999999999999999")), (Some(1), Some(MAX_AFTER)));
        // A minute on, in the form of today and in the two of old (RFC 9110, 5.6.7), and a minute ago.
        for (later, over) in [
            ("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:48:37 GMT"),
            ("Sunday, 06-Nov-94 08:50:37 GMT", "Sunday, 06-Nov-94 08:48:37 GMT"),
            ("Sun Nov  6 08:50:37 1994", "Sun Nov  6 08:48:37 1994"),
        ] {
            assert_eq!((after(503, later), after(429, over)), (Some(60), None), "{later}");
        }
        assert_eq!(after(503, "Fri, 06 Nov 2093 08:50:37 GMT"), Some(MAX_AFTER));
        assert_eq!((after(500, "120"), after(404, "120")), (None, None));
        for wrong in [
            "",
            "soon",
            "-5",
            "+5",
            "1.5",
            "5s",
            "0x10",
            "120, 60",
            "Sun, 31 Feb 1995 08:50:37 GMT",
            "Sun, 06 Nov 1994 08:50:37 +0100",
            "1994-11-06T08:50:37Z",
            "\u{665}",
        ] {
            assert_eq!((after(429, wrong), after(503, wrong)), (None, None), "{wrong}");
        }
    }

    /// They go into logs and onto terminals.
    #[test]
    fn words_of_tools_are_short_and_of_one_line() {
        let said = |message: Value| match of(
            Profile::Native,
            200,
            &json!({ "result": "error", "message": message }).to_string(),
        ) {
            Meaning::Failed(message) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(said(json!("full\n\u{1b}[2Jx")), "full  [2Jx");
        assert_eq!(said(json!("é".repeat(300))), "é".repeat(256));
        assert_eq!((said(json!(7)), said(json!("")).is_empty()), ("7".into(), false));
    }

    #[test]
    fn notices_are_answered_with_a_status() {
        assert_eq!(of(Profile::Lti, 200, "whatever"), Meaning::Delivered);
        assert_eq!(code(&of(Profile::Lti, 401, "")), "status-401");
    }

    proptest! {
        #[test]
        fn nothing_panics(status: u16, after in "[ -~]{0,40}", body: Vec<u8>, truncated: bool, lenient: bool, now: i64) {
            for profile in [Profile::Native, Profile::Legacy, Profile::Lti] {
                let answer = Answer { status, retry_after: Some(&after), body: &body, truncated };
                let meaning = meaning(profile, lenient, answer, now);
                // Nothing but a status of success is one.
                let silent = matches!(meaning, Meaning::Silence { .. });
                prop_assert!(silent || (200..300).contains(&status));
            }
        }

        /// What cannot be later than now is no reason to wait, and nothing is one for more than a day.
        #[test]
        fn times_to_come_again(at in 0i64..253_402_300_799, now in 0i64..253_402_300_799) {
            let time = UNIX_EPOCH + std::time::Duration::from_secs(at.unsigned_abs());
            let expected = u32::try_from((at - now).min(i64::from(MAX_AFTER))).ok().filter(|seconds| *seconds > 0);
            prop_assert_eq!(seconds(&httpdate::fmt_http_date(time), now), expected);
        }
    }
}
