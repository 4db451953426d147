//! `provost audit`, and the rows that commands leave in the audit log.

use crate::cli::{
    Audit, Backup, Category, Command, Course, Event, Job, Notice, Plugin, Role, Service, Target, Token, User,
};
use crate::output;
use crate::site::Site;
use anyhow::{Context, Result};
use provost_store::api::{AuditFilter, NewAuditRow};

pub async fn run(site: Site, wish: Audit, as_json: bool) -> Result<()> {
    let person = match &wish.user {
        Some(username) => Some(site.person(username).await?.id),
        None => None,
    };
    let since = match &wish.since {
        Some(span) => {
            let parsed: jiff::Span =
                span.parse().with_context(|| format!("{span:?} is not a span such as 7d or 12h"))?;
            Some(jiff::Zoned::now().checked_sub(parsed)?.timestamp().as_second())
        }
        None => None,
    };
    let mut filter = AuditFilter { before: None, since, person, action: wish.action, failed: wish.failed };
    let mut rows = Vec::new();
    while (rows.len() as u64) < u64::from(wish.limit) {
        let left = wish.limit - u32::try_from(rows.len()).unwrap_or(wish.limit);
        let page = site.store.audit(&filter, left).await?;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        rows.extend(page);
    }
    if as_json {
        return output::json(&rows);
    }
    let rows = rows.into_iter().map(|r| {
        let who = if r.address.is_empty() { r.username } else { format!("{} ({})", r.username, r.address) };
        [output::time(r.time), r.origin, who, r.action, r.outcome, r.detail]
    });
    output::table(["TIME", "BY", "WHO", "WHAT", "OUTCOME", "WITH"], rows.collect())
}

/// What a command is called in the audit log; none for one that changes nothing.
pub fn action(command: &Command) -> Option<&'static str> {
    match command {
        Command::Course(Course::Import(_)) => Some("course import"),
        Command::Course(Course::Duplicate(_)) => Some("course duplicate"),
        Command::Course(Course::Enrol { .. }) => Some("course enrol"),
        Command::Course(Course::Unenrol { .. }) => Some("course unenrol"),
        Command::Course(Course::CopyItems(_)) => Some("course copy-items"),
        Command::Course(Course::MoveItems(_)) => Some("course move-items"),
        Command::Course(Course::DeleteItems(_)) => Some("course delete-items"),
        Command::Course(Course::Delete { .. }) => Some("course delete"),
        Command::Category(Category::Create { .. }) => Some("category create"),
        Command::Backup(Backup::Create { .. }) => Some("backup create"),
        Command::Job(Job::Cancel { .. }) => Some("job cancel"),
        Command::Token(Token::Create { .. }) => Some("token create"),
        Command::Token(Token::Revoke { .. }) => Some("token revoke"),
        Command::User(User::Create { .. }) => Some("user create"),
        Command::User(User::Password { .. }) => Some("user password"),
        Command::User(User::Suspend { .. }) => Some("user suspend"),
        Command::User(User::Role { .. }) => Some("user role"),
        Command::Role(Role::Create { .. }) => Some("role create"),
        Command::Role(Role::Allow { .. }) => Some("role allow"),
        Command::Role(Role::Prevent { .. }) => Some("role prevent"),
        Command::Role(Role::Reset { .. }) => Some("role reset"),
        Command::Service(Service::Set(_)) => Some("service set"),
        Command::Service(Service::AddUser { .. }) => Some("service add-user"),
        Command::Service(Service::RemoveUser { .. }) => Some("service remove-user"),
        Command::Plugin(Plugin::Install { .. }) => Some("plugin install"),
        Command::Plugin(Plugin::Configure { values, .. }) if !values.is_empty() => Some("plugin configure"),
        Command::Plugin(Plugin::Remove { .. }) => Some("plugin remove"),
        Command::Event(Event::Replay(_)) => Some("event replay"),
        Command::Event(Event::Discard { .. }) => Some("event discard"),
        Command::Target(Target::Enable { .. }) => Some("target enable"),
        Command::Target(Target::Disable { .. }) => Some("target disable"),
        Command::Notice(Notice::Seen { .. }) => Some("notice seen"),
        _ => None,
    }
}

/// Notes that a command was run. Its arguments hold no secret: passwords come by standard input. Configurations may, so
/// theirs are left out.
pub async fn note(site: &Site, action: &str, ended: &Result<()>) {
    let detail = match action {
        "plugin install" | "plugin configure" => String::new(),
        _ => {
            let arguments: Vec<String> =
                std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
            serde_json::to_string(&arguments).unwrap_or_default()
        }
    };
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let row = NewAuditRow {
        origin: "command",
        person: None,
        username: user.unwrap_or_else(|| "operator".into()),
        address: String::new(),
        action: action.to_owned(),
        detail,
        outcome: if ended.is_ok() { "ok" } else { "failed" }.into(),
    };
    provost_services::audit::note(site.store.as_ref(), row).await;
}
