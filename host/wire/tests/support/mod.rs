//! Reads recordings of a real Moodle, for the tests beside this folder.

#![allow(dead_code)] // Each test binary uses its part.

use std::fs;
use std::path::PathBuf;

use provost_wire::description::{Description, Key, ParamType, Requirement, Shape};

mod xml;

pub use xml::*;

/// Where the recordings lie, if they are there.
pub fn recordings() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/recordings");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recordings in {}", folder.display());
    None
}

/// One recorded call.
pub struct Recording {
    /// The file's name without ending, such as `err_wrong_type`.
    pub stem: String,
    /// The urlencoded body; empty for calls recorded without it.
    pub request_body: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Recording {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// All recordings whose file name ends so, sorted.
pub fn recordings_ending(ending: &str) -> Vec<Recording> {
    let Some(folder) = recordings() else { return Vec::new() };
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names.iter().map(|name| recording(name, ending).unwrap()).collect()
}

/// One recording by stem and ending.
pub fn recording(name: &str, ending: &str) -> Option<Recording> {
    let name = if name.ends_with(ending) { name.to_owned() } else { format!("{name}{ending}") };
    let text = fs::read_to_string(recordings()?.join(&name)).unwrap();
    let (before, response) = text.split_once("--- response").unwrap();
    let (_, response) = response.split_once('\n').unwrap();
    let (head, body) = response.split_once("\n\n").unwrap();
    let request = before.split_once("--- raw request\n").and_then(|(_, request)| request.split_once("\n\n"));
    Some(Recording {
        stem: name.trim_end_matches(ending).to_owned(),
        // Request bodies are folded.
        request_body: request.map(|(_, body)| body.replace('\n', "")).unwrap_or_default(),
        headers: head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        // The recorder ended each file with a line end of its own.
        body: body.strip_suffix('\n').unwrap_or(body).to_owned(),
    })
}

/// The description an XML answer walks, as far as it shows: every value an optional RAW. Nothing for an empty list.
pub fn description_of(node: &Element) -> Option<Description> {
    match node.name.as_str() {
        "VALUE" => Some(Description::value(ParamType::Raw).optional()),
        "SINGLE" => {
            let keys = node.children.iter().map(|key| {
                // An empty list's elements are unknown, and any description prints it.
                let description = description_of(&key.children[0]).unwrap_or_else(unknown_list);
                (key.attributes[0].1.clone(), description)
            });
            Some(Description::single(keys).optional())
        }
        "MULTIPLE" => {
            let contents = node.children.iter().filter_map(description_of);
            contents.reduce(merge).map(|content| Description::multiple(content).optional())
        }
        other => panic!("unexpected element {other}"),
    }
}

fn unknown_list() -> Description {
    Description::multiple(Description::single(Vec::<(String, Description)>::new())).optional()
}

/// What two answers of one description show together.
fn merge(one: Description, other: Description) -> Description {
    let is_unknown = |description: &Description| *description == unknown_list();
    if is_unknown(&one) {
        return other;
    }
    let shape = match (one.shape, other.shape) {
        (Shape::Single(one), Shape::Single(other)) => Shape::Single(
            one.into_iter()
                .zip(other)
                .map(|(one, other)| {
                    assert_eq!(one.name, other.name);
                    Key { name: one.name, description: merge(one.description, other.description) }
                })
                .collect(),
        ),
        (Shape::Multiple { content, .. }, Shape::Multiple { content: other, .. }) => {
            let content = if is_unknown(&Description {
                shape: Shape::Multiple { content: other.clone(), pairs: false },
                ..unknown_list()
            }) {
                content
            } else {
                Box::new(merge(*content, *other))
            };
            Shape::Multiple { content, pairs: false }
        }
        (shape, _) => shape,
    };
    Description {
        shape,
        requirement: Requirement::Optional,
        doc: one.doc,
        null: one.null,
        aliases: one.aliases,
        secret: one.secret,
    }
}
