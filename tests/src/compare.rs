//! Where two archives differ, element by element.
//!
//! Every XML file is compared as a tree: attributes, children in order, text exactly as written (numbers are not
//! interpreted, ids count). A missing file equals a root with nothing but empty containers. Rows of `files.xml` are a
//! set by id. Pool files are compared by the SHA-1 of what really lies there. Fields that change from one backup run to the next are listed
//! once, in [`VOLATILE`]; what a caller wants to exempt goes into [`Ignore`].

mod counts;

pub use counts::{Count, counts};

use crate::tree::{self, Element};
use crate::unpacked::Unpacked;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something two archives may differ in, and why.
#[derive(Debug, Clone, Copy)]
pub struct Exemption {
    /// Path in the archive; `*` stands for any text.
    pub path: &'static str,
    /// Place in the document as [`Difference::place`] prints it, `*` for any text; an empty one is the whole file.
    pub place: &'static str,
    /// Why it may differ.
    pub reason: &'static str,
}

/// The fields that differ between two backups of one unchanged course. The one list of them.
pub const VOLATILE: &[Exemption] = &[
    Exemption { path: ".ARCHIVE_INDEX", place: "", reason: "sizes and times of the container, not content" },
    Exemption { path: "moodle_backup.log", place: "", reason: "a text log of the run" },
    Exemption {
        path: "moodle_backup.xml",
        place: "moodle_backup/information/name",
        reason: "the file name holds the time of the run",
    },
    Exemption {
        path: "moodle_backup.xml",
        place: "moodle_backup/information/backup_date",
        reason: "the time of the run",
    },
    Exemption {
        path: "moodle_backup.xml",
        place: "moodle_backup/information/details/detail*@backup_id",
        reason: "random per run",
    },
    Exemption {
        path: "moodle_backup.xml",
        place: "moodle_backup/information/details/detail*/executiontime",
        reason: "a time of the run",
    },
    Exemption {
        path: "moodle_backup.xml",
        place: "moodle_backup/information/settings/setting[filename]/value",
        reason: "the file name holds the time of the run",
    },
    Exemption { path: "activities/lti_*/lti.xml", place: "*/resourcekey", reason: "encrypted anew in every backup" },
    Exemption { path: "activities/lti_*/lti.xml", place: "*/password", reason: "encrypted anew in every backup" },
];

/// What the caller exempts besides [`VOLATILE`].
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    rules: Vec<(String, String)>,
    added: Vec<(String, String)>,
}

impl Ignore {
    /// Exempts nothing more.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Exempts whole files; `*` in the path stands for any text.
    #[must_use]
    pub fn file(mut self, path: &str) -> Self {
        self.rules.push((path.to_owned(), String::new()));
        self
    }

    /// Exempts an element or attribute, with everything below it, in the files a path names.
    #[must_use]
    pub fn place(mut self, path: &str, place: &str) -> Self {
        self.rules.push((path.to_owned(), place.to_owned()));
        self
    }

    /// Exempts an element that the second archive has and the first has not.
    #[must_use]
    pub fn added(mut self, path: &str, place: &str) -> Self {
        self.added.push((path.to_owned(), place.to_owned()));
        self
    }

    /// Exempts which site wrote the archive: address and site hash.
    #[must_use]
    pub fn origin_site(self) -> Self {
        const I: &str = "moodle_backup/information/";
        self.place("moodle_backup.xml", &format!("{I}original_wwwroot"))
            .place("moodle_backup.xml", &format!("{I}original_site_identifier_hash"))
    }

    /// Exempts which release wrote the archive: the four version fields.
    #[must_use]
    pub fn writer_release(self) -> Self {
        const I: &str = "moodle_backup/information/";
        self.place("moodle_backup.xml", &format!("{I}moodle_version"))
            .place("moodle_backup.xml", &format!("{I}moodle_release"))
            .place("moodle_backup.xml", &format!("{I}backup_version"))
            .place("moodle_backup.xml", &format!("{I}backup_release"))
    }

    /// Exempts which course it was: its ids and names in the master file.
    #[must_use]
    pub fn origin_course(self) -> Self {
        self.place("moodle_backup.xml", "moodle_backup/information/original_course_*")
    }

    fn covers(&self, path: &str, place: &str) -> bool {
        let hit = |p: &str, e: &str| matches(p, path) && (e.is_empty() || matches(e, place));
        VOLATILE.iter().any(|x| hit(x.path, x.place)) || self.rules.iter().any(|(p, e)| hit(p, e))
    }

    fn covers_added(&self, path: &str, place: &str) -> bool {
        self.added.iter().any(|(p, e)| matches(p, path) && matches(e, place))
    }

    fn covers_file(&self, path: &str) -> bool {
        let whole = |p: &str, e: &str| e.is_empty() && matches(p, path);
        VOLATILE.iter().any(|x| whole(x.path, x.place)) || self.rules.iter().any(|(p, e)| whole(p, e))
    }
}

/// Does `text` fit a pattern in which `*` stands for any text?
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut rest = rest;
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The file in the archive.
    pub path: String,
    /// The place in it: element names, with the id or position where names repeat, `@` before an attribute; empty for the whole file.
    pub place: String,
    /// What the first archive says; `None` when it has nothing there.
    pub left: Option<String>,
    /// What the second archive says.
    pub right: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |side: &Option<String>| match side {
            None => "(absent)".to_owned(),
            Some(text) if text.chars().count() > 160 => {
                format!("{:?}…", text.chars().take(160).collect::<String>())
            }
            Some(text) => format!("{text:?}"),
        };
        write!(f, "{}: {}: {} <> {}", self.path, self.place, show(&self.left), show(&self.right))
    }
}

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Every difference, by path.
    pub differences: Vec<Difference>,
    /// How many of each kind of thing stand on both sides.
    pub counts: Vec<Count>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        for count in &self.counts {
            writeln!(f, "{count}")?;
        }
        write!(f, "{} differences", self.differences.len())
    }
}

/// Compares two archives.
pub fn compare(left: &Unpacked, right: &Unpacked, ignore: &Ignore) -> Comparison {
    let mut differences = Vec::new();
    let paths: BTreeSet<&String> = left.documents.keys().chain(right.documents.keys()).collect();
    for path in paths {
        let (l, r) = (left.documents.get(path), right.documents.get(path));
        if l == r || ignore.covers_file(path) {
            continue;
        }
        let mut file = FileComparison { path, ignore, found: &mut differences };
        file.documents(l, r);
    }
    let paths: BTreeSet<&String> = left.pool.keys().chain(right.pool.keys()).collect();
    for path in paths {
        let (l, r) = (left.pool.get(path), right.pool.get(path));
        if l != r && !ignore.covers_file(path) {
            let show =
                |p: Option<&crate::unpacked::PoolFile>| p.map(|p| format!("sha1 {} of {} bytes", p.sha1, p.size));
            differences.push(Difference { path: path.clone(), place: String::new(), left: show(l), right: show(r) });
        }
    }
    Comparison { differences, counts: counts(left, right) }
}

struct FileComparison<'a> {
    path: &'a str,
    ignore: &'a Ignore,
    found: &'a mut Vec<Difference>,
}

impl FileComparison<'_> {
    fn note(&mut self, place: &str, left: Option<String>, right: Option<String>) {
        let added = left.is_none() && self.ignore.covers_added(self.path, place);
        if !added && !self.ignore.covers(self.path, place) {
            self.found.push(Difference { path: self.path.to_owned(), place: place.to_owned(), left, right });
        }
    }

    fn documents(&mut self, left: Option<&Vec<u8>>, right: Option<&Vec<u8>>) {
        let whole = |b: Option<&Vec<u8>>| b.map(|b| format!("{} bytes", b.len()));
        if !self.path.ends_with(".xml") {
            self.note("", whole(left), whole(right));
            return;
        }
        let read = |b: Option<&Vec<u8>>| b.map(|b| tree::parse(b)).transpose();
        match (read(left), read(right)) {
            (Err(l), Err(r)) => self.note("", Some(l.to_string()), Some(r.to_string())),
            (Err(l), Ok(_)) => self.note("", Some(l.to_string()), whole(right)),
            (Ok(_), Err(r)) => self.note("", whole(left), Some(r.to_string())),
            (Ok(Some(l)), Ok(Some(r))) if l.name != r.name => {
                self.note("", Some(l.name), Some(r.name));
            }
            (Ok(Some(l)), Ok(Some(r))) => self.elements(&l.name.clone(), &l, &r),
            (Ok(l), Ok(r)) => {
                if !l.iter().chain(r.iter()).all(Element::is_hollow) {
                    self.note("", whole(left), whole(right));
                }
            }
        }
    }

    fn elements(&mut self, place: &str, left: &Element, right: &Element) {
        if left == right || self.ignore.covers(self.path, place) {
            return;
        }
        let names: Vec<&str> = left.attributes.iter().map(|a| a.0.as_str()).collect();
        let others: Vec<&str> = right.attributes.iter().map(|a| a.0.as_str()).collect();
        let all: BTreeSet<&str> = names.iter().chain(&others).copied().collect();
        for name in &all {
            let (l, r) = (left.attribute(name), right.attribute(name));
            if l != r {
                self.note(&format!("{place}@{name}"), l.map(str::to_owned), r.map(str::to_owned));
            }
        }
        if names != others && names.len() == others.len() && all.len() == names.len() {
            self.note(&format!("{place}@"), Some(names.join(" ")), Some(others.join(" ")));
        }
        if left.text != right.text {
            self.note(place, Some(left.text.clone()), Some(right.text.clone()));
        }
        self.children(place, left, right);
    }

    /// Pairs children by what identifies them, so that one row added does not make every later row differ.
    fn children(&mut self, place: &str, left: &Element, right: &Element) {
        let (l, r) = (labelled(left), labelled(right));
        let by_label: BTreeMap<&str, &Element> = r.iter().map(|(k, e)| (k.as_str(), *e)).collect();
        let here: BTreeSet<&str> = l.iter().map(|(k, _)| k.as_str()).collect();
        for (label, element) in &l {
            let inner = format!("{place}/{label}");
            match by_label.get(label.as_str()) {
                Some(other) => self.elements(&inner, element, other),
                None => self.note(&inner, Some(brief(element)), None),
            }
        }
        for (label, element) in &r {
            if !here.contains(label.as_str()) {
                self.note(&format!("{place}/{label}"), None, Some(brief(element)));
            }
        }
        if self.path == "files.xml" && left.name == "files" {
            return;
        }
        let common = |side: &[(String, &Element)]| -> Vec<String> {
            let other = |label: &str| here.contains(label) && by_label.contains_key(label);
            side.iter().map(|(k, _)| k.clone()).filter(|k| other(k)).collect()
        };
        let (order, other) = (common(&l), common(&r));
        if order != other {
            self.note(&format!("{place}/(order)"), Some(order.join(" ")), Some(other.join(" ")));
        }
    }
}

/// Children with a label unique among them: name, and where names repeat the id, key field or position.
fn labelled(parent: &Element) -> Vec<(String, &Element)> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for child in &parent.children {
        *names.entry(&child.name).or_default() += 1;
    }
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    parent
        .children
        .iter()
        .map(|child| {
            let key = child.attribute("id").or_else(|| {
                ["moduleid", "sectionid", "name", "id"]
                    .iter()
                    .filter(|_| names.get(child.name.as_str()).is_some_and(|n| *n > 1))
                    .find_map(|k| child.child(k).map(|c| c.text.as_str()))
            });
            let mut label = match key {
                Some(key) => format!("{}[{key}]", child.name),
                None => child.name.clone(),
            };
            let n = used.entry(label.clone()).or_default();
            *n += 1;
            if *n > 1 {
                label = format!("{label}#{n}");
            }
            (label, child)
        })
        .collect()
}

fn brief(element: &Element) -> String {
    if element.children.is_empty() {
        return element.text.clone();
    }
    let fields: Vec<String> = element.children.iter().take(6).map(|c| format!("{}={}", c.name, c.text)).collect();
    format!("{} with {}", element.name, fields.join(", "))
}

#[cfg(test)]
mod tests;
