//! Which id of which scope becomes which in the archive (architecture.md 2.2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::claims::Claims;
use super::idset::IdSet;
use super::kinds::IdKind;
use super::map::IdMap;

/// Which scope.
pub type ScopeId = u64;

/// The host's person behind a scope's person: (scope, local id) to the host's id.
pub type People = BTreeMap<(ScopeId, u64), u64>;

/// Ids above this are not given: Moodle's are signed.
const LARGEST: u64 = i64::MAX as u64;

/// A scope of the course.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Which one.
    pub id: ScopeId,
    /// The scope it was copied from within the course. What a child does not define is its parent's. Must be older.
    pub parent: Option<ScopeId>,
    /// The site and the course there that its ids are of, where that is known. Scopes of one origin mean the same by the same id.
    pub origin: Option<(&'a str, u64)>,
    /// Its ids.
    pub claims: &'a Claims,
}

/// Something of one scope that is to be something of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The scope whose id is bound.
    pub scope: ScopeId,
    /// The kind of both ids.
    pub kind: IdKind,
    /// The id in `scope`.
    pub local: u64,
    /// The scope of what it is bound to.
    pub target_scope: ScopeId,
    /// The id there.
    pub target: u64,
}

/// Maps for scopes, in the same order, the oldest first.
///
/// * What documents hold that cannot be rewritten keeps its id first; then each scope in turn. An id stays unless it is
///   taken, else it gets the next free one of its kind, above every id that any scope defines.
/// * A bound id becomes the number of what it is bound to. A binding to a binding is followed; of two bindings of one id the
///   later one counts.
/// * People of several scopes, or of one, who are the same to the host become one, with the number of the oldest; so do
///   their contexts.
/// * A younger scope's course, category, course context and system context become those of the first, unless bound or the scope
///   has a parent. So do contexts that it does not define, and the course and category when the scope does not say which
///   are its own.
/// * A private id changes only if another scope has the same one and some link points to it.
/// * What else a scope refers to without defining it ([`Claims::dangling`]) is what a scope of the same origin calls by that id.
///   Otherwise it stays, unless something else has the number: then it becomes one that nothing has.
pub fn assign(scopes: &[Scope<'_>], bindings: &[Binding], same_person: &People) -> Vec<IdMap> {
    let links = Links::of(scopes, bindings, same_person);
    let mut kinds: BTreeSet<IdKind> = scopes.iter().flat_map(|s| s.claims.defined.keys().cloned()).collect();
    kinds.extend(links.bound.keys().map(|(_, kind, _)| kind.clone()));
    let mut maps: Vec<IdMap> = Vec::with_capacity(scopes.len());
    let mut given = Given::default();
    for kind in &kinds {
        let (mut taken, mut next) = given.kind(kind, scopes, &links);
        if !HAVE_DEFAULTS.contains(kind) {
            given.dangling(kind, scopes, &links, &mut taken, &mut next);
        }
    }
    for (index, scope) in scopes.iter().enumerate() {
        let parent = links.parent(scopes, index);
        let mut map = parent.and_then(|p| maps.get(p)).cloned().unwrap_or_default();
        if parent.is_none() && index > 0 {
            links.defaults(&mut map, scopes, index, &given);
        }
        for (kind, ids) in &scope.claims.defined {
            for id in ids.iter() {
                let to = given.resolve(&links, scopes, index, kind, id);
                // With a default or a parent even what stays must be named.
                if to != id || map.default_of(kind).is_some() || map.get(kind, id) != id {
                    map.insert(kind.clone(), id, to);
                }
            }
        }
        for (kind, id) in scope.claims.dangling().filter(|(kind, _)| !HAVE_DEFAULTS.contains(kind)) {
            let to = given.resolve(&links, scopes, index, kind, id);
            if to != map.get(kind, id) {
                map.insert(kind.clone(), id, to);
            }
        }
        for (_, kind, local) in links.bound.keys().filter(|(i, _, _)| *i == index) {
            map.insert(kind.clone(), *local, given.resolve(&links, scopes, index, kind, *local));
        }
        for (kind, id) in given.unkept.iter().filter(|(i, _, _)| *i == index).map(|(_, kind, id)| (kind, id)) {
            map.push_unkept(kind.clone(), *id);
        }
        maps.push(map);
    }
    maps
}

/// Kinds of which a younger scope's unknown ids become the first scope's.
const HAVE_DEFAULTS: [IdKind; 3] = [IdKind::Context, IdKind::Course, IdKind::CourseCategory];

/// What is bound to what, by index of scope, kind and id.
#[derive(Debug, Default)]
struct Links {
    index: HashMap<ScopeId, usize>,
    bound: BTreeMap<(usize, IdKind, u64), (usize, u64)>,
}

impl Links {
    fn of(scopes: &[Scope<'_>], bindings: &[Binding], same_person: &People) -> Self {
        let mut links = Self::default();
        for (i, scope) in scopes.iter().enumerate() {
            links.index.entry(scope.id).or_insert(i);
        }
        // People: the first of those who are the same.
        let mut known: HashMap<u64, (usize, u64)> = HashMap::new();
        let mut people: Vec<(usize, u64, u64)> = same_person
            .iter()
            .filter(|((_, local), _)| *local != 0)
            .filter_map(|((scope, local), host)| Some((*links.index.get(scope)?, *local, *host)))
            .collect();
        people.sort_unstable();
        for (i, local, host) in people {
            match known.get(&host) {
                None => {
                    known.insert(host, (i, local));
                }
                Some(&(first, target)) => {
                    links.bind(i, IdKind::User, local, first, target);
                    let context = |i: usize, person| scopes[i].claims.person_contexts.get(&person).copied();
                    if let (Some(own), Some(other)) = (context(i, local), context(first, target)) {
                        links.bind(i, IdKind::Context, own, first, other);
                    }
                }
            }
        }
        // What a younger scope shares with the first.
        for (i, scope) in scopes.iter().enumerate().skip(1) {
            if links.parent(scopes, i).is_some() {
                continue;
            }
            let (own, first) = (scope.claims, scopes[0].claims);
            let category = |claims: &Claims| claims.defined(&IdKind::CourseCategory).next();
            for (kind, own, first) in [
                (IdKind::Course, own.course, first.course),
                (IdKind::CourseCategory, category(own), category(first)),
                (IdKind::Context, own.course_context, first.course_context),
                (IdKind::Context, own.system_context, first.system_context),
            ] {
                if let (Some(own), Some(first)) = (own, first) {
                    links.bind(i, kind, own, 0, first);
                }
            }
        }
        for b in bindings {
            if let (Some(&scope), Some(&target)) = (links.index.get(&b.scope), links.index.get(&b.target_scope)) {
                links.bind(scope, b.kind.clone(), b.local, target, b.target);
            }
        }
        links
    }

    fn bind(&mut self, scope: usize, kind: IdKind, local: u64, target_scope: usize, target: u64) {
        if local != 0 && target != 0 && (scope, local) != (target_scope, target) {
            self.bound.insert((scope, kind, local), (target_scope, target));
        }
    }

    /// The index of a scope's parent.
    fn parent(&self, scopes: &[Scope<'_>], index: usize) -> Option<usize> {
        self.index.get(&scopes[index].parent?).copied().filter(|&p| p < index)
    }

    fn is_bound(&self, scope: usize, kind: &IdKind, id: u64) -> bool {
        self.bound.contains_key(&(scope, kind.clone(), id))
    }

    /// What ids of a younger scope become that it does not define.
    fn defaults(&self, map: &mut IdMap, scopes: &[Scope<'_>], index: usize, given: &Given) {
        let (own, first) = (scopes[index].claims, scopes[0].claims);
        let category = first.defined(&IdKind::CourseCategory).next();
        for (kind, target, wanted) in [
            (IdKind::Context, first.course_context, true),
            (IdKind::Course, first.course, own.course.is_none()),
            (IdKind::CourseCategory, category, own.defined(&IdKind::CourseCategory).next().is_none()),
        ] {
            if let Some(target) = target.filter(|_| wanted) {
                let to = given.resolve(self, scopes, 0, &kind, target);
                map.set_default(kind, to);
            }
        }
    }
}

/// Numbers given so far to what is not bound.
#[derive(Debug, Default)]
struct Given {
    /// By scope, kind and id; only those that changed.
    changed: HashMap<(usize, IdKind, u64), u64>,
    unkept: Vec<(usize, IdKind, u64)>,
}

impl Given {
    /// Gives numbers to all ids of a kind that are defined. Which are taken then, and the next free ones, come back.
    fn kind<'a>(&mut self, kind: &'a IdKind, scopes: &'a [Scope<'a>], links: &Links) -> (IdSet, Next<'a>) {
        let mut taken = IdSet::default();
        let mut next = Next::of(kind, scopes);
        let mut kept: Vec<IdSet> = vec![IdSet::default(); scopes.len()];
        for (i, scope) in scopes.iter().enumerate() {
            for id in scope.claims.fixed.get(kind).into_iter().flat_map(IdSet::iter) {
                if links.is_bound(i, kind, id) {
                    continue;
                }
                if taken.insert(id) {
                    kept[i].insert(id);
                } else {
                    self.unkept.push((i, kind.clone(), id));
                }
            }
        }
        let linked = |id| scopes.iter().any(|s| s.claims.linked.get(kind).is_some_and(|ids| ids.contains(id)));
        for (i, scope) in scopes.iter().enumerate() {
            for id in scope.claims.defined.get(kind).into_iter().flat_map(IdSet::iter) {
                if kept[i].contains(id) || links.is_bound(i, kind, id) || taken.insert(id) {
                    continue;
                }
                if kind.is_private() && !linked(id) {
                    continue;
                }
                let new = next.free(&taken);
                taken.insert(new);
                self.changed.insert((i, kind.clone(), id), new);
            }
        }
        (taken, next)
    }

    /// Gives numbers to ids of a kind that younger scopes refer to and nobody defines, where something else has theirs.
    fn dangling(&mut self, kind: &IdKind, scopes: &[Scope<'_>], links: &Links, taken: &mut IdSet, next: &mut Next<'_>) {
        for (i, scope) in scopes.iter().enumerate() {
            for id in scope.claims.referred.get(kind).into_iter().flat_map(IdSet::iter) {
                let (at, id) = Self::place(links, scopes, i, kind, id);
                let known = at == 0 || id == 0 || scopes[at].claims.defines(kind, id);
                if known || self.changed.contains_key(&(at, kind.clone(), id)) {
                    continue;
                }
                let origin = scopes[at].origin;
                let is_it = |s: &Scope<'_>| origin.is_some() && s.origin == origin && s.claims.defines(kind, id);
                let to = match scopes.iter().position(is_it) {
                    Some(same) => self.resolve(links, scopes, same, kind, id),
                    None if taken.contains(id) => {
                        let new = next.free(taken);
                        taken.insert(new);
                        new
                    }
                    None => continue,
                };
                self.changed.insert((at, kind.clone(), id), to);
            }
        }
    }

    /// The number of something, through what it is bound to and, where the scope does not define it, its parents.
    fn resolve(&self, links: &Links, scopes: &[Scope<'_>], scope: usize, kind: &IdKind, id: u64) -> u64 {
        let at = Self::place(links, scopes, scope, kind, id);
        self.changed.get(&(at.0, kind.clone(), at.1)).copied().unwrap_or(at.1)
    }

    /// The scope and the id there of what an id of a scope is.
    fn place(links: &Links, scopes: &[Scope<'_>], scope: usize, kind: &IdKind, id: u64) -> (usize, u64) {
        let (mut at, mut seen) = ((scope, id), BTreeSet::new());
        // Bindings may run in a circle; then the last one before it repeats counts for what it is.
        while seen.insert(at) {
            if let Some(&target) = links.bound.get(&(at.0, kind.clone(), at.1)) {
                at = target;
            } else if !scopes[at.0].claims.defines(kind, at.1)
                && let Some(parent) = links.parent(scopes, at.0)
            {
                at.0 = parent;
            } else {
                break;
            }
        }
        at
    }
}

/// The next free ids of a kind.
struct Next<'a> {
    kind: &'a IdKind,
    scopes: &'a [Scope<'a>],
    at: u64,
}

impl<'a> Next<'a> {
    fn of(kind: &'a IdKind, scopes: &'a [Scope<'a>]) -> Self {
        let last = scopes.iter().filter_map(|s| s.claims.defined.get(kind)?.last()).max().unwrap_or(0);
        // Should there be no room above, the gaps must do.
        Self { kind, scopes, at: if last < LARGEST { last } else { 0 } }
    }

    /// One that nobody has, and that nothing refers to either.
    fn free(&mut self, taken: &IdSet) -> u64 {
        loop {
            self.at = if self.at >= LARGEST { 1 } else { self.at + 1 };
            let claimed = |s: &Scope<'_>| s.claims.defines(self.kind, self.at) || s.claims.refers(self.kind, self.at);
            if !taken.contains(self.at) && !self.scopes.iter().any(claimed) {
                return self.at;
            }
        }
    }
}

#[cfg(test)]
#[path = "assign_tests.rs"]
mod tests;
