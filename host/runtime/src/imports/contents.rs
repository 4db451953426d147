//! `contents`: external ids, and whose copies contents are.

use super::event_types::{address_in, address_out};
use super::{Answer, MAX_PAGE, answered, attempt};
use crate::bindings::provost::plugin::contents as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::handler::MAX_EXTERNAL_ID;
use crate::state::{CallState, error};
use provost_store::api;

const INTERFACE: &str = "contents";

impl CallState {
    /// Granted, and to be looked at.
    fn enter_content(&self, content: &wit::Address) -> Result<(), Error> {
        self.enter(INTERFACE)?;
        self.visible_course(&content.course)?;
        self.visible_content(&content.content)
    }

    /// The external id, as this call sees it.
    async fn current_external_id(&mut self, target: &str, content: &api::Address) -> Result<String, Error> {
        self.host.store.require_content(content).await?;
        if let Some(given) = self.handling.as_ref().and_then(|h| h.buffer.external_id(target, content)) {
            return Ok(given.to_owned());
        }
        Ok(self.host.store.external_id(&self.facts.id, target, content, 0).await?)
    }
}

impl wit::Host for CallState {
    async fn external_id(&mut self, target: String, content: wit::Address) -> Answer<String> {
        attempt!(self.enter_content(&content));
        Ok(self.current_external_id(&target, &address_in(content)).await)
    }

    async fn set_external_id(
        &mut self,
        target: String,
        content: wit::Address,
        external_id: String,
        expected: Option<String>,
    ) -> Answer<bool> {
        attempt!(self.enter_content(&content));
        if external_id.len() > MAX_EXTERNAL_ID {
            let message = format!("an external id may have {MAX_EXTERNAL_ID} bytes");
            return Ok(Err(error(ErrorKind::Limit, "external-id", message)));
        }
        let content = address_in(content);
        if self.handling.is_none() {
            let (store, plugin) = (&self.host.store, &self.facts.id);
            return answered(store.set_external_id(plugin, &target, &content, &external_id, expected.as_deref()).await);
        }
        let current = attempt!(self.current_external_id(&target, &content).await);
        if expected.as_ref().is_some_and(|expected| *expected != current) {
            return Ok(Ok(false));
        }
        let Some(handling) = &mut self.handling else { return Ok(Ok(false)) };
        let effect = api::Effect::SetExternalId { target, content, external_id, expected };
        Ok(handling.keep(effect).map(|_| true))
    }

    async fn external_ids(
        &mut self,
        target: String,
        course: u64,
        after: u64,
        limit: u32,
    ) -> Answer<Vec<(u64, String)>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        let limit = limit.clamp(1, MAX_PAGE);
        let (store, plugin) = (&self.host.store, &self.facts.id);
        let mut found = attempt!(store.external_ids(plugin, &target, course, after, limit).await);
        if let Some(handling) = &self.handling {
            let full = found.len() >= limit as usize;
            let last = found.last().map_or(after, |(id, _)| *id);
            for (content, external_id) in handling.buffer.external_ids(&target, &course.to_string()) {
                let Ok(id) = content.parse::<u64>() else { continue };
                if id <= after || (full && id > last) {
                    continue;
                }
                match found.binary_search_by_key(&id, |(id, _)| *id) {
                    Ok(there) => found[there].1 = external_id,
                    Err(gap) => found.insert(gap, (id, external_id)),
                }
            }
            found.retain(|(_, external_id)| !external_id.is_empty());
            found.truncate(limit as usize);
        }
        Ok(Ok(found))
    }

    async fn history(&mut self, content: wit::Address) -> Answer<Vec<wit::Address>> {
        attempt!(self.enter_content(&content));
        let ancestors = attempt!(self.host.store.content_history(&address_in(content)).await);
        Ok(Ok(ancestors.into_iter().map(address_out).collect()))
    }

    async fn course_history(&mut self, course: String) -> Answer<Vec<String>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(&course));
        answered(self.host.store.course_history(&course).await)
    }
}
