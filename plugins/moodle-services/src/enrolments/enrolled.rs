//! `core_enrol_get_enrolled_users` (moodle-webservices.md 5.6).

use super::participants;
use crate::access::{self, SITE, enter_to_read, may, place, require};
use crate::courses::view::View;
use crate::person::{self, CustomField, Preference, Sight};
use crate::shape::Pair;
use crate::text::{self, Author};
use provost_guest::enrolments::{self, Group, Participant};
use provost_guest::people::{self, Place, Role};
use provost_guest::prelude::*;
use provost_moodle_archive::xml::fields::Fields;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The mode in which groups do not see each other.
const SEPARATE: i64 = 1;

pub fn function() -> Function {
    Function::new("core_enrol_get_enrolled_users", "Get enrolled users by course id", get_enrolled_users)
        .capability("moodle/course:viewparticipants")
        .capability("moodle/course:enrolreview")
        .capability("moodle/role:review")
        .capability("moodle/site:accessallgroups")
        .capability("moodle/course:useremail")
        .capability("moodle/site:viewfullnames")
        .capability("moodle/site:viewuseridentity")
        .capability("moodle/user:viewalldetails")
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// The course.
    courseid: i64,
    /// `withcapability`, `groupid`, `onlyactive`, `onlysuspended`, `userfields` (with commas), `limitfrom`, `limitnumber`,
    /// `sortby` (`id`, `firstname`, `lastname` or `siteorder`), `sortdirection` (`ASC` or `DESC`).
    #[describe(default = [])]
    options: Vec<Pair>,
}

#[derive(Serialize, Describe)]
struct InGroup {
    /// The group's id.
    id: u64,
    /// Its name.
    name: String,
    /// What it is about.
    description: String,
    /// The description's form.
    descriptionformat: i64,
}

#[derive(Serialize, Describe)]
struct InRole {
    /// The role's id.
    roleid: u64,
    /// Its name in the course; empty where it has no other one there.
    name: String,
    /// Its short name.
    shortname: String,
    /// Its place among the person's roles.
    sortorder: i64,
}

#[derive(Serialize, Describe)]
struct InCourse {
    /// The course's id.
    id: u64,
    /// Its full name.
    fullname: String,
    /// Its short name.
    shortname: String,
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
    /// When they were last in the course; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    lastcourseaccess: Option<i64>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    profileimageurlsmall: Option<String>,
    /// Their picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    profileimageurl: Option<String>,
    /// Fields that the site has added.
    #[serde(skip_serializing_if = "Option::is_none")]
    customfields: Option<Vec<CustomField>>,
    /// Groups of the course in which they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<InGroup>>,
    /// Roles that they hold at the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<InRole>>,
    /// What they chose for themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    preferences: Option<Vec<Preference>>,
    /// Courses in which they are enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolledcourses: Option<Vec<InCourse>>,
}

#[derive(Default)]
struct Options {
    capability: String,
    group: u64,
    active: bool,
    suspended: bool,
    /// All fields where empty.
    fields: Vec<String>,
    from: usize,
    number: usize,
    sort: Sort,
    descending: bool,
}

#[derive(Default)]
enum Sort {
    #[default]
    Id,
    Firstname,
    Lastname,
    Site,
}

impl Options {
    fn read(pairs: Vec<Pair>) -> Result<Self> {
        let mut options = Self::default();
        for Pair { name, value } in pairs {
            let number =
                || value.trim().parse::<i64>().map_err(|_| Error::invalid(format!("{name}: {value:?} is no number")));
            let size = || Ok::<_, Error>(usize::try_from(number()?).unwrap_or_default());
            match name.as_str() {
                "withcapability" => options.capability = value,
                "groupid" => options.group = access::id(number()?),
                "onlyactive" => options.active = number()? != 0,
                "onlysuspended" => options.suspended = number()? != 0,
                "userfields" => options.fields = value.split(',').map(|f| f.trim().to_owned()).collect(),
                "limitfrom" => options.from = size()?,
                "limitnumber" => options.number = size()?,
                "sortby" => {
                    options.sort = match value.as_str() {
                        "id" => Sort::Id,
                        "firstname" => Sort::Firstname,
                        "lastname" => Sort::Lastname,
                        "siteorder" => Sort::Site,
                        _ => {
                            return Err(Error::invalid(format!(
                                "sortby: {value:?} is not one of id, firstname, lastname, siteorder"
                            )));
                        }
                    };
                }
                "sortdirection" => {
                    options.descending = match value.to_ascii_uppercase().as_str() {
                        "ASC" => false,
                        "DESC" => true,
                        _ => return Err(Error::invalid(format!("sortdirection: {value:?} is neither ASC nor DESC"))),
                    };
                }
                _ => {}
            }
        }
        if options.active && options.suspended {
            return Err(Error::refused(
                "invalidparameter",
                "Both onlyactive and onlysuspended are set, this is probably not what you want!",
            ));
        }
        Ok(options)
    }

    fn wants(&self, field: &str) -> bool {
        self.fields.is_empty() || self.fields.iter().any(|f| f == field)
    }

    fn sort(&self, people: &mut [Participant]) {
        let lower = |text: &str| text.to_lowercase();
        match self.sort {
            Sort::Id => people.sort_by_key(|p| p.person.id),
            Sort::Firstname => people.sort_by_cached_key(|p| (lower(&p.person.firstname), p.person.id)),
            Sort::Lastname => people.sort_by_cached_key(|p| (lower(&p.person.lastname), p.person.id)),
            Sort::Site => {
                people.sort_by_cached_key(|p| (lower(&p.person.lastname), lower(&p.person.firstname), p.person.id))
            }
        }
        if self.descending {
            people.reverse();
        }
    }
}

fn get_enrolled_users(caller: &Caller, ask: Ask) -> Result<Vec<User>> {
    let options = Options::read(ask.options)?;
    let id = access::id(ask.courseid);
    if id == SITE {
        // Nobody is enrolled in the site's own course.
        require(caller, "moodle/site:viewparticipants", Place::Site)?;
        return Ok(Vec::new());
    }
    let record = access::course(id)?;
    let here = place(id);
    enter_to_read(caller, id)?;
    require(caller, "moodle/course:viewparticipants", here)?;
    if !options.capability.is_empty() {
        require(caller, "moodle/role:review", here)?;
    }
    if options.active || options.suspended {
        require(caller, "moodle/course:enrolreview", here)?;
    }
    let all_groups = may(caller, "moodle/site:accessallgroups", here)?;
    let own = enrolments::participant_of(id, caller.person)?.map(|p| p.groups).unwrap_or_default();
    if options.group != 0 && !own.contains(&options.group) {
        require(caller, "moodle/site:accessallgroups", here)?;
    }
    let separate = View::of(&record).number("groupmode") == SEPARATE && !all_groups;

    let mut found = participants(id)?;
    found.retain(|p| {
        (options.group == 0 || p.groups.contains(&options.group))
            && (!options.active || p.active)
            && (!options.suspended || p.enrolments.iter().all(|e| e.suspended))
            && (!separate || p.person.id == caller.person || p.groups.iter().any(|group| own.contains(group)))
    });
    if !options.capability.is_empty() {
        let mut able = Vec::with_capacity(found.len());
        for participant in found {
            if people::has_capability(participant.person.id, &options.capability, here)? {
                able.push(participant);
            }
        }
        found = able;
    }
    options.sort(&mut found);
    let number = if options.number == 0 { usize::MAX } else { options.number };
    let page = found.into_iter().skip(options.from).take(number);

    let sight = Sight::at(caller, here)?;
    let roles: HashMap<u64, Role> = people::roles()?.into_iter().map(|r| (r.id, r)).collect();
    let groups: HashMap<u64, Group> = enrolments::groups(id)?.into_iter().map(|g| (g.id, g)).collect();
    let visible_groups = |group: &u64| all_groups || !separate || own.contains(group);
    let mut names = Names::default();
    page.map(|participant| {
        let in_groups = participant.groups.iter().filter(|g| visible_groups(g)).filter_map(|g| groups.get(g));
        let in_groups: Vec<_> = in_groups.map(group).collect();
        let sight = if participant.person.id == caller.person { Sight::own() } else { sight };
        user(caller, participant, sight, &options, &roles, in_groups, &mut names)
    })
    .collect()
}

/// Names of courses, looked up once.
#[derive(Default)]
struct Names(HashMap<u64, Option<InCourseName>>);

#[derive(Clone)]
struct InCourseName {
    fullname: String,
    shortname: String,
}

impl Names {
    /// A course that the caller may know of.
    fn of(&mut self, caller: &Caller, course: u64) -> Result<Option<InCourse>> {
        let name = match self.0.entry(course) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(free) => {
                let mut name = None;
                for record in access::courses([course])? {
                    if record.fields.visible || may(caller, "moodle/course:viewhiddencourses", place(course))? {
                        name = Some(InCourseName {
                            fullname: text::name(&record.fields.fullname),
                            shortname: text::name(&record.fields.shortname),
                        });
                    }
                }
                free.insert(name).clone()
            }
        };
        Ok(name.map(|n| InCourse { id: course, fullname: n.fullname, shortname: n.shortname }))
    }
}

fn user(
    caller: &Caller,
    participant: Participant,
    sight: Sight,
    options: &Options,
    roles: &HashMap<u64, Role>,
    groups: Vec<InGroup>,
    names: &mut Names,
) -> Result<User> {
    let person = &participant.person;
    let shown = person::show(person, sight, true)?;
    let wants = |field: &str| options.wants(field);
    let text = |field: &str, value: Option<String>| value.filter(|_| options.wants(field));
    let mut in_courses = Vec::new();
    if wants("enrolledcourses") {
        for (course, active) in enrolments::courses_of(person.id)?.into_iter().rev() {
            if active {
                in_courses.extend(names.of(caller, course)?);
            }
        }
    }
    let in_roles = participant.roles.iter().filter_map(|id| roles.get(id)).map(|role| InRole {
        roleid: role.id,
        name: String::new(),
        shortname: role.shortname.clone(),
        sortorder: 0,
    });
    Ok(User {
        id: person.id,
        username: text("username", shown.username),
        firstname: text("firstname", shown.firstname),
        lastname: text("lastname", shown.lastname),
        fullname: shown.fullname,
        email: text("email", shown.email),
        address: text("address", shown.address),
        phone1: text("phone1", shown.phone1),
        phone2: text("phone2", shown.phone2),
        department: text("department", shown.department),
        institution: text("institution", shown.institution),
        idnumber: text("idnumber", shown.idnumber),
        interests: None,
        firstaccess: Some(person.first_access).filter(|_| wants("firstaccess")),
        lastaccess: Some(person.last_access).filter(|_| wants("lastaccess")),
        // What people do here is not followed course by course.
        lastcourseaccess: Some(0).filter(|_| wants("lastcourseaccess")),
        description: text("description", shown.description),
        descriptionformat: shown.descriptionformat.filter(|_| wants("description")),
        city: text("city", shown.city),
        country: text("country", shown.country),
        profileimageurlsmall: text("profileimageurlsmall", Some(shown.profileimageurlsmall)),
        profileimageurl: text("profileimageurl", Some(shown.profileimageurl)),
        customfields: None,
        groups: Some(groups).filter(|groups| wants("groups") && !groups.is_empty()),
        roles: Some(in_roles.collect()).filter(|_| wants("roles")),
        preferences: None,
        enrolledcourses: Some(in_courses).filter(|courses| !courses.is_empty()),
    })
}

fn group(group: &Group) -> InGroup {
    let fields = Fields::of_head(&group.element).ok();
    let field = |name: &str| fields.as_ref().map(|f| f.text(name)).unwrap_or_default();
    let form = field("descriptionformat").trim().parse().unwrap_or(text::form::HTML);
    let description = field("description");
    let description = match (description.as_str(), form) {
        ("", _) => String::new(),
        // Recorded: as a page shows it, and with the form that it was written in.
        (text, text::form::AUTO) => {
            format!("<div class=\"text_to_html\">{}</div>", text::html(text, form, Author::Anybody))
        }
        (text, _) => text::html(text, form, Author::Anybody),
    };
    InGroup { id: group.id, name: text::name(&group.name), description, descriptionformat: form }
}
