//! `core_role_assign_roles` and `core_role_unassign_roles`: roles at a place, without an enrolment.

use crate::access::{self, named, require};
use provost_guest::people::{self, Place};
use provost_guest::prelude::*;
use serde::Deserialize;

const ASSIGN: &str = "moodle/role:assign";

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("core_role_assign_roles", "Gives people roles at places.", assign).capability(ASSIGN).writes(),
        Function::new("core_role_unassign_roles", "Takes roles of people at places away.", unassign)
            .capability(ASSIGN)
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Assignment {
    /// The role.
    roleid: i64,
    /// Whose.
    userid: i64,
    /// The context of the place; or contextlevel and instanceid.
    #[serde(default)]
    contextid: Option<i64>,
    /// The kind of place: system, coursecat, course, module or user.
    #[serde(default)]
    #[describe(kind = "ALPHA")]
    contextlevel: Option<String>,
    /// The category, course, activity or person.
    #[serde(default)]
    instanceid: Option<i64>,
}

#[derive(Deserialize, Describe)]
struct Assignments {
    /// Who gets what where.
    assignments: Vec<Assignment>,
}

#[derive(Deserialize, Describe)]
struct Unassignments {
    /// Who loses what where.
    unassignments: Vec<Assignment>,
}

impl Assignment {
    fn place(&self) -> Result<Place> {
        if let Some(context) = self.contextid.filter(|id| *id != 0) {
            return people::place_of(access::id(context));
        }
        let instance = self.instanceid.map(access::id);
        Ok(match (self.contextlevel.as_deref(), instance) {
            (Some("system"), _) => Place::Site,
            (Some("coursecat"), Some(id)) => Place::Category(id),
            (Some("course"), Some(id)) => Place::Course(id),
            (Some("module"), Some(id)) => Place::Activity(id),
            (Some("user"), Some(id)) => Place::Person(id),
            _ => return Err(Error::invalid("contextid, or contextlevel with instanceid, says where")),
        })
    }
}

/// Whom, which role and where; checked for all of them before anything happens.
fn checked(caller: &Caller, wishes: &[Assignment]) -> Result<Vec<(u64, u64, Place)>> {
    let one = |wish: &Assignment| {
        let place = wish.place()?;
        people::context_of(place).map_err(named)?;
        require(caller, ASSIGN, place)?;
        let (role, person) = (access::id(wish.roleid), access::person(access::id(wish.userid))?.id);
        if !access::may_assign(caller, role, place)? {
            return Err(Error::invalid(format!("roleid: role {} cannot be given there by this person", wish.roleid)));
        }
        Ok((person, role, place))
    };
    wishes.iter().map(one).collect()
}

fn assign(caller: &Caller, ask: Assignments) -> Result<()> {
    let all = checked(caller, &ask.assignments)?;
    all.into_iter().try_for_each(|(person, role, place)| people::assign_role(person, role, place).map_err(named))
}

fn unassign(caller: &Caller, ask: Unassignments) -> Result<()> {
    let all = checked(caller, &ask.unassignments)?;
    all.into_iter().try_for_each(|(person, role, place)| people::unassign_role(person, role, place).map_err(named))
}

#[cfg(test)]
mod tests {
    use crate::MoodleServices;
    use provost_guest::ErrorKind;
    use provost_guest::people::{Place, roles_of};
    use provost_guest::serde_json::{Value, json};
    use provost_guest::testing::{TestHost, call};

    #[test]
    fn given_and_taken_by_who_may() -> provost_guest::Result<()> {
        let host = TestHost::new();
        host.manifest(include_str!("../plugin.json"))?;
        let admin = host.admin();
        let kim = host.person("kim");
        let person = kim.person;
        let wish = |role: u64, at: Value| {
            let mut one = json!({ "roleid": role, "userid": person });
            for (key, value) in at.as_object().into_iter().flatten() {
                one[key] = value.clone();
            }
            json!([one])
        };
        let category = json!({ "contextlevel": "coursecat", "instanceid": 1 });
        let give = json!({ "assignments": wish(3, category.clone()) });
        assert_eq!(call::<MoodleServices>("core_role_assign_roles", give.clone(), &admin)?, Value::Null);
        assert_eq!(roles_of(person, Place::Category(1))?, [3]);

        let refused = call::<MoodleServices>("core_role_assign_roles", give, &kim).map_err(|e| e.kind);
        assert_eq!(refused, Err(ErrorKind::Invalid), "a teacher makes no further ones");
        let student = json!({ "assignments": wish(5, category.clone()) });
        call::<MoodleServices>("core_role_assign_roles", student, &kim)?;
        let site = json!({ "assignments": wish(5, json!({ "contextlevel": "system" })) });
        let refused = call::<MoodleServices>("core_role_assign_roles", site, &kim).map_err(|e| e.code);
        assert_eq!(refused, Err("moodle/role:assign".into()), "on the site a teacher of a category is nobody");
        for at in
            [json!({}), json!({ "contextlevel": "course" }), json!({ "contextlevel": "nowhere", "instanceid": 1 })]
        {
            let give = json!({ "assignments": wish(3, at) });
            assert!(call::<MoodleServices>("core_role_assign_roles", give, &admin).is_err());
        }
        let guest = json!({ "assignments": wish(6, json!({ "contextlevel": "system" })) });
        assert!(call::<MoodleServices>("core_role_assign_roles", guest, &admin).is_err(), "nobody is made a guest");

        let take = json!({ "unassignments": wish(3, category) });
        call::<MoodleServices>("core_role_unassign_roles", take, &admin)?;
        assert_eq!(roles_of(person, Place::Category(1))?, [5]);
        Ok(())
    }
}
