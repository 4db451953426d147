//! The fix-up itself: what is decided at an access, and done by one access at a time.

use super::contract::Contract;
use super::record::{Claim, Owner, Record, Spot};
use super::{Access, Address, Condition, Namespace, Opened, Place, State, Unconfigured, Value, record};
use crate::bindings::imports::provost::plugin::events::CopyKind;
use crate::bindings::imports::provost::plugin::jobs::NewJob;
use crate::bindings::imports::provost::plugin::log::Level;
use crate::{Error, ErrorKind, IdHistory, Result};

/// How often a fix-up decides anew when what it decided upon changed meanwhile.
const ROUNDS: u32 = 4;

/// Somebody's access to a content.
#[derive(Debug, Clone)]
pub(super) struct Visit<'a> {
    pub(super) content: &'a Address,
    /// Of a content of another site: the external id that came with it. One of this site is asked of the host.
    pub(super) told: Option<&'a str>,
    /// Of a content of another site.
    pub(super) history: Option<&'a IdHistory>,
}

impl<'a> Visit<'a> {
    pub(super) fn here(content: &'a Address) -> Self {
        Self { content, told: None, history: None }
    }
    pub(super) fn foreign(content: &'a Address, carried: &'a str, history: Option<&'a IdHistory>) -> Self {
        Self { content, told: Some(carried), history }
    }
}

/// What is to be done for an access.
#[derive(Debug, Clone, PartialEq)]
enum Decision {
    Serve(Record),
    /// Its record's external id did not reach the host.
    Write(Record),
    /// What the host copied to it becomes its record: in place of this version of the original's, if there is one.
    Promote(Option<u64>),
    /// Nothing was copied to it, but this one's definition can be.
    Adopt(Address),
    Nothing,
}

/// What is done where nothing can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Otherwise<'a> {
    /// Nothing.
    Leave,
    /// An empty record.
    Create,
    /// A copy of this one.
    Adopt(&'a Spot),
}

/// A claim with its version.
struct Held {
    claim: Claim,
    version: u64,
}

/// The fix-up for one target.
pub(super) struct Fix<'a, C> {
    pub(super) contract: &'a C,
    pub(super) target: &'a str,
    retry_job: Option<&'static str>,
}

impl<'a, C: Contract> Fix<'a, C> {
    pub(super) fn new(contract: &'a C, target: &'a str, retry_job: Option<&'static str>) -> Self {
        Self { contract, target, retry_job }
    }

    pub(super) fn open(&self, visit: &Visit<'_>) -> Result<Access> {
        self.resolve(visit, Otherwise::Leave)
    }

    pub(super) fn set_up(&self, visit: &Visit<'_>) -> Result<Opened> {
        opened(self.resolve(visit, Otherwise::Create)?)
    }

    pub(super) fn adopt(&self, visit: &Visit<'_>, original: &Address) -> Result<Opened> {
        if !self.contract.exists(&Place::Content(original.clone()))? {
            return Err(Error::not_found("content", "nothing is kept with the original"));
        }
        if visit.content == original || self.decide(visit)?.1 != Decision::Nothing {
            let message = "something is kept with the content";
            return Err(Error::new(ErrorKind::Conflict, "content", message));
        }
        opened(self.resolve(visit, Otherwise::Adopt(&Spot::from(original)))?)
    }

    fn resolve(&self, visit: &Visit<'_>, otherwise: Otherwise<'_>) -> Result<Access> {
        let (carried, decision) = self.decide(visit)?;
        match &decision {
            Decision::Serve(record) => return Ok(ready(visit, record, State::Resolved)),
            Decision::Nothing if otherwise == Otherwise::Leave => return Ok(nothing(visit)),
            _ => {}
        }
        let Some(mut held) = self.claim(visit)? else { return self.meanwhile(visit, carried, decision) };
        let done = self.finish(visit, otherwise, &mut held);
        if done.is_err() {
            // What was noted of the work so far is needed by whoever goes on. If it cannot be said that nobody is at it
            // any more, they wait until the claim lapses.
            let _ = self.wait(&held);
        }
        done
    }

    /// What an access finds, and the external id it finds there.
    fn decide(&self, visit: &Visit<'_>) -> Result<(String, Decision)> {
        let content = visit.content;
        let noted = self.record_at(content)?;
        let own = noted.as_ref().map(|(record, _)| record).filter(|record| record.is_of(content));
        let carried = match visit.told {
            Some(told) => told.to_owned(),
            None => match (self.contract.external_id(self.target, content), own) {
                (Ok(carried), _) => carried,
                // What is known of a content is enough to show it, unless it is gone or still to come.
                (Err(e), Some(own)) if !is_decided(&e) => own.external_id.clone(),
                (Err(e), _) => return Err(e),
            },
        };
        if let Some(own) = own {
            let written = visit.told.is_some() || own.external_id == carried;
            let own = own.clone();
            return Ok((carried, if written { Decision::Serve(own) } else { Decision::Write(own) }));
        }
        let version = noted.map(|(_, version)| version);
        if version.is_some() || self.has_data(content)? {
            return Ok((carried, Decision::Promote(version)));
        }
        let original = self.original(visit, &carried)?;
        Ok((carried, original.map_or(Decision::Nothing, Decision::Adopt)))
    }

    /// Whose definition a content gets with which nothing was copied.
    fn original(&self, visit: &Visit<'_>, carried: &str) -> Result<Option<Address>> {
        if let Some(owner) = self.owner(carried)?
            && owner != *visit.content
        {
            return Ok(Some(owner));
        }
        if let Some(history) = visit.history {
            let site = visit.content.content.split_once(':').map_or("", |(site, _)| site);
            return history.find(|id| self.foreign(&format!("{site}:{id}")));
        }
        // The host copies what there is. Where there was nothing when this content was copied, its ancestors may have got something
        // since, which is none of the copy's; an external id says that there was something.
        if visit.told.is_none() && !carried.is_empty() {
            for ancestor in self.contract.history(visit.content)? {
                if self.has_data(&ancestor)? {
                    return Ok(Some(ancestor));
                }
            }
        }
        Ok(None)
    }

    /// Does what is to be done, as the only one who does.
    fn finish(&self, visit: &Visit<'_>, otherwise: Otherwise<'_>, held: &mut Held) -> Result<Access> {
        let mut last = None;
        for _ in 0..ROUNDS {
            // Decided anew: somebody else may have finished it before it was claimed.
            let (carried, decision) = self.decide(visit)?;
            let record = match (decision, otherwise) {
                (Decision::Serve(record), _) => {
                    self.release(visit);
                    return Ok(ready(visit, &record, State::Resolved));
                }
                (Decision::Write(record), _) => record,
                (Decision::Promote(version), _) => match self.promote(visit, version, held.claim.approximate)? {
                    Some(record) => record,
                    None => continue,
                },
                (Decision::Adopt(original), _) => {
                    self.copy_definition(visit, &original, held)?;
                    continue;
                }
                (Decision::Nothing, Otherwise::Adopt(original)) => {
                    self.copy_definition(visit, &Address::from(original.clone()), held)?;
                    continue;
                }
                (Decision::Nothing, Otherwise::Create) => match self.promote(visit, None, false)? {
                    Some(record) => record,
                    None => continue,
                },
                (Decision::Nothing, Otherwise::Leave) => {
                    self.release(visit);
                    return Ok(nothing(visit));
                }
            };
            if visit.told.is_some() {
                self.release(visit);
                return Ok(ready(visit, &record, State::Resolved));
            }
            let expected = Some(carried.as_str());
            match self.contract.set_external_id(self.target, visit.content, &record.external_id, expected) {
                Ok(true) => {
                    self.release(visit);
                    return Ok(ready(visit, &record, State::Resolved));
                }
                // It got another one meanwhile.
                Ok(false) => last = Some(record),
                Err(e) => {
                    self.postpone(visit, held, &e);
                    return Ok(ready(visit, &record, State::FixPending));
                }
            }
        }
        let busy = Error::new(ErrorKind::RetryLater, "copies", "the content changes all the time");
        let Some(record) = last else { return Err(busy) };
        self.postpone(visit, held, &busy);
        Ok(ready(visit, &record, State::FixPending))
    }

    /// Makes what is kept with a content its record. None when something changed it meanwhile.
    fn promote(&self, visit: &Visit<'_>, version: Option<u64>, approximate: bool) -> Result<Option<Record>> {
        let content = visit.content;
        let record = self.new_record(content, approximate);
        // First who the id belongs to: without a record at that address it counts for nothing.
        self.put_owner(&record, content)?;
        Ok(self.put_record(&record, content, version)?.then_some(record))
    }

    pub(super) fn new_record(&self, content: &Address, approximate: bool) -> Record {
        let external_id = record::fresh_id(&self.contract.site(), self.target, content);
        Record { content: content.into(), external_id, approximate }
    }

    pub(super) fn put_owner(&self, record: &Record, content: &Address) -> Result<()> {
        let owner = Owner { external_id: record.external_id.clone(), content: content.into() };
        let owner = record::write(&owner)?;
        self.put(&record::owner_key(self.target, &record.external_id), &owner, Condition::Absent)?;
        if record::is_foreign(content) {
            let spot = record::write(&Spot::from(content))?;
            self.put(&record::foreign_key(self.target, &content.content), &spot, Condition::Absent)?;
        }
        Ok(())
    }

    pub(super) fn put_record(&self, record: &Record, content: &Address, version: Option<u64>) -> Result<bool> {
        let condition = version.map_or(Condition::Absent, Condition::Unchanged);
        let place = Place::Content(content.clone());
        let note = record::write(record)?;
        let key = record::record_key(self.target);
        unless_conflict(self.contract.put(&place, Namespace::Definition, &key, &note, condition)).map(|v| v.is_some())
    }

    /// Copies what another content is now, and notes that it may not be what it was. It is a record once that is decided anew.
    fn copy_definition(&self, visit: &Visit<'_>, original: &Address, held: &mut Held) -> Result<()> {
        held.claim.approximate = true;
        self.note(held)?;
        let (from, to) = (Place::Content(original.clone()), Place::Content(visit.content.clone()));
        if !self.contract.copy(&from, &to, CopyKind::Shallow, true)? {
            // Something came there meanwhile, which is not approximate.
            held.claim.approximate = false;
            self.note(held)?;
        }
        Ok(())
    }

    /// What can be served while another access is at it.
    fn meanwhile(&self, visit: &Visit<'_>, carried: String, decision: Decision) -> Result<Access> {
        let item = |borrowed, approximate| Opened {
            content: visit.content.clone(),
            borrowed,
            external_id: carried,
            state: State::Fixing,
            approximate,
        };
        match decision {
            Decision::Serve(record) | Decision::Write(record) => Ok(ready(visit, &record, State::Fixing)),
            Decision::Promote(_) => Ok(Access::Ready(item(None, false))),
            Decision::Adopt(original) => Ok(Access::Ready(item(Some(original), true))),
            Decision::Nothing => Err(Error::new(ErrorKind::RetryLater, "copies", "the content is just being set up")),
        }
    }

    /// Takes the content for this call. None when another one has it.
    fn claim(&self, visit: &Visit<'_>) -> Result<Option<Held>> {
        let key = record::claim_key(self.target, visit.content);
        let now = self.contract.now();
        let mut claim = Claim {
            content: visit.content.into(),
            told: visit.told.map(str::to_owned),
            since: now,
            waits: false,
            approximate: false,
        };
        let condition = match self.get(&key)? {
            None => Condition::Absent,
            Some(value) => {
                let before: Claim = record::read(&value)?;
                if before.is_held(now) {
                    return Ok(None);
                }
                claim.approximate = before.approximate;
                Condition::Unchanged(value.version)
            }
        };
        let version = self.put(&key, &record::write(&claim)?, condition)?;
        Ok(version.map(|version| Held { claim, version }))
    }

    /// Writes down how far it is. Errors: `retry-later` where another call took it over.
    fn note(&self, held: &mut Held) -> Result<()> {
        held.version = self.put_claim(&held.claim, held.version)?;
        Ok(())
    }

    /// Leaves it for another try.
    fn wait(&self, held: &Held) -> Result<u64> {
        self.put_claim(&Claim { waits: true, ..held.claim.clone() }, held.version)
    }

    fn put_claim(&self, claim: &Claim, version: u64) -> Result<u64> {
        let key = record::claim_key(self.target, &Address::from(claim.content.clone()));
        let put = self.put(&key, &record::write(claim)?, Condition::Unchanged(version))?;
        put.ok_or_else(|| Error::new(ErrorKind::RetryLater, "copies", "another call took the content over"))
    }

    /// What cannot be released lapses by itself.
    fn release(&self, visit: &Visit<'_>) {
        if let Err(e) = self.delete(&record::claim_key(self.target, visit.content)) {
            self.contract.log(Level::Warn, &format!("the end of a fix-up was not noted: {}", e.message));
        }
    }

    /// The external id could not be written: leaves that for later. Whatever fails here, the content can be shown.
    fn postpone(&self, visit: &Visit<'_>, held: &Held, why: &Error) {
        let Address { course, content } = visit.content;
        let message =
            format!("the external id of content {content} of course {course} was not written: {}", why.message);
        self.contract.log(Level::Warn, &message);
        if is_gone(why) {
            return self.release(visit);
        }
        let job = |kind: &str| NewJob {
            kind: kind.to_owned(),
            payload: "null".to_owned(),
            person: 0,
            course: None,
            key: format!("{}/{}", record::claim_key(self.target, visit.content), held.claim.since),
        };
        let noted = self.wait(held).map(drop);
        let queued = self.retry_job.map_or(Ok(()), |kind| self.contract.enqueue(&job(kind)).map(drop));
        for e in [noted, queued].into_iter().filter_map(Result::err) {
            self.contract.log(Level::Warn, &format!("it is tried again at the next access only: {}", e.message));
        }
    }

    pub(super) fn state(&self, content: &Address) -> Result<State> {
        let visit = if record::is_foreign(content) { Visit::foreign(content, "", None) } else { Visit::here(content) };
        let decision = match self.decide(&visit) {
            Ok((_, decision)) => decision,
            Err(e) if is_gone(&e) => return Ok(State::Gone),
            Err(e) => return Err(e),
        };
        let claim = self.get(&record::claim_key(self.target, content))?;
        let claim: Option<Claim> = claim.as_ref().map(record::read).transpose()?;
        let held = claim.is_some_and(|claim| claim.is_held(self.contract.now()));
        Ok(match decision {
            Decision::Serve(_) => State::Resolved,
            _ if held => State::Fixing,
            Decision::Write(_) => State::FixPending,
            Decision::Promote(_) => State::Snapshotted,
            Decision::Adopt(_) | Decision::Nothing => State::Unconfigured,
        })
    }

    pub(super) fn source(&self, content: &Address, carried: &str) -> Result<Option<Address>> {
        if self.has_data(content)? { Ok(Some(content.clone())) } else { self.owner(carried) }
    }

    /// What the record at an address says, with its version. It may be another content's.
    pub(super) fn record_at(&self, content: &Address) -> Result<Option<(Record, u64)>> {
        let place = Place::Content(content.clone());
        let value = self.contract.get(&place, Namespace::Definition, &record::record_key(self.target))?;
        value.map(|value| Ok((record::read(&value)?, value.version))).transpose()
    }

    /// Whose record has this external id. Where a copy carries it too, the original.
    fn owner(&self, external_id: &str) -> Result<Option<Address>> {
        if external_id.is_empty() {
            return Ok(None);
        }
        let Some(value) = self.get(&record::owner_key(self.target, external_id))? else { return Ok(None) };
        let owner: Owner = record::read(&value)?;
        let content = Address::from(owner.content);
        Ok(self.owns(&content, external_id)?.then_some(content))
    }

    pub(super) fn owns(&self, content: &Address, external_id: &str) -> Result<bool> {
        let record = self.record_at(content)?;
        Ok(record.is_some_and(|(record, _)| record.is_of(content) && record.external_id == external_id))
    }

    /// Where a content of another site is kept, by its id alone.
    fn foreign(&self, content: &str) -> Result<Option<Address>> {
        let Some(value) = self.get(&record::foreign_key(self.target, content))? else { return Ok(None) };
        let address = Address::from(record::read::<Spot>(&value)?);
        Ok(self.has_data(&address)?.then_some(address))
    }

    pub(super) fn has_data(&self, content: &Address) -> Result<bool> {
        self.contract.exists(&Place::Content(content.clone()))
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Value>> {
        self.contract.get(&Place::Site, Namespace::Definition, key)
    }

    /// None when the condition does not hold.
    fn put(&self, key: &str, value: &[u8], condition: Condition) -> Result<Option<u64>> {
        unless_conflict(self.contract.put(&Place::Site, Namespace::Definition, key, value, condition))
    }

    pub(super) fn delete(&self, key: &str) -> Result<bool> {
        self.contract.delete(&Place::Site, Namespace::Definition, key)
    }

    /// Keys that begin with a prefix.
    pub(super) fn keys(&self, prefix: &str, after: &str, limit: u32) -> Result<Vec<String>> {
        let mut keys = self.contract.keys(&Place::Site, Namespace::Definition, after, limit)?;
        keys.retain(|key| key.starts_with(prefix));
        Ok(keys)
    }
}

fn ready(visit: &Visit<'_>, record: &Record, state: State) -> Access {
    Access::Ready(Opened {
        content: visit.content.clone(),
        borrowed: None,
        external_id: record.external_id.clone(),
        state,
        approximate: record.approximate,
    })
}

fn nothing(visit: &Visit<'_>) -> Access {
    Access::Unconfigured(Unconfigured { content: visit.content.clone() })
}

fn opened(access: Access) -> Result<Opened> {
    match access {
        Access::Ready(item) => Ok(item),
        Access::Unconfigured(_) => Err(Error::failed("a content that was just set up is not")),
    }
}

fn unless_conflict(put: Result<u64>) -> Result<Option<u64>> {
    match put {
        Ok(version) => Ok(Some(version)),
        Err(e) if e.kind == ErrorKind::Conflict => Ok(None),
        Err(e) => Err(e),
    }
}

/// Whether the content is not there any more.
pub(super) fn is_gone(error: &Error) -> bool {
    error.kind == ErrorKind::NotFound && error.code == "content"
}

/// Whether asking again would give the same answer.
fn is_decided(error: &Error) -> bool {
    is_gone(error) || matches!(error.kind, ErrorKind::NotVisibleYet | ErrorKind::Cancelled | ErrorKind::Denied)
}
