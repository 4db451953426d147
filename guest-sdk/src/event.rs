//! Event handlers: which function handles what, in one table.
//!
//! ```
//! use provost_guest::event::{EventContext, EventHandler, Events};
//! use provost_guest::events::{Address, ContentDeleted};
//! use provost_guest::prelude::*;
//! use provost_guest::plugin_data::{self, Place};
//!
//! struct Notes;
//!
//! fn forget(_: &EventContext, gone: ContentDeleted) -> Result<()> {
//!     plugin_data::erase(&Place::Content(gone.content))
//! }
//!
//! impl EventHandler for Notes {
//!     fn events() -> Events {
//!         Events::new().content_deleted(forget)
//!     }
//! }
//! ```
//!
//! How a handler ends decides what becomes of the event:
//!
//! | the handler | means | the event |
//! | --- | --- | --- |
//! | returns `Ok` | done | is done; what was written counts |
//! | returns `Ok(`[`Verdict::RetryLater`]`)` | not now | comes again, at the cost of an attempt |
//! | returns `Err` | **a decision: no** | is logged and dropped, **never sent again** |
//! | returns `Err` of kind `retry-later` or `not-visible-yet`, or `conflict` over a version | the host could not, this time | comes again |
//! | panics, or runs out of time or memory | nothing is decided | comes again; three times the same, and it is given up |
//! | returns `Ok(`[`Verdict::Abort`]`)` | leave me alone with this | is given up at once |
//!
//! So a `?` behind a host function is safe where the host is merely busy, and everything else that a handler returns as an error is
//! final. Whoever is not sure panics, or asks for another try.
//!
//! An event may come more than once. What a handler wrote through the host counts once all the same; what it did outside does not,
//! so look first whether it is done.

#[cfg(test)]
mod tests;

use crate::bindings::event::exports::provost::plugin::event_handler as wire;
use crate::events::{
    BatchCompleted, ContentArchived, ContentCopied, ContentDeleted, CopySettled, CourseArchived, CourseCopied,
    CourseCopyFailed, Event, GroupArchived, GroupCopied, GroupDeleted, Happening, Phase, Reregistration, StateChange,
};
use crate::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;

pub use wire::{Intent, NewExternalId, Silence, Verdict};

/// Implemented by a plugin that is told of events. Which ones it is told of stands in its manifest, or in `targets`.
pub trait EventHandler {
    /// What handles which event. Called anew for every event: keep it cheap.
    fn events() -> Events;
}

/// What is said of every event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventContext {
    /// For which target: empty for the plugin itself.
    pub target: String,
    /// The same at every attempt.
    pub id: String,
    /// Where it happened: a site's address.
    pub source: String,
    /// When.
    pub time: i64,
    /// Its place in the order of all events; 0 before the change is published.
    pub sequence: u64,
    /// Point in the history of plugin data at which a copy was made.
    pub storage_sequence: u64,
    /// Whether the change is visible already.
    pub phase: Phase,
    /// From 1.
    pub attempt: u32,
    /// Whether it waited before this attempt.
    pub deferred: bool,
    /// Whether an operator had it sent again.
    pub replay: bool,
    /// An earlier event of the same courses that was given up since the last one that came through.
    pub gap_after: Option<String>,
}

impl From<()> for Verdict {
    fn from((): ()) -> Self {
        Self::Done(Vec::new())
    }
}

impl From<Vec<Intent>> for Verdict {
    fn from(intents: Vec<Intent>) -> Self {
        Self::Done(intents)
    }
}

type Handler = Box<dyn Fn(&EventContext, Happening) -> Result<Verdict>>;
type Matcher = Box<dyn Fn(&Happening) -> bool>;

/// A table of handlers. An event that nothing stands for is done at once.
#[derive(Default)]
pub struct Events(Vec<(Matcher, Handler)>);

/// A method for each case of [`Happening`] that says something.
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident: $case:ident($of:ty);)+) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name<R: Into<Verdict> + 'static>(self, handle: fn(&EventContext, $of) -> Result<R>) -> Self {
                self.with(
                    |what| matches!(what, Happening::$case(_)),
                    move |context, what| match what {
                        Happening::$case(of) => handle(context, of).map(Into::into),
                        _ => Ok(().into()),
                    },
                )
            }
        )+
    };
}

impl Events {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with(
        mut self,
        matches: impl Fn(&Happening) -> bool + 'static,
        handle: impl Fn(&EventContext, Happening) -> Result<Verdict> + 'static,
    ) -> Self {
        self.0.push((Box::new(matches), Box::new(handle)));
        self
    }

    cases! {
        /// A content was copied: what the host copied of the plugin's data is there already.
        content_copied: ContentCopied(ContentCopied);
        /// A content is gone.
        content_deleted: ContentDeleted(ContentDeleted);
        /// A content goes into an archive: what is to be found again is put under the backup's id.
        content_exported: ContentExported(ContentArchived);
        /// A content came out of an archive. Nothing under the backup's id is quite normal.
        content_imported: ContentImported(ContentArchived);
        /// A course was copied.
        course_copied: CourseCopied(CourseCopied);
        /// A copy of a course failed.
        course_copy_failed: CourseCopyFailed(CourseCopyFailed);
        /// A copy of a course was told in full.
        course_copy_settled: CourseCopySettled(CopySettled);
        /// A course is gone, with everything in it.
        course_deleted: CourseDeleted(String);
        /// A course goes into an archive.
        course_exported: CourseExported(CourseArchived);
        /// A course came out of an archive.
        course_imported: CourseImported(CourseArchived);
        /// A group was copied.
        group_copied: GroupCopied(GroupCopied);
        /// A group goes into an archive.
        group_exported: GroupExported(GroupArchived);
        /// A group came out of an archive.
        group_imported: GroupImported(GroupArchived);
        /// A group is gone.
        group_deleted: GroupDeleted(GroupDeleted);
        /// A bulk operation is through.
        batch_completed: BatchCompleted(BatchCompleted);
        /// The target changes its state. `Err` refuses a change to `available`.
        target_state: TargetState(StateChange);
        /// The target shall register again.
        target_reregister: TargetReregister(Reregistration);
    }

    /// The target is taken away.
    #[must_use]
    pub fn target_removed(self, handle: fn(&EventContext) -> Result<()>) -> Self {
        self.with(|what| matches!(what, Happening::TargetRemoved), move |context, _| handle(context).map(Into::into))
    }

    /// Is the target alive?
    #[must_use]
    pub fn target_ping(self, handle: fn(&EventContext) -> Result<Verdict>) -> Self {
        self.with(|what| matches!(what, Happening::TargetPing), move |context, _| handle(context))
    }

    /// An event of a plugin's own of this type. What it says crosses as JSON; what cannot be read is an error, and so final.
    #[must_use]
    pub fn other<T, R>(self, of_type: &'static str, handle: fn(&EventContext, T) -> Result<R>) -> Self
    where
        T: DeserializeOwned + 'static,
        R: Into<Verdict> + 'static,
    {
        self.with(
            move |what| matches!(what, Happening::Other(custom) if custom.type_ == of_type),
            move |context, what| match what {
                Happening::Other(custom) => {
                    let data = serde_json::from_str(&custom.data)
                        .map_err(|e| Error::invalid(format!("data of {of_type}: {e}")))?;
                    handle(context, data).map(Into::into)
                }
                _ => Ok(().into()),
            },
        )
    }

    /// Whatever nothing above stands for.
    #[must_use]
    pub fn otherwise<R: Into<Verdict> + 'static>(self, handle: fn(&EventContext, Happening) -> Result<R>) -> Self {
        self.with(|_| true, move |context, what| handle(context, what).map(Into::into))
    }
}

/// The export `handle`.
#[doc(hidden)]
pub fn handle<P: EventHandler>(target: String, event: Event) -> Result<Verdict> {
    let context = EventContext {
        target,
        id: event.id,
        source: event.source,
        time: event.time,
        sequence: event.sequence,
        storage_sequence: event.storage_sequence,
        phase: event.phase,
        attempt: event.attempt,
        deferred: event.deferred,
        replay: event.replay,
        gap_after: event.gap_after,
    };
    let table = P::events();
    let Some((_, handler)) = table.0.iter().find(|(matches, _)| matches(&event.what)) else {
        return Ok(().into());
    };
    handler(&context, event.what).map_err(passing)
}

/// An error as the host is given it: one that passes by itself asks for another try, whatever the handler made of it.
fn passing(error: Error) -> Error {
    match (error.kind, error.code.as_str()) {
        (ErrorKind::Conflict, "version") => Error { kind: ErrorKind::RetryLater, ..error },
        _ => error,
    }
}
