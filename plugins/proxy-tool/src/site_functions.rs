//! Functions to manage sites that tell of their events.

use crate::kept::Record;
use crate::keys::{self, OwnKey};
use crate::site::{Platform, Site};
use crate::tool::Legacy;
use crate::{managed_by, notices, random, registering};
use provost_guest::prelude::*;
use provost_proxy_wire::answer::Profile;
use provost_proxy_wire::mac::Algorithm;
use provost_proxy_wire::signature::Key;
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    let manage = |function: Function| function.capability(crate::MANAGE).writes();
    vec![
        manage(Function::new("provost_proxy_site_register", "Registers a site that tells of its events.", register)),
        manage(Function::new(
            "provost_proxy_site_update",
            "Changes what is known of a site: all of it, but for secrets that are left empty.",
            update,
        )),
        Function::new("provost_proxy_site_list", "Lists the sites that tell of their events.", list)
            .capability(crate::MANAGE),
        manage(Function::new("provost_proxy_site_remove", "Takes a site away: it is not believed any more.", remove)),
    ]
}

#[derive(Deserialize, Describe)]
struct SiteFields {
    /// What its things are named by here (NAME:ID): a-z, 0-9, '-', '.', '_'.
    name: String,
    /// For people.
    #[describe(kind = "TEXT", default = "")]
    title: String,
    /// native (CloudEvents, signed), legacy (form arguments with a MAC) or lti (a platform's context-copy notices).
    #[describe(default = "native")]
    profile: String,
    /// Its address; for lti its issuer.
    url: String,
    /// What checks what it sends: the shared secret (legacy), whsec_ or whpk_ (native). Made where it is empty.
    #[describe(secret, default = "")]
    secret: String,
    /// The digest of the legacy profile's MAC: md5 or sha1.
    #[describe(default = "md5")]
    mac: String,
    /// Arguments that have no part in the MAC.
    #[describe(default = [])]
    exempt: Vec<String>,
    /// This host's client id at the platform, for lti.
    #[describe(default = "")]
    clientid: String,
    /// Its deployment there, for lti.
    #[describe(default = "")]
    deploymentid: String,
    /// Where the platform's keys are, for lti.
    #[describe(default = "")]
    jwksurl: String,
}

impl SiteFields {
    /// The site, with the secrets of the one there was.
    fn site(self, before: Option<&Site>) -> Result<Site> {
        let profile = match self.profile.as_str() {
            "native" => Profile::Native,
            "legacy" => Profile::Legacy,
            "lti" => Profile::Lti,
            other => return Err(Error::invalid(format!("profile: {other:?} is neither native, legacy nor lti"))),
        };
        let algorithm = match self.mac.as_str() {
            "md5" => Algorithm::Md5,
            "sha1" => Algorithm::Sha1,
            other => return Err(Error::invalid(format!("mac: {other:?} is neither md5 nor sha1"))),
        };
        let mut secret = before.map(|site| site.legacy.secret.clone()).unwrap_or_default();
        let mut checking: Vec<OwnKey> = before.map(|site| site.keys.clone()).unwrap_or_default();
        match profile {
            Profile::Legacy if !self.secret.is_empty() => secret = self.secret,
            Profile::Legacy if secret.is_empty() => secret = random::hex::<24>(),
            Profile::Native if !self.secret.is_empty() => {
                Key::parse(&self.secret).map_err(|e| Error::invalid(format!("secret: {e}")))?;
                // What the site signed a moment ago still holds.
                keys::rotate(&mut checking, self.secret);
            }
            Profile::Native if checking.is_empty() => keys::rotate(&mut checking, keys::generate("v1")?),
            Profile::Legacy | Profile::Native | Profile::Lti => {}
        }
        let site = Site {
            title: if self.title.is_empty() { self.name.clone() } else { self.title },
            name: self.name,
            profile,
            url: self.url,
            legacy: Legacy { secret, algorithm, exempt: self.exempt, lenient: false },
            keys: checking,
            lti: Platform { client_id: self.clientid, deployment_id: self.deploymentid, jwks_url: self.jwksurl },
            state: before.map(|site| site.state.clone()).unwrap_or_default(),
            reregister_at: before.map(|site| site.reregister_at.clone()).unwrap_or_default(),
        };
        site.check()?;
        Ok(site)
    }
}

#[derive(Serialize, Describe)]
struct Registered {
    /// Its name.
    name: String,
    /// Where it posts its events.
    url: String,
    /// The secret of the legacy profile, or the key of the native one. Shown this once. Empty for lti.
    key: String,
}

impl Registered {
    fn of(site: &Site) -> Result<Self> {
        let key = match site.profile {
            Profile::Legacy => site.legacy.secret.clone(),
            Profile::Native => site.keys.first().map(|own| keys::told(&own.key)).transpose()?.unwrap_or_default(),
            Profile::Lti => String::new(),
        };
        Ok(Self { name: site.name.clone(), url: registering::own_address(&site.name), key })
    }
}

fn register(caller: &Caller, fields: SiteFields) -> Result<Registered> {
    managed_by(caller)?;
    let site = fields.site(None)?;
    site.put_new()?;
    Registered::of(&site)
}

#[derive(Serialize, Describe)]
struct Named {
    /// Its name.
    name: String,
}

fn update(caller: &Caller, fields: SiteFields) -> Result<Named> {
    managed_by(caller)?;
    let before = Site::get(&fields.name)?;
    let site = fields.site(Some(&before))?;
    site.put()?;
    notices::forget_keys(&site.name)?;
    Ok(Named { name: site.name })
}

#[derive(Serialize, Describe)]
struct SiteShown {
    /// Its name.
    name: String,
    /// For people.
    title: String,
    /// native, legacy or lti.
    profile: String,
    /// Its address.
    url: String,
    /// Where it posts its events.
    hookurl: String,
    /// This host's client id there, for lti.
    clientid: String,
    /// Its deployment there, for lti.
    deploymentid: String,
    /// Where the platform's keys are, for lti.
    jwksurl: String,
    /// The state in which it has this host, as it said last: available, inactive, unavailable, removed, or empty.
    state: String,
    /// Where it wants this host to register again, as it said last.
    reregisterurl: String,
}

fn list(caller: &Caller, (): ()) -> Result<Vec<SiteShown>> {
    managed_by(caller)?;
    let shown = |site: Site| SiteShown {
        hookurl: registering::own_address(&site.name),
        profile: match site.profile {
            Profile::Native => "native",
            Profile::Legacy => "legacy",
            Profile::Lti => "lti",
        }
        .into(),
        name: site.name,
        title: site.title,
        url: site.url,
        clientid: site.lti.client_id,
        deploymentid: site.lti.deployment_id,
        jwksurl: site.lti.jwks_url,
        state: site.state,
        reregisterurl: site.reregister_at,
    };
    Ok(Site::all()?.into_iter().map(shown).collect())
}

#[derive(Deserialize, Describe)]
struct Which {
    /// Its name.
    name: String,
}

fn remove(caller: &Caller, which: Which) -> Result<Named> {
    managed_by(caller)?;
    if !Site::forget(&which.name)? {
        return Err(Error::not_found("site", format!("no site {:?}", which.name)));
    }
    notices::forget_keys(&which.name)?;
    Ok(Named { name: which.name })
}
