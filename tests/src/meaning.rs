//! What the numbers in an archive's activities and sections mean: the groups, scales, questions and activities that they lead to, by
//! what those say of themselves. Two archives with other numbers mean the same where these lists are equal.

use crate::excerpt::document;
use crate::tree::{Element, parse};
use crate::unpacked::Unpacked;
use std::collections::BTreeMap;

/// What is said of a number that leads nowhere.
pub const NOTHING: &str = "nothing";

/// The things of an archive that its items refer to: kind and number to what they say of themselves.
#[derive(Debug)]
pub struct Meaning {
    things: BTreeMap<(&'static str, String), String>,
}

/// Fields of items that refer to something, with its kind.
const FIELDS: &[(&str, &str)] = &[
    ("groupid", "group"),
    ("groupingid", "grouping"),
    ("scaleid", "scale"),
    ("outcomeid", "outcome"),
    ("questionbankentryid", "entry"),
];

/// Lists of references with the kind of what is on them.
const LISTS: &[(&str, &str)] = &[
    ("groupref", "group"),
    ("groupingref", "grouping"),
    ("scaleref", "scale"),
    ("outcomeref", "outcome"),
    ("question_categoryref", "category"),
];

impl Meaning {
    /// Reads it.
    ///
    /// # Panics
    /// When a document is missing or damaged, or has two things of one number.
    pub fn of(archive: &Unpacked) -> Self {
        let mut meaning = Self { things: BTreeMap::new() };
        let of_place = |e: &Element| e.value("name").unwrap_or_default().to_owned();
        let groups = read(archive, "groups.xml");
        meaning.add("group", groups.find_all("group"), of_place);
        let names = |e: &Element| -> String {
            let of = |g: &&Element| meaning.thing("group", g.value("groupid").unwrap_or_default()).to_owned();
            let groups: Vec<String> = e.find_all("grouping_group").iter().map(of).collect();
            format!("{} of {}", of_place(e), groups.join(", "))
        };
        let groupings: Vec<(String, String)> = with_ids(groups.find_all("grouping"), names);
        meaning.add_all("grouping", groupings);
        meaning.add("scale", read(archive, "scales.xml").find_all("scale"), of_place);
        let scale = |e: &Element| meaning.thing("scale", e.value("scaleid").unwrap_or_default()).to_owned();
        let outcome = |e: &Element| format!("{} by {}", e.value("fullname").unwrap_or_default(), scale(e));
        let outcomes = with_ids(read(archive, "outcomes.xml").find_all("outcome"), outcome);
        meaning.add_all("outcome", outcomes);
        let questions = read(archive, "questions.xml");
        let stamps = |e: &Element| {
            let stamps: Vec<&str> = e.find_all("stamp").into_iter().map(|stamp| stamp.text.as_str()).collect();
            stamps.join(" ")
        };
        meaning.add("entry", questions.find_all("question_bank_entry"), stamps);
        meaning.add("category", questions.find_all("question_category"), stamps);
        let master = read(archive, "moodle_backup.xml");
        for (list, id) in [("activity", "moduleid"), ("section", "sectionid")] {
            let is_item = |e: &&Element| e.value(id).is_some() && e.value("directory").is_some();
            let items = master.find_all(list).into_iter().filter(is_item);
            let titled = items.map(|e| {
                let value = |name: &str| e.value(name).unwrap_or_default().to_owned();
                (value(id), value("title"))
            });
            meaning.add_all(if list == "activity" { "module" } else { "section" }, titled.collect());
        }
        meaning
    }

    fn add(&mut self, kind: &'static str, elements: Vec<&Element>, says: impl Fn(&Element) -> String) {
        self.add_all(kind, with_ids(elements, says));
    }

    fn add_all(&mut self, kind: &'static str, things: Vec<(String, String)>) {
        for (id, says) in things {
            let before = self.things.insert((kind, id.clone()), says);
            assert!(before.is_none(), "two of {kind} {id}");
        }
    }

    /// What a number means.
    pub fn thing(&self, kind: &'static str, id: &str) -> &str {
        self.things.get(&(kind, id.to_owned())).map_or(NOTHING, String::as_str)
    }

    /// How many things of a kind there are.
    pub fn count(&self, kind: &'static str) -> usize {
        self.things.keys().filter(|(of, _)| *of == kind).count()
    }

    /// Everything that an activity or a section refers to, document by document and in the order written there, but for where it is
    /// itself. What may go astray, links and conditions of activities, begins with `~`.
    ///
    /// # Panics
    /// When a document is damaged.
    pub fn referred(&self, archive: &Unpacked, directory: &str) -> Vec<String> {
        let mut found = Vec::new();
        for path in archive.documents.keys().filter(|path| path.starts_with(&format!("{directory}/"))) {
            let root = read(archive, path);
            let file = path.rsplit('/').next().unwrap_or_default();
            root.walk(&mut |e| {
                for (field, kind) in FIELDS.iter().filter(|(field, _)| *field == e.name) {
                    // Beside ratings, positive numbers are points.
                    let is_scale = *kind != "scale" || file == "grades.xml";
                    if is_scale && e.text.parse().is_ok_and(|id: u64| id != 0) {
                        found.push(format!("{file} {field}: {}", self.thing(kind, &e.text)));
                    }
                }
                if e.name == "availability" {
                    for (kind, id) in conditions(&e.text) {
                        let astray = if kind == "module" { "~" } else { "" };
                        found.push(format!("{astray}{file} {kind}: {}", self.thing(kind, &id)));
                    }
                }
                for id in links(&e.text) {
                    found.push(format!("~{file} link: {}", self.thing("module", &id)));
                }
            });
            for (list, kind) in LISTS.iter().filter(|_| file == "inforef.xml") {
                for list in root.all(list) {
                    let mut named: Vec<&str> =
                        list.children.iter().map(|e| self.thing(kind, e.value("id").unwrap_or_default())).collect();
                    named.sort_unstable();
                    found.push(format!("{kind}s: {}", named.join(", ")));
                }
            }
        }
        found
    }
}

fn read(archive: &Unpacked, path: &str) -> Element {
    parse(document(archive, path).as_bytes()).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn with_ids(elements: Vec<&Element>, says: impl Fn(&Element) -> String) -> Vec<(String, String)> {
    elements.into_iter().filter_map(|e| Some((e.attribute("id")?.to_owned(), says(e)))).collect()
}

/// Activities that links in a text lead to.
fn links(text: &str) -> Vec<String> {
    let tokens = text.split("$@").skip(1).filter_map(|rest| Some(rest.split_once("@$")?.0));
    let to_activities = tokens.filter(|token| !token.starts_with("COURSE"));
    to_activities.filter_map(|token| Some(token.split_once("VIEWBYID*")?.1.to_owned())).collect()
}

/// What the conditions of a restriction name.
fn conditions(text: &str) -> Vec<(&'static str, String)> {
    fn walk(value: &serde_json::Value, found: &mut Vec<(&'static str, String)>) {
        let number = |key: &str| value[key].as_u64().map(|id| id.to_string());
        match value["type"].as_str() {
            Some("group") => found.extend(number("id").map(|id| ("group", id))),
            Some("grouping") => found.extend(number("id").map(|id| ("grouping", id))),
            Some("completion") => found.extend(number("cm").map(|id| ("module", id))),
            _ => {}
        }
        value["c"].as_array().into_iter().flatten().for_each(|child| walk(child, found));
    }
    let mut found = Vec::new();
    walk(&serde_json::from_str(text).unwrap_or_default(), &mut found);
    found
}
