//! The two forms an answer can take.

/// The form of an answer, chosen by `moodlewsrestformat` (webservices 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// What a caller gets who asks for nothing, or for something unknown.
    #[default]
    Xml,
    /// `moodlewsrestformat=json`.
    Json,
}

impl Format {
    /// Reads the value of `moodlewsrestformat`. Exactly `json` is JSON; anything else, also absence, is XML.
    pub fn from_parameter(value: Option<&str>) -> Format {
        match value {
            Some("json") => Format::Json,
            _ => Format::Xml,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        assert_eq!(Format::from_parameter(Some("json")), Format::Json);
        for other in [None, Some("xml"), Some("JSON"), Some("yaml"), Some("")] {
            assert_eq!(Format::from_parameter(other), Format::Xml);
        }
    }
}
