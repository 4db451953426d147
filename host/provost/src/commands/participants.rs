//! Who takes part in a course: `provost course participants|enrol|unenrol`.

use crate::output;
use crate::site::Site;
use anyhow::Result;
use provost_store::api::{NewEnrolment, Participant};
use serde_json::json;

/// The method of enrolments made by hand.
const MANUAL: &str = "manual";

pub async fn list(site: Site, course: u64, as_json: bool) -> Result<()> {
    let roles = site.store.roles().await?;
    let named = |ids: &[u64]| -> Vec<&str> {
        roles.iter().filter(|r| ids.contains(&r.id)).map(|r| r.shortname.as_str()).collect()
    };
    let mut all: Vec<Participant> = Vec::new();
    loop {
        let page = site.store.participants(course, all.last().map_or(0, |p| p.person.id), 500).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    if as_json {
        let shown = all.iter().map(|p| {
            let methods: Vec<&str> = p.enrolments.iter().map(|e| e.method.as_str()).collect();
            json!({ "userid": p.person.id, "username": p.person.username, "roles": named(&p.roles), "methods": methods,
                    "active": p.active })
        });
        return output::json(&shown.collect::<Vec<_>>());
    }
    let rows = all.iter().map(|p| {
        let mut methods: Vec<&str> = p.enrolments.iter().map(|e| e.method.as_str()).collect();
        methods.dedup();
        let standing = if p.active { "" } else { "not active" };
        [
            p.person.id.to_string(),
            p.person.username.clone(),
            format!("{} {}", p.person.firstname, p.person.lastname),
            named(&p.roles).join(", "),
            methods.join(", "),
            standing.to_owned(),
        ]
    });
    output::table(["ID", "USERNAME", "NAME", "ROLES", "BY", "STANDING"], rows.collect())
}

pub async fn enrol(site: Site, course: u64, username: &str, role: &str, suspended: bool, as_json: bool) -> Result<()> {
    let person = site.person(username).await?.id;
    let found = site.role(role).await?.id;
    let new = NewEnrolment { course, person, role: found, start: 0, end: 0, suspended };
    site.store.enrol(vec![new]).await?;
    if as_json {
        return output::json(&json!({ "courseid": course, "user": username, "role": role, "suspended": suspended }));
    }
    output::line(format_args!("{username} is enrolled in course {course} as {role}"))
}

pub async fn unenrol(site: Site, course: u64, username: &str, as_json: bool) -> Result<()> {
    let person = site.person(username).await?.id;
    site.store.unenrol(course, person, MANUAL).await?;
    if as_json {
        return output::json(&json!({ "courseid": course, "user": username, "enrolled": false }));
    }
    output::line(format_args!("{username} is not enrolled in course {course} by hand any more"))
}
