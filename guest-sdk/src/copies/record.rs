//! What is kept of an item beside its data: whose it is, and which external id it has.

use super::{FIXING, OF_ADDRESSES, Opened};
use crate::events::Address;
use crate::plugin_data::{self, Condition, Namespace, Place};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A copy that somebody else is making an item of its own: shown as it is, not to be written to.
    Snapshotted,
    /// Being given its external id.
    Fixing,
    /// It has its own record, but its external id could not be written yet.
    FixPending,
    /// All is well.
    Resolved,
}

/// The record of an item. Copied with the item, it still names the original: that is how a copy is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub target: String,
    pub course: String,
    pub content: String,
    pub external_id: String,
    pub state: State,
    /// When the fix-up began, in Unix seconds.
    #[serde(default)]
    pub since: i64,
    #[serde(default)]
    pub approximate: bool,
}

/// What lies at an address.
pub(super) enum Kept {
    /// Its own record, with the version.
    Own(Record, u64),
    /// Data of an original, with the version of the original's record, where it had one.
    Snapshot(Option<u64>),
    Nothing,
}

fn key(target: &str) -> String {
    format!(".record/{target}")
}

/// Where it is said whose an external id is.
fn index_key(target: &str, external_id: &str) -> String {
    format!(".external-id/{}", Uuid::new_v5(&OF_ADDRESSES, format!("{target}\n{external_id}").as_bytes()))
}

impl Kept {
    pub(super) fn at(target: &str, address: &Address) -> Result<Self> {
        let place = Place::Content(address.clone());
        let Some(value) = plugin_data::get(&place, Namespace::Definition, &key(target))? else {
            return Ok(if plugin_data::exists(&place)? { Self::Snapshot(None) } else { Self::Nothing });
        };
        let record: Record = serde_json::from_slice(&value.bytes)?;
        if record.address() == *address {
            return Ok(Self::Own(record, value.version));
        }
        Ok(Self::Snapshot(Some(value.version)))
    }
}

impl Record {
    pub(super) fn new(target: &str, address: &Address, external_id: &str) -> Self {
        Self {
            target: target.to_owned(),
            course: address.course.clone(),
            content: address.content.clone(),
            external_id: external_id.to_owned(),
            state: State::FixPending,
            since: 0,
            approximate: false,
        }
    }

    pub(super) fn address(&self) -> Address {
        Address { course: self.course.clone(), content: self.content.clone() }
    }

    /// Whether somebody is about to write its external id, and not so long that they must be gone.
    pub(super) fn is_fixing(&self, now: i64) -> bool {
        self.state == State::Fixing && now - self.since <= FIXING
    }

    pub(super) fn opened(&self, fixed: bool) -> Opened {
        Opened { state: self.state, external_id: self.external_id.clone(), approximate: self.approximate, fixed }
    }

    pub(super) fn write(&self, condition: Condition) -> Result<u64> {
        let bytes = serde_json::to_vec(self).map_err(|e| Error::failed(e.to_string()))?;
        let place = Place::Content(self.address());
        plugin_data::put(&place, Namespace::Definition, &key(&self.target), &bytes, condition)
    }

    /// Says that the external id is this item's. The first word counts: copies that share an id do not take it over.
    pub(super) fn index(&self) -> Result<()> {
        let bytes = serde_json::to_vec(&(&self.course, &self.content)).map_err(|e| Error::failed(e.to_string()))?;
        let key = index_key(&self.target, &self.external_id);
        match plugin_data::put(&Place::Site, Namespace::Definition, &key, &bytes, Condition::Absent) {
            Ok(_) => Ok(()),
            Err(error) if error.kind == crate::ErrorKind::Conflict => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The item that an external id belongs to.
    pub(super) fn indexed(target: &str, external_id: &str) -> Result<Option<Address>> {
        let found = plugin_data::get(&Place::Site, Namespace::Definition, &index_key(target, external_id))?;
        let Some(found) = found else { return Ok(None) };
        let (course, content) = serde_json::from_slice(&found.bytes)?;
        Ok(Some(Address { course, content }))
    }

    /// Takes back that the external id is this item's.
    pub(super) fn forget(&self) -> Result<()> {
        if Self::indexed(&self.target, &self.external_id)? == Some(self.address()) {
            let key = index_key(&self.target, &self.external_id);
            plugin_data::delete(&Place::Site, Namespace::Definition, &key)?;
        }
        Ok(())
    }
}
