//! `provost role …`.

use crate::cli::Role;
use crate::output;
use crate::site::Site;
use anyhow::{Result, bail};
use serde_json::json;

pub async fn run(site: Site, command: Role, as_json: bool) -> Result<()> {
    // Loading the plugins makes their capabilities known.
    site.registry().await?;
    match command {
        Role::List => {
            let roles = site.store.roles().await?;
            if as_json {
                return output::json(&roles);
            }
            let rows = roles.into_iter().map(|r| [r.id.to_string(), r.shortname, r.name, r.archetype]);
            output::table(["ID", "SHORT NAME", "NAME", "LIKE"], rows.collect())
        }
        Role::Show { role } => {
            let found = site.role(&role).await?;
            let capabilities = site.store.role_capabilities(found.id).await?;
            if as_json {
                let shown: Vec<_> =
                    capabilities.iter().map(|(c, may)| json!({ "capability": c, "allowed": may })).collect();
                return output::json(&json!({ "role": found, "capabilities": shown }));
            }
            output::line(format_args!("{} ({})", found.shortname, found.name))?;
            for (capability, allowed) in capabilities {
                output::line(format_args!("  {} {capability}", if allowed { "may   " } else { "may not" }))?;
            }
            Ok(())
        }
        Role::Create { role, name, like } => {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            if role.is_empty() || !role.chars().all(fits) {
                bail!("{role:?} is no short name of a role: lowercase letters, digits and - _");
            }
            let archetype = if like.is_empty() { String::new() } else { site.role(&like).await?.archetype };
            let id = site.store.add_role(&role, name.as_deref().unwrap_or(&role), &archetype).await?;
            if as_json { output::json(&json!({ "roleid": id })) } else { output::line(id) }
        }
        Role::Allow { role, capability } => set(&site, &role, &capability, Some(true), as_json).await,
        Role::Prevent { role, capability } => set(&site, &role, &capability, Some(false), as_json).await,
        Role::Reset { role, capability } => {
            set(&site, &role, &capability, None, as_json).await?;
            // The defaults are declared anew when plugins are loaded.
            site.registry().await.map(drop)
        }
        Role::Capabilities => {
            let capabilities = site.store.capabilities().await?;
            if as_json {
                return output::json(&capabilities);
            }
            let rows = capabilities.into_iter().map(|c| [c.name, c.label]);
            output::table(["CAPABILITY", "WHAT"], rows.collect())
        }
    }
}

async fn set(site: &Site, role: &str, capability: &str, allowed: Option<bool>, as_json: bool) -> Result<()> {
    let found = site.role(role).await?;
    site.store.set_role_capability(found.id, capability, allowed).await?;
    if as_json {
        return output::json(&json!({ "role": role, "capability": capability, "allowed": allowed }));
    }
    let how = match allowed {
        Some(true) => "may now",
        Some(false) => "may no longer",
        None => "is as the plugins say in",
    };
    output::line(format_args!("{role} {how} {capability}"))
}
