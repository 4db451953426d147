//! Descriptions of parameters and results, from Rust types.
//!
//! The JSON form is that of `web-service` in the contract.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

/// A description under construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Description(Map<String, Value>);

/// A type that can be a parameter or result. Derive it for structs.
pub trait Describe {
    /// Its description.
    fn describe() -> Description;
}

impl Description {
    fn of(kind: &str) -> Self {
        let mut map = Map::new();
        map.insert("kind".into(), kind.into());
        Self(map)
    }
    /// A value of one of the protocol's types, for example `INT`.
    #[must_use]
    pub fn value(kind: &str) -> Self {
        let mut this = Self::of("value");
        this.0.insert("type".into(), kind.into());
        this
    }
    /// A map with keys yet to be added.
    #[must_use]
    pub fn single() -> Self {
        let mut this = Self::of("single");
        this.0.insert("keys".into(), json!([]));
        this
    }
    /// A list.
    #[must_use]
    pub fn multiple(content: Description) -> Self {
        let mut this = Self::of("multiple");
        this.0.insert("content".into(), content.into_json());
        this
    }
    /// Adds a key to a map.
    #[must_use]
    pub fn key(mut self, name: &str, description: Description) -> Self {
        if let Some(Value::Array(keys)) = self.0.get_mut("keys") {
            keys.push(json!({ "name": name, "description": description.into_json() }));
        }
        self
    }
    /// Documents it; an empty text leaves what is there.
    #[must_use]
    pub fn doc(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.0.insert("doc".into(), text.into());
        }
        self
    }
    /// Changes a value's type; for a list or an optional value, that of its content.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        let target = match self.0.get_mut("content") {
            Some(Value::Object(content)) => content,
            _ => &mut self.0,
        };
        target.insert("type".into(), kind.into());
        self
    }
    /// A further name of the key.
    #[must_use]
    pub fn alias(mut self, name: &str) -> Self {
        if let Value::Array(list) = self.0.entry("aliases").or_insert_with(|| json!([])) {
            list.push(name.into());
        }
        self
    }
    /// A list of `{name, value}` that is also accepted as `[NAME]=VALUE`.
    #[must_use]
    pub fn pairs(mut self) -> Self {
        self.0.insert("pairs".into(), true.into());
        self
    }
    /// A value that is written into no log.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.0.insert("secret".into(), true.into());
        self
    }
    /// Optional with a default.
    #[must_use]
    pub fn default_value(mut self, value: Value) -> Self {
        self.0.insert("required".into(), "default".into());
        self.0.insert("default".into(), value);
        self
    }
    /// May be left out.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.0.insert("required".into(), "optional".into());
        self
    }
    /// Turns integers that came as decimal text, since they are beyond 2^53, into numbers.
    pub(crate) fn read_integers(&self, value: &mut Value) {
        read_integers(&self.0, value);
    }
    /// As JSON.
    #[must_use]
    pub fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

fn read_integers(description: &Map<String, Value>, value: &mut Value) {
    let integer = description.get("type").is_some_and(|kind| kind == "INT");
    match value {
        Value::String(text) if integer => {
            if let Ok(number) = text.parse::<i64>() {
                *value = number.into();
            }
        }
        Value::Array(list) => {
            if let Some(Value::Object(content)) = description.get("content") {
                list.iter_mut().for_each(|item| read_integers(content, item));
            }
        }
        Value::Object(map) => {
            for key in description.get("keys").and_then(Value::as_array).into_iter().flatten() {
                if let (Some(name), Value::Object(inner)) = (key["name"].as_str(), &key["description"])
                    && let Some(item) = map.get_mut(name)
                {
                    read_integers(inner, item);
                }
            }
        }
        _ => {}
    }
}

macro_rules! value_types {
    ($($ty:ty => $kind:literal),+ $(,)?) => {$(
        impl Describe for $ty {
            fn describe() -> Description {
                Description::value($kind)
            }
        }
    )+};
}
value_types! {
    i8 => "INT", i16 => "INT", i32 => "INT", i64 => "INT", u8 => "INT", u16 => "INT", u32 => "INT", u64 => "INT",
    f32 => "FLOAT", f64 => "FLOAT", bool => "BOOL", String => "RAW", &str => "RAW",
}

impl<T: Describe> Describe for Vec<T> {
    fn describe() -> Description {
        Description::multiple(T::describe())
    }
}

impl<T: Describe> Describe for Option<T> {
    fn describe() -> Description {
        T::describe().optional()
    }
}

/// No parameters, or no result.
impl Describe for () {
    fn describe() -> Description {
        Description::single()
    }
}
