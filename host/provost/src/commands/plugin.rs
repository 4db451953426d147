//! `provost plugin …`.

use crate::cli::Plugin;
use crate::output;
use crate::site::Site;
use anyhow::{Context, Result, bail};
use provost_runtime::Manifest;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::Path;

pub async fn run(site: Site, command: Plugin, as_json: bool) -> Result<()> {
    match command {
        Plugin::List => list(site, as_json).await,
        Plugin::Inspect { plugin } => inspect(site, &plugin, as_json).await,
        Plugin::Install { file, grants, grant_all, config } => {
            install(site, &file, grants, grant_all, config.as_deref(), as_json).await
        }
        Plugin::Configure { id, values } => configure(site, &id, &values, as_json).await,
        Plugin::Remove { id } => {
            site.registry().await?.remove(&id).await?;
            if as_json { output::json(&json!({ "removed": id })) } else { output::line(format_args!("removed {id}")) }
        }
    }
}

async fn list(site: Site, as_json: bool) -> Result<()> {
    let catalog = site.registry().await?.current().await?;
    if as_json {
        let plugins: Vec<Value> = catalog
            .plugins()
            .map(|l| {
                let m = l.plugin.manifest();
                let functions: Vec<_> = l.plugin.functions().iter().map(|f| f.name.as_str()).collect();
                json!({ "id": m.id, "version": m.version, "source": l.source, "description": m.description,
                        "grants": l.plugin.grants().collect::<Vec<_>>(), "functions": functions,
                        "fault": catalog.faulty().get(&m.id) })
            })
            .collect();
        return output::json(&plugins);
    }
    let rows = catalog.plugins().map(|l| {
        let m = l.plugin.manifest();
        let source = match l.source {
            provost_services::Source::BuiltIn => "built in",
            provost_services::Source::Installed => "installed",
        };
        let functions = l.plugin.functions().len().to_string();
        [m.id.clone(), m.version.clone(), source.into(), functions, m.description.clone()]
    });
    output::table(["ID", "VERSION", "SOURCE", "FUNCTIONS", "DESCRIPTION"], rows.collect())?;
    for (id, reason) in catalog.faulty() {
        eprintln!("warning: {id} is faulty: {reason}");
    }
    Ok(())
}

async fn inspect(site: Site, plugin: &str, as_json: bool) -> Result<()> {
    let path = Path::new(plugin);
    if path.is_file() {
        let wasm = std::fs::read(path).with_context(|| format!("cannot read {plugin}"))?;
        let manifest = Manifest::of(&wasm).with_context(|| format!("{plugin} is no plugin"))?;
        return describe(&manifest, &[], as_json);
    }
    let catalog = site.registry().await?.current().await?;
    let Some(loaded) = catalog.plugin(plugin) else { bail!("{plugin:?} is neither a file nor a loaded plugin") };
    let functions: Vec<_> = loaded.plugin.functions().iter().map(|f| (f.name.clone(), f.description.clone())).collect();
    describe(loaded.plugin.manifest(), &functions, as_json)
}

fn describe(manifest: &Manifest, functions: &[(String, String)], as_json: bool) -> Result<()> {
    if as_json {
        let functions: Vec<_> = functions.iter().map(|(name, doc)| json!({ "name": name, "doc": doc })).collect();
        return output::json(&json!({ "manifest": manifest, "functions": functions }));
    }
    output::line(format_args!("{} {}: {}", manifest.id, manifest.version, manifest.description))?;
    asks(manifest, &mut std::io::stdout().lock())?;
    if !functions.is_empty() {
        output::line("  offers")?;
        for (name, doc) in functions {
            output::line(format_args!("    {name}: {doc}"))?;
        }
    }
    Ok(())
}

/// What a plugin asks for.
fn asks(manifest: &Manifest, out: &mut dyn Write) -> Result<()> {
    let grants = if manifest.grants.is_empty() { "nothing".into() } else { manifest.grants.join(", ") };
    writeln!(out, "  asks for {grants}")?;
    for area in &manifest.file_areas {
        writeln!(out, "  keeps files in {}/{}", area.component, area.area)?;
    }
    for job in &manifest.jobs {
        writeln!(out, "  runs jobs of kind {}", job.kind)?;
    }
    let limits = &manifest.limits;
    writeln!(out, "  may use {} MiB of memory, {} s of CPU a call", limits.memory_mib, limits.call_cpu_seconds)?;
    Ok(())
}

async fn install(
    site: Site,
    file: &Path,
    grants: Vec<String>,
    grant_all: bool,
    config: Option<&str>,
    as_json: bool,
) -> Result<()> {
    let wasm = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let manifest = Manifest::of(&wasm).with_context(|| format!("{} is no plugin", file.display()))?;
    let config = match config {
        Some(config) => config.to_owned(),
        // A new version goes on with the configuration of the one before.
        None => {
            let installed = site.store.plugins().await?;
            installed.into_iter().find(|row| row.id == manifest.id).map_or_else(|| "{}".into(), |row| row.config)
        }
    };
    let config: Value = serde_json::from_str(&config).context("the configuration is not JSON")?;
    if !config.is_object() {
        bail!("the configuration is not a JSON object");
    }
    let grants = if grant_all || manifest.grants.is_empty() {
        manifest.grants.clone()
    } else if !grants.is_empty() {
        grants
    } else {
        ask(&manifest)?
    };
    let installed = site.registry().await?.install(&wasm, &grants, &config).await?;
    if as_json {
        return output::json(&installed);
    }
    let replaced = installed.replaced.map(|v| format!(", in place of {v}")).unwrap_or_default();
    output::line(format_args!("installed {} {}{replaced}", installed.id, installed.version))?;
    for function in &installed.functions {
        output::line(format_args!("  offers {function}"))?;
    }
    if !installed.not_granted.is_empty() {
        output::line(format_args!("  not granted: {}", installed.not_granted.join(", ")))?;
    }
    Ok(())
}

async fn configure(site: Site, id: &str, values: &[(String, String)], as_json: bool) -> Result<()> {
    let registry = site.registry().await?;
    let catalog = registry.current().await?;
    let Some(loaded) = catalog.plugin(id) else { bail!("no plugin {id:?}") };
    let mut config = loaded.config().as_object().cloned().unwrap_or_default();
    for (key, value) in values {
        if value.is_empty() {
            config.remove(key);
        } else {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            config.insert(key.clone(), value);
        }
    }
    if !values.is_empty() {
        registry.configure(id, &Value::Object(config.clone())).await?;
    }
    let schema = loaded.plugin.manifest().config.as_ref();
    let none = serde_json::Map::new();
    let properties = schema.and_then(|s| s.get("properties")).and_then(Value::as_object).unwrap_or(&none);
    if as_json {
        return output::json(&json!({ "id": id, "config": config, "schema": schema }));
    }
    let rows = properties.iter().map(|(key, property)| {
        let default = property.get("default").map(ToString::to_string).unwrap_or_default();
        let text = property["description"].as_str().unwrap_or_default().to_owned();
        [key.clone(), config.get(key).map(ToString::to_string).unwrap_or_default(), default, text]
    });
    output::table(["KEY", "SET", "DEFAULT", "MEANING"], rows.collect())
}

/// Asks the operator whether to grant what the plugin asks for.
fn ask(manifest: &Manifest) -> Result<Vec<String>> {
    let mut err = std::io::stderr().lock();
    writeln!(err, "{} {}: {}", manifest.id, manifest.version, manifest.description)?;
    asks(manifest, &mut err)?;
    if !std::io::stdin().is_terminal() {
        bail!("nothing was granted; name each --grant INTERFACE, or --grant-all");
    }
    write!(err, "Grant all of it? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if !answer.trim().eq_ignore_ascii_case("y") {
        bail!("not installed");
    }
    Ok(manifest.grants.clone())
}
