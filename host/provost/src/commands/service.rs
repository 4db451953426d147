//! `provost service …`.

use super::token::expiry;
use crate::cli::{Service as Command, SetService};
use crate::output;
use crate::site::Site;
use anyhow::{Result, anyhow, bail};
use provost_services::access::check_addresses;
use provost_store::api::{PersonKey, Service, ServicePerson};
use serde_json::json;

pub async fn run(site: Site, command: Command, as_json: bool) -> Result<()> {
    // Loading the plugins makes the services known that they declare.
    let registry = site.registry().await?;
    match command {
        Command::List => list(&site, as_json).await,
        Command::Show { service } => show(&site, &site.service(&service).await?, as_json).await,
        Command::Set(wish) => {
            let catalog = registry.current().await?;
            if let Some(unknown) = wish.functions.iter().find(|name| catalog.function(name).is_none()) {
                bail!("no loaded plugin offers a function {unknown}");
            }
            let services = site.store.services().await?;
            let known = services.into_iter().find(|s| s.shortname == wish.service);
            let service = changed(known, wish);
            site.store.put_service(service.clone()).await?;
            show(&site, &service, as_json).await
        }
        Command::AddUser { service, username, expires, addresses } => {
            let service = site.service(&service).await?;
            let person = site.person(&username).await?;
            check_addresses(&addresses).map_err(|e| anyhow!(e))?;
            let valid_until = expires.as_deref().map(expiry).transpose()?.unwrap_or(0);
            let how = ServicePerson { person: person.id, valid_until, addresses };
            site.store.set_service_person(service.id, person.id, Some(how)).await?;
            show(&site, &service, as_json).await
        }
        Command::RemoveUser { service, username } => {
            let service = site.service(&service).await?;
            let person = site.person(&username).await?;
            site.store.set_service_person(service.id, person.id, None).await?;
            show(&site, &service, as_json).await
        }
    }
}

fn changed(known: Option<Service>, wish: SetService) -> Service {
    let known = known.unwrap_or_else(|| Service {
        id: 0,
        shortname: wish.service.clone(),
        name: wish.service.clone(),
        enabled: true,
        download_files: true,
        upload_files: true,
        functions: Some(Vec::new()),
        required_capability: String::new(),
        restricted: false,
    });
    let functions = match (wish.all_functions, wish.functions.is_empty()) {
        (true, _) => None,
        (false, true) => known.functions,
        (false, false) => Some(wish.functions),
    };
    Service {
        name: wish.name.unwrap_or(known.name),
        enabled: wish.enabled.unwrap_or(known.enabled),
        download_files: wish.download_files.unwrap_or(known.download_files),
        upload_files: wish.upload_files.unwrap_or(known.upload_files),
        required_capability: wish.required_capability.unwrap_or(known.required_capability),
        restricted: wish.restricted.unwrap_or(known.restricted),
        functions,
        ..known
    }
}

async fn list(site: &Site, as_json: bool) -> Result<()> {
    let services = site.store.services().await?;
    if as_json {
        return output::json(&services);
    }
    let rows = services.into_iter().map(|s| {
        let functions = s.functions.map_or_else(|| "all".to_owned(), |f| f.len().to_string());
        let standing = match (s.enabled, s.restricted) {
            (false, _) => "disabled",
            (true, true) => "restricted",
            (true, false) => "",
        };
        [s.shortname, s.name, functions, standing.to_owned()]
    });
    output::table(["SHORT NAME", "NAME", "FUNCTIONS", "STANDING"], rows.collect())
}

async fn show(site: &Site, service: &Service, as_json: bool) -> Result<()> {
    let named = match service.id {
        0 => Vec::new(),
        id => site.store.service_people(id).await?,
    };
    if as_json {
        return output::json(&json!({ "service": service, "people": named }));
    }
    output::line(format_args!("{} ({})", service.shortname, service.name))?;
    for (what, is) in [
        ("enabled", service.enabled),
        ("files can be downloaded", service.download_files),
        ("files can be uploaded", service.upload_files),
        ("only people named for it", service.restricted),
    ] {
        output::line(format_args!("  {what}: {}", if is { "yes" } else { "no" }))?;
    }
    if !service.required_capability.is_empty() {
        output::line(format_args!("  needs {}", service.required_capability))?;
    }
    match &service.functions {
        None => output::line("  every function of the loaded plugins")?,
        Some(functions) => {
            for function in functions {
                output::line(format_args!("  {function}"))?;
            }
        }
    }
    let keys: Vec<_> = named.iter().map(|n| PersonKey::Id(n.person)).collect();
    let people = site.store.lookup(&keys).await?;
    for (named, person) in named.iter().zip(people) {
        let name = person.map(|p| p.username).unwrap_or_default();
        output::line(format_args!("  user {name} until {} {}", output::time(named.valid_until), named.addresses))?;
    }
    Ok(())
}
