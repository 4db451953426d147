//! `provost job …`.

use crate::cli::Job;
use crate::output;
use crate::progress::JobBar;
use crate::site::Site;
use anyhow::{Result, bail};
use provost_store::api::{self, JobFilter};
use serde_json::json;

pub async fn run(site: Site, command: Job, as_json: bool) -> Result<()> {
    match command {
        Job::List { course, limit } => {
            let jobs = site.store.jobs(JobFilter { course, state: None, limit }).await?;
            if as_json {
                return output::json(&jobs);
            }
            let rows = jobs.into_iter().map(|j| {
                let progress = format!("{:.0} %", j.progress * 100.0);
                [j.id, j.kind, state(j.state).into(), progress, output::time(j.created)]
            });
            output::table(["ID", "KIND", "STATE", "PROGRESS", "CREATED"], rows.collect())
        }
        Job::Show { id } => show(&site.store.job(&id).await?, as_json),
        Job::Cancel { id } => {
            if !site.store.cancel(&id).await? {
                bail!("job {id} had ended already");
            }
            if as_json {
                output::json(&json!({ "cancelled": id }))
            } else {
                output::line(format_args!("asked job {id} to stop"))
            }
        }
        Job::Wait { id } => {
            let registry = site.registry().await?;
            let bar = JobBar::new("waiting");
            let ended = site.wait_for(registry, &id, |job| bar.show(job)).await;
            bar.done();
            show(&ended?, as_json)
        }
    }
}

fn state(state: api::JobState) -> &'static str {
    match state {
        api::JobState::Queued => "queued",
        api::JobState::Running => "running",
        api::JobState::Succeeded => "succeeded",
        api::JobState::Failed => "failed",
        api::JobState::Cancelled => "cancelled",
    }
}

fn show(job: &api::Job, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(job);
    }
    output::line(format_args!("job {}: {} by plugin {}, {}", job.id, job.kind, job.plugin, state(job.state)))?;
    output::line(format_args!("  progress {:.0} %, attempts {}", job.progress * 100.0, job.attempts))?;
    let times = [job.created, job.started, job.finished].map(output::time);
    output::line(format_args!("  created {}, started {}, finished {}", times[0], times[1], times[2]))?;
    if !job.reason.is_empty() {
        output::line(format_args!("  reason: {}", job.reason))?;
    }
    for warning in &job.warnings {
        output::line(format_args!("  warning: {warning}"))?;
    }
    if !job.outcome.is_empty() {
        output::line(format_args!("  outcome: {}", job.outcome))?;
    }
    Ok(())
}
