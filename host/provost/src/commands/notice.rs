//! `provost notice …`.

use crate::cli::Notice as Command;
use crate::output;
use crate::site::Site;
use anyhow::Result;
use provost_store::api::{Notice, NoticeFilter, PersonKey, Whose};
use serde_json::json;
use std::collections::BTreeMap;

pub async fn run(site: Site, command: Command, as_json: bool) -> Result<()> {
    match command {
        Command::List { user, unseen, limit } => list(site, user, unseen, limit, as_json).await,
        Command::Seen { id } => {
            let count = site.store.see_notices(id.unwrap_or(i64::MAX.unsigned_abs()), Whose::Operator).await?;
            if as_json {
                return output::json(&json!({ "seen": count }));
            }
            output::line(format_args!("{count} marked as seen"))
        }
    }
}

async fn list(site: Site, user: Option<String>, unseen: bool, limit: u32, as_json: bool) -> Result<()> {
    let whose = match user {
        None => Whose::Everybody,
        Some(username) => match site.person(&username).await? {
            person if person.site_admin => Whose::Administrator(person.id),
            person => Whose::Person(person.id),
        },
    };
    let mut filter = NoticeFilter { whose, unseen, ..NoticeFilter::default() };
    let mut notices: Vec<Notice> = Vec::new();
    loop {
        filter.limit = limit.saturating_sub(u32::try_from(notices.len()).unwrap_or(u32::MAX));
        if filter.limit == 0 {
            break;
        }
        let page = site.store.notices(&filter).await?;
        let Some(last) = page.last() else { break };
        filter.before = last.id;
        notices.extend(page);
    }
    if as_json {
        return output::json(&notices);
    }
    let mut people: Vec<u64> = notices.iter().filter_map(|n| n.person).collect();
    people.sort_unstable();
    people.dedup();
    let mut names = BTreeMap::new();
    for ids in people.chunks(500) {
        let keys: Vec<_> = ids.iter().copied().map(PersonKey::Id).collect();
        let found = site.store.lookup(&keys).await?;
        names.extend(found.into_iter().flatten().map(|p| (p.id, p.username)));
    }
    let rows = notices.into_iter().map(|n| {
        let whom = n.person.map_or_else(|| "(operator)".to_owned(), |id| names.get(&id).cloned().unwrap_or_default());
        let new = if n.seen { "" } else { "new" };
        [n.id.to_string(), output::time(n.created), whom, n.kind, new.to_owned(), n.message]
    });
    output::table(["ID", "TIME", "WHO", "KIND", "", "WHAT"], rows.collect())
}
