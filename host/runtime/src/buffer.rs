//! What handlers wrote, before it is done: read as if it were.

use crate::handler::Delivery;
use provost_store::api::{Address, CopyKind, DataPlace, Effect, Happening, Namespace};
use std::collections::BTreeMap;

/// Effects of one delivery.
const MAX_EFFECTS: usize = 10_000;
/// Bytes of values in the effects of one delivery.
const MAX_BYTES: usize = 16 << 20;
/// Versions of values that are not written yet: above all that are.
const UNWRITTEN: u64 = 1 << 62;

/// Effects in order, of one delivery after the other.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    entries: Vec<Entry>,
    /// Where the delivery that is handled begins.
    mark: usize,
    bytes: usize,
}

#[derive(Debug)]
enum Entry {
    Effect(Effect),
    /// What the change that an event is about does and the store does not show yet: the copy that the host makes.
    Copied {
        from: DataPlace,
        to: DataPlace,
        kind: CopyKind,
        at: u64,
    },
}

/// A value as the buffer has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buffered {
    /// Its bytes; none where it was taken away.
    pub value: Option<Vec<u8>>,
    /// What stands for its version.
    pub version: u64,
}

/// What lies below the buffer at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Below {
    /// Nothing: the place was emptied.
    Nothing,
    /// What the store has at this place, as of this storage sequence (0 for now).
    Stored(DataPlace, u64),
}

/// Too much was written in one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Whether emptying `emptied` empties `place`.
fn covers(emptied: &DataPlace, place: &DataPlace) -> bool {
    match (emptied, place) {
        (DataPlace::Course(course), DataPlace::Content(address)) => address.course == *course,
        _ => emptied == place,
    }
}

impl Buffer {
    /// Begins a delivery: where its effects will begin.
    pub(crate) fn begin(&mut self, delivery: &Delivery) -> usize {
        if delivery.hidden.is_some() {
            self.entries.extend(unseen(&delivery.event.what, delivery.event.storage_sequence));
        }
        self.mark = self.entries.len();
        self.bytes = 0;
        self.mark
    }

    /// Throws away what came since.
    pub(crate) fn forget(&mut self, mark: usize) {
        self.entries.truncate(mark);
    }

    /// The effects since, in order.
    pub(crate) fn since(&self, mark: usize) -> Vec<Effect> {
        let effect = |entry: &Entry| match entry {
            Entry::Effect(effect) => Some(effect.clone()),
            Entry::Copied { .. } => None,
        };
        self.entries.get(mark..).unwrap_or_default().iter().filter_map(effect).collect()
    }

    /// Adds an effect; the version that it gives its value.
    pub(crate) fn push(&mut self, effect: Effect) -> Result<u64, Full> {
        if let Effect::Put { value, .. } = &effect {
            self.bytes += value.len();
        }
        if self.bytes > MAX_BYTES || self.entries.len() - self.mark >= MAX_EFFECTS {
            return Err(Full);
        }
        Ok(self.push_unbounded(effect))
    }

    /// As `push`, for what is bounded otherwise.
    pub(crate) fn push_unbounded(&mut self, effect: Effect) -> u64 {
        self.entries.push(Entry::Effect(effect));
        UNWRITTEN + self.entries.len() as u64
    }

    /// What was written at a place, by key, and what lies below.
    pub(crate) fn at(&self, place: &DataPlace, namespace: Namespace) -> (BTreeMap<String, Buffered>, Below) {
        self.look(place, namespace, None)
    }

    /// One key of a place: what was written there, or else what lies below.
    pub(crate) fn key(&self, place: &DataPlace, namespace: Namespace, key: &str) -> Result<Buffered, Below> {
        let (mut written, below) = self.look(place, namespace, Some(key));
        written.remove(key).ok_or(below)
    }

    fn look(&self, place: &DataPlace, namespace: Namespace, only: Option<&str>) -> (BTreeMap<String, Buffered>, Below) {
        let mut written = BTreeMap::new();
        let mut place = place.clone();
        for (index, entry) in self.entries.iter().enumerate().rev() {
            let version = UNWRITTEN + index as u64 + 1;
            let mut note = |key: &str, value: Option<&Vec<u8>>| {
                if only.is_none_or(|only| only == key) && !written.contains_key(key) {
                    written.insert(key.to_owned(), Buffered { value: value.cloned(), version });
                }
            };
            match entry {
                Entry::Effect(Effect::Put { place: at, namespace: of, key, value, .. })
                    if *at == place && *of == namespace =>
                {
                    note(key, Some(value));
                }
                Entry::Effect(Effect::Delete { place: at, namespace: of, key }) if *at == place && *of == namespace => {
                    note(key, None);
                }
                Entry::Effect(Effect::Erase(emptied)) if covers(emptied, &place) => return (written, Below::Nothing),
                Entry::Effect(Effect::Copy { from, to, kind, .. }) if *to == place => {
                    if *kind == CopyKind::Shallow && namespace == Namespace::UserData {
                        return (written, Below::Nothing);
                    }
                    place = from.clone();
                }
                Entry::Copied { from, to, kind, at } if *to == place => {
                    if *kind == CopyKind::Shallow && namespace == Namespace::UserData {
                        return (written, Below::Nothing);
                    }
                    return (written, Below::Stored(from.clone(), *at));
                }
                Entry::Effect(_) | Entry::Copied { .. } => {}
            }
            if let Some(only) = only
                && written.contains_key(only)
            {
                break;
            }
        }
        (written, Below::Stored(place, 0))
    }

    /// The copy that a place is, if the buffer made it one, and whether it was written to since; `Err` where the buffer did not and
    /// the store has to be asked.
    pub(crate) fn origin(&self, place: &DataPlace) -> Result<Option<(DataPlace, CopyKind, u64, bool)>, bool> {
        let mut edited = false;
        for entry in self.entries.iter().rev() {
            match entry {
                Entry::Effect(Effect::Put { place: at, .. } | Effect::Delete { place: at, .. }) if at == place => {
                    edited = true;
                }
                Entry::Effect(Effect::Erase(emptied)) if covers(emptied, place) => return Ok(None),
                Entry::Effect(Effect::Copy { from, to, kind, .. }) if to == place => {
                    return Ok(Some((from.clone(), *kind, 0, edited)));
                }
                Entry::Copied { from, to, kind, at } if to == place => {
                    return Ok(Some((from.clone(), *kind, *at, edited)));
                }
                Entry::Effect(_) | Entry::Copied { .. } => {}
            }
        }
        Err(edited)
    }

    /// The places that were written to.
    pub(crate) fn places(&self) -> Vec<DataPlace> {
        let place = |entry: &Entry| match entry {
            Entry::Effect(Effect::Put { place, .. } | Effect::Copy { to: place, .. })
            | Entry::Copied { to: place, .. } => Some(place.clone()),
            Entry::Effect(_) => None,
        };
        let mut places: Vec<DataPlace> = self.entries.iter().filter_map(place).collect();
        places.sort();
        places.dedup();
        places
    }

    /// Whether the place was emptied, with nothing said of what came after.
    pub(crate) fn emptied(&self, place: &DataPlace) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry, Entry::Effect(Effect::Erase(emptied)) if covers(emptied, place)))
    }

    /// The external id that was given to a content.
    pub(crate) fn external_id(&self, of_target: &str, of: &Address) -> Option<&str> {
        self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Effect(Effect::SetExternalId { target, content, external_id, .. })
                if target == of_target && content == of =>
            {
                Some(external_id.as_str())
            }
            _ => None,
        })
    }

    /// All external ids that were given to contents of a course for a target, the last of each.
    pub(crate) fn external_ids(&self, of_target: &str, course: &str) -> BTreeMap<String, String> {
        let mut given = BTreeMap::new();
        for entry in &self.entries {
            if let Entry::Effect(Effect::SetExternalId { target, content, external_id, .. }) = entry
                && target == of_target
                && content.course == course
            {
                given.insert(content.content.clone(), external_id.clone());
            }
        }
        given
    }

    /// The id of an event that was published under this key.
    pub(crate) fn published(&self, under: &str) -> Option<&str> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Effect(Effect::Publish { id, key: Some(key), .. }) if key == under => Some(id.as_str()),
            _ => None,
        })
    }

    /// The id of a job that was queued under this key.
    pub(crate) fn queued(&self, under: &str) -> Option<&str> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Effect(Effect::Enqueue { id, job, .. }) if !under.is_empty() && job.key == under => {
                Some(id.as_str())
            }
            _ => None,
        })
    }
}

/// The copies of data that a change brings with it.
fn unseen(what: &Happening, at: u64) -> Vec<Entry> {
    match what {
        Happening::ContentCopied { kind, origin, copy, .. } => vec![Entry::Copied {
            from: DataPlace::Content(origin.clone()),
            to: DataPlace::Content(copy.clone()),
            kind: *kind,
            at,
        }],
        Happening::CourseCopied { kind, origin, copy, .. } => vec![Entry::Copied {
            from: DataPlace::Course(origin.clone()),
            to: DataPlace::Course(copy.clone()),
            kind: *kind,
            at,
        }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
