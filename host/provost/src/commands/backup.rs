//! `provost backup …`.

use crate::cli::Backup;
use crate::output;
use crate::progress::JobBar;
use crate::site::Site;
use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use provost_services::Registry;
use provost_store::api::{AreaFile, BlobRef, NewJob};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The kind of job that makes a backup, by which the plugin is found.
const KIND: &str = "backup";

pub async fn run(site: Site, command: Backup, json: bool) -> Result<()> {
    match command {
        Backup::Create { course, options, output } => create(site, course, &options, output, json).await,
        Backup::List { course } => list(site, course, json).await,
        Backup::Get { course, filename, output } => get(site, course, &filename, output, json).await,
    }
}

async fn create(
    site: Site,
    course: u64,
    options: &[(String, String)],
    out: Option<PathBuf>,
    as_json: bool,
) -> Result<()> {
    site.store.course(course).await?;
    let registry = site.registry().await?;
    let catalog = registry.current().await?;
    let Some(plugin) = catalog.job_plugin(KIND) else { bail!("no plugin makes backups") };
    let options: Vec<Value> = options.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let job = NewJob {
        plugin: plugin.manifest().id.clone(),
        kind: KIND.into(),
        payload: json!({ "courseid": course, "options": options }).to_string(),
        person: site.operator().await?.id,
        course: Some(course),
        shared: plugin.manifest().shares(KIND),
        key: String::new(),
    };
    let id = site.store.enqueue(job).await?;
    let bar = JobBar::new("backing up");
    let ended = site.wait_for(registry, &id, |job| bar.show(job)).await;
    bar.done();
    let job = ended.with_context(|| format!("cannot back up course {course}"))?;
    let outcome: Value = serde_json::from_str(&job.outcome).context("the backup ended without a usable answer")?;
    if let Some(out) = out {
        let file = outcome["fileid"].as_u64().context("the backup named no file")?;
        write(&site, &site.store.area_file(file).await?.blob, &out).await?;
    }
    if as_json {
        return output::json(&json!({
            "backupid": id, "filename": outcome["filename"], "filesize": outcome["filesize"], "warnings": job.warnings,
        }));
    }
    for warning in &job.warnings {
        eprintln!("warning: {warning}");
    }
    output::line(outcome["filename"].as_str().unwrap_or_default())
}

/// The files in the areas that the backup plugin keeps in the course's context.
async fn backups(site: &Site, registry: &Registry, course: u64) -> Result<Vec<AreaFile>> {
    let context = site.store.course(course).await?.context;
    let catalog = registry.current().await?;
    let Some(plugin) = catalog.job_plugin(KIND) else { bail!("no plugin makes backups") };
    let mut files = Vec::new();
    for area in &plugin.manifest().file_areas {
        files.extend(site.store.area_files(context, &area.component, &area.area, 0).await?);
    }
    Ok(files)
}

async fn list(site: Site, course: u64, as_json: bool) -> Result<()> {
    let registry = site.registry().await?;
    let files = backups(&site, &registry, course).await?;
    if as_json {
        let files: Vec<Value> = files
            .iter()
            .map(|f| json!({ "filename": f.name, "filesize": f.blob.size, "created": f.created, "sha1": f.blob.sha1 }))
            .collect();
        return output::json(&files);
    }
    let rows = files.into_iter().map(|f| [output::time(f.created), output::size(f.blob.size), f.name]).collect();
    output::table(["CREATED", "SIZE", "FILE NAME"], rows)
}

async fn get(site: Site, course: u64, filename: &str, out: Option<PathBuf>, as_json: bool) -> Result<()> {
    let registry = site.registry().await?;
    let files = backups(&site, &registry, course).await?;
    let Some(file) = files.into_iter().find(|f| f.name == filename) else {
        bail!("course {course} has no backup {filename:?}; see `provost backup list {course}`");
    };
    let out = out.unwrap_or_else(|| PathBuf::from(&file.name));
    write(&site, &file.blob, &out).await?;
    if out.as_os_str() == "-" {
        return Ok(());
    }
    if as_json {
        return output::json(&json!({ "file": out, "filesize": file.blob.size }));
    }
    output::line(out.display())
}

/// Writes content to a file, whole or not at all; `-` is standard output.
async fn write(site: &Site, blob: &BlobRef, out: &Path) -> Result<()> {
    let what = || format!("cannot write {}", out.display());
    let mut content = site.blobs.stream(&blob.sha1, 0..blob.size).await?;
    if out.as_os_str() == "-" {
        let mut stdout = std::io::stdout().lock();
        while let Some(chunk) = content.try_next().await? {
            stdout.write_all(&chunk)?;
        }
        return Ok(stdout.flush()?);
    }
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".provost-").tempfile_in(folder).with_context(what)?;
    while let Some(chunk) = content.try_next().await? {
        file.write_all(&chunk).with_context(what)?;
    }
    #[cfg(unix)]
    {
        // A temporary file is its owner's alone; what a person asked for gets the usual rights.
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).with_context(what)?;
    }
    file.persist(out).with_context(what)?;
    Ok(())
}
