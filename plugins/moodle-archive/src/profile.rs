//! What an archive says of a person beside the columns of their row: read from the elements of `users.xml`, and written for people
//! of the host who came by no archive (mbz-format.md 5.1).

use serde_json::{Map, Value};

use crate::xml::fields::Fields;
use crate::xml::{NULL, XmlError, escape};

/// Fields that a profile does not have: the columns, credentials, and what was noted of sessions and records at the origin.
const NO_PROFILE: &[&str] = &[
    "username",
    "email",
    "firstname",
    "lastname",
    "idnumber",
    "firstaccess",
    "deleted",
    "suspended",
    "password",
    "secret",
    "lastip",
    "picture",
    "lastaccess",
    "lastlogin",
    "currentlogin",
    "timecreated",
    "timemodified",
];

/// The fields of a person in Moodle's order, with what stands where nothing is known; `None` is null.
const FIELDS: &[(&str, Option<&str>)] = &[
    ("username", Some("")),
    ("idnumber", Some("")),
    ("email", Some("")),
    ("phone1", Some("")),
    ("phone2", Some("")),
    ("institution", Some("")),
    ("department", Some("")),
    ("address", Some("")),
    ("city", Some("")),
    ("country", Some("")),
    ("lastip", Some("")),
    ("picture", Some("0")),
    ("description", None),
    ("descriptionformat", Some("1")),
    ("imagealt", None),
    ("auth", Some("manual")),
    ("firstnamephonetic", None),
    ("lastnamephonetic", None),
    ("middlename", None),
    ("alternatename", None),
    ("firstname", Some("")),
    ("lastname", Some("")),
    ("confirmed", Some("1")),
    ("policyagreed", Some("0")),
    ("deleted", Some("0")),
    ("lang", Some("en")),
    ("theme", Some("")),
    ("timezone", Some("99")),
    ("firstaccess", Some("0")),
    ("lastaccess", Some("0")),
    ("lastlogin", Some("0")),
    ("currentlogin", Some("0")),
    ("mailformat", Some("1")),
    ("maildigest", Some("0")),
    ("maildisplay", Some("2")),
    ("autosubscribe", Some("1")),
    ("trackforums", Some("0")),
    ("timecreated", Some("0")),
    ("timemodified", Some("0")),
    ("trustbitmask", Some("0")),
];

/// What follows the fields: lists in which nothing is.
const LISTS: &str = "\n    <custom_fields>\n    </custom_fields>\n    <tags>\n    </tags>\n    <preferences>\n    </preferences>\n    <roles>\n      \
                     <role_overrides>\n      </role_overrides>\n      <role_assignments>\n      </role_assignments>\n    </roles>\n  </user>";

/// The fields of a `user` element that are no columns and no secrets: a text or null each.
pub fn read(element: &[u8]) -> Result<Map<String, Value>, XmlError> {
    let fields = Fields::of(element)?;
    // White space alone is what stands in a list without entries.
    let is_list = |name: &str| {
        name.starts_with("plugin_")
            || fields.raw(name).is_some_and(|raw| !raw.is_empty() && raw.iter().all(u8::is_ascii_whitespace))
    };
    let names = fields.names().filter(|name| !NO_PROFILE.contains(&name.as_ref()) && !is_list(name));
    let value = |name: &str| fields.get(name).map_or(Value::Null, |text| Value::String(text.into_owned()));
    Ok(names.map(|name| (name.to_string(), value(&name))).collect())
}

/// A person of the host. Times are Unix seconds, 0 for never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Profile<'a> {
    /// The number in the archive.
    pub local: u64,
    /// Their own context's number in the archive.
    pub context: u64,
    pub username: &'a str,
    pub email: &'a str,
    pub firstname: &'a str,
    pub lastname: &'a str,
    pub idnumber: &'a str,
    pub suspended: bool,
    pub first_access: i64,
    pub last_access: i64,
    pub created: i64,
    /// Whatever else is known of them: a JSON object. Of it, what Moodle's archives have of a person is written.
    pub extra: &'a str,
}

impl Profile<'_> {
    /// The person's element, with the white space before it.
    pub fn element(&self) -> Vec<u8> {
        let extra: Map<String, Value> = serde_json::from_str(self.extra).unwrap_or_default();
        let mut out = format!("\n  <user id=\"{}\" contextid=\"{}\">", self.local, self.context);
        let mut field = |name: &str, value: Option<&str>| {
            out.push_str(&format!("\n    <{name}>{}</{name}>", escape::text(value.unwrap_or(NULL))));
        };
        for (name, usual) in FIELDS {
            let number;
            let value = match *name {
                "username" => Some(self.username),
                "idnumber" => Some(self.idnumber),
                "email" => Some(self.email),
                "firstname" => Some(self.firstname),
                "lastname" => Some(self.lastname),
                "firstaccess" | "lastaccess" | "timecreated" => {
                    let time = match *name {
                        "firstaccess" => self.first_access,
                        "lastaccess" => self.last_access,
                        _ => self.created,
                    };
                    number = time.to_string();
                    Some(number.as_str())
                }
                name if NO_PROFILE.contains(&name) => *usual,
                name => match extra.get(name) {
                    Some(Value::String(text)) => Some(text.as_str()),
                    Some(Value::Bool(flag)) => Some(if *flag { "1" } else { "0" }),
                    Some(Value::Number(found)) => {
                        number = found.to_string();
                        Some(number.as_str())
                    }
                    Some(Value::Null) if usual.is_none() => None,
                    _ => *usual,
                },
            };
            field(name, value);
            // Moodle's archives do not say it, and one who is not has no such field.
            if *name == "deleted" && self.suspended {
                field("suspended", Some("1"));
            }
        }
        out.push_str(LISTS);
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{ArchivedPerson, anonymous};
    use crate::testing;
    use serde_json::json;

    #[test]
    fn secrets_and_columns_are_no_profile() {
        let element = b"\n  <user id=\"4\" contextid=\"9\"><username>jd</username><password>$2y$10$x</password><secret>s</secret><city>K &amp; K</city><description>$@NULL@$</description><mailformat>1</mailformat><custom_fields>\n</custom_fields><plugin_x/><preferences><preference id=\"1\"/></preferences></user>";
        let found = Value::Object(read(element).unwrap());
        assert_eq!(found, json!({ "city": "K & K", "description": null, "mailformat": "1" }));
    }

    #[test]
    fn people_of_the_host_are_written() {
        let extra = json!({
            "city": "Ulm <&>", "lang": "de", "mailformat": 0, "autosubscribe": false, "description": null, "timezone": null,
            "password": "secret", "lastip": "1.2.3.4", "username": "other", "nested": { "a": 1 }, "unknown": "x"
        })
        .to_string();
        let profile = Profile {
            local: 12,
            context: 40,
            username: "ada",
            email: "ada@example.org",
            firstname: "Ada",
            lastname: "L",
            suspended: true,
            first_access: 7,
            created: 5,
            extra: &extra,
            ..Profile::default()
        };
        let element = profile.element();
        let person = ArchivedPerson::of(element.clone()).unwrap();
        assert_eq!((person.local, person.username.as_str(), person.first_access), (12, "ada", 7));
        assert!(person.suspended && !person.deleted);
        let text = String::from_utf8(element).unwrap();
        for wanted in [
            "\n  <user id=\"12\" contextid=\"40\">\n    <username>ada</username>\n    <idnumber></idnumber>",
            "<city>Ulm &lt;&amp;&gt;</city>",
            "<lang>de</lang>",
            "<timezone>99</timezone>",
            "<mailformat>0</mailformat>",
            "<autosubscribe>0</autosubscribe>",
            "<description>$@NULL@$</description>",
            "<timecreated>5</timecreated>",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert!(!text.contains("secret") && !text.contains("1.2.3.4") && !text.contains("unknown"));
        let hidden = String::from_utf8(anonymous(&person, 2).unwrap()).unwrap();
        assert!(!hidden.contains("ada") && !hidden.contains("Ulm") && hidden.contains("<username>anon2</username>"));
    }

    #[test]
    fn the_form_is_that_of_real_people() {
        let Some(archive) = testing::archive("small_test_users1.tgz.mbz") else { return };
        let people = crate::xml::elements::Elements::all("user", &archive["users.xml"]).unwrap();
        for element in people {
            let person = ArchivedPerson::of(element.clone()).unwrap();
            let extra = Value::Object(read(&element).unwrap()).to_string();
            let context = Fields::of(&element).unwrap().attribute_id("contextid").unwrap();
            let profile = Profile {
                local: person.local,
                context,
                username: &person.username,
                email: &person.email,
                firstname: &person.firstname,
                lastname: &person.lastname,
                idnumber: &person.idnumber,
                extra: &extra,
                ..Profile::default()
            };
            // What a profile does not keep is as if nothing were known of it.
            let lines = |element: &[u8]| -> Vec<String> {
                let text = String::from_utf8(element.to_vec()).unwrap();
                let kept = |line: &&str| {
                    !["time", "last", "firstaccess", "currentlogin", "picture"]
                        .iter()
                        .any(|f| line.trim().starts_with(&format!("<{f}")) && !line.contains("lastname"))
                };
                text.lines().filter(kept).map(str::to_owned).collect()
            };
            if !element.windows(12).any(|w| w == b"<preference ") && !element.windows(5).any(|w| w == b"<tag ") {
                assert_eq!(lines(&profile.element()), lines(&element));
            }
        }
    }
}
