//! Reading a description's JSON and checking that it makes sense, with errors that say where.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Description, Key, ParamType, Requirement, Shape};
use crate::check::{Check, Side};
use crate::clean::Installed;
use crate::form::MAX_DEPTH;
use crate::request::CONTROL_NAMES;

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// Not JSON, or not of the documented form.
    #[error("the description cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It can be read but makes no sense.
    #[error("the description is wrong at {place}: {fault}")]
    Wrong {
        /// The path of keys, such as `options[].name`; `top` for the outermost description.
        place: String,
        /// What is wrong there.
        fault: String,
    },
}

/// The JSON before its parts are known to fit together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    kind: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    keys: Option<Vec<RawKey>>,
    content: Option<Box<Raw>>,
    pairs: Option<bool>,
    #[serde(default)]
    doc: String,
    required: Option<String>,
    #[serde(default, deserialize_with = "present")]
    default: Option<Value>,
    null: Option<bool>,
    #[serde(default)]
    aliases: Vec<String>,
    secret: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    name: String,
    description: Raw,
}

/// Tells a default of null from no default.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The path to a description, for error texts.
#[derive(Clone, Copy)]
enum Place<'a> {
    Top,
    Key(&'a Place<'a>, &'a str),
    Content(&'a Place<'a>),
}

impl Place<'_> {
    fn text(&self) -> String {
        match self {
            Place::Top => String::new(),
            Place::Key(outer, key) => match outer.text() {
                outer if outer.is_empty() => (*key).to_owned(),
                outer => format!("{outer}.{key}"),
            },
            Place::Content(outer) => format!("{}[]", outer.text()),
        }
    }

    fn depth(&self) -> usize {
        match self {
            Place::Top => 0,
            Place::Key(outer, _) | Place::Content(outer) => outer.depth() + 1,
        }
    }

    fn wrong<T>(&self, fault: impl Into<String>) -> Result<T, DescriptionError> {
        let place = match self.text() {
            text if text.is_empty() => "top".to_owned(),
            text => text,
        };
        Err(DescriptionError::Wrong { place, fault: fault.into() })
    }
}

pub(super) fn read(json: &str) -> Result<Description, DescriptionError> {
    build(serde_json::from_str(json)?, Place::Top)
}

fn build(raw: Raw, place: Place<'_>) -> Result<Description, DescriptionError> {
    let kind = raw.kind.as_str();
    for (field, given, belongs) in [
        ("type", raw.ty.is_some(), "value"),
        ("keys", raw.keys.is_some(), "single"),
        ("content", raw.content.is_some(), "multiple"),
        ("pairs", raw.pairs.is_some(), "multiple"),
        ("secret", raw.secret.is_some(), "value"),
    ] {
        if given && kind != belongs {
            return place.wrong(format!("\"{field}\" belongs to a {belongs}, this is a {kind}"));
        }
    }
    let shape = match (kind, raw.ty, raw.keys, raw.content) {
        ("value", Some(name), ..) => match ParamType::from_name(&name) {
            Some(ty) => Shape::Value(ty),
            None => return place.wrong(format!("unknown type \"{name}\"")),
        },
        ("single", _, Some(keys), _) => {
            let keys = keys.into_iter().map(|key| {
                let description = build(key.description, Place::Key(&place, &key.name))?;
                Ok(Key { name: key.name, description })
            });
            Shape::Single(keys.collect::<Result<_, DescriptionError>>()?)
        }
        ("multiple", _, _, Some(content)) => Shape::Multiple {
            content: Box::new(build(*content, Place::Content(&place))?),
            pairs: raw.pairs.unwrap_or(false),
        },
        ("value", ..) => return place.wrong("a value needs a \"type\""),
        ("single", ..) => return place.wrong("a single needs \"keys\""),
        ("multiple", ..) => return place.wrong("a multiple needs a \"content\""),
        (kind, ..) => return place.wrong(format!("unknown kind \"{kind}\"")),
    };
    let requirement = match (raw.required.as_deref(), raw.default) {
        (None | Some("required"), None) => Requirement::Required,
        (Some("optional"), None) => Requirement::Optional,
        (Some("default"), Some(value)) => Requirement::Default(value),
        (Some("default"), None) => return place.wrong("\"required\" is \"default\", but there is no \"default\""),
        (Some(word), _) if !["required", "optional"].contains(&word) => {
            return place.wrong(format!("unknown \"required\": \"{word}\""));
        }
        _ => return place.wrong("there is a \"default\", but \"required\" is not \"default\""),
    };
    Ok(Description {
        shape,
        doc: raw.doc,
        requirement,
        null: raw.null.unwrap_or(true),
        aliases: raw.aliases,
        secret: raw.secret.unwrap_or(false),
    })
}

impl Description {
    /// Checks that this describes a function's parameters, however it was made.
    pub fn check_parameters(&self) -> Result<(), DescriptionError> {
        let Shape::Single(keys) = &self.shape else {
            return Place::Top.wrong(format!("parameters are a single, not a {}", self.kind()));
        };
        if self.requirement != Requirement::Required {
            return Place::Top.wrong("the parameters as a whole are required");
        }
        for key in keys {
            let place = Place::Key(&Place::Top, &key.name);
            if key.description.requirement == Requirement::Optional {
                return place.wrong("a parameter is required or has a default; only inner keys are optional");
            }
            let control = std::iter::once(&key.name)
                .chain(&key.description.aliases)
                .find(|name| CONTROL_NAMES.contains(&name.as_str()));
            if let Some(name) = control {
                return place.wrong(format!("the name {name} steers the server and never reaches a function"));
            }
        }
        verify(self, Place::Top, Side::Parameters)
    }

    /// Checks that this describes a function's result, however it was made.
    pub fn check_returns(&self) -> Result<(), DescriptionError> {
        verify(self, Place::Top, Side::Result)
    }
}

fn verify(description: &Description, place: Place<'_>, side: Side) -> Result<(), DescriptionError> {
    if place.depth() > MAX_DEPTH {
        return place.wrong(format!("nested more than {MAX_DEPTH} levels deep"));
    }
    let is_key = matches!(place, Place::Key(..));
    if !description.aliases.is_empty() && (!is_key || side == Side::Result) {
        return place.wrong("only keys of parameters have aliases");
    }
    match &description.shape {
        Shape::Value(_) => {}
        Shape::Single(keys) => {
            let mut names = HashSet::new();
            for key in keys {
                if !names.insert(key.name.as_str()) {
                    return place.wrong(format!("the key {} is declared twice", key.name));
                }
            }
            for key in keys {
                let place = Place::Key(&place, &key.name);
                for alias in &key.description.aliases {
                    if !names.insert(alias) {
                        return place.wrong(format!("the alias {alias} is another key's name or alias"));
                    }
                }
                for name in std::iter::once(&key.name).chain(&key.description.aliases) {
                    if !is_name(name) {
                        return place
                            .wrong(format!("\"{name}\" is no name: letters, digits, `_`, `-` and `:` make one"));
                    }
                }
                verify(&key.description, place, side)?;
            }
        }
        Shape::Multiple { content, pairs } => {
            if *pairs && side == Side::Result {
                return place.wrong("only parameters are spelled as pairs");
            }
            if *pairs && !is_pair(content) {
                return place.wrong("pairs are a multiple of a single with the values \"name\" and \"value\"");
            }
            verify(content, Place::Content(&place), side)?;
        }
    }
    if let Requirement::Default(value) = &description.requirement {
        // Which languages and themes there are is the site's matter, so any will do here.
        let check = Check { side, installed: &Installed::any() };
        if let Err(fault) = check.json(description, value) {
            return place.wrong(format!("the default does not fit: {fault}"));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-:".contains(c))
}

fn is_pair(content: &Description) -> bool {
    let Shape::Single(keys) = &content.shape else { return false };
    let value = |name: &str| {
        keys.iter().any(|key| {
            key.name == name && key.description.aliases.is_empty() && matches!(key.description.shape, Shape::Value(_))
        })
    };
    keys.len() == 2 && value("name") && value("value")
}
