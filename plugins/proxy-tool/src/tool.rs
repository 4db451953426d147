//! A remote tool as it is registered.

use crate::kept::Record;
use crate::keys::OwnKey;
use provost_guest::prelude::*;
use provost_guest::targets::{Subscription, Target};
use provost_proxy_wire::answer::Profile;
use provost_proxy_wire::events::Happening;
use provost_proxy_wire::mac::{self, Algorithm};
use serde::{Deserialize, Serialize};

/// The most that an address may have, bytes (proxy-tool-events.md 9.1).
const MAX_URL: usize = 255;
/// The most that a title may have, bytes.
const MAX_TITLE: usize = 1024;
/// Kinds of events that a tool may want.
const MAX_EVENTS: usize = 100;
/// Arguments that may have no part in a MAC.
const MAX_EXEMPT: usize = 32;

/// A remote tool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tool {
    /// The target's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// How it is spoken to.
    pub profile: Profile,
    /// Its base address.
    pub url: String,
    /// What it is told of.
    pub events: Vec<Told>,
    /// This target's id on the legacy wire.
    pub guid: String,
    /// Whether it is told of what other sites told.
    pub foreign: bool,
    /// Seconds that a call may take.
    pub timeout: u32,
    /// For the legacy profile.
    pub legacy: Legacy,
    /// For the native profile: the keys that sign.
    pub keys: Vec<OwnKey>,
    /// For the LTI profile.
    pub lti: Lti,
    /// With which it may register again.
    pub password: Option<OneTime>,
}

/// An event that a tool is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// For example `content-copied`.
    pub event: String,
    /// Where, relative to the base address; empty for that itself.
    pub url: String,
    /// Only of contents with which it has an external id.
    pub only_own: bool,
}

/// How requests of the legacy profile are vouched for and answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Legacy {
    /// Shared.
    pub secret: String,
    /// Of the MAC.
    pub algorithm: Algorithm,
    /// Arguments that have no part in the MAC.
    pub exempt: Vec<String>,
    /// Whether an answer may have the typo of the vendor's page.
    pub lenient: bool,
}

impl Legacy {
    /// Whether what is exempt from the MAC may be. Errors: `invalid`.
    pub fn check(&self) -> Result<()> {
        if self.exempt.len() > MAX_EXEMPT || self.exempt.iter().any(|name| name.len() > MAX_URL) {
            return Err(Error::invalid(format!("exempt: at most {MAX_EXEMPT} names, each with {MAX_URL} bytes")));
        }
        match self.exempt.iter().find(|name| !mac::may_be_exempt(name)) {
            None => Ok(()),
            Some(name) => {
                let message =
                    format!("exempt: without {name:?} in the MAC a request could be sent again as another one");
                Err(Error::invalid(message))
            }
        }
    }
}

/// A tool of LTI.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lti {
    /// Its id here.
    pub client_id: String,
    /// Which of its deployments.
    pub deployment_id: String,
}

/// A password for one registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OneTime {
    /// SHA-256 of it, hexadecimal.
    pub hash: String,
    /// Until when.
    pub until: i64,
}

impl Record for Tool {
    const KIND: &'static str = "tool";

    fn name(&self) -> &str {
        &self.name
    }
}

impl Tool {
    /// Where it is told of an event, by the event's name in subscriptions; none where it wants not to be.
    pub fn address(&self, event: &str) -> Option<String> {
        match self.events.iter().find(|told| told.event == event) {
            Some(told) => Some(joined(&self.url, &told.url)),
            // Native tools are asked and told of their state at their one address.
            None if self.profile == Profile::Native && OF_TARGETS.contains(&event) => Some(self.url.clone()),
            None => None,
        }
    }

    /// As the host delivers to it.
    pub fn target(&self) -> Target {
        let subscribed = |event: &str, only_own| Subscription { event: event.to_owned(), only_own };
        let mut subscriptions: Vec<Subscription> =
            self.events.iter().map(|told| subscribed(&told.event, told.only_own)).collect();
        if self.profile == Profile::Native {
            let more = OF_TARGETS.iter().filter(|event| !self.events.iter().any(|told| told.event == **event));
            subscriptions.extend(more.map(|event| subscribed(event, false)));
        }
        Target {
            name: self.name.clone(),
            title: self.title.clone(),
            subscriptions,
            remote: true,
            timeout: self.timeout,
        }
    }

    /// Whether all of it can be. Errors: `invalid`.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        check_title(&self.title)?;
        check_url(&self.url)?;
        self.legacy.check()?;
        if !(1..=120).contains(&self.timeout) {
            return Err(Error::invalid("timeout: 1 to 120 seconds"));
        }
        if !(1..=MAX_EVENTS).contains(&self.events.len()) {
            return Err(Error::invalid(format!("events: 1 to {MAX_EVENTS}")));
        }
        for told in &self.events {
            check_url(&joined(&self.url, &told.url))?;
            let known = match self.profile {
                Profile::Legacy => LEGACY.contains(&told.event.as_str()),
                Profile::Lti => told.event == "course-copied",
                Profile::Native => {
                    LEGACY.contains(&told.event.as_str())
                        || NATIVE_ONLY.contains(&told.event.as_str())
                        || is_type(&told.event)
                }
            };
            if !known {
                return Err(Error::invalid(format!("events: {:?} is none that this profile has", told.event)));
            }
        }
        let mut names: Vec<&str> = self.events.iter().map(|told| told.event.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::invalid("events: each once"));
        }
        if self.profile == Profile::Lti && (self.lti.client_id.is_empty() || self.lti.deployment_id.is_empty()) {
            return Err(Error::invalid("clientid and deploymentid: a tool of LTI has both"));
        }
        Ok(())
    }
}

/// Events about targets themselves.
pub const OF_TARGETS: &[&str] = &["target-state", "target-removed", "target-reregister", "target-ping"];

/// Events that the legacy wire has, by their names in subscriptions.
const LEGACY: &[&str] = &[
    "content-copied",
    "content-deleted",
    "content-exported",
    "content-imported",
    "course-copied",
    "course-exported",
    "course-imported",
    "course-deleted",
    "group-copied",
    "group-exported",
    "group-imported",
    "group-deleted",
    "target-state",
    "target-removed",
    "target-reregister",
    "target-ping",
];

const NATIVE_ONLY: &[&str] = &["course-copy-failed", "course-copy-settled", "batch-completed"];

/// An event's name in subscriptions, from that or the one on the legacy wire.
pub fn event_name(name: &str) -> &str {
    match name {
        "state-change" => "target-state",
        "remove" => "target-removed",
        "reregister" => "target-reregister",
        "ping" => "target-ping",
        name => name,
    }
}

/// The name of what happened in subscriptions.
pub fn name_of(what: &Happening) -> &str {
    match what {
        Happening::CourseCopyFailed(_) => "course-copy-failed",
        Happening::CourseCopySettled(_) => "course-copy-settled",
        Happening::BatchCompleted(_) => "batch-completed",
        Happening::Other(own) => &own.type_,
        other => provost_proxy_wire::legacy::name(other).map_or("", event_name),
    }
}

/// The courses that an event names, as far as they tell whose it is.
pub fn course_of(what: &Happening) -> Option<&str> {
    Some(match what {
        Happening::ContentCopied(e) => &e.copy.course,
        Happening::ContentDeleted(e) => &e.content.course,
        Happening::ContentExported(e) | Happening::ContentImported(e) => &e.content.course,
        Happening::CourseCopied(e) => &e.copy,
        Happening::CourseCopyFailed(e) => &e.origin,
        Happening::CourseCopySettled(e) => &e.copy,
        Happening::CourseDeleted(course) => course,
        Happening::CourseExported(e) | Happening::CourseImported(e) => &e.course,
        Happening::GroupCopied(e) => &e.course,
        Happening::GroupExported(e) | Happening::GroupImported(e) => &e.course,
        Happening::GroupDeleted(e) => &e.course,
        Happening::BatchCompleted(e) => &e.course,
        Happening::Other(e) => e.courses.first()?,
        Happening::TargetState(_)
        | Happening::TargetRemoved
        | Happening::TargetReregister(_)
        | Happening::TargetPing => return None,
    })
}

/// Names of tools and sites: what is a target's name and can stand in a path. Errors: `invalid`.
pub fn check_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if fits {
        Ok(())
    } else {
        Err(Error::invalid("name: a-z, 0-9, '-', '.', '_', at most 64, a letter or digit first"))
    }
}

/// Titles are for people: one line. Errors: `invalid`.
pub fn check_title(title: &str) -> Result<()> {
    if title.len() <= MAX_TITLE && !title.contains(char::is_control) {
        Ok(())
    } else {
        Err(Error::invalid(format!("title: one line, at most {MAX_TITLE} bytes")))
    }
}

/// Whether this can be the type of a plugin's own event.
fn is_type(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    name.len() <= MAX_URL && name.contains('.') && name.bytes().all(letter)
}

/// Addresses are absolute, ASCII and short. Errors: `invalid`.
pub fn check_url(url: &str) -> Result<()> {
    let server = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let fits = url.len() <= MAX_URL
        && url.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b))
        && server.is_some_and(|server| !server.is_empty() && !server.starts_with('/'))
        && server.is_some_and(|server| !server.split(['/', '?']).next().unwrap_or_default().contains('@'));
    if fits {
        Ok(())
    } else {
        Err(Error::invalid(format!("url: {url:?} is none, or has more than {MAX_URL} characters")))
    }
}

/// A path behind a base address; an address of its own stays as it is.
pub fn joined(base: &str, path: &str) -> String {
    if path.is_empty() {
        return base.to_owned();
    }
    if path.starts_with("https://") || path.starts_with("http://") {
        return path.to_owned();
    }
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(joined("https://a.example/b/", "/c"), "https://a.example/b/c");
        assert_eq!(joined("https://a.example/b", ""), "https://a.example/b");
        assert_eq!(joined("https://a.example", "http://b.example/x"), "http://b.example/x");
        for url in ["https://a.example", "http://a.example:80/x?y=z", "https://[2001:db8::1]/"] {
            assert!(check_url(url).is_ok(), "{url}");
        }
        let long = format!("https://a.example/{}", "x".repeat(MAX_URL));
        for url in [
            "",
            "/x",
            "ftp://a.example",
            "https://",
            "https:///x",
            "https://u@a.example/",
            "https://ä.example",
            "https://a b",
            &long,
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
        assert!(check_url("https://a.example/@x").is_ok());
    }

    #[test]
    fn names() {
        assert!(["a", "a-b.c_1", "0"].iter().all(|name| check_name(name).is_ok()));
        assert!(["", "A", "a:b", "a/b", ".a", "ä", &"a".repeat(65)].iter().all(|name| check_name(name).is_err()));
        assert_eq!((event_name("ping"), event_name("content-copied")), ("target-ping", "content-copied"));
        assert_eq!(name_of(&Happening::TargetPing), "target-ping");
        assert_eq!(name_of(&Happening::CourseDeleted("3".into())), "course-deleted");
    }

    fn tool(profile: Profile, events: &[&str]) -> Tool {
        let told = |event: &&str| Told { event: (*event).into(), url: String::new(), only_own: false };
        Tool {
            name: "t".into(),
            title: String::new(),
            profile,
            url: "https://a.example".into(),
            events: events.iter().map(told).collect(),
            guid: String::new(),
            foreign: false,
            timeout: 15,
            legacy: Legacy::default(),
            keys: Vec::new(),
            lti: Lti { client_id: "c".into(), deployment_id: "d".into() },
            password: None,
        }
    }

    /// A tool may leave arguments out of the MAC as its vendor's code does, but for those that keep a request from being sent again.
    #[test]
    fn what_is_exempt_from_the_mac() {
        for (exempt, fits) in [
            (vec![], true),
            (vec!["top_Submit", "external_content_id"], true),
            (vec!["nonce"], false),
            (vec!["locale", "timestamp"], false),
            (vec!["mac"], false),
            (vec!["event_id"], false),
            (vec!["action"], false),
            (vec!["Time_Stamp"], false),
            (vec![""], false),
            (vec!["x"; MAX_EXEMPT + 1], false),
        ] {
            let mut tool = tool(Profile::Legacy, &["course-copied"]);
            tool.legacy.exempt = exempt.iter().map(|name| (*name).into()).collect();
            assert_eq!(tool.check().is_ok(), fits, "{exempt:?}");
        }
    }

    #[test]
    fn events_by_profile() {
        for (profile, event, fits) in [
            (Profile::Legacy, "content-copied", true),
            (Profile::Legacy, "target-ping", true),
            (Profile::Legacy, "course-copy-settled", false),
            (Profile::Native, "course-copy-settled", true),
            (Profile::Native, "edu.example.x.v1", true),
            (Profile::Native, "content-moved", false),
            (Profile::Lti, "course-copied", true),
            (Profile::Lti, "content-copied", false),
        ] {
            assert_eq!(tool(profile, &[event]).check().is_ok(), fits, "{profile:?} {event}");
        }
        assert!(tool(Profile::Native, &[]).check().is_err());
        assert!(tool(Profile::Native, &["course-copied", "course-copied"]).check().is_err());
        let many: Vec<String> = (0..=MAX_EVENTS).map(|n| format!("edu.example.x{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(tool(Profile::Native, &many[1..]).check().is_ok() && tool(Profile::Native, &many).check().is_err());
        for odd in ["edu.example.x\n", "edu.example.x/y", &format!("edu.{}", "x".repeat(MAX_URL))] {
            assert!(tool(Profile::Native, &[odd]).check().is_err(), "{odd}");
        }
        for (title, fits) in
            [("Prüfung", true), ("two\nlines", false), ("\u{1b}[2J", false), (&*"x".repeat(1025), false)]
        {
            assert_eq!(
                Tool { title: title.into(), ..tool(Profile::Native, &["course-copied"]) }.check().is_ok(),
                fits,
                "{title:?}"
            );
        }
        assert!(Tool { timeout: 121, ..tool(Profile::Native, &["course-copied"]) }.check().is_err());
        // Native tools hear of their state, others where they say so.
        assert_eq!(
            tool(Profile::Native, &["course-copied"]).address("target-state").as_deref(),
            Some("https://a.example")
        );
        assert_eq!(tool(Profile::Legacy, &["course-copied"]).address("target-state"), None);
        assert_eq!(tool(Profile::Native, &["course-copied"]).target().subscriptions.len(), 5);
        assert_eq!(tool(Profile::Legacy, &["course-copied"]).target().subscriptions.len(), 1);
    }
}
