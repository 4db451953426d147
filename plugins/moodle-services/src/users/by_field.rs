//! `core_user_get_users_by_field`: people as far as the caller may see them.

use crate::access::{self, may, place};
use crate::person::{self, CustomField, Preference, Sight};
use crate::shape::text_of;
use provost_guest::people::{Key, Person, Place};
use provost_guest::prelude::*;
use provost_guest::{config, enrolments};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

pub fn function() -> Function {
    Function::new(
        "core_user_get_users_by_field",
        "Retrieve users' information for a specified unique field",
        get_users_by_field,
    )
    .capability("moodle/user:viewdetails")
    .capability("moodle/user:viewalldetails")
    .capability("moodle/course:useremail")
    .capability("moodle/site:viewfullnames")
    .capability("moodle/site:viewuseridentity")
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// `id`, `idnumber`, `username` or `email`.
    #[describe(kind = "ALPHA")]
    field: String,
    /// What it may be.
    values: Vec<String>,
}

#[derive(Serialize, Describe)]
struct User {
    /// The person's id.
    id: u64,
    /// Their username.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Their first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    firstname: Option<String>,
    /// Their last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    lastname: Option<String>,
    /// Both.
    fullname: String,
    /// Their email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Where they live.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// A telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone1: Option<String>,
    /// Another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone2: Option<String>,
    /// Their department.
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<String>,
    /// Their institution.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    /// Their id number.
    #[serde(skip_serializing_if = "Option::is_none")]
    idnumber: Option<String>,
    /// What they are interested in.
    #[serde(skip_serializing_if = "Option::is_none")]
    interests: Option<String>,
    /// When they first came; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    firstaccess: Option<i64>,
    /// When they last came; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    lastaccess: Option<i64>,
    /// How they log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<String>,
    /// Whether they are suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<bool>,
    /// Whether their account is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed: Option<bool>,
    /// Their language.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// Their calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    calendartype: Option<String>,
    /// Their theme.
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    /// Their time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    /// The form of mail they want: 0 plain, 1 HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailformat: Option<i64>,
    /// Whether forums mark what they have read.
    #[serde(skip_serializing_if = "Option::is_none")]
    trackforums: Option<i64>,
    /// What they say of themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The description's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptionformat: Option<i64>,
    /// Their town.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// Their country, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// Their picture, small.
    profileimageurlsmall: String,
    /// Their picture.
    profileimageurl: String,
    /// Fields that the site has added.
    #[serde(skip_serializing_if = "Option::is_none")]
    customfields: Option<Vec<CustomField>>,
    /// What they chose for themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    preferences: Option<Vec<Preference>>,
}

fn get_users_by_field(caller: &Caller, ask: Ask) -> Result<Vec<User>> {
    let key = |value: &String| {
        Ok(match ask.field.as_str() {
            "id" => {
                let id = value.trim().parse().map_err(|_| Error::invalid(format!("values: {value:?} is no id")))?;
                Key::Id(access::id(id))
            }
            "idnumber" => Key::Idnumber(value.clone()),
            "username" => Key::Username(value.clone()),
            "email" => Key::Email(value.clone()),
            _ => return Err(Error::invalid(format!("field: people are not found by {:?}", ask.field))),
        })
    };
    let keys: Vec<Key> = ask.values.iter().map(key).collect::<Result<_>>()?;
    let mut shown = Vec::new();
    let mut own_courses = None;
    for person in access::find_people(&keys)? {
        if let Some(sight) = sight(caller, &person, &mut own_courses)? {
            shown.push(user(&person, sight)?);
        }
    }
    Ok(shown)
}

/// What the caller may see of somebody and whether they share a course; none where they may not see them at all.
fn sight(caller: &Caller, person: &Person, own_courses: &mut Option<HashSet<u64>>) -> Result<Option<(Sight, bool)>> {
    if person.id == caller.person {
        return Ok(Some((Sight::own(), true)));
    }
    if may(caller, "moodle/user:viewalldetails", Place::Site)? || may(caller, "moodle/user:viewdetails", Place::Site)? {
        return Ok(Some((Sight::at(caller, Place::Site)?, false)));
    }
    if own_courses.is_none() {
        let active = enrolments::courses_of(caller.person)?.into_iter().filter(|(_, active)| *active);
        *own_courses = Some(active.map(|(course, _)| course).collect());
    }
    let own = own_courses.as_ref();
    for (course, _) in enrolments::courses_of(person.id)? {
        if own.is_some_and(|own| own.contains(&course)) && may(caller, "moodle/user:viewdetails", place(course))? {
            return Ok(Some((Sight::at(caller, place(course))?, true)));
        }
    }
    Ok(None)
}

fn user(person: &Person, (sight, shares): (Sight, bool)) -> Result<User> {
    let shown = person::show(person, sight, shares)?;
    let extra = &shown.extra;
    let or = |key: &str, default: &str| {
        let text = text_of(extra, key);
        sight.all().then(|| if text.is_empty() { default.to_owned() } else { text })
    };
    let number = |key: &str, default: i64| sight.all().then(|| text_of(extra, key).parse().unwrap_or(default));
    Ok(User {
        id: person.id,
        username: shown.username,
        firstname: shown.firstname,
        lastname: shown.lastname,
        fullname: shown.fullname,
        email: shown.email,
        address: shown.address,
        phone1: shown.phone1,
        phone2: shown.phone2,
        department: shown.department,
        institution: shown.institution,
        idnumber: shown.idnumber,
        interests: None,
        firstaccess: Some(person.first_access),
        lastaccess: Some(person.last_access),
        auth: or("auth", "manual"),
        suspended: sight.all().then_some(person.suspended),
        confirmed: sight.all().then_some(true),
        lang: or("lang", &config::get_site().language),
        calendartype: or("calendartype", "gregorian"),
        theme: or("theme", ""),
        timezone: or("timezone", "99"),
        mailformat: number("mailformat", 1),
        trackforums: number("trackforums", 0),
        description: shown.description,
        descriptionformat: shown.descriptionformat,
        city: shown.city,
        country: shown.country,
        profileimageurlsmall: shown.profileimageurlsmall,
        profileimageurl: shown.profileimageurl,
        customfields: None,
        preferences: None,
    })
}
