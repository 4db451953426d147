//! `provost user …`.

use crate::cli::User;
use crate::output;
use crate::site::Site;
use anyhow::{Result, bail};
use provost_store::api::{Person, Place};
use provost_store::passwords;
use serde_json::json;

pub async fn run(site: Site, command: User, as_json: bool) -> Result<()> {
    match command {
        User::List => list(site, as_json).await,
        User::Show { username } => show(&site.person(&username).await?, as_json),
        User::Create { username, email, firstname, lastname, admin, password_stdin } => {
            let username = checked_username(&username)?;
            let password = if password_stdin { Some(passwords::hash(&read_password()?)?) } else { None };
            let person = Person { username, email, firstname, lastname, site_admin: admin, ..Person::default() };
            let added = site.store.add_people(vec![(person, password)]).await?;
            let id = added.first().copied().unwrap_or_default();
            if as_json { output::json(&json!({ "userid": id })) } else { output::line(id) }
        }
        User::Suspend { username, undo } => {
            let mut person = site.person(&username).await?;
            person.suspended = !undo;
            site.store.update_person(person.clone()).await?;
            show(&person, as_json)
        }
        User::Password { username, remove } => {
            let person = site.person(&username).await?;
            let hash = if remove { None } else { Some(passwords::hash(&read_password()?)?) };
            site.store.set_password(person.id, hash.as_deref()).await?;
            if as_json {
                return output::json(&json!({ "user": username, "password": !remove }));
            }
            output::line(format_args!(
                "{username} {}",
                if remove { "cannot log in any more" } else { "has a new password" }
            ))
        }
        User::Role { username, role, course, category, remove } => {
            let person = site.person(&username).await?;
            let found = site.role(&role).await?;
            let place = match (course, category) {
                (Some(course), _) => Place::Course(site.store.course(course).await?.id),
                (None, Some(category)) => Place::Category(category),
                (None, None) => Place::Site,
            };
            if remove {
                site.store.unassign_role(person.id, found.id, place).await?;
            } else {
                site.store.assign_role(person.id, found.id, place).await?;
            }
            if as_json {
                return output::json(
                    &json!({ "user": username, "role": role, "course": course, "category": category, "removed": remove }),
                );
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

/// A password from standard input: its first line. On a terminal it is asked for and not shown.
fn read_password() -> Result<String> {
    use std::io::{BufRead, IsTerminal};
    let password = if std::io::stdin().is_terminal() {
        let term = console::Term::stderr();
        term.write_str("Password: ")?;
        term.read_secure_line()?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\n', '\r']).to_owned()
    };
    if password.is_empty() {
        bail!("an empty password is none");
    }
    Ok(password)
}

/// A username as the field has them (moodle-webservices.md 1.4, USERNAME).
fn checked_username(username: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._@".contains(c);
    if username.is_empty() || !username.chars().all(fits) {
        bail!("{username:?} is no username: lowercase letters, digits and - . _ @");
    }
    Ok(username.to_owned())
}
