//! `provost event …`.

use crate::cli::{Event, ListEvents, ReplayEvents};
use crate::output;
use crate::site::Site;
use anyhow::{Result, bail};
use provost_store::api::{AttemptRow, Chosen, DeliveryFilter, DeliveryRow, EventDetails};
use serde_json::{Value, json};

pub async fn run(site: Site, command: Event, as_json: bool) -> Result<()> {
    match command {
        Event::List(wish) => list(site, wish, as_json).await,
        Event::Show { id } => show(&site.store.event(&id).await?, as_json),
        Event::Replay(wish) => replay(site, wish, as_json).await,
        Event::Discard { id, target } => discard(site, id, target, as_json).await,
    }
}

async fn list(site: Site, wish: ListEvents, as_json: bool) -> Result<()> {
    let mut filter = DeliveryFilter {
        target: wish.target,
        state: wish.state.map(Into::into),
        event: wish.event,
        course: wish.course,
        since: wish.since,
        ..DeliveryFilter::default()
    };
    let mut rows: Vec<DeliveryRow> = Vec::new();
    loop {
        filter.limit = wish.limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if filter.limit == 0 {
            break;
        }
        let page = site.store.deliveries(&filter).await?;
        let Some(last) = page.last() else { break };
        filter.after = last.id;
        rows.extend(page);
    }
    if as_json {
        return output::json(&rows);
    }
    let rows = rows.into_iter().map(|d| {
        let courses = d.courses.join(", ");
        let state = standing(&d);
        [d.event, output::time(d.time), d.name, d.target, state, d.attempts.to_string(), courses]
    });
    output::table(["EVENT", "TIME", "KIND", "TARGET", "STATE", "ATTEMPTS", "COURSES"], rows.collect())
}

/// How a delivery stands, with the reason.
fn standing(row: &DeliveryRow) -> String {
    let state = row.state.name();
    if row.reason.is_empty() { state.to_owned() } else { format!("{state} ({})", row.reason) }
}

fn show(details: &EventDetails, as_json: bool) -> Result<()> {
    let EventDetails { event, deliveries } = details;
    if as_json {
        let deliveries: Vec<Value> =
            deliveries.iter().map(|(row, attempts)| json!({ "delivery": row, "attempts": attempts })).collect();
        return output::json(&json!({ "event": event, "deliveries": deliveries }));
    }
    output::line(format_args!("{} {}", event.name, event.id))?;
    output::line(format_args!("  happened {} at {}", output::time(event.time), event.source))?;
    match event.sequence {
        0 => output::line("  not published yet")?,
        sequence => output::line(format_args!("  place {sequence} in the order of all events"))?,
    }
    match &event.what {
        Some(what) => output::line(format_args!("  {}", serde_json::to_string(what)?))?,
        None => output::line("  its content is no longer kept")?,
    }
    if deliveries.is_empty() {
        output::line("  it goes to nobody")?;
    }
    for (row, attempts) in deliveries {
        output::line(format_args!("  to {}: {}, {} attempts", row.target, standing(row), row.attempts))?;
        if row.replay {
            output::line("    sent again by an operator")?;
        }
        if !row.message.is_empty() {
            output::line(format_args!("    {}", row.message))?;
        }
        if row.ended != 0 {
            output::line(format_args!("    ended {}", output::time(row.ended)))?;
        } else {
            output::line(format_args!("    next attempt {}", output::time(row.due)))?;
        }
        for AttemptRow { number, time, took_us, outcome, message, .. } in attempts {
            let took = std::time::Duration::from_micros(u64::try_from(*took_us).unwrap_or(0));
            let time = output::time(*time);
            output::line(format_args!("    attempt {number}, {time}, {took:?}: {outcome}: {message}"))?;
        }
    }
    Ok(())
}

async fn replay(site: Site, wish: ReplayEvents, as_json: bool) -> Result<()> {
    let ReplayEvents { id, target, since } = wish;
    let registry = site.registry().await?;
    let now = registry.deliveries(Default::default()).now_ms();
    let chosen = Chosen { target, event: id.clone(), since };
    let count = site.store.replay(&chosen, now).await?;
    if let (Some(id), 0) = (&id, count) {
        let event = site.store.event(id).await?.event;
        if event.what.is_none() {
            bail!("event {id} cannot be sent again: its content is no longer kept");
        }
        bail!("event {id} is not over at any target chosen; see `provost event show {id}`");
    }
    site.deliver(&registry).await;
    if as_json {
        return output::json(&json!({ "replayed": count }));
    }
    output::line(format_args!("{} sent again", deliveries(count)))
}

async fn discard(site: Site, id: String, target: Option<String>, as_json: bool) -> Result<()> {
    let registry = site.registry().await?;
    let now = registry.deliveries(Default::default()).now_ms();
    let chosen = Chosen { target, event: Some(id.clone()), since: None };
    let count = site.store.discard(&chosen, now).await?;
    if count == 0 {
        bail!("event {id} neither waits nor is dead at any target chosen; see `provost event show {id}`");
    }
    // What stood behind it may go.
    site.deliver(&registry).await;
    if as_json {
        return output::json(&json!({ "discarded": count }));
    }
    output::line(format_args!("{} discarded", deliveries(count)))
}

fn deliveries(count: u64) -> String {
    if count == 1 { "1 delivery".into() } else { format!("{count} deliveries") }
}
