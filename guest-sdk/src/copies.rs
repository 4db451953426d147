//! Copies at first sight: an item that is opened may be a copy that nobody finished (proxy-tool-events.md 5.3).
//!
//! A copied item has the **old external id under a new address**. Its data is there already, since the host copies it; what is left
//! to do is to give it a record and an external id of its own. [`open`] does that, whoever opens the item: with the plugin's rights, never
//! the visitor's; once, however many come at the same time; and without failing the page where the write does not work.
//!
//! A plugin that keeps items calls [`configure`] when it sets one up, [`open`] whenever one is opened, [`deleted`] when one goes, and
//! [`retry`] from a job now and then.
//!
//! What it keeps of an item lies at [`Place::Content`] of its address, in keys of its choice that do not begin with a full stop.

mod record;
#[cfg(test)]
mod tests;

use crate::contents;
use crate::event::{Intent, NewExternalId};
use crate::events::{Address, ContentCopied, CopyKind};
use crate::plugin_data::{self, Condition, Namespace, Place};
use crate::{Error, ErrorKind, Result, clock, config, log};
use record::{Kept, Record};
use uuid::Uuid;

pub use record::State;

/// Seconds after which somebody else goes on with a fix-up that was begun.
const FIXING: i64 = 10;
/// Of external ids that are made of addresses.
const OF_ADDRESSES: Uuid = Uuid::from_u128(0x5f6f_0b51_6c1d_5b0e_9d5d_0c2f_7a6e_31b4);
/// Items whose external id is still to be written, at [`Place::Site`].
const PENDING: &str = ".pending/";

/// An item as it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// How it stands.
    pub state: State,
    /// Its own external id; while it is [`State::Snapshotted`], the original's.
    pub external_id: String,
    /// Whether it was taken from the original as that is now, the definition alone, since nobody told of the copy.
    pub approximate: bool,
    /// Whether this call gave it its external id.
    pub fixed: bool,
}

/// The external id of the item at an address: the same for whoever works it out.
pub fn derived_id(target: &str, address: &Address) -> String {
    let name = format!("{}\n{target}\n{}\n{}", config::get_site().hash, address.course, address.content);
    Uuid::new_v5(&OF_ADDRESSES, name.as_bytes()).to_string()
}

/// Sets an item up: gives it a record, and this external id or one made of its address. Returns that.
pub fn configure(target: &str, address: &Address, external_id: Option<&str>) -> Result<String> {
    let external_id = external_id.map_or_else(|| derived_id(target, address), str::to_owned);
    let record = Record::new(target, address, &external_id);
    record.write(Condition::Always)?;
    record.index()?;
    contents::set_external_id(target, address, &external_id, None)?;
    Record { state: State::Resolved, ..record }.write(Condition::Always)?;
    Ok(external_id)
}

/// Handles the event of a copy: gives it a record and, as soon as it is visible, an external id of its own. What this misses [`open`]
/// makes good.
pub fn copied(target: &str, event: &ContentCopied) -> Result<Vec<Intent>> {
    let version = match Kept::at(target, &event.copy)? {
        Kept::Snapshot(version) => version,
        // Told before, or a copy of nothing.
        Kept::Own(..) | Kept::Nothing => return Ok(Vec::new()),
    };
    let own = derived_id(target, &event.copy);
    let record = Record { state: State::Resolved, ..Record::new(target, &event.copy, &own) };
    record.write(version.map_or(Condition::Absent, Condition::Unchanged))?;
    record.index()?;
    let content = event.copy.clone();
    let expected = Some(event.external_id.clone());
    Ok(vec![Intent::SetExternalId(NewExternalId { content, external_id: own, expected })])
}

/// Opens an item; none for one that was never set up, nor is a copy of one that was: show those who may edit it that it waits for
/// them, and everybody else something friendly.
///
/// # Errors
/// Those of reading; what cannot be written is left for later.
pub fn open(target: &str, address: &Address) -> Result<Option<Opened>> {
    let external_id = contents::external_id(target, address)?;
    match Kept::at(target, address)? {
        Kept::Own(record, _) if record.external_id == external_id => {
            settle(&record);
            Ok(Some(record.opened(false)))
        }
        // Somebody else is at it.
        Kept::Own(record, _) if record.is_fixing(clock::now()) => Ok(Some(record.opened(false))),
        Kept::Own(record, version) => {
            let claim = Record { state: State::Fixing, since: clock::now(), ..record.clone() };
            match claim.write(Condition::Unchanged(version)) {
                Ok(version) => write_id(claim, version, &external_id).map(Some),
                Err(error) if error.kind == ErrorKind::Conflict => Ok(Some(record.opened(false))),
                Err(error) => Err(error),
            }
        }
        Kept::Snapshot(version) => promote(target, address, &external_id, version, false).map(Some),
        Kept::Nothing => match reachable(target, address, &external_id)? {
            Some(origin) => {
                // Nobody said how much may come along: so as little as may be.
                let (from, to) = (Place::Content(origin), Place::Content(address.clone()));
                plugin_data::copy(&from, &to, CopyKind::Shallow, true)?;
                let version = match Kept::at(target, address)? {
                    Kept::Snapshot(version) => version,
                    Kept::Own(record, _) => return Ok(Some(record.opened(false))),
                    Kept::Nothing => return Ok(None),
                };
                promote(target, address, &external_id, version, true).map(Some)
            }
            None => Ok(None),
        },
    }
}

/// Removes what is kept with an item that is gone.
pub fn deleted(target: &str, address: &Address) -> Result<()> {
    if let Kept::Own(record, _) = Kept::at(target, address)? {
        record.forget()?;
    }
    plugin_data::delete(&Place::Site, Namespace::Definition, &pending_key(target, address))?;
    plugin_data::erase(&Place::Content(address.clone()))
}

/// Tries again to write external ids that could not be written, at most so many. How many are done.
pub fn retry(limit: u32) -> Result<u32> {
    let keys = plugin_data::keys(&Place::Site, Namespace::Definition, PENDING, limit)?;
    let mut done = 0;
    for key in keys.iter().filter(|key| key.starts_with(PENDING)) {
        let Some(value) = plugin_data::get(&Place::Site, Namespace::Definition, key)? else { continue };
        let waiting: Pending = serde_json::from_slice(&value.bytes)?;
        let address = Address { course: waiting.course, content: waiting.content };
        match open(&waiting.target, &address) {
            Ok(Some(Opened { state: State::FixPending | State::Fixing | State::Snapshotted, .. })) => {}
            Ok(_) => {
                plugin_data::delete(&Place::Site, Namespace::Definition, key)?;
                done += 1;
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                // The item is gone, and nobody said so yet.
                plugin_data::delete(&Place::Site, Namespace::Definition, key)?;
            }
            Err(_) => {}
        }
    }
    Ok(done)
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Pending {
    target: String,
    course: String,
    content: String,
}

fn pending_key(target: &str, address: &Address) -> String {
    format!("{PENDING}{}", derived_id(target, address))
}

/// The address of a record that the external id leads to, or of an ancestor with data.
fn reachable(target: &str, address: &Address, external_id: &str) -> Result<Option<Address>> {
    if !external_id.is_empty()
        && let Some(origin) = Record::indexed(target, external_id)?
        && origin != *address
        && plugin_data::exists(&Place::Content(origin.clone()))?
    {
        return Ok(Some(origin));
    }
    for ancestor in contents::history(address)? {
        if plugin_data::exists(&Place::Content(ancestor.clone()))? {
            return Ok(Some(ancestor));
        }
    }
    Ok(None)
}

/// Makes a snapshot a record of its own. Who comes second shows the snapshot as it is.
fn promote(
    target: &str,
    address: &Address,
    external_id: &str,
    version: Option<u64>,
    approximate: bool,
) -> Result<Opened> {
    let own = derived_id(target, address);
    let record =
        Record { state: State::Fixing, since: clock::now(), approximate, ..Record::new(target, address, &own) };
    let condition = version.map_or(Condition::Absent, Condition::Unchanged);
    match record.write(condition) {
        Ok(version) => {
            record.index()?;
            write_id(record, version, external_id)
        }
        Err(error) if error.kind == ErrorKind::Conflict => {
            Ok(Opened { state: State::Snapshotted, external_id: external_id.to_owned(), approximate, fixed: false })
        }
        Err(error) => Err(error),
    }
}

/// Gives the content the external id of its record, if it still has the one that was seen. The record was claimed with this version.
fn write_id(record: Record, claimed: u64, seen: &str) -> Result<Opened> {
    let address = record.address();
    let written = contents::set_external_id(&record.target, &address, &record.external_id, Some(seen));
    let (state, fixed) = match &written {
        Ok(true) => (State::Resolved, true),
        // Somebody else wrote: it may have been this very id.
        Ok(false) if contents::external_id(&record.target, &address)? == record.external_id => (State::Resolved, false),
        Ok(false) | Err(_) => (State::FixPending, false),
    };
    if let Err(error) = &written {
        let message = format!("external id of {}/{}: {}", address.course, address.content, error.message);
        log::write(log::Level::Warn, &message);
    }
    let record = Record { state, ..record };
    if record.write(Condition::Unchanged(claimed)).is_ok() {
        note_pending(&record)?;
    }
    Ok(record.opened(fixed))
}

/// The external id arrived after all.
fn settle(record: &Record) {
    if record.state == State::Resolved {
        return;
    }
    let settled = Record { state: State::Resolved, ..record.clone() };
    if settled.write(Condition::Always).is_ok() {
        let _ = note_pending(&settled);
    }
}

fn note_pending(record: &Record) -> Result<()> {
    let address = record.address();
    let key = pending_key(&record.target, &address);
    if record.state == State::Resolved {
        plugin_data::delete(&Place::Site, Namespace::Definition, &key)?;
        return Ok(());
    }
    let waiting = Pending { target: record.target.clone(), course: address.course, content: address.content };
    let waiting = serde_json::to_vec(&waiting).map_err(|e| Error::failed(e.to_string()))?;
    plugin_data::put(&Place::Site, Namespace::Definition, &key, &waiting, Condition::Always)?;
    Ok(())
}
