//! `core_user_create_users`: all of them or none.

use crate::access::{find_people, require};
use provost_guest::people::{self, Key, PersonFields, Place};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// How long a password must be, in characters.
const PASSWORD: usize = 8;
/// The longest names and addresses, in characters.
const MAX_NAME: usize = 100;

pub fn function() -> Function {
    Function::new("core_user_create_users", "Create users.", create_users).capability("moodle/user:create").writes()
}

/// The value of a custom field.
#[derive(Deserialize, Describe)]
struct CustomField {
    /// Its short name.
    #[describe(kind = "ALPHANUMEXT")]
    r#type: String,
    /// Its value.
    #[serde(rename = "value")]
    _value: String,
}

/// Something that a person chose.
#[derive(Deserialize, Describe)]
struct Preference {
    /// What.
    r#type: String,
    /// The choice.
    #[serde(rename = "value")]
    _value: String,
}

#[derive(Deserialize, Describe)]
struct NewUser {
    /// 1 where a password is to be made for them. Nobody is told it here: they cannot log in before they are given one.
    #[serde(default)]
    createpassword: Option<bool>,
    /// Their username, which nobody else has: lower-case letters, digits and `-._@`.
    #[describe(kind = "USERNAME")]
    username: String,
    /// How they log in.
    #[describe(kind = "PLUGIN", default = "manual")]
    auth: String,
    /// Their password: 8 characters or more with a digit, a lower-case and an upper-case letter and another one.
    #[describe(secret)]
    #[serde(default)]
    password: Option<String>,
    /// Their first name.
    #[describe(kind = "NOTAGS")]
    firstname: String,
    /// Their last name.
    #[describe(kind = "NOTAGS")]
    lastname: String,
    /// Their email address, which nobody else has.
    #[describe(kind = "RAW_TRIMMED")]
    email: String,
    /// Who sees the address: 0 nobody, 1 everybody, 2 those in the same course.
    #[serde(default)]
    maildisplay: Option<i64>,
    /// Their town.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    city: Option<String>,
    /// Their country, two letters.
    #[describe(kind = "ALPHA")]
    #[serde(default)]
    country: Option<String>,
    /// Their time zone, for example `Europe/Berlin`.
    #[serde(default)]
    timezone: Option<String>,
    /// What they say of themselves.
    #[serde(default)]
    description: Option<String>,
    /// Their first name as it is spoken.
    #[describe(kind = "NOTAGS")]
    #[serde(default)]
    firstnamephonetic: Option<String>,
    /// Their last name as it is spoken.
    #[describe(kind = "NOTAGS")]
    #[serde(default)]
    lastnamephonetic: Option<String>,
    /// Their middle name.
    #[describe(kind = "NOTAGS")]
    #[serde(default)]
    middlename: Option<String>,
    /// Another name.
    #[describe(kind = "NOTAGS")]
    #[serde(default)]
    alternatename: Option<String>,
    /// What they are interested in, with commas.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    interests: Option<String>,
    /// Their id number.
    #[describe(default = "")]
    idnumber: String,
    /// Their institution.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    institution: Option<String>,
    /// Their department.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    department: Option<String>,
    /// A telephone number.
    #[describe(kind = "NOTAGS")]
    #[serde(default)]
    phone1: Option<String>,
    /// Another one.
    #[describe(kind = "NOTAGS")]
    #[serde(default)]
    phone2: Option<String>,
    /// Where they live.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    address: Option<String>,
    /// Their language.
    #[describe(kind = "SAFEDIR")]
    #[serde(default)]
    lang: Option<String>,
    /// Their calendar.
    #[describe(kind = "PLUGIN")]
    #[serde(default)]
    calendartype: Option<String>,
    /// Their theme.
    #[describe(kind = "PLUGIN")]
    #[serde(default)]
    theme: Option<String>,
    /// The form of mail they want: 0 plain, 1 HTML.
    #[serde(default)]
    mailformat: Option<i64>,
    /// Values of fields that the site has added to people.
    #[serde(default)]
    customfields: Option<Vec<CustomField>>,
    /// What they choose.
    #[serde(default)]
    preferences: Option<Vec<Preference>>,
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// Who is to be added: all of them or none.
    users: Vec<NewUser>,
}

#[derive(Serialize, Describe)]
struct Made {
    /// The person's id.
    id: u64,
    /// Their username.
    username: String,
}

fn create_users(caller: &Caller, ask: Ask) -> Result<Vec<Made>> {
    require(caller, "moodle/user:create", Place::Site)?;
    let mut new = Vec::with_capacity(ask.users.len());
    let (mut names, mut emails) = (HashSet::new(), HashSet::new());
    for user in ask.users {
        let made = checked(user)?;
        let (username, email) = (&made.0.username, made.0.email.to_lowercase());
        if !names.insert(username.clone()) || is_taken(Key::Username(username.clone()))? {
            return Err(Error::invalid(format!("Username already exists: {username}")));
        }
        if !emails.insert(email) || is_taken(Key::Email(made.0.email.clone()))? {
            return Err(Error::invalid(format!("Email address already exists: {}", made.0.email)));
        }
        new.push(made);
    }
    let ids = people::create(&new).map_err(|error| match error.kind {
        // Somebody else was faster.
        ErrorKind::Conflict => Error::invalid(format!("Username already exists: {}", error.message)),
        _ => error,
    })?;
    Ok(ids.into_iter().zip(new).map(|(id, (fields, _))| Made { id, username: fields.username }).collect())
}

fn is_taken(key: Key) -> Result<bool> {
    Ok(!find_people(&[key])?.is_empty())
}

fn checked(user: NewUser) -> Result<(PersonFields, Option<String>)> {
    let invalid = |what: String| Err(Error::invalid(what));
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_' | '@');
    if user.username.is_empty() || !user.username.chars().all(is_allowed) {
        return invalid(format!("The username must be in lower case: {}", user.username));
    }
    for (what, value) in [
        ("username", &user.username),
        ("firstname", &user.firstname),
        ("lastname", &user.lastname),
        ("email", &user.email),
    ] {
        if value.trim().is_empty() {
            return invalid(format!("The field {what} cannot be blank"));
        }
        if value.chars().count() > MAX_NAME {
            return invalid(format!("The field {what} is too long"));
        }
    }
    if !is_address(&user.email) {
        return invalid(format!("Email address is invalid: {}", user.email));
    }
    if let Some(field) = user.customfields.iter().flatten().next() {
        return invalid(format!("customfields: there is no field {:?}", field.r#type));
    }
    if let Some(preference) = user.preferences.iter().flatten().next() {
        return invalid(format!("preferences: there is no preference {:?}", preference.r#type));
    }
    let password = match (user.createpassword.unwrap_or(false), &user.password) {
        (true, _) => None,
        (false, Some(password)) if !password.is_empty() => {
            check_password(password)?;
            Some(password.clone())
        }
        _ => return invalid("Invalid password: you must provide a password, or set createpassword.".into()),
    };
    let extra = extra(&user);
    let fields = PersonFields {
        username: user.username,
        email: user.email,
        firstname: user.firstname,
        lastname: user.lastname,
        idnumber: user.idnumber,
        suspended: false,
        extra,
    };
    Ok((fields, password))
}

/// What is kept beside the fields: named as in the documents that list people.
fn extra(user: &NewUser) -> String {
    let mut extra = Map::new();
    let texts = [
        ("auth", Some(&user.auth)),
        ("city", user.city.as_ref()),
        ("country", user.country.as_ref()),
        ("timezone", user.timezone.as_ref()),
        ("description", user.description.as_ref()),
        ("firstnamephonetic", user.firstnamephonetic.as_ref()),
        ("lastnamephonetic", user.lastnamephonetic.as_ref()),
        ("middlename", user.middlename.as_ref()),
        ("alternatename", user.alternatename.as_ref()),
        ("interests", user.interests.as_ref()),
        ("institution", user.institution.as_ref()),
        ("department", user.department.as_ref()),
        ("phone1", user.phone1.as_ref()),
        ("phone2", user.phone2.as_ref()),
        ("address", user.address.as_ref()),
        ("lang", user.lang.as_ref()),
        ("calendartype", user.calendartype.as_ref()),
        ("theme", user.theme.as_ref()),
    ];
    for (name, text) in texts {
        extra.extend(text.map(|text| (name.to_owned(), Value::from(text.as_str()))));
    }
    if user.description.is_some() {
        extra.insert("descriptionformat".into(), "1".into());
    }
    for (name, number) in [("maildisplay", user.maildisplay), ("mailformat", user.mailformat)] {
        extra.extend(number.map(|number| (name.to_owned(), Value::from(number.to_string()))));
    }
    Value::Object(extra).to_string()
}

/// Something before an `@`, and a host after it. Whether mail arrives there only sending some tells.
fn is_address(email: &str) -> bool {
    let Some((local, host)) = email.rsplit_once('@') else { return false };
    let plain =
        |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"');
    let labels = host.split('.').all(|l| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-'));
    !local.is_empty() && local.chars().all(plain) && !local.contains('@') && labels
}

/// Errors: `passwordpolicy`, saying everything that is missing.
fn check_password(password: &str) -> Result<()> {
    let mut missing = Vec::new();
    if password.chars().count() < PASSWORD {
        missing.push("Passwords must be at least 8 characters long.");
    }
    let has = |test: fn(char) -> bool| password.chars().any(test);
    if !has(|c| c.is_ascii_digit()) {
        missing.push("Passwords must have at least 1 digit(s).");
    }
    if !has(char::is_lowercase) {
        missing.push("Passwords must have at least 1 lower case letter(s).");
    }
    if !has(char::is_uppercase) {
        missing.push("Passwords must have at least 1 upper case letter(s).");
    }
    if !has(|c| !c.is_alphanumeric()) {
        missing.push("The password must have at least 1 special character(s) such as *, -, or #.");
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::refused("passwordpolicy", missing.join(" "))) }
}
