//! `provost doctor`.

use crate::output;
use crate::site::Site;
use anyhow::{Result, bail};
use provost_runtime::{Engine, EngineOptions};
use serde_json::json;

pub async fn run(site: Site, sweep_hours: Option<u64>, as_json: bool) -> Result<()> {
    // What the sweep repairs is no finding.
    let swept = match sweep_hours {
        Some(hours) => Some(site.store.sweep(hours * 3600).await?),
        None => None,
    };
    let mut findings = site.store.check().await?;
    let engine = Engine::new(&EngineOptions::default())?;
    if !engine.is_pooling() {
        findings.push("this machine has no room for an instance pool: calls of plugins are slower".into());
    }
    let registry = site.registry().await?;
    let catalog = registry.current().await?;
    for (id, reason) in catalog.faulty() {
        findings.push(format!("plugin {id} does not load: {reason}"));
    }
    let plugins = catalog.plugins().count();
    let functions = catalog.functions().count();
    if as_json {
        output::json(&json!({
            "store": site.dir, "plugins": plugins, "functions": functions, "findings": findings, "swept": swept,
        }))?;
    } else {
        output::line(format_args!("store {}", site.dir.display()))?;
        output::line(format_args!("{plugins} plugins with {functions} web-service functions"))?;
        if let Some(swept) = swept {
            let size = output::size(swept.blob_bytes);
            output::line(format_args!("swept {} rows, {} blobs ({size})", swept.rows, swept.blobs))?;
        }
        for finding in &findings {
            output::line(format_args!("problem: {finding}"))?;
        }
        if findings.is_empty() {
            output::line("all is well")?;
        }
    }
    if findings.is_empty() { Ok(()) } else { bail!("{} problems found", findings.len()) }
}
