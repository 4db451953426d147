//! What is noted of a content, and under which keys.
//!
//! A content's record lies with its data, so that it goes where that goes: one that names another content is a copy of that
//! one's, not noticed yet. What is being done, and whom an external id belongs to, lies in the plugin's place of no course.

use super::{Address, RESERVED, Value};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The root of the ids made here.
const ROOT: Uuid = Uuid::from_u128(0x6f1c_5a0e_93d4_4b8e_a7c2_2b90_51de_8f34);

/// How long an access may be at a content's fix-up before another one takes over, in seconds: longer than a call runs, unless
/// its manifest asks for more.
pub(super) const LEASE: i64 = 60;

/// An address as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spot {
    course: String,
    content: String,
}

impl From<&Address> for Spot {
    fn from(address: &Address) -> Self {
        Self { course: address.course.clone(), content: address.content.clone() }
    }
}

impl From<Spot> for Address {
    fn from(spot: Spot) -> Self {
        Self { course: spot.course, content: spot.content }
    }
}

/// The record of a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) content: Spot,
    pub(super) external_id: String,
    #[serde(default)]
    pub(super) approximate: bool,
}

impl Record {
    pub(super) fn is_of(&self, content: &Address) -> bool {
        self.content == Spot::from(content)
    }
}

/// Whom an external id belongs to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) external_id: String,
    pub(super) content: Spot,
}

/// A fix-up that is being done, or was begun and is still to be finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) content: Spot,
    /// The external id that came with a content of another site.
    pub(super) told: Option<String>,
    pub(super) since: i64,
    /// Nobody is at it; it waits for another try.
    pub(super) waits: bool,
    /// The data was copied at an access and not when the content was.
    pub(super) approximate: bool,
}

impl Claim {
    /// Whether somebody may be at it now.
    pub(super) fn is_held(&self, now: i64) -> bool {
        // A clock that was set back holds nothing for longer.
        !self.waits && (self.since - LEASE..self.since + LEASE).contains(&now)
    }
}

/// Whether it is a thing of another site.
pub(super) fn is_foreign(content: &Address) -> bool {
    content.content.contains(':')
}

/// The name under which a content's record lies with it.
pub(super) fn record_key(target: &str) -> String {
    format!("{RESERVED}record/{target}")
}

/// Where the claims of a target begin.
pub(super) fn claims(target: &str) -> String {
    format!("{RESERVED}fix/{target}/")
}

pub(super) fn claim_key(target: &str, content: &Address) -> String {
    format!("{}{}", claims(target), id_of(&[&content.course, &content.content]))
}

/// Where the owners of a target's external ids begin.
pub(super) fn owners(target: &str) -> String {
    format!("{RESERVED}owner/{target}/")
}

pub(super) fn owner_key(target: &str, external_id: &str) -> String {
    format!("{}{}", owners(target), id_of(&[external_id]))
}

/// Where a content of another site is found by its id there alone, which is all that a history says.
pub(super) fn foreign_key(target: &str, content: &str) -> String {
    format!("{RESERVED}foreign/{target}/{}", id_of(&[content]))
}

/// The external id of a content: the same whoever makes it. Archives carry ids to other sites, where the same numbers name other contents, so
/// the site is part of it.
pub(super) fn fresh_id(site: &str, target: &str, content: &Address) -> String {
    id_of(&["external-id", site, target, &content.course, &content.content]).to_string()
}

/// A UUIDv5 of words, each with its length.
fn id_of(words: &[&str]) -> Uuid {
    let mut name = Vec::new();
    for word in words {
        name.extend((word.len() as u64).to_be_bytes());
        name.extend(word.as_bytes());
    }
    Uuid::new_v5(&ROOT, &name)
}

/// Reads what was written down here.
pub(super) fn read<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T> {
    serde_json::from_slice(&value.bytes).map_err(|e| Error::corrupt(format!("a note of the copies module: {e}")))
}

/// Writes it down.
pub(super) fn write(note: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(note).map_err(|e| Error::failed(e.to_string()))
}
