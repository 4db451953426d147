//! Events as form arguments (proxy-tool-events.md 1 and 2). Copies spell their arguments in camel case, in pairs; all others in
//! snake case.

#[cfg(test)]
pub(crate) mod tests;

use crate::events::{
    Address, ContentArchived, ContentCopied, ContentDeleted, CopyKind, CourseArchived, CourseCopied, DeletionCause,
    Event, GroupArchived, GroupCopied, GroupDeleted, Happening,
};

/// Names and values, in the order in which they are sent.
pub type Arguments = Vec<(String, String)>;

/// What every request says beside the event. There is no user: neither `ticket` nor `user_id` nor `role` is ever sent, since what is
/// delivered later must not act for whoever happened to be there.
#[derive(Debug, Clone)]
pub struct Generic<'a> {
    /// The target's id here.
    pub guid: &'a str,
    /// This site's address.
    pub base_url: &'a str,
    /// For example `en`.
    pub locale: &'a str,
    /// Milliseconds since 1970, of this attempt.
    pub timestamp: i64,
    /// Never used before.
    pub nonce: &'a str,
}

/// Languages that are written from right to left.
const RIGHT_TO_LEFT: &[&str] = &["ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"];

/// All events of the legacy wire, by their names there.
pub const EVENTS: &[&str] = &[
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
    "state-change",
    "remove",
    "reregister",
    "ping",
];

/// Arguments that say what happened, and to what.
const OF_EVENTS: &[&str] = &[
    "backup_id",
    "content_id",
    "course_id",
    "external_content_id",
    "group_id",
    "newCourseId",
    "newId",
    "new_group_id",
    "occurred_at",
    "oldCourseId",
    "oldId",
    "old_group_id",
    "regpass",
    "state",
    "tcprofileurl",
    "type",
];

/// Whether an argument says what happened, or to what, in either spelling.
#[must_use]
pub fn says_what_happened(name: &str) -> bool {
    OF_EVENTS.iter().any(|of_event| same_name(of_event, name))
}

/// The name of an event on the legacy wire; none where it has none.
#[must_use]
pub fn name(what: &Happening) -> Option<&'static str> {
    Some(match what {
        Happening::ContentCopied(_) => "content-copied",
        Happening::ContentDeleted(_) => "content-deleted",
        Happening::ContentExported(_) => "content-exported",
        Happening::ContentImported(_) => "content-imported",
        Happening::CourseCopied(_) => "course-copied",
        Happening::CourseExported(_) => "course-exported",
        Happening::CourseImported(_) => "course-imported",
        Happening::CourseDeleted(_) => "course-deleted",
        Happening::GroupCopied(_) => "group-copied",
        Happening::GroupExported(_) => "group-exported",
        Happening::GroupImported(_) => "group-imported",
        Happening::GroupDeleted(_) => "group-deleted",
        Happening::TargetState(_) => "state-change",
        Happening::TargetRemoved => "remove",
        Happening::TargetReregister(_) => "reregister",
        Happening::TargetPing => "ping",
        Happening::CourseCopyFailed(_)
        | Happening::CourseCopySettled(_)
        | Happening::BatchCompleted(_)
        | Happening::Other(_) => return None,
    })
}

/// A kind of copy as arguments have it.
#[must_use]
pub fn kind_text(kind: CopyKind) -> &'static str {
    match kind {
        CopyKind::Exact => "exact",
        CopyKind::Shallow => "shallow",
    }
}

/// The arguments of an event, but for the MAC; none for an event that the legacy wire does not have.
///
/// Beside what the reference lists there are, for tools that want them, `event_id`, `occurred_at` (milliseconds since 1970), `deferred`,
/// and `gapafter` after an event that was given up.
#[must_use]
pub fn arguments(event: &Event, generic: &Generic<'_>) -> Option<Arguments> {
    let own: Vec<(&str, &str)> = match &event.what {
        Happening::ContentCopied(e) => vec![
            ("type", kind_text(e.kind)),
            ("oldId", &e.origin.content),
            ("newId", &e.copy.content),
            ("oldCourseId", &e.origin.course),
            ("newCourseId", &e.copy.course),
            ("external_content_id", &e.external_id),
        ],
        Happening::ContentDeleted(e) => vec![
            ("content_id", &e.content.content),
            ("course_id", &e.content.course),
            ("external_content_id", &e.external_id),
        ],
        Happening::ContentExported(e) | Happening::ContentImported(e) => vec![
            ("type", kind_text(e.kind)),
            ("content_id", &e.content.content),
            ("course_id", &e.content.course),
            ("backup_id", &e.backup),
        ],
        Happening::CourseCopied(e) => {
            vec![("type", kind_text(e.kind)), ("oldCourseId", &e.origin), ("newCourseId", &e.copy)]
        }
        Happening::CourseExported(e) | Happening::CourseImported(e) => {
            vec![("type", kind_text(e.kind)), ("course_id", &e.course), ("backup_id", &e.backup)]
        }
        Happening::CourseDeleted(course) => vec![("course_id", course)],
        Happening::GroupCopied(e) => vec![
            ("type", kind_text(e.kind)),
            ("oldCourseId", &e.origin_course),
            ("newCourseId", &e.course),
            ("oldId", &e.origin_group),
            ("newId", &e.group),
        ],
        Happening::GroupExported(e) => vec![
            ("type", kind_text(e.kind)),
            ("course_id", &e.course),
            ("backup_id", &e.backup),
            ("group_id", &e.group),
        ],
        Happening::GroupImported(e) => vec![
            ("type", kind_text(e.kind)),
            ("course_id", &e.course),
            ("backup_id", &e.backup),
            ("old_group_id", &e.archived_group),
            ("new_group_id", &e.group),
        ],
        Happening::GroupDeleted(e) => vec![("course_id", &e.course), ("group_id", &e.group)],
        // The wire has three states; who is quarantined is unavailable there.
        Happening::TargetState(change) => vec![(
            "state",
            match change.after.as_str() {
                "available" => "available",
                "inactive" => "inactive",
                _ => "unavailable",
            },
        )],
        Happening::TargetReregister(e) => vec![("regpass", &e.password), ("tcprofileurl", &e.profile_url)],
        Happening::TargetRemoved | Happening::TargetPing => Vec::new(),
        Happening::CourseCopyFailed(_)
        | Happening::CourseCopySettled(_)
        | Happening::BatchCompleted(_)
        | Happening::Other(_) => return None,
    };
    let timestamp = generic.timestamp.to_string();
    let occurred = event.time.saturating_mul(1000).to_string();
    let language = generic.locale.split(['_', '-']).next().unwrap_or_default();
    let direction = if RIGHT_TO_LEFT.contains(&language) { "rtl" } else { "ltr" };
    let all = [
        ("ourguid", generic.guid),
        ("tcbaseurl", generic.base_url),
        ("locale", generic.locale),
        ("direction", direction),
        ("timestamp", &timestamp),
        ("nonce", generic.nonce),
        ("event_id", &event.id),
        ("occurred_at", &occurred),
        ("deferred", if event.deferred { "true" } else { "false" }),
    ];
    let gap = event.gap_after.as_deref().map(|id| ("gapafter", id));
    let every = own.into_iter().chain(all).chain(gap);
    Some(every.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Arguments as a body.
#[must_use]
pub fn encode(arguments: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish()
}

/// The arguments of a body or query.
#[must_use]
pub fn decode(form: &[u8]) -> Arguments {
    form_urlencoded::parse(form).into_owned().collect()
}

/// What another site tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// Something happened to a thing of it.
    Happened(Happening),
    /// It changed the state in which it has this host.
    State(String),
    /// It has this host no longer.
    Removed,
    /// It wants this host to register again.
    Reregister {
        /// The one-time password.
        password: String,
        /// Where its description is.
        profile_url: String,
    },
    /// Is this host alive?
    Ping,
}

/// Why arguments are no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEvent {
    /// There is none of that name.
    #[error("no event {0:?}")]
    Unknown(String),
    /// An argument is missing or cannot be.
    #[error("the argument {0} is missing or wrong")]
    Argument(&'static str),
}

/// The most that an id or another argument of an event may have, bytes.
const MAX_VALUE: usize = 1024;

/// Reads the arguments of the event `action` of a site. Its things are named `SITE:ID` from here on.
///
/// # Errors
/// [`NoEvent`].
pub fn read(action: &str, arguments: &[(String, String)], site: &str) -> Result<Incoming, NoEvent> {
    let sent = Sent { arguments, site };
    let content = || Ok(Address { course: sent.id("course_id")?, content: sent.id("content_id")? });
    let backup = || sent.text("backup_id");
    Ok(Incoming::Happened(match action {
        "content-copied" => Happening::ContentCopied(ContentCopied {
            kind: sent.kind()?,
            origin: Address { course: sent.id("oldCourseId")?, content: sent.id("oldId")? },
            external_id: sent.optional("external_content_id")?,
            copy: Address { course: sent.id("newCourseId")?, content: sent.id("newId")? },
        }),
        // The wire has no word on why.
        "content-deleted" => Happening::ContentDeleted(ContentDeleted {
            content: content()?,
            external_id: sent.optional("external_content_id")?,
            cause: DeletionCause::Delete,
        }),
        "content-exported" | "content-imported" => {
            let archived = ContentArchived {
                kind: sent.kind()?,
                content: content()?,
                external_id: sent.optional("external_content_id")?,
                backup: backup()?,
            };
            match action {
                "content-exported" => Happening::ContentExported(archived),
                _ => Happening::ContentImported(archived),
            }
        }
        "course-copied" => Happening::CourseCopied(CourseCopied {
            kind: sent.kind()?,
            origin: sent.id("oldCourseId")?,
            copy: sent.id("newCourseId")?,
            job: String::new(),
        }),
        "course-exported" | "course-imported" => {
            let archived = CourseArchived {
                kind: sent.kind()?,
                course: sent.id("course_id")?,
                backup: backup()?,
                job: String::new(),
            };
            match action {
                "course-exported" => Happening::CourseExported(archived),
                _ => Happening::CourseImported(archived),
            }
        }
        "course-deleted" => Happening::CourseDeleted(sent.id("course_id")?),
        "group-copied" => Happening::GroupCopied(GroupCopied {
            kind: sent.kind()?,
            origin_course: sent.id("oldCourseId")?,
            origin_group: sent.id("oldId")?,
            course: sent.id("newCourseId")?,
            group: sent.id("newId")?,
        }),
        "group-exported" => {
            let group = sent.id("group_id")?;
            Happening::GroupExported(GroupArchived {
                kind: sent.kind()?,
                course: sent.id("course_id")?,
                archived_group: group.clone(),
                group,
                backup: backup()?,
            })
        }
        "group-imported" => Happening::GroupImported(GroupArchived {
            kind: sent.kind()?,
            course: sent.id("course_id")?,
            group: sent.id("new_group_id")?,
            archived_group: sent.id("old_group_id")?,
            backup: backup()?,
        }),
        "group-deleted" => {
            Happening::GroupDeleted(GroupDeleted { course: sent.id("course_id")?, group: sent.id("group_id")? })
        }
        "state-change" => {
            let state = sent.text("state")?;
            return match state.as_str() {
                "available" | "inactive" | "unavailable" => Ok(Incoming::State(state)),
                // As the vendor's sample has it.
                "unregistered" => Ok(Incoming::Removed),
                _ => Err(NoEvent::Argument("state")),
            };
        }
        "remove" => return Ok(Incoming::Removed),
        "reregister" => {
            let (password, profile_url) = (sent.text("regpass")?, sent.text("tcprofileurl")?);
            return Ok(Incoming::Reregister { password, profile_url });
        }
        "ping" => return Ok(Incoming::Ping),
        other => return Err(NoEvent::Unknown(other.chars().take(64).collect())),
    }))
}

/// Arguments that came.
struct Sent<'a> {
    arguments: &'a [(String, String)],
    site: &'a str,
}

impl Sent<'_> {
    /// The one value of an argument; either spelling will do.
    fn value(&self, name: &'static str) -> Result<Option<&str>, NoEvent> {
        let mut found =
            self.arguments.iter().filter(|(given, _)| same_name(given, name)).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (Some(value), None) if value.len() <= MAX_VALUE && !value.contains(char::is_control) => Ok(Some(value)),
            (None, _) => Ok(None),
            _ => Err(NoEvent::Argument(name)),
        }
    }
    fn optional(&self, name: &'static str) -> Result<String, NoEvent> {
        Ok(self.value(name)?.unwrap_or_default().to_owned())
    }
    fn text(&self, name: &'static str) -> Result<String, NoEvent> {
        self.value(name)?.filter(|value| !value.is_empty()).map(str::to_owned).ok_or(NoEvent::Argument(name))
    }
    fn id(&self, name: &'static str) -> Result<String, NoEvent> {
        Ok(foreign(self.site, &self.text(name)?))
    }
    fn kind(&self) -> Result<CopyKind, NoEvent> {
        match self.value("type")? {
            Some("exact") => Ok(CopyKind::Exact),
            Some("shallow") => Ok(CopyKind::Shallow),
            _ => Err(NoEvent::Argument("type")),
        }
    }
}

/// Whether two names are one but for their spelling, with capitals or underscores.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase())
    }
    letters(one).eq(letters(other))
}

/// What a thing of another site is called here.
#[must_use]
pub fn foreign(site: &str, id: &str) -> String {
    format!("{site}:{id}")
}
