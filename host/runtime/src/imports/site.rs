//! `log`, `clock`, `random`, `config`: what needs no grant.

use crate::bindings::provost::plugin::{clock, config, log, random};
use crate::state::CallState;
use rand::RngExt as _;
use std::sync::LazyLock;
use std::time::Instant;

const MAX_MESSAGE: usize = 8 * 1024;

fn clipped(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        let cut = message.floor_char_boundary(MAX_MESSAGE);
        message.truncate(cut);
        message.push('…');
    }
    message
}

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let Some(left) = self.log_lines.checked_sub(1) else { return Ok(()) };
        self.log_lines = left;
        let plugin = self.facts.id.as_str();
        let message = clipped(message);
        match level {
            log::Level::Error => tracing::error!(target: "plugin", plugin, "{message}"),
            log::Level::Warn => tracing::warn!(target: "plugin", plugin, "{message}"),
            log::Level::Info => tracing::info!(target: "plugin", plugin, "{message}"),
            log::Level::Debug => tracing::debug!(target: "plugin", plugin, "{message}"),
            log::Level::Trace => tracing::trace!(target: "plugin", plugin, "{message}"),
        }
        if left == 0 {
            tracing::warn!(target: "plugin", plugin, "log limit of the call reached; the rest is dropped");
        }
        Ok(())
    }

    fn panicked(&mut self, message: String) -> wasmtime::Result<()> {
        let message = clipped(message);
        tracing::error!(target: "plugin", plugin = self.facts.id.as_str(), "panicked: {message}");
        self.panic = Some(message);
        Ok(())
    }
}

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<i64> {
        Ok(jiff::Timestamp::now().as_second())
    }

    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Ok(u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn format(&mut self, time: i64, pattern: String) -> wasmtime::Result<String> {
        let zone = jiff::tz::TimeZone::system();
        let text = jiff::Timestamp::from_second(time)
            .ok()
            .and_then(|t| jiff::fmt::strtime::format(&pattern, &t.to_zoned(zone)).ok());
        Ok(text.unwrap_or(pattern))
    }
}

impl random::Host for CallState {
    fn bytes(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        let mut bytes = vec![0; count.min(65_536) as usize];
        rand::rng().fill(&mut bytes[..]);
        Ok(bytes)
    }
}

impl config::Host for CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.facts.config.get(&key).map(ToString::to_string))
    }

    fn get_site(&mut self) -> wasmtime::Result<config::SiteFacts> {
        let site = self.host.site();
        Ok(config::SiteFacts {
            name: site.name.clone(),
            url: self.host.public_url(),
            hash: site.hash.clone(),
            language: "en".into(),
            system_context: site.system_context,
        })
    }
}
