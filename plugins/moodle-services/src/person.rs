//! What one person is told of another: which fields there are depends on who asks, and where.

use crate::access::may;
use crate::shape::{object, text_of};
use crate::site::{full_name, picture};
use crate::text::{self, Author, Files, form};
use provost_guest::people::{Person, Place, context_of};
use provost_guest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

/// A field that the site has added to people.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct CustomField {
    /// Its type.
    pub r#type: String,
    /// Its value.
    pub value: String,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub shortname: String,
}

/// Something that a person chose for themselves.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Preference {
    /// What.
    pub name: String,
    /// The choice.
    pub value: String,
}

/// What the caller may see of people at a place.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    full_names: bool,
    identity: bool,
    email: bool,
    all: bool,
}

impl Sight {
    /// At a course, or at the site.
    pub fn at(caller: &Caller, place: Place) -> Result<Self> {
        Ok(Self {
            full_names: may(caller, "moodle/site:viewfullnames", place)?,
            identity: may(caller, "moodle/site:viewuseridentity", place)?,
            email: may(caller, "moodle/course:useremail", place)?,
            all: may(caller, "moodle/user:viewalldetails", place)?,
        })
    }
    /// Of oneself.
    pub fn own() -> Self {
        Self { full_names: true, identity: true, email: true, all: true }
    }
    /// Whether fields that are for managers show.
    pub fn all(&self) -> bool {
        self.all
    }
}

/// The fields of a person that show. None is one that does not, or has nothing in it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Shown {
    pub username: Option<String>,
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    pub fullname: String,
    pub email: Option<String>,
    pub address: Option<String>,
    pub phone1: Option<String>,
    pub phone2: Option<String>,
    pub department: Option<String>,
    pub institution: Option<String>,
    pub idnumber: Option<String>,
    pub description: Option<String>,
    pub descriptionformat: Option<i64>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub profileimageurlsmall: String,
    pub profileimageurl: String,
    /// Whatever else is known.
    pub extra: Map<String, Value>,
}

/// A person as the sight shows them; `shares` says whether the caller takes part in a course with them.
pub fn show(person: &Person, sight: Sight, shares: bool) -> Result<Shown> {
    let extra = object(&person.extra);
    let filled = |key: &str| Some(text_of(&extra, key)).filter(|text| !text.is_empty());
    // Who shows their address: 0 to nobody, 1 to everybody, 2 to those in the same course.
    let shows_email = match text_of(&extra, "maildisplay").as_str() {
        "0" => false,
        "1" => true,
        _ => shares,
    };
    let description = filled("description");
    let (description, descriptionformat) = match description {
        Some(description) => {
            let context = context_of(Place::Person(person.id))?;
            let files = Files { context, component: "user", area: "profile", item: None };
            let written = text_of(&extra, "descriptionformat").parse().unwrap_or(form::HTML);
            let shown = text::text(&description, written, Some(files), Author::Anybody);
            (Some(shown.text), Some(shown.form))
        }
        None => (None, None),
    };
    let identity = |key: &str| filled(key).filter(|_| sight.identity);
    Ok(Shown {
        username: sight.all.then(|| person.username.clone()),
        firstname: sight.full_names.then(|| person.firstname.clone()),
        lastname: sight.full_names.then(|| person.lastname.clone()),
        fullname: full_name(&person.firstname, &person.lastname),
        email: (sight.email || shows_email).then(|| person.email.clone()),
        address: filled("address").filter(|_| sight.all),
        phone1: identity("phone1"),
        phone2: identity("phone2"),
        department: sight.identity.then(|| text_of(&extra, "department")),
        institution: identity("institution"),
        idnumber: Some(person.idnumber.clone()).filter(|number| sight.identity && !number.is_empty()),
        description,
        descriptionformat,
        city: filled("city"),
        country: filled("country"),
        profileimageurlsmall: picture("f2"),
        profileimageurl: picture("f1"),
        extra,
    })
}
