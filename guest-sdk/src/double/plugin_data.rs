//! `plugin-data` in memory: copies are real ones.

use super::{MAX_PAGE, enter, with};
use crate::bindings::imports::provost::plugin::events::{Address, CopyKind, Happening};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

pub use crate::bindings::imports::provost::plugin::plugin_data::{Condition, Namespace, Origin, Place, Value};

const INTERFACE: &str = "plugin-data";
const MAX_KEY: usize = 512;
const MAX_VALUE: usize = 1 << 20;

/// A place as a key: its kind and its ids.
pub(crate) type PlaceKey = (u8, String, String);

/// What is kept at a place.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtPlace {
    pub(crate) values: BTreeMap<(bool, String), (Vec<u8>, u64)>,
    pub(crate) origin: Option<Origin>,
}

/// What is undone when a handler does not succeed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) sequence: u64,
    pub(crate) places: BTreeMap<PlaceKey, AtPlace>,
    /// By target, course and content.
    pub(crate) external_ids: BTreeMap<(String, String, String), String>,
    /// Whose copies contents are, and courses (content empty).
    pub(crate) descent: BTreeMap<(String, String), Address>,
    pub(crate) published: Vec<super::events::Published>,
}

/// An event while it is handled.
#[derive(Debug, Clone)]
pub(crate) struct Handling {
    pub(crate) what: Happening,
    pub(crate) in_transaction: bool,
}

pub(crate) fn place_key(place: &Place) -> PlaceKey {
    match place {
        Place::Site => (0, String::new(), String::new()),
        Place::Course(course) => (1, course.clone(), String::new()),
        Place::Content(address) => (2, address.course.clone(), address.content.clone()),
        Place::Backup((backup, name)) => (3, backup.clone(), name.clone()),
    }
}

fn key_place((kind, course, content): &PlaceKey) -> Place {
    match kind {
        0 => Place::Site,
        1 => Place::Course(course.clone()),
        2 => Place::Content(Address { course: course.clone(), content: content.clone() }),
        _ => Place::Backup((course.clone(), content.clone())),
    }
}

impl Handling {
    /// Whether a shallow copy hides what is recorded of people at this place.
    fn hides(&self, place: &Place) -> bool {
        use CopyKind::Shallow;
        let of_course = |course: &str| match place {
            Place::Course(of) => of == course,
            Place::Content(of) => of.course == course,
            Place::Site | Place::Backup(_) => false,
        };
        let of_backup = |backup: &str| matches!(place, Place::Backup((of, _)) if of == backup);
        match &self.what {
            Happening::ContentCopied(c) if c.kind == Shallow => *place == Place::Content(c.origin.clone()),
            Happening::ContentExported(c) if c.kind == Shallow => *place == Place::Content(c.content.clone()),
            Happening::CourseCopied(c) if c.kind == Shallow => of_course(&c.origin),
            Happening::CourseExported(c) if c.kind == Shallow => of_course(&c.course),
            Happening::ContentImported(c) if c.kind == Shallow => of_backup(&c.backup),
            Happening::CourseImported(c) if c.kind == Shallow => of_backup(&c.backup),
            _ => false,
        }
    }

    /// Whether a content is one that the change makes.
    pub(crate) fn makes(&self, content: &Address) -> bool {
        self.in_transaction
            && match &self.what {
                Happening::ContentCopied(c) => c.copy == *content,
                Happening::ContentImported(c) => c.content == *content,
                Happening::CourseCopied(c) => c.copy == content.course,
                _ => false,
            }
    }
}

impl Kept {
    /// What is kept at a place.
    pub(crate) fn at(&self, place: &Place) -> Option<&AtPlace> {
        self.places.get(&place_key(place))
    }

    /// Makes a place a copy of another.
    pub(crate) fn copy(&mut self, from: &Place, to: &Place, kind: CopyKind) {
        self.sequence += 1;
        let shallow = kind == CopyKind::Shallow;
        let mut values = self.at(from).map(|at| at.values.clone()).unwrap_or_default();
        values.retain(|(user, _), _| !(shallow && *user));
        let origin = Origin { place: from.clone(), kind, storage_sequence: self.sequence - 1, edited: false };
        self.places.insert(place_key(to), AtPlace { values, origin: Some(origin) });
    }

    /// Whether anything is kept at a place.
    pub(crate) fn exists(&self, place: &Place) -> bool {
        self.at(place).is_some_and(|at| !at.values.is_empty())
    }
}

fn may_read(place: &Place, namespace: Namespace) -> Result<()> {
    let hidden = with(|host| host.handling.as_ref().is_some_and(|handling| handling.hides(place)));
    if hidden && namespace == Namespace::UserData {
        let message = "the copy is a shallow one: what is recorded of people is not for it";
        return Err(Error::new(ErrorKind::Denied, "user-data", message));
    }
    Ok(())
}

fn value_key(namespace: Namespace, key: &str) -> (bool, String) {
    (namespace == Namespace::UserData, key.to_owned())
}

/// See `plugin-data.get`.
pub fn get(place: &Place, namespace: Namespace, key: &str) -> Result<Option<Value>> {
    enter(INTERFACE)?;
    may_read(place, namespace)?;
    Ok(with(|host| {
        let (bytes, version) = host.kept.at(place)?.values.get(&value_key(namespace, key))?.clone();
        Some(Value { bytes, version })
    }))
}

/// See `plugin-data.put`.
pub fn put(place: &Place, namespace: Namespace, key: &str, value: &[u8], condition: Condition) -> Result<u64> {
    enter(INTERFACE)?;
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(Error::new(ErrorKind::Limit, "key", "a key has 1 to 512 bytes"));
    }
    if value.len() > MAX_VALUE {
        return Err(Error::new(ErrorKind::Limit, "value", "a value may have 1 MiB"));
    }
    if condition != Condition::Always {
        may_read(place, namespace)?;
    }
    with(|host| {
        let of = value_key(namespace, key);
        let there = host.kept.at(place).and_then(|at| at.values.get(&of)).map(|(_, version)| *version);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Unchanged(version) => there == Some(version),
        };
        if !holds {
            return Err(Error::new(ErrorKind::Conflict, "version", format!("{key:?} has version {there:?}")));
        }
        host.kept.sequence += 1;
        let version = host.kept.sequence;
        let at = host.kept.places.entry(place_key(place)).or_default();
        at.values.insert(of, (value.to_vec(), version));
        if let Some(origin) = &mut at.origin {
            origin.edited = true;
        }
        Ok(version)
    })
}

/// See `plugin-data.delete`.
pub fn delete(place: &Place, namespace: Namespace, key: &str) -> Result<bool> {
    enter(INTERFACE)?;
    may_read(place, namespace)?;
    Ok(with(|host| {
        let Some(at) = host.kept.places.get_mut(&place_key(place)) else { return false };
        let was = at.values.remove(&value_key(namespace, key)).is_some();
        if let (true, Some(origin)) = (was, &mut at.origin) {
            origin.edited = true;
        }
        was
    }))
}

/// See `plugin-data.keys`.
pub fn keys(place: &Place, namespace: Namespace, after: &str, limit: u32) -> Result<Vec<String>> {
    enter(INTERFACE)?;
    may_read(place, namespace)?;
    Ok(with(|host| {
        let most = limit.clamp(1, host.page_limit.min(MAX_PAGE)) as usize;
        let user = namespace == Namespace::UserData;
        let all = host.kept.at(place).into_iter().flat_map(|at| at.values.keys());
        all.filter(|(of, key)| *of == user && key.as_str() > after).map(|(_, key)| key.clone()).take(most).collect()
    }))
}

/// See `plugin-data.exists`.
pub fn exists(place: &Place) -> Result<bool> {
    enter(INTERFACE)?;
    Ok(with(|host| host.kept.exists(place)))
}

/// See `plugin-data.erase`.
pub fn erase(place: &Place) -> Result<()> {
    enter(INTERFACE)?;
    let of = place_key(place);
    with(|host| host.kept.places.retain(|key, _| *key != of && !(of.0 == 1 && key.0 == 2 && key.1 == of.1)));
    Ok(())
}

/// See `plugin-data.copy`.
pub fn copy(from: &Place, to: &Place, kind: CopyKind, if_absent: bool) -> Result<bool> {
    enter(INTERFACE)?;
    if kind == CopyKind::Exact {
        may_read(from, Namespace::UserData)?;
    }
    Ok(with(|host| {
        if if_absent && host.kept.exists(to) {
            return false;
        }
        if from != to {
            host.kept.copy(from, to, kind);
        }
        true
    }))
}

/// See `plugin-data.get-origin`.
pub fn get_origin(place: &Place) -> Result<Option<Origin>> {
    enter(INTERFACE)?;
    Ok(with(|host| host.kept.at(place).and_then(|at| at.origin.clone())))
}

/// See `plugin-data.places`.
pub fn places(after: Option<&Place>, limit: u32) -> Result<Vec<Place>> {
    enter(INTERFACE)?;
    let after = after.map(place_key);
    let decimal = |id: &str| id.bytes().all(|b| b.is_ascii_digit());
    let here = |(kind, course, content): &PlaceKey| matches!(kind, 0 | 3) || (decimal(course) && decimal(content));
    Ok(with(|host| {
        let most = limit.clamp(1, host.page_limit.min(MAX_PAGE)) as usize;
        let with_data = host.kept.places.iter().filter(|(_, at)| !at.values.is_empty()).map(|(key, _)| key);
        let next = with_data.filter(|key| here(key) && after.as_ref().is_none_or(|after| *key > after));
        next.map(key_place).take(most).collect()
    }))
}
