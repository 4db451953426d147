//! The roles an archive defines: the `roles.xml` at its top (mbz-format.md 5.1).

use crate::xml::elements::Elements;
use crate::xml::fields::Fields;
use crate::xml::write::{list_head, list_tail};
use crate::xml::{NULL, XmlError, escape};

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

/// The element of a role of the host, with the white space before it.
pub fn element(local: u64, shortname: &str, name: &str, archetype: &str) -> Vec<u8> {
    let (shortname, name, archetype) = (escape::text(shortname), escape::text(name), escape::text(archetype));
    format!(
        "\n  <role id=\"{local}\">\n    <name>{name}</name>\n    <shortname>{shortname}</shortname>\n    <nameincourse>{NULL}</nameincourse>\n    \
         <description></description>\n    <sortorder>{local}</sortorder>\n    <archetype>{archetype}</archetype>\n  </role>"
    )
    .into_bytes()
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
            for role in roles {
                assert_eq!(element(role.local, &role.shortname, "", &role.archetype), role.element);
            }
        }
    }
}
