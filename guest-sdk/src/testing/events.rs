//! Copying things, and telling a plugin of it.

use super::TestHost;
use crate::Result;
use crate::double::events::Published;
use crate::double::plugin_data::Handling;
use crate::double::with;
use crate::event::{EventHandler, Intent, Verdict};
use crate::events::{Address, ContentCopied, CopyKind, CourseCopied, Event, Happening, Phase};
use crate::plugin_data::Place;

impl TestHost {
    /// Copies a content as the host does: what the plugin keeps with it, its external ids, and, into another course without any, the
    /// definition of the course's data. Returns what is told of it to the plugin itself.
    pub fn copy_content(&self, kind: CopyKind, origin: &Address, copy: &Address) -> Happening {
        with(|host| {
            let kept = &mut host.kept;
            let (from, to) = (Place::Content(origin.clone()), Place::Content(copy.clone()));
            if kept.at(&from).is_some() && !kept.exists(&to) {
                kept.copy(&from, &to, kind);
            }
            let (from, to) = (Place::Course(origin.course.clone()), Place::Course(copy.course.clone()));
            if origin.course != copy.course && kept.exists(&from) && !kept.exists(&to) {
                kept.copy(&from, &to, CopyKind::Shallow);
            }
            let ids = kept.external_ids.clone().into_iter();
            for ((target, course, content), id) in ids {
                if course == origin.course && content == origin.content {
                    kept.external_ids.insert((target, copy.course.clone(), copy.content.clone()), id);
                }
            }
            kept.descent.insert((copy.course.clone(), copy.content.clone()), origin.clone());
            let own = (String::new(), origin.course.clone(), origin.content.clone());
            let external_id = kept.external_ids.get(&own).cloned().unwrap_or_default();
            let (origin, copy) = (origin.clone(), copy.clone());
            Happening::ContentCopied(ContentCopied { kind, origin, external_id, copy })
        })
    }

    /// Copies what the plugin keeps with a course, and only that. Returns what is told of it.
    pub fn copy_course(&self, kind: CopyKind, origin: &str, copy: &str) -> Happening {
        with(|host| {
            let (from, to) = (Place::Course(origin.to_owned()), Place::Course(copy.to_owned()));
            let carried =
                host.kept.at(&to).and_then(|at| at.origin.clone()).is_some_and(|o| o.place == from && !o.edited);
            if host.kept.exists(&from) && (carried || !host.kept.exists(&to)) {
                host.kept.copy(&from, &to, kind);
            }
            let from = Address { course: origin.to_owned(), content: String::new() };
            host.kept.descent.insert((copy.to_owned(), String::new()), from);
        });
        Happening::CourseCopied(CourseCopied {
            kind,
            origin: origin.to_owned(),
            copy: copy.to_owned(),
            job: String::new(),
        })
    }

    /// The plugin's external id with a content; empty for none.
    pub fn external_id(&self, target: &str, content: &Address) -> String {
        let key = (target.to_owned(), content.course.clone(), content.content.clone());
        with(|host| host.kept.external_ids.get(&key).cloned().unwrap_or_default())
    }

    /// Gives a content an external id.
    pub fn set_external_id(&self, target: &str, content: &Address, external_id: &str) {
        let key = (target.to_owned(), content.course.clone(), content.content.clone());
        with(|host| host.kept.external_ids.insert(key, external_id.to_owned()));
    }

    /// Makes every writing of an external id fail like this; none ends it.
    pub fn fail_external_ids(&self, error: Option<crate::Error>) {
        with(|host| host.external_id_fault = error);
    }

    /// What the plugin published.
    pub fn published(&self) -> Vec<Published> {
        with(|host| host.kept.published.clone())
    }
}

/// Tells a plugin of an event after the change, as the host does: what the handler writes counts only if it is done with it.
///
/// # Errors
/// Those of the handler, which are final unless of the kind `retry-later` or `not-visible-yet`.
pub fn deliver<P: EventHandler>(target: &str, what: Happening) -> Result<Verdict> {
    tell::<P>(target, what, Phase::PostCommit)
}

/// As [`deliver`], before the change is visible: the new thing cannot be looked at. Intents are carried out afterwards.
pub fn deliver_in_transaction<P: EventHandler>(target: &str, what: Happening) -> Result<Verdict> {
    tell::<P>(target, what, Phase::InTransaction)
}

fn tell<P: EventHandler>(target: &str, what: Happening, phase: Phase) -> Result<Verdict> {
    let in_transaction = phase == Phase::InTransaction;
    let (before, jobs, event) = with(|host| {
        host.handling = Some(Handling { what: what.clone(), in_transaction });
        let storage_sequence = host.kept.sequence;
        let event = Event {
            id: format!("00000000-0000-7000-9000-{storage_sequence:012x}"),
            source: host.site.url.clone(),
            time: host.now,
            sequence: if in_transaction { 0 } else { 1 },
            what,
            storage_sequence,
            phase,
            attempt: 1,
            deferred: false,
            replay: false,
            gap_after: None,
        };
        (host.kept.clone(), host.jobs.len(), event)
    });
    let answer = crate::event::handle::<P>(target.to_owned(), event);
    with(|host| {
        host.handling = None;
        match &answer {
            Ok(Verdict::Done(intents)) => {
                for Intent::SetExternalId(new) in intents {
                    let key = (target.to_owned(), new.content.course.clone(), new.content.content.clone());
                    let current = host.kept.external_ids.entry(key).or_default();
                    if new.expected.as_ref().is_none_or(|expected| expected == current) {
                        current.clone_from(&new.external_id);
                    }
                }
            }
            _ => {
                host.kept = before;
                host.jobs.truncate(jobs);
            }
        }
    });
    answer
}
