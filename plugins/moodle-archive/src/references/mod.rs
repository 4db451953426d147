//! What a section, activity, block or the course refers to outside its own documents: reading and writing `inforef.xml`, finding
//! references in documents ([`scan`]), and bringing both together.
//!
//! A restore loads only the people, files, scales ... that some `inforef.xml` names (mbz-format.md 5.2), so the list
//! decides what arrives. It is derived: each reference is kept with the facets of the places that refer.

pub mod scan;

use std::collections::{BTreeMap, BTreeSet};

use crate::facets::names;
use crate::xml::tree::Element;
use crate::xml::write::Writer;
use crate::xml::{XmlError, XmlErrorKind};
use scan::Found;

/// Kinds of reference, in the order in which `inforef.xml` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum ReferenceKind {
    User,
    Grouping,
    Group,
    Role,
    File,
    Scale,
    Outcome,
    GradeItem,
    QuestionCategory,
}

impl ReferenceKind {
    /// All kinds, in order.
    pub const ALL: [ReferenceKind; 9] = {
        use ReferenceKind::*;
        [User, Grouping, Group, Role, File, Scale, Outcome, GradeItem, QuestionCategory]
    };

    /// The name, as in the list and in `course-store.wit`.
    pub fn name(self) -> &'static str {
        match self {
            ReferenceKind::User => "user",
            ReferenceKind::Grouping => "grouping",
            ReferenceKind::Group => "group",
            ReferenceKind::Role => "role",
            ReferenceKind::File => "file",
            ReferenceKind::Scale => "scale",
            ReferenceKind::Outcome => "outcome",
            ReferenceKind::GradeItem => "grade_item",
            ReferenceKind::QuestionCategory => "question_category",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// A name for references of this kind that belong to the course and stand on no list.
    pub fn unlisted_name(self) -> String {
        format!("{UNLISTED}{}", self.name())
    }

    /// The kind with that [`unlisted_name`](Self::unlisted_name).
    pub fn of_unlisted_name(name: &str) -> Option<Self> {
        Self::of_name(name.strip_prefix(UNLISTED)?)
    }

    /// The facets of a reference that the archive lists but no document shows: what such things mostly hang on.
    fn usual_facets(self) -> &'static [&'static str] {
        match self {
            ReferenceKind::User => &[names::USER_DATA],
            ReferenceKind::Grouping | ReferenceKind::Group => &[names::GROUP],
            ReferenceKind::Role => &[names::ROLE_ASSIGNMENT],
            ReferenceKind::QuestionCategory => &[names::QUESTION_BANK],
            ReferenceKind::File | ReferenceKind::Scale | ReferenceKind::Outcome | ReferenceKind::GradeItem => &[],
        }
    }
}

const UNLISTED: &str = "unlisted-";

/// One thing referred to, by its number in the archive.
pub type Referred = (ReferenceKind, u64);

/// Reads an `inforef.xml`. Lists of kinds that are not known are kept out; so are entries without a number.
pub fn read(document: &[u8]) -> Result<BTreeSet<Referred>, XmlError> {
    let root = Element::parse(document)?;
    if root.name != "inforef" {
        let kind = XmlErrorKind::Content(format!("the root is <{}>, not <inforef>", root.name));
        return Err(XmlError { kind, line: root.line, offset: 0 });
    }
    let mut listed = BTreeSet::new();
    for list in &root.children {
        let Some(kind) = list.name.strip_suffix("ref").and_then(ReferenceKind::of_name) else { continue };
        for entry in &list.children {
            if let Some(id) = entry.field("id").and_then(|v| v.trim().parse().ok()) {
                listed.insert((kind, id));
            }
        }
    }
    Ok(listed)
}

/// Writes an `inforef.xml` in Moodle's form: by kind in the fixed order, by number, kinds without entries left out.
pub fn write(references: &BTreeSet<Referred>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.open("inforef", &[]);
    for kind in ReferenceKind::ALL {
        let mut ids = references.range((kind, 0)..=(kind, u64::MAX)).peekable();
        if ids.peek().is_none() {
            continue;
        }
        writer.open(&format!("{}ref", kind.name()), &[]);
        for (_, id) in ids {
            writer.open(kind.name(), &[]).number("id", id).close();
        }
        writer.close();
    }
    writer.finish()
}

/// References with the facets of the places that refer: each set by itself suffices to take the reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    map: BTreeMap<Referred, BTreeSet<Vec<&'static str>>>,
}

impl References {
    /// Adds what was found in one part. `part_facets` are those of the part.
    pub fn add_found(&mut self, found: &Found, part_facets: &[&'static str]) {
        for (&referred, sets) in found.iter() {
            for set in sets {
                let mut all = part_facets.to_vec();
                all.extend(set.iter().filter(|f| !part_facets.contains(*f)));
                self.add(referred, all);
            }
        }
    }

    /// Adds one reference. A set that another one makes superfluous is not kept.
    pub fn add(&mut self, referred: Referred, mut facets: Vec<&'static str>) {
        facets.sort_unstable();
        facets.dedup();
        let sets = self.map.entry(referred).or_default();
        let within = |small: &[&str], large: &[&str]| small.iter().all(|f| large.contains(f));
        if sets.iter().any(|s| within(s, &facets)) {
            return;
        }
        sets.retain(|s| !within(&facets, s));
        sets.insert(facets);
    }

    /// Brings the references found in an owner's documents together with the owner's own list. With a list, what is not on
    /// it goes, and what is on it but was not found gets the facets such things mostly have, on top of `owner_facets`.
    /// Without a list everything found stays.
    ///
    /// `astray` is what was found in documents of another owner that this list serves too: Moodle puts what the course's
    /// `contentbank.xml` refers to on the list of the first section.
    pub fn merge(
        &self,
        listed: Option<&BTreeSet<Referred>>,
        owner_facets: &[&'static str],
        astray: Option<&References>,
    ) -> References {
        let Some(listed) = listed else { return self.clone() };
        let mut merged = References::default();
        for &referred in listed {
            match self.map.get(&referred).or_else(|| astray?.map.get(&referred)) {
                Some(sets) => {
                    merged.map.insert(referred, sets.clone());
                }
                None => {
                    let mut facets = owner_facets.to_vec();
                    facets.extend(referred.0.usual_facets());
                    merged.add(referred, facets);
                }
            }
        }
        merged
    }

    /// Whether every set of facets that contains this one takes the reference.
    pub fn covers(&self, referred: Referred, facets: &[&str]) -> bool {
        let within = |set: &Vec<&'static str>| set.iter().all(|f| facets.contains(f));
        self.map.get(&referred).is_some_and(|sets| sets.iter().any(within))
    }

    /// What a set of facets takes.
    pub fn taken(&self, facets: &[&str]) -> BTreeSet<Referred> {
        let taken = |sets: &BTreeSet<Vec<&'static str>>| sets.iter().any(|s| s.iter().all(|f| facets.contains(f)));
        self.map.iter().filter(|(_, sets)| taken(sets)).map(|(&r, _)| r).collect()
    }

    /// Every reference with each of its sets of facets.
    pub fn iter(&self) -> impl Iterator<Item = (Referred, &[&'static str])> {
        self.map.iter().flat_map(|(&r, sets)| sets.iter().map(move |s| (r, s.as_slice())))
    }
}

#[cfg(test)]
mod tests;
