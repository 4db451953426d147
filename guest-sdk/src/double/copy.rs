//! `draft.copy-from` in memory. All of it is copied at once; `copy-some` says so.

use super::course::{Course, Part, append, takes};
use super::host::{Host, take};
use crate::bindings::imports::provost::plugin::course_store::{
    BindingRecord, CopyChoice, CopyNumbers, FacetedRun, ItemId, Owner, ScopeRecord,
};
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};

/// New numbers for old ones.
#[derive(Default)]
struct Numbers {
    scopes: HashMap<u64, u64>,
    items: HashMap<ItemId, ItemId>,
}

impl Numbers {
    fn pairs(self) -> CopyNumbers {
        let pairs = |map: HashMap<u64, u64>| {
            let mut pairs: Vec<_> = map.into_iter().collect();
            pairs.sort_unstable();
            pairs
        };
        CopyNumbers { scopes: pairs(self.scopes), items: pairs(self.items) }
    }

    fn scope(&self, old: u64) -> Option<u64> {
        self.scopes.get(&old).copied()
    }

    fn owner(&self, owner: Owner) -> Option<Owner> {
        let item = |id: &ItemId| self.items.get(id).copied();
        Some(match owner {
            Owner::Course => Owner::Course,
            Owner::Section(id) => Owner::Section(item(&id)?),
            Owner::Activity(id) => Owner::Activity(item(&id)?),
            Owner::Block(id) => Owner::Block(item(&id)?),
        })
    }
}

/// Copies what is chosen of a course into `to`, whose first scope is there already. What the numbers become comes back.
pub(super) fn copy(host: &mut Host, from: &Course, to: &mut Course, choice: &CopyChoice) -> Result<CopyNumbers> {
    let chosen = chosen(from, choice)?;
    let mut numbers = Numbers::default();
    let first = to.scopes.first().map_or(0, |scope| scope.id);
    let wanted = |scope: &&ScopeRecord| has_items(from, &chosen, scope.id) || choice.scopes.contains(&scope.id);
    let old_scopes: Vec<&ScopeRecord> = from.scopes.iter().filter(wanted).collect();
    for (n, old) in old_scopes.into_iter().enumerate() {
        let id = if n == 0 { first } else { take(&mut host.next.scope) };
        let mut scope = ScopeRecord { id, ..old.clone() };
        scope.origin.date_offset = scope.origin.date_offset.saturating_add(choice.date_offset);
        match to.scopes.iter_mut().find(|scope| scope.id == id) {
            Some(there) => *there = scope,
            None => to.scopes.push(scope),
        }
        numbers.scopes.insert(old.id, id);
    }
    let whole = chosen.is_none();
    to.bindings.extend(from.bindings.iter().filter_map(|bound| {
        let mut binding = bound.binding.clone();
        binding.target_scope = numbers.scope(binding.target_scope)?;
        Some(BindingRecord { scope: numbers.scope(bound.scope)?, binding })
    }));
    add_items(host, from, to, &chosen, &mut numbers);
    add_parts(host, from, to, choice, &numbers);

    for (owner, reference) in from.references.iter().filter(|(_, r)| takes(&choice.facets, &r.facets)) {
        if let Some(owner) = numbers.owner(*owner).filter(|owner| whole || *owner != Owner::Course) {
            to.references.push((owner, reference.clone()));
        }
    }
    for entry in &from.entries {
        if let Some(scope) = numbers.scope(entry.scope) {
            let mut entry = entry.clone();
            entry.scope = scope;
            to.entries.push(entry);
        }
    }
    let contexts: HashSet<(u64, u64)> = from
        .activities
        .iter()
        .filter(|a| numbers.items.contains_key(&a.id))
        .map(|a| (a.scope, a.fields.context))
        .collect();
    for file in from.files.iter().filter(|f| takes(&choice.facets, &f.fields.facets)) {
        let wanted = whole || choice.files.contains(&file.id) || contexts.contains(&(file.scope, file.fields.context));
        if let Some(scope) = numbers.scope(file.scope).filter(|_| wanted) {
            let mut file = file.clone();
            (file.id, file.scope) = (take(&mut host.next.course_file), scope);
            to.files.push(file);
        }
    }
    if choice.people {
        for link in &from.people {
            if let Some(scope) = numbers.scope(link.scope) {
                let mut link = link.clone();
                link.scope = scope;
                to.people.push(link);
            }
        }
    }
    Ok(numbers.pairs())
}

/// The items to be copied, with what belongs to them; none for a whole course. Errors: `not-found` (code `item`).
fn chosen(from: &Course, choice: &CopyChoice) -> Result<Option<HashSet<ItemId>>> {
    if choice.items.is_empty() {
        return Ok(None);
    }
    let mut chosen: HashSet<ItemId> = HashSet::new();
    for id in &choice.items {
        if !from.sections.iter().any(|s| s.id == *id) && !from.activities.iter().any(|a| a.id == *id) {
            return Err(Error::not_found("item", format!("no item {id}")));
        }
        chosen.insert(*id);
    }
    loop {
        let before = chosen.len();
        let mut more = Vec::new();
        for section in from.sections.iter().filter(|s| chosen.contains(&s.id)) {
            let place = (section.scope, section.fields.local);
            more.extend(from.activities.iter().filter(|a| (a.scope, a.fields.section) == place).map(|a| a.id));
        }
        for activity in from.activities.iter().filter(|a| chosen.contains(&a.id)) {
            let place = (activity.scope, activity.fields.local);
            more.extend(from.sections.iter().filter(|s| (s.scope, s.fields.delegated_to) == place).map(|s| s.id));
            more.extend(from.blocks.iter().filter(|b| b.fields.activity == Some(activity.id)).map(|b| b.id));
        }
        chosen.extend(more);
        if chosen.len() == before {
            return Ok(Some(chosen));
        }
    }
}

fn has_items(from: &Course, chosen: &Option<HashSet<ItemId>>, scope: u64) -> bool {
    let Some(chosen) = chosen else { return true };
    from.sections.iter().any(|s| s.scope == scope && chosen.contains(&s.id))
        || from.activities.iter().any(|a| a.scope == scope && chosen.contains(&a.id))
}

fn add_items(host: &mut Host, from: &Course, to: &mut Course, chosen: &Option<HashSet<ItemId>>, numbers: &mut Numbers) {
    let is_chosen = |id: &ItemId| chosen.as_ref().is_none_or(|chosen| chosen.contains(id));
    for section in from.sections.iter().filter(|s| is_chosen(&s.id)) {
        let Some(scope) = numbers.scope(section.scope) else { continue };
        let mut copy = section.clone();
        (copy.id, copy.scope) = (take(&mut host.next.item), scope);
        numbers.items.insert(section.id, copy.id);
        to.sections.push(copy);
    }
    for activity in from.activities.iter().filter(|a| is_chosen(&a.id)) {
        let Some(scope) = numbers.scope(activity.scope) else { continue };
        let mut copy = activity.clone();
        (copy.id, copy.scope) = (take(&mut host.next.item), scope);
        copy.context = take(&mut host.next.context);
        numbers.items.insert(activity.id, copy.id);
        to.activities.push(copy);
    }
    for block in from.blocks.iter().filter(|b| is_chosen(&b.id)) {
        let Some(scope) = numbers.scope(block.scope) else { continue };
        let mut copy = block.clone();
        (copy.id, copy.scope) = (take(&mut host.next.item), scope);
        copy.fields.activity = block.fields.activity.and_then(|id| numbers.items.get(&id).copied());
        numbers.items.insert(block.id, copy.id);
        to.blocks.push(copy);
    }
}

fn add_parts(host: &mut Host, from: &Course, to: &mut Course, choice: &CopyChoice, numbers: &Numbers) {
    let whole = choice.items.is_empty();
    for part in &from.parts {
        let of_course = part.record.owner == Owner::Course;
        let left_out = of_course && (!whole || choice.without.contains(&part.record.name));
        if left_out || !takes(&choice.facets, &part.record.facets) {
            continue;
        }
        let (Some(scope), Some(owner)) = (numbers.scope(part.record.scope), numbers.owner(part.record.owner)) else {
            continue;
        };
        let runs: Vec<FacetedRun> = part.runs.iter().filter(|r| takes(&choice.facets, &r.facets)).cloned().collect();
        let mut bytes = Vec::new();
        runs.iter().for_each(|r| append(&r.run, &mut bytes));
        let mut record = part.record.clone();
        (record.id, record.scope, record.owner, record.size) =
            (take(&mut host.next.part), scope, owner, bytes.len() as u64);
        to.parts.push(Part { record, runs });
    }
}
