//! `provost course duplicate`.

use crate::cli::Duplicate;
use crate::output;
use crate::progress::JobBar;
use crate::site::Site;
use anyhow::{Context, Result, bail};
use provost_store::api::NewJob;
use serde_json::{Value, json};

/// The kind of job that copies courses; `docs/jobs.md` has its payload.
const KIND: &str = "duplicate";

pub async fn run(site: Site, wishes: Duplicate, as_json: bool) -> Result<()> {
    let options: Vec<Value> = wishes.options.iter().map(|(n, v)| json!({ "name": n, "value": v })).collect();
    let visible = match (wishes.visible, wishes.hidden) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let payload = json!({
        "courseid": wishes.id, "shortname": wishes.shortname, "fullname": wishes.fullname,
        "categoryid": wishes.category.unwrap_or(0), "visible": visible, "startdate": wishes.startdate,
        "options": options,
    });
    let registry = site.registry().await?;
    let catalog = registry.current().await?;
    let Some(plugin) = catalog.job_plugin(KIND) else { bail!("no plugin duplicates courses") };
    // That it is there is said now rather than by the job.
    site.store.course(wishes.id).await?;
    let job = NewJob {
        plugin: plugin.manifest().id.clone(),
        kind: KIND.into(),
        payload: payload.to_string(),
        person: site.operator().await?.id,
        course: Some(wishes.id),
        shared: plugin.manifest().shares(KIND),
        key: String::new(),
    };
    let id = site.store.enqueue_reserving(job, &wishes.shortname).await?;
    if wishes.no_wait {
        return if as_json { output::json(&json!({ "jobid": id })) } else { output::line(&id) };
    }
    let bar = JobBar::new("duplicating");
    let ended = site.wait_for(registry, &id, |job| bar.show(job)).await;
    bar.done();
    let job = ended.with_context(|| format!("cannot duplicate course {}", wishes.id))?;
    let outcome: Value = serde_json::from_str(&job.outcome).context("the copy ended without a usable answer")?;
    if as_json {
        return output::json(&json!({
            "courseid": outcome["courseid"], "shortname": outcome["shortname"], "warnings": job.warnings,
        }));
    }
    for warning in &job.warnings {
        eprintln!("warning: {warning}");
    }
    output::line(&outcome["courseid"])
}
