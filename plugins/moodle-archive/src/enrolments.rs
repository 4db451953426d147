//! What a restore makes of `course/enrolments.xml` where enrolments are not kept as they were (mbz-format.md 7.7): everybody
//! under one manual method, or the one method of a new course and nobody in it.

use std::collections::HashMap;

use crate::xml::XmlError;
use crate::xml::edit::{self, Edit};
use crate::xml::fields::Fields;
use crate::xml::tree::Element;
use crate::xml::write::Writer;

pub(crate) const MANUAL: &str = "manual";
const LIST: &str = "user_enrolments";

/// Fields of a method that is made here, in Moodle's order. Null means never set.
pub(crate) const FIELDS: &[(&str, Option<&str>)] = &[
    ("enrol", Some(MANUAL)),
    ("status", Some("0")),
    ("name", None),
    ("enrolperiod", Some("0")),
    ("enrolstartdate", Some("0")),
    ("enrolenddate", Some("0")),
    ("expirynotify", Some("0")),
    ("expirythreshold", Some("86400")),
    ("notifyall", Some("0")),
    ("password", None),
    ("cost", None),
    ("currency", None),
    ("roleid", Some("0")),
    ("customint1", None),
    ("customint2", None),
    ("customint3", None),
    ("customint4", None),
    ("customint5", None),
    ("customint6", None),
    ("customint7", None),
    ("customint8", None),
    ("customchar1", None),
    ("customchar2", None),
    ("customchar3", None),
    ("customdec1", None),
    ("customdec2", None),
    ("customtext1", None),
    ("customtext2", None),
    ("customtext3", None),
    ("customtext4", None),
    ("timecreated", Some("0")),
    ("timemodified", Some("0")),
];

/// Who stays enrolled when methods go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolled {
    /// Everybody, by the manual method. Who was enrolled twice is so once, actively if one of the two was.
    ByHand,
    /// Nobody.
    Nobody,
}

/// The document with one manual method: the archive's own first one, or a new one.
pub fn with_manual_method(document: &[u8], enrolled: Enrolled) -> Result<Vec<u8>, XmlError> {
    let root = Element::parse(document)?;
    let methods: Vec<&Element> = root.child("enrols").into_iter().flat_map(|list| list.all("enrol")).collect();
    let manual = methods.iter().find(|m| m.field("enrol") == Some(MANUAL));
    let id = manual.or(methods.first()).and_then(|m| m.attribute("id")).unwrap_or_else(|| "1".into());
    let role = methods.iter().find_map(|m| m.field("roleid")).unwrap_or("0").to_owned();

    let mut writer = Writer::new();
    writer.open("enrolments", &[]).open("enrols", &[]).open("enrol", &[("id", &id)]);
    match manual {
        Some(method) => {
            for field in method.children.iter().filter(|c| c.name != LIST && c.children.is_empty()) {
                writer.field(&field.name, method.field(&field.name));
            }
        }
        None => {
            for (name, value) in FIELDS {
                writer.field(name, if *name == "roleid" { Some(&role) } else { *value });
            }
        }
    }
    writer.open(LIST, &[]);
    if enrolled == Enrolled::ByHand {
        for enrolment in once_each(&methods) {
            let id = enrolment.attribute("id").unwrap_or_default();
            writer.open("enrolment", &[("id", &id)]);
            for field in &enrolment.children {
                writer.field(&field.name, enrolment.field(&field.name));
            }
            writer.close();
        }
    }
    Ok(writer.finish())
}

/// Everybody's enrolment in the order in which they come.
fn once_each<'a>(methods: &[&'a Element]) -> Vec<&'a Element> {
    let mut chosen: Vec<&Element> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let all = methods.iter().flat_map(|m| m.child(LIST)).flat_map(|list| list.all("enrolment"));
    for enrolment in all {
        let person = enrolment.field("userid").unwrap_or_default();
        let is_active = |e: &Element| e.field("status") == Some("0");
        match places.get(person) {
            Some(&place) if !is_active(chosen[place]) && is_active(enrolment) => chosen[place] = enrolment,
            Some(_) => {}
            None => {
                places.insert(person, chosen.len());
                chosen.push(enrolment);
            }
        }
    }
    chosen
}

/// An `assignment` of the course's `roles.xml` that no longer hangs on an enrolment method: it stays as given by hand.
pub fn assignment_by_hand(element: Vec<u8>) -> Result<Vec<u8>, XmlError> {
    let hangs = Fields::of(&element)?.text("component").starts_with("enrol_");
    if !hangs {
        return Ok(element);
    }
    let edits =
        [Edit::content(&["assignment", "component"], Some("")), Edit::content(&["assignment", "itemid"], Some("0"))];
    Ok(edit::apply(&element, &edits)?.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &str = "<enrolments>\n  <enrols>\n\
        <enrol id=\"4\"><enrol>self</enrol><name>$@NULL@$</name><roleid>5</roleid><user_enrolments>\n\
          <enrolment id=\"1\"><status>1</status><userid>7</userid></enrolment>\n\
          <enrolment id=\"2\"><status>0</status><userid>8</userid></enrolment></user_enrolments></enrol>\n\
        <enrol id=\"9\"><enrol>cohort</enrol><roleid>5</roleid><user_enrolments>\n\
          <enrolment id=\"3\"><status>0</status><userid>7</userid></enrolment></user_enrolments></enrol>\n\
        </enrols>\n</enrolments>";

    fn enrolled(document: &[u8]) -> (Vec<String>, Vec<(String, String, String)>) {
        let root = Element::parse(document).unwrap();
        let methods: Vec<&Element> = root.child("enrols").unwrap().all("enrol").collect();
        let kinds = methods.iter().map(|m| m.field("enrol").unwrap().to_owned()).collect();
        let people = methods.iter().flat_map(|m| m.child(LIST).unwrap().all("enrolment"));
        let text = |e: &Element, name: &str| e.field(name).unwrap().to_owned();
        (kinds, people.map(|e| (e.attribute("id").unwrap(), text(e, "userid"), text(e, "status"))).collect())
    }

    #[test]
    fn everybody_is_enrolled_by_hand_once() {
        let document = with_manual_method(THREE.as_bytes(), Enrolled::ByHand).unwrap();
        let (kinds, people) = enrolled(&document);
        assert_eq!(kinds, ["manual"]);
        let row = |id: &str, person: &str, status: &str| (id.to_owned(), person.to_owned(), status.to_owned());
        assert_eq!(people, [row("3", "7", "0"), row("2", "8", "0")]);
        let root = Element::parse(&document).unwrap();
        let method = &root.children[0].children[0];
        assert_eq!((method.attribute("id").as_deref(), method.field("roleid")), (Some("4"), Some("5")));
        assert_eq!(method.field("name"), None);
        assert_eq!(with_manual_method(&document, Enrolled::ByHand).unwrap(), document);
    }

    #[test]
    fn a_manual_method_stays_as_it_was() {
        let document = THREE.replace("cohort", "manual").replace("<enrol>manual", "<status>1</status><enrol>manual");
        let document = with_manual_method(document.as_bytes(), Enrolled::Nobody).unwrap();
        assert_eq!(enrolled(&document), (vec!["manual".into()], vec![]));
        let root = Element::parse(&document).unwrap();
        let method = &root.children[0].children[0];
        assert_eq!((method.attribute("id").as_deref(), method.field("status")), (Some("9"), Some("1")));
        let empty = with_manual_method(b"<enrolments></enrolments>", Enrolled::ByHand).unwrap();
        assert_eq!(enrolled(&empty), (vec!["manual".into()], vec![]));
    }

    #[test]
    fn assignments_are_freed_of_their_method() {
        let of = |component: &str| {
            format!(
                "\n  <assignment id=\"1\"><userid>7</userid><component>{component}</component><itemid>4</itemid></assignment>"
            )
        };
        let freed = assignment_by_hand(of("enrol_cohort").into_bytes()).unwrap();
        assert_eq!(String::from_utf8(freed).unwrap(), of("").replace(">4<", ">0<"));
        assert_eq!(assignment_by_hand(of("mod_x").into_bytes()).unwrap(), of("mod_x").into_bytes());
    }
}
