//! Records under keys, as JSON: tools, sites, keys.

use provost_guest::plugin_data::{self, Condition, Namespace, Place};
use provost_guest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

const PAGE: u32 = 1000;

/// The record under a key.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    let Some(value) = plugin_data::get(&Place::Site, Namespace::Definition, key)? else { return Ok(None) };
    let record = serde_json::from_slice(&value.bytes);
    record.map(Some).map_err(|e| Error::failed(format!("what is kept under {key} cannot be read: {e}")))
}

fn write<T: Serialize>(key: &str, record: &T, condition: Condition) -> Result<()> {
    let bytes = serde_json::to_vec(record).map_err(|e| Error::failed(e.to_string()))?;
    plugin_data::put(&Place::Site, Namespace::Definition, key, &bytes, condition).map(drop)
}

/// Keeps a record, in place of what was there.
pub fn put<T: Serialize>(key: &str, record: &T) -> Result<()> {
    write(key, record, Condition::Always)
}

/// Keeps a record where there is none yet; false where there is one.
pub fn put_new<T: Serialize>(key: &str, record: &T) -> Result<bool> {
    match write(key, record, Condition::Absent) {
        Ok(()) => Ok(true),
        Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
        Err(error) => Err(error),
    }
}

/// Forgets a record; false where there was none.
pub fn delete(key: &str) -> Result<bool> {
    plugin_data::delete(&Place::Site, Namespace::Definition, key)
}

/// The first keys, in order, that begin with `prefix`.
pub fn keys(prefix: &str, limit: u32) -> Result<Vec<String>> {
    let mut found = plugin_data::keys(&Place::Site, Namespace::Definition, prefix, limit)?;
    found.retain(|key| key.starts_with(prefix));
    Ok(found)
}

/// All records whose keys begin with `prefix`.
pub fn all<T: DeserializeOwned>(prefix: &str) -> Result<Vec<T>> {
    let mut found = Vec::new();
    let mut after = prefix.to_owned();
    loop {
        let page = plugin_data::keys(&Place::Site, Namespace::Definition, &after, PAGE)?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(last);
        for key in &page {
            if !key.starts_with(prefix) {
                return Ok(found);
            }
            // One that was deleted meanwhile is no more.
            found.extend(get(key)?);
        }
    }
}

/// A record that is kept under its name: a tool, a site.
pub trait Record: Serialize + DeserializeOwned {
    /// What it is, for its key and for people.
    const KIND: &'static str;

    /// Its name.
    fn name(&self) -> &str;

    /// That of this name, if there is one.
    fn find(name: &str) -> Result<Option<Self>> {
        get(&key::<Self>(name))
    }

    /// That of this name. Errors: `not-found` (its kind).
    fn get(name: &str) -> Result<Self> {
        Self::find(name)?.ok_or_else(|| Error::not_found(Self::KIND, format!("no {} {name:?}", Self::KIND)))
    }

    /// All by name.
    fn all() -> Result<Vec<Self>> {
        all(&key::<Self>(""))
    }

    /// Keeps it.
    fn put(&self) -> Result<()> {
        put(&key::<Self>(self.name()), self)
    }

    /// Keeps a new one. Errors: `conflict` (its kind).
    fn put_new(&self) -> Result<()> {
        if put_new(&key::<Self>(self.name()), self)? {
            return Ok(());
        }
        let message = format!("there is a {} {:?} already", Self::KIND, self.name());
        Err(Error::new(ErrorKind::Conflict, Self::KIND, message))
    }

    /// Forgets it; false where there was none.
    fn forget(name: &str) -> Result<bool> {
        delete(&key::<Self>(name))
    }
}

fn key<T: Record>(name: &str) -> String {
    format!("{}/{name}", T::KIND)
}
