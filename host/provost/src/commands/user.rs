//! `provost user …`.

use crate::cli::User;
use crate::output;
use crate::site::Site;
use anyhow::{Result, anyhow, bail};
use provost_store::api::{Person, Place};
use serde_json::json;

pub async fn run(site: Site, command: User, as_json: bool) -> Result<()> {
    match command {
        User::List => list(site, as_json).await,
        User::Show { username } => show(&site.person(&username).await?, as_json),
        User::Create { username, email, firstname, lastname, admin } => {
            let username = checked_username(&username)?;
            let person = Person { username, email, firstname, lastname, site_admin: admin, ..Person::default() };
            let id = site.store.add_person(person).await?;
            if as_json { output::json(&json!({ "userid": id })) } else { output::line(id) }
        }
        User::Suspend { username, undo } => {
            let mut person = site.person(&username).await?;
            person.suspended = !undo;
            site.store.update_person(person.clone()).await?;
            show(&person, as_json)
        }
        User::Role { username, role, course, remove } => {
            let person = site.person(&username).await?;
            let roles = site.store.roles().await?;
            let names = || roles.iter().map(|r| r.shortname.as_str()).collect::<Vec<_>>().join(", ");
            let found = roles.iter().find(|r| r.shortname == role);
            let found = found.ok_or_else(|| anyhow!("no role {role:?}; there are {}", names()))?;
            let place = match course {
                Some(course) => Place::Course(site.store.course(course).await?.id),
                None => Place::Site,
            };
            if remove {
                site.store.unassign_role(person.id, found.id, place).await?;
            } else {
                site.store.assign_role(person.id, found.id, place).await?;
            }
            if as_json {
                return output::json(&json!({ "user": username, "role": role, "course": course, "removed": remove }));
            }
            output::line(format_args!("{username} {} {role}", if remove { "is no longer" } else { "is now" }))
        }
    }
}

async fn list(site: Site, as_json: bool) -> Result<()> {
    let mut people = Vec::new();
    let mut after = 0;
    loop {
        let page = site.store.people(after, 500).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        people.extend(page);
    }
    if as_json {
        return output::json(&people);
    }
    let rows = people.into_iter().map(|p| {
        let standing = match (p.site_admin, p.suspended, p.deleted) {
            (_, _, true) => "deleted",
            (_, true, _) => "suspended",
            (true, _, _) => "administrator",
            _ => "",
        };
        [p.id.to_string(), p.username, format!("{} {}", p.firstname, p.lastname), p.email, standing.into()]
    });
    output::table(["ID", "USERNAME", "NAME", "E-MAIL", "STANDING"], rows.collect())
}

fn show(person: &Person, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(person);
    }
    output::line(format_args!("{} (user {})", person.username, person.id))?;
    output::line(format_args!("  {} {} <{}>", person.firstname, person.lastname, person.email))?;
    if person.site_admin {
        output::line("  site administrator")?;
    }
    if person.suspended {
        output::line("  suspended")?;
    }
    Ok(())
}

/// A username as the field has them (moodle-webservices.md 1.4, USERNAME).
fn checked_username(username: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._@".contains(c);
    if username.is_empty() || !username.chars().all(fits) {
        bail!("{username:?} is no username: lowercase letters, digits and - . _ @");
    }
    Ok(username.to_owned())
}
