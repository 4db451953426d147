//! `provost target …`.

use crate::cli::Target as Command;
use crate::output;
use crate::site::Site;
use anyhow::Result;
use provost_store::api::{Target, TargetState};
use serde_json::Value;

pub async fn run(site: Site, command: Command, as_json: bool) -> Result<()> {
    // Loading the plugins makes those known that are targets.
    let registry = site.registry().await?;
    match command {
        Command::List => list(site, as_json).await,
        Command::Show { target } => {
            let (plugin, name) = named(&target);
            show(&site.store.target(plugin, name).await?, as_json)
        }
        Command::Enable { target } => {
            let (plugin, name) = named(&target);
            let before = registry.deliveries(Default::default()).enable(plugin, name).await?;
            site.deliver(&registry).await;
            changed(&site.store.target(plugin, name).await?, before, as_json)
        }
        Command::Disable { target } => {
            let (plugin, name) = named(&target);
            let before = registry.deliveries(Default::default()).disable(plugin, name).await?;
            changed(&site.store.target(plugin, name).await?, before, as_json)
        }
    }
}

/// `PLUGIN` or `PLUGIN/NAME`.
fn named(target: &str) -> (&str, &str) {
    target.split_once('/').unwrap_or((target, ""))
}

/// How a target stands, with the reason.
fn standing(target: &Target) -> String {
    match (target.installed, target.standing(), target.reason.as_str()) {
        (false, _, _) => "not installed".into(),
        (true, state, "") => state.into(),
        (true, state, reason) => format!("{state} ({reason})"),
    }
}

fn value(target: &Target) -> Result<Value> {
    let mut value = serde_json::to_value(target)?;
    value["target"] = target.label().into();
    value["standing"] = target.standing().into();
    Ok(value)
}

async fn list(site: Site, as_json: bool) -> Result<()> {
    let targets = site.store.targets().await?;
    if as_json {
        return output::json(&targets.iter().map(value).collect::<Result<Vec<_>>>()?);
    }
    let rows = targets.into_iter().map(|t| {
        let (label, standing) = (t.label(), standing(&t));
        [label, t.fields.title, standing, t.waiting.to_string(), t.dead.to_string(), t.dropped.to_string()]
    });
    output::table(["TARGET", "TITLE", "STATE", "WAITING", "DEAD", "DROPPED"], rows.collect())
}

fn show(target: &Target, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(&value(target)?);
    }
    let fields = &target.fields;
    output::line(format_args!("{} ({})", target.label(), fields.title))?;
    output::line(format_args!("  {} since {}", standing(target), output::time(target.since_ms / 1000)))?;
    let place = if fields.remote { "remote" } else { "on this host" };
    output::line(format_args!("  {place}, {} s a call", fields.timeout))?;
    output::line(format_args!(
        "  {} waiting, {} dead, {} dropped because too much waited",
        target.waiting, target.dead, target.dropped
    ))?;
    let health = &target.health;
    if health.failing_since_ms != 0 {
        let since = output::time(health.failing_since_ms / 1000);
        output::line(format_args!("  no answer since {since}, {} calls in a row", health.in_a_row))?;
    }
    if health.is_quarantined() {
        output::line(format_args!("  next call after {}", output::time(health.open_until_ms / 1000)))?;
    }
    for wanted in &fields.subscriptions {
        let own = if wanted.only_own { " of its own contents" } else { "" };
        output::line(format_args!("  is told of {}{own}", wanted.event))?;
    }
    Ok(())
}

fn changed(target: &Target, before: TargetState, as_json: bool) -> Result<()> {
    if as_json {
        let mut value = value(target)?;
        value["before"] = before.name().into();
        return output::json(&value);
    }
    output::line(format_args!("{} is {} (was {})", target.label(), target.standing(), before.name()))?;
    match target.waiting {
        0 => Ok(()),
        waiting if target.state == TargetState::Unavailable => output::line(format_args!("  {waiting} waiting")),
        waiting => output::line(format_args!(
            "  {waiting} still waiting; a server sends them in order, and so does the next `provost target enable {}`",
            target.label()
        )),
    }
}
