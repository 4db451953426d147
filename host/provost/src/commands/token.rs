//! `provost token …`.

use crate::cli::Token;
use crate::output;
use crate::site::Site;
use anyhow::{Context, Result, anyhow, bail};
use provost_services::access::check_addresses;
use provost_store::api::{NewToken, PersonKey};
use serde_json::json;

pub async fn run(site: Site, command: Token, as_json: bool) -> Result<()> {
    match command {
        Token::Create { user, service, name, expires, addresses } => {
            let person = site.person(&user).await?;
            let service = site.service(&service).await?;
            check_addresses(&addresses).map_err(|e| anyhow!(e))?;
            let valid_until = match expires {
                Some(span) => expiry(&span)?,
                None => 0,
            };
            let new = NewToken { person: person.id, service: service.id, name, valid_until, addresses };
            let (secret, id) = site.store.create_token(new).await?;
            if as_json {
                return output::json(&json!({ "token": secret, "id": id, "user": user, "valid_until": valid_until }));
            }
            output::line(secret)
        }
        Token::List => {
            let tokens = site.store.tokens().await?;
            if as_json {
                return output::json(&tokens);
            }
            let services = site.store.services().await?;
            let keys: Vec<_> = tokens.iter().map(|t| PersonKey::Id(t.person)).collect();
            let people = site.store.lookup(&keys).await?;
            let rows = tokens.into_iter().zip(people).map(|(token, person)| {
                let service = services.iter().find(|s| s.id == token.service).map(|s| s.shortname.clone());
                [
                    token.id.to_string(),
                    person.map(|p| p.username).unwrap_or_default(),
                    service.unwrap_or_default(),
                    token.name,
                    output::time(token.valid_until),
                    output::time(token.last_used),
                    token.addresses,
                ]
            });
            output::table(["ID", "USER", "SERVICE", "NAME", "VALID UNTIL", "LAST USED", "ADDRESSES"], rows.collect())
        }
        Token::Revoke { id } => {
            if !site.store.revoke_token(id).await? {
                bail!("no token {id}; see `provost token list`");
            }
            if as_json {
                output::json(&json!({ "revoked": id }))
            } else {
                output::line(format_args!("revoked token {id}"))
            }
        }
    }
}

pub(super) fn expiry(span: &str) -> Result<i64> {
    let parsed: jiff::Span = span.parse().with_context(|| format!("{span:?} is not a span such as 30d or 12h"))?;
    let end = jiff::Zoned::now().checked_add(parsed)?.timestamp().as_second();
    if end <= jiff::Timestamp::now().as_second() {
        bail!("{span:?} is in the past");
    }
    Ok(end)
}
