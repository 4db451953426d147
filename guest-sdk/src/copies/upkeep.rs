//! What is done beside accesses: for events, and from time to time.

use super::contract::Contract;
use super::fix::{Fix, Visit, is_gone};
use super::record::{self, Claim, Owner};
use super::{Access, Address, Place, State};
use crate::bindings::event::exports::provost::plugin::event_handler::{Intent, NewExternalId};
use crate::bindings::imports::provost::plugin::events::ContentCopied;
use crate::{Error, ErrorKind, Result};

/// How many keys are read at once.
const PAGE: u32 = 100;

impl<C: Contract> Fix<'_, C> {
    pub(super) fn copied(&self, event: &ContentCopied) -> Result<Vec<Intent>> {
        let content = &event.copy;
        let noted = self.record_at(content)?;
        let record = match noted {
            // Told again.
            Some((record, _)) if record.is_of(content) => record,
            None if !self.has_data(content)? => return Ok(Vec::new()),
            noted => {
                let record = self.new_record(content, false);
                self.put_owner(&record, content)?;
                if !self.put_record(&record, content, noted.map(|(_, version)| version))? {
                    return Err(Error::new(ErrorKind::RetryLater, "copies", "somebody just opened the copy"));
                }
                record
            }
        };
        // Whatever it carries by then: the record's is right, as at an access.
        let (content, external_id) = (content.clone(), record.external_id);
        Ok(vec![Intent::SetExternalId(NewExternalId { content, external_id, expected: None })])
    }

    pub(super) fn deleted(&self, content: &Address) -> Result<()> {
        if let Some((record, _)) = self.record_at(content)?
            && record.is_of(content)
        {
            self.delete(&record::owner_key(self.target, &record.external_id))?;
        }
        self.delete(&record::claim_key(self.target, content))?;
        if record::is_foreign(content) {
            self.delete(&record::foreign_key(self.target, &content.content))?;
        }
        self.contract.erase(&Place::Content(content.clone()))
    }

    pub(super) fn course_deleted(&self, course: &str) -> Result<()> {
        self.contract.erase(&Place::Course(course.to_owned()))
    }

    pub(super) fn retry(&self) -> Result<usize> {
        let (mut finished, mut open) = (0, 0);
        let mut first_error = None;
        let prefix = record::claims(self.target);
        let mut after = prefix.clone();
        loop {
            let keys = self.keys(&prefix, &after, PAGE)?;
            let Some(last) = keys.last() else { break };
            after.clone_from(last);
            for key in &keys {
                match self.retry_one(key) {
                    Ok(true) => finished += 1,
                    Ok(false) => open += 1,
                    Err(e) => {
                        open += 1;
                        first_error.get_or_insert(e);
                    }
                }
            }
        }
        if open == 0 {
            return Ok(finished);
        }
        let why = first_error.map(|e| format!(": {}", e.message)).unwrap_or_default();
        let message = format!("{open} contents are still to be finished, {finished} were{why}");
        Err(Error::new(ErrorKind::RetryLater, "copies", message))
    }

    /// Whether it is finished.
    fn retry_one(&self, key: &str) -> Result<bool> {
        let Some(value) = self.get(key)? else { return Ok(true) };
        let claim: Claim = record::read(&value)?;
        if claim.is_held(self.contract.now()) {
            return Ok(false);
        }
        let content = Address::from(claim.content);
        let visit = Visit { content: &content, told: claim.told.as_deref(), history: None };
        match self.open(&visit) {
            Ok(Access::Ready(item)) if item.state() != State::Resolved => Ok(false),
            // One that is served, or with which nothing is kept any more, may have left its claim behind.
            Ok(_) => self.delete(key).map(|_| true),
            Err(e) if is_gone(&e) => self.delete(key).map(|_| true),
            Err(e) => Err(e),
        }
    }

    pub(super) fn sweep(&self, after: &str, limit: u32) -> Result<Option<String>> {
        let prefix = record::owners(self.target);
        let keys = self.keys(&prefix, if after.is_empty() { &prefix } else { after }, limit)?;
        for key in &keys {
            let Some(value) = self.get(key)? else { continue };
            let owner: Owner = record::read(&value)?;
            let content = Address::from(owner.content);
            // What is just being made notes its owner first.
            let is_claimed = self.get(&record::claim_key(self.target, &content))?.is_some();
            if !is_claimed && !self.owns(&content, &owner.external_id)? {
                self.delete(key)?;
            }
        }
        Ok(keys.last().cloned())
    }
}
