//! `provost course copy-items`, `move-items` and `delete-items`.

use crate::cli::{CopyItems, DeleteItems, MoveItems};
use crate::output;
use crate::progress::JobBar;
use crate::site::Site;
use anyhow::{Context, Result, bail};
use provost_store::api::NewJob;
use serde_json::{Value, json};

/// The kind of job that copies items, by which the plugin is found.
const KIND: &str = "copy-items";

pub async fn copy(site: Site, wishes: CopyItems, as_json: bool) -> Result<()> {
    let CopyItems { course, items, into, section, options } = wishes;
    let options: Vec<Value> = options.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let payload = json!({
        "courseid": course, "items": items, "into": into.unwrap_or(0), "section": section, "options": options,
    });
    run(site, course, payload, "copying", as_json).await
}

pub async fn r#move(site: Site, wishes: MoveItems, as_json: bool) -> Result<()> {
    let MoveItems { course, items, into, section } = wishes;
    let payload = json!({
        "courseid": course, "items": items, "into": into.unwrap_or(0), "section": section, "moves": true,
    });
    run(site, course, payload, "moving", as_json).await
}

async fn run(site: Site, course: u64, payload: Value, what: &str, as_json: bool) -> Result<()> {
    let registry = site.registry().await?;
    let catalog = registry.current().await?;
    let Some(plugin) = catalog.job_plugin(KIND) else { bail!("no plugin copies sections and activities") };
    let job = NewJob {
        plugin: plugin.manifest().id.clone(),
        kind: KIND.into(),
        payload: payload.to_string(),
        person: site.operator().await?.id,
        course: Some(course),
        shared: plugin.manifest().shares(KIND),
        key: String::new(),
    };
    let id = site.store.enqueue(job).await?;
    let bar = JobBar::new(what);
    let ended = site.wait_for(registry, &id, |job| bar.show(job)).await;
    bar.done();
    let job = ended.with_context(|| format!("nothing was changed in course {course}"))?;
    let outcome: Value = serde_json::from_str(&job.outcome).context("the job ended without a usable answer")?;
    if as_json {
        return output::json(&outcome);
    }
    for id in outcome["items"].as_array().into_iter().flatten() {
        output::line(id)?;
    }
    Ok(())
}

pub async fn delete(site: Site, wishes: DeleteItems, as_json: bool) -> Result<()> {
    let DeleteItems { course, items } = wishes;
    site.store.delete_items(course, items.clone()).await?;
    if as_json {
        return output::json(&json!({ "deleted": items }));
    }
    output::line(format_args!("deleted {} of course {course}", items.len()))
}
