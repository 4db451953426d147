//! A host in memory, which several threads may call, and which a test may watch and spoil call by call.

use super::super::contract::Contract;
use super::super::record::{self, Claim};
use super::super::{Address, Condition, Namespace, Place, Value};
use crate::bindings::event::exports::provost::plugin::event_handler::Intent;
use crate::bindings::imports::provost::plugin::events::CopyKind;
use crate::bindings::imports::provost::plugin::jobs::NewJob;
use crate::bindings::imports::provost::plugin::log::Level;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A host that works.
pub(super) const HONEST: fn(&str) -> Result<()> = |_| Ok(());

/// Place, kind and key of a value.
type Key = (String, bool, String);

#[derive(Default)]
struct Inner {
    site: String,
    now: i64,
    version: u64,
    data: BTreeMap<Key, (Vec<u8>, u64)>,
    contents: BTreeSet<String>,
    ids: BTreeMap<(String, String), String>,
    history: BTreeMap<String, Vec<Address>>,
    id_writes: usize,
    log: Vec<String>,
    jobs: BTreeMap<String, String>,
}

/// The host.
#[derive(Default)]
pub(super) struct World(Mutex<Inner>);

/// The host, with something done before each call.
pub(super) struct Watched<'a, F> {
    world: &'a World,
    before: F,
}

pub(super) fn address(course: u64, content: u64) -> Address {
    Address { course: course.to_string(), content: content.to_string() }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn name(content: &Address) -> String {
    place_name(&Place::Content(content.clone()))
}

fn place_name(place: &Place) -> String {
    match place {
        Place::Site => "site".into(),
        Place::Course(course) => format!("course {course}"),
        Place::Content(address) => format!("content {} {}", address.course, address.content),
        Place::Backup((backup, name)) => format!("backup {backup} {name}"),
    }
}

impl Inner {
    fn write(&mut self, key: Key, value: Vec<u8>) -> u64 {
        self.version += 1;
        self.data.insert(key, (value, self.version));
        self.version
    }

    fn copy(&mut self, from: &str, to: &str, kind: CopyKind) {
        self.data.retain(|(place, _, _), _| place != to);
        let takes = |(place, user_data, _): &Key| place == from && (kind == CopyKind::Exact || !user_data);
        let taken: Vec<_> =
            self.data.iter().filter(|(key, _)| takes(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        self.data
            .extend(taken.into_iter().map(|((_, user_data, key), value)| ((to.to_owned(), user_data, key), value)));
    }
}

impl World {
    pub(super) fn at(site: &str) -> Self {
        let world = Self::default();
        world.inner().site = site.into();
        world
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watched<F: Fn(&str) -> Result<()>>(&self, before: F) -> Watched<'_, F> {
        Watched { world: self, before }
    }

    pub(super) fn add(&self, content: &Address) {
        self.inner().contents.insert(name(content));
    }

    pub(super) fn remove(&self, content: &Address) {
        self.inner().contents.remove(&name(content));
    }

    /// What the host does when a content is copied: with the plugin's data as `snapshot` says, or without.
    pub(super) fn copy_content(&self, from: &Address, to: &Address, snapshot: Option<CopyKind>) {
        let mut inner = self.inner();
        inner.contents.insert(name(to));
        let carried: Vec<_> =
            inner.ids.iter().filter(|((_, of), _)| *of == name(from)).map(|(k, v)| (k.0.clone(), v.clone())).collect();
        inner.ids.extend(carried.into_iter().map(|(target, id)| ((target, name(to)), id)));
        let mut history = inner.history.get(&name(from)).cloned().unwrap_or_default();
        history.insert(0, from.clone());
        inner.history.insert(name(to), history);
        if let Some(kind) = snapshot {
            inner.copy(&name(from), &name(to), kind);
        }
    }

    pub(super) fn put_text(&self, content: &Address, words: &str) {
        self.inner().write((name(content), false, "text".into()), words.as_bytes().to_vec());
    }

    pub(super) fn id_of(&self, content: &Address) -> String {
        self.inner().ids.get(&(String::new(), name(content))).cloned().unwrap_or_default()
    }

    pub(super) fn set_id(&self, content: &Address, id: &str) {
        self.inner().ids.insert((String::new(), name(content)), id.to_owned());
    }

    /// How many external ids were written.
    pub(super) fn id_writes(&self) -> usize {
        self.inner().id_writes
    }

    /// Everything that is kept.
    pub(super) fn data(&self) -> Vec<(String, String)> {
        let inner = self.inner();
        inner.data.iter().map(|((place, _, key), (value, _))| (format!("{place} {key}"), text(value))).collect()
    }

    fn site_keys(&self, prefix: &str) -> usize {
        self.inner().data.keys().filter(|(place, _, key)| place == "site" && key.starts_with(prefix)).count()
    }
    pub(super) fn claims(&self) -> usize {
        self.site_keys(&record::claims(""))
    }
    pub(super) fn owners(&self) -> usize {
        self.site_keys(&record::owners(""))
    }

    /// As if another call were at a content since then.
    pub(super) fn claim(&self, content: &Address, since: i64) {
        let claim = Claim { content: content.into(), told: None, since, waits: false, approximate: false };
        let claim = record::write(&claim).expect("written");
        self.inner().write(("site".into(), false, record::claim_key("", content)), claim);
    }

    pub(super) fn now(&self) -> i64 {
        self.inner().now
    }
    pub(super) fn pass(&self, seconds: i64) {
        self.inner().now += seconds;
    }
    pub(super) fn logged(&self, words: &str) -> bool {
        self.inner().log.iter().any(|line| line.contains(words))
    }
    pub(super) fn jobs(&self) -> Vec<String> {
        self.inner().jobs.values().cloned().collect()
    }

    /// What the host does once a change with these intents is published.
    pub(super) fn carry_out(&self, intents: &[Intent]) {
        for intent in intents {
            let Intent::SetExternalId(new) = intent;
            let _ = self.set_external_id(&new.content, "", &new.external_id, new.expected.as_deref());
        }
    }

    fn set_external_id(&self, content: &Address, target: &str, id: &str, expected: Option<&str>) -> Result<bool> {
        let mut inner = self.inner();
        if !inner.contents.contains(&name(content)) {
            return Err(Error::not_found("content", "no such content"));
        }
        let key = (target.to_owned(), name(content));
        let carried = inner.ids.get(&key).cloned().unwrap_or_default();
        if expected.is_some_and(|expected| expected != carried) {
            return Ok(false);
        }
        inner.ids.insert(key, id.to_owned());
        inner.id_writes += 1;
        Ok(true)
    }
}

impl<F: Fn(&str) -> Result<()>> Contract for Watched<'_, F> {
    fn external_id(&self, target: &str, content: &Address) -> Result<String> {
        (self.before)("external_id")?;
        let inner = self.world.inner();
        if !inner.contents.contains(&name(content)) {
            return Err(Error::not_found("content", "no such content"));
        }
        Ok(inner.ids.get(&(target.to_owned(), name(content))).cloned().unwrap_or_default())
    }
    fn set_external_id(&self, target: &str, content: &Address, id: &str, expected: Option<&str>) -> Result<bool> {
        (self.before)("set_external_id")?;
        self.world.set_external_id(content, target, id, expected)
    }
    fn history(&self, content: &Address) -> Result<Vec<Address>> {
        (self.before)("history")?;
        Ok(self.world.inner().history.get(&name(content)).cloned().unwrap_or_default())
    }
    fn get(&self, place: &Place, namespace: Namespace, key: &str) -> Result<Option<Value>> {
        (self.before)("get")?;
        let key = (place_name(place), namespace == Namespace::UserData, key.to_owned());
        let found = self.world.inner().data.get(&key).cloned();
        Ok(found.map(|(bytes, version)| Value { bytes, version }))
    }
    fn put(&self, place: &Place, namespace: Namespace, key: &str, value: &[u8], condition: Condition) -> Result<u64> {
        (self.before)("put")?;
        let key = (place_name(place), namespace == Namespace::UserData, key.to_owned());
        let mut inner = self.world.inner();
        let version = inner.data.get(&key).map(|(_, version)| *version);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => version.is_none(),
            Condition::Unchanged(expected) => version == Some(expected),
        };
        if !holds {
            return Err(Error::new(ErrorKind::Conflict, "version", "changed since"));
        }
        Ok(inner.write(key, value.to_vec()))
    }
    fn delete(&self, place: &Place, namespace: Namespace, key: &str) -> Result<bool> {
        (self.before)("delete")?;
        let key = (place_name(place), namespace == Namespace::UserData, key.to_owned());
        Ok(self.world.inner().data.remove(&key).is_some())
    }
    fn keys(&self, place: &Place, namespace: Namespace, after: &str, limit: u32) -> Result<Vec<String>> {
        (self.before)("keys")?;
        let (place, user_data) = (place_name(place), namespace == Namespace::UserData);
        let inner = self.world.inner();
        let there = inner.data.keys().filter(|(p, u, key)| *p == place && *u == user_data && key.as_str() > after);
        Ok(there.take(limit as usize).map(|(_, _, key)| key.clone()).collect())
    }
    fn exists(&self, place: &Place) -> Result<bool> {
        (self.before)("exists")?;
        Ok(self.world.inner().data.keys().any(|(there, _, _)| *there == place_name(place)))
    }
    fn erase(&self, place: &Place) -> Result<()> {
        (self.before)("erase")?;
        let erased = place_name(place);
        let within = match place {
            Place::Course(course) => format!("content {course} "),
            _ => erased.clone(),
        };
        self.world.inner().data.retain(|(there, _, _), _| *there != erased && !there.starts_with(&within));
        Ok(())
    }
    fn copy(&self, from: &Place, to: &Place, kind: CopyKind, if_absent: bool) -> Result<bool> {
        (self.before)("copy")?;
        let (from, to) = (place_name(from), place_name(to));
        let mut inner = self.world.inner();
        if if_absent && inner.data.keys().any(|(there, _, _)| *there == to) {
            return Ok(false);
        }
        inner.copy(&from, &to, kind);
        Ok(true)
    }
    fn enqueue(&self, job: &NewJob) -> Result<String> {
        (self.before)("enqueue")?;
        self.world.inner().jobs.insert(job.key.clone(), job.kind.clone());
        Ok(job.key.clone())
    }
    fn now(&self) -> i64 {
        self.world.now()
    }
    fn site(&self) -> String {
        self.world.inner().site.clone()
    }
    fn log(&self, _: Level, message: &str) {
        self.world.inner().log.push(message.to_owned());
    }
}
