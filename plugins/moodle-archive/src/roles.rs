//! The roles an archive defines: the `roles.xml` at its top (mbz-format.md 5.1).

use crate::xml::XmlError;
use crate::xml::elements::Elements;
use crate::xml::fields::Fields;
use crate::xml::write::{list_head, list_tail};

/// A role as an archive shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Role {
    pub local: u64,
    /// By which it is recognised on another site.
    pub shortname: String,
    pub archetype: String,
    /// The bytes as written, with the white space before them.
    pub element: Vec<u8>,
}

/// Reads `roles.xml`. It is small.
pub fn read(document: &[u8]) -> Result<Vec<Role>, XmlError> {
    let role = |element: Vec<u8>| {
        let f = Fields::of(&element)?;
        let (local, shortname, archetype) =
            (f.attribute_id("id").unwrap_or(0), f.text("shortname"), f.text("archetype"));
        Ok(Role { local, shortname, archetype, element })
    };
    Elements::all("role", document)?.into_iter().map(role).collect()
}

/// Writes `roles.xml` from elements kept as written.
pub fn write<'a>(elements: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = head();
    for element in elements {
        out.extend_from_slice(element);
    }
    out.extend(tail());
    out
}

/// What stands before the roles of a `roles.xml`.
pub fn head() -> Vec<u8> {
    list_head("roles_definition")
}

/// What stands after the roles of a `roles.xml`.
pub fn tail() -> Vec<u8> {
    list_tail("roles_definition")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn real_roles_come_back() {
        for name in ["small_test_users1.tgz.mbz", "small_test_users0.tgz.mbz"] {
            let Some(archive) = testing::archive(name) else { return };
            let roles = read(&archive["roles.xml"]).unwrap();
            assert!(roles.iter().any(|r| r.local == 5 && r.shortname == "student" && r.archetype == "student"));
            assert!(write(roles.iter().map(|r| r.element.as_slice())) == archive["roles.xml"]);
        }
    }
}
