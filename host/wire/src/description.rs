//! What a function takes or returns: the descriptions of `wit/web-service.wit`.
//!
//! [`Description::parameters`] and [`Description::returns`] read and check the JSON a plugin hands over; `Serialize`
//! prints the same JSON, so a guest can build its descriptions with the builders here.

mod load;
mod param_type;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

pub use load::DescriptionError;
pub use param_type::ParamType;

/// A description of a value, a map with known keys, or a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// What kind of thing it is.
    pub shape: Shape,
    /// For people.
    pub doc: String,
    /// What its absence means; counts for a key of a [`Shape::Single`].
    pub requirement: Requirement,
    /// Whether null is allowed.
    pub null: bool,
    /// Further names of the key, in parameters.
    pub aliases: Vec<String>,
    /// Whether a value is written into no log and shown in no error, as a password.
    pub secret: bool,
}

/// The three kinds of descriptions.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One value.
    Value(ParamType),
    /// A map with known keys, in order of declaration.
    Single(Vec<Key>),
    /// A list.
    Multiple {
        /// What each element is.
        content: Box<Description>,
        /// Whether a list of `{name, value}` may also be spelled `[N][NAME]=VALUE` and `[NAME]=VALUE`.
        pairs: bool,
    },
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: Description,
}

/// What the absence of a key means (webservices 1.4).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Requirement {
    /// An error.
    #[default]
    Required,
    /// It stays absent.
    Optional,
    /// This value is used.
    Default(Value),
}

impl Description {
    fn of(shape: Shape) -> Description {
        Description {
            shape,
            doc: String::new(),
            requirement: Requirement::Required,
            null: true,
            aliases: Vec::new(),
            secret: false,
        }
    }

    /// A required value.
    pub fn value(ty: ParamType) -> Description {
        Description::of(Shape::Value(ty))
    }

    /// A required map with these keys.
    pub fn single<N: Into<String>>(keys: impl IntoIterator<Item = (N, Description)>) -> Description {
        let keys = keys.into_iter().map(|(name, description)| Key { name: name.into(), description });
        Description::of(Shape::Single(keys.collect()))
    }

    /// A required list.
    pub fn multiple(content: Description) -> Description {
        Description::of(Shape::Multiple { content: Box::new(content), pairs: false })
    }

    /// A required list of `{name, value}` that may be spelled in the short forms too.
    pub fn pairs(name: Description, value: Description) -> Description {
        let content = Box::new(Description::single([("name", name), ("value", value)]));
        Description::of(Shape::Multiple { content, pairs: true })
    }

    /// The same with a text for people.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Description {
        self.doc = doc.into();
        self
    }

    /// The same, optional.
    #[must_use]
    pub fn optional(mut self) -> Description {
        self.requirement = Requirement::Optional;
        self
    }

    /// The same with a default.
    #[must_use]
    pub fn default_to(mut self, value: impl Into<Value>) -> Description {
        self.requirement = Requirement::Default(value.into());
        self
    }

    /// The same without null.
    #[must_use]
    pub fn not_null(mut self) -> Description {
        self.null = false;
        self
    }

    /// The same with one more name.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>) -> Description {
        self.aliases.push(name.into());
        self
    }

    /// The same value, written into no log.
    #[must_use]
    pub fn secret(mut self) -> Description {
        self.secret = true;
        self
    }

    /// Reads and checks the description of a function's parameters: a `single` whose keys are required or have a
    /// default.
    pub fn parameters(json: &str) -> Result<Description, DescriptionError> {
        let description = load::read(json)?;
        description.check_parameters()?;
        Ok(description)
    }

    /// Reads and checks the description of a function's result; empty text is a function that returns nothing.
    pub fn returns(json: &str) -> Result<Option<Description>, DescriptionError> {
        if json.trim_ascii().is_empty() {
            return Ok(None);
        }
        let description = load::read(json)?;
        description.check_returns()?;
        Ok(Some(description))
    }

    /// The kind's name in the JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self.shape {
            Shape::Value(_) => "value",
            Shape::Single(_) => "single",
            Shape::Multiple { .. } => "multiple",
        }
    }
}

impl Serialize for Description {
    /// Prints the JSON of the contract. What has its default (`null`, `aliases`, `pairs`, `secret`, an empty `doc`) is
    /// left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind())?;
        match &self.shape {
            Shape::Value(ty) => map.serialize_entry("type", ty.name())?,
            Shape::Single(keys) => map.serialize_entry("keys", keys)?,
            Shape::Multiple { content, pairs } => {
                map.serialize_entry("content", content)?;
                if *pairs {
                    map.serialize_entry("pairs", pairs)?;
                }
            }
        }
        if !self.doc.is_empty() {
            map.serialize_entry("doc", &self.doc)?;
        }
        match &self.requirement {
            Requirement::Required => map.serialize_entry("required", "required")?,
            Requirement::Optional => map.serialize_entry("required", "optional")?,
            Requirement::Default(value) => {
                map.serialize_entry("required", "default")?;
                map.serialize_entry("default", value)?;
            }
        }
        if !self.null {
            map.serialize_entry("null", &false)?;
        }
        if !self.aliases.is_empty() {
            map.serialize_entry("aliases", &self.aliases)?;
        }
        if self.secret {
            map.serialize_entry("secret", &self.secret)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
