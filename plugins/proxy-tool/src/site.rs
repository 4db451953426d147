//! Another site that tells of its events, as it is registered.

use crate::kept::Record;
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

impl Record for Site {
    const KIND: &'static str = "site";

    fn name(&self) -> &str {
        &self.name
    }
}

impl Site {
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
