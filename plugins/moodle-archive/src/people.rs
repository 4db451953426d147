//! The people of an archive: `users.xml`, read one by one and written from kept elements (mbz-format.md 5.1).

use crate::xml::elements::Elements;
use crate::xml::fields::Fields;
use crate::xml::tree::Element;
use crate::xml::write::{list_head, list_tail};
use crate::xml::{Event, Scanner, XmlError, escape};
use std::collections::BTreeSet;

/// A person as an archive shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ArchivedPerson {
    pub local: u64,
    pub username: String,
    pub email: String,
    pub firstname: String,
    pub lastname: String,
    pub idnumber: String,
    /// Unix seconds, 0 for never.
    pub first_access: i64,
    pub deleted: bool,
    /// Archives of Moodle do not say it; false then.
    pub suspended: bool,
    /// The bytes as written, with the white space before them.
    pub element: Vec<u8>,
}

impl ArchivedPerson {
    /// Reads one from the bytes of a `user` element.
    pub fn of(element: Vec<u8>) -> Result<Self, XmlError> {
        let f = Fields::of(&element)?;
        Ok(Self {
            local: f.attribute_id("id").unwrap_or(0),
            username: f.text("username"),
            email: f.text("email"),
            firstname: f.text("firstname"),
            lastname: f.text("lastname"),
            idnumber: f.text("idnumber"),
            first_access: f.number("firstaccess"),
            deleted: f.flag("deleted"),
            suspended: f.flag("suspended"),
            element,
        })
    }
}

/// Reads `users.xml` in pieces of any size.
#[derive(Debug, Clone)]
pub struct PeopleReader(Elements);

impl Default for PeopleReader {
    fn default() -> Self {
        Self(Elements::new("user"))
    }
}

impl PeopleReader {
    /// A reader at the start of the document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece and returns the people it completes.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<ArchivedPerson>, XmlError> {
        self.0.feed(chunk)?;
        self.0.take().into_iter().map(ArchivedPerson::of).collect()
    }

    /// Says that the document is complete.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.0.finish()
    }
}

/// What stands before the people of a `users.xml`. Write it, then elements, then [`tail`].
pub fn head() -> Vec<u8> {
    list_head("users")
}

/// What stands after the people of a `users.xml`.
pub fn tail() -> Vec<u8> {
    list_tail("users")
}

/// The roles that a person's element refers to: those that others have with regard to this person (a mentor, say), and
/// those whose rights were changed there. Moodle names them nowhere else.
pub fn own_roles(person: &[u8]) -> Result<BTreeSet<u64>, XmlError> {
    let mut roles = BTreeSet::new();
    if memchr::memmem::find(person, b"<roleid>").is_some() {
        let root = Element::parse(person)?;
        for list in root.child("roles").iter().flat_map(|roles| &roles.children) {
            roles.extend(list.children.iter().filter_map(|row| row.field("roleid")?.trim().parse::<u64>().ok()));
        }
    }
    Ok(roles)
}

/// A person's element without the roles that others have with regard to them.
pub fn without_role_assignments(person: Vec<u8>) -> Result<Vec<u8>, XmlError> {
    if memchr::memmem::find(&person, b"<assignment").is_none() {
        return Ok(person);
    }
    let mut out = Vec::with_capacity(person.len());
    let mut path: Vec<Vec<u8>> = Vec::new();
    let within = |path: &[Vec<u8>]| {
        path.len() >= 4 && path[1..4].iter().eq([&b"roles"[..], b"role_assignments", b"assignment"].iter())
    };
    let mut space = Vec::new();
    let mut scanner = Scanner::new();
    scanner.feed(&person, |_, event| {
        let ends = match event {
            Event::Start { name, empty, .. } => {
                path.push(name.to_vec());
                empty
            }
            Event::End { .. } => true,
            Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) && !within(&path) => {
                space.extend_from_slice(text);
                return Ok(());
            }
            _ => false,
        };
        if within(&path) {
            space.clear();
        } else {
            out.append(&mut space);
            out.extend_from_slice(event.bytes());
        }
        if ends {
            path.pop();
        }
        Ok::<(), XmlError>(())
    })?;
    out.append(&mut space);
    Ok(out)
}

/// A person's element with everything that tells who they are taken out (mbz-format.md 8). `count` numbers the
/// people of one archive from 1.
///
/// Names, addresses and the like become invented or empty ones; custom fields, interests, preferences and roles go.
pub fn anonymous(person: &ArchivedPerson, count: u64) -> Result<Vec<u8>, XmlError> {
    let f = Fields::of(&person.element)?;
    let context = f.attribute("contextid").unwrap_or_default();
    let mut out = format!("\n  <user id=\"{}\" contextid=\"{}\">", person.local, escape::attribute(&context));
    let mut field = |name: &str, value: Option<String>| {
        let value = value.unwrap_or_else(|| crate::xml::NULL.to_owned());
        out.push_str(&format!("\n    <{name}>{}</{name}>", escape::text(&value)));
    };
    for name in f.names() {
        let name = name.as_ref();
        let value = match name {
            "username" => Some(format!("anon{count}")),
            "firstname" | "lastname" | "firstnamephonetic" | "lastnamephonetic" | "middlename" | "alternatename" => {
                Some(format!("anon{name}{count}"))
            }
            "email" => Some(format!("anon{count}@doesntexist.invalid")),
            "auth" => Some("manual".to_owned()),
            "city" => Some("Perth".to_owned()),
            "country" => Some("AU".to_owned()),
            "lastip" => Some("127.0.0.1".to_owned()),
            "picture" | "descriptionformat" | "firstaccess" | "lastaccess" | "lastlogin" | "currentlogin" => {
                Some("0".to_owned())
            }
            // What restores a person's account and says nothing of them.
            "confirmed" | "policyagreed" | "deleted" | "mailformat" | "maildigest" | "maildisplay"
            | "autosubscribe" | "trackforums" | "timecreated" | "timemodified" | "trustbitmask" | "lang" | "theme"
            | "timezone" => f.get(name).map(|v| v.into_owned()),
            "password" | "mnethosturl" => continue,
            _ => Some(String::new()),
        };
        field(name, value);
    }
    for list in ["custom_fields", "tags", "preferences"] {
        out.push_str(&format!("\n    <{list}>\n    </{list}>"));
    }
    out.push_str("\n    <roles>\n      <role_overrides>\n      </role_overrides>\n      <role_assignments>\n      </role_assignments>\n    </roles>\n  </user>");
    Ok(out.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const ONE: &[u8] = b"\n  <user id=\"4\" contextid=\"9\">\n    <username>jd</username>\n    <email>j@d.example</email>\n    <firstname>J</firstname>\n    <phone1>123</phone1>\n    <deleted>1</deleted>\n    <preferences>\n      <preference id=\"1\"><name>secret</name></preference>\n    </preferences>\n  </user>";

    #[test]
    fn anonymous_people_say_nothing() {
        let person = ArchivedPerson::of(ONE.to_vec()).unwrap();
        assert!(person.deleted);
        let text = String::from_utf8(anonymous(&person, 3).unwrap()).unwrap();
        assert!(text.starts_with("\n  <user id=\"4\" contextid=\"9\">\n    <username>anon3</username>\n    <email>anon3@doesntexist.invalid</email>\n    <firstname>anonfirstname3</firstname>\n    <phone1></phone1>\n    <deleted>1</deleted>"));
        assert!(!text.contains("secret") && !text.contains("123") && !text.contains("jd"));
        Fields::of(text.as_bytes()).unwrap();
    }

    #[test]
    fn roles_with_regard_to_a_person_are_theirs() {
        let person = b"\n  <user id=\"4\">\n    <username>a</username>\n    <roles>\n      <role_overrides>\n        <override id=\"1\">\n          <roleid>7</roleid>\n        </override>\n      </role_overrides>\n      <role_assignments>\n        <assignment id=\"2\">\n          <roleid>6</roleid>\n        </assignment>\n        <assignment id=\"3\"/>\n      </role_assignments>\n    </roles>\n  </user>";
        assert_eq!(own_roles(person).unwrap(), BTreeSet::from([6, 7]));
        let without = String::from_utf8(without_role_assignments(person.to_vec()).unwrap()).unwrap();
        assert!(
            without.contains("</role_overrides>\n      <role_assignments>\n      </role_assignments>\n    </roles>"),
            "{without}"
        );
        assert_eq!(own_roles(without.as_bytes()).unwrap(), BTreeSet::from([7]));
        assert_eq!(without_role_assignments(ONE.to_vec()).unwrap(), ONE);
    }

    #[test]
    fn real_people_come_back() {
        let Some(archive) = testing::archive("small_test_users1.tgz.mbz") else { return };
        let document = &archive["users.xml"];
        let mut reader = PeopleReader::new();
        let mut written = head();
        let mut names = Vec::new();
        for chunk in document.chunks(777) {
            for person in reader.feed(chunk).unwrap() {
                written.extend_from_slice(&person.element);
                names.push((person.local, person.username));
            }
        }
        reader.finish().unwrap();
        written.extend(tail());
        assert!(written == *document);
        assert_eq!(names[0], (2, "admin".to_owned()));
        assert_eq!(names.len(), 9);
    }
}
