//! `provost course …`.

use super::{duplicate, items, participants};
use crate::cli::{Course, Import};
use crate::output;
use crate::progress::JobBar;
use crate::site::Site;
use anyhow::{Context, Result, bail};
use provost_store::api::{AreaFile, NewAreaFile, NewJob, OnTaken};
use serde_json::{Value, json};
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

const CHUNK: usize = 256 << 10;

pub async fn run(site: Site, command: Course, json: bool) -> Result<()> {
    match command {
        Course::List => list(site, json).await,
        Course::Show { id } => show(site, id, json).await,
        Course::Import(wishes) => import(site, wishes, json).await,
        Course::Duplicate(wishes) => duplicate::run(site, wishes, json).await,
        Course::Participants { id } => participants::list(site, id, json).await,
        Course::Enrol { id, username, role, suspended } => {
            participants::enrol(site, id, &username, &role, suspended, json).await
        }
        Course::Unenrol { id, username } => participants::unenrol(site, id, &username, json).await,
        Course::CopyItems(wishes) => items::copy(site, wishes, json).await,
        Course::MoveItems(wishes) => items::r#move(site, wishes, json).await,
        Course::DeleteItems(wishes) => items::delete(site, wishes, json).await,
        Course::Delete { id, yes } => delete(site, id, yes, json).await,
    }
}

async fn list(site: Site, as_json: bool) -> Result<()> {
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = site.store.courses(after, 500).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        rows.extend(page);
    }
    if as_json {
        let courses: Vec<Value> = rows
            .iter()
            .map(|c| {
                json!({ "courseid": c.id, "shortname": c.fields.shortname, "fullname": c.fields.fullname,
                        "visible": c.fields.visible, "format": c.fields.format, "startdate": c.fields.start_date })
            })
            .collect();
        return output::json(&courses);
    }
    let rows = rows.into_iter().map(|c| [c.id.to_string(), c.fields.shortname, c.fields.fullname]).collect();
    output::table(["ID", "SHORT NAME", "FULL NAME"], rows)
}

async fn show(site: Site, id: u64, as_json: bool) -> Result<()> {
    let course = site.store.course(id).await?;
    let counts = site.store.course_counts(id).await?;
    if as_json {
        return output::json(&json!({
            "courseid": course.id, "contextid": course.context, "fields": course.fields, "origin": course.origin,
            "counts": counts,
        }));
    }
    let f = &course.fields;
    output::line(format_args!("{} ({}), course {}", f.fullname, f.shortname, course.id))?;
    output::line(format_args!("  format {}, {}", f.format, if f.visible { "visible" } else { "hidden" }))?;
    output::line(format_args!("  starts {}, ends {}", output::time(f.start_date), output::time(f.end_date)))?;
    let size = output::size(counts.file_bytes);
    output::line(format_args!("  {} sections, {} activities", counts.sections, counts.activities))?;
    output::line(format_args!("  {} people, {} log rows", counts.people, counts.log_rows))?;
    output::line(format_args!("  {} files, {size}", counts.files))?;
    if !course.origin.site_url.is_empty() {
        output::line(format_args!("  from {} (course {} there)", course.origin.site_url, course.origin.course))?;
    }
    Ok(())
}

async fn import(site: Site, wishes: Import, as_json: bool) -> Result<()> {
    let file = wishes.file.as_path();
    let options: Vec<Value> = wishes.options.iter().map(|(n, v)| json!({ "name": n, "value": v })).collect();
    let mut payload = json!({
        "shortname": wishes.shortname, "fullname": wishes.fullname, "categoryid": wishes.category.unwrap_or(0),
        "startdate": wishes.startdate, "options": options, "keepgoing": wishes.keep_going,
        "courseid": wishes.into.unwrap_or(0), "section": wishes.section,
    });
    let registry = site.registry().await?;
    let catalog = registry.current().await?;
    let Some(plugin) = catalog.job_plugin("restore") else { bail!("no plugin restores archives") };
    let uploaded = upload(&site, file).await?;
    payload["fileid"] = uploaded.id.into();
    let job = NewJob {
        plugin: plugin.manifest().id.clone(),
        kind: "restore".into(),
        payload: payload.to_string(),
        person: uploaded.person,
        course: wishes.into,
        shared: plugin.manifest().shares("restore"),
        key: String::new(),
    };
    let id = site.store.enqueue(job).await?;
    let bar = JobBar::new("importing");
    let ended = site.wait_for(registry, &id, |job| bar.show(job)).await;
    bar.done();
    // The archive was only a means.
    if let Err(error) = site.store.delete_area_file(uploaded.id, None).await {
        tracing::warn!(%error, "cannot remove the uploaded archive");
    }
    let job = ended.with_context(|| format!("cannot import {}", file.display()))?;
    let outcome: Value = serde_json::from_str(&job.outcome).context("the import ended without a usable answer")?;
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

/// Streams a file into the store, into the operator's own upload area.
async fn upload(site: &Site, path: &Path) -> Result<AreaFile> {
    let what = || format!("cannot read {}", path.display());
    let mut file = std::fs::File::open(path).with_context(what)?;
    let person = site.operator().await?;
    let mut writer = site.blobs.blocking_writer().await?;
    // On a thread of its own, since all of it blocks.
    let copied = tokio::task::spawn_blocking(move || -> Result<_> {
        let mut buffer = vec![0; CHUNK];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(writer.finish()?),
                Ok(count) => writer.write_all(&buffer[..count])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    });
    let blob = copied.await?.with_context(what)?;
    let name = path.file_name().map_or_else(|| "archive".into(), |n| n.to_string_lossy().into_owned());
    let new = NewAreaFile {
        context: site.store.person_context(person.id).await?,
        component: "user".into(),
        area: "draft".into(),
        item: site.store.new_item_id().await?,
        path: "/".into(),
        name,
        blob,
        mimetype: "application/octet-stream".into(),
        person: person.id,
    };
    Ok(site.store.put_area_file(new, OnTaken::AddSuffix, None).await?)
}

async fn delete(site: Site, id: u64, yes: bool, as_json: bool) -> Result<()> {
    let course = site.store.course(id).await?;
    if !yes {
        if !std::io::stdin().is_terminal() {
            bail!("not deleted: nobody is there to ask; give --yes");
        }
        eprint!("Delete course {} ({}) with its backups? [y/N] ", id, course.fields.shortname);
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !answer.trim().eq_ignore_ascii_case("y") {
            bail!("not deleted");
        }
    }
    site.store.delete_course(id).await?;
    if !site.store.listeners().await?.0.is_empty() {
        site.deliver(&site.registry().await?).await;
    }
    if as_json { output::json(&json!({ "deleted": id })) } else { output::line(format_args!("deleted course {id}")) }
}
