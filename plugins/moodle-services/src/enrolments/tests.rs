//! Who takes part, who may see it, who comes and goes.

use crate::testing::{ask, assert_described_as, assert_same_shape, course, enrol, host, recorded_json, refused};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use provost_guest::testing::TestHost;
use serde_json::{Value, json};

fn ids(users: &Value) -> Vec<u64> {
    users.as_array().expect("a list").iter().filter_map(|u| u["id"].as_u64()).collect()
}

fn enrolled(course: u64, options: Value, caller: &Caller) -> Result<Value> {
    ask("core_enrol_get_enrolled_users", json!({"courseid": course, "options": options}), caller)
}

fn class(host: &TestHost) -> (u64, [Caller; 3]) {
    let id = course(host, "bees");
    let people = [host.person("zoe"), host.person("ada"), host.person("ben")];
    for (person, role) in people.iter().zip(["editingteacher", "student", "student"]) {
        enrol(host, person, id, role);
    }
    (id, people)
}

#[test]
fn participants_are_shaped_as_recorded() {
    let host = host();
    let (id, [zoe, ..]) = class(&host);
    let mut person = host.people().into_iter().find(|p| p.id == zoe.person).expect("zoe");
    person.extra = r#"{"city":"Köln","country":"DE","department":""}"#.into();
    person.idnumber = "ID1".into();
    host.set_person(person);
    let users = enrolled(id, json!([]), &host.admin()).expect("listed");
    assert_eq!(users[0]["roles"], json!([{"roleid": 3, "name": "", "shortname": "editingteacher", "sortorder": 0}]));
    assert_eq!(users[0]["enrolledcourses"], json!([{"id": id, "fullname": "Course bees", "shortname": "bees"}]));
    if let Some(recorded) = recorded_json("enrolled_users.json.txt") {
        assert_same_shape(&users[0], &recorded[0], "user");
    }
    assert_described_as("core_enrol_get_enrolled_users", "enrolled_users.xml.txt");
}

#[test]
fn options_choose_sort_and_cut() {
    let host = host();
    let (id, [zoe, ada, ben]) = class(&host);
    let admin = host.admin();
    let (zoe, ada, ben) = (zoe.person, ada.person, ben.person);
    let suspended =
        provost_guest::enrolments::Enrolment { method: "manual".into(), suspended: true, start: 0, end: 0, here: true };
    host.set_enrolment(ben, id, suspended);
    let by = |pairs: &[(&str, &str)]| {
        let options: Vec<_> = pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        ids(&enrolled(id, json!(options), &admin).expect("listed"))
    };
    assert_eq!(by(&[]), [zoe, ada, ben]);
    assert_eq!(by(&[("sortby", "firstname")]), [ada, ben, zoe]);
    assert_eq!(
        by(&[("sortby", "firstname"), ("sortdirection", "DESC"), ("limitfrom", "1"), ("limitnumber", "1")]),
        [ben]
    );
    assert_eq!(by(&[("onlyactive", "1")]), [zoe, ada]);
    assert_eq!(by(&[("onlysuspended", "1")]), [ben]);
    assert_eq!(by(&[("withcapability", "moodle/course:update")]), [zoe]);
    let names = json!([{"name": "userfields", "value": "email,fullname"}]);
    let few = enrolled(id, names, &admin).expect("listed");
    assert_eq!(few[0], json!({"id": zoe, "fullname": "zoe Example", "email": "zoe@lms.example.org"}));
    for wrong in [json!([{"name": "sortby", "value": "shoe"}]), json!([{"name": "limitfrom", "value": "x"}])] {
        assert_eq!(enrolled(id, wrong, &admin).expect_err("wrong").kind, ErrorKind::Invalid);
    }
    let both = json!([{"name": "onlyactive", "value": "1"}, {"name": "onlysuspended", "value": "1"}]);
    assert!(enrolled(id, both, &admin).is_err());
}

#[test]
fn who_sees_participants_and_what_of_them() {
    let host = host();
    let (id, [zoe, ada, _]) = class(&host);
    let stranger = host.person("eve");
    let error = enrolled(id, json!([]), &stranger).expect_err("closed");
    assert_eq!(error.code, "errorcoursecontextnotvalid");
    assert_eq!(enrolled(4711, json!([]), &stranger).expect_err("no course").code, "course");
    let users = enrolled(id, json!([]), &ada).expect("listed");
    assert!(users[0].get("username").is_none() && users[0].get("idnumber").is_none(), "{users}");
    assert_eq!(users[1]["username"], "ada");
    let review = json!([{"name": "onlyactive", "value": "1"}]);
    assert_eq!(enrolled(id, review.clone(), &ada).expect_err("denied").code, "moodle/course:enrolreview");
    assert!(enrolled(id, review, &zoe).is_ok());
}

#[test]
fn courses_of_oneself_and_of_others() {
    let host = host();
    let (id, [zoe, ada, ben]) = class(&host);
    let other = course(&host, "other");
    enrol(&host, &ada, other, "student");
    let of = |person: &Caller, caller: &Caller| {
        ids(&ask("core_enrol_get_users_courses", json!({"userid": person.person}), caller).expect("listed"))
    };
    assert_eq!(of(&ada, &ada), [other, id]);
    assert_eq!(of(&ada, &zoe), [id]);
    assert_eq!(of(&ada, &ben), [id]);
    assert_eq!(of(&ada, &host.person("eve")), [0; 0]);
    let own = ask("core_enrol_get_users_courses", json!({"userid": ada.person, "returnusercount": false}), &ada)
        .expect("listed");
    assert!(own[0].get("enrolledusercount").is_none());
    let counted = ask("core_enrol_get_users_courses", json!({"userid": ada.person}), &ada).expect("listed");
    assert_eq!(counted[1]["enrolledusercount"], 3);
}

#[test]
fn enrolling_needs_the_right_to_give_the_role() {
    let host = host();
    let (id, [zoe, ada, _]) = class(&host);
    let eve = host.person("eve");
    let new = |role: u64| json!({"enrolments": [{"roleid": role, "userid": eve.person, "courseid": id}]});
    let refused = |parameters, caller: &Caller| refused("enrol_manual_enrol_users", parameters, caller);
    assert_eq!(refused(new(5), &ada), (ErrorKind::Denied, "enrol/manual:enrol".into()));
    assert_eq!(refused(new(5), &eve).1, "requireloginerror");
    assert_eq!(refused(new(1), &zoe), (ErrorKind::Refused, "wsusercannotassign".into()));
    assert_eq!(refused(new(99), &host.admin()).1, "wsusercannotassign");
    let nobody = json!({"enrolments": [
        {"roleid": 5, "userid": eve.person, "courseid": id}, {"roleid": 5, "userid": 4711, "courseid": id}
    ]});
    assert_eq!(refused(nobody, &zoe), (ErrorKind::NotFound, "user".into()));
    assert_eq!(ids(&enrolled(id, json!([]), &zoe).expect("listed")).len(), 3);
    assert_eq!(ask("enrol_manual_enrol_users", new(5), &zoe), Ok(Value::Null));
    assert!(enrolled(id, json!([]), &eve).is_ok());
}

#[test]
fn who_is_unenrolled_is_out() {
    let host = host();
    let (id, [zoe, ada, ben]) = class(&host);
    let leave = json!({"enrolments": [{"userid": ada.person, "courseid": id}]});
    assert_eq!(refused("enrol_manual_unenrol_users", leave.clone(), &ben).1, "enrol/manual:unenrol");
    assert_eq!(ask("enrol_manual_unenrol_users", leave, &zoe), Ok(Value::Null));
    assert_eq!(enrolled(id, json!([]), &ada).expect_err("out").code, "errorcoursecontextnotvalid");
    assert!(
        !provost_guest::people::has_capability(ada.person, "moodle/course:viewparticipants", Place::Course(id))
            .expect("asked")
    );
}
