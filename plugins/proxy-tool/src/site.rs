//! Another site that tells of its events, as it is registered.

use crate::kept;
use crate::keys::OwnKey;
use crate::registering::DOOR;
use crate::tool::{Legacy, check_name, check_title, check_url};
use provost_guest::prelude::*;
use provost_proxy_wire::answer::Profile;
use provost_proxy_wire::legacy::says_what_happened;
use serde::{Deserialize, Serialize};

/// Another site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// What its things are named by: `NAME:ID`.
    pub name: String,
    /// For people.
    pub title: String,
    /// How it speaks: legacy, native, or as a platform of LTI.
    pub profile: Profile,
    /// Its address, which its events have for their source; for LTI the issuer.
    pub url: String,
    /// For the legacy profile.
    pub legacy: Legacy,
    /// For the native profile: keys that check.
    pub keys: Vec<OwnKey>,
    /// For LTI.
    pub lti: Platform,
    /// The state in which it has this host, as it said last.
    pub state: String,
    /// Where it wants this host to register again, as it said last.
    pub reregister_at: String,
}

/// What is known of a platform of LTI.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Platform {
    /// This host's client id there.
    pub client_id: String,
    /// Its deployment there.
    pub deployment_id: String,
    /// Where the platform's keys are.
    pub jwks_url: String,
}

/// Names that stand for something else in paths.
const RESERVED: &[&str] = &["jwks", "profile", DOOR];

const PREFIX: &str = "site/";

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

impl Site {
    /// The site of this name, if there is one.
    pub fn find(name: &str) -> Result<Option<Self>> {
        kept::get(&key(name))
    }
    /// The site of this name. Errors: `not-found` (code `site`).
    pub fn get(name: &str) -> Result<Self> {
        Self::find(name)?.ok_or_else(|| Error::not_found("site", format!("no site {name:?}")))
    }
    /// All sites by name.
    pub fn all() -> Result<Vec<Self>> {
        kept::all(PREFIX)
    }
    /// Keeps it.
    pub fn put(&self) -> Result<()> {
        kept::put(&key(&self.name), self)
    }
    /// Keeps a new one. Errors: `conflict` (code `site`).
    pub fn put_new(&self) -> Result<()> {
        match kept::put_new(&key(&self.name), self)? {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Conflict, "site", format!("there is a site {:?} already", self.name))),
        }
    }
    /// Forgets it.
    pub fn forget(name: &str) -> Result<bool> {
        kept::delete(&key(name))
    }

    /// Whether all of it can be. Errors: `invalid`.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        if RESERVED.contains(&self.name.as_str()) {
            return Err(Error::invalid(format!("name: {} are taken", RESERVED.join(", "))));
        }
        check_title(&self.title)?;
        check_url(&self.url)?;
        self.legacy.check()?;
        // Of a tool that is the tool's own affair; here it is this host that would be told a lie.
        if let Some(name) = self.legacy.exempt.iter().find(|name| says_what_happened(name)) {
            return Err(Error::invalid(format!("exempt: {name:?} says what happened, and is signed")));
        }
        if self.profile == Profile::Lti {
            check_url(&self.lti.jwks_url)?;
            if self.lti.client_id.is_empty() || self.lti.deployment_id.is_empty() {
                return Err(Error::invalid("clientid and deploymentid: a platform of LTI has given both"));
            }
        }
        Ok(())
    }
}
