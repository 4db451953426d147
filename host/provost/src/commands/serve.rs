//! `provost serve`.

use crate::cli::Serve;
use crate::output;
use crate::site::Site;
use anyhow::{Context, Result};
use provost_faces::Faces;
use provost_services::delivery::DeliveryOptions;
use provost_services::{Worker, WorkerOptions};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What nothing refers to for so long is swept.
const SWEEP_AGE_SECONDS: u64 = 24 * 3600;
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

pub async fn run(site: Site, options: Serve, json: bool) -> Result<()> {
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    let address = listener.local_addr()?;
    let registry = site.registry().await?;
    let url = match &options.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{address}"),
    };
    registry.host().set_public_url(&url);
    // For links that other processes on this store make.
    site.store.set_setting("public-url", Some(&url)).await?;

    let (stop, stopped) = watch::channel(false);
    let worker_options = WorkerOptions { parallel: options.workers.max(1), ..site.worker_options() };
    let worker = Worker::new(registry.clone(), worker_options);
    let working = tokio::spawn({
        let stopped = stopped.clone();
        async move { worker.run(stopped).await }
    });
    let deliveries = registry.deliveries(DeliveryOptions::default());
    let delivering = tokio::spawn({
        let stopped = stopped.clone();
        async move { deliveries.run(stopped).await }
    });
    let store = site.store.clone();
    let audit_seconds = site.settings.audit_seconds();
    let sweeping = tokio::spawn(async move {
        loop {
            if let Some(kept) = audit_seconds
                && let Err(error) = store.trim_audit(jiff::Timestamp::now().as_second() - kept).await
            {
                tracing::warn!(%error, "the audit log could not be trimmed");
            }
            match store.sweep(SWEEP_AGE_SECONDS).await {
                Ok(swept) => tracing::debug!(?swept, "swept"),
                Err(error) => tracing::warn!(%error, "the sweep failed"),
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    });
    tokio::spawn(async move {
        interrupted().await;
        tracing::info!("stopping");
        let _ = stop.send(true);
    });

    if json {
        output::json(&json!({ "listening": address.to_string(), "url": url }))?;
    } else {
        output::line(format_args!("Provost serves on {url} (stop with Ctrl-C)"))?;
    }
    let faces = Faces::new(registry, site.settings.faces(options.debug));
    let mut until = stopped;
    provost_faces::serve(listener, faces, async move {
        let _ = until.wait_for(|stop| *stop).await;
    })
    .await?;
    sweeping.abort();
    working.await?;
    delivering.await?;
    Ok(())
}

async fn interrupted() {
    let terminate = async {
        #[cfg(unix)]
        if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
