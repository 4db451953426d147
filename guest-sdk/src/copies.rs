//! Copies and the first access to them (proxy-tool-events.md 5).
//!
//! A copied content has a new address and the original's external id. What a plugin kept with the original, the host has
//! copied at that moment; somebody has still to notice, to make it the copy's own record, and to give the copy an external id of
//! its own. [`Copies`] does: when the copy is told ([`Copies::copied`]), and, where it never was, or the id could not be
//! written, at the first access ([`Copies::open`]).
//!
//! ```no_run
//! use provost_guest::copies::{Access, Copies, Place};
//! use provost_guest::prelude::*;
//!
//! fn view(course: u64, content: u64) -> Result<String> {
//!     let content = copies::Address { course: course.to_string(), content: content.to_string() };
//!     match Copies::new().open(&content)? {
//!         Access::Ready(item) => {
//!             let text = item.get(copies::Namespace::Definition, "text")?;
//!             Ok(text.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()).unwrap_or_default())
//!         }
//!         Access::Unconfigured(item) => Ok(item.text(false).to_owned()),
//!     }
//! }
//! # use provost_guest::copies;
//! ```
//!
//! What happens at an access to a content N that carries the external id E:
//!
//! | record of N? | its id is E? | data copied to N? | record with id E elsewhere? | what is done |
//! | --- | --- | --- | --- | --- |
//! | yes | yes | | | served |
//! | yes | no | | | the record's id is written again, served |
//! | no | | yes | | the data becomes N's record with an id of its own, which is written; served |
//! | no | | no | yes | its definition alone is copied, marked approximate; then as above |
//! | no | | no | no | [`Unconfigured`]: a placeholder |
//!
//! One access at a time does this for a content; the others are served what is there meanwhile. The new id is the UUIDv5 of the
//! address, so that whoever comes to it finds the same. Nothing here asks who visits: the plugin acts in its own name, and a
//! learner's access mends a copy as well as a teacher's. An id that cannot be written does not keep anybody from the
//! content: it is tried again at each access, and by [`Copies::retry`].
//!
//! Keys beginning with [`RESERVED`] hold what this module notes.

mod contract;
mod fix;
mod record;
#[cfg(test)]
mod tests;
mod upkeep;

use crate::bindings::event::exports::provost::plugin::event_handler::Intent;
use crate::bindings::imports::provost::plugin::events::ContentCopied;
use crate::{Error, ErrorKind, IdHistory, Result};
use contract::{Contract, Host};
use fix::{Fix, Visit};

pub use crate::bindings::imports::provost::plugin::events::Address;
pub use crate::bindings::imports::provost::plugin::plugin_data::{Condition, Namespace, Place, Value};

/// What the keys of this module begin with.
pub const RESERVED: &str = "provost/";

/// How far the copy behind a content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is kept with it, or nothing that was noticed yet.
    Unconfigured,
    /// The host copied data to it; nobody has opened it yet.
    Snapshotted,
    /// An access is just making its record.
    Fixing,
    /// It has a record, whose external id is still to be written.
    FixPending,
    /// It has a record and carries its external id.
    Resolved,
    /// There is no such content any more.
    Gone,
}

/// What an access finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Access {
    /// Something to show.
    Ready(Opened),
    /// Nothing was ever set up here, or nothing that can be found.
    Unconfigured(Unconfigured),
}

/// A content that can be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    content: Address,
    /// Another one's data while its own is being copied.
    borrowed: Option<Address>,
    external_id: String,
    state: State,
    approximate: bool,
}

/// A content with which nothing is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Unconfigured {
    /// The content.
    pub content: Address,
}

impl Unconfigured {
    /// What to show in its place.
    pub fn text(&self, may_edit: bool) -> &'static str {
        if may_edit {
            "This item is not set up yet. Set it up, or remove it from the course."
        } else {
            "This item is not available yet."
        }
    }
}

impl Opened {
    /// The content.
    pub fn content(&self) -> &Address {
        &self.content
    }
    /// Its external id.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }
    /// [`State::Resolved`], [`State::FixPending`] or [`State::Fixing`].
    pub fn state(&self) -> State {
        self.state
    }
    /// Whether it was copied from what its original was at the first access, since nothing had been copied with it: the
    /// definition alone, perhaps changed since the copy.
    pub fn is_approximate(&self) -> bool {
        self.approximate
    }
    /// Whether nothing can be written now, since its data is being copied by another call.
    pub fn is_read_only(&self) -> bool {
        self.borrowed.is_some()
    }

    /// A value kept with it, as `plugin-data.get` gives it.
    pub fn get(&self, namespace: Namespace, key: &str) -> Result<Option<Value>> {
        self.get_from(&Host, namespace, key)
    }
    /// Keeps a value with it. Errors: those of `plugin-data.put`; `retry-later` while [it cannot be
    /// written](Self::is_read_only); `invalid` for a reserved key.
    pub fn put(&self, namespace: Namespace, key: &str, value: &[u8], condition: Condition) -> Result<u64> {
        self.put_to(&Host, namespace, key, value, condition)
    }
    /// Removes a value. Errors: as for [`Self::put`].
    pub fn delete(&self, namespace: Namespace, key: &str) -> Result<bool> {
        self.writable(key)?;
        Host.delete(&self.place(), namespace, key)
    }

    fn get_from(&self, contract: &impl Contract, namespace: Namespace, key: &str) -> Result<Option<Value>> {
        match &self.borrowed {
            // A copy of which nothing is known takes no user data along.
            Some(_) if namespace == Namespace::UserData => Ok(None),
            Some(other) => contract.get(&Place::Content(other.clone()), namespace, key),
            None => contract.get(&self.place(), namespace, key),
        }
    }

    fn put_to(
        &self,
        contract: &impl Contract,
        namespace: Namespace,
        key: &str,
        value: &[u8],
        condition: Condition,
    ) -> Result<u64> {
        self.writable(key)?;
        contract.put(&self.place(), namespace, key, value, condition)
    }

    fn place(&self) -> Place {
        Place::Content(self.content.clone())
    }

    fn writable(&self, key: &str) -> Result<()> {
        if key.starts_with(RESERVED) {
            return Err(Error::invalid(format!("keys beginning with {RESERVED} are reserved")));
        }
        if self.borrowed.is_some() {
            return Err(Error::new(ErrorKind::RetryLater, "copies", "the content's data is just being copied"));
        }
        Ok(())
    }
}

/// Follows the copies of a plugin's contents. Costs nothing to make; make it where it is needed.
#[derive(Debug, Clone, Default)]
pub struct Copies {
    target: String,
    retry_job: Option<&'static str>,
}

impl Copies {
    /// Of the plugin itself.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a target for which the plugin speaks.
    #[must_use]
    pub fn of_target(target: impl Into<String>) -> Self {
        Self { target: target.into(), retry_job: None }
    }

    /// Has an external id that could not be written tried again by a job of this kind, which the manifest names and which calls
    /// [`Copies::retry`].
    #[must_use]
    pub fn retried_by(mut self, kind: &'static str) -> Self {
        self.retry_job = Some(kind);
        self
    }

    /// Opens a content of this site, mending it where it is a copy that was not finished. Call it first whenever somebody
    /// accesses one. Errors: `not-found` (code `content`) where there is none; those of reading and writing data.
    pub fn open(&self, content: &Address) -> Result<Access> {
        self.fix(&Host).open(&Visit::here(content))
    }

    /// As [`open`](Self::open), and makes a record for it where there is nothing yet: for an editor who sets it up.
    pub fn set_up(&self, content: &Address) -> Result<Opened> {
        self.fix(&Host).set_up(&Visit::here(content))
    }

    /// As [`open`](Self::open), for a content of another site (`SITE:ID`) that a launch names. `carried` is the external id that came
    /// with it, for example in a custom parameter, or ""; `history` what the launch says of its ancestors, by their ids at that
    /// site (proxy-tool-events.md 12.2). Its record is all that is noted: there is nobody to write an id to.
    pub fn open_foreign(&self, content: &Address, carried: &str, history: Option<&IdHistory>) -> Result<Access> {
        self.fix(&Host).open(&Visit::foreign(content, carried, history))
    }

    /// As [`open_foreign`](Self::open_foreign), and makes a record where there is nothing yet.
    pub fn set_up_foreign(&self, content: &Address, carried: &str, history: Option<&IdHistory>) -> Result<Opened> {
        self.fix(&Host).set_up(&Visit::foreign(content, carried, history))
    }

    /// Makes a content with which nothing is kept yet a copy of another one's definition, as a teacher chose. Errors: `conflict` (code `content`) where
    /// something is kept with it; `not-found` (code `content`) where nothing is kept with the other one.
    pub fn adopt(&self, content: &Address, original: &Address) -> Result<Opened> {
        let visit = if record::is_foreign(content) { Visit::foreign(content, "", None) } else { Visit::here(content) };
        self.fix(&Host).adopt(&visit, original)
    }

    /// How far a content is.
    pub fn state(&self, content: &Address) -> Result<State> {
        self.fix(&Host).state(content)
    }

    /// Where the data of a content lies that carries this external id: with itself, or, where nothing is kept there, with what
    /// the id belongs to. For what reads an original when it is copied (it may be a copy itself that nobody has opened).
    pub fn source(&self, content: &Address, carried: &str) -> Result<Option<Address>> {
        self.fix(&Host).source(content, carried)
    }

    /// For the handler of `content-copied`: makes what the host copied the record of the copy at once, so that nothing is left
    /// to do at the first access. Return the intents with the verdict `done`. Told again, it changes nothing.
    pub fn copied(&self, event: &ContentCopied) -> Result<Vec<Intent>> {
        self.fix(&Host).copied(event)
    }

    /// For the handler of `content-deleted`: forgets all that is kept with the content.
    pub fn deleted(&self, content: &Address) -> Result<()> {
        self.fix(&Host).deleted(content)
    }

    /// For the handler of `course-deleted`: forgets all that is kept with the course and its contents.
    pub fn course_deleted(&self, course: &str) -> Result<()> {
        self.fix(&Host).course_deleted(course)
    }

    /// Tries again to finish what could not be finished: for a job. Returns how many contents were finished. Errors: `retry-later`
    /// (code `copies`) where some still could not be, so that the job is run again.
    pub fn retry(&self) -> Result<usize> {
        self.fix(&Host).retry()
    }

    /// Forgets external ids of contents that are gone, as when a whole course was deleted: for a job, now and then. Looks at no
    /// more than `limit` of them, behind the key `after` ("" to begin); returns the last key, none at the end.
    pub fn sweep(&self, after: &str, limit: u32) -> Result<Option<String>> {
        self.fix(&Host).sweep(after, limit)
    }

    fn fix<'a, C: Contract>(&'a self, contract: &'a C) -> Fix<'a, C> {
        Fix::new(contract, &self.target, self.retry_job)
    }
}
