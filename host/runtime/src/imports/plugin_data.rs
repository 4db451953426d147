//! `plugin-data`: what a plugin keeps. In a handler writes are kept back and read as if they were done.

use super::event_types::{condition_in, kind_in, kind_out, namespace_in, place_in, place_out};
use super::{Answer, MAX_PAGE, answered, attempt};
use crate::bindings::provost::plugin::plugin_data as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::buffer::{Below, Buffered};
use crate::state::{CallState, error};
use provost_store::api::{self, Condition, CopyKind, DataPlace, DataValue, Effect, Namespace};
use std::collections::BTreeMap;

const INTERFACE: &str = "plugin-data";
/// Bytes of a key and of a value.
const MAX_KEY: usize = 512;
const MAX_VALUE: usize = 1 << 20;
/// Bytes of an id of a place.
const MAX_ID: usize = 255;

fn check_id(id: &str) -> Result<(), Error> {
    if id.is_empty() || id.len() > MAX_ID {
        return Err(error(ErrorKind::Invalid, "place", format!("the ids of a place have 1 to {MAX_ID} bytes")));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), Error> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(error(ErrorKind::Limit, "key", format!("a key has 1 to {MAX_KEY} bytes")));
    }
    Ok(())
}

/// A place with ids that can be ids.
fn checked(place: wit::Place) -> Result<DataPlace, Error> {
    let place = place_in(place);
    match &place {
        DataPlace::Site => {}
        DataPlace::Course(course) => check_id(course)?,
        DataPlace::Content(address) => {
            check_id(&address.course)?;
            check_id(&address.content)?;
        }
        DataPlace::Backup(backup, name) => {
            check_id(backup)?;
            check_id(name)?;
        }
    }
    Ok(place)
}

impl CallState {
    /// Whether what is recorded of people at this place may be read.
    fn may_read(&self, place: &DataPlace, namespace: Namespace) -> Result<(), Error> {
        if namespace == Namespace::UserData && self.handling.as_ref().is_some_and(|handling| handling.hides(place)) {
            let message = "the copy is a shallow one: what is recorded of people is not for it".into();
            return Err(error(ErrorKind::Denied, "user-data", message));
        }
        Ok(())
    }

    async fn stored(&mut self, below: Below, namespace: Namespace, key: &str) -> Result<Option<DataValue>, Error> {
        match below {
            Below::Nothing => Ok(None),
            Below::Stored(place, at) => Ok(self.host.store.data(&self.facts.id, &place, namespace, key, at).await?),
        }
    }

    /// A value as this call sees it.
    async fn value(&mut self, place: &DataPlace, namespace: Namespace, key: &str) -> Result<Option<DataValue>, Error> {
        let below = match &self.handling {
            None => Below::Stored(place.clone(), 0),
            Some(handling) => match handling.buffer.key(place, namespace, key) {
                Ok(Buffered { value, version }) => return Ok(value.map(|bytes| DataValue { bytes, version })),
                Err(below) => below,
            },
        };
        self.stored(below, namespace, key).await
    }

    /// Keys of a place as this call sees them, after `after`.
    async fn keys_at(
        &mut self,
        place: &DataPlace,
        namespace: Namespace,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, Error> {
        let (written, below) = match &self.handling {
            None => (BTreeMap::new(), Below::Stored(place.clone(), 0)),
            Some(handling) => handling.buffer.at(place, namespace),
        };
        let wanted = limit as usize;
        let mut keys = Vec::new();
        let mut from = after.to_owned();
        loop {
            let page = match &below {
                Below::Nothing => Vec::new(),
                Below::Stored(place, at) => {
                    self.host.store.data_keys(&self.facts.id, place, namespace, &from, limit, *at).await?
                }
            };
            let last = page.last().cloned().filter(|_| page.len() >= wanted);
            // What was written lies between this page's keys, or behind the last page.
            let within = |key: &str| key > from.as_str() && last.as_deref().is_none_or(|last| key <= last);
            let mut merged: BTreeMap<String, bool> = page.into_iter().map(|key| (key, true)).collect();
            for (key, buffered) in written.iter().filter(|(key, _)| within(key)) {
                merged.insert(key.clone(), buffered.value.is_some());
            }
            keys.extend(merged.into_iter().filter(|(_, there)| *there).map(|(key, _)| key));
            match last {
                Some(last) if keys.len() < wanted => from = last,
                _ => break,
            }
        }
        keys.truncate(wanted);
        Ok(keys)
    }

    async fn anything_at(&mut self, place: &DataPlace) -> Result<bool, Error> {
        for namespace in [Namespace::Definition, Namespace::UserData] {
            if !self.keys_at(place, namespace, "", 1).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes, or keeps the writing for the end of the handler's call.
    async fn put_value(
        &mut self,
        place: DataPlace,
        namespace: Namespace,
        key: String,
        value: Vec<u8>,
        condition: Condition,
    ) -> Result<u64, Error> {
        let Some(handling) = &self.handling else {
            let store = &self.host.store;
            return Ok(store.put_data(&self.facts.id, &place, namespace, &key, value, condition).await?);
        };
        let own = handling.buffer.key(&place, namespace, &key) != Err(Below::Stored(place.clone(), 0));
        let there = self.value(&place, namespace, &key).await?.map(|value| value.version);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Unchanged(version) => there == Some(version),
        };
        if !holds {
            let message = format!("{key:?} is not as expected: it has version {there:?}");
            return Err(error(ErrorKind::Conflict, "version", message));
        }
        // What this call wrote or copied is there when this is done, whatever others do: nothing to check then.
        let condition = if own { Condition::Always } else { condition };
        let Some(handling) = &mut self.handling else { return Ok(0) };
        handling.keep(Effect::Put { place, namespace, key, value, condition })
    }

    async fn delete_value(&mut self, place: DataPlace, namespace: Namespace, key: String) -> Result<bool, Error> {
        if self.handling.is_none() {
            return Ok(self.host.store.delete_data(&self.facts.id, &place, namespace, &key).await?);
        }
        let there = self.value(&place, namespace, &key).await?.is_some();
        if there && let Some(handling) = &mut self.handling {
            handling.keep(Effect::Delete { place, namespace, key })?;
        }
        Ok(there)
    }

    async fn copy_place(
        &mut self,
        from: DataPlace,
        to: DataPlace,
        kind: CopyKind,
        if_absent: bool,
    ) -> Result<bool, Error> {
        if kind == CopyKind::Exact {
            self.may_read(&from, Namespace::UserData)?;
        }
        if self.handling.is_none() {
            return Ok(self.host.store.copy_data(&self.facts.id, &from, &to, kind, if_absent).await?);
        }
        if if_absent && self.anything_at(&to).await? {
            return Ok(false);
        }
        if from != to
            && let Some(handling) = &mut self.handling
        {
            handling.keep(Effect::Copy { from, to, kind, if_absent })?;
        }
        Ok(true)
    }
}

impl wit::Host for CallState {
    async fn get(&mut self, place: wit::Place, namespace: wit::Namespace, key: String) -> Answer<Option<wit::Value>> {
        attempt!(self.enter(INTERFACE));
        let (place, namespace) = (attempt!(checked(place)), namespace_in(namespace));
        attempt!(self.may_read(&place, namespace));
        let value = attempt!(self.value(&place, namespace, &key).await);
        Ok(Ok(value.map(|value| wit::Value { bytes: value.bytes, version: value.version })))
    }

    async fn put(
        &mut self,
        place: wit::Place,
        namespace: wit::Namespace,
        key: String,
        value: Vec<u8>,
        condition: wit::Condition,
    ) -> Answer<u64> {
        attempt!(self.enter(INTERFACE));
        let (place, namespace) = (attempt!(checked(place)), namespace_in(namespace));
        attempt!(check_key(&key));
        if value.len() > MAX_VALUE {
            return Ok(Err(error(ErrorKind::Limit, "value", "a value may have 1 MiB".into())));
        }
        let condition = condition_in(condition);
        if condition != Condition::Always {
            attempt!(self.may_read(&place, namespace));
        }
        Ok(self.put_value(place, namespace, key, value, condition).await)
    }

    async fn delete(&mut self, place: wit::Place, namespace: wit::Namespace, key: String) -> Answer<bool> {
        attempt!(self.enter(INTERFACE));
        let (place, namespace) = (attempt!(checked(place)), namespace_in(namespace));
        attempt!(self.may_read(&place, namespace));
        Ok(self.delete_value(place, namespace, key).await)
    }

    async fn keys(
        &mut self,
        place: wit::Place,
        namespace: wit::Namespace,
        after: String,
        limit: u32,
    ) -> Answer<Vec<String>> {
        attempt!(self.enter(INTERFACE));
        let (place, namespace) = (attempt!(checked(place)), namespace_in(namespace));
        attempt!(self.may_read(&place, namespace));
        Ok(self.keys_at(&place, namespace, &after, limit.clamp(1, MAX_PAGE)).await)
    }

    async fn exists(&mut self, place: wit::Place) -> Answer<bool> {
        attempt!(self.enter(INTERFACE));
        let place = attempt!(checked(place));
        Ok(self.anything_at(&place).await)
    }

    async fn erase(&mut self, place: wit::Place) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        let place = attempt!(checked(place));
        match &mut self.handling {
            Some(handling) => Ok(handling.keep(Effect::Erase(place)).map(|_| ())),
            None => answered(self.host.store.erase_data(&self.facts.id, &place).await),
        }
    }

    async fn copy(&mut self, from: wit::Place, to: wit::Place, kind: wit::CopyKind, if_absent: bool) -> Answer<bool> {
        attempt!(self.enter(INTERFACE));
        let (from, to) = (attempt!(checked(from)), attempt!(checked(to)));
        Ok(self.copy_place(from, to, kind_in(kind), if_absent).await)
    }

    async fn get_origin(&mut self, place: wit::Place) -> Answer<Option<wit::Origin>> {
        attempt!(self.enter(INTERFACE));
        let place = attempt!(checked(place));
        let out = |from: DataPlace, kind: CopyKind, at: u64, edited: bool| wit::Origin {
            place: place_out(from),
            kind: kind_out(kind),
            storage_sequence: at,
            edited,
        };
        let buffered = match &self.handling {
            None => Err(false),
            Some(handling) => handling.buffer.origin(&place),
        };
        match buffered {
            Ok(origin) => Ok(Ok(origin.map(|(from, kind, at, edited)| out(from, kind, at, edited)))),
            Err(written) => {
                let origin = attempt!(self.host.store.data_origin(&self.facts.id, &place).await);
                Ok(Ok(origin.map(|o| out(o.place, o.kind, o.storage_sequence, o.edited || written))))
            }
        }
    }

    async fn places(&mut self, after: Option<wit::Place>, limit: u32) -> Answer<Vec<wit::Place>> {
        attempt!(self.enter(INTERFACE));
        let after = match after {
            Some(place) => Some(attempt!(checked(place))),
            None => None,
        };
        let limit = limit.clamp(1, MAX_PAGE);
        let written = self.handling.as_ref().map(|handling| handling.buffer.places()).unwrap_or_default();
        let mut from = after;
        loop {
            let mut found: Vec<api::DataPlace> =
                attempt!(self.host.store.data_places(&self.facts.id, from.as_ref(), limit).await);
            let last = found.last().cloned().filter(|_| found.len() >= limit as usize);
            let within = |place: &DataPlace| {
                from.as_ref().is_none_or(|from| place > from) && last.as_ref().is_none_or(|last| place <= last)
            };
            found.extend(written.iter().filter(|place| within(place) && of_this_site(place)).cloned());
            found.sort();
            found.dedup();
            let mut there = Vec::with_capacity(found.len());
            for place in found {
                let emptied = self.handling.as_ref().is_some_and(|handling| handling.buffer.emptied(&place));
                let touched = emptied || written.contains(&place);
                if !touched || attempt!(self.anything_at(&place).await) {
                    there.push(place_out(place));
                }
            }
            if there.is_empty()
                && let Some(last) = last
            {
                from = Some(last);
                continue;
            }
            there.truncate(limit as usize);
            return Ok(Ok(there));
        }
    }
}

/// Whether a place is one of this site: its ids are decimal.
fn of_this_site(place: &DataPlace) -> bool {
    let decimal = |id: &str| id.bytes().all(|b| b.is_ascii_digit());
    match place {
        DataPlace::Site | DataPlace::Backup(..) => true,
        DataPlace::Course(course) => decimal(course),
        DataPlace::Content(address) => decimal(&address.course) && decimal(&address.content),
    }
}
